"""Rotation-invariant uniform local binary patterns, LBP riu2 with P = 8, R = 1..4, as integers only.

Source: Ojala, Pietikäinen and Mäenpää, IEEE TPAMI 2002;24:971-987. Sample p lies at row -R sin(2 pi p / 8),
column R cos(2 pi p / 8), both rounded to five decimals, and is interpolated bilinearly; its bit is set if
it is not darker than the centre by more than 1e-6. Pixels beyond the image repeat its edge; pixels beyond
the mask are read.

The four axial samples are pixels. A diagonal one lies between pixels N (nearer), S1, S2 and F (farther),
and its bit is set iff  b² (N - c) + a b (S1 + S2 - 2 c) + a² (F - c) >= -10⁴  where a / 10⁵ is the fraction
of its offset and b = 10⁵ - a. `DIAGONAL_WEIGHTS` decides the same with numbers small enough for 32 bits:
the two inequalities agree on every triple of differences that 8-bit pixels can have, which a test checks
exhaustively.
"""

# Numba infers the types of compiled functions; the plain ones at the end are typed.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.pipeline.kernels.constants import LBP_BINS, LBP_MARGIN_PX, LBP_RADII
from analysis.pipeline.kernels.runs import Runs

# radius -> whole pixels to N, weight of N, of S1 and S2, of F, and the lowest sum that sets the bit
DIAGONAL_WEIGHTS: Final = {
    1: (0, 56543, 136509, 329567, 0),
    2: (1, 102235, 72290, 51116, 0),
    3: (2, 264589, 36532, 5044, 0),
    4: (2, 30815, 148791, 718441, -1),
}

_MARGIN: Final = LBP_MARGIN_PX
_BLOCK: Final = (
    2048  # pixels whose patterns are kept at a time: block, plane and tables share the first cache
)


def _fold_table() -> NDArray[np.int64]:
    """riu2 code of each of the 256 patterns: the number of ones if at most two neighbours differ, else 9."""
    codes = np.empty(256, np.int64)
    for pattern in range(256):
        turned = (pattern << 1 | pattern >> 7) & 255
        uniform = (pattern ^ turned).bit_count() <= 2
        codes[pattern] = pattern.bit_count() if uniform else LBP_BINS - 1
    return codes


FOLD: Final = _fold_table()
_BY_CODE: Final = np.argsort(FOLD, kind="stable")  # the patterns in order of their code
_CODE_STARTS: Final = np.searchsorted(FOLD[_BY_CODE], np.arange(LBP_BINS))


@njit(nogil=True, forceinline=True)
def _bit(neighbour, centre, bit):
    return np.int32(bit if neighbour >= centre else 0)


@njit(nogil=True, forceinline=True)
def _diagonal_bit(near, side_1, side_2, far, centre, n, s, f, floor, bit):
    """The bit of a diagonal sample; every step is cut to 32 bits so that it runs on narrow vector lanes."""
    value = np.int32(np.int32(n * near) + np.int32(s * np.int32(side_1 + side_2)))
    value = np.int32(value + np.int32(f * far))
    value = np.int32(value - np.int32(np.int32(n + 2 * s + f) * centre))
    return np.int32(bit if value >= floor else 0)


@njit(nogil=True, forceinline=True)
def _patterns(plane, origin, stride, out, size, r, i, n, s, f, floor):
    """Patterns of radius r of `size` consecutive pixels of the plane; i is the way to the nearer pixel.

    The arguments from r on are literals at each call, so that the compiler sees fixed offsets.
    """
    m, j = _MARGIN, i + 1
    row = plane[origin:]
    up, down = plane[origin - r * stride :], plane[origin + r * stride :]
    up_near, up_far = plane[origin - i * stride :], plane[origin - j * stride :]
    down_near, down_far = plane[origin + i * stride :], plane[origin + j * stride :]
    for x in range(size):
        c = row[x + m]
        a, b = x + m + i, x + m + j
        code = _bit(row[x + m + r], c, 1) | _bit(up[x + m], c, 4)
        code |= _bit(row[x + m - r], c, 16) | _bit(down[x + m], c, 64)
        code |= _diagonal_bit(up_near[a], up_near[b], up_far[a], up_far[b], c, n, s, f, floor, 2)
        code |= _diagonal_bit(down_near[a], down_near[b], down_far[a], down_far[b], c, n, s, f, floor, 128)
        a, b = x + m - i, x + m - j
        code |= _diagonal_bit(up_near[a], up_near[b], up_far[a], up_far[b], c, n, s, f, floor, 8)
        code |= _diagonal_bit(down_near[a], down_near[b], down_far[a], down_far[b], c, n, s, f, floor, 32)
        out[x] = np.uint8(code)


