"""Intervals of proportions and exact tests of paired calls (SCIENCE 5.1)."""

from math import sqrt

import numpy as np
from scipy.stats import beta, binom, norm

from analysis.pipeline.kernels.statistics_checks import require_count, require_level, require_proportion

# Sums of fractions of whole counts closer than this are the same number.
SAME = 1e-12


def wald(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the textbook interval p ± z·√(p(1−p)/n) as fractions, clipped to [0, 1].

    Printed beside the better ones because the paper uses it; it is far too narrow near 0 and 1.

    Raises:
        InvalidInputError: unless 0 <= k <= n and n >= 1, whole numbers.
    """
    count, total = require_proportion(k, n)
    p = count / total
    half = _quantile(level) * sqrt(p * (1.0 - p) / total)
    return max(0.0, p - half), min(1.0, p + half)


def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval as fractions (Wilson, JASA 1927), the main one here.

    Raises:
        InvalidInputError: unless 0 <= k <= n and n >= 1, whole numbers.
    """
    count, total = require_proportion(k, n)
    z = _quantile(level)
    p = count / total
    denominator = 1.0 + z * z / total
    centre = (p + z * z / (2.0 * total)) / denominator
    half = z * sqrt(p * (1.0 - p) / total + z * z / (4.0 * total * total)) / denominator
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == total else min(1.0, centre + half)
    return low, high


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval as fractions (Clopper & Pearson, Biometrika 1934).

    Raises:
        InvalidInputError: unless 0 <= k <= n and n >= 1, whole numbers.
    """
    count, total = require_proportion(k, n)
    tail = (1.0 - require_level(level)) / 2.0
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, total - count + 1))
    high = 1.0 if count == total else float(beta.isf(tail, count + 1, total - count))
    return low, high


def mcnemar_exact(b: int, c: int) -> float:
    """Return the two-sided exact p of McNemar's test.

    b, c: numbers of discordant patients, those only the first and only the second model called rightly.
    Without a discordant patient there is nothing to tell them apart: p = 1.

    Raises:
        InvalidInputError: unless both are whole numbers of at least 0.
    """
    first, second, total = _discordant(b, c)
    if total == 0:
        return 1.0
    return float(min(1.0, 2.0 * binom.cdf(min(first, second), total, 0.5)))


def mcnemar_mid_p(b: int, c: int) -> float:
    """Return the mid-p of McNemar's test: twice (one-sided p less half the observed probability).

    Raises:
        InvalidInputError: unless both are whole numbers of at least 0.
    """
    first, second, total = _discordant(b, c)
    if total == 0:
        return 1.0
    smaller = min(first, second)
    one_sided = float(binom.cdf(smaller, total, 0.5)) - float(binom.pmf(smaller, total, 0.5)) / 2.0
    return min(1.0, 2.0 * one_sided)


def youden_wald(k1: int, n1: int, k0: int, n0: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of SEN + SPC − 1 from independent binomials, clipped to [−1, 1].

    k1 of n1 positives and k0 of n0 negatives were called rightly, at a cut-off fixed beforehand (SCIENCE
    5.1).

    Raises:
        InvalidInputError: unless 0 <= k <= n and n >= 1 in both classes.
    """
    true_positives, positives = require_proportion(k1, n1)
    true_negatives, negatives = require_proportion(k0, n0)
    sensitivity, specificity = true_positives / positives, true_negatives / negatives
    variance = sensitivity * (1 - sensitivity) / positives + specificity * (1 - specificity) / negatives
    youden, half = sensitivity + specificity - 1.0, _quantile(level) * sqrt(variance)
    return max(-1.0, youden - half), min(1.0, youden + half)


def youden_exact(b1: int, c1: int, n1: int, b0: int, c0: int, n0: int) -> float:
    """Return the two-sided exact p for equal Youden indices of two models on the same patients.

    b1, c1: of n1 positives, those only the first and only the second model called rightly; b0, c0: the same
    of n0 negatives. Under the null the two calls of a discordant patient may be swapped: both numbers are
    binomial with one half, and p is the share of swaps whose difference is at least as large as the one seen.
    It is McNemar's exact test where only one class has discordant patients.

    Raises:
        InvalidInputError: unless all are whole numbers, n1 and n0 at least 1, and no class has more
            discordant patients than patients.
    """
    m1, m0 = require_proportion(b1 + c1, n1)[0], require_proportion(b0 + c0, n0)[0]
    _discordant(b1, c1), _discordant(b0, c0)
    observed = abs((b1 - c1) / n1 + (b0 - c0) / n0)
    first = (2.0 * np.arange(m1 + 1) - m1) / n1
    second = (2.0 * np.arange(m0 + 1) - m0) / n0
    weight = np.outer(binom.pmf(np.arange(m1 + 1), m1, 0.5), binom.pmf(np.arange(m0 + 1), m0, 0.5))
    as_large = np.abs(first[:, np.newaxis] + second) >= observed - SAME
    return float(min(1.0, weight[as_large].sum()))


def _discordant(b: int, c: int) -> tuple[int, int, int]:
    first, second = require_count(b, name="b"), require_count(c, name="c")
    return first, second, first + second


def _quantile(level: float) -> float:
    return float(norm.isf((1.0 - require_level(level)) / 2.0))
