"""Late fusion of a video and a clinical classifier, fitted on out-of-fold predictions only (SCIENCE 4.4)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.calibration import log_odds
from analysis.pipeline.kernels.combiner import METHODS, Combiner, fused_name, pairs
from analysis.pipeline.kernels.ranks import column_aucs
from analysis.pipeline.kernels.statistics_checks import (
    require_labels,
    require_probabilities,
    require_two_classes,
)

__all__ = [
    "METHODS",
    "Combiner",
    "fit_combiner",
    "fold_combiner",
    "fused_name",
    "out_of_fold_fusion",
    "pairs",
]

Vector = NDArray[np.float64]

# Weights tried by `weighted`: 0, .05 … 1 for the video branch.
WEIGHTS = np.round(np.arange(21) * 0.05, 2)
STACK_PENALTY = 1.0
EVEN = 0.5


def fit_combiner(method: str, p_video: ArrayLike, p_clinical: ArrayLike, y: ArrayLike) -> Combiner:
    """Fit a fusion on out-of-fold probabilities of training patients; mean and logit_mean learn nothing.

    Never pass probabilities of patients the classifiers were fitted on: the combiner would learn which branch
    overfits more.

    Raises:
        InvalidInputError: an unknown method, one class only, or inputs that do not fit together.
    """
    if method not in METHODS:
        raise InvalidInputError(f"method: expected one of {', '.join(METHODS)}, got {method!r}.")
    labels = require_labels(y)
    require_two_classes(labels)
    first = require_probabilities(p_video, labels.size, name="p_video")
    second = require_probabilities(p_clinical, labels.size, name="p_clinical")
    if method == "stack":
        design = np.column_stack([log_odds(first), log_odds(second)])
        model = LogisticRegression(C=STACK_PENALTY).fit(design, labels)
        return Combiner(method, float(model.intercept_[0]), *(float(c) for c in model.coef_[0]))
    weight = _best_weight(first, second, labels) if method == "weighted" else EVEN
    return Combiner(method, 0.0, weight, 1.0 - weight)


def out_of_fold_fusion(
    method: str, p_video: ArrayLike, p_clinical: ArrayLike, y: ArrayLike, folds: NDArray[np.int64]
) -> Vector:
    """Return (n,) fused probabilities, each from a combiner that was fitted on the other folds.

    Raises:
        InvalidInputError: as `fit_combiner`, or one class only outside a fold.
    """
    first, second = np.asarray(p_video), np.asarray(p_clinical)
    fused = np.empty(folds.size)
    for number in np.unique(folds):
        held_out = folds == number
        combiner = fold_combiner(method, first, second, y, folds, int(number))
        fused[held_out] = combiner.combine(first[held_out], second[held_out])
    return fused


def fold_combiner(
    method: str,
    p_video: ArrayLike,
    p_clinical: ArrayLike,
    y: ArrayLike,
    folds: NDArray[np.int64],
    number: int,
) -> Combiner:
    """Return the fusion that fold `number` gets: fitted on out-of-fold probabilities of the other folds.

    Raises:
        InvalidInputError: as `fit_combiner`.
    """
    others = folds != number
    first, second, labels = (np.asarray(values)[others] for values in (p_video, p_clinical, y))
    return fit_combiner(method, first, second, labels)


def _best_weight(first: Vector, second: Vector, labels: NDArray[np.int64]) -> float:
    """Return the video branch's weight with the largest AUC, the most even one among equals."""
    areas = column_aucs(np.outer(first, WEIGHTS) + np.outer(second, 1.0 - WEIGHTS), labels)
    best = WEIGHTS[areas >= areas.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - EVEN))])
