"""Refusals that are written down: who tried what they may not do."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models

from studies.models import Study
from studies.services.audit import audit_record


def permission_denied(*, actor: User, target: models.Model, study: Study) -> PermissionDenied:
    """Record the attempt and return the exception to raise."""
    audit_record(actor=actor, action="permission.denied", target=target, study=study)
    return PermissionDenied("You may not do this here. Ask the study's administrator for the role.")
