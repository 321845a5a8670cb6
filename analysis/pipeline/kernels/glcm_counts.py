"""Co-occurrence counts of discretised frames: four directions in one pass over the mask's runs.

A pair counts if both pixels lie in the mask. Outside is level 0, whose row and column of the table nobody
reads, so the loop has no branches.
"""

# Numba infers the types of compiled functions; the plain ones at the end are typed.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.pipeline.kernels.levels import Levels
from analysis.pipeline.kernels.runs import Runs

N_DIRECTIONS = 4  # (0, 1), (1, 1), (1, 0), (1, -1): with the transpose, all eight neighbours


@njit(nogil=True, cache=True)
def _fill_plane(pixels, start, width, runs, box, index_of, plane, stride):
    """Write the level index of each pixel of the mask; the plane has a border of zeros on three sides."""
    plane[: (box[2] - box[0] + 1) * stride + 1] = 0
    for k in range(runs.shape[0]):
        source = start + runs[k, 0] * width + runs[k, 1]
        target = (runs[k, 0] - box[0]) * stride + runs[k, 1] - box[1] + 1
        n = runs[k, 2] - runs[k, 1]
        grey, level = pixels[source : source + n], plane[target : target + n]
        for x in range(n):
            level[x] = index_of[grey[x]]


@njit(nogil=True, cache=True)
def _count_run(here, below, n, size, t0, t1, t2, t3):
    """Count the pairs of one run: here[1:n + 1] are its pixels, below the same columns of the next row."""
    for x in range(n):
        row = here[x + 1] * size
        t0[row + here[x + 2]] += 1
        t1[row + below[x + 2]] += 1
        t2[row + below[x + 1]] += 1
        t3[row + below[x]] += 1


@njit(nogil=True, cache=True)
def _count_pairs(pixels, starts, widths, runs, first, boxes, index_of, tables):
    size = tables.shape[2]
    largest = 0
    for t in range(starts.size):
        largest = max(largest, (boxes[t, 2] - boxes[t, 0] + 1) * (boxes[t, 3] - boxes[t, 1] + 2) + 1)
    plane = np.empty(largest, np.uint16)
    for t in range(starts.size):
        own = runs[first[t] : first[t + 1]]
        if own.shape[0] == 0:
            continue
        box = boxes[t]
        stride = box[3] - box[1] + 2
        _fill_plane(pixels, starts[t], widths[t], own, box, index_of[t], plane, stride)
        flat = tables[t].reshape((4, size * size))
        for k in range(own.shape[0]):
            at = (own[k, 0] - box[0]) * stride + own[k, 1] - box[1]
            n = own[k, 2] - own[k, 1]
            here, below = plane[at:], plane[at + stride :]
            _count_run(here, below, n, np.uint32(size), flat[0], flat[1], flat[2], flat[3])


def pair_counts(
    pixels: NDArray[np.uint8],
    starts: NDArray[np.int64],
    widths: NDArray[np.int64],
    runs: Runs,
    levels: Levels,
) -> NDArray[np.int32]:
    """(T, 4, K + 1, K + 1) int32 counts of (pixel, neighbour) level indices, K = the most levels of any
    frame.

    Not yet symmetric; row and column 0 stand for pixels outside the mask.
    """
    size = int(levels.n_levels.max(initial=0)) + 1
    tables = np.zeros((starts.size, N_DIRECTIONS, size, size), np.int32)
    _count_pairs(pixels, starts, widths, runs.runs, runs.first, runs.boxes, levels.index_of, tables)
    return tables
