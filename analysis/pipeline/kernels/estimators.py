"""Transformers of the learning pipelines: scikit-learn estimators that are fitted inside training folds only.

Each keeps what it learned in plain arrays, so that it can be stored without pickle. Source of the order of
steps and of every default: SCIENCE 4.2 and 4.3.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import lasso_path

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.ranks import rank_auc, stratified_folds

Matrix = NDArray[np.float64]

# A column with a larger share of values missing in training is dropped.
MISSING_SHARE = 0.05
# A share of patients is turned into a count after this much for binary fractions.
COUNT_SLACK = 1e-9
# A column whose spread is below this fraction of its largest value does not vary.
CONSTANT_RATIO = 1e-9
REDUNDANCY = 0.95
# A path of 20 alphas down to a twentieth of the largest costs a fortieth of scikit-learn's default
# (SCIENCE 8.9).
ALPHAS = 20
SMALLEST_ALPHA_RATIO = 5e-2
LASSO_FOLDS = 5
# Choosing columns needs no more digits than this; correlated columns need many rounds.
LASSO_SOLVER = {"tol": 1e-3, "max_iter": 20_000}
MOST_FEATURES = 30
FEWEST_FEATURES = 5
# cN2 joins cN1 and cT3 joins cT2: 5 and 7 patients of 445 are too few for a level of their own (SCIENCE 4.3).
CLINICAL_CAPS = (np.inf, np.inf, np.inf, 2.0, 1.0, np.inf)


class _Step(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """A fitted step from one matrix of columns to another."""


class MedianImputer(_Step):
    """Replace missing values by the training median; drop columns with too many of them."""

    def __init__(self, missing_share: float = MISSING_SHARE) -> None:
        self.missing_share = missing_share

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Learn medians. Raises InvalidInputError where every column is (nearly) all missing."""
        finite = np.isfinite(X)
        allowed = int(self.missing_share * X.shape[0] + COUNT_SLACK)
        self.columns_ = np.flatnonzero((~finite).sum(axis=0) <= allowed)
        if self.columns_.size == 0:
            raise InvalidInputError(
                f"features: expected a column with at most {self.missing_share:.0%} of values missing, "
                f"got none of {X.shape[1]}. Describe the clips again, or leave out those without features."
            )
        kept = np.where(finite, X, np.nan)[:, self.columns_]
        self.medians_ = np.nanmedian(kept, axis=0)
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return the kept columns without missing values."""
        kept = X[:, self.columns_]
        return np.where(np.isfinite(kept), kept, self.medians_)


class ConstantDropper(_Step):
    """Drop columns that do not vary in training."""

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Find the varying columns. Raises InvalidInputError where there is none."""
        largest = np.abs(X).max(axis=0)
        self.columns_ = np.flatnonzero(X.std(axis=0) > CONSTANT_RATIO * largest)
        if self.columns_.size == 0:
            raise InvalidInputError(
                f"features: expected a column that varies between patients, got {X.shape[1]} constant. "
                "Check that different clips were described."
            )
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return the varying columns."""
        return X[:, self.columns_]


class Standardiser(_Step):
    """Subtract the training mean and divide by the training standard deviation (population)."""

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Learn means and deviations of columns that vary."""
        self.means_ = X.mean(axis=0)
        self.deviations_ = X.std(axis=0)
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return z-values."""
        return (X - self.means_) / self.deviations_


class RedundancyFilter(_Step):
    """Among columns with |Spearman ρ| above the threshold keep the one that separates the classes best."""

    def __init__(self, threshold: float = REDUNDANCY) -> None:
        self.threshold = threshold

    def fit(self, X: Matrix, y: NDArray[np.int64]) -> Self:
        """Choose greedily in order of univariate |AUC − ½|, ties in column order."""
        ranks = rankdata(X, axis=0)
        order = np.argsort(-np.abs(rank_auc(ranks, y) - 0.5), kind="stable")
        centred = ranks - ranks.mean(axis=0)
        centred /= np.sqrt((centred**2).sum(axis=0))
        near = np.abs(centred.T @ centred) > self.threshold
        dropped = np.zeros(X.shape[1], dtype=bool)
        kept = []
        for column in order:
            if not dropped[column]:
                kept.append(column)
                dropped |= near[column]
        self.columns_ = np.sort(np.asarray(kept, dtype=np.int64))
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return the kept columns."""
        return X[:, self.columns_]


