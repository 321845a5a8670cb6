"""The patients of a table in memory: what is stored of them, and what the table changes in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import models

from studies.models import (
    ClinicalRecord,
    DataQuery,
    Exam,
    HospitalLink,
    Label,
    Lesion,
    Patient,
    Site,
    Specimen,
    Study,
)
from studies.rules.sentences import Notice
from studies.selectors import sites_for

FEW = 500
"""Up to so many codes are looked up one by one; of more, the whole study is read."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a table is read: column to target, and what to do where it is silent or differs."""

    mapping: Mapping[str, str]
    default_site: str = ""
    default_specimen: str = "excision"
    asks_on_conflict: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be asked about a part of a patient's record."""

    part: str
    notice: Notice
    source: str
    label: Label | None = None


@dataclass(eq=False)
class Record:
    """One patient: rows as stored or as they will be, and what changed."""

    patient: Patient
    is_new: bool
    clinical: ClinicalRecord
    lesion: Lesion
    exams: list[Exam]
    specimens: list[Specimen] = field(default_factory=list)
    readings: dict[UUID, Label] = field(default_factory=dict)
    """First readings by specimen."""
    fingerprint: str = ""
    number_to_link: str = ""
    new: list[models.Model] = field(default_factory=list)
    changes: dict[UUID, dict[str, list[Any]]] = field(default_factory=dict)
    """Row to field to [old, new], for stored and for new rows."""
    filled: dict[tuple[UUID, str], int] = field(default_factory=dict)
    """Where the table says something, and in which of its rows."""
    questions: list[Question] = field(default_factory=list)
    texts: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def put(self, row: models.Model, name: str, value: Any, number: int) -> None:
        """Set a field and remember what stood there."""
        before = self.changes.setdefault(row.pk, {}).get(name, [getattr(row, name)])[0]
        setattr(row, name, value)
        self.changes[row.pk][name] = [before, value]
        self.filled[row.pk, name] = number

    @property
    def rows(self) -> list[models.Model]:
        """Every row of the patient."""
        return [
            self.patient, self.clinical, self.lesion, *self.exams, *self.specimens, *self.readings.values(),
        ]  # fmt: skip


@dataclass
class Cohort:
    """What the table meets: records by code, sites within reach, codes and numbers that are taken."""

    study: Study
    records: dict[str, Record]
    sites: dict[str, Site]
    out_of_reach: set[str]
    fingerprints: dict[str, UUID]
    asked: set[tuple[UUID, str, str, str]]
    """(patient, code, field, digest of the values) of every query there is."""


def load_cohort(study: Study, *, viewer: User | None, codes: Iterable[str]) -> Cohort:
    """Read what is stored of these codes, in a constant number of queries.

    Args:
        viewer: whose reach counts; None is the system and reaches everything.
    """
    wanted = set(codes)
    patients = study.patients.select_related("site", "clinical")
    patients = patients.prefetch_related("lesions", "exams", "specimens__labels")
    if len(wanted) <= FEW:
        patients = patients.filter(code__in=wanted)
    sites = study.sites.all() if viewer is None else sites_for(study, viewer=viewer)
    by_code = {site.code: site for site in sites}
    found = [patient for patient in patients if patient.code in wanted]
    links = HospitalLink.objects.filter(patient__study=study)
    numbers = dict(links.values_list("patient_id", "fingerprint"))
    asked = DataQuery.objects.filter(patient__study=study)
    return Cohort(
        study=study,
        records={p.code: _record(p, numbers.get(p.pk, "")) for p in found if p.site.code in by_code},
        sites=by_code,
        out_of_reach={p.code for p in found if p.site.code not in by_code},
        fingerprints={fingerprint: pk for pk, fingerprint in numbers.items()},
        asked=set(asked.values_list("patient_id", "code", "field", "values_digest")),
    )


def _record(patient: Patient, fingerprint: str) -> Record:
    lesions, exams = list(patient.lesions.all()), list(patient.exams.all())
    specimens = list(patient.specimens.all())
    record = Record(
        patient=patient,
        is_new=False,
        clinical=getattr(patient, "clinical", None) or ClinicalRecord(patient=patient),
        lesion=lesions[0] if lesions else Lesion(patient=patient, number=1),
        exams=exams or [Exam(patient=patient, number=1)],
        specimens=specimens,
        fingerprint=fingerprint,
    )
    record.new = [row for row in (record.clinical, record.lesion, *record.exams) if row._state.adding]
    for specimen in specimens:
        for label in specimen.labels.all():
            if label.role == Label.Role.FIRST:
                label.specimen = specimen
                record.readings[specimen.pk] = label
    return record


def new_record(study: Study, site: Site, code: str) -> Record:
    """A patient that is not stored yet, with a first exam, a first lesion and an empty clinical record."""
    patient = Patient(study=study, site=site, code=code)
    record = Record(
        patient=patient,
        is_new=True,
        clinical=ClinicalRecord(patient=patient),
        lesion=Lesion(patient=patient, number=1),
        exams=[Exam(patient=patient, number=1)],
    )
    record.new = [patient, record.clinical, record.lesion, *record.exams]
    return record
