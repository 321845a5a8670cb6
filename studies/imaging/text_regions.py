"""Lines of text drawn into a picture, told from speckle by thin strokes of one brightness on a flat ground.

A proposal for a person to check, not a reader: it finds where letters are, not what they say, and small or
faint ones escape it (measured figures: docs/ingest.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from studies.imaging.types import Box, Frame

_STROKE_PX = 7
"""Letters are drawn with strokes thinner than this on screens of up to 1024 × 768."""
_CONTRAST = 48
"""Grey levels by which a stroke differs from its ground."""
_LETTER_HEIGHT = (6, 40)
_LETTER_WIDTH = (1, 40)
_MIN_LETTERS = 3
_GAP_HEIGHTS = 1.6
"""Letters of one line lie at most so many letter heights apart, a space included."""
_GROUND_TOLERANCE = 12
_FLAT_GROUND = 0.85
"""Part of the ground of a line that must have one grey level."""
_PEAK_SPREAD = 24.0
"""Spread (grey levels, standard deviation) of the brightest point of the letters of one line."""
_MARGIN_PX = 3


@dataclass(frozen=True, slots=True)
class _Letter:
    x1: int
    y1: int
    x2: int
    y2: int
    peak: int

    @property
    def height(self) -> int:
        return self.y2 - self.y1


def _strokes(grey: Frame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Bright strokes on dark ground, and dark strokes on bright ground."""
    size = (_STROKE_PX, _STROKE_PX)
    opened, closed = ndimage.grey_opening(grey, size=size), ndimage.grey_closing(grey, size=size)
    return grey - opened > _CONTRAST, closed - grey > _CONTRAST


def _letters(mask: NDArray[np.bool_], grey: Frame) -> list[_Letter]:
    labels, count = ndimage.label(mask, structure=np.ones((3, 3), dtype=int))
    if count == 0:
        return []
    peaks = ndimage.maximum(grey, labels, index=np.arange(1, count + 1))
    letters = []
    for (rows, columns), peak in zip(ndimage.find_objects(labels), peaks, strict=True):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if _LETTER_HEIGHT[0] <= height <= _LETTER_HEIGHT[1] and _LETTER_WIDTH[0] <= width <= _LETTER_WIDTH[1]:
            letters.append(_Letter(columns.start, rows.start, columns.stop, rows.stop, int(peak)))
    return sorted(letters, key=lambda a: (a.x1, a.y1))


def _follows(last: _Letter, letter: _Letter) -> bool:
    small, large = sorted((last.height, letter.height))
    overlap = min(last.y2, letter.y2) - max(last.y1, letter.y1)
    return (
        letter.x1 - last.x2 <= _GAP_HEIGHTS * large and overlap >= 0.6 * small and large <= 2 * small
        and letter.x1 >= last.x1
    )  # fmt: skip


def _lines(letters: list[_Letter]) -> list[list[_Letter]]:
    """Chains of letters side by side, from left to right."""
    lines: list[list[_Letter]] = []
    for letter in letters:
        for line in reversed(lines):
            if _follows(line[-1], letter):
                line.append(letter)
                break
        else:
            lines.append([letter])
    return [line for line in lines if len(line) >= _MIN_LETTERS]


def _box(line: list[_Letter], shape: tuple[int, int]) -> Box:
    x1, y1 = min(a.x1 for a in line) - _MARGIN_PX, min(a.y1 for a in line) - _MARGIN_PX
    x2, y2 = max(a.x2 for a in line) + _MARGIN_PX, max(a.y2 for a in line) + _MARGIN_PX
    return max(x1, 0), max(y1, 0), min(x2, shape[1]), min(y2, shape[0])


def _is_text(line: list[_Letter], mask: NDArray[np.bool_], grey: Frame) -> bool:
    if np.std([a.peak for a in line]) > _PEAK_SPREAD:
        return False
    x1, y1, x2, y2 = _box(line, grey.shape)
    near = ndimage.binary_dilation(mask[y1:y2, x1:x2], iterations=2)
    ground = grey[y1:y2, x1:x2][~near].astype(int)
    if ground.size < near.size // 10:
        return False
    return float(np.mean(np.abs(ground - np.median(ground)) <= _GROUND_TOLERANCE)) >= _FLAT_GROUND


def find_text(grey: Frame, min_letters: int = _MIN_LETTERS) -> tuple[Box, ...]:
    """Boxes ``(x1, y1, x2, y2)`` of text-like lines in an ``(H, W)`` uint8 picture, top to bottom.

    A line has at least ``min_letters`` letters (3 or more).
    """
    found = []
    for mask in _strokes(grey):
        lines = _lines(_letters(mask, grey))
        found += [
            _box(line, grey.shape)
            for line in lines
            if len(line) >= min_letters and _is_text(line, mask, grey)
        ]
    return tuple(sorted(found, key=lambda b: (b[1], b[0])))
