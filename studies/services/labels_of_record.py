"""Which HER2 label counts for a patient: the pre-declared rule of the study."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from studies.models import Label, Patient, Specimen, Study

SPECIMEN_ORDER = (Specimen.Kind.EXCISION, Specimen.Kind.CORE)
ROLE_ORDER = (Label.Role.ADJUDICATED, Label.Role.FIRST)


def label_of_record(patient: Patient) -> Label | None:
    """The signed label of the excision, else of the core; adjudicated before first reading.

    None where specimens of the same kind disagree, and where one of them is not signed yet: an excision
    whose reading is open is not passed over for the core (`studies.rules.her2_labels.training_label`).

    Uses `patient.specimens.all()` and `specimen.labels.all()`, so that callers can prefetch.
    """
    specimens = list(patient.specimens.all())
    for kind in SPECIMEN_ORDER:
        read = [_reading(specimen) for specimen in specimens if specimen.kind == kind]
        labels = [label for label in read if label is not None]
        if labels:
            signed = all(label.status == Label.Status.LOCKED for label in labels)
            agreed = len({label.call for label in labels}) == 1
            return labels[0] if signed and agreed else None
    return None


def _reading(specimen: Specimen) -> Label | None:
    """The reading of a specimen that counts, signed or open; None where nobody has read it yet."""
    by_role = {label.role: label for label in specimen.labels.all()}
    readings = [by_role[role] for role in ROLE_ORDER if role in by_role]
    signed = [label for label in readings if label.status == Label.Status.LOCKED]
    return next(iter(signed or readings), None)


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
        .only("pk")
        .prefetch_related(Prefetch("specimens", queryset=specimens))
    )
    return {patient.pk: outcome_of(label_of_record(patient), rule) for patient in rows}
