"""What moved one prediction: a share of the log-odds for every column a classifier used."""

from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.pipeline.kernels.calibration import LOGIT_EDGE, log_odds
from analysis.pipeline.kernels.fitted import FittedBase
from analysis.pipeline.kernels.forest import FrozenForest
from analysis.pipeline.kernels.shapley import (
    BACKGROUND_ROWS,
    ORDER_PAIRS,
    forest_shapley,
    permutation_shapley,
)

Matrix = NDArray[np.float64]

TREE_SHAP = "tree SHAP"
FOREST_SHAP = "tree SHAP of the probability, brought to log-odds by one factor a patient"
LINEAR_SHAP = "linear SHAP (coefficient × standardised value)"
PERMUTATION_SHAP = (
    f"permutation SHAP ({2 * ORDER_PAIRS} orders of the columns, {BACKGROUND_ROWS} training patients)"
)


def contributions(base: FittedBase, Z: Matrix, background: Matrix) -> tuple[Matrix, str]:
    """Return (n, k) shares of the log-odds of prepared values Z (n, k), and the name of the method.

    background: (m, k) prepared values of training patients. Whatever the method, the shares of one patient
    add up to the difference between the patient's log-odds and those of an average patient.
    """
    classifier: Any = base.classifier
    if isinstance(classifier, xgboost.Booster):
        matrix = xgboost.DMatrix(Z, nthread=1)
        shares = classifier.predict(matrix, pred_contribs=True)
        return np.asarray(shares, dtype=np.float64)[:, :-1], TREE_SHAP
    if isinstance(classifier, LogisticRegression):
        return Z * classifier.coef_[0], LINEAR_SHAP
    if isinstance(classifier, FrozenForest):
        return _of_forest(classifier, Z), FOREST_SHAP
    shares = permutation_shapley(lambda X: log_odds(base.probability_of_prepared(X)), Z, background)
    return shares, PERMUTATION_SHAP


def _of_forest(forest: FrozenForest, Z: Matrix) -> Matrix:
    """Scale shares of the probability so that they add up to the difference of log-odds; signs stay."""
    shares, expected = forest_shapley(forest, Z)
    change = shares.sum(axis=1)
    middle = float(np.clip(expected, LOGIT_EDGE, 1.0 - LOGIT_EDGE))
    slope = np.full(change.size, 1.0 / (middle * (1.0 - middle)))
    moved = np.abs(change) > LOGIT_EDGE
    ends = log_odds(expected + change[moved]) - log_odds(np.array([expected]))
    slope[moved] = ends / change[moved]
    return shares * slope[:, np.newaxis]
