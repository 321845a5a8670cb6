"""The cut-off that maximises Youden's index, chosen on training predictions only (SCIENCE 4.5)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.statistics_checks import require_labelled_scores

# Two Youden indices closer than this are the same number: sums of fractions of whole counts.
YOUDEN_TIE = 1e-12


def youden_cutoff(y: ArrayLike, score: ArrayLike) -> float:
    """Return the cut-off with the largest SEN + SPC − 1; a score at or above it is called positive.

    Candidates are the midpoints between neighbouring distinct scores; among equal indices the one with the
    higher sensitivity (the lowest) is taken.

    Raises:
        InvalidInputError: one class only, missing values, lengths that differ, or a constant score,
            which no cut-off can divide.
    """
    labels, scores = require_labelled_scores(y, score)
    distinct, code = np.unique(scores, return_inverse=True)
    if distinct.size < 2:
        raise InvalidInputError(
            f"score: expected at least two distinct values, got {distinct[0]:g} for everybody. "
            "A constant score has no cut-off; look at why the model predicts the same for all."
        )
    youden = _youden_of_cuts(labels, code, distinct.size)
    best = int(np.flatnonzero(youden >= youden.max() - YOUDEN_TIE)[0])
    return midpoint(float(distinct[best]), float(distinct[best + 1]))


def frozen_cutoff(y: ArrayLike, score: ArrayLike) -> float:
    """Return Youden's cut-off, or the score itself where all are equal: everybody is then called positive.

    Raises:
        InvalidInputError: one class only, missing values, lengths that differ.
    """
    _, scores = require_labelled_scores(y, score)
    return float(scores[0]) if np.ptp(scores) == 0.0 else youden_cutoff(y, scores)


def midpoint(below: float, above: float) -> float:
    """Return a number in (below, above], the middle where floating point has one."""
    middle = below / 2.0 + above / 2.0
    return middle if below < middle <= above else above


def _youden_of_cuts(
    labels: NDArray[np.int64], code: NDArray[np.int64], n_distinct: int
) -> NDArray[np.float64]:
    """Return SEN + SPC − 1 of the cut between distinct value i and i + 1, for i = 0 … n_distinct − 2."""
    positives = np.bincount(code, weights=labels, minlength=n_distinct)
    negatives = np.bincount(code, weights=1 - labels, minlength=n_distinct)
    missed = np.cumsum(positives)[:-1] / positives.sum()
    cleared = np.cumsum(negatives)[:-1] / negatives.sum()
    return cleared - missed
