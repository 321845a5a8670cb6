"""DICOM headers: what kind of object it is, where its pixels lie, and the facts that are kept.

Only whitelisted elements are read at all, so names and dates never reach this program's memory as values.
"""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread
from pydicom.charset import python_encoding
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.uid import UID

from studies.errors import RefusedFileError
from studies.imaging.guard import CUT_SHORT, DAMAGED, GuardedFile, open_guarded, quiet
from studies.imaging.limits import MAX_HEADER_VALUE_BYTES

UNDEFINED_LENGTH = 0xFFFFFFFF
_PREAMBLE_BYTES = 132
_PIXEL_TAG = (0x7FE0, 0x0010)
_DEFLATED = "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_IMPLICIT = "1.2.840.10008.1.2"
_LONG_VRS = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}

_US_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.6", "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.3",
}  # fmt: skip
_CAPTURE_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.1", "1.2.840.10008.5.1.4.1.1.7.2",
    "1.2.840.10008.5.1.4.1.1.7.3", "1.2.840.10008.5.1.4.1.1.7.4", "1.2.840.10008.5.1.4.1.1.77.1.4.1",
    "1.2.840.10008.5.1.4.1.1.77.1.1.1",
}  # fmt: skip
_VOLUME_CLASS = "1.2.840.10008.5.1.4.1.1.6.2"
_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"

HEADER_TAGS = [
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    "PatientID", "Modality", "Manufacturer", "ManufacturerModelName", "SoftwareVersions",
    "TransducerData", "TransducerType", "MechanicalIndex", "SoftTissueThermalIndex", "DepthOfScanField",
    "FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate", "NumberOfFrames",
    "BurnedInAnnotation", "Laterality", "ImageLaterality", "BodyPartExamined", "LossyImageCompression",
    "SequenceOfUltrasoundRegions", "PixelSpacing", "Rows", "Columns", "SamplesPerPixel",
    "PhotometricInterpretation", "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
]  # fmt: skip


@dataclass(slots=True)
class DicomHeader:
    """The whitelisted elements of one file and the place of its pixel data.

    ``pixel_offset`` and ``pixel_length`` describe the value of (7FE0,0010); the length is None when it is
    encapsulated.
    """

    dataset: Dataset
    transfer_syntax: str
    sop_class: str
    pixel_vr: str
    pixel_offset: int
    pixel_length: int | None
    file_size: int
    defects: list[str] = field(default_factory=list)

    @property
    def little_endian(self) -> bool:
        """False for the retired big-endian transfer syntax."""
        return self.transfer_syntax != _BIG_ENDIAN


def looks_like_dicom(head: bytes) -> bool:
    """True when ``head`` (the first 132 bytes or more) carries the DICOM prefix."""
    return head[128:132] == b"DICM"


def looks_like_bare_dataset(head: bytes) -> bool:
    """True for the elements of a DICOM dataset without the 128-byte preamble and prefix."""
    if len(head) < 8:
        return False
    group, element = struct.unpack("<HH", head[:4])
    return (
        group in (0x0002, 0x0008)
        and element <= 0x0020
        and (group == 2 or head[4:6].isalpha() or head[6] == 0)
    )


def _file_meta(fp: GuardedFile) -> dict[tuple[int, int], bytes]:
    """Elements of group 0002, always explicit little endian; leaves ``fp`` at the dataset."""
    fp.seek(_PREAMBLE_BYTES)
    found: dict[tuple[int, int], bytes] = {}
    while True:
        start = fp.tell()
        head = fp.read(8)
        if len(head) < 8 or head[:2] != b"\x02\x00":
            fp.seek(start)
            return found
        group, element, vr, length = struct.unpack("<HH2sH", head)
        if vr in _LONG_VRS:
            length = struct.unpack("<L", fp.read_exactly(4))[0]
        if length > MAX_HEADER_VALUE_BYTES:
            raise RefusedFileError(DAMAGED.format(what="its header is garbled"))
        found[group, element] = fp.read_exactly(length)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("ascii", "replace").strip("\0 ")


