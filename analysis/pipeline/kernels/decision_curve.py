"""Net benefit over thresholds, beside treating all and none (Vickers & Elkin, Med Decis Making 2006)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.bootstrap import BLOCK, REPLICATES, bootstrap_indices
from analysis.pipeline.kernels.statistics_checks import (
    require_labels,
    require_level,
    require_probabilities,
    require_two_classes,
)


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit per patient at each threshold probability; arrays (t,).

    net_benefit: true positives − false positives · t/(1−t), over n; treat_all: the same for calling
    everybody; treating none is 0 throughout; low, high: stratified bootstrap percentiles of net_benefit.
    """

    threshold: NDArray[np.float64]
    net_benefit: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    treat_all: NDArray[np.float64]
    replicates: int
    seed: int


def net_benefit(y: ArrayLike, probability: ArrayLike, threshold: ArrayLike) -> NDArray[np.float64]:
    """Return net benefit (t,) of calling positive at probability >= threshold.

    Raises:
        InvalidInputError: labels other than 0 and 1, probabilities or thresholds out of range, lengths
            that differ.
    """
    labels = require_labels(y)
    p = require_probabilities(probability, labels.size)
    return _net_benefit(labels, p, _require_thresholds(threshold))


def decision_curve(
    y: ArrayLike,
    probability: ArrayLike,
    threshold: ArrayLike | None = None,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    level: float = 0.95,
) -> DecisionCurve:
    """Return the decision curve with a pointwise bootstrap band; default thresholds 0.01 … 0.99.

    Raises:
        InvalidInputError: one class only, probabilities or thresholds out of range, lengths that differ.
    """
    labels = require_labels(y)
    p = require_probabilities(probability, labels.size)
    require_two_classes(labels)
    t = _require_thresholds(np.arange(1, 100) / 100.0 if threshold is None else threshold)
    tail = (1.0 - require_level(level)) / 2.0
    drawn = np.vstack([_block(labels, p, t, rows) for rows in bootstrap_indices(labels, replicates, seed)])
    low, high = np.quantile(drawn, (tail, 1.0 - tail), axis=0)
    prevalence = float(labels.mean())
    return DecisionCurve(
        threshold=t,
        net_benefit=_net_benefit(labels, p, t),
        low=low,
        high=high,
        treat_all=prevalence - (1.0 - prevalence) * t / (1.0 - t),
        replicates=replicates,
        seed=seed,
    )


def _net_benefit(
    labels: NDArray[np.int64], p: NDArray[np.float64], t: NDArray[np.float64]
) -> NDArray[np.float64]:
    called = p >= t[:, np.newaxis]
    true_positives = (called & (labels == 1)).sum(axis=1)
    false_positives = (called & (labels == 0)).sum(axis=1)
    return (true_positives - false_positives * t / (1.0 - t)) / labels.size


def _block(
    labels: NDArray[np.int64], p: NDArray[np.float64], t: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (b, t) net benefits of one block of resamples (at most BLOCK rows)."""
    assert rows.shape[0] <= BLOCK
    worth = np.where(labels == 1, 1.0, 0.0)[:, np.newaxis] - np.outer(labels == 0, t / (1.0 - t))
    gain = np.where(p[:, np.newaxis] >= t, worth, 0.0)
    weights = np.stack([np.bincount(row, minlength=labels.size) for row in rows])
    return weights @ gain / labels.size


def _require_thresholds(threshold: ArrayLike) -> NDArray[np.float64]:
    t = np.atleast_1d(require_probabilities(np.atleast_1d(threshold), name="threshold"))
    if t.min() <= 0.0 or t.max() >= 1.0:
        raise InvalidInputError(
            f"threshold: expected fractions strictly between 0 and 1, got {t.min():g} to {t.max():g}."
        )
    return t
