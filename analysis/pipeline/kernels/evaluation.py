"""One model's row of Tables 2 to 4: areas, counts and intervals at a cut-off that was frozen beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.bootstrap import (
    REPLICATES,
    BootstrapInterval,
    bootstrap_auc,
    bootstrap_auc_difference,
)
from analysis.pipeline.kernels.calibration import Calibration, calibration
from analysis.pipeline.kernels.confusion import Confusion, Estimate, confusion_at, confusion_metrics
from analysis.pipeline.kernels.delong import delong_interval, delong_paired
from analysis.pipeline.kernels.multiplicity import holm
from analysis.pipeline.kernels.proportions import mcnemar_exact
from analysis.pipeline.kernels.statistics_checks import (
    require_labelled_scores,
    require_labels,
    require_scores,
)

# Subgroups smaller than this are shown grey: their intervals say little (HONESTY D.6 item 9).
SMALL_SUBGROUP = 20


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model judged on one set of patients at one frozen cut-off.

    cohort: apparent (the patients it was fitted on), oof (out of fold) or test; auc with DeLong's interval;
    bootstrap: the same area resampled; metrics: ACC, SEN, SPC, YI, PPV, NPV, LR+, LR-, MAJORITY;
    calibration is None for scores that are no probabilities.
    """

    model: str
    cohort: str
    n: int
    events: int
    cutoff: float
    auc: float
    auc_low: float
    auc_high: float
    bootstrap: BootstrapInterval | None
    counts: Confusion
    metrics: dict[str, Estimate]
    calibration: Calibration | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same patients at frozen cut-offs: first minus second, p-values unadjusted and Holm's.

    discordant: patients only the first, and only the second model called rightly, over all patients, the
    positives and the negatives; mcnemar: the exact p of each.
    """

    first: str
    second: str
    difference: float
    interval: tuple[float, float]
    bootstrap: BootstrapInterval | None
    p: float
    p_holm: float
    discordant: dict[str, tuple[int, int]]
    mcnemar: dict[str, float]


@dataclass(frozen=True, slots=True)
class Subgroup:
    """A model inside one subgroup; evaluation is None, with the reason, where it cannot be judged."""

    name: str
    n: int
    events: int
    small: bool
    evaluation: Evaluation | None
    reason: str


def evaluate(
    model: str,
    cohort: str,
    y: ArrayLike,
    score: ArrayLike,
    cutoff: float,
    *,
    probability: ArrayLike | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    method: str = "Wilson",
) -> Evaluation:
    """Judge scores at a frozen cut-off; replicates = 0 leaves the bootstrap out.

    probability: calibrated probabilities, where they differ from the scores.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing values, lengths that differ.
    """
    labels, scores = require_labelled_scores(y, score, at_least=2)
    area, low, high = delong_interval(labels, scores)
    counts = confusion_at(labels, scores, cutoff)
    probabilities = scores if probability is None else require_scores(probability, labels.size)
    are_probabilities = probabilities.min() >= 0.0 and probabilities.max() <= 1.0
    return Evaluation(
        model=model,
        cohort=cohort,
        n=int(labels.size),
        events=int(labels.sum()),
        cutoff=float(cutoff),
        auc=area,
        auc_low=low,
        auc_high=high,
        bootstrap=bootstrap_auc(labels, scores, replicates=replicates, seed=seed) if replicates else None,
        counts=counts,
        metrics=confusion_metrics(counts, method=method),
        calibration=calibration(labels, probabilities) if are_probabilities else None,
    )


def compare(
    y: ArrayLike,
    scores: Mapping[str, ArrayLike],
    cutoffs: Mapping[str, float],
    pairs: Sequence[tuple[str, str]],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Compare pairs of models by paired DeLong, bootstrap and exact McNemar; Holm runs over the pairs given.

    Raises:
        InvalidInputError: a model without scores or cut-off, fewer than two patients of a class.
    """
    unknown = {name for pair in pairs for name in pair if name not in scores or name not in cutoffs}
    if unknown:
        raise InvalidInputError(f"pairs: expected models with scores and cut-offs, got {sorted(unknown)}.")
    tests = [delong_paired(y, scores[a], scores[b]) for a, b in pairs]
    adjusted = holm([test.p for test in tests]) if tests else ()
    found = []
    for (a, b), test, p_holm in zip(pairs, tests, adjusted, strict=True):
        discordant = discordant_calls(y, scores[a], cutoffs[a], scores[b], cutoffs[b])
        resampled = (
            bootstrap_auc_difference(y, scores[a], scores[b], replicates=replicates, seed=seed)
            if replicates
            else None
        )
        exact = {name: mcnemar_exact(*split) for name, split in discordant.items()}
        found.append(
            Comparison(a, b, test.difference, test.interval, resampled, test.p, p_holm, discordant, exact)
        )
    return tuple(found)


