"""Subgroups of a cohort: who belongs to which, the model inside each, and whether its area differs.

HONESTY D.6 item 9. Cut points were fixed beforehand: clinical stages, the usual bounds, nothing fitted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nextafter

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.delong import delong_covariance, delong_interval
from analysis.pipeline.kernels.evaluation import SMALL_SUBGROUP, Subgroup, evaluate_subgroups
from analysis.pipeline.kernels.multiplicity import holm
from analysis.pipeline.kernels.statistics_checks import require_labels, require_scores

Mask = NDArray[np.bool_]

NOT_RECORDED = "not recorded"
# An AUC that differs from one half by more than chance: the fact itself predicts the outcome.
AUC_OF_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What is known of one patient beside features and outcome; None or "" where it is not recorded.

    box_source: model, reader or adjudicated; interpolated: share of frames in the window whose box was
    interpolated, 0 to 1; coverage: share of frames with a box; fps: frames a second; n_used: measured frames.
    """

    site: str = ""
    scanner: str = ""
    box_source: str = ""
    age_years: float | None = None
    size_cm: float | None = None
    c_t: float | None = None
    interpolated: float | None = None
    n_frames: float | None = None
    n_used: float | None = None
    fps: float | None = None
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class SubgroupFamily:
    """One way to divide the patients. levels: in their own order; those who are not recorded come last.

    heterogeneity: p of equal areas in all levels that could be judged (Cochran's Q with DeLong variances),
    p_holm over all families; None where fewer than two levels could be judged.
    """

    group: str
    levels: tuple[Subgroup, ...]
    heterogeneity: float | None
    p_holm: float | None


@dataclass(frozen=True, slots=True)
class Confounder:
    """How well one fact of the recording alone tells the classes apart: its AUC, which should be one half.

    n, events: patients in whom it is recorded; values: how many different ones; alarm: the 95 % interval
    leaves one half out; reason: why it could not be judged, empty where it was.
    """

    name: str
    n: int
    events: int
    values: int
    auc: float | None
    low: float | None
    high: float | None
    alarm: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Bands:
    """Half-open bands: a value belongs to the first band whose upper bound it does not exceed."""

    uppers: tuple[float, ...]
    names: tuple[str, ...]

    def name(self, value: float | None) -> str:
        if value is None or isnan(value):
            return NOT_RECORDED
        return next(n for upper, n in zip(self.uppers, self.names, strict=True) if value <= upper)


AGE = _Bands((nextafter(50.0, 0.0), float("inf")), ("< 50 years", "≥ 50 years"))
SIZE = _Bands((2.0, 5.0, float("inf")), ("≤ 2 cm", "> 2 to 5 cm", "> 5 cm"))
INTERPOLATED = _Bands((0.0, 0.10, float("inf")), ("none", "up to 10 %", "more than 10 %"))
GROUPS: dict[str, Callable[[PatientFacts], str]] = {
    "site": lambda facts: facts.site or NOT_RECORDED,
    "scanner": lambda facts: facts.scanner or NOT_RECORDED,
    "age": lambda facts: AGE.name(facts.age_years),
    "cT": lambda facts: NOT_RECORDED if facts.c_t is None or isnan(facts.c_t) else f"cT{facts.c_t:.0f}",
    "size": lambda facts: SIZE.name(facts.size_cm),
    "box source": lambda facts: facts.box_source or NOT_RECORDED,
    "interpolated frames": lambda facts: INTERPOLATED.name(facts.interpolated),
}
"""Name of a way to divide patients to the level of a patient."""
ORDER = {name: place for bands in (AGE, SIZE, INTERPOLATED) for place, name in enumerate(bands.names)}
CONFOUNDERS = ("n_frames", "n_used", "fps", "coverage", "interpolated")


def membership(facts: Sequence[PatientFacts], group: str) -> dict[str, Mask]:
    """Return level to mask (n,) of one way to divide patients, in the order of the levels."""
    levels = np.array([GROUPS[group](one) for one in facts])
    names = sorted(set(levels.tolist()), key=lambda name: (name == NOT_RECORDED, ORDER.get(name, 0), name))
    return {name: levels == name for name in names}


