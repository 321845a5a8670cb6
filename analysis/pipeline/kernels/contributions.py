"""What moved one prediction: a share of the log-odds for every column a classifier used."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.pipeline.kernels.calibration import log_odds

Matrix = NDArray[np.float64]


def contributions(classifier: Any, probability: Callable[[Matrix], Matrix], Z: Matrix) -> tuple[Matrix, str]:
    """Return (n, k) shares of the log-odds of prepared values Z (n, k), and the name of the method.

    XGBoost: exact tree SHAP. Logistic regression: coefficient times standardised value. Forest and SVM:
    the change of the log-odds when one column is set to its training mean; such shares need not add up.
    """
    if isinstance(classifier, xgboost.Booster):
        matrix = xgboost.DMatrix(Z, nthread=1)
        return np.asarray(classifier.predict(matrix, pred_contribs=True), dtype=np.float64)[
            :, :-1
        ], "tree SHAP"
    if isinstance(classifier, LogisticRegression):
        return Z * classifier.coef_[0], "coefficient × standardised value"
    n, k = Z.shape
    without = np.repeat(Z[np.newaxis], k, axis=0)
    without[np.arange(k), :, np.arange(k)] = 0.0
    changed = log_odds(probability(without.reshape(k * n, k))).reshape(k, n).T
    return log_odds(probability(Z))[:, np.newaxis] - changed, "change when set to the training mean"
