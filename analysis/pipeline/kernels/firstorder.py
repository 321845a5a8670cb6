"""The 18 first-order features, from the histogram of an 8-bit region.

Sums over 256 grey values replace sums over pixels: the same numbers up to the last bits of a float64.
Sources: IBSI reference manual, intensity-based statistics and intensity histogram (codes in
`names.STATIC_INFO`); percentiles follow `numpy.percentile(method="linear")`, since the robust deviation
includes the values equal to P10 and P90; Entropy and Uniformity are of the discretised values.
"""

# Numba infers the types of compiled functions; the plain ones at the end are typed.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.pipeline.kernels.constants import EPSILON
from analysis.pipeline.kernels.levels import Levels


@njit(nogil=True, cache=True, error_model="numpy")
def _order_statistic(histogram, rank):
    """The grey value of 0-based rank `rank` in the sorted region."""
    seen = 0
    for v in range(256):
        seen += histogram[v]
        if seen > rank:
            return float(v)
    return 255.0


@njit(nogil=True, cache=True, error_model="numpy")
def _percentile(histogram, n, percent):
    """`numpy.percentile` with linear interpolation, in NumPy's own arithmetic."""
    position = (n - 1) * (percent / 100.0)
    rank = int(np.floor(position))
    share = position - rank
    low = _order_statistic(histogram, rank)
    high = _order_statistic(histogram, min(rank + 1, n - 1))
    if share >= 0.5:
        return high - (high - low) * (1.0 - share)
    return low + (high - low) * share


@njit(nogil=True, cache=True, error_model="numpy")
def _mean(histogram, low, high):
    n, total = 0, 0
    for v in range(low, high + 1):
        n += histogram[v]
        total += histogram[v] * v
    return total / n


@njit(nogil=True, cache=True, error_model="numpy")
def _mean_deviation(histogram, low, high):
    """Mean absolute deviation from their mean of the grey values in [low, high]."""
    mean = _mean(histogram, low, high)
    n, total = 0, 0.0
    for v in range(low, high + 1):
        n += histogram[v]
        total += histogram[v] * abs(v - mean)
    return total / n


@njit(nogil=True, cache=True, error_model="numpy")
def _moments(histogram, n, mean):
    """Second, third and fourth central moments of the population."""
    m2, m3, m4 = 0.0, 0.0, 0.0
    for v in range(256):
        d = v - mean
        w = histogram[v] * d * d
        m2 += w
        m3 += w * d
        m4 += w * d * d
    return m2 / n, m3 / n, m4 / n


@njit(nogil=True, cache=True, error_model="numpy")
def _entropy_uniformity(histogram, n, index_of, n_levels):
    counts = np.zeros(n_levels + 1, np.int64)
    for v in range(256):
        counts[index_of[v]] += histogram[v]
    entropy, uniformity = 0.0, 0.0
    for k in range(1, n_levels + 1):
        p = counts[k] / n
        entropy -= p * np.log2(p + EPSILON)
        uniformity += p * p
    return entropy, uniformity


@njit(nogil=True, cache=True, error_model="numpy")
def _describe(h, n, pixel_area, index_of, n_levels, out):
    low, high = _order_statistic(h, 0), _order_statistic(h, n - 1)
    p10, p90 = _percentile(h, n, 10.0), _percentile(h, n, 90.0)
    mean = _mean(h, 0, 255)
    m2, m3, m4 = _moments(h, n, mean)
    energy = 0
    for v in range(256):
        energy += h[v] * v * v
    out[0], out[1] = p10, p90
    out[2] = energy
    out[3], out[16] = _entropy_uniformity(h, n, index_of, n_levels)
    out[4] = _percentile(h, n, 75.0) - _percentile(h, n, 25.0)
    out[5] = m4 / m2**2 if m2 > 0.0 else 0.0
    out[6], out[10], out[11] = high, low, high - low
    out[7], out[8] = _mean_deviation(h, 0, 255), mean
    out[9] = (_order_statistic(h, (n - 1) // 2) + _order_statistic(h, n // 2)) / 2.0
    out[12] = _mean_deviation(h, int(np.ceil(p10)), int(np.floor(p90)))
    out[13] = np.sqrt(energy / n)
    out[14] = m3 / m2**1.5 if m2 > 0.0 else 0.0
    out[15] = energy * pixel_area
    out[17] = m2


@njit(nogil=True, cache=True, error_model="numpy")
def _firstorder(histograms, n_pixels, pixel_area, index_of, n_levels, out):
    for t in range(histograms.shape[0]):
        if n_pixels[t] > 0:
            _describe(histograms[t], n_pixels[t], pixel_area, index_of[t], n_levels[t], out[t])


def firstorder(
    histograms: NDArray[np.int64], levels: Levels, spacing_mm: tuple[float, float], out: NDArray[np.float64]
) -> None:
    """Fill out (T, 18) float64, in the order of `names.FIRSTORDER_FEATURES`; empty regions are left alone.

    histograms: (T, 256); spacing_mm: (row, column).
    """
    area = spacing_mm[0] * spacing_mm[1]
    n_pixels = histograms.sum(axis=1)
    _firstorder(histograms, n_pixels, area, levels.index_of, levels.n_levels, out)
