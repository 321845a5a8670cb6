"""One door for every kind of file: what is in it, and its frames one at a time.

The kind is told by the first bytes, never by the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from studies.errors import RefusedFileError
from studies.imaging.archive import archive_frames, inspect_archive
from studies.imaging.dicom import looks_like_bare_dataset, looks_like_dicom
from studies.imaging.dicom_source import dicom_frames, inspect_dicom, open_dicom
from studies.imaging.grey import to_grey, to_rgb
from studies.imaging.guard import CUT_SHORT, DAMAGED
from studies.imaging.jpeg import decode_jpeg, decode_luma
from studies.imaging.still import inspect_still, picture_frame, read_still
from studies.imaging.types import CineInfo, Frame, SourceFrame
from studies.imaging.video import container_of, inspect_video, video_frames

_HEAD_BYTES = 1024
_NO_CINE = "This is {what}, not an ultrasound cine; choose the DICOM file, video or ZIP of frames."
_FOREIGN = (
    (b"%PDF", "a PDF document"), (b"GIF8", "a GIF picture"), (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"), (b"7z\xbc\xaf", "a 7-Zip archive"), (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"), (b"\xff\x0a", "a JPEG XL picture"), (b"\x89HDF", "an HDF5 file"),
    (b"\xd0\xcf\x11\xe0", "an office document"), (b"<", "a web page or XML file"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"), (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
)  # fmt: skip
_STILLS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM")
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")


def _head(path: Path) -> bytes:
    if not path.is_file():
        raise RefusedFileError("There is no file of that name, or it is a folder; choose a file.")
    with path.open("rb") as handle:
        head = handle.read(_HEAD_BYTES)
    if not head:
        raise RefusedFileError("The file is empty; copy or export it again from the ultrasound machine.")
    return head


def _refusal(head: bytes) -> RefusedFileError:
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"avif", b"mif1"}:
        return RefusedFileError(_NO_CINE.format(what="a HEIC or AVIF picture"))
    if head[:4] == b"RIFF":
        what = "a WebP picture" if head[8:12] == b"WEBP" else "a sound file"
        return RefusedFileError(_NO_CINE.format(what=what))
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            return RefusedFileError(_NO_CINE.format(what=what))
    if looks_like_bare_dataset(head):
        return RefusedFileError(
            "The beginning of this DICOM file (preamble and file meta) is missing; "
            "export it again as a DICOM file."
        )
    if len(head) < _HEAD_BYTES and head[:128] == bytes(min(len(head), 128)):
        return RefusedFileError(CUT_SHORT)
    return RefusedFileError(
        "The file is neither DICOM nor a video nor a ZIP of frames, or its beginning is damaged; "
        "export the cine again from the ultrasound machine."
    )


def kind_of(path: Path) -> str:
    """``dicom``, ``archive``, ``still`` or ``video:<container>``. Raises RefusedFileError otherwise."""
    head = _head(path)
    if looks_like_dicom(head):
        return "dicom"
    if head.startswith(_ZIPS):
        return "archive"
    if head.startswith(_STILLS):
        return "still"
    container = container_of(head)
    if container is None or head[8:12] in {b"heic", b"heix", b"avif", b"mif1"}:
        raise _refusal(head)
    return f"video:{container}"


def inspect_file(path: Path, *, original_name: str | None = None, key: bytes | None = None) -> CineInfo:
    """What the file at ``path`` holds. Raises RefusedFileError with one sentence for a sonographer.

    ``original_name`` is only compared with the content (a wrong ending is named as a defect) and never kept.
    ``key`` turns identifiers into keyed digests; without it none are kept.
    """
    path = Path(path)
    try:
        kind = kind_of(path)
        info = _inspect(path, kind, key)
    except (RefusedFileError, OSError):
        raise
    except Exception as error:  # a damaged file makes foreign parsers raise anything
        raise RefusedFileError(DAMAGED.format(what="its header contradicts itself")) from error
    return replace(info, defects=(*info.defects, *_name_defect(original_name, kind)))


def _inspect(path: Path, kind: str, key: bytes | None) -> CineInfo:
    if kind == "dicom":
        return inspect_dicom(path, key)
    if kind == "archive":
        return inspect_archive(path)
    if kind == "still":
        return inspect_still(path)
    return inspect_video(path, kind.removeprefix("video:"))


def _name_defect(original_name: str | None, kind: str) -> tuple[str, ...]:
    suffix = Path(original_name or "").suffix.lower()
    usual = {
        ".dcm": "dicom", ".zip": "archive", ".png": "still", ".jpg": "still",
        ".jpeg": "still", ".bmp": "still",
        ".mp4": "video", ".mov": "video", ".avi": "video", ".mpeg": "video", ".mpg": "video",
    }  # fmt: skip
    if suffix not in usual or usual[suffix] == kind.partition(":")[0]:
        return ()
    return (f"The name ends in {suffix}, but the content is of another kind; the content was followed.",)


def source_frames(path: Path, *, start: int = 0, stop: int | None = None) -> Iterator[SourceFrame]:
    """Frames as they come from the source: clean JPEG bytes where they may pass, else pixels."""
    path = Path(path)
    kind = kind_of(path)
    try:
        yield from _source_frames(path, kind, start, stop)
    except (RefusedFileError, OSError):
        raise
    except Exception as error:  # a damaged file makes foreign decoders raise anything
        raise RefusedFileError(DAMAGED.format(what="a frame cannot be read")) from error


def _source_frames(path: Path, kind: str, start: int, stop: int | None) -> Iterator[SourceFrame]:
    if kind == "dicom":
        return dicom_frames(open_dicom(path), start, stop)
    if kind == "archive":
        return archive_frames(path, start, stop)
    if kind == "still":
        return iter([picture_frame(read_still(path))][start:stop])
    return video_frames(path, kind.removeprefix("video:"), start, stop)


def frame_pixels(frame: SourceFrame) -> Frame:
    """``(H, W)`` or ``(H, W, 3)`` uint8 of a source frame, JPEG by the pinned decoder."""
    if frame.pixels is not None:
        return frame.pixels
    return decode_jpeg(frame.jpeg or b"")


def iter_frames(
    path: Path, *, start: int = 0, stop: int | None = None, colour: bool = False
) -> Iterator[Frame]:
    """Frames ``start`` to ``stop`` (0-based, half-open), one at a time.

    ``(H, W)`` uint8 grey by the rule of SCIENCE 1.2, or ``(H, W, 3)`` uint8 RGB when ``colour``. Raises
    RefusedFileError for a file or a frame that cannot be read.
    """
    for frame in source_frames(path, start=start, stop=stop):
        pixels = frame_pixels(frame)
        yield to_rgb(pixels) if colour else to_grey(pixels)


def iter_luma(path: Path) -> Iterator[Frame]:
    """Frames ``(H, W)`` uint8 for finding, not for measuring: of JPEG the brightness as stored, else grey.

    Raises RefusedFileError for a file or a frame that cannot be read.
    """
    for frame in source_frames(path):
        yield to_grey(frame.pixels) if frame.pixels is not None else decode_luma(frame.jpeg or b"")
