"""API of the screening: what is known for the criteria, and their rows, which are only added to."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from studies.api import filters, inputs
from studies.api import serializers as shown
from studies.api.base import LoggedRows
from studies.guards import require
from studies.models import CriterionRow, Screening
from studies.permissions import Role, can_edit_patient
from studies.selectors import criteria_in_reach, screenings_in_reach
from studies.services.screening import criterion_decide, screening_save

ROLES = frozenset(set(Role.values) - {Role.SONOGRAPHER})
"""Evidence may speak of what was found later: who only corrects boxes sees none."""


class Screenings(LoggedRows):
    """What is known of your patients for the criteria of the protocol, and what the newest rows come to."""

    queryset = Screening.objects.none()
    selector = screenings_in_reach
    related = ("patient__study", "patient__site")
    roles = ROLES
    view_reason = "screening"
    serializer_class = shown.ScreeningSerializer
    filterset_class = filters.ScreeningFilter

    @extend_schema(request=inputs.ScreeningInput, responses={201: shown.ScreeningSerializer})
    def create(self, request: Request) -> Response:
        """Store facts of a patient and record what the record now says of every criterion.

        Facts that the body does not name stay as they are; a row is added for each criterion that changes.
        """
        values = self.read(inputs.ScreeningInput)
        patient, note = values.pop("patient"), values.pop("note", "")
        allowed = can_edit_patient(request.user, patient)
        require(request, allowed, action="screen", target=patient, study=patient.study)
        row = screening_save(actor=request.user, patient=patient, values=values, note=note)
        return Response(self.show(row), status=status.HTTP_201_CREATED)


class CriterionRows(LoggedRows):
    """Criteria as they were recorded, each with its evidence; the newest row of a criterion counts.

    Rows never change and are never removed: a verdict is taken back by a newer row.
    """

    queryset = CriterionRow.objects.none()
    selector = criteria_in_reach
    related = ("actor", "patient__study", "patient__site")
    roles = ROLES
    view_reason = "screening"
    serializer_class = shown.CriterionRowSerializer
    filterset_class = filters.CriterionFilter
    ordering_fields = ("criterion", "number", "created_at")

    @extend_schema(request=inputs.CriterionInput, responses={201: shown.CriterionRowSerializer})
    def create(self, request: Request) -> Response:
        """Decide a criterion by hand, with the evidence that the record does not hold."""
        values = self.read(inputs.CriterionInput)
        patient = values["patient"]
        allowed = can_edit_patient(request.user, patient)
        require(request, allowed, action="decide criterion", target=patient, study=patient.study)
        row = criterion_decide(actor=request.user, **values)
        return Response(self.show(row), status=status.HTTP_201_CREATED)
