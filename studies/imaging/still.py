"""A single picture (PNG, JPEG, BMP): kept and shown, not described over time."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from studies.errors import RefusedFileError
from studies.imaging.guard import DAMAGED, file_facts, quiet
from studies.imaging.jpeg import clean_jpeg, jpeg_facts
from studies.imaging.limits import MAX_FRAME_BYTES
from studies.imaging.sizes import check_size
from studies.imaging.types import NOT_RECORDED, CineInfo, Frame, SourceFrame

_FORMATS = ("PNG", "BMP")


def picture_size(data: bytes) -> tuple[int, int, bool]:
    """``(height, width, colour)`` of a PNG, JPEG or BMP from its header alone."""
    if data[:2] == b"\xff\xd8":
        facts = jpeg_facts(data)
        check_size(facts.height, facts.width)
        return facts.height, facts.width, facts.components == 3
    with quiet():
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                width, height, mode = *image.size, image.mode
        except Exception as error:
            raise RefusedFileError(DAMAGED.format(what="a picture in it cannot be read")) from error
    check_size(height, width)
    return height, width, mode not in {"1", "L", "LA", "I", "I;16", "I;16B", "F"}


def _eight_bits(image: Image.Image) -> Frame:
    if image.mode in {"I", "I;16", "I;16B"}:
        return (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
    if image.mode in {"1", "L", "LA"}:
        return np.asarray(image.convert("L"))
    return np.asarray(image.convert("RGB"))


def picture_frame(data: bytes) -> SourceFrame:
    """A PNG, JPEG or BMP as a frame; JPEG loses its text segments only, 16 bits keep the upper 8."""
    picture_size(data)
    if data[:2] == b"\xff\xd8":
        return SourceFrame(jpeg=clean_jpeg(data))
    with quiet():
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return SourceFrame(pixels=np.ascontiguousarray(_eight_bits(image)))
        except Exception as error:
            raise RefusedFileError(DAMAGED.format(what="a picture in it cannot be decoded")) from error


def read_still(path: Path) -> bytes:
    """Bytes of a picture file. Raises RefusedFileError when it is too large for one."""
    if path.stat().st_size > MAX_FRAME_BYTES:
        raise RefusedFileError("The picture is larger than 64 MB; export it again as JPEG or PNG.")
    return path.read_bytes()


def inspect_still(path: Path) -> CineInfo:
    """Facts of a picture file."""
    size, digest = file_facts(path)
    data = read_still(path)
    height, width, colour = picture_size(data)
    frame = picture_frame(data)
    name = "JPEG picture" if frame.jpeg else "PNG or BMP picture"
    return CineInfo(
        kind="still", n_frames=1, header_n_frames=None, height=height, width=width, colour=colour, fps=None,
        frame_times_ms=None, timing_source=NOT_RECORDED, spacing_mm=None, spacing_source=NOT_RECORDED,
        source_sha256=digest, source_bytes=size, source_format=name,
        defects=("This is a still image: it is kept and shown, but not described over time.",),
    )  # fmt: skip
