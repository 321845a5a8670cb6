"""Writes of what belongs to a patient: lesions and visits, added and corrected; old values are audited."""

from datetime import date
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.forms.models import model_to_dict
from django.utils import timezone

from studies.errors import RuleViolationError
from studies.models import DataQuery, Exam, Lesion, Patient
from studies.services.audit import audit_record, changed_fields
from studies.services.queries import queries_settle

Part = TypeVar("Part", Lesion, Exam)
LESION_FIELDS = ("laterality", "clock_position")
EXAM_FIELDS = ("phase", "performed_on")


def check_day(day: date | None) -> None:
    """Refuse a visit that has not been yet."""
    if day is not None and day > timezone.localdate():
        raise RuleViolationError("The day of the visit lies in the future; correct it.")


@transaction.atomic
def lesion_create(*, actor: User, patient: Patient, values: dict[str, Any]) -> Lesion:
    """Add a lesion."""
    Patient.objects.select_for_update().get(pk=patient.pk)
    last = patient.lesions.order_by("-number").first()
    lesion = Lesion(patient=patient, number=(last.number if last else 0) + 1)
    return _store(actor, lesion, values, LESION_FIELDS, "lesion.create")


@transaction.atomic
def lesion_save(*, actor: User, lesion: Lesion, values: dict[str, Any], reason: str = "") -> Lesion:
    """Correct a lesion."""
    locked = Lesion.objects.select_for_update().select_related("patient__study").get(pk=lesion.pk)
    return _store(actor, locked, values, LESION_FIELDS, "lesion.save", reason)


@transaction.atomic
def exam_save(*, actor: User, exam: Exam, values: dict[str, Any], reason: str = "") -> Exam:
    """Correct a visit."""
    locked = Exam.objects.select_for_update().select_related("patient__study").get(pk=exam.pk)
    return _store(actor, locked, values, EXAM_FIELDS, "exam.save", reason)


def _store(
    actor: User, row: Part, values: dict[str, Any], fields: tuple[str, ...], action: str, reason: str = ""
) -> Part:
    """Set, check, save, audit, and settle what an import asked about the fields that changed."""
    check_day(values.get("performed_on"))
    is_new = row._state.adding
    before = dict.fromkeys(fields) if is_new else model_to_dict(row, fields)
    for name in fields:
        if name in values:
            setattr(row, name, values[name])
    row.full_clean()
    row.save()
    changes = changed_fields(before, model_to_dict(row, fields))
    if changes or is_new:
        study = row.patient.study
        audit_record(actor=actor, action=action, target=row, study=study, changes=changes, reason=reason)
    part = DataQuery.Subject.LESION if isinstance(row, Lesion) else DataQuery.Subject.EXAM
    queries_settle(actor=actor, patient=row.patient, part=part, fields=changes)
    return row
