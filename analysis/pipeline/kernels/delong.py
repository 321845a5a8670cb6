"""The area under the ROC curve and DeLong's variance, in O(n log n).

Sources: DeLong, DeLong & Clarke-Pearson, Biometrics 1988 (the variance); Sun & Xu, IEEE Signal Processing
Letters 2014 (placement values from mid-ranks). SCIENCE 5.1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from analysis.pipeline.kernels.statistics_checks import (
    require_labelled_scores,
    require_labels,
    require_level,
    require_scores,
    require_two_classes,
)

# A variance needs two patients of each class.
MINIMUM_PER_CLASS = 2


class PairedDelong(NamedTuple):
    """Two AUCs of the same patients compared: score_a minus score_b."""

    z: float
    p: float
    difference: float
    interval: tuple[float, float]


def auc(y: ArrayLike, score: ArrayLike) -> float:
    """Return the Mann–Whitney AUC, ties counted one half.

    y: (n,) of 0 and 1; score: (n,), larger means more likely positive. Range [0, 1].

    Raises:
        InvalidInputError: one class only, missing values, lengths that differ.
    """
    labels, scores = require_labelled_scores(y, score)
    return _auc_from_ranks(labels == 1, rankdata(scores))


def delong_interval(y: ArrayLike, score: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """Return (auc, low, high): DeLong's symmetric interval, clipped to [0, 1].

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, lengths that differ.
    """
    area, variance = _area_and_variance(y, score)
    half = norm.isf((1.0 - require_level(level)) / 2.0) * np.sqrt(variance)
    return area, float(max(0.0, area - half)), float(min(1.0, area + half))


def delong_logit_interval(y: ArrayLike, score: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """Return (auc, low, high) with DeLong's variance on the log-odds scale, for small samples.

    At an AUC of exactly 0 or 1 the scale has no value and the interval is the point itself, as in
    `delong_interval`; show a bootstrap or exact alternative there.

    Raises:
        InvalidInputError: as `delong_interval`.
    """
    area, variance = _area_and_variance(y, score)
    if area in (0.0, 1.0):
        return area, area, area
    half = norm.isf((1.0 - require_level(level)) / 2.0) * np.sqrt(variance) / (area * (1.0 - area))
    centre = logit(area)
    return area, float(expit(centre - half)), float(expit(centre + half))


def delong_paired(y: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, level: float = 0.95) -> PairedDelong:
    """Compare two AUCs of the same patients; two-sided p, and the interval of auc(a) − auc(b).

    Where the variance of the difference is estimated as zero the answer is z = 0, p = 1 for equal areas,
    and an infinite z with p = 0 for areas that differ (both scores then separate perfectly, in opposite
    directions).

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, lengths that differ.
    """
    labels = require_labels(y)
    scores = np.vstack(
        [
            require_scores(score_a, labels.size, name="score_a"),
            require_scores(score_b, labels.size, name="score_b"),
        ]
    )
    require_two_classes(labels, at_least=MINIMUM_PER_CLASS)
    areas, covariance = delong_covariance(labels, scores)
    difference = float(areas[0] - areas[1])
    deviation = float(np.sqrt(max(0.0, covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])))
    if deviation <= np.finfo(np.float64).eps:
        deviation = 0.0
    z = difference / deviation if deviation else float(np.copysign(np.inf, difference) if difference else 0.0)
    half = float(norm.isf((1.0 - require_level(level)) / 2.0)) * deviation
    interval = (max(-1.0, difference - half), min(1.0, difference + half))
    return PairedDelong(float(z), float(2.0 * norm.sf(abs(z))), difference, interval)


def delong_difference(
    y_a: ArrayLike, score_a: ArrayLike, y_b: ArrayLike, score_b: ArrayLike, level: float = 0.95
) -> tuple[float, float, float]:
    """Return (difference, low, high) of auc(a) − auc(b) of two sets that share no patient.

    The variances add, since the sets are independent; symmetric, clipped to [−1, 1].

    Raises:
        InvalidInputError: as `delong_interval`, for either set.
    """
    area_a, variance_a = _area_and_variance(y_a, score_a)
    area_b, variance_b = _area_and_variance(y_b, score_b)
    half = float(norm.isf((1.0 - require_level(level)) / 2.0) * np.sqrt(variance_a + variance_b))
    difference = area_a - area_b
    return difference, max(-1.0, difference - half), min(1.0, difference + half)


def delong_covariance(
    labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the areas (m,) and their DeLong covariance (m, m) for m scores (m, n) of the same patients.

    labels: (n,) of 0 and 1, at least two of each; not checked here.
    """
    of_positives, of_negatives = placements(labels, scores)
    areas = of_positives.mean(axis=1)
    covariance = np.atleast_2d(np.cov(of_positives)) / of_positives.shape[1]
    covariance = covariance + np.atleast_2d(np.cov(of_negatives)) / of_negatives.shape[1]
    return areas, covariance


def placements(
    labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return DeLong's structural components: (m, positives) and (m, negatives), each in [0, 1]."""
    is_positive = labels == 1
    n_positive = int(is_positive.sum())
    n_negative = labels.size - n_positive
    overall = rankdata(scores, axis=1)
    among_positives = rankdata(scores[:, is_positive], axis=1)
    among_negatives = rankdata(scores[:, ~is_positive], axis=1)
    of_positives = (overall[:, is_positive] - among_positives) / n_negative
    of_negatives = 1.0 - (overall[:, ~is_positive] - among_negatives) / n_positive
    return of_positives, of_negatives


def _area_and_variance(y: ArrayLike, score: ArrayLike) -> tuple[float, float]:
    labels, scores = require_labelled_scores(y, score, at_least=MINIMUM_PER_CLASS)
    _, covariance = delong_covariance(labels, scores[np.newaxis, :])
    return _auc_from_ranks(labels == 1, rankdata(scores)), float(max(0.0, covariance[0, 0]))


def _auc_from_ranks(is_positive: NDArray[np.bool_], ranks: NDArray[np.float64]) -> float:
    n_positive = int(is_positive.sum())
    n_negative = is_positive.size - n_positive
    excess = ranks[is_positive].sum() - n_positive * (n_positive + 1) / 2.0
    return float(excess / (n_positive * n_negative))
