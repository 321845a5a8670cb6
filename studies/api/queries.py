"""API of data queries: list, raise, answer, close, open again."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from studies.api import filters, inputs
from studies.api import serializers as shown
from studies.api.base import Rows
from studies.guards import require
from studies.models import DataQuery
from studies.permissions import can_answer_query, can_close_query, can_view_labels
from studies.selectors import queries_in_reach
from studies.services.queries import query_answer, query_close, query_raise, query_reopen


class DataQueries(Rows):
    """Questions about values of your patients."""

    queryset = DataQuery.objects.none()
    selector = queries_in_reach
    related = ("patient__study", "patient__site", "raised_by")
    serializer_class = shown.DataQuerySerializer
    filterset_class = filters.QueryFilter
    ordering = ("-created_at", "pk")

    def get_queryset(self):
        """With their threads."""
        return super().get_queryset().prefetch_related("notes__author")

    @extend_schema(request=inputs.QueryInput, responses={201: shown.DataQuerySerializer})
    def create(self, request: Request) -> Response:
        """Ask about a field of a patient."""
        values = self.read(inputs.QueryInput)
        patient, part = values["patient"], values.pop("subject")
        if part == DataQuery.Subject.PATHOLOGY and not can_view_labels(request.user, patient):
            raise PermissionDenied
        return Response(
            self.show(query_raise(actor=request.user, part=part, **values)), status=status.HTTP_201_CREATED
        )

    @extend_schema(request=inputs.QueryStepInput, responses=shown.DataQuerySerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str | None = None) -> Response:
        """Answer an open question."""
        return self._step(request, can_answer_query, query_answer)

    @extend_schema(request=inputs.QueryStepInput, responses=shown.DataQuerySerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str | None = None) -> Response:
        """Settle a question."""
        return self._step(request, can_close_query, query_close)

    @extend_schema(request=inputs.QueryStepInput, responses=shown.DataQuerySerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str | None = None) -> Response:
        """Ask again after an answer or a closure."""
        return self._step(request, can_close_query, query_reopen)

    def _step(self, request: Request, may: Callable[..., bool], act: Callable[..., Any]) -> Response:
        query = self.get_object()
        allowed = may(request.user, query)
        require(request, allowed, action="query", target=query, study=query.patient.study)
        act(actor=request.user, query=query, **self.read(inputs.QueryStepInput))
        return Response(self.show(self.get_object()))
