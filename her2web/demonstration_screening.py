"""The screening of the demonstration: the simulated patients are included, and some more are not, each for
a reason of the protocol, so that the recruitment flow has something to show."""

from datetime import date, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from studies.models import Patient, Screening, Study
from studies.services.cohort import clinical_save, patient_create
from studies.services.screening import screening_save

FIRST_DAY = date(2020, 1, 6)
DAYS_TO_SURGERY = 3
NOTE = "Simulated operation list and ultrasound reports."
EXAMINED_ONLY = "X"
"""Codes of the patients who are examined and have no cine begin with this letter."""
INCLUDED: dict[str, object] = {
    "suspected_lesion": True, "surgery_intended": True, "biopsied": False, "acquisition_compliant": True,
    "multifocal": False, "bilateral": False, "tissue": "invasive", "mass": True,
}  # fmt: skip
CLINICAL = {"age_years": 52, "menopause": 1, "size_cm": "2.1", "c_t": 2, "c_n": 0, "c_tnm": "IIA"}
NOT_INCLUDED: tuple[dict[str, object] | None, ...] = (
    {"biopsied": True, "biopsy_on": FIRST_DAY - timedelta(days=4)},
    {"biopsied": True, "biopsy_on": FIRST_DAY - timedelta(days=9)},
    {"multifocal": True},
    {"bilateral": True, "mass": False},
    {"tissue": "benign"},
    {"tissue": "non_invasive"},
    {"mass": False},
    {"surgery_intended": False, "surgery_on": None},
    {"video_missing": True},
    {"acquisition_compliant": False},
    None,
    None,
)
"""What is different with each patient who is not included; None: nobody has screened the patient yet."""


def screening_ensure(study: Study, users: dict[str, AbstractBaseUser]) -> int:
    """Screen everybody who is not screened yet; return how many."""
    coordinator, done = users["coordinator"], 0
    _examined_only_ensure(study, coordinator)
    waiting = study.patients.filter(screening__isnull=True).exclude(code__startswith=EXAMINED_ONLY)
    for number, patient in enumerate(waiting.order_by("code")):
        _screen(coordinator, patient, number, {})
        done += 1
    for number, difference in enumerate(NOT_INCLUDED):
        patient = study.patients.get(code=_code(number))
        if difference is not None and not Screening.objects.filter(patient=patient).exists():
            _screen(coordinator, patient, number, difference)
            done += 1
    return done


def _screen(
    coordinator: AbstractBaseUser, patient: Patient, number: int, difference: dict[str, object]
) -> None:
    on = FIRST_DAY + timedelta(days=number)
    dates = {"ultrasound_on": on, "surgery_on": on + timedelta(days=DAYS_TO_SURGERY)}
    screening_save(actor=coordinator, patient=patient, values=INCLUDED | dates | difference, note=NOTE)


@transaction.atomic
def _examined_only_ensure(study: Study, coordinator: AbstractBaseUser) -> None:
    """The patients of NOT_INCLUDED, with clinical values and without a cine."""
    sites = list(study.sites.order_by("code"))
    for number in range(len(NOT_INCLUDED)):
        if not study.patients.filter(code=_code(number)).exists():
            site = sites[number % len(sites)]
            patient = patient_create(actor=coordinator, study=study, site=site, code=_code(number))
            clinical_save(actor=coordinator, patient=patient, values=dict(CLINICAL))


def _code(number: int) -> str:
    return f"{EXAMINED_ONLY}{number + 1:03d}"
