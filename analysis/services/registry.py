"""The registry of fitted models: store, evaluate, promote."""

from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import transaction

from analysis.models import Evaluation, Job, ModelVersion, Promotion
from analysis.selectors import described_patients, index_clip
from analysis.services.jobs import job_enqueue
from studies.errors import RuleViolationError
from studies.models import Look, Study
from studies.services.audit import audit_record

FIRST_REASON = "The first ensemble of the study; later ones are promoted by an administrator."


@transaction.atomic
def detector_store(
    *,
    job: Job,
    blob: bytes,
    digest: str,
    parameters: dict[str, Any],
    snapshot: dict[str, Any],
    summary: dict[str, Any],
) -> ModelVersion:
    """Store a trained detector as a candidate; the shipped one stays of record until somebody promotes it."""
    versions = ModelVersion.objects.filter(study=job.study, kind=ModelVersion.Kind.DETECTOR)
    last = versions.order_by("-number").first()
    version = ModelVersion(
        kind=ModelVersion.Kind.DETECTOR,
        study=job.study,
        number=(last.number if last else 0) + 1,
        name="yolov5n, signed tracks",
        digest=digest,
        parameters=parameters,
        training_snapshot=snapshot,
        summary=summary,
        job=job,
    )
    version.file.save("model.onnx", ContentFile(blob), save=False)
    version.full_clean()
    version.save(force_insert=True)
    audit_record(actor=job.started_by, action="model.store", target=version, study=job.study)
    return version


@transaction.atomic
def ensemble_store(
    *,
    job: Job,
    blob: bytes,
    digest: str,
    name: str,
    parameters: dict[str, Any],
    snapshot: dict[str, Any],
    snapshot_digest: str,
    summary: dict[str, Any],
) -> ModelVersion:
    """Store a fitted ensemble; the first one of a study becomes the one of record at once."""
    versions = ModelVersion.objects.filter(study=job.study, kind=ModelVersion.Kind.ENSEMBLE)
    last = versions.order_by("-number").first()
    version = ModelVersion(
        kind=ModelVersion.Kind.ENSEMBLE,
        study=job.study,
        number=(last.number if last else 0) + 1,
        name=name,
        digest=digest,
        parameters=parameters,
        training_snapshot=snapshot,
        snapshot_digest=snapshot_digest,
        summary=summary,
        job=job,
    )
    version.file.save("model.zip", ContentFile(blob), save=False)
    version.full_clean()
    version.save(force_insert=True)
    audit_record(actor=job.started_by, action="model.store", target=version, study=job.study)
    if last is None:
        version_promote(actor=job.started_by, version=version, reason=FIRST_REASON)
    return version


def evaluation_store(
    *,
    version: ModelVersion,
    cohort: str,
    look: Look | None,
    n_positive: int,
    n_negative: int,
    results: dict[str, Any],
    predictions: dict[str, Any],
    inputs: dict[str, dict[str, str]] | None = None,
) -> Evaluation:
    """Store how an ensemble did on one side of the split; inputs: what of the test side was judged (G7)."""
    row = Evaluation(
        version=version,
        cohort=cohort,
        look=look,
        n_positive=n_positive,
        n_negative=n_negative,
        results=results,
        predictions=predictions,
        inputs=inputs or {},
    )
    row.full_clean()
    row.save(force_insert=True)
    return row


@transaction.atomic
def detector_go_back(*, actor: User, study: Study, reason: str) -> None:
    """Make the shipped detector the one of record again; those of the study stay candidates."""
    if not reason.strip():
        raise RuleViolationError(
            "Say why the shipped detector becomes the one of record; the reason is kept."
        )
    replaced = ModelVersion.objects.filter(
        study=study, kind=ModelVersion.Kind.DETECTOR, is_active=True
    ).first()
    if replaced is None:
        raise RuleViolationError("The shipped detector is the one of record already.")
    ModelVersion.objects.filter(pk=replaced.pk).update(is_active=False)
    audit_record(
        actor=actor,
        action="model.go_back",
        target=replaced,
        study=study,
        changes={"active": [str(replaced.pk), None]},
        reason=reason,
    )


@transaction.atomic
def version_promote(*, actor: User | None, version: ModelVersion, reason: str) -> ModelVersion:
    """Make a version the one of record; promoting an earlier one rolls back."""
    if not reason.strip():
        raise RuleViolationError("Say why this version becomes the one of record; the reason is kept.")
    replaced = ModelVersion.objects.filter(study=version.study, kind=version.kind, is_active=True).first()
    if replaced is not None and replaced.pk == version.pk:
        raise RuleViolationError("This version is the one of record already.")
    if replaced is not None:
        ModelVersion.objects.filter(pk=replaced.pk).update(is_active=False)
    ModelVersion.objects.filter(pk=version.pk).update(is_active=True)
    version.refresh_from_db()
    Promotion.objects.create(version=version, replaced=replaced, actor=actor, reason=reason.strip()[:500])
    if version.study is not None:
        audit_record(
            actor=actor,
            action="model.promote",
            target=version,
            study=version.study,
            changes={"active": [str(replaced.pk) if replaced else None, str(version.pk)]},
            reason=reason,
        )
    if version.study is not None and version.kind == ModelVersion.Kind.ENSEMBLE:
        _predict_newcomers(version)
    return version


def _predict_newcomers(version: ModelVersion) -> None:
    """Ask for the index clip of whoever this version has not seen: its job predicts what is described."""
    unseen = described_patients(version.study).exclude(predictions__version=version)
    for patient in unseen:
        if clip := index_clip(patient):
            job_enqueue(actor=None, kind=Job.Kind.DESCRIBE, study=version.study, clip=clip)