def discordant_calls(
    y: ArrayLike, score_a: ArrayLike, cutoff_a: float, score_b: ArrayLike, cutoff_b: float
) -> dict[str, tuple[int, int]]:
    """Count patients only one of two models called rightly: ACC (all), SEN (positives), SPC (negatives).

    Raises:
        InvalidInputError: missing values or lengths that differ.
    """
    labels = require_labels(y)
    right_a = (require_scores(score_a, labels.size) >= cutoff_a) == (labels == 1)
    right_b = (require_scores(score_b, labels.size) >= cutoff_b) == (labels == 1)
    inside = {"ACC": labels >= 0, "SEN": labels == 1, "SPC": labels == 0}
    return {
        name: (int(np.sum(right_a & ~right_b & rows)), int(np.sum(right_b & ~right_a & rows)))
        for name, rows in inside.items()
    }


def evaluate_subgroups(
    model: str,
    y: ArrayLike,
    score: ArrayLike,
    cutoff: float,
    membership: Mapping[str, NDArray[np.bool_]],
    *,
    cohort: str = "test",
    seed: int = 0,
) -> tuple[Subgroup, ...]:
    """Judge stored scores inside subgroups, each a mask over the patients; the cut-off stays the frozen one.

    Raises:
        InvalidInputError: scores missing, or masks of another length.
    """
    labels = require_labels(y)
    scores = require_scores(score, labels.size)
    found = []
    for name, mask in membership.items():
        rows = np.asarray(mask)
        if rows.dtype != np.bool_ or rows.shape != labels.shape:
            raise InvalidInputError(
                f"{name}: expected a mask of {labels.size} true or false, got {rows.shape}."
            )
        n, events = int(rows.sum()), int(labels[rows].sum())
        judged, reason = None, ""
        if min(events, n - events) < 2:
            reason = f"{events} positive and {n - events} negative: too few to judge"
        else:
            judged = evaluate(model, cohort, labels[rows], scores[rows], cutoff, replicates=0, seed=seed)
        found.append(Subgroup(name, n, events, n < SMALL_SUBGROUP, judged, reason))
    return tuple(found)


def evaluate_label_rules(
    model: str,
    score: ArrayLike,
    cutoff: float,
    labels: Mapping[str, ArrayLike],
    *,
    cohort: str = "test",
) -> tuple[Subgroup, ...]:
    """Judge the same scores under other label rules; a label of NaN, undefined by the rule, is left out.

    Raises:
        InvalidInputError: labels other than 0, 1 and NaN, or lengths that differ.
    """
    found = []
    for name, values in labels.items():
        y = np.asarray(values, dtype=np.float64)
        scores = require_scores(score, y.size)
        known = np.isfinite(y)
        if not known.any():
            found.append(Subgroup(name, 0, 0, True, None, "no patient has a label under this rule"))
            continue
        filled = np.where(known, y, 0.0)
        found += evaluate_subgroups(model, filled, scores, cutoff, {name: known}, cohort=cohort)
    return tuple(found)