def _pixel_element(fp: GuardedFile, syntax: str) -> tuple[str, int, int | None] | None:
    """``(VR, offset, length)`` of the pixel data element at the position of ``fp``, None when absent."""
    order = ">" if syntax == _BIG_ENDIAN else "<"
    head = fp.read(8)
    if len(head) < 8:
        return None
    if struct.unpack(f"{order}HH", head[:4]) != _PIXEL_TAG:
        raise RefusedFileError(
            "The pixels are stored as floating-point numbers, which ultrasound machines do not do; "
            "export the cine as ordinary 8-bit pictures."
        )
    if syntax == _IMPLICIT:
        vr, length = "OW", struct.unpack("<L", head[4:])[0]
    else:
        vr, length = head[4:6].decode("ascii", "replace"), struct.unpack(f"{order}L", fp.read_exactly(4))[0]
    return vr, fp.tell(), None if length == UNDEFINED_LENGTH else length


def uid_name(uid: str) -> str:
    """Name of a registered UID, empty when it is not one."""
    with quiet():
        name = UID(uid).name
    return "" if name == uid else name


def _refuse_foreign_object(sop_class: str, modality: str) -> None:
    """Raises RefusedFileError unless the object is a flat ultrasound image or cine."""
    if sop_class in _US_CLASSES or (sop_class in _CAPTURE_CLASSES and modality == "US"):
        return
    if sop_class == _VOLUME_CLASS:
        raise RefusedFileError(
            "This is a three-dimensional ultrasound volume; choose the two-dimensional cine."
        )
    if sop_class == _DIRECTORY_CLASS:
        raise RefusedFileError("This is the table of contents of a disc (DICOMDIR); choose the cine files.")
    what = (uid_name(sop_class) or "an object of unknown kind").removesuffix(" Storage")
    raise RefusedFileError(f"This is not an ultrasound cine but: {what}; choose the ultrasound file.")


def _charset_defects(dataset: Dataset) -> list[str]:
    value = dataset.get("SpecificCharacterSet") or []
    terms = [value] if isinstance(value, str) else list(value)
    if all(term in python_encoding for term in terms):
        return []
    return [
        "The character set of the header is unknown; its texts may be misread, the pictures are not affected."
    ]


def _warning_defects(caught: list[warnings.WarningMessage]) -> list[str]:
    texts = [str(w.message) for w in caught]
    strange = [t for t in texts if "character set" not in t.lower() and "encoding" not in t.lower()]
    return ["Some header values are not written as the DICOM standard asks."] if strange else []


def _drop_unreadable(dataset: Dataset) -> list[str]:
    """Remove elements whose value cannot be read, and name them."""
    defects = []
    for tag in list(dataset.keys()):
        try:
            _ = dataset[tag].value
        except Exception:  # pydicom raises a dozen kinds for one garbled value
            defects.append(f"The header value {keyword_for_tag(tag)} cannot be read and was ignored.")
            del dataset[tag]
    return defects


def _read_dataset(fp: GuardedFile) -> tuple[Dataset, list[str]]:
    with quiet() as caught:
        try:
            dataset = dcmread(fp, stop_before_pixels=True, specific_tags=HEADER_TAGS)
            unreadable = _drop_unreadable(dataset)
        except RefusedFileError:
            raise
        except Exception as error:  # pydicom raises a dozen kinds for a garbled header
            raise RefusedFileError(DAMAGED.format(what="its header cannot be read")) from error
    return dataset, unreadable + _charset_defects(dataset) + _warning_defects(caught)


def read_header(path: Path) -> DicomHeader:
    """Header of the DICOM file at ``path``. Raises RefusedFileError when it is not an ultrasound image."""
    with open_guarded(path) as fp:
        if fp.size <= _PREAMBLE_BYTES:
            raise RefusedFileError(CUT_SHORT)
        meta = _file_meta(fp)
        syntax = _text(meta.get((2, 0x10)))
        if not syntax:
            raise RefusedFileError(
                "The DICOM file does not say how its pictures are coded (no transfer syntax); export again."
            )
        if syntax == _DEFLATED:
            raise RefusedFileError(
                "The DICOM file is deflated as a whole; export it as JPEG or uncompressed."
            )
        fp.seek(0)
        dataset, defects = _read_dataset(fp)
        sop_class = str(dataset.get("SOPClassUID") or _text(meta.get((2, 2))))
        _refuse_foreign_object(sop_class, str(dataset.get("Modality") or ""))
        element = _pixel_element(fp, syntax)
        if element is None:
            raise RefusedFileError(
                "The DICOM file holds no pictures: it is not an image, or it was cut off while being copied; "
                "export the cine again."
            )
        vr, offset, length = element
        return DicomHeader(dataset, syntax, sop_class, vr, offset, length, fp.size, defects)
