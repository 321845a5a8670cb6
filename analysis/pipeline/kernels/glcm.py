"""The 24 co-occurrence features, from the pair counts of four directions.

Sources: Haralick, Shanmugam and Dinstein, IEEE Trans SMC 1973;3:610-621; IBSI reference manual (codes in
`names.STATIC_INFO`), aggregation BTW3: symmetric matrices at distance 1, one value a direction, mean over
the directions that hold a pair. Conventions of pyradiomics 3.0.1: absent levels are dropped, Ng is the
highest level, epsilon = 2⁻⁵² inside logarithms and in the denominators of MCC, counts are divided by their
sum (so that flat regions give exact zeros and ones), entropies of Imc2 in bits.
"""

# Numba infers the types of compiled functions; the plain ones at the end are typed.
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.pipeline.kernels.constants import EPSILON
from analysis.pipeline.kernels.levels import Levels

_MAX_QL_STEPS = 60  # per eigenvalue; convergence is cubic and takes two or three


@njit(nogil=True, cache=True, error_model="numpy")
def _symmetric(counts, n, p):
    """Fill p[:n, :n] with the normalised symmetric matrix; returns whether there was a pair at all."""
    total = 0
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            total += counts[i, j]
    if total == 0:
        return False
    for i in range(n):
        for j in range(i + 1):
            p[i, j] = float(counts[i + 1, j + 1] + counts[j + 1, i + 1]) / float(2 * total)
            p[j, i] = p[i, j]
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def _marginals(p, value, n, px, by_sum, by_difference):
    """Fill the marginal, p_{x+y} (index k = i + j) and p_{x-y} (index k = |i - j|)."""
    by_sum[:] = 0.0
    by_difference[:] = 0.0
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += p[i, j]
            by_sum[value[i] + value[j]] += p[i, j]
            by_difference[abs(value[i] - value[j])] += p[i, j]
        px[i] = total


@njit(nogil=True, cache=True, error_model="numpy")
def _entropy_of(p):
    total = 0.0
    for k in range(p.size):
        if p[k] > 0.0:
            total -= p[k] * np.log2(p[k] + EPSILON)
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _joint(p, value, n, mean, out):
    """Features that are sums over the matrix itself: indices as in `names.GLCM_FEATURES`."""
    autocorrelation, covariance, energy, largest, variance = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        di = value[i] - mean
        for j in range(n):
            q = p[i, j]
            autocorrelation += q * (value[i] * value[j])
            covariance += q * di * (value[j] - mean)
            variance += q * di * di
            energy += q * q
            largest = max(largest, q)
    out[0] += autocorrelation
    out[5] += covariance / (variance + EPSILON) if variance > 0.0 else 1.0
    out[16] += mean
    out[17] += energy
    out[20] += largest
    out[23] += variance


@njit(nogil=True, cache=True, error_model="numpy")
def _sums(by_sum, mean, out):
    """Features of p_{x+y}."""
    tendency, shade, prominence, average = 0.0, 0.0, 0.0, 0.0
    for k in range(2, by_sum.size):
        d = k - mean - mean
        square = d * d * by_sum[k]
        tendency += square
        shade += square * d
        prominence += square * d * d
        average += k * by_sum[k]
    out[1] += prominence
    out[2] += shade
    out[3] += tendency
    out[21] += average
    out[22] += _entropy_of(by_sum)


@njit(nogil=True, cache=True, error_model="numpy")
def _differences(by_difference, ng, out):
    """Features of p_{x-y}."""
    average = 0.0
    for k in range(ng):
        average += k * by_difference[k]
    for k in range(ng):
        q = by_difference[k]
        out[4] += k * k * q
        out[8] += (k - average) ** 2 * q
        out[9] += q / (1.0 + k)
        out[10] += q / (1.0 + k * k)
        out[11] += q / (1.0 + k * k / (ng * ng))
        out[12] += q / (1.0 + k / ng)
        if k > 0:
            out[15] += q / (k * k)
    out[6] += average
    out[7] += _entropy_of(by_difference)


@njit(nogil=True, cache=True, error_model="numpy")
def _information(p, px, n, out):
    """Joint entropy and the two informational measures of correlation."""
    hxy, hxy1, hxy2 = 0.0, 0.0, 0.0
    for i in range(n):
        for j in range(i + 1):
            both = 1.0 if i == j else 2.0
            product = px[i] * px[j]
            log_product = np.log2(product + EPSILON)
            hxy1 -= both * p[i, j] * log_product
            hxy2 -= both * product * log_product
            if p[i, j] > 0.0:
                hxy -= both * p[i, j] * np.log2(p[i, j] + EPSILON)
    hx = _entropy_of(px[:n])
    out[13] += (hxy - hxy1) / hx if hx != 0.0 else 0.0
    out[14] += np.sqrt(1.0 - np.exp(-2.0 * (hxy2 - hxy))) if hxy2 > hxy else 0.0
    out[18] += hxy


