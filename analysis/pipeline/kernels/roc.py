"""The empirical ROC curve, with every operating point a plot needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.kernels.bootstrap import REPLICATES, bootstrap_indices
from analysis.pipeline.kernels.delong import MINIMUM_PER_CLASS
from analysis.pipeline.kernels.statistics_checks import require_count, require_labelled_scores, require_level

BAND_POINTS = 101


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


@dataclass(frozen=True, slots=True)
class RocBand:
    """Pointwise band of a ROC curve: sensitivity at fixed false positive rates; arrays (g,), fractions."""

    false_positive_rate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    replicates: int
    seed: int
    method: str = "stratified patient bootstrap, percentile, pointwise at fixed specificity"


def roc_band(
    y: ArrayLike,
    score: ArrayLike,
    *,
    points: int = BAND_POINTS,
    replicates: int = REPLICATES,
    seed: int = 0,
    level: float = 0.95,
) -> RocBand:
    """Return the band of the ROC curve (steps, no smoothing) over resampled patients.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, lengths that differ.
    """
    labels, scores = require_labelled_scores(y, score, at_least=MINIMUM_PER_CLASS)
    grid = np.linspace(0.0, 1.0, require_count(points, name="points", minimum=2))
    tail = (1.0 - require_level(level)) / 2.0
    drawn = np.vstack(
        [
            _sensitivity_at(labels[rows], scores[rows], grid)
            for rows in bootstrap_indices(
                labels, require_count(replicates, name="replicates", minimum=2), seed
            )
        ]
    )
    low, high = np.quantile(drawn, (tail, 1.0 - tail), axis=0)
    return RocBand(grid, low, high, replicates, seed)


def _sensitivity_at(
    labels: NDArray[np.int64], scores: NDArray[np.float64], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (b, g) largest sensitivities whose false positive rate is at most each of the grid; rows (b, n).

    The positives stand first in every row, as `bootstrap_indices` draws them.
    """
    n1 = int(labels[0].sum())
    positives, negatives = scores[:, :n1], np.sort(scores[:, n1:], axis=1)[:, ::-1]
    n0 = negatives.shape[1]
    allowed = np.floor(grid * n0 + 1e-9).astype(np.int64)
    # With k false positives allowed the cut-off lies just above the negative of rank k + 1.
    ceiling = np.concatenate([negatives, np.full((len(scores), 1), -np.inf)], axis=1)[:, allowed]
    return np.stack([(positives > column[:, np.newaxis]).mean(axis=1) for column in ceiling.T], axis=1)
