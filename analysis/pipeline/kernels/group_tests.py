"""Table 1: do two groups of patients differ? As the paper tested it, and as one should (SCIENCE 5.1, 5.2)."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2_contingency, fisher_exact, mannwhitneyu, norm, shapiro, t, ttest_ind

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.statistics_checks import require_count, require_scores

Mode = Literal["as_published", "corrected"]
# Cochran's rule: below this expected count χ² gives way to an exact test.
SMALLEST_EXPECTED = 5.0
# Above this Shapiro–Wilk p a normal distribution is not refuted.
NORMALITY_P = 0.05
# Shapiro–Wilk is defined from three values and approximated up to five thousand.
SHAPIRO_RANGE = (3, 5000)
FISHER_RESAMPLES = 9999


@dataclass(frozen=True, slots=True)
class GroupTest:
    """One comparison of two groups: the test's name, its statistic and two-sided p."""

    test: str
    statistic: float
    p: float


def mann_whitney(a: ArrayLike, b: ArrayLike) -> GroupTest:
    """Return the asymptotic Mann–Whitney U test, variance corrected for ties, without continuity correction.

    statistic: U of the first group. Two groups that are one constant give p = 1.

    Raises:
        InvalidInputError: an empty group or missing values.
    """
    first, second = require_scores(a, name="a"), require_scores(b, name="b")
    if np.ptp(np.r_[first, second]) == 0.0:
        return GroupTest("Mann–Whitney U", first.size * second.size / 2.0, 1.0)
    found = mannwhitneyu(first, second, use_continuity=False, method="asymptotic", alternative="two-sided")
    return GroupTest("Mann–Whitney U", float(found.statistic), float(found.pvalue))


def mann_whitney_counts(a: ArrayLike, b: ArrayLike) -> GroupTest:
    """Return `mann_whitney` of two groups given as counts of the same ordered categories.

    Raises:
        InvalidInputError: negative counts, an empty group, or tables of different length.
    """
    table = _require_table(a, b)
    values = np.arange(table.shape[1], dtype=np.float64)
    return mann_whitney(np.repeat(values, table[0]), np.repeat(values, table[1]))


def student_t_moments(
    mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int
) -> GroupTest:
    """Return Student's pooled t test from printed means, standard deviations and counts.

    Raises:
        InvalidInputError: fewer than two patients in a group, or a standard deviation that is not positive.
    """
    first = require_count(n_a, name="n_a", minimum=2)
    second = require_count(n_b, name="n_b", minimum=2)
    if not (np.isfinite([mean_a, mean_b]).all() and min(sd_a, sd_b) > 0.0):
        raise InvalidInputError(
            f"expected finite means and positive SDs, got {mean_a} ± {sd_a} and {mean_b} ± {sd_b}."
        )
    freedom = first + second - 2
    pooled = ((first - 1) * sd_a**2 + (second - 1) * sd_b**2) / freedom
    statistic = (mean_a - mean_b) / sqrt(pooled * (1.0 / first + 1.0 / second))
    return GroupTest("Student t", statistic, float(2.0 * t.sf(abs(statistic), freedom)))


def compare_continuous(a: ArrayLike, b: ArrayLike, mode: Mode = "corrected") -> GroupTest:
    """Compare a continuous variable: Student t in the paper's mode; otherwise t only where both look normal.

    Raises:
        InvalidInputError: fewer than two patients in a group, missing values, or an unknown mode.
    """
    first, second = require_scores(a, name="a"), require_scores(b, name="b")
    if min(first.size, second.size) < 2:
        raise InvalidInputError(f"expected two patients a group or more, got {first.size} and {second.size}.")
    if np.ptp(first) == 0.0 and np.ptp(second) == 0.0:
        return mann_whitney(first, second)
    if _require_mode(mode) == "as_published" or (_looks_normal(first) and _looks_normal(second)):
        found = ttest_ind(first, second, equal_var=True)
        return GroupTest("Student t", float(found.statistic), float(found.pvalue))
    return mann_whitney(first, second)