@njit(nogil=True, cache=True)
def _all_patterns(plane, origin, stride, out, size):
    """Patterns of the four radii; the literals are `DIAGONAL_WEIGHTS`."""
    _patterns(plane, origin, stride, out[0], size, 1, 0, 56543, 136509, 329567, 0)
    _patterns(plane, origin, stride, out[1], size, 2, 1, 102235, 72290, 51116, 0)
    _patterns(plane, origin, stride, out[2], size, 3, 2, 264589, 36532, 5044, 0)
    _patterns(plane, origin, stride, out[3], size, 4, 2, 30815, 148791, 718441, -1)


@njit(nogil=True, cache=True)
def _fill_plane(pixels, start, height, width, box, plane, stride):
    """Copy a box and its margin into the plane, the edge of the image repeated beyond it."""
    for y in range(box[2] - box[0] + 2 * _MARGIN):
        row = min(max(box[0] + y - _MARGIN, 0), height - 1)
        source = pixels[start + row * width : start + (row + 1) * width]
        target = plane[y * stride : (y + 1) * stride]
        left = max(_MARGIN - box[1], 0)  # columns of the plane that lie before the image
        right = min(stride, width - box[1] + _MARGIN)  # and the first one that lies behind it
        inside, copied = source[box[1] - _MARGIN + left :], target[left:right]
        for x in range(left):
            target[x] = source[0]
        for x in range(copied.size):
            copied[x] = inside[x]
        for x in range(right, stride):
            target[x] = source[width - 1]


@njit(nogil=True, cache=True)
def _count_runs(patterns, runs, k, top, left, last_row, stride, counts):
    """Count the patterns under the runs from k on that lie before last_row; returns the next run."""
    c1, c2, c3, c4 = counts[0], counts[1], counts[2], counts[3]
    while k < runs.shape[0] and runs[k, 0] < last_row:
        base = (runs[k, 0] - top) * stride - left
        begin, end = base + runs[k, 1], base + runs[k, 2]
        p1, p2 = patterns[0][begin:end], patterns[1][begin:end]  # counted from 0: no index can be negative
        p3, p4 = patterns[2][begin:end], patterns[3][begin:end]
        for x in range(p1.size):
            c1[p1[x]] += 1
            c2[p2[x]] += 1
            c3[p3[x]] += 1
            c4[p4[x]] += 1
        k += 1
    return k


@njit(nogil=True, cache=True)
def _largest_plane(boxes):
    """Pixels of the largest box with its margin: one plane serves all frames of a call."""
    largest = 0
    for t in range(boxes.shape[0]):
        height, width = boxes[t, 2] - boxes[t, 0], boxes[t, 3] - boxes[t, 1]
        largest = max(largest, (height + 2 * _MARGIN) * (width + 2 * _MARGIN))
    return largest


@njit(nogil=True, cache=True)
def _count_patterns(pixels, starts, heights, widths, runs, first, boxes, out):
    plane = np.empty(_largest_plane(boxes), np.int32)
    for t in range(starts.size):
        box = boxes[t]
        stride = box[3] - box[1] + 2 * _MARGIN
        own = runs[first[t] : first[t + 1]]
        if own.shape[0] == 0:
            continue
        _fill_plane(pixels, starts[t], heights[t], widths[t], box, plane, stride)
        rows = max(1, _BLOCK // stride)
        patterns = np.empty((4, rows * stride), np.uint8)
        k = 0
        for top in range(box[0], box[2], rows):
            last = min(top + rows, box[2])
            size = (last - top) * stride - 2 * _MARGIN
            _all_patterns(plane, (top - box[0] + _MARGIN) * stride, stride, patterns, size)
            k = _count_runs(patterns, own, k, top, box[1], last, stride, out[t])


def pattern_counts(
    pixels: NDArray[np.uint8],
    starts: NDArray[np.int64],
    heights: NDArray[np.int64],
    widths: NDArray[np.int64],
    runs: Runs,
) -> NDArray[np.int32]:
    """(T, 4, 256) int32: how often each pattern of each radius occurs under the mask of each packed frame."""
    out = np.zeros((starts.size, len(LBP_RADII), 256), np.int32)
    _count_patterns(pixels, starts, heights, widths, runs.runs, runs.first, runs.boxes, out)
    return out


def lbp(counts: NDArray[np.integer], n_pixels: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    """Fill out (T, 40) float64, in the order of `names.LBP_FEATURES`; empty masks are left alone.

    counts: (T, 4, 256), see `pattern_counts`. Each feature is a share of the mask's pixels, so that the ten
    of a radius sum to 1.
    """
    folded = np.add.reduceat(counts[:, :, _BY_CODE], _CODE_STARTS, axis=2)
    described = n_pixels > 0
    out[described] = folded[described].reshape(-1, 40) / n_pixels[described, None]
