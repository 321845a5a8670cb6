"""What is on record for the criteria of the protocol: facts out of every table, for many patients at once."""

from collections.abc import Iterable
from datetime import date
from typing import cast
from uuid import UUID

from django.db.models import QuerySet

from studies.models import ClinicalRecord, Clip, Exam, Patient, Screening, Specimen
from studies.rules.acquisition import acquisition_verdict
from studies.rules.eligibility import Facts, Pathology
from studies.rules.verdicts import Verdict
from studies.services.acquisition import acquisition_of
from studies.services.course_dates import surgery_day

PRIMARY_FIELDS = ("age_years", "menopause", "size_cm", "c_t", "c_n", "c_tnm")
"""The clinical variables of the paper: what inclusion (b) asks for."""
EXCISION_FIRST = (Specimen.Kind.EXCISION, Specimen.Kind.CORE)


def with_facts(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Patients with everything that `facts_for` reads, in a fixed number of queries."""
    return patients.select_related("clinical", "screening", "index_clip").prefetch_related(
        "exams__clips__tracks", "specimens"
    )


def facts_for(patients: Iterable[Patient]) -> dict[UUID, Facts]:
    """Patient id to what is recorded; load the patients through `with_facts`."""
    listed = list(patients)
    clips = {patient.pk: protocol_clip(patient) for patient in listed}
    rules = acquisition_of(clip for clip in clips.values() if clip is not None)
    found = {}
    for patient in listed:
        clip = clips[patient.pk]
        verdict = acquisition_verdict(rules[clip.pk]) if clip is not None else Verdict.NOT_RECORDED
        found[patient.pk] = facts_of(patient, verdict)
    return found


def facts_of(patient: Patient, acquisition: Verdict) -> Facts:
    """What is recorded of one patient."""
    known: Screening = getattr(patient, "screening", None) or Screening(patient=patient)
    missing, still_open = _clinical(getattr(patient, "clinical", None))
    surgery = surgery_day(patient)
    exam = ultrasound_exam(patient, surgery)
    core = _first_core(patient)
    return Facts(
        ultrasound=exam.performed_on if exam else None,
        surgery=surgery,
        biopsy=known.biopsy_on or (core.taken_on if core and known.biopsied is not False else None),
        biopsied=True if known.biopsied is None and core else known.biopsied,
        suspected_lesion=known.suspected_lesion,
        surgery_intended=known.surgery_intended,
        missing_clinical=missing,
        open_clinical=still_open,
        has_video=_has_video(patient, known),
        acquisition=acquisition,
        acquisition_compliant=known.acquisition_compliant,
        multifocal=known.multifocal,
        bilateral=known.bilateral,
        pathology=_pathology(patient, known),
        mass=known.mass,
    )


def protocol_clip(patient: Patient) -> Clip | None:
    """The cine whose acquisition is the evidence: the coordinator's choice, else the first of a baseline."""
    if patient.index_clip is not None:
        return patient.index_clip
    cines = [
        clip
        for exam in patient.exams.all()
        for clip in sorted(exam.clips.all(), key=lambda clip: clip.created_at)
        if clip.is_cine and exam.phase == Exam.Phase.BASELINE
    ]
    return cines[0] if cines else None


def ultrasound_exam(patient: Patient, surgery: date | None) -> Exam | None:
    """The visit that inclusion (a) is about: that of the index clip, else the last one before surgery."""
    exams = list(patient.exams.all())
    if patient.index_clip is not None:
        return next((exam for exam in exams if exam.pk == patient.index_clip.exam_id), None)
    dated = sorted((exam.performed_on, exam.number, exam) for exam in exams if exam.performed_on)
    before = [exam for on, _number, exam in dated if surgery is None or on <= surgery]
    return next(iter(before[::-1] or [exam for *_when, exam in dated] or exams), None)


def _clinical(record: ClinicalRecord | None) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Names that are missing for good (an empty field with a reason), and names still to be entered."""
    if record is None:
        return None, ()
    empty = [name for name in PRIMARY_FIELDS if getattr(record, name) in (None, "")]
    for_good = tuple(_name(field) for field in empty if record.missing_reasons.get(field))
    still_open = tuple(_name(field) for field in empty if not record.missing_reasons.get(field))
    if len(still_open) == len(PRIMARY_FIELDS):
        return None, ()
    return (for_good or None, still_open) if still_open else (for_good, ())


def _name(field: str) -> str:
    """The English name of a clinical field, which the catalogue knows."""
    names = {"age_years": "Age", "menopause": "Menopausal status", "size_cm": "US size"}
    return names.get(field, {"c_t": "cT", "c_n": "cN", "c_tnm": "cTNM"}.get(field, field))


def _has_video(patient: Patient, known: Screening) -> bool | None:
    if any(clip.is_cine for exam in patient.exams.all() for clip in exam.clips.all()):
        return True
    return False if known.video_missing else None


def _first_core(patient: Patient) -> Specimen | None:
    cores = [row for row in patient.specimens.all() if row.kind == Specimen.Kind.CORE]
    return min(cores, key=lambda row: (row.taken_on is None, row.taken_on or date.max), default=None)


def _pathology(patient: Patient, known: Screening) -> Pathology | None:
    """What the coordinator recorded, else what the specimens say: an excision before a core."""
    if known.tissue:
        return cast(Pathology, known.tissue)
    for kind in EXCISION_FIRST:
        found = [row.invasive for row in patient.specimens.all() if row.kind == kind]
        if found:
            return "invasive" if any(found) else "non_invasive"
    return None