@njit(nogil=True, cache=True, error_model="numpy")
def _reflect(a, m, v, q):
    """Householder step on the symmetric a[:m, :m]: clear its last row left of the subdiagonal.

    Returns the element that couples m - 2 and m - 1 in the tridiagonal matrix. Working from the last row up
    keeps every index counted from 0; matrix times vector goes by rows, sums side by side.
    """
    last, m = a[m - 1], m - 1
    norm = 0.0
    for i in range(m):
        norm += last[i] * last[i]
        v[i] = last[i]
        q[i] = 0.0
    alpha = -np.sqrt(norm) if last[m - 1] > 0.0 else np.sqrt(norm)
    square = norm - alpha * last[m - 1]  # half of |v|² once alpha is taken from its last element
    if square <= 0.0:
        return alpha
    v[m - 1] -= alpha
    for j in range(m):
        row, w = a[j], v[j] / square
        for i in range(m):
            q[i] += row[i] * w
    dot = 0.0
    for i in range(m):
        dot += q[i] * v[i]
    for i in range(m):
        q[i] -= dot / (2.0 * square) * v[i]
    for i in range(m):
        row, vi, qi = a[i], v[i], q[i]
        for j in range(m):
            row[j] -= vi * q[j] + qi * v[j]
    return alpha


@njit(nogil=True, cache=True, error_model="numpy")
def _ql_sweep(main, sub, low, high):
    """One implicit QL sweep with Wilkinson's shift on main[low:high + 1], sub[k] coupling k - 1 and k."""
    g = (main[low + 1] - main[low]) / (2.0 * sub[low + 1])
    r = np.sqrt(g * g + 1.0)
    g = main[high] - main[low] + sub[low + 1] / (g + (r if g >= 0.0 else -r))
    sine, cosine, shift = 1.0, 1.0, 0.0
    for i in range(high - 1, low - 1, -1):
        f, b = sine * sub[i + 1], cosine * sub[i + 1]
        r = np.sqrt(f * f + g * g)
        if i + 2 <= high:
            sub[i + 2] = r
        if r == 0.0:
            main[i + 1] -= shift
            return
        sine, cosine = f / r, g / r
        g = main[i + 1] - shift
        r = (main[i] - g) * sine + 2.0 * cosine * b
        shift = sine * r
        main[i + 1] = g + shift
        g = cosine * r - b
    main[low] -= shift
    sub[low + 1] = g


@njit(nogil=True, cache=True, error_model="numpy")
def _tridiagonal_eigenvalues(main, sub, n):
    """Replace main[:n] by the eigenvalues of the symmetric tridiagonal matrix (unsorted)."""
    for low in range(n):
        for _ in range(_MAX_QL_STEPS):
            high = low
            while high < n - 1:
                if abs(sub[high + 1]) <= EPSILON * (abs(main[high]) + abs(main[high + 1])):
                    break
                high += 1
            if high == low:
                break
            _ql_sweep(main, sub, low, high)


@njit(nogil=True, cache=True, error_model="numpy")
def _maximal_correlation(p, px, n, a, main, sub, v, q):
    """Square root of the second largest eigenvalue of Q = B Bᵀ, B_ij = p_ij / √(px_i px_j + ε): B is
    symmetric, so this is its second largest absolute eigenvalue. One level: 1.
    """
    if n < 2:
        return 1.0
    for i in range(n):
        for j in range(i + 1):
            a[i, j] = p[i, j] / np.sqrt(px[i] * px[j] + EPSILON)
            a[j, i] = a[i, j]
    for m in range(n, 1, -1):
        main[m - 1] = a[m - 1, m - 1]
        sub[m - 1] = _reflect(a, m, v, q)
    main[0] = a[0, 0]
    _tridiagonal_eigenvalues(main, sub, n)
    first, second = 0.0, 0.0
    for k in range(n):
        size = abs(main[k])
        if size > first:
            first, second = size, first
        elif size > second:
            second = size
    return second


@njit(nogil=True, cache=True, error_model="numpy")
def _glcm(tables, value_of, n_levels, out):
    most = max(1, tables.shape[2] - 1)
    p, a = np.empty((most, most)), np.empty((most, most))
    px, main, sub, v, q = np.empty(most), np.empty(most), np.empty(most + 1), np.empty(most), np.empty(most)
    for t in range(tables.shape[0]):
        n = n_levels[t]
        if n == 0:
            continue
        value = value_of[t, :n]
        ng = value[n - 1]
        by_sum, by_difference = np.empty(2 * ng + 1), np.empty(ng)
        sums, n_directions = np.zeros(24), 0
        for direction in range(tables.shape[1]):
            if not _symmetric(tables[t, direction], n, p):
                continue
            n_directions += 1
            _marginals(p, value, n, px, by_sum, by_difference)
            mean = 0.0
            for i in range(n):
                mean += value[i] * px[i]
            _joint(p, value, n, mean, sums)
            _sums(by_sum, mean, sums)
            _differences(by_difference, ng, sums)
            _information(p, px, n, sums)
            sums[19] += _maximal_correlation(p, px, n, a, main, sub, v, q)
        if n_directions > 0:
            for k in range(sums.size):
                out[t, k] = sums[k] / n_directions


def glcm(tables: NDArray[np.integer], levels: Levels, out: NDArray[np.float64]) -> None:
    """Fill out (T, 24) float64, in the order of `names.GLCM_FEATURES`.

    tables: (T, 4, K + 1, K + 1), see `glcm_counts.pair_counts`. Frames without a pair of neighbours inside
    the mask are left alone.
    """
    _glcm(tables, levels.value_of, levels.n_levels, out)
