"""The common shape of the API's lists: rows through a selector, a gate by role, one row by UUID."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from studies.guards import HoldsRole
from studies.services.audit import audit_record


class Rows(ReadOnlyModelViewSet):
    """Rows that a selector gives the caller.

    A row out of reach is 404; a list that no role of the caller opens is 403. `related` is joined, so that
    the number of queries does not grow with the rows.
    """

    permission_classes = [IsAuthenticated, HoldsRole]
    selector: Callable[..., QuerySet]
    related: tuple[str, ...] = ()
    lookup_value_converter = "uuid"
    ordering: tuple[str, ...] = ("created_at", "pk")
    ordering_fields: tuple[str, ...] = ("created_at", "updated_at")

    def get_queryset(self) -> QuerySet:
        """Rows within the caller's reach."""
        rows = type(self).selector(viewer=self.request.user)
        return rows.select_related(*self.related) if self.related else rows

    def read(self, form: type[serializers.Serializer], **options: Any) -> dict[str, Any]:
        """The checked body of the request; 400 names what is wrong with it."""
        data = form(data=self.request.data, context=self.get_serializer_context(), **options)
        data.is_valid(raise_exception=True)
        return dict(data.validated_data)

    def show(self, row: Any) -> dict[str, Any]:
        """The row as JSON."""
        return self.get_serializer(row).data


class LoggedRows(Rows):
    """Rows of a patient: to look at one of them is a view of the patient, as on its page.

    `patient_path` leads from the row to its patient, `view_reason` says on what the view was.
    """

    patient_path: str = "patient"
    view_reason: str = ""

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Show one; the view is written into the audit trail."""
        row = self.get_object()
        patient = attrgetter(self.patient_path)(row)
        audit_record(
            actor=request.user, action="patient.view", target=patient, study=patient.study,
            reason=self.view_reason,
        )  # fmt: skip
        return Response(self.show(row))
