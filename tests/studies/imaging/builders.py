"""Small cines made on the spot: DICOM of every coding, videos and ZIPs, with known pixels."""

from __future__ import annotations

import io
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import simplejpeg
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, generate_uid

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
NAME = "DOE^SECRETPATIENT"


def speckle(n=6, height=48, width=64, *, colour=False, seed=1):
    """``(n, height, width[, 3])`` uint8 of smooth noise, so that JPEG keeps it well."""
    rng = np.random.default_rng(seed)
    shape = (n, height // 8, width // 8, *((3,) if colour else ()))
    return rng.integers(20, 230, shape, dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)


def region(x0=0, y0=0, x1=63, y1=47, delta=0.01, units=3, data_type=1, spatial=1, **extra):
    """One item of the sequence of ultrasound regions, delta in cm."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = spatial, data_type, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = x0, y0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = x1, y1
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX = item.PhysicalDeltaY = delta
    for keyword, value in extra.items():
        setattr(item, keyword, value)
    return item


def header(frames, *, photometric=None, syntax=ExplicitVRLittleEndian, **elements):
    """A dataset for ``frames`` (T, H, W[, 3]) without its pixel data; ``elements`` override, None deletes."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = US_MULTIFRAME, generate_uid()
    ds = Dataset()
    ds.file_meta, ds.preamble = meta, b"\0" * 128
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = US_MULTIFRAME, meta.MediaStorageSOPInstanceUID, "US"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = NAME, "SECRETID77", "19510829"
    ds.InstitutionName, ds.StudyDate, ds.Manufacturer = "SECRETHOSPITAL", "20170302", "Acme"
    ds.NumberOfFrames, ds.Rows, ds.Columns = len(frames), frames.shape[1], frames.shape[2]
    colour = frames.ndim == 4
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = photometric or ("RGB" if colour else "MONOCHROME2")
    if colour:
        ds.PlanarConfiguration = 0
    bits = 8 * frames.dtype.itemsize
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    ds.FrameTime = 40
    for keyword, value in elements.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def native(path, frames, *, data=None, **elements):
    """An uncompressed little-endian DICOM file."""
    ds = header(frames, **elements)
    ds.PixelData = frames.tobytes() if data is None else data
    ds["PixelData"].VR = "OB" if frames.dtype.itemsize == 1 else "OW"
    ds.save_as(path, enforce_file_format=True)
    return path


def jpegs_of(frames, quality=90, subsampling="420"):
    """One JPEG for each frame."""
    if frames.ndim == 3:
        return [simplejpeg.encode_jpeg(f[..., None].copy(), quality, "GRAY") for f in frames]
    return [simplejpeg.encode_jpeg(f.copy(), quality, "RGB", subsampling) for f in frames]


def jpeg_cine(path, frames, *, jpegs=None, fragments=1, offsets=True, **elements):
    """A JPEG baseline DICOM file; ``fragments`` a frame, with or without an offset table."""
    elements.setdefault("photometric", "YBR_FULL_422" if frames.ndim == 4 else "MONOCHROME2")
    ds = header(frames, syntax=JPEGBaseline8Bit, **elements)
    ds.PixelData = encapsulate(jpegs or jpegs_of(frames), fragments_per_frame=fragments, has_bot=offsets)
    ds["PixelData"].VR = "OB"
    ds.save_as(path, enforce_file_format=True)
    return path


def calibrated(*items):
    """Keyword for :func:`header`: the regions of the picture."""
    return {"SequenceOfUltrasoundRegions": Sequence(items or [region()])}


def video(path, frames, *, codec="mpeg4", rate=25, times=None, container=None):
    """A video of RGB frames; ``times`` (frame numbers at ``rate``) make a variable frame rate."""
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, rate)
        for i, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = (times[i] if times else i), Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def picture(pixels, kind="PNG", **options):
    """Bytes of one encoded picture."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def archive(path, named, compression=zipfile.ZIP_DEFLATED):
    """A ZIP of ``{name: bytes}``."""
    with zipfile.ZipFile(path, "w", compression) as out:
        for name, data in named.items():
            out.writestr(name, data)
    return path
