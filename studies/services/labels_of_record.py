"""Which HER2 label counts for a patient: the pre-declared rule of the study."""

from studies.models import Label, Patient, Specimen, Study

SPECIMEN_ORDER = (Specimen.Kind.EXCISION, Specimen.Kind.CORE)
ROLE_ORDER = (Label.Role.ADJUDICATED, Label.Role.FIRST)


def label_of_record(patient: Patient) -> Label | None:
    """The locked label of the excision, else of the core; adjudicated before first reading.

    Uses `patient.specimens.all()` and `specimen.labels.all()`, so that callers can prefetch.
    """
    specimens = list(patient.specimens.all())
    for kind in SPECIMEN_ORDER:
        for specimen in (s for s in specimens if s.kind == kind):
            locked = {label.role: label for label in specimen.labels.all() if label.status == "locked"}
            for role in ROLE_ORDER:
                if role in locked:
                    return locked[role]
    return None


def outcome_of(label: Label | None, rule: str) -> bool | None:
    """True for HER2-positive, False for negative, None where the rule gives no outcome to train on."""
    if label is None:
        return None
    word = label.call if rule == Study.LabelRule.ASCO_CAP else label.paper_label
    return {"POSITIVE": True, "NEGATIVE": False}.get(word)
