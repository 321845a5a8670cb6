"""The thin wrapper between a predicate and a page or the API: refuse, and write down that it was refused."""

from django.contrib.auth import authenticate
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from studies.models import Study
from studies.permissions import Role, holds_anywhere
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


def signs_again(request: HttpRequest, password: str) -> bool:
    """Whether the password is that of the user who is logged in: a signature asks for it again.

    Wrong ones count as failed logins do, so that they cannot be tried without end.
    """
    if not password:
        return False
    user = authenticate(request, username=request.user.get_username(), password=password)
    return user is not None and user.pk == request.user.pk


class HoldsRole(BasePermission):
    """API: one of the view's `roles` counts for the user in some study.

    The view may set `roles` (default: any role) and `unblinded` (a sonographer's grant closes the study).
    Which rows the user then reaches is the selector's answer.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Ask, and write a refusal down."""
        user = request.user
        if not user.is_authenticated:
            return False
        roles, unblinded = getattr(view, "roles", Role.values), getattr(view, "unblinded", False)
        allowed = holds_anywhere(user, roles, unblinded=unblinded)
        if not allowed:
            attempt = f"{request.method} {getattr(view, 'basename', '')}".strip()
            audit_record(
                actor=user, action="permission.denied", target=user, changes={"attempt": [None, attempt]}
            )
        return allowed
