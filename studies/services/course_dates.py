"""The order of a patient's dates: ultrasound, surgery, label (HONESTY G10)."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from studies.models import Clip, Label, Patient, Screening, Specimen
from studies.rules.consistency import Dates, date_warnings
from studies.rules.sentences import Notice
from studies.services.labels_of_record import label_of_record

LEAKS = frozenset({"ultrasound_after_surgery", "label_before_surgery", "label_before_ultrasound"})
"""Codes of `date_warnings` that keep a patient out of learning and judging; a biopsy's place is no leak."""


def order_broken(patient: Patient, clip: Clip, label: Label | None) -> list[Notice]:
    """What of ultrasound <= surgery <= label does not hold; dates that are not recorded break nothing.

    A reading of a core biopsy may be signed before the surgery: then only the ultrasound has to come first.
    Uses `patient.specimens.all()` and `patient.screening`, so that callers can load them beforehand.
    """
    surgery = surgery_day(patient)
    signed = label.locked_at.date() if label is not None and label.locked_at else None
    of_excision = label is not None and label.specimen.kind == Specimen.Kind.EXCISION
    found = date_warnings(Dates(ultrasound=clip.exam.performed_on, surgery=surgery, label=signed))
    return [
        notice
        for notice in found
        if notice.code in LEAKS and (notice.code != "label_before_surgery" or of_excision)
    ]


def out_of_order(patients: QuerySet[Patient], clips: Mapping[UUID, Clip]) -> set[UUID]:
    """Ids of patients whose dates break the order, in a fixed number of queries.

    clips: patient id to the cine that counts, with its exam loaded.
    """
    rows = patients.select_related(None).select_related("study", "screening")
    return {
        patient.pk
        for patient in rows.prefetch_related("specimens__labels")
        if patient.pk in clips and order_broken(patient, clips[patient.pk], label_of_record(patient))
    }


def surgery_day(patient: Patient) -> date | None:
    """The day of surgery as screening recorded it, else that of the first excision; None: not recorded."""
    known: Screening | None = getattr(patient, "screening", None)
    if known is not None and known.surgery_on:
        return known.surgery_on
    excisions = [row for row in patient.specimens.all() if row.kind == Specimen.Kind.EXCISION]
    return min((row.taken_on for row in excisions if row.taken_on), default=None)
