"""Stratified patient bootstrap: areas, differences, and the honest figure for the best of many models.

Every resample draws patients with replacement inside each class, so that the class counts stay (SCIENCE 5.1).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.delong import MINIMUM_PER_CLASS
from analysis.pipeline.kernels.statistics_checks import (
    require_count,
    require_labelled_scores,
    require_labels,
    require_level,
    require_scores,
    require_two_classes,
)

REPLICATES = 2000
# Resamples are worked off in blocks so that memory stays flat whatever the cohort.
BLOCK = 64
# A permutation p never reaches zero: the observed labelling counts as one of the permutations.
OBSERVED = 1

Metric = Callable[[NDArray[np.int64], NDArray[np.float64]], float]


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """A figure, its percentile interval, and how it was resampled. standard_error: of the figure itself."""

    value: float
    low: float
    high: float
    standard_error: float
    replicates: int
    seed: int
    method: str = "stratified patient bootstrap, percentile"


@dataclass(frozen=True, slots=True)
class SelectionCorrected:
    """What remains of the best of several models once choosing it is part of what is resampled.

    names and picked: how often each model was the best; best: the best on these patients; naive: its AUC
    here; corrected: the mean AUC, on patients left out of a resample, of the model that was best inside it;
    optimism: naive − corrected; low, high: percentile interval of the corrected figure.
    """

    best: str
    naive: float
    corrected: float
    optimism: float
    low: float
    high: float
    names: tuple[str, ...]
    picked: tuple[float, ...]
    replicates: int
    seed: int
    method: str = "bootstrap bias-corrected maximum (out-of-bag AUC of the in-bag best)"


def bootstrap_indices(labels: NDArray[np.int64], replicates: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield blocks (b, n) of patient indices, drawn with replacement inside each class."""
    rng = np.random.default_rng(seed)
    positives, negatives = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    for start in range(0, replicates, BLOCK):
        rows = min(BLOCK, replicates - start)
        yield np.hstack(
            [
                positives[rng.integers(0, positives.size, (rows, positives.size))],
                negatives[rng.integers(0, negatives.size, (rows, negatives.size))],
            ]
        )


def bootstrap_auc(
    y: ArrayLike, score: ArrayLike, *, replicates: int = REPLICATES, seed: int = 0, level: float = 0.95
) -> BootstrapInterval:
    """Return the AUC with a stratified percentile bootstrap interval.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, lengths that differ.
    """
    labels, scores = require_labelled_scores(y, score, at_least=MINIMUM_PER_CLASS)
    drawn = resampled_aucs(labels, scores[np.newaxis, :], replicates, seed)[:, 0]
    value = weighted_auc(labels, scores[np.newaxis, :], np.ones((1, labels.size)))[0, 0]
    return _interval(float(value), drawn, replicates, seed, level)


def bootstrap_auc_difference(
    y: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    level: float = 0.95,
) -> BootstrapInterval:
    """Return auc(a) − auc(b), both models judged on the same resampled patients.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, lengths that differ.
    """
    labels, scores = _stack(y, {"score_a": score_a, "score_b": score_b})
    drawn = resampled_aucs(labels, scores, replicates, seed)
    value = weighted_auc(labels, scores, np.ones((1, labels.size)))[0]
    return _interval(float(value[0] - value[1]), drawn[:, 0] - drawn[:, 1], replicates, seed, level)


def bootstrap_metric(
    y: ArrayLike,
    score: ArrayLike,
    metric: Metric,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    level: float = 0.95,
) -> BootstrapInterval:
    """Return any figure `metric(labels, scores)` with a stratified percentile bootstrap interval.

    Raises:
        InvalidInputError: as `bootstrap_auc`.
    """
    labels, scores = require_labelled_scores(y, score, at_least=MINIMUM_PER_CLASS)
    _require_replicates(replicates)
    drawn = [
        metric(labels[row], scores[row])
        for block in bootstrap_indices(labels, replicates, seed)
        for row in block
    ]
    return _interval(metric(labels, scores), np.asarray(drawn), replicates, seed, level)


def selection_corrected_auc(
    y: ArrayLike,
    scores: Mapping[str, ArrayLike],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    level: float = 0.95,
) -> SelectionCorrected:
    """Correct the AUC of the best of several models for having been chosen.

    In every resample the model with the largest AUC is chosen on the drawn patients and judged on those
    left out (Tsamardinos, Greasidou & Borboudakis, Machine Learning 2018). HONESTY D.6 item 7.

    Raises:
        InvalidInputError: no model, fewer than two patients of a class, missing values, lengths that differ.
    """
    if not scores:
        raise InvalidInputError("scores: expected at least one model, got none.")
    labels, stacked = _stack(y, scores)
    whole = weighted_auc(labels, stacked, np.ones((1, labels.size)))[0]
    chosen, held_out = _choose_and_judge(labels, stacked, _require_replicates(replicates), seed)
    if held_out.size == 0:
        raise InvalidInputError("y: expected enough patients for a resample to leave out both classes.")
    best = int(np.argmax(whole))
    low, high = _percentiles(held_out, level)
    corrected = float(held_out.mean())
    names = tuple(scores)
    return SelectionCorrected(
        best=names[best],
        naive=float(whole[best]),
        corrected=corrected,
        optimism=float(whole[best] - corrected),
        low=low,
        high=high,
        names=names,
        picked=tuple(float(f) for f in np.bincount(chosen, minlength=len(names)) / chosen.size),
        replicates=replicates,
        seed=seed,
    )


