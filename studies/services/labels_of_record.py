"""Which HER2 label counts for a patient: the pre-declared rule of the study."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from studies.models import Label, Patient, Specimen, Study
from studies.services.readings import Readings, readings_of

SPECIMEN_ORDER = (Specimen.Kind.EXCISION, Specimen.Kind.CORE)


def label_of_record(patient: Patient) -> Label | None:
    """The reading of record of the excision, else of the core (`services.readings` says which one counts).

    None where specimens of the same kind disagree, and where one of them is still open: an excision whose
    reading is open is not passed over for the core (`studies.rules.her2_labels.training_label`).

    Uses `patient.study`, `patient.specimens.all()` and `specimen.labels.all()`, so that callers can prefetch.
    """
    for kind in SPECIMEN_ORDER:
        begun = begun_readings(patient, kind)
        if begun:
            labels = [readings.of_record for readings in begun]
            agreed = len({label.call for label in labels if label is not None}) == 1
            return labels[0] if None not in labels and agreed else None
    return None


def begun_readings(patient: Patient, kind: str) -> list[Readings]:
    """The readings of each specimen of one kind that a first reader or an adjudicator has begun."""
    needed = patient.study.readers_per_specimen
    specimens = (specimen for specimen in patient.specimens.all() if specimen.kind == kind)
    found = (readings_of(specimen, needed) for specimen in specimens)
    return [readings for readings in found if readings.first or readings.adjudicated]


def outcome_of(label: Label | None, rule: str) -> bool | None:
    """True for HER2-positive, False for negative, None where the rule gives no outcome to train on."""
    if label is None:
        return None
    word = label.call if rule == Study.LabelRule.ASCO_CAP else label.paper_label
    return {"POSITIVE": True, "NEGATIVE": False}.get(word)


def outcomes_of(patients: QuerySet[Patient], rule: str) -> dict[UUID, bool | None]:
    """Patient id to outcome, for many patients in a fixed number of queries."""
    labels = Label.objects.only("specimen", "role", "status", "call", "paper_label")
    specimens = Specimen.objects.only("patient", "kind", "number").prefetch_related(
        Prefetch("labels", queryset=labels)
    )
    rows = (
        patients.order_by()
        .select_related(None)
        .select_related("study")
        .only("study__readers_per_specimen")
        .prefetch_related(Prefetch("specimens", queryset=specimens))
    )
    return {patient.pk: outcome_of(label_of_record(patient), rule) for patient in rows}
