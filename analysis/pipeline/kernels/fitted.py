"""Fitted classifiers of one branch: what they hold, how they predict, and which parameters made them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.estimators import LASSO_FOLDS, MISSING_SHARE, MOST_FEATURES, REDUNDANCY
from analysis.pipeline.kernels.forest import FrozenForest
from analysis.pipeline.kernels.recalibration import Sigmoid

Matrix = NDArray[np.float64]
Classifier = Any  # SVC, FrozenForest, LogisticRegression or xgboost.Booster

KINDS = ("SVM", "RF", "LR", "XGBoost")
VIDEO, CLINICAL = "video", "clinical"
BRANCHES = (VIDEO, CLINICAL)
DEVICES = ("cpu", "cuda", "auto")
FIRST_GPU = Path("/dev/nvidia0")


@dataclass(frozen=True, slots=True)
class ClassifierParameters:
    """What is tried for each classifier, and how columns are chosen; the defaults are those of SCIENCE 4.2.

    svm_c, lr_c: penalties; rf_leaves: smallest leaves; rf_trees, rf_tuning_trees: trees of the final
    forest and of those that only choose the leaf; xgb_depths, xgb_trees: depths and rounds; most_features,
    lasso_folds, redundancy, missing_share: of the selection; device: cpu or cuda for XGBoost; threads: of
    one fit.
    """

    svm_c: tuple[float, ...] = (0.1, 1.0, 10.0)
    lr_c: tuple[float, ...] = (0.01, 0.1, 1.0)
    rf_leaves: tuple[int, ...] = (3, 5, 10)
    rf_trees: int = 500
    rf_tuning_trees: int = 100
    xgb_depths: tuple[int, ...] = (2, 3)
    xgb_trees: tuple[int, ...] = (200, 400)
    most_features: int = MOST_FEATURES
    lasso_folds: int = LASSO_FOLDS
    redundancy: float = REDUNDANCY
    missing_share: float = MISSING_SHARE
    device: str = "cpu"
    threads: int = 1


def xgboost_device(device: str) -> str:
    """Return where XGBoost trains: auto takes CUDA where the library and a GPU have it.

    Raises:
        InvalidInputError: neither cpu, cuda nor auto.
    """
    if device not in DEVICES:
        raise InvalidInputError(f"device: expected one of {', '.join(DEVICES)}, got {device!r}.")
    if device != "auto":
        return device
    built = bool(xgboost.build_info().get("USE_CUDA"))
    return "cuda" if built and FIRST_GPU.exists() else "cpu"


@dataclass(frozen=True, slots=True)
class FittedBase:
    """One classifier of one branch, ready to predict.

    prepare: the fitted steps before it; columns: (k,) input columns it uses, in its own order; tuned: what
    tuning chose; sigmoid: from decision values to probabilities (SVM only); inner_auc: of the choice, on
    inner folds.
    """

    branch: str
    kind: str
    prepare: Pipeline
    columns: NDArray[np.int64]
    classifier: Classifier
    sigmoid: Sigmoid | None
    tuned: Mapping[str, float] = field(default_factory=dict)
    inner_auc: float = float("nan")

    def prepared(self, X: Matrix) -> Matrix:
        """Return (n, k) standardised values of the columns used, from raw (n, p) input."""
        return np.asarray(self.prepare.transform(X))[:, : self.columns.size]

    def probability(self, X: Matrix) -> Matrix:
        """Return (n,) probabilities of the positive class from raw (n, p) input, missing values as NaN."""
        return self.probability_of_prepared(self.prepared(X))

    def probability_of_prepared(self, Z: Matrix) -> Matrix:
        """Return (n,) probabilities from (n, k) values of `prepared`."""
        raw = decision(self.classifier, Z)
        return self.sigmoid.of(raw) if self.sigmoid else raw


def decision(classifier: Classifier, Z: Matrix, rounds: int = 0) -> Matrix:
    """Return (n,) raw outputs: decision values of an SVM, probabilities of the others.

    rounds: use only so many boosting rounds, 0 for all.
    """
    if isinstance(classifier, SVC):
        return np.asarray(classifier.decision_function(Z), dtype=np.float64)
    if isinstance(classifier, FrozenForest):
        return classifier.predict(Z)
    if isinstance(classifier, LogisticRegression):
        return np.asarray(classifier.predict_proba(Z)[:, 1], dtype=np.float64)
    matrix = xgboost.DMatrix(Z, nthread=1)
    return np.asarray(classifier.predict(matrix, iteration_range=(0, rounds)), dtype=np.float64)
