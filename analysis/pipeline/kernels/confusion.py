"""Counts at a frozen cut-off, and every proportion with its counts and a named interval."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, inf, log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.proportions import clopper_pearson, wald, wilson, youden_wald
from analysis.pipeline.kernels.statistics_checks import (
    require_count,
    require_labelled_scores,
    require_level,
)

PROPORTION_METHODS: dict[str, Callable[..., tuple[float, float]]] = {
    "Wilson": wilson,
    "Clopper-Pearson": clopper_pearson,
    "Wald": wald,
}
# Haldane and Anscombe: a half added to every cell keeps a ratio with an empty cell finite.
HALDANE = 0.5


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of calls against labels: true and false positives and negatives."""

    tp: int
    fp: int
    tn: int
    fn: int

    @property
    def positives(self) -> int:
        """Patients with the label."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Patients without the label."""
        return self.tn + self.fp

    @property
    def n(self) -> int:
        """All patients."""
        return self.positives + self.negatives


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure with what it was made from.

    value, low, high: fractions (ratios for likelihood ratios), None where the figure does not exist;
    numerator, denominator: raw counts, None for figures that are not one proportion; method: the
    interval's name.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    numerator: int | None
    denominator: int | None
    method: str


def confusion_at(y: ArrayLike, score: ArrayLike, cutoff: float) -> Confusion:
    """Count calls at a cut-off; a score at or above it is called positive.

    Raises:
        InvalidInputError: one class only, missing values, lengths that differ, or a cut-off that is not
            finite.
    """
    labels, scores = require_labelled_scores(y, score)
    if not np.isfinite(cutoff):
        raise InvalidInputError(f"cutoff: expected a finite number, got {cutoff!r}.")
    called = scores >= cutoff
    positive = labels == 1
    return Confusion(
        tp=int(np.sum(called & positive)),
        fp=int(np.sum(called & ~positive)),
        tn=int(np.sum(~called & ~positive)),
        fn=int(np.sum(~called & positive)),
    )


def confusion_metrics(
    counts: Confusion, *, method: str = "Wilson", level: float = 0.95
) -> dict[str, Estimate]:
    """Return ACC, SEN, SPC, PPV, NPV, YI, LR+, LR- and MAJORITY, each with counts and a named interval.

    method: Wilson, Clopper-Pearson or Wald, for the proportions. PPV and NPV hold at this cohort's
    prevalence only. The majority reference is the accuracy of calling everybody the commoner class.

    Raises:
        InvalidInputError: negative counts, an unknown method, or one class only.
    """
    _require_counts(counts)
    if method not in PROPORTION_METHODS:
        raise InvalidInputError(f"method: expected one of {', '.join(PROPORTION_METHODS)}, got {method!r}.")
    proportions = {
        "ACC": (counts.tp + counts.tn, counts.n),
        "SEN": (counts.tp, counts.positives),
        "SPC": (counts.tn, counts.negatives),
        "PPV": (counts.tp, counts.tp + counts.fp),
        "NPV": (counts.tn, counts.tn + counts.fn),
        "MAJORITY": (max(counts.positives, counts.negatives), counts.n),
    }
    found = {name: _proportion(name, k, n, method, level) for name, (k, n) in proportions.items()}
    found["YI"] = _youden(counts, level)
    found["LR+"] = _likelihood_ratio("LR+", counts.tp, counts.positives, counts.fp, counts.negatives, level)
    found["LR-"] = _likelihood_ratio("LR-", counts.fn, counts.positives, counts.tn, counts.negatives, level)
    return found


def predictive_values(sensitivity: float, specificity: float, prevalence: float) -> tuple[float, float]:
    """Return (PPV, NPV) at another prevalence, by Bayes' rule; NaN-free: an impossible call gives 0.

    Raises:
        InvalidInputError: a fraction outside [0, 1].
    """
    for name, value in (
        ("sensitivity", sensitivity),
        ("specificity", specificity),
        ("prevalence", prevalence),
    ):
        if not 0.0 <= value <= 1.0:
            raise InvalidInputError(f"{name}: expected a fraction in [0, 1], got {value!r}.")
    true_positive = sensitivity * prevalence
    true_negative = specificity * (1.0 - prevalence)
    called_positive = true_positive + (1.0 - specificity) * (1.0 - prevalence)
    called_negative = true_negative + (1.0 - sensitivity) * prevalence
    return (
        true_positive / called_positive if called_positive else 0.0,
        true_negative / called_negative if called_negative else 0.0,
    )


def predictive_values_at(
    metrics: Mapping[str, Estimate], prevalence: float
) -> tuple[tuple[float, float, float], tuple[float, float, float]] | None:
    """Return (value, low, high) of PPV and of NPV at another prevalence, which is taken as known.

    metrics: with LR+ and LR−, whose log intervals become logit intervals of the predictive values (Mercaldo,
    Lau & Zhou, Stat Med 2007). None where a likelihood ratio has no value.

    Raises:
        InvalidInputError: a prevalence outside (0, 1).
    """
    if not 0.0 < prevalence < 1.0:
        raise InvalidInputError(
            f"prevalence: expected a fraction strictly between 0 and 1, got {prevalence!r}."
        )
    odds = prevalence / (1.0 - prevalence)
    rising, falling = metrics["LR+"], metrics["LR-"]
    if rising.low is None or rising.high is None or falling.low is None or falling.high is None:
        return None
    if rising.value is None or falling.value is None:
        return None
    above = [_share(odds * r) for r in (rising.value, rising.low, rising.high)]
    below = [1.0 - _share(odds * r) for r in (falling.value, falling.high, falling.low)]
    return (above[0], above[1], above[2]), (below[0], below[1], below[2])


def _share(odds: float) -> float:
    return 1.0 if odds == inf else odds / (1.0 + odds)


def _require_counts(counts: Confusion) -> None:
    for name in ("tp", "fp", "tn", "fn"):
        require_count(getattr(counts, name), name=name)
    if min(counts.positives, counts.negatives) < 1:
        raise InvalidInputError(
            f"counts: expected both classes, got {counts.positives} positive and {counts.negatives} negative."
        )


def _proportion(name: str, k: int, n: int, method: str, level: float) -> Estimate:
    if n == 0:
        return Estimate(name, None, None, None, k, n, method)
    low, high = PROPORTION_METHODS[method](k, n, level)
    return Estimate(name, k / n, low, high, k, n, method)


def _youden(counts: Confusion, level: float) -> Estimate:
    value = counts.tp / counts.positives + counts.tn / counts.negatives - 1.0
    low, high = youden_wald(counts.tp, counts.positives, counts.tn, counts.negatives, level)
    return Estimate("YI", value, low, high, None, None, "Wald, variances added")


def _likelihood_ratio(name: str, k1: int, n1: int, k0: int, n0: int, level: float) -> Estimate:
    """Ratio of two proportions with the log interval (Simel, Samsa & Matchar, J Clin Epidemiol 1991)."""
    value = (k1 / n1) / (k0 / n0) if k0 else (inf if k1 else None)
    a, b, m, n, method = float(k1), float(k0), float(n1), float(n0), "log (Simel)"
    if min(k1, k0) == 0:
        a, b, m, n, method = a + HALDANE, b + HALDANE, m + 1.0, n + 1.0, "log (Simel), 0.5 added to each cell"
    half = float(norm.isf((1.0 - require_level(level)) / 2.0)) * sqrt(1 / a - 1 / m + 1 / b - 1 / n)
    centre = log((a / m) / (b / n))
    return Estimate(name, value, exp(centre - half), exp(centre + half), None, None, method)
