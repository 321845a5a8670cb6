"""Calls against labels with nobody left out: indeterminate and missing patients keep a row and a column."""

from collections import Counter

import numpy as np
from django.utils.translation import gettext as _

from analysis.models import Evaluation, ModelVersion
from analysis.reports.judged import Judged
from analysis.reports.model_tables import cohort_label, model_name
from analysis.reports.tables import Column, Line, Table
from studies.models import Membership, Patient, Study
from studies.services.labels_of_record import label_of_record, outcome_of

POSITIVE, NEGATIVE, NO_CALL = "POSITIVE", "NEGATIVE", ""
CALLS = (POSITIVE, NEGATIVE, NO_CALL)
SIDES = {
    Evaluation.Cohort.TEST: Membership.Side.TEST,
    Evaluation.Cohort.TEMPORAL: Membership.Side.TEMPORAL,
}
Key = tuple[str, str]


def calls_table(study: Study, version: ModelVersion, judged: Judged, cohort: str) -> Table:
    """Label by call of the model of record on one side: the judged, and everybody who is not among them."""
    counts = _judged_counts(judged, cohort) + _others(study, version, judged, cohort)
    rows = {
        "positive": _("HER2-positive"),
        "negative": _("HER2-negative"),
        "none": _("no final label (indeterminate, pending, disagreeing)"),
        "outside": _("on no side of the split, no final label"),
    }
    lines = [
        Line([words, *[counts[label, call] for call in CALLS], sum(counts[label, call] for call in CALLS)])
        for label, words in rows.items()
    ]
    columns = [
        Column(_("Label"), name="label"),
        Column(_("called positive"), numeric=True, name="called positive"),
        Column(_("called negative"), numeric=True, name="called negative"),
        Column(_("not judged"), numeric=True, name="not judged"),
        Column(_("Patients"), numeric=True, name="patients"),
    ]
    title = _("Calls against labels, nobody left out: %(model)s, %(side)s") % {
        "model": model_name(judged.chosen), "side": cohort_label(cohort),
    }  # fmt: skip
    notes = (
        _(
            "Sensitivity and specificity are taken over the first two rows and columns. Leaving out the rest "
            "flatters a test when hard cases are left out; here they can be counted."
        ),
    )
    return Table("calls", title, columns, lines, notes)


def _judged_counts(judged: Judged, cohort: str) -> Counter[Key]:
    called = judged.scores(cohort, judged.chosen) >= judged.stored(cohort, judged.chosen)["cutoff"]
    labels = np.where(judged.labels(cohort) == 1, "positive", "negative")
    return Counter(
        (str(label), POSITIVE if call else NEGATIVE) for label, call in zip(labels, called, strict=True)
    )


def _others(study: Study, version: ModelVersion, judged: Judged, cohort: str) -> Counter[Key]:
    """Patients of the side who were not judged, and those on no side.

    Who joined the temporal test after its look waits for the next one, and no class of theirs is counted.
    """
    side = SIDES.get(cohort, Membership.Side.TRAINING)
    known = set(judged.evaluations[cohort].predictions["patients"])
    patients = study.patients.select_related("membership").prefetch_related("specimens__labels")
    if side == Membership.Side.TEMPORAL and (look := judged.evaluations[cohort].look):
        patients = patients.exclude(membership__created_at__gt=look.created_at)
    calls = dict(version.predictions.order_by("created_at").values_list("patient_id", "call"))
    counts: Counter[Key] = Counter()
    for patient in patients:
        label = _label(patient, study, side)
        if label and str(patient.pk) not in known:
            # who has a label but was not judged lacked features: a later prediction does not count
            call = calls.get(patient.pk, NO_CALL) if label in ("none", "outside") else NO_CALL
            counts[label, call] += 1
    return counts


def _label(patient: Patient, study: Study, side: str) -> str:
    """The row of a patient; empty for one of the other side, and for a labelled one who has no side yet."""
    membership = getattr(patient, "membership", None)
    outcome = outcome_of(label_of_record(patient), study.label_rule)
    if membership is None:
        return "outside" if outcome is None else ""
    if membership.side != side:
        return ""
    return "none" if outcome is None else "positive" if outcome else "negative"
