"""The nine shape features of a mask, from its runs.

The outline is that of marching squares on the zero-padded mask, vertices half-way between a pixel inside
and its neighbour outside, diagonal squares cut as two separate corners (pyradiomics 3.0.1 shape2D; Lorensen
and Cline 1987). Perimeter and area are sums over 2 x 2 squares of a few kinds, so counting the kinds is
enough, and the kinds change only where a run of the upper or lower row begins or ends. The diameter is
reached between vertices of the convex hull, which are among the outermost vertices of every half row.
"""

# Numba infers the types of compiled functions; the plain ones at the end are typed.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.pipeline.kernels.runs import Runs

# Columns of a tally: squares cut along a row, along a column, across a corner; area in eighths of a pixel.
_ALONG_ROW, _ALONG_COLUMN, _CORNER, _EIGHTHS = 0, 1, 2, 3


@njit(nogil=True, cache=True, error_model="numpy")
def _breakpoint(runs, first, last, k):
    """The k-th begin or end of the runs [first, last) of one row; past the last one, a number beyond any."""
    run = first + k // 2
    return runs[run, 1 + k % 2] if run < last else np.int32(2**30)


@njit(nogil=True, cache=True, error_model="numpy")
def _tally_change(upper, lower, next_upper, next_lower, tally):
    """Count the square whose left pixels are (upper, lower) and right pixels (next_upper, next_lower)."""
    inside = upper + lower + next_upper + next_lower
    if inside == 2 and upper == lower:
        tally[_ALONG_COLUMN] += 1
        tally[_EIGHTHS] += 4
    elif inside == 2:
        tally[_CORNER] += 2
        tally[_EIGHTHS] += 2
    else:
        tally[_CORNER] += 1
        tally[_EIGHTHS] += 1 if inside == 1 else 7


@njit(nogil=True, cache=True, error_model="numpy")
def _tally_rows(runs, a, a_end, b, b_end, tally, extent):
    """Count the squares between a row of runs [a, a_end) and the next one of runs [b, b_end).

    extent receives the first and last column in which the two rows differ, -1 twice if none does.
    """
    extent[0], extent[1] = -1, -1
    ka, kb, previous = 0, 0, 0
    for _ in range(2 * (a_end - a + b_end - b)):
        at_a, at_b = _breakpoint(runs, a, a_end, ka), _breakpoint(runs, b, b_end, kb)
        here = min(at_a, at_b)
        if here == 2**30:
            break
        upper, lower = ka % 2, kb % 2
        if upper != lower:
            tally[_ALONG_ROW] += here - previous - 1
            tally[_EIGHTHS] += 4 * (here - previous - 1)
            extent[0] = previous if extent[0] < 0 else extent[0]
            extent[1] = here - 1
        elif upper:
            tally[_EIGHTHS] += 8 * (here - previous - 1)
        ka += at_a == here
        kb += at_b == here
        _tally_change(upper, lower, ka % 2, kb % 2, tally)
        previous = here


@njit(nogil=True, cache=True, error_model="numpy")
def _outline(runs, top, bottom, tally, low, high):
    """Tally a whole mask; low and high receive the outermost vertices, in half pixels, of each half row.

    low and high are indexed by half row, 0 being half a row above the first; low > high where there is none.
    """
    extent = np.empty(2, np.int64)
    a, a_end, b = 0, 0, 0
    for row in range(top - 1, bottom):
        b_end = b
        while b_end < runs.shape[0] and runs[b_end, 0] == row + 1:
            b_end += 1
        _tally_rows(runs, a, a_end, b, b_end, tally, extent)
        half = 2 * (row - top + 1)
        if extent[0] >= 0:
            low[half], high[half] = 2 * extent[0], 2 * extent[1]
        if b_end > b:
            low[half + 1], high[half + 1] = 2 * runs[b, 1] - 1, 2 * runs[b_end - 1, 2] - 1
        a, a_end, b = b, b_end, b_end


@njit(nogil=True, cache=True, error_model="numpy")
def _push(hull, n, floor, y, x, side):
    """Append a vertex to a chain hull[floor:n] that turns one way only; returns the new length."""
    while n - floor >= 2:
        y1, x1 = hull[n - 2, 0], hull[n - 2, 1]
        y2, x2 = hull[n - 1, 0], hull[n - 1, 1]
        if side * ((y2 - y1) * (x - x1) - (x2 - x1) * (y - y1)) > 0:
            break
        n -= 1
    hull[n, 0], hull[n, 1] = y, x
    return n + 1


