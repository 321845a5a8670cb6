"""The paper's comparison of two models: a t test over resamples of the same patients. Not a valid test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.bootstrap import weighted_auc
from analysis.pipeline.kernels.delong import MINIMUM_PER_CLASS
from analysis.pipeline.kernels.statistics_checks import (
    require_count,
    require_labels,
    require_scores,
    require_two_classes,
)

REPETITIONS = 1000
RESAMPLED_METRICS = ("AUC", "ACC", "YI")
CAVEAT = (
    "Not a valid test: the {repetitions} resamples are dependent copies of one experiment with {n} "
    "patients. Their spread already is the standard error; dividing it by √{repetitions} shrinks it "
    "{factor:.0f}-fold, so p goes to 0 for any difference. Under equal AUCs this test rejects in about 95 % "
    "of studies (DeLong: about 4 %). Read the paired DeLong test or the bootstrap interval of the difference."
)


@dataclass(frozen=True, slots=True)
class ResampleTTest:
    """Paired t test over resamples, as published; difference: mean of metric(a) − metric(b) over them."""

    metric: str
    t: float
    p: float
    difference: float
    repetitions: int
    seed: int
    caveat: str


def paper_resample_ttest(
    y: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    metric: str = "AUC",
    *,
    cutoffs: tuple[float, float] | None = None,
    repetitions: int = REPETITIONS,
    seed: int = 0,
) -> ResampleTTest:
    """Draw n of the n patients with replacement, the same for both models, and t-test the paired differences.

    metric: AUC, ACC or YI; the latter two need one frozen cut-off a model. Resamples with one class only
    are drawn again. The answer carries the sentence on what is wrong with it; print both (SCIENCE 5.1, 5.5).

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, lengths that differ, an unknown
            metric, or cut-offs missing where needed.
    """
    labels = require_labels(y)
    require_two_classes(labels, at_least=MINIMUM_PER_CLASS)
    scores = np.vstack([require_scores(s, labels.size) for s in (score_a, score_b)])
    count = require_count(repetitions, name="repetitions", minimum=2)
    measure = _measure(metric, labels, scores, cutoffs)
    drawn = measure(_draw(labels, count, seed))
    difference = drawn[:, 0] - drawn[:, 1]
    statistic, p = _t_test(difference)
    caveat = CAVEAT.format(repetitions=count, n=labels.size, factor=np.sqrt(count))
    return ResampleTTest(metric, statistic, p, float(difference.mean()), count, seed, caveat)


def paper_resample_matrix(
    y: ArrayLike,
    scores: Mapping[str, ArrayLike],
    metric: str = "AUC",
    *,
    cutoffs: Mapping[str, float] | None = None,
    repetitions: int = REPETITIONS,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return (m, m) p-values of `paper_resample_ttest` for all pairs of m models; NaN on the diagonal.

    The resamples are drawn once, the same for all models, so that every entry equals that of the pair alone.

    Raises:
        InvalidInputError: as `paper_resample_ttest`.
    """
    labels = require_labels(y)
    require_two_classes(labels, at_least=MINIMUM_PER_CLASS)
    stacked = np.vstack([require_scores(s, labels.size, name=name) for name, s in scores.items()])
    count = require_count(repetitions, name="repetitions", minimum=2)
    frozen = None if cutoffs is None else tuple(cutoffs[name] for name in scores)
    drawn = _measure(metric, labels, stacked, frozen)(_draw(labels, count, seed))
    found = np.full((len(stacked), len(stacked)), np.nan)
    for a, b in combinations(range(len(stacked)), 2):
        found[a, b] = found[b, a] = _t_test(drawn[:, a] - drawn[:, b])[1]
    return found


def _t_test(difference: NDArray[np.float64]) -> tuple[float, float]:
    """Return t and its two-sided p over the resampled differences (b,)."""
    mean, spread = float(difference.mean()), float(difference.std(ddof=1))
    root = np.sqrt(difference.size)
    statistic = mean / (spread / root) if spread else float(np.copysign(np.inf, mean) if mean else 0.0)
    return float(statistic), float(2.0 * t.sf(abs(statistic), difference.size - 1))


def _measure(
    metric: str,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    cutoffs: tuple[float, ...] | None,
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    if metric not in RESAMPLED_METRICS:
        raise InvalidInputError(f"metric: expected one of {', '.join(RESAMPLED_METRICS)}, got {metric!r}.")
    if metric == "AUC":
        return lambda weights: weighted_auc(labels, scores, weights)
    if cutoffs is None:
        raise InvalidInputError(f"cutoffs: {metric} needs the two frozen cut-offs, one a model; got none.")
    right = (scores >= np.asarray(cutoffs)[:, np.newaxis]) == (labels == 1)
    if metric == "ACC":
        return lambda weights: weights @ right.T / labels.size
    return lambda weights: _class_rate(weights, right, labels) + _class_rate(weights, right, 1 - labels) - 1.0


def _class_rate(
    weights: NDArray[np.float64], right: NDArray[np.bool_], of_class: NDArray[np.int64]
) -> NDArray[np.float64]:
    inside = weights * of_class
    return (inside @ right.T) / inside.sum(axis=1, keepdims=True)


def _draw(labels: NDArray[np.int64], repetitions: int, seed: int) -> NDArray[np.float64]:
    """Return (repetitions, n) counts of how often each patient was drawn, both classes always present."""
    rng = np.random.default_rng(seed)
    kept: list[NDArray[np.float64]] = []
    while len(kept) < repetitions:
        weights = np.bincount(rng.integers(0, labels.size, labels.size), minlength=labels.size).astype(float)
        positives = float(weights @ labels)
        if 0.0 < positives < labels.size:
            kept.append(weights)
    return np.vstack(kept)
