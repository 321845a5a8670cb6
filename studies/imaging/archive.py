"""A ZIP of numbered pictures as one cine: how the paper's videos were stored. Nothing is unpacked to disk."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from studies.errors import RefusedFileError
from studies.imaging.guard import DAMAGED, file_facts
from studies.imaging.limits import (
    MAX_ARCHIVE_ENTRIES,
    MAX_ARCHIVE_RATIO,
    MAX_FRAME_BYTES,
    MAX_FRAMES,
)
from studies.imaging.still import picture_frame, picture_size
from studies.imaging.types import NOT_RECORDED, CineInfo, SourceFrame

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp"}
_COMPANIONS = {"thumbs.db", ".ds_store", "desktop.ini"}
_LAST_NUMBER = re.compile(r"(\d+)\D*$")
_MAX_DIGITS = 12
_STORED_OR_DEFLATED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass(frozen=True, slots=True)
class Listing:
    """Pictures of an archive in frame order, and what was odd about their numbers."""

    names: tuple[str, ...]
    defects: tuple[str, ...]


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except RefusedFileError:
        raise
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise RefusedFileError(DAMAGED.format(what="the ZIP cannot be unpacked")) from error


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        raise RefusedFileError("The ZIP holds paths that point outside it; pack only the numbered pictures.")
    if entry.flag_bits & 0x1:
        raise RefusedFileError("The ZIP is protected by a password; pack the pictures without one.")
    suffix = name.suffix.lower()
    if suffix == ".zip":
        raise RefusedFileError(
            "The ZIP holds another ZIP; upload one ZIP of numbered pictures for each cine."
        )
    if suffix not in _PICTURES:
        raise RefusedFileError(
            f"The ZIP holds a file that is not a JPG or PNG picture ({suffix or 'no ending'}); "
            "pack only the numbered pictures of one cine."
        )
    if entry.compress_type not in _STORED_OR_DEFLATED:
        raise RefusedFileError("The ZIP is packed in an unusual way; pack it again as an ordinary ZIP.")
    large = entry.file_size > MAX_FRAME_BYTES
    if large or entry.file_size > MAX_ARCHIVE_RATIO * max(entry.compress_size, 1):
        raise RefusedFileError(
            "A picture in the ZIP unpacks to far more than its packed size; pack it again."
        )


def _is_companion(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    if entry.is_dir() or not parts:
        return True
    return "__MACOSX" in parts or parts[-1].lower() in _COMPANIONS


def _number(name: str) -> int:
    found = _LAST_NUMBER.search(PurePosixPath(name).stem)
    if not found or len(found.group(1)) > _MAX_DIGITS:
        raise RefusedFileError(
            "A picture in the ZIP has no number at the end of its name, so its place in the cine is unknown; "
            "number the pictures."
        )
    return int(found.group(1))


def _ordered(entries: list[zipfile.ZipInfo]) -> Listing:
    if len({PurePosixPath(e.filename).parent for e in entries}) > 1:
        raise RefusedFileError("The ZIP holds several folders of pictures; pack one ZIP for each cine.")
    if len(entries) == 1:
        return Listing((entries[0].filename,), ())
    numbered = sorted((_number(e.filename), e.filename) for e in entries)
    numbers = [n for n, _ in numbered]
    if len(set(numbers)) < len(numbers):
        raise RefusedFileError("Two pictures in the ZIP have the same number; number each frame once.")
    missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    defects = []
    if missing:
        defects.append(
            f"{missing} numbers are missing between picture {numbers[0]} and {numbers[-1]} of the ZIP."
        )
    return Listing(tuple(name for _, name in numbered), tuple(defects))


def _listing(archive: zipfile.ZipFile) -> Listing:
    entries = archive.infolist()
    if len(entries) > MAX_ARCHIVE_ENTRIES:
        raise RefusedFileError(f"The ZIP holds {len(entries)} files and at most {MAX_FRAMES} are taken.")
    if any(e.filename == "[Content_Types].xml" for e in entries):
        raise RefusedFileError("This is an office document, not a cine; choose the ultrasound file.")
    pictures = [e for e in entries if not _is_companion(e)]
    for entry in pictures:
        _check_entry(entry)
    if not pictures:
        raise RefusedFileError("The ZIP holds no pictures; pack the numbered JPG or PNG frames of one cine.")
    if len(pictures) > MAX_FRAMES:
        raise RefusedFileError(f"The ZIP holds {len(pictures)} pictures and at most {MAX_FRAMES} are taken.")
    return _ordered(pictures)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Unpacked bytes of one picture, no more than its announced size."""
    limit = archive.getinfo(name).file_size
    try:
        with archive.open(name) as handle:
            data = handle.read(limit + 1)
    except Exception as error:  # zlib, zipfile and the file system each have kinds of their own
        raise RefusedFileError(DAMAGED.format(what="a picture in the ZIP cannot be unpacked")) from error
    if len(data) != limit:
        raise RefusedFileError(
            DAMAGED.format(what="a picture in the ZIP is longer or shorter than announced")
        )
    return data


def archive_frames(path: Path, start: int = 0, stop: int | None = None) -> Iterator[SourceFrame]:
    """Frames ``start`` to ``stop`` in the order of their numbers, one at a time."""
    with _opened(path) as archive:
        for name in _listing(archive).names[start:stop]:
            yield picture_frame(_read(archive, name))


def inspect_archive(path: Path) -> CineInfo:
    """Facts of a ZIP of pictures; every picture's header is read. Raises RefusedFileError with the reason."""
    size, digest = file_facts(path)
    with _opened(path) as archive:
        listing = _listing(archive)
        sizes = [picture_size(_read(archive, name)) for name in listing.names]
        picture_frame(_read(archive, listing.names[0]))
    shapes = {(h, w) for h, w, _ in sizes}
    if len(shapes) > 1:
        raise RefusedFileError("The pictures in the ZIP have different sizes; pack one ZIP for each cine.")
    height, width = shapes.pop()
    return CineInfo(
        kind="archive", n_frames=len(sizes), header_n_frames=None, height=height, width=width,
        colour=any(c for _, _, c in sizes), fps=None, frame_times_ms=None, timing_source=NOT_RECORDED,
        spacing_mm=None, spacing_source=NOT_RECORDED, source_sha256=digest, source_bytes=size,
        source_format="ZIP of pictures", defects=listing.defects,
    )  # fmt: skip
