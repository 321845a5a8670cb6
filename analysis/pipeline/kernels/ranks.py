"""Rank statistics of many columns at once, and folds of one training set."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Matrix = NDArray[np.float64]


def column_aucs(features: Matrix, y: NDArray[np.int64]) -> Matrix:
    """Return (p,) AUCs of the columns of (n, p), each over the patients in whom it is finite.

    A column whose finite values belong to one class only has no AUC and gets one half.
    """
    whole = np.isfinite(features).all(axis=0)
    areas = np.full(features.shape[1], 0.5)
    if whole.any():
        areas[whole] = rank_auc(rankdata(features[:, whole], axis=0), y)
    for column in np.flatnonzero(~whole):
        rows = np.isfinite(features[:, column])
        if 0 < y[rows].sum() < rows.sum():
            areas[column] = rank_auc(rankdata(features[rows, column])[:, np.newaxis], y[rows])[0]
    return areas


def rank_auc(ranks: Matrix, y: NDArray[np.int64]) -> Matrix:
    """Return (p,) AUCs of columns given as mid-ranks (n, p); both classes must be present."""
    positives = int(y.sum())
    negatives = y.size - positives
    excess = ranks[y == 1].sum(axis=0) - positives * (positives + 1) / 2.0
    return excess / (positives * negatives)


def stratified_folds(y: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Return (n,) fold numbers, each class spread evenly, in the order of the rows given."""
    rng = np.random.default_rng(seed)
    number = np.empty(y.size, dtype=np.int64)
    start = 0
    for label in (1, 0):
        rows = rng.permutation(np.flatnonzero(y == label))
        number[rows] = (start + np.arange(rows.size)) % folds
        start += rows.size
    return number


def share_of_rows(
    y: NDArray[np.int64], rows: NDArray[np.int64], share: float, seed: int
) -> NDArray[np.int64]:
    """Return a share of the rows of each class, ascending; a larger share holds every smaller one."""
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(rows[y[rows] == label]) for label in (0, 1)]
    return np.sort(np.concatenate([some[: max(1, round(share * some.size))] for some in drawn]))
