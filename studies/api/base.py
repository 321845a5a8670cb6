"""The common shape of the API's lists: rows through a selector, a gate by role, one row by UUID."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.viewsets import ReadOnlyModelViewSet

from studies.guards import HoldsRole


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