def paired_permutation(
    y: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    metric: Metric,
    *,
    permutations: int = 10_000,
    seed: int = 0,
) -> float:
    """Return the two-sided p of metric(a) − metric(b) when the two scores of a patient may be swapped.

    Pass ranks where the two scores have different scales.

    Raises:
        InvalidInputError: one class only, missing values, lengths that differ.
    """
    labels, scores = _stack(y, {"score_a": score_a, "score_b": score_b})
    rng = np.random.default_rng(seed)
    observed = abs(metric(labels, scores[0]) - metric(labels, scores[1]))
    at_least = OBSERVED
    for _ in range(_require_replicates(permutations)):
        swap = rng.random(labels.size) < 0.5
        a, b = np.where(swap, scores[1], scores[0]), np.where(swap, scores[0], scores[1])
        at_least += int(abs(metric(labels, a) - metric(labels, b)) >= observed - 1e-12)
    return at_least / (permutations + OBSERVED)


def resampled_aucs(
    labels: NDArray[np.int64], scores: NDArray[np.float64], replicates: int, seed: int
) -> NDArray[np.float64]:
    """Return (replicates, m) AUCs of m scores (m, n) on the same resamples."""
    blocks = bootstrap_indices(labels, _require_replicates(replicates), seed)
    return np.vstack([weighted_auc(labels, scores, _weights(block, labels.size)) for block in blocks])


def weighted_auc(
    labels: NDArray[np.int64], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (b, m) AUCs of m scores (m, n) under b sets of patient weights (b, n); ties count one half."""
    areas = np.empty((weights.shape[0], scores.shape[0]))
    of_positives, of_negatives = weights * labels, weights * (1 - labels)
    totals = of_positives.sum(axis=1) * of_negatives.sum(axis=1)
    for column, score in enumerate(scores):
        order = np.argsort(score, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
        positives = np.add.reduceat(of_positives[:, order], starts, axis=1)
        negatives = np.add.reduceat(of_negatives[:, order], starts, axis=1)
        below = np.cumsum(negatives, axis=1) - negatives / 2.0
        areas[:, column] = (positives * below).sum(axis=1) / totals
    return areas


def _choose_and_judge(
    labels: NDArray[np.int64], scores: NDArray[np.float64], replicates: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    chosen, held_out = [], []
    for block in bootstrap_indices(labels, replicates, seed):
        weights = _weights(block, labels.size)
        left_out = (weights == 0).astype(np.float64)
        usable = ((left_out * labels).sum(axis=1) > 0) & ((left_out * (1 - labels)).sum(axis=1) > 0)
        if not usable.any():
            continue
        best = np.argmax(weighted_auc(labels, scores, weights[usable]), axis=1)
        judged = weighted_auc(labels, scores, left_out[usable])
        chosen.append(best)
        held_out.append(judged[np.arange(best.size), best])
    if not chosen:
        return np.empty(0, np.int64), np.empty(0)
    return np.concatenate(chosen), np.concatenate(held_out)


def _weights(block: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    rows = np.arange(block.shape[0])[:, np.newaxis]
    flat = np.bincount((block + rows * n).ravel(), minlength=block.shape[0] * n)
    return flat.reshape(block.shape[0], n).astype(np.float64)


def _stack(y: ArrayLike, scores: Mapping[str, ArrayLike]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    labels = require_labels(y)
    require_two_classes(labels, at_least=MINIMUM_PER_CLASS)
    return labels, np.vstack([require_scores(s, labels.size, name=name) for name, s in scores.items()])


def _interval(
    value: float, drawn: NDArray[np.float64], replicates: int, seed: int, level: float
) -> BootstrapInterval:
    low, high = _percentiles(drawn, level)
    return BootstrapInterval(value, low, high, float(drawn.std(ddof=1)), replicates, seed)


def _percentiles(drawn: NDArray[np.float64], level: float) -> tuple[float, float]:
    tail = (1.0 - require_level(level)) / 2.0
    low, high = np.quantile(drawn, (tail, 1.0 - tail))
    return float(low), float(high)


def _require_replicates(replicates: int) -> int:
    return require_count(replicates, name="replicates", minimum=2)


def as_models(names: Sequence[str], matrix: NDArray[np.float64]) -> dict[str, ArrayLike]:
    """Return {name: column} of a (n, m) matrix of scores."""
    return {name: matrix[:, column] for column, name in enumerate(names)}
