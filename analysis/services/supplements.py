"""Storing further analyses, and the features of clips described otherwise."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from analysis.models import FeatureVariant, Job, ModelVersion, Supplement
from analysis.services.features import DYNAMIC_DTYPE
from analysis.services.jobs import job_enqueue
from studies.errors import RuleViolationError
from studies.models import Clip, Look, Revision
from studies.services.audit import audit_record

BUSY = gettext_noop(
    "Analyses of this study are under way; wait until they are done, or cancel them on the Jobs page."
)
UNDER_WAY = (Job.Status.QUEUED, Job.Status.RUNNING)


@transaction.atomic
def supplement_store(
    *,
    version: ModelVersion,
    kind: str,
    cohort: str,
    results: Mapping[str, Any],
    job: Job | None,
    look: Look | None = None,
) -> Supplement:
    """Store what one further analysis found; an earlier one of its kind stays."""
    row = Supplement(version=version, kind=kind, cohort=cohort, look=look, job=job, results=dict(results))
    row.full_clean()
    row.save(force_insert=True)
    if version.study is not None:
        audit_record(
            actor=job.started_by if job else None,
            action="supplement.store",
            target=row,
            study=version.study,
            changes={"kind": [None, kind], "cohort": [None, cohort]},
        )
    return row


def variant_store(
    *,
    clip: Clip,
    revision: Revision,
    variant: str,
    digest: str,
    pipeline_version: str,
    parameters: Mapping[str, Any],
    n_used: int,
    dynamic: NDArray[np.float64] | None,
    reason: str = "",
) -> FeatureVariant:
    """Store the features of a clip described otherwise, or why there are none; once per digest."""
    if dynamic is not None and not np.isfinite(dynamic).all():
        raise ValueError("A feature table never holds NaN: invalid frames are left out, with their reason.")
    row = FeatureVariant(
        clip=clip,
        revision=revision,
        variant=variant,
        digest=digest,
        pipeline_version=pipeline_version,
        parameters=dict(parameters),
        n_used=n_used,
        reason=reason[:300],
        dynamic=b"" if dynamic is None else np.ascontiguousarray(dynamic, dtype=DYNAMIC_DTYPE).tobytes(),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return FeatureVariant.objects.get(digest=digest)
    return row


def variant_dynamic(row: FeatureVariant) -> NDArray[np.float64] | None:
    """Return the (2184,) features, None where the clip could not be described so."""
    stored = bytes(row.dynamic)
    return np.frombuffer(stored, dtype=DYNAMIC_DTYPE) if stored else None


def supplements_start(*, actor: User | None, version: ModelVersion, kinds: Iterable[str]) -> Job:
    """Queue a job that does further analyses of an ensemble.

    Raises RuleViolationError for no kind or an unknown one, a detector, or while such a job is under way.
    """
    wanted = [kind for kind in Supplement.Kind.values if kind in set(kinds)]
    if not wanted or set(kinds) - set(wanted):
        raise RuleViolationError(_("Choose at least one of the analyses that are listed."))
    study = version.study
    if study is None or version.kind != ModelVersion.Kind.ENSEMBLE:
        raise RuleViolationError(_("Further analyses are made of an ensemble; train one first."))
    busy = Job.objects.filter(study=study, kind=Job.Kind.SUPPLEMENT, status__in=UNDER_WAY)
    if actor is not None and busy.exists():
        raise RuleViolationError(_(BUSY))
    parameters = {"version": str(version.pk), "kinds": wanted}
    return job_enqueue(actor=actor, kind=Job.Kind.SUPPLEMENT, study=study, parameters=parameters)
