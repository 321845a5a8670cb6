"""Blanking boxes of a frame: on JPEG without touching any other block, else on pixels.

jpegtran (libjpeg-turbo) replaces whole blocks (MCUs) and copies the coefficients of all others. Where it is
absent, or leaves anything of the box to be seen, the decoded frame is blanked and stored without loss.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import numpy as np

from studies.imaging.jpeg import clean_jpeg, decode_jpeg, decode_luma, jpeg_facts
from studies.imaging.types import Box, Frame

BLANK_VALUE = 0
_TIMEOUT_S = 30
_RIM_PX = 2
_FLAT = 2
"""Largest grey-level range that a wiped block may show after decoding (rounding of one flat colour)."""


def clip_boxes(boxes: Sequence[Box], height: int, width: int) -> tuple[Box, ...]:
    """The boxes inside an image of ``height`` × ``width``, sorted, without empty ones and duplicates."""
    kept = set()
    for x1, y1, x2, y2 in boxes:
        box = (max(int(x1), 0), max(int(y1), 0), min(int(x2), width), min(int(y2), height))
        if box[0] < box[2] and box[1] < box[3]:
            kept.add(box)
    return tuple(sorted(kept))


def align_box(box: Box, mcu: tuple[int, int], height: int, width: int) -> Box:
    """The smallest box of whole ``mcu`` = (width, height) blocks around ``box``, cut at the image border."""
    across, down = mcu
    x1, y1 = box[0] // across * across, box[1] // down * down
    x2, y2 = -(-box[2] // across) * across, -(-box[3] // down) * down
    return x1, y1, min(x2, width), min(y2, height)


def blank_pixels(frame: Frame, boxes: Sequence[Box]) -> Frame:
    """A copy of the frame with black boxes."""
    out = frame.copy()
    for x1, y1, x2, y2 in boxes:
        out[y1:y2, x1:x2] = BLANK_VALUE
    return out


def jpegtran_path() -> str | None:
    """Where jpegtran is, None when it is not installed."""
    return shutil.which("jpegtran")


def _wipe_one(program: str, data: bytes, box: Box) -> bytes | None:
    x1, y1, x2, y2 = box
    region = f"{x2 - x1}x{y2 - y1}+{x1}+{y1}"
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, numbers only in its arguments
            [program, "-copy", "none", "-wipe", region],
            input=data, capture_output=True, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


def _range(frame: Frame, box: Box) -> int:
    """Largest range of grey levels of any channel within the box."""
    x1, y1, x2, y2 = box
    inside = frame[y1:y2, x1:x2].reshape((y2 - y1) * (x2 - x1), -1)
    return int(np.ptp(inside, axis=0).max()) if inside.size else 0


def _is_blank(data: bytes, boxes: Sequence[Box]) -> bool:
    """True when brightness is flat in every box, and so is colour but for a rim.

    Coarse colour is smoothed when decoded, so that the colour *outside* shows in a rim of two pixels.
    """
    luma, frame = decode_luma(data), decode_jpeg(data)
    inner = [(x1 + _RIM_PX, y1 + _RIM_PX, x2 - _RIM_PX, y2 - _RIM_PX) for x1, y1, x2, y2 in boxes]
    rimless = [b for b in inner if b[0] < b[2] and b[1] < b[3]]
    return all(_range(luma, b) <= _FLAT for b in boxes) and all(_range(frame, b) <= _FLAT for b in rimless)


def wipe_jpeg(data: bytes, boxes: Sequence[Box]) -> bytes | None:
    """The JPEG with ``boxes`` (clipped to it) wiped block by block; None when that cannot be done."""
    program = jpegtran_path()
    if program is None:
        return None
    for box in boxes:
        wiped = _wipe_one(program, data, box)
        if wiped is None:
            return None
        data = wiped
    data = clean_jpeg(data)
    return data if _is_blank(data, boxes) else None


def wiped_boxes(data: bytes, boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The boxes of whole blocks that :func:`wipe_jpeg` replaces in this stream."""
    facts = jpeg_facts(data)
    return tuple(align_box(b, facts.mcu, facts.height, facts.width) for b in boxes)
