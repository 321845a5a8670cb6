"""Masks as runs: every row of a mask as maximal half-open intervals of columns.

All other kernels walk these runs, so that a pixel outside the mask is never looked at and the geometry of a
mask costs its rows, not its pixels.

Frames arrive packed: one flat buffer, and for each frame the index of its first pixel, its height and width.
A (T, H, W) array is the special case of equal sizes; crops of different sizes are the general one.
"""

# Numba infers the types of compiled functions; the plain ones at the end are typed.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BLOCK: Final = 192


class Runs(NamedTuple):
    """The runs of the masks of several frames.

    runs: (N, 3) int32, one run a row: image row, first column, one past the last column.
    first: (T + 1,) int64, frame t owns runs[first[t]:first[t + 1]], ordered by row, then column.
    boxes: (T, 4) int64, half-open top, left, bottom, right; zeros where the mask is empty.
    n_pixels: (T,) int64.
    """

    runs: NDArray[np.int32]
    first: NDArray[np.int64]
    boxes: NDArray[np.int64]
    n_pixels: NDArray[np.int64]


@njit(nogil=True, cache=True)
def _count(mask, start, stop):
    """How many bytes of mask[start:stop] are 1; blocks whose sum fits a byte run on the widest vectors."""
    total = 0
    for block in range(start, stop, _BLOCK):
        part = mask[block : min(block + _BLOCK, stop)]
        inside = np.uint8(0)
        for k in range(part.size):
            inside = np.uint8(inside + part[k])
        total += int(inside)
    return total


@njit(nogil=True, cache=True)
def _store(runs, n, row, start, stop):
    """Append one run, doubling the array when it is full; returns the array."""
    if n == runs.shape[0]:
        larger = np.empty((2 * n, 3), np.int32)
        for k in range(n):
            for column in range(3):
                larger[k, column] = runs[k, column]
        runs = larger
    runs[n, 0] = row
    runs[n, 1] = start
    runs[n, 2] = stop
    return runs


@njit(nogil=True, cache=True)
def _row_runs(mask, base, width, row, runs, n):
    """Append the runs of one row that is known to hold a pixel; returns the array and the new count."""
    column = 0
    while column < width:
        while column < width and mask[base + column] == 0:
            column += 1
        if column == width:
            break
        start = column
        while column < width and mask[base + column] != 0:
            column += 1
        runs = _store(runs, n, row, start, column)
        n += 1
    return runs, n


@njit(nogil=True, cache=True)
def _repeats(mask, base, width, left, right):
    """Whether a row's pixels are exactly [left, right), tested by sums, which run many bytes at a time."""
    return (
        left < right
        and mask[base + left] != 0
        and _count(mask, base + left, base + right) == right - left
        and _count(mask, base, base + left) == 0
        and _count(mask, base + right, base + width) == 0
    )


@njit(nogil=True, cache=True)
def _widen(box, runs, before, n):
    """Grow a half-open box by runs[before:n], all of one row."""
    row, left, right = runs[before, 0], runs[before, 1], runs[n - 1, 2]
    if box[2] == 0:
        box[0], box[1], box[3] = row, left, right
    box[1] = min(box[1], left)
    box[2] = row + 1
    box[3] = max(box[3], right)


@njit(nogil=True, cache=True)
def _find_runs(mask, starts, heights, widths):
    n_frames = starts.size
    runs = np.empty((1024, 3), np.int32)
    first = np.zeros(n_frames + 1, np.int64)
    boxes = np.zeros((n_frames, 4), np.int64)
    n_pixels = np.zeros(n_frames, np.int64)
    n = 0
    for t in range(n_frames):
        width = widths[t]
        left, right = 0, 0
        for row in range(heights[t]):
            base = starts[t] + row * width
            before = n
            if _repeats(mask, base, width, left, right):
                runs = _store(runs, n, row, left, right)
                n += 1
            elif _count(mask, base, base + width):
                runs, n = _row_runs(mask, base, width, row, runs, n)
            if n > before:
                left, right = runs[before, 1], runs[before, 2]
                _widen(boxes[t], runs, before, n)
            for k in range(before, n):
                n_pixels[t] += runs[k, 2] - runs[k, 1]
        first[t + 1] = n
    return runs[:n], first, boxes, n_pixels


def find_runs(
    mask: NDArray[np.uint8], starts: NDArray[np.int64], heights: NDArray[np.int64], widths: NDArray[np.int64]
) -> Runs:
    """Runs of packed masks.

    mask: flat uint8 of zeros and ones; starts, heights, widths: (T,) int64, frame t is the heights[t] by
    widths[t] pixels from starts[t] on, row by row.
    """
    return Runs(*_find_runs(mask, starts, heights, widths))
