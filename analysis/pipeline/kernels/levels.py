"""Histograms of grey values and their discretisation into levels, as pyradiomics 3.0.1 does it.

Fixed bin width W: edges at multiples of W from the one at or below the minimum, so that the level of x is
floor(x / W) - floor(minimum / W) + 1 (pyradiomics `getBinEdges`; IBSI fixed bin size differs in its
anchor). Fixed bin count: the edges of `numpy.histogram` over [minimum, maximum], the last one raised by 1;
a flat region is one level (pyradiomics would answer one arbitrary level of a widened range).
"""

# Numba infers the types of compiled functions; the plain ones at the end are typed.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.pipeline.kernels.constants import N_GREY


@njit(nogil=True, cache=True)
def _histogram(pixels, start, width, runs, one, two):
    """Counts of grey values under the runs; two tables, since one would wait for its own last write."""
    for k in range(runs.shape[0]):
        base = start + runs[k, 0] * width
        grey = pixels[base + runs[k, 1] : base + runs[k, 2]]
        half = grey.size // 2
        second = grey[half:]
        for x in range(half):
            one[grey[x]] += 1
            two[second[x]] += 1
        if grey.size % 2:
            one[grey[grey.size - 1]] += 1


@njit(nogil=True, cache=True)
def _histograms(pixels, starts, widths, runs, first, out):
    one = np.empty(256, np.int32)
    two = np.empty(256, np.int32)
    for t in range(starts.size):
        one[:] = 0
        two[:] = 0
        _histogram(pixels, starts[t], widths[t], runs[first[t] : first[t + 1]], one, two)
        for v in range(256):
            out[t, v] = one[v] + two[v]


def histograms(
    pixels: NDArray[np.uint8],
    starts: NDArray[np.int64],
    widths: NDArray[np.int64],
    runs: NDArray[np.int32],
    first: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(T, 256) int64, how often each grey value occurs under the mask of each packed frame."""
    out = np.empty((starts.size, N_GREY), np.int64)
    _histograms(pixels, starts, widths, runs, first, out)
    return out


@njit(nogil=True, cache=True)
def _edges_of_width(low, high, bin_width):
    """`numpy.arange(low - low % W, high + 2 W, W)`, with its rounding."""
    start = low - low % bin_width
    step = (start + bin_width) - start
    n = int(np.ceil((high + 2.0 * bin_width - start) / bin_width))
    edges = np.empty(n, np.float64)
    for k in range(n):
        edges[k] = start + k * step
    return edges


@njit(nogil=True, cache=True)
def _edges_of_count(low, high, bin_count):
    """`numpy.histogram_bin_edges` of bin_count bins over [low, high], with its rounding, last edge + 1."""
    step = (high - low) / bin_count
    edges = np.empty(bin_count + 1, np.float64)
    for k in range(bin_count):
        edges[k] = k * step + low
    edges[bin_count] = high + 1.0
    return edges


@njit(nogil=True, cache=True)
def _discretise(histogram, bin_width, bin_count, level_of):
    """Fill level_of[v] for v from the minimum to the maximum; `numpy.digitize` by a walk along the edges."""
    low, high = 0, 255
    while histogram[low] == 0:
        low += 1
    while histogram[high] == 0:
        high -= 1
    if bin_count > 0 and low == high:
        level_of[low] = 1
        return
    if bin_count > 0:
        edges = _edges_of_count(float(low), float(high), bin_count)
    else:
        edges = _edges_of_width(float(low), float(high), bin_width)
    level = 0
    for v in range(low, high + 1):
        while level < edges.size and edges[level] <= v:
            level += 1
        level_of[v] = level


@njit(nogil=True, cache=True)
def _levels(histograms, n_pixels, bin_width, bin_count, level_of, index_of, value_of, n_levels):
    for t in range(histograms.shape[0]):
        if n_pixels[t] == 0:
            continue
        _discretise(histograms[t], bin_width, bin_count, level_of[t])
        n = 0
        last = 0
        for v in range(256):
            if histograms[t, v] > 0:
                if level_of[t, v] != last:
                    last = level_of[t, v]
                    value_of[t, n] = last
                    n += 1
                index_of[t, v] = n
        n_levels[t] = n


class Levels:
    """Discretisation of several frames.

    index_of: (T, 256) uint16, 1-based rank of the populated level of each grey value, 0 where it is absent;
    value_of: (T, 256) int64, level number of rank k + 1 (level 1 holds the minimum);
    n_levels: (T,) int64, how many levels are populated.
    """

    __slots__ = ("index_of", "n_levels", "value_of")

    def __init__(self, histograms: NDArray[np.int64], bin_width: float, bin_count: int | None) -> None:
        n_frames = histograms.shape[0]
        self.index_of = np.zeros((n_frames, N_GREY), np.uint16)
        self.value_of = np.zeros((n_frames, N_GREY), np.int64)
        self.n_levels = np.zeros(n_frames, np.int64)
        level_of = np.zeros((n_frames, N_GREY), np.int64)
        _levels(
            histograms,
            histograms.sum(axis=1),
            float(bin_width),
            bin_count or 0,
            level_of,
            self.index_of,
            self.value_of,
            self.n_levels,
        )
