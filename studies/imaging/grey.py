"""Grey from colour: the one rule of SCIENCE 1.2."""

from __future__ import annotations

import numpy as np

from studies.imaging.types import Frame

# ITU-R BT.601 luma in thousandths, so that the sum is exact in integers.
_RED, _GREEN, _BLUE, _WHOLE = 299, 587, 114, 1000
_ROWS_A_BAND = 256


def is_neutral(rgb: Frame) -> bool:
    """True when R = G = B in every pixel of an ``(H, W, 3)`` frame."""
    green = rgb[..., 1]
    return bool(np.array_equal(rgb[..., 0], green) and np.array_equal(green, rgb[..., 2]))


def to_grey(frame: Frame) -> Frame:
    """Grey of a frame: one channel where R = G = B, else 0.299 R + 0.587 G + 0.114 B, rounded half up.

    ``frame`` is ``(H, W)`` (returned as it is) or ``(H, W, 3)``, uint8; the result is ``(H, W)`` uint8.
    """
    if frame.ndim == 2:
        return frame
    if is_neutral(frame):
        return np.ascontiguousarray(frame[..., 1])
    grey = np.empty(frame.shape[:2], dtype=np.uint8)
    for top in range(0, frame.shape[0], _ROWS_A_BAND):
        band = frame[top : top + _ROWS_A_BAND].astype(np.uint32)
        luma = band[..., 0] * _RED + band[..., 1] * _GREEN + band[..., 2] * _BLUE
        grey[top : top + _ROWS_A_BAND] = (luma + _WHOLE // 2) // _WHOLE
    return grey


def to_rgb(frame: Frame) -> Frame:
    """``(H, W, 3)`` uint8 of a grey or colour frame."""
    if frame.ndim == 3:
        return frame
    return np.repeat(frame[..., np.newaxis], 3, axis=2)


def smallest(frame: Frame) -> Frame:
    """``(H, W)`` when the frame is grey or neutral, else the ``(H, W, 3)`` frame itself."""
    if frame.ndim == 3 and is_neutral(frame):
        return np.ascontiguousarray(frame[..., 1])
    return frame
