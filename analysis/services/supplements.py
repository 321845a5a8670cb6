"""Storing further analyses, and the features of clips described otherwise."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from numpy.typing import NDArray

from analysis.models import FeatureVariant, Job, ModelVersion, Supplement
from analysis.services.features import DYNAMIC_DTYPE
from studies.models import Clip, Look, Revision
from studies.services.audit import audit_record


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
            reason=f"{kind}, {cohort}",
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
