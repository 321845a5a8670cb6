"""Writes of the link to a hospital number, and its two audited uses: finding a patient, and showing a number.

Neither a number nor its hash is ever written to the audit trail: it keeps that a link was made, changed,
searched or opened, by whom and why.
"""

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from studies.errors import RuleViolationError
from studies.models import HospitalLink, Patient, Study
from studies.rules import hospital_numbers as rules
from studies.selectors import patients_for
from studies.services.audit import audit_record


def hospital_number_fingerprint(number: str) -> str:
    """The keyed hash of a number: equal numbers have equal hashes, whatever their spelling."""
    return rules.fingerprint(number, secret=settings.HOSPITAL_NUMBER_KEY)


@transaction.atomic
def hospital_number_set(
    *, actor: User | None, patient: Patient, number: str, reason: str = ""
) -> HospitalLink:
    """Link a patient to a hospital number; another number replaces it and needs a reason."""
    found = hospital_number_fingerprint(number)
    link = HospitalLink.objects.select_for_update().filter(patient=patient).first()
    if link is not None and link.fingerprint == found:
        return link
    if link is not None and not reason.strip():
        raise RuleViolationError("Say why the hospital number changes; the reason is kept.")
    changes = {"hospital_number": ["set" if link else None, "set"]}
    link = link or HospitalLink(patient=patient)
    link.fingerprint = found
    link.sealed = rules.seal(number.strip(), secret=settings.HOSPITAL_NUMBER_KEY, owner=str(patient.pk))
    link.full_clean()
    link.save()
    audit_record(
        actor=actor, action="hospital_number.set", target=patient, study=patient.study,
        changes=changes, reason=reason,
    )  # fmt: skip
    return link


@transaction.atomic
def hospital_number_remove(*, actor: User, patient: Patient, reason: str) -> None:
    """Cut the link for good: the number can't be recovered from what is left."""
    if not reason.strip():
        raise RuleViolationError("Say why the link is cut; the reason is kept.")
    link = HospitalLink.objects.select_for_update().filter(patient=patient).first()
    if link is None:
        raise RuleViolationError("This patient has no hospital number.")
    link.delete()
    audit_record(
        actor=actor, action="hospital_number.remove", target=patient, study=patient.study,
        changes={"hospital_number": ["set", None]}, reason=reason,
    )  # fmt: skip


@transaction.atomic
def hospital_number_reveal(*, actor: User, patient: Patient, reason: str) -> str:
    """The number of a patient, once the reason is on record."""
    if not reason.strip():
        raise RuleViolationError("Say why you need the hospital number; the reason is kept.")
    link = HospitalLink.objects.filter(patient=patient).first()
    if link is None:
        raise RuleViolationError("This patient has no hospital number.")
    number = rules.unseal(link.sealed, secret=settings.HOSPITAL_NUMBER_KEY, owner=str(patient.pk))
    audit_record(
        actor=actor, action="hospital_number.reveal", target=patient, study=patient.study, reason=reason
    )
    return number


@transaction.atomic
def hospital_number_find(*, viewer: User, study: Study, number: str) -> QuerySet[Patient]:
    """Patients of the study, at the viewer's sites, with exactly this number; the search is on record."""
    found = patients_for(study, viewer=viewer).filter(
        hospital_link__fingerprint=hospital_number_fingerprint(number)
    )
    changes = {"found": [None, found.count()]}
    audit_record(actor=viewer, action="hospital_number.search", target=study, study=study, changes=changes)
    return found
