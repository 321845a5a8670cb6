"""Do predicted probabilities mean what they say? (HONESTY D.6 item 5)"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.statistics_checks import (
    require_labels,
    require_level,
    require_probabilities,
    require_two_classes,
)

# Probabilities are kept this far from 0 and 1 before their log-odds are taken.
LOGIT_EDGE = 1e-6
NEWTON_STEPS = 100
NEWTON_TOLERANCE = 1e-10
ROOT_TOLERANCE = 1e-12
# A slope is reported only where the fit converged below this log-odds ratio; beyond it classes are separated.
SEPARATION = 1e3
CURVE_POINTS = 101
# Silverman's rule of thumb for the width of the smoother, on the probability scale.
SILVERMAN = 0.9
NARROWEST_BANDWIDTH = 0.02


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of one set of probabilities.

    brier: mean squared error, 0 best; brier_null: that of predicting the prevalence for everybody;
    intercept: calibration in the large, log-odds, 0 best, with (low, high); slope: 1 best, below 1 too
    extreme; slope fields are None where the classes are separated or the predictions constant;
    observed_expected: events over the sum of predictions, 1 best, with (low, high) from Poisson-free log SE
    √((1−prevalence)/events).
    """

    n: int
    events: int
    brier: float
    brier_null: float
    intercept: float
    intercept_interval: tuple[float, float]
    slope: float | None
    slope_interval: tuple[float, float] | None
    observed_expected: float
    observed_expected_interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Smoothed observed frequency against prediction; arrays (g,) on a grid inside the predicted range."""

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    bandwidth: float
    method: str = "Gaussian kernel regression of the outcome on the prediction, pointwise Wald band"


def brier(y: ArrayLike, probability: ArrayLike) -> float:
    """Return the mean squared difference between label and probability, in [0, 1].

    Raises:
        InvalidInputError: labels other than 0 and 1, probabilities outside [0, 1], lengths that differ.
    """
    labels = require_labels(y)
    p = require_probabilities(probability, labels.size)
    return float(np.mean((p - labels) ** 2))


def calibration(y: ArrayLike, probability: ArrayLike, level: float = 0.95) -> Calibration:
    """Return Brier score, calibration intercept, slope and observed : expected, with Wald intervals.

    Raises:
        InvalidInputError: one class only, probabilities outside [0, 1], lengths that differ.
    """
    labels = require_labels(y)
    p = require_probabilities(probability, labels.size)
    require_two_classes(labels)
    z = float(norm.isf((1.0 - require_level(level)) / 2.0))
    prevalence = float(labels.mean())
    intercept, deviation = _calibration_in_the_large(labels, log_odds(p))
    slope, slope_interval = _calibration_slope(labels, p, z)
    ratio, ratio_interval = _observed_expected(labels, p, z)
    return Calibration(
        n=int(labels.size),
        events=int(labels.sum()),
        brier=float(np.mean((p - labels) ** 2)),
        brier_null=prevalence * (1.0 - prevalence),
        intercept=intercept,
        intercept_interval=(intercept - z * deviation, intercept + z * deviation),
        slope=slope,
        slope_interval=slope_interval,
        observed_expected=ratio,
        observed_expected_interval=ratio_interval,
    )


def calibration_curve(
    y: ArrayLike, probability: ArrayLike, *, level: float = 0.95, points: int = CURVE_POINTS
) -> CalibrationCurve:
    """Return a smoothed calibration curve between the smallest and largest prediction; never bins.

    Raises:
        InvalidInputError: one class only, probabilities outside [0, 1], lengths that differ, fewer than 2
            points.
    """
    labels = require_labels(y)
    p = require_probabilities(probability, labels.size)
    require_two_classes(labels)
    if points < 2:
        raise InvalidInputError(f"points: expected at least 2, got {points}.")
    z = float(norm.isf((1.0 - require_level(level)) / 2.0))
    bandwidth = max(NARROWEST_BANDWIDTH, SILVERMAN * float(p.std()) * p.size**-0.2)
    grid = np.linspace(p.min(), p.max(), points)
    weights = np.exp(-0.5 * ((grid[:, np.newaxis] - p) / bandwidth) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    observed = weights @ labels
    spread = np.sqrt((weights**2).sum(axis=1) * observed * (1.0 - observed))
    return CalibrationCurve(
        predicted=grid,
        observed=observed,
        low=np.clip(observed - z * spread, 0.0, 1.0),
        high=np.clip(observed + z * spread, 0.0, 1.0),
        bandwidth=float(bandwidth),
    )


def log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln p/(1−p) with p kept inside [1e-6, 1 − 1e-6]."""
    return np.asarray(logit(np.clip(probability, LOGIT_EDGE, 1.0 - LOGIT_EDGE)))