class LassoSelector(_Step):
    """Select columns by the lasso; columns come out ordered by importance, the largest coefficient first.

    The penalty is the largest within one standard error of the smallest cross-validated error. Where that
    keeps fewer than `fewest` columns the penalty of the smallest error is taken, and where that still
    keeps too few the columns with the largest univariate |AUC − ½| fill up. At most `most` are kept.
    """

    def __init__(
        self,
        most: int = MOST_FEATURES,
        fewest: int = FEWEST_FEATURES,
        folds: int = LASSO_FOLDS,
        seed: int = 0,
    ) -> None:
        self.most = most
        self.fewest = fewest
        self.folds = folds
        self.seed = seed

    def fit(self, X: Matrix, y: NDArray[np.int64]) -> Self:
        """Choose penalty and columns on standardised training data."""
        target = y - y.mean()
        largest = np.abs(X.T @ target).max() / y.size
        alphas = largest * np.geomspace(1.0, SMALLEST_ALPHA_RATIO, ALPHAS)
        errors = self._held_out_errors(X, y, alphas)
        _, coefficients, _ = lasso_path(X, target, alphas=alphas, **LASSO_SOLVER)
        for self.alpha_index_ in _candidate_penalties(errors):
            size = np.abs(coefficients[:, self.alpha_index_])
            if np.count_nonzero(size) >= min(self.fewest, X.shape[1]):
                break
        self.columns_ = self._ordered(size, np.abs(rank_auc(rankdata(X, axis=0), y) - 0.5))
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return the selected columns, the most important first."""
        return X[:, self.columns_]

    def _ordered(self, size: Matrix, separation: Matrix) -> NDArray[np.int64]:
        order = np.lexsort((-separation, -size))
        keep = int(np.clip(np.count_nonzero(size), min(self.fewest, size.size), self.most))
        return order[:keep].astype(np.int64)

    def _held_out_errors(self, X: Matrix, y: NDArray[np.int64], alphas: Matrix) -> Matrix:
        """Return squared errors (n, alphas) of patients held out."""
        fold = stratified_folds(y, self.folds, self.seed)
        errors = np.empty((y.size, alphas.size))
        for number in range(int(fold.max()) + 1):
            held_out = fold == number
            train, target = X[~held_out], y[~held_out].astype(np.float64)
            centre, mean = train.mean(axis=0), target.mean()
            _, path, _ = lasso_path(train - centre, target - mean, alphas=alphas, **LASSO_SOLVER)
            predicted = (X[held_out] - centre) @ path + mean
            errors[held_out] = (y[held_out][:, np.newaxis] - predicted) ** 2
        return errors


class ClinicalEncoder(_Step):
    """Merge sparse stages: age, size_cm, menopause, cT (3 joins 2), cN (2 joins 1), cTNM."""

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Nothing is learned; the number of columns is checked."""
        if X.shape[1] != len(CLINICAL_CAPS):
            raise InvalidInputError(
                f"clinical: expected {len(CLINICAL_CAPS)} columns (age, size_cm, menopause, cT, cN, cTNM), "
                f"got {X.shape[1]}."
            )
        self.columns_ = np.arange(X.shape[1])
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return the columns with sparse stages merged; missing values stay missing."""
        return np.minimum(X, np.asarray(CLINICAL_CAPS))


def _candidate_penalties(errors: Matrix) -> tuple[int, ...]:
    """Return indices of penalties to try, the preferred first; alphas fall with the index."""
    mean = errors.mean(axis=0)
    smallest = int(np.argmin(mean))
    one_error = mean[smallest] + errors[:, smallest].std(ddof=1) / np.sqrt(errors.shape[0])
    return int(np.flatnonzero(mean <= one_error)[0]), smallest
