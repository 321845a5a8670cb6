"""Grey from colour: the one rule of SCIENCE 1.2."""

from __future__ import annotations

import numpy as np

from studies.imaging.types import Frame

# ITU-R BT.601 luma in thousandths. Sums stay below 2**24, so that single precision holds them exactly; the
# half added before the division keeps every result off the next whole number (tried for all 2**24 colours).
_WEIGHTS = np.array([299, 587, 114], dtype=np.float32)
_HALF_UP = np.float32(500.5)
_THOUSANDTH = np.float32(0.001)
_ROWS_A_BAND = 16
"""Rows converted at a time: they stay in the processor's cache."""


def is_neutral(rgb: Frame) -> bool:
    """True when R = G = B in every pixel of an ``(H, W, 3)`` frame."""
    green = rgb[..., 1]
    return bool(np.array_equal(rgb[..., 0], green) and np.array_equal(green, rgb[..., 2]))


def to_grey(frame: Frame) -> Frame:
    """Grey of a frame: 0.299 R + 0.587 G + 0.114 B, rounded half up; exactly the channel where R = G = B.

    ``frame`` is ``(H, W)`` (returned as it is) or ``(H, W, 3)``, uint8; the result is ``(H, W)`` uint8.
    """
    if frame.ndim == 2:
        return frame
    grey = np.empty(frame.shape[:2], dtype=np.uint8)
    for top in range(0, frame.shape[0], _ROWS_A_BAND):
        band = frame[top : top + _ROWS_A_BAND]
        luma = band.astype(np.float32).reshape(-1, 3) @ _WEIGHTS
        luma += _HALF_UP
        luma *= _THOUSANDTH
        grey[top : top + _ROWS_A_BAND] = luma.reshape(band.shape[:2])
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
