"""Sigmoids from scores to probabilities, fitted on out-of-fold predictions only (SCIENCE 4.5)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import expit
from scipy.stats import norm

from analysis.pipeline.kernels.calibration import log_odds, logistic_fit

# A score without signal may fit a falling sigmoid, which would turn every ranking round: it is kept rising.
SMALLEST_SLOPE = 1e-3


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """p = 1 / (1 + exp(−(intercept + slope · value))), always rising."""

    intercept: float
    slope: float

    def of(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,) probabilities of (n,) values."""
        return np.asarray(expit(self.intercept + self.slope * value))

    def of_probability(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,) recalibrated probabilities of (n,) probabilities."""
        return self.of(log_odds(p))


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A sigmoid on the log-odds of a score, and the covariance (2, 2) of its intercept and slope."""

    sigmoid: Sigmoid
    covariance: NDArray[np.float64]

    def probability(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,) recalibrated probabilities of (n,) scores in [0, 1]."""
        return self.sigmoid.of_probability(p)

    def interval(self, p: float, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the event rate among patients with this score.

        It holds the uncertainty of the recalibration on out-of-fold scores, not that of the classifiers.
        """
        value = float(log_odds(np.array([p]))[0])
        row = np.array([1.0, value])
        half = float(norm.isf((1.0 - level) / 2.0)) * float(np.sqrt(max(0.0, row @ self.covariance @ row)))
        centre = self.sigmoid.intercept + self.sigmoid.slope * value
        return float(expit(centre - half)), float(expit(centre + half))


def platt(value: NDArray[np.float64], y: NDArray[np.int64]) -> Sigmoid:
    """Fit Platt's sigmoid of held-out values, targets drawn in from 0 and 1 as Platt (1999) does.

    Without signal, or with the sign reversed, the sigmoid is almost flat at the prevalence: the order stays.
    """
    return _fit(value, y)[0]


def recalibrate(p: NDArray[np.float64], y: NDArray[np.int64]) -> Recalibration:
    """Fit the sigmoid from the log-odds of out-of-fold probabilities to the labels."""
    return Recalibration(*_fit(log_odds(p), y))


def out_of_fold_probability(
    p: NDArray[np.float64], y: NDArray[np.int64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (n,) recalibrated probabilities, each by a sigmoid fitted on the other folds' scores.

    A sigmoid judged on the scores it was fitted on is calibrated by construction; this one is not.
    """
    found = np.empty(p.size)
    for number in np.unique(folds):
        inside = folds == number
        found[inside] = recalibrate(p[~inside], y[~inside]).probability(p[inside])
    return found


def venn_abers(score: float, scores: NDArray[np.float64], y: NDArray[np.int64]) -> tuple[float, float]:
    """Return the Venn–Abers range of a score: isotonic rates with the patient as negative and as positive.

    scores, y: (n,) held-out scores and labels of other patients. Source: Vovk, Petej & Fedorova, NIPS 2015.
    """
    low, high = (
        _isotonic_at(score, np.append(scores, score), np.append(y, label).astype(np.float64))
        for label in (0, 1)
    )
    return low, high


def _isotonic_at(score: float, scores: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    values, inverse = np.unique(scores, return_inverse=True)
    weights = np.bincount(inverse).astype(np.float64)
    rates = np.bincount(inverse, weights=y) / weights
    fitted = isotonic_regression(rates, weights=weights).x
    return float(fitted[np.searchsorted(values, score)])


def _fit(value: NDArray[np.float64], y: NDArray[np.int64]) -> tuple[Sigmoid, NDArray[np.float64]]:
    positives = int(y.sum())
    negatives = y.size - positives
    targets = np.where(y == 1, (positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0))
    centre, spread = float(value.mean()), float(value.std())
    if spread > 0.0:
        design = np.column_stack([np.ones(y.size), (value - centre) / spread])
        fitted = logistic_fit(design, targets)
        if fitted is not None and fitted[0][1] > SMALLEST_SLOPE:
            slope = float(fitted[0][1]) / spread
            back = np.array([[1.0, -centre / spread], [0.0, 1.0 / spread]])
            return Sigmoid(float(fitted[0][0]) - slope * centre, slope), back @ fitted[1] @ back.T
    mean = float(targets.mean())
    slope = SMALLEST_SLOPE / spread if spread > 0.0 else SMALLEST_SLOPE
    flat = np.array([[1.0 / (y.size * mean * (1.0 - mean)), 0.0], [0.0, 0.0]])
    return Sigmoid(float(np.log(mean / (1.0 - mean))) - slope * centre, slope), flat
