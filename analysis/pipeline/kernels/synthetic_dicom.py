"""A synthetic cine as a DICOM Ultrasound Multi-frame Image: baseline JPEG, calibrated, marked simulated."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEGBaseline8Bit, UltrasoundMultiFrameImageStorage

JPEG_QUALITY = 95
MANUFACTURER = "HER2Web synthetic"
SIMULATED_TEXT = "SIMULATED: computer-generated, no patient, no biology"
CENTIMETRES = 3
"""Physical Units code of a region's axis (PS3.3 C.8.5.5.1.15)."""
TISSUE_2D_FORMAT, TISSUE_DATA = 1, 1
STUDY_DATE, STUDY_TIME = "20190301", "120000"
TRANSDUCER_KHZ = 10_000.0
MM_PER_CM = 10.0


@dataclass(frozen=True, slots=True)
class ClipLabel:
    """Names of one clip: patient pseudonym, clip name, and the text from which its UIDs are derived."""

    patient: str
    clip: str
    uid_seed: str


def uid_of(*parts: str) -> UID:
    """UID under 2.25 that depends on nothing but the parts."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big') | (1 << 127)}")


def encode_frames(frames: Iterable[NDArray[np.uint8]]) -> list[bytes]:
    """Each frame (H, W) uint8 as one baseline JPEG of one component."""
    return [
        simplejpeg.encode_jpeg(
            np.ascontiguousarray(frame[..., None]), quality=JPEG_QUALITY, colorspace="GRAY"
        )
        for frame in frames
    ]


def dicom_bytes(
    jpegs: list[bytes], size: tuple[int, int], fps: float, spacing_mm: float, label: ClipLabel
) -> bytes:
    """Complete DICOM file of a grey cine.

    jpegs: one baseline JPEG a frame; size: (rows, columns); fps: frames a second; spacing_mm: square pixels.
    """
    study, series, instance = (
        uid_of(label.uid_seed, label.patient, kind) for kind in ("study", "series", "clip")
    )
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    meta.MediaStorageSOPInstanceUID = instance
    meta.TransferSyntaxUID = JPEGBaseline8Bit
    meta.ImplementationClassUID = uid_of("her2web", "synthesis")
    meta.ImplementationVersionName = "HER2WEB_SYNTH"
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, instance
    data.StudyInstanceUID, data.SeriesInstanceUID = study, series
    _describe_study(data, label)
    _describe_equipment(data)
    _describe_cine(data, len(jpegs), fps)
    _describe_pixels(data, size, spacing_mm)
    data.PixelData = encapsulate(jpegs)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    ratio = len(jpegs) * size[0] * size[1] / sum(len(jpeg) for jpeg in jpegs)
    data.LossyImageCompressionRatio = f"{ratio:.2f}"
    buffer = BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _describe_study(data: Dataset, label: ClipLabel) -> None:
    data.SpecificCharacterSet = "ISO_IR 192"
    data.PatientID = label.patient
    data.PatientName = f"SIMULATED^{label.patient}"
    data.PatientBirthDate, data.PatientSex = "", "F"
    data.PatientIdentityRemoved, data.DeidentificationMethod = "YES", "Never identified: simulated"
    data.StudyDate = data.SeriesDate = data.ContentDate = STUDY_DATE
    data.StudyTime = data.SeriesTime = data.ContentTime = STUDY_TIME
    data.StudyID, data.AccessionNumber, data.ReferringPhysicianName = "1", "", ""
    data.SeriesNumber, data.InstanceNumber = 1, 1
    data.StudyDescription = data.SeriesDescription = "SIMULATED breast ultrasound"
    data.ImageComments = f"{SIMULATED_TEXT}; clip {label.clip}"
    data.DerivationDescription = SIMULATED_TEXT
    data.BodyPartExamined, data.Laterality, data.PatientOrientation = "BREAST", "", ""


def _describe_equipment(data: Dataset) -> None:
    data.Modality = "US"
    data.ImageType = ["DERIVED", "PRIMARY", "BREAST", "0001"]
    data.Manufacturer = MANUFACTURER
    data.ManufacturerModelName = "Simulated linear probe"
    data.SoftwareVersions = "1"
    data.TransducerType, data.TransducerData = "LINEAR", ["SIMULATED", "LINEAR"]


def _describe_cine(data: Dataset, n_frames: int, fps: float) -> None:
    data.NumberOfFrames = n_frames
    data.FrameTime = f"{1000.0 / fps:.15g}"
    data.FrameIncrementPointer = 0x00181063
    data.CineRate = data.RecommendedDisplayFrameRate = round(fps)
    data.StartTrim, data.StopTrim = 1, n_frames
    data.BurnedInAnnotation = "NO"


def _describe_pixels(data: Dataset, size: tuple[int, int], spacing_mm: float) -> None:
    data.Rows, data.Columns = size
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.LossyImageCompression, data.LossyImageCompressionMethod = "01", "ISO_10918_1"
    data.DepthOfScanField = round(size[0] * spacing_mm)
    data.UltrasoundColorDataPresent = 0
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = TISSUE_2D_FORMAT, TISSUE_DATA, 0
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = size[1] - 1, size[0] - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = CENTIMETRES
    region.PhysicalDeltaX = region.PhysicalDeltaY = spacing_mm / MM_PER_CM
    region.TransducerFrequency = round(TRANSDUCER_KHZ)
    data.SequenceOfUltrasoundRegions = [region]