@njit(nogil=True, cache=True, error_model="numpy")
def _diameter(low, high, row_mm, column_mm):
    """Largest distance between vertices, which are given in half pixels by half row."""
    hull = np.empty((2 * low.size, 2), np.int64)
    n = 0
    for y in range(low.size):
        if low[y] <= high[y]:
            n = _push(hull, n, 0, y, low[y], 1)
    floor = n
    for y in range(low.size):
        if low[y] <= high[y]:
            n = _push(hull, n, floor, y, high[y], -1)
    largest = 0.0
    for i in range(n):
        for j in range(i):
            dy = (hull[i, 0] - hull[j, 0]) * 0.5 * row_mm
            dx = (hull[i, 1] - hull[j, 1]) * 0.5 * column_mm
            largest = max(largest, dy * dy + dx * dx)
    return np.sqrt(largest)


@njit(nogil=True, cache=True, error_model="numpy")
def _sum_to(m, power):
    """0 + 1 + … + m - 1, or the sum of their squares, for any integer m (differences of it are sums)."""
    if power == 1:
        return (m * (m - 1)) // 2
    return (m * (m - 1) * (2 * m - 1)) // 6


@njit(nogil=True, cache=True, error_model="numpy")
def _principal_variances(runs, box, n, row_mm, column_mm):
    """Variances of the pixel centres along the major and the minor axis, in mm², population."""
    y0, x0 = (box[0] + box[2]) // 2, (box[1] + box[3]) // 2
    sy, sx, syy, sxx, sxy = 0, 0, 0, 0, 0
    for k in range(runs.shape[0]):
        y, left, right = runs[k, 0] - y0, runs[k, 1] - x0, runs[k, 2] - x0
        x_sum = _sum_to(right, 1) - _sum_to(left, 1)
        sy += y * (right - left)
        syy += y * y * (right - left)
        sx += x_sum
        sxx += _sum_to(right, 2) - _sum_to(left, 2)
        sxy += y * x_sum
    my, mx = sy / n, sx / n
    vyy = (syy / n - my * my) * row_mm * row_mm
    vxx = (sxx / n - mx * mx) * column_mm * column_mm
    vxy = (sxy / n - my * mx) * row_mm * column_mm
    middle, radius = (vyy + vxx) / 2.0, np.hypot((vyy - vxx) / 2.0, vxy)
    return middle + radius, max(middle - radius, 0.0)


@njit(nogil=True, cache=True, error_model="numpy")
def _describe(runs, box, n, row_mm, column_mm, out):
    n_half_rows = 2 * (box[2] - box[0]) + 1
    tally = np.zeros(4, np.int64)
    low = np.full(n_half_rows, 1, np.int64)
    high = np.full(n_half_rows, 0, np.int64)
    _outline(runs, box[0], box[2], tally, low, high)
    area = tally[_EIGHTHS] / 8.0 * row_mm * column_mm
    corner_mm = 0.5 * np.hypot(row_mm, column_mm)
    perimeter = tally[_ALONG_ROW] * column_mm + tally[_ALONG_COLUMN] * row_mm + tally[_CORNER] * corner_mm
    major, minor = _principal_variances(runs, box, n, row_mm, column_mm)
    out[0] = np.sqrt(minor / major) if major > 0.0 else np.nan
    out[1] = 4.0 * np.sqrt(major)
    out[2] = _diameter(low, high, row_mm, column_mm)
    out[3] = area
    out[4] = 4.0 * np.sqrt(minor)
    out[5] = perimeter
    out[6] = perimeter / area
    out[7] = n * row_mm * column_mm
    out[8] = 2.0 * np.sqrt(np.pi * area) / perimeter


@njit(nogil=True, cache=True, error_model="numpy")
def _shape2d(runs, first, boxes, n_pixels, row_mm, column_mm, out):
    for t in range(boxes.shape[0]):
        if n_pixels[t] > 0:
            own = runs[first[t] : first[t + 1]]
            _describe(own, boxes[t], n_pixels[t], row_mm, column_mm, out[t])


def shape2d(runs: Runs, spacing_mm: tuple[float, float], out: NDArray[np.float64]) -> None:
    """Fill out (T, 9) float64, in the order of `names.SHAPE_FEATURES`; empty masks are left alone.

    spacing_mm: (row, column).
    """
    _shape2d(runs.runs, runs.first, runs.boxes, runs.n_pixels, spacing_mm[0], spacing_mm[1], out)