def compare_categories(a: ArrayLike, b: ArrayLike, mode: Mode = "corrected", *, seed: int = 0) -> GroupTest:
    """Compare two groups given as counts of the same categories, in order.

    The paper's mode: Mann–Whitney U. Otherwise χ² without Yates' correction where every expected count is at
    least 5, else Fisher's exact test (Fisher–Freeman–Halton by 9,999 seeded resamples beyond 2 × 2).

    Raises:
        InvalidInputError: negative counts, an empty group, tables of different length, or an unknown mode.
    """
    table = _require_table(a, b)
    if _require_mode(mode) == "as_published":
        return mann_whitney_counts(table[0], table[1])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return GroupTest("one category only", 0.0, 1.0)
    statistic, p, _, expected = chi2_contingency(table, correction=False)
    if expected.min() >= SMALLEST_EXPECTED:
        return GroupTest("χ²", float(statistic), float(p))
    if table.shape[1] == 2:
        odds, p = fisher_exact(table)
        return GroupTest("Fisher's exact", float(odds), float(p))
    return GroupTest("Fisher–Freeman–Halton (resampled)", float(statistic), _freeman_halton(table, seed))


def standardised_difference(a: ArrayLike, b: ArrayLike) -> float:
    """Return (mean a − mean b) over the root of the mean variance: a difference that no sample size inflates.

    Raises:
        InvalidInputError: fewer than two patients in a group, or missing values.
    """
    first, second = require_scores(a, name="a"), require_scores(b, name="b")
    if min(first.size, second.size) < 2:
        raise InvalidInputError(f"expected two patients a group or more, got {first.size} and {second.size}.")
    spread = sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2.0)
    difference = float(first.mean() - second.mean())
    return difference / spread if spread else 0.0


def two_sided_normal_p(z: float) -> float:
    """Return the two-sided p of a standard normal statistic."""
    return float(2.0 * norm.sf(abs(z)))


def _freeman_halton(table: NDArray[np.int64], seed: int) -> float:
    """Resample tables with both margins fixed; p = share at most as probable as the observed one."""
    rng = np.random.default_rng(seed)
    columns = np.repeat(np.arange(table.shape[1]), table.sum(axis=0))
    size = int(table[0].sum())
    log_factorial = np.r_[0.0, np.cumsum(np.log(np.arange(1, table.sum() + 1)))]
    total = table.sum(axis=0)

    def log_weights(first: NDArray[np.int64]) -> NDArray[np.float64]:
        return -(log_factorial[first].sum(axis=-1) + log_factorial[total - first].sum(axis=-1))

    observed = float(log_weights(table[0])) + 1e-9
    drawn = np.array([rng.permutation(columns)[:size] for _ in range(FISHER_RESAMPLES)])
    counts = np.stack([(drawn == column).sum(axis=1) for column in range(total.size)], axis=1)
    return (1 + int((log_weights(counts) <= observed).sum())) / (FISHER_RESAMPLES + 1)


def _looks_normal(values: NDArray[np.float64]) -> bool:
    if not SHAPIRO_RANGE[0] <= values.size <= SHAPIRO_RANGE[1] or np.ptp(values) == 0.0:
        return False
    return float(shapiro(values).pvalue) > NORMALITY_P


def _require_table(a: ArrayLike, b: ArrayLike) -> NDArray[np.int64]:
    rows = [[require_count(v, name=name) for v in np.asarray(g).ravel()] for name, g in (("a", a), ("b", b))]
    if len(rows[0]) != len(rows[1]) or min(sum(rows[0]), sum(rows[1])) < 1:
        raise InvalidInputError(
            f"expected two groups counted over the same categories, none empty, got {rows[0]} and {rows[1]}."
        )
    return np.asarray(rows, dtype=np.int64)


def _require_mode(mode: str) -> str:
    if mode not in ("as_published", "corrected"):
        raise InvalidInputError(f"mode: expected as_published or corrected, got {mode!r}.")
    return mode