def logistic_fit(
    design: NDArray[np.float64],
    labels: NDArray[np.int64] | NDArray[np.float64],
    offset: NDArray[np.float64] | float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return (coefficients (k,), covariance (k, k)) of unpenalised logistic regression by Newton's method.

    None where the maximum does not exist (separated classes) or the design is singular.
    """
    beta = np.zeros(design.shape[1])
    for _ in range(NEWTON_STEPS):
        mean = expit(design @ beta + offset)
        information = (design * (mean * (1.0 - mean))[:, np.newaxis]).T @ design
        try:
            step = np.linalg.solve(information, design.T @ (labels - mean))
        except np.linalg.LinAlgError:
            return None
        beta = beta + step
        if not np.isfinite(beta).all() or np.abs(beta).max() > SEPARATION:
            return None
        if np.abs(step).max() < NEWTON_TOLERANCE:
            covariance = np.linalg.pinv(information)
            return beta, covariance
    return None


def _calibration_in_the_large(labels: NDArray[np.int64], eta: NDArray[np.float64]) -> tuple[float, float]:
    """Intercept a of Σ expit(eta + a) = events and its standard error; with both classes it always exists.

    The sum rises with a, and lies on either side of the events at the ends of the bracket. Newton's method
    may leave the flat tails of confident predictions and never come back.
    """
    events, prevalence = float(labels.sum()), float(logit(labels.mean()))

    def excess(intercept: float) -> float:
        return float(expit(eta + intercept).sum()) - events

    low, high = prevalence - float(eta.max()), prevalence - float(eta.min())
    intercept = low if high - low < ROOT_TOLERANCE else _root(excess, low, high)
    mean = expit(eta + intercept)
    return intercept, float(1.0 / np.sqrt((mean * (1.0 - mean)).sum()))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Root of a rising function in a bracket whose ends may be roots up to rounding."""
    if function(low) >= 0.0:
        return low
    if function(high) <= 0.0:
        return high
    return float(brentq(function, low, high, xtol=ROOT_TOLERANCE))


def _calibration_slope(
    labels: NDArray[np.int64], p: NDArray[np.float64], z: float
) -> tuple[float | None, tuple[float, float] | None]:
    eta = log_odds(p)
    if np.ptp(eta) == 0.0:
        return None, None
    fitted = logistic_fit(np.column_stack([np.ones(eta.size), eta]), labels)
    if fitted is None:
        return None, None
    slope, deviation = float(fitted[0][1]), float(np.sqrt(fitted[1][1, 1]))
    return slope, (slope - z * deviation, slope + z * deviation)


def _observed_expected(
    labels: NDArray[np.int64], p: NDArray[np.float64], z: float
) -> tuple[float, tuple[float, float]]:
    events, expected = float(labels.sum()), float(np.clip(p, LOGIT_EDGE, 1.0).sum())
    ratio = events / expected
    deviation = float(np.sqrt((1.0 - events / labels.size) / events))
    return ratio, (ratio * float(np.exp(-z * deviation)), ratio * float(np.exp(z * deviation)))