def subgroup_families(
    model: str,
    y: ArrayLike,
    score: ArrayLike,
    cutoff: float,
    facts: Sequence[PatientFacts],
    *,
    cohort: str,
) -> tuple[SubgroupFamily, ...]:
    """Judge stored scores inside every subgroup at the frozen cut-off.

    Raises:
        InvalidInputError: scores missing, or lengths that differ.
    """
    labels = require_labels(y)
    scores = require_scores(score, labels.size)
    if len(facts) != labels.size:
        raise InvalidInputError(f"facts: expected those of {labels.size} patients, got {len(facts)}.")
    found, p_values = [], []
    for group in GROUPS:
        masks = membership(facts, group)
        found.append((group, evaluate_subgroups(model, labels, scores, cutoff, masks, cohort=cohort)))
        p_values.append(heterogeneity(labels, scores, masks))
    adjusted = _holm_of_some(p_values)
    return tuple(
        SubgroupFamily(group, levels, p, p_holm)
        for (group, levels), p, p_holm in zip(found, p_values, adjusted, strict=True)
    )


def heterogeneity(
    labels: NDArray[np.int64], scores: NDArray[np.float64], masks: Mapping[str, Mask]
) -> float | None:
    """Return the p of equal areas over disjoint subgroups: Q = Σ (AUC − mean)² / DeLong's variance.

    Small subgroups, those with fewer than two patients of a class, and those whose area has no variance (it
    is 0 or 1) are left out; None where fewer than two are left.
    """
    areas, weights = [], []
    for mask in masks.values():
        events, n = int(labels[mask].sum()), int(mask.sum())
        if n < SMALL_SUBGROUP or min(events, n - events) < 2:
            continue
        area, covariance = delong_covariance(labels[mask], scores[mask][np.newaxis])
        if covariance[0, 0] > 0.0:
            areas.append(float(area[0]))
            weights.append(1.0 / float(covariance[0, 0]))
    if len(areas) < 2:
        return None
    mean = float(np.average(areas, weights=weights))
    q = float(np.dot(weights, (np.array(areas) - mean) ** 2))
    return float(chi2.sf(q, len(areas) - 1))


def confounders(y: ArrayLike, facts: Sequence[PatientFacts]) -> tuple[Confounder, ...]:
    """Return how well length, rate and coverage of the recording alone tell the classes apart (SCIENCE 4.6).

    Raises:
        InvalidInputError: labels other than 0 and 1, or another number of facts.
    """
    labels = require_labels(y)
    if len(facts) != labels.size:
        raise InvalidInputError(f"facts: expected those of {labels.size} patients, got {len(facts)}.")
    return tuple(_confounder(name, labels, facts) for name in CONFOUNDERS)


def _confounder(name: str, labels: NDArray[np.int64], facts: Sequence[PatientFacts]) -> Confounder:
    values = np.array([_number(getattr(one, name)) for one in facts])
    known = np.isfinite(values)
    y, x = labels[known], values[known]
    n, events, different = int(known.sum()), int(y.sum()), len(np.unique(x))

    def unjudged(reason: str) -> Confounder:
        return Confounder(name, n, events, different, None, None, None, False, reason)

    if n == 0:
        return unjudged(NOT_RECORDED)
    if different == 1:
        return unjudged("the same for everybody")
    if min(events, n - events) < 2:
        return unjudged(f"{events} positive and {n - events} negative: too few to judge")
    area, low, high = delong_interval(y, x)
    return Confounder(name, n, events, different, area, low, high, not low <= AUC_OF_CHANCE <= high, "")


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _holm_of_some(p_values: Sequence[float | None]) -> list[float | None]:
    known = [p for p in p_values if p is not None]
    adjusted = iter(holm(known) if known else ())
    return [None if p is None else next(adjusted) for p in p_values]
