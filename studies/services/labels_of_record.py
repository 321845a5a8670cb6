"""Which HER2 label counts for a patient: the pre-declared rule of the study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import F, QuerySet

from studies.models import Label, Patient, Specimen, Study
from studies.services.readings import Reading, ReadingRow, Readings, reading_of_record, readings_of

ROLES = (Label.Role.FIRST.value, Label.Role.SECOND.value, Label.Role.ADJUDICATED.value)
SPECIMEN_ORDER = (Specimen.Kind.EXCISION, Specimen.Kind.CORE)


def label_of_record(patient: Patient) -> Label | None:
    """The reading of record of the excision, else of the core (`services.readings` says which one counts).

    None where specimens of the same kind disagree, and where one of them is still open: an excision whose
    reading is open is not passed over for the core (`studies.rules.her2_labels.training_label`).

    Uses `patient.study`, `patient.specimens.all()` and `specimen.labels.all()`, so that callers can prefetch.
    """
    return record_among({kind: begun_readings(patient, kind) for kind in SPECIMEN_ORDER})


def record_among(begun: Mapping[str, Sequence[Readings]]) -> Label | None:
    """The same, from the begun readings of each kind of specimen."""
    for kind in SPECIMEN_ORDER:
        if begun.get(kind):
            return _agreed([readings.of_record for readings in begun[kind]])
    return None


def _agreed(labels: Sequence[Reading | None]) -> Reading | None:
    """The first of the readings, where none is open and all come to one call."""
    calls = {label and label.call for label in labels}
    return labels[0] if len(calls) == 1 else None


def begun_readings(patient: Patient, kind: str) -> list[Readings]:
    """The readings of each specimen of one kind that a first reader or an adjudicator has begun."""
    needed = patient.study.readers_per_specimen
    specimens = (specimen for specimen in patient.specimens.all() if specimen.kind == kind)
    found = (readings_of(specimen, needed) for specimen in specimens)
    return [readings for readings in found if readings.first or readings.adjudicated]


def outcome_of(label: ReadingRow | None, rule: str) -> bool | None:
    """True for HER2-positive, False for negative, None where the rule gives no outcome to train on."""
    if label is None:
        return None
    word = label.call if rule == Study.LabelRule.ASCO_CAP else label.paper_label
    return {"POSITIVE": True, "NEGATIVE": False}.get(word)


@dataclass(slots=True)
class _Specimen:
    """The readings of one specimen by role, as rows of values."""

    needed: int
    by_role: dict[str, ReadingRow] = field(default_factory=dict)

    @property
    def is_begun(self) -> bool:
        """Whether a first reader or an adjudicator has begun."""
        return ROLES[0] in self.by_role or ROLES[2] in self.by_role

    @property
    def of_record(self) -> ReadingRow | None:
        """The reading that counts."""
        first, second, adjudicated = map(self.by_role.get, ROLES)
        return reading_of_record(first, second, adjudicated, self.needed)


def outcomes_of(patients: QuerySet[Patient], rule: str) -> dict[UUID, bool | None]:
    """Patient id to outcome (see `label_of_record`), for thousands: from rows of values, without objects."""
    ids = patients.order_by().values_list("pk", flat=True)
    found: dict[UUID, dict[str, dict[int, _Specimen]]] = {}
    rows = Label.objects.filter(specimen__patient__in=ids, specimen__kind__in=SPECIMEN_ORDER).order_by(
        "specimen__number"
    )
    needed = F("specimen__patient__study__readers_per_specimen")
    place = ("specimen__patient_id", "specimen__kind", "specimen__number", "role")
    for row in rows.values_list(*place, "status", "call", "paper_label", needed, named=True):
        pk, kind, number, role = row[:4]
        kinds = found.setdefault(pk, {}).setdefault(kind, {})
        kinds.setdefault(number, _Specimen(row[-1])).by_role[role] = row
    return {pk: outcome_of(_of_record(found.get(pk, {})), rule) for pk in ids}


def _of_record(kinds: Mapping[str, Mapping[int, _Specimen]]) -> ReadingRow | None:
    specimens = ([s for s in kinds.get(kind, {}).values() if s.is_begun] for kind in SPECIMEN_ORDER)
    begun = next((found for found in specimens if found), [])
    return _agreed([specimen.of_record for specimen in begun])
