"""Agreement of ordered calls with ordered classes, beyond chance: Cohen's weighted kappa.

Source: Cohen, Psychol Bull 1968; linear weights. The interval resamples patients inside each class.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError

Classes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WeightedKappa:
    """1 is perfect agreement, 0 that of chance; interval None without resampling. method: how it was made."""

    value: float
    low: float | None
    high: float | None
    replicates: int
    seed: int
    method: str = "linear weights; patient bootstrap inside each class, percentile"


def weighted_kappa(
    truth: Classes, call: Classes, n_classes: int, *, replicates: int = 2000, seed: int = 0
) -> WeightedKappa:
    """Return kappa of (n,) calls and classes 0 … n_classes − 1.

    Raises:
        InvalidInputError: lengths that differ, nothing, or a class out of range.
    """
    if truth.shape != call.shape or truth.ndim != 1 or truth.size == 0:
        raise InvalidInputError(f"expected a call for every patient, got {truth.shape} and {call.shape}.")
    if min(truth.min(), call.min()) < 0 or max(truth.max(), call.max()) >= n_classes:
        raise InvalidInputError(f"expected classes 0 to {n_classes - 1}.")
    value = float(_kappa(_table(truth, call, n_classes)[np.newaxis])[0])
    if replicates == 0:
        return WeightedKappa(value, None, None, 0, seed)
    rng = np.random.default_rng(seed)
    tables = np.zeros((replicates, n_classes, n_classes))
    for level, row in enumerate(_table(truth, call, n_classes)):
        if row.sum():
            # Drawing patients of a class with replacement is drawing their calls from a multinomial.
            tables[:, level] = rng.multinomial(int(row.sum()), row / row.sum(), replicates)
    low, high = np.quantile(_kappa(tables), (0.025, 0.975))
    return WeightedKappa(value, float(low), float(high), replicates, seed)


def _table(truth: Classes, call: Classes, n_classes: int) -> NDArray[np.float64]:
    counts = np.bincount(truth * n_classes + call, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes).astype(np.float64)


def _kappa(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (b,) kappas of (b, k, k) tables; 1 where neither side varies and both agree."""
    levels = np.arange(tables.shape[1])
    distance = np.abs(levels[:, np.newaxis] - levels)
    share = tables / tables.sum(axis=(1, 2), keepdims=True)
    observed = (share * distance).sum(axis=(1, 2))
    chance = np.einsum("bi,bj,ij->b", share.sum(axis=2), share.sum(axis=1), distance)
    disagreement = np.divide(observed, chance, out=np.where(observed == 0.0, 0.0, np.inf), where=chance > 0.0)
    return 1.0 - disagreement
