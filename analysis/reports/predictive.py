"""PPV and NPV where another share of patients is HER2-positive, and the cut-off that flatters most."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.metrics import (
    Confusion,
    YoudenOptimism,
    confusion_metrics,
    predictive_values_at,
    youden_optimism,
)
from analysis.reports.judged import Judged
from analysis.reports.tables import Cell

LEAST, MOST, USUAL = 1, 80, 18
"""Bounds of the slider in percent; 15 to 20 % of breast cancers are HER2-positive."""


@dataclass(frozen=True, slots=True)
class Predictive:
    """Predictive values at a share of positives, in percent; what they mean for a thousand patients."""

    share: int
    ppv: Cell
    npv: Cell
    sentence: str


def predictive_at(judged: Judged, cohort: str, model: str, share: int) -> Predictive | None:
    """PPV and NPV of one model at its frozen cut-off; None where it calls nobody or everybody."""
    metrics = confusion_metrics(Confusion(**judged.stored(cohort, model)["counts"]))
    found = predictive_values_at(metrics, share / 100)
    sensitivity, specificity = metrics["SEN"].value, metrics["SPC"].value
    if found is None or sensitivity is None or specificity is None:
        return None
    cells = [Cell(*(100 * number for number in values), "", "logit (Mercaldo)") for values in found]
    called = 10 * share * sensitivity + (1000 - 10 * share) * (1 - specificity)
    sentence = _(
        "Of 1,000 such patients %(called)d are called positive; %(right)d of them are, and %(missed)d "
        "HER2-positive patients are missed."
    ) % {
        "called": round(called),
        "right": round(10 * share * sensitivity),
        "missed": round(10 * share * (1 - sensitivity)),
    }
    return Predictive(share, *cells, sentence)


def share_of(text: str, usual: int) -> int:
    """The share of positives asked for, in percent, within the slider's bounds."""
    try:
        return min(MOST, max(LEAST, round(float(text))))
    except (ValueError, OverflowError):
        return usual


def flattering_cutoff(judged: Judged, cohort: str, model: str) -> YoudenOptimism | None:
    """The cut-off that is best on these very patients; None where they are too few."""
    try:
        return youden_optimism(judged.labels(cohort), judged.scores(cohort, model))
    except InvalidInputError:
        return None
