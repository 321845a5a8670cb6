"""The thin wrapper between a predicate and a page: refuse, and write down that it was refused."""

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from studies.models import Study
from studies.services.audit import audit_record


def require(request: HttpRequest, allowed: bool, *, action: str, target: Model, study: Study) -> None:
    """Raise PermissionDenied (403) and log it unless `allowed`.

    Args:
        request: its user is the actor.
        allowed: what the predicate said.
        action: what was attempted, for the audit trail.
        target: the row it was attempted on.
        study: the study of the row.
    """
    if allowed:
        return
    audit_record(
        actor=request.user,
        action="permission.denied",
        target=target,
        study=study,
        changes={"attempt": [None, action]},
    )
    raise PermissionDenied
