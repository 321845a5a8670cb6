"""The empirical ROC curve, with every operating point a plot needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.kernels.statistics_checks import require_labelled_scores


@dataclass(frozen=True, slots=True)
class RocCurve:
    """Operating points from (0, 0) to (1, 1); arrays (k,).

    A point (false_positive_rate, true_positive_rate) calls positive at score >= threshold; the first
    threshold is +infinity. Rates are fractions.
    """

    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    threshold: NDArray[np.float64]


def roc_curve(y: ArrayLike, score: ArrayLike) -> RocCurve:
    """Return all operating points, one a distinct score.

    Raises:
        InvalidInputError: one class only, missing values, lengths that differ.
    """
    labels, scores = require_labelled_scores(y, score)
    distinct, code = np.unique(-scores, return_inverse=True)
    positives = np.bincount(code, weights=labels, minlength=distinct.size)
    negatives = np.bincount(code, weights=1 - labels, minlength=distinct.size)
    return RocCurve(
        false_positive_rate=np.r_[0.0, np.cumsum(negatives) / negatives.sum()],
        true_positive_rate=np.r_[0.0, np.cumsum(positives) / positives.sum()],
        threshold=np.r_[np.inf, -distinct],
    )
