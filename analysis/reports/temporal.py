"""The temporal test beside the random test set: who is in it, what its own looks found, how little that is.

The two are never merged: other patients, another look counter, intervals of their own. Before a look nothing
here depends on the classes of the patients.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.models import Evaluation, ModelVersion
from analysis.pipeline.metrics import delong_difference
from analysis.reports.judged import Judged
from analysis.reports.model_tables import metric_cell, model_name
from analysis.reports.tables import Cell, Column, Line, Table
from studies.models import Exam, Membership, Study

TEST, TEMPORAL = Evaluation.Cohort.TEST, Evaluation.Cohort.TEMPORAL
FEW, RULE_OF_THUMB = 20, 100
"""Patients of each class: fewer than the first tell next to nothing, fewer than the second are few (D.5)."""
FITS = ("slope", "observed_expected", "brier")


@dataclass(frozen=True, slots=True)
class TemporalTest:
    """What there is of the temporal test of a study.

    assigned: patients on it now; judged, events: of the newest look at the model of record, None before it;
    later: patients who joined after that look; dates: first and last examination of (training, temporal)
    patients as ISO days, None where none is recorded; overlapping: temporal patients examined no later than
    the last training patient.
    """

    assigned: int
    n_looks: int
    judged: int | None
    events: int | None
    later: int
    training_dates: tuple[str, str] | None
    temporal_dates: tuple[str, str] | None
    overlapping: int

    @property
    def is_judged(self) -> bool:
        """Whether the model of record was judged on it."""
        return self.judged is not None

    @property
    def too_small(self) -> str:
        """Why its figures say little, empty where both classes hold a hundred patients."""
        return size_words(self.assigned, self.judged, self.events)

    @property
    def when(self) -> str:
        """Whether its patients were examined later, or only came later."""
        return time_words(self)


def temporal_test(study: Study, version: ModelVersion | None) -> TemporalTest | None:
    """The temporal test; None where the study has none and its rule makes none."""
    members = Membership.objects.filter(patient__study=study, side=Membership.Side.TEMPORAL)
    assigned = members.count()
    n_looks = study.temporal_looks.count()
    if not assigned and not n_looks and study.newcomer_rule != Study.NewcomerRule.TEMPORAL:
        return None
    row = None
    if version is not None:
        rows = version.evaluations.filter(cohort=TEMPORAL).defer("results", "predictions", "inputs")
        row = rows.select_related("look").order_by("-look__number").first()
    training, temporal = _dates(study, Membership.Side.TRAINING), _dates(study, Membership.Side.TEMPORAL)
    overlapping = 0
    if training is not None:
        early = Exam.objects.filter(performed_on__lte=training[1]).values("patient")
        overlapping = members.filter(patient__in=early).count()
    return TemporalTest(
        assigned=assigned,
        n_looks=n_looks,
        judged=row.n_positive + row.n_negative if row else None,
        events=row.n_positive if row else None,
        later=members.filter(created_at__gt=row.look.created_at).count() if row and row.look else 0,
        training_dates=training,
        temporal_dates=temporal,
        overlapping=overlapping,
    )


def size_words(assigned: int, judged: int | None, events: int | None) -> str:
    """What the numbers of patients allow; classes are counted only where a look opened them."""
    if judged is None or events is None:
        if assigned < 2 * FEW:
            return _(
                "Too small to tell anything yet: %(n)d patients, so at least one class has fewer than "
                "%(few)d. A look now would spend the test on next to nothing."
            ) % {"n": assigned, "few": FEW}
        if assigned < 2 * RULE_OF_THUMB:
            return _(
                "Small: %(n)d patients cannot hold the %(rule)d of each class that a rule of thumb asks for."
            ) % {"n": assigned, "rule": RULE_OF_THUMB}
        return ""
    counts = {"events": events, "others": judged - events}
    if min(counts.values()) < FEW:
        return (
            _(
                "Too small to tell: %(events)d HER2-positive and %(others)d HER2-negative patients. Read the "
                "intervals, not the estimates; so small a set cannot show a difference from the test set."
            )
            % counts
        )
    if min(counts.values()) < RULE_OF_THUMB:
        return _(
            "Small: %(events)d HER2-positive and %(others)d HER2-negative patients; a rule of thumb asks for "
            "at least %(rule)d of each."
        ) % {**counts, "rule": RULE_OF_THUMB}
    return ""


def time_words(found: TemporalTest) -> str:
    """A later day of joining is no later day of examination: say which of the two it is."""
    if found.training_dates is None or found.temporal_dates is None:
        return _("Days of examination are not recorded, so only the order of joining is known.")
    spans = {
        "first": found.temporal_dates[0],
        "last": found.temporal_dates[1],
        "trained": found.training_dates[1],
    }
    said = _("Examined %(first)s to %(last)s; the last training patient on %(trained)s.") % spans
    if not found.overlapping:
        return said
    return f"{said} " + (
        ngettext(
            "%d of them was examined no later than that: joined later, not examined later.",
            "%d of them were examined no later than that: joined later, not examined later.",
            found.overlapping,
        )
        % found.overlapping
    )


def temporal_table(judged: Judged) -> Table | None:
    """The model of record on the random test set and on the temporal test, a column each; None before a look.

    The areas are of different patients, so their difference is tested unpaired.
    """
    if TEMPORAL not in judged.evaluations:
        return None
    sides = [side for side in (TEST, TEMPORAL) if side in judged.evaluations]
    stored = {side: judged.stored(side, judged.chosen) for side in sides}
    lines = [
        Line([_("Look"), *(_look(judged, side) for side in sides)]),
        Line([_("Patients judged"), *(stored[side]["n"] for side in sides)]),
        Line([_("of them HER2-positive (events)"), *(stored[side]["events"] for side in sides)]),
        Line([_("AUC (DeLong)"), *(_area(stored[side]) for side in sides)]),
    ]
    lines += [
        Line([words, *(metric_cell(stored[side]["metrics"].get(name), scale=1, places=3) for side in sides)],
             level=name == "MAJORITY")
        for name, words in _metric_words().items()
    ]  # fmt: skip
    lines += [
        Line([words, *(_fit(stored[side].get("calibration"), name) for side in sides)])
        for name, words in _fit_words().items()
    ]
    if len(sides) == 2:
        lines.append(Line([_("AUC, temporal test minus test (unpaired DeLong)"), None, _difference(judged)]))
    heads = {TEST: _("Test set, held out at random"), TEMPORAL: _("Temporal test")}
    columns = [
        Column(_("Figure"), name="figure"),
        *(Column(heads[side], numeric=True, interval=True, name=str(side)) for side in sides),
    ]
    title = _("%(model)s on the temporal test, beside the random test set") % {
        "model": model_name(judged.chosen)
    }
    notes = (
        _(
            "Same frozen model and cut-off; other patients, so the columns are never put together. Shares: "
            "Wilson. Nothing was fitted or chosen on either."
        ),
    )
    return Table("temporal", title, columns, lines, notes)


def _difference(judged: Judged) -> Cell:
    pairs = [(judged.labels(side), judged.scores(side, judged.chosen)) for side in (TEMPORAL, TEST)]
    return Cell(*delong_difference(*pairs[0], *pairs[1]), method="DeLong", places=3)


def _look(judged: Judged, side: str) -> int | None:
    look = judged.evaluations[side].look
    return look.number if look else None


def _area(stored: Mapping[str, Any]) -> Cell:
    return Cell(stored["auc"], stored["auc_low"], stored["auc_high"], "", "DeLong", 3)


def _fit(found: Mapping[str, Any] | None, name: str) -> Cell:
    if not found or found[name] is None:
        return Cell(None)
    low, high = found.get(f"{name}_interval") or (None, None)
    return Cell(found[name], low, high, places=3 if name == "brier" else 2)


def _metric_words() -> dict[str, str]:
    return {
        "SEN": _("Sensitivity"),
        "SPC": _("Specificity"),
        "PPV": _("Positive predictive value, at this share of positives"),
        "NPV": _("Negative predictive value, at this share of positives"),
        "ACC": _("Share called rightly (ACC)"),
        "MAJORITY": _("Reference: everybody called the commoner class"),
    }


def _fit_words() -> dict[str, str]:
    return {
        "slope": _("Calibration slope (1 is best)"),
        "observed_expected": _("Observed : expected (1 is best)"),
        "brier": _("Brier score (0 is best)"),
    }


def _dates(study: Study, side: str) -> tuple[str, str] | None:
    exams = Exam.objects.filter(patient__study=study, patient__membership__side=side)
    found = exams.aggregate(first=Min("performed_on"), last=Max("performed_on"))
    return (found["first"].isoformat(), found["last"].isoformat()) if found["first"] else None
