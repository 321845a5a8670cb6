"""Writes of the cohort: studies, sites, grants, patients, exams, clinical records."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.forms.models import model_to_dict

from studies.errors import RuleViolationError
from studies.models import ClinicalRecord, Clip, DataQuery, Exam, Lesion, Patient, RoleGrant, Site, Study
from studies.permissions import forget_grants
from studies.rules.clinical_checks import clinical_notices
from studies.services.audit import audit_record, changed_fields
from studies.services.hospital_numbers import hospital_number_set
from studies.services.parts import check_day
from studies.services.queries import Subject, queries_settle, queries_sync

CLINICAL_FIELDS = (
    "age_years", "menopause", "size_cm", "c_t", "c_n", "c_tnm", "staging_edition", "er_status",
    "er_percent", "pr_status", "pr_percent", "ki67_percent", "histology", "grade", "missing_reasons",
    "kept_warnings",
)  # fmt: skip


@transaction.atomic
def study_create(
    *,
    actor: User,
    slug: str,
    title: str,
    description: str = "",
    is_simulated: bool = False,
    readers_per_clip: int = 1,
    readers_per_specimen: int = 1,
    label_rule: str = Study.LabelRule.ASCO_CAP,
    split_seed: int = 2023,
) -> Study:
    """Open a study; whoever opens it becomes its coordinator."""
    study = Study(
        slug=slug,
        title=title,
        description=description,
        is_simulated=is_simulated,
        readers_per_clip=readers_per_clip,
        readers_per_specimen=readers_per_specimen,
        label_rule=label_rule,
        split_seed=split_seed,
    )
    study.full_clean()
    study.save(force_insert=True)
    audit_record(actor=actor, action="study.create", target=study, study=study)
    grant_create(actor=actor, user=actor, role=RoleGrant.Role.COORDINATOR, study=study)
    return study


@transaction.atomic
def site_create(*, actor: User | None, study: Study, code: str, name: str) -> Site:
    """Add a centre to a study."""
    site = Site(study=study, code=code, name=name)
    site.full_clean()
    site.save(force_insert=True)
    audit_record(actor=actor, action="site.create", target=site, study=study)
    return site


@transaction.atomic
def grant_create(
    *,
    actor: User | None,
    user: User,
    role: str,
    study: Study,
    site: Site | None = None,
) -> RoleGrant:
    """Give a user a role in a study, at one site or at all."""
    grant = RoleGrant(user=user, role=role, study=study, site=site)
    if site is not None and site.study_id != study.pk:
        raise RuleViolationError("The site belongs to another study; choose one of this study.")
    grant.full_clean()
    grant.save(force_insert=True)
    forget_grants(user)
    reach = site.code if site else "all"
    changes = {"user": [None, user.get_username()], "role": [None, role], "site": [None, reach]}
    audit_record(actor=actor, action="grant.create", target=grant, study=study, changes=changes)
    return grant


@transaction.atomic
def grant_revoke(*, actor: User, grant: RoleGrant, reason: str) -> None:
    """Take a role away again; the audit trail keeps that it was there."""
    changes = {"user": [grant.user.get_username(), None], "role": [grant.role, None]}
    audit_record(
        actor=actor, action="grant.revoke", target=grant, study=grant.study, changes=changes, reason=reason
    )
    forget_grants(grant.user)
    grant.delete()


@transaction.atomic
def patient_create(
    *, actor: User | None, study: Study, site: Site, code: str, hospital_number: str = ""
) -> Patient:
    """Add a patient with a first exam, a first lesion and an empty clinical record."""
    if site.study_id != study.pk:
        raise RuleViolationError("The site belongs to another study; choose one of this study.")
    patient = Patient(study=study, site=site, code=code)
    patient.full_clean()
    patient.save(force_insert=True)
    Exam.objects.create(patient=patient, number=1)
    Lesion.objects.create(patient=patient, number=1)
    ClinicalRecord.objects.create(patient=patient)
    audit_record(actor=actor, action="patient.create", target=patient, study=study)
    if hospital_number.strip():
        hospital_number_set(actor=actor, patient=patient, number=hospital_number)
    return patient


@transaction.atomic
def exam_create(*, actor: User, patient: Patient, phase: str, performed_on: date | None = None) -> Exam:
    """Add a visit."""
    check_day(performed_on)
    last = patient.exams.order_by("-number").first()
    exam = Exam(
        patient=patient, phase=phase, performed_on=performed_on, number=(last.number if last else 0) + 1
    )
    exam.full_clean()
    exam.save(force_insert=True)
    audit_record(actor=actor, action="exam.create", target=exam, study=patient.study)
    return exam


@transaction.atomic
def clinical_save(
    *, actor: User | None, patient: Patient, values: dict[str, Any], reason: str = ""
) -> ClinicalRecord:
    """Store clinical values of a patient; every changed field keeps its old value in the audit trail."""
    unknown = sorted(set(values) - set(CLINICAL_FIELDS))
    if unknown:
        raise RuleViolationError(f"These are no clinical fields: {', '.join(unknown)}.")
    record, _ = ClinicalRecord.objects.select_for_update().get_or_create(patient=patient)
    before = model_to_dict(record, CLINICAL_FIELDS)
    for name, value in values.items():
        setattr(record, name, value)
    record.full_clean()
    record.save()
    changes = changed_fields(before, model_to_dict(record, CLINICAL_FIELDS))
    if changes:
        audit_record(
            actor=actor,
            action="clinical.save",
            target=record,
            study=patient.study,
            changes=changes,
            reason=reason,
        )
        _ask_about(actor, record, changes)
    return record


def _ask_about(actor: User | None, record: ClinicalRecord, changed: Iterable[str]) -> None:
    """Bring the open questions in line with the values stored now."""
    values = model_to_dict(record, CLINICAL_FIELDS)
    clinical = DataQuery.Subject.CLINICAL
    queries_settle(actor=actor, patient=record.patient, part=clinical, fields=changed)
    subject = Subject(record.patient, clinical, values, kept=record.kept_warnings)
    queries_sync(actor=actor, subject=subject, notices=clinical_notices(values))


@transaction.atomic
def index_clip_choose(*, actor: User, patient: Patient, clip: Clip, reason: str) -> Patient:
    """Choose the clip that stands for a patient in learning."""
    if clip.exam.patient_id != patient.pk:
        raise RuleViolationError("The clip belongs to another patient.")
    before = str(patient.index_clip_id) if patient.index_clip_id else None
    patient.index_clip = clip
    patient.save(update_fields=["index_clip", "updated_at"])
    audit_record(
        actor=actor,
        action="patient.index_clip",
        target=patient,
        study=patient.study,
        changes={"index_clip": [before, str(clip.pk)]},
        reason=reason,
    )
    return patient
