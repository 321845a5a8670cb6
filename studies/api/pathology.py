"""API of pathology and of the audit trail."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from studies.api import filters, inputs
from studies.api import serializers as shown
from studies.api.base import LoggedRows, Rows
from studies.guards import require, signs_again
from studies.models import AuditEvent, Label, Specimen
from studies.permissions import LABEL_ROLES, Role, can_enter_pathology
from studies.selectors import audit_in_reach, labels_in_reach, specimens_in_reach
from studies.services.pathology import label_save, specimen_create
from studies.services.signing import label_amend, label_lock


class Specimens(LoggedRows):
    """Specimens of the patients whose labels you may see; closed to whoever corrects boxes in the study."""

    queryset = Specimen.objects.none()
    selector = specimens_in_reach
    related = ("patient__study",)
    view_reason = "specimen"
    roles = LABEL_ROLES | {Role.ADMINISTRATOR}
    unblinded = True
    serializer_class = shown.SpecimenSerializer
    filterset_class = filters.BelowPatient

    @extend_schema(request=inputs.SpecimenInput, responses={201: shown.SpecimenSerializer})
    def create(self, request: Request) -> Response:
        """Register a piece of tissue."""
        values = self.read(inputs.SpecimenInput)
        patient = values["patient"]
        allowed = can_enter_pathology(request.user, patient)
        require(request, allowed, action="register specimen", target=patient, study=patient.study)
        specimen = specimen_create(actor=request.user, **values)
        return Response(self.show(specimen), status=status.HTTP_201_CREATED)


class Labels(LoggedRows):
    """Readings of those specimens, with what the rule engine concluded."""

    queryset = Label.objects.none()
    selector = labels_in_reach
    related = ("reader", "specimen__patient__study", "specimen__patient__site")
    patient_path, view_reason = "specimen.patient", "label"
    roles = LABEL_ROLES | {Role.ADMINISTRATOR}
    unblinded = True
    serializer_class = shown.LabelSerializer
    filterset_class = filters.LabelFilter
    ordering_fields = ("call", "locked_at", "created_at")

    @extend_schema(request=inputs.LabelInput, responses={201: shown.LabelSerializer})
    def create(self, request: Request) -> Response:
        """Store a reading as a draft."""
        values = self.read(inputs.LabelInput)
        specimen = values.pop("specimen")
        patient = specimen.patient
        allowed = can_enter_pathology(request.user, patient)
        require(request, allowed, action="enter label", target=specimen, study=patient.study)
        label = self._save(specimen, values.pop("role"), values)
        return Response(self.show(label), status=status.HTTP_201_CREATED)

    @extend_schema(request=inputs.LabelChange, responses=shown.LabelSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change a draft; a locked reading is amended first."""
        label = self._writable("enter label")
        values = self.read(inputs.LabelChange, partial=True)
        return Response(self.show(self._save(label.specimen, label.role, values)))

    @extend_schema(request=inputs.SignatureInput, responses=shown.LabelSerializer)
    @action(detail=True, methods=["post"])
    def lock(self, request: Request, pk: str | None = None) -> Response:
        """Sign the reading with your password; a consensus is locked by the second signature."""
        label = self._writable("lock label")
        if not signs_again(request._request, self.read(inputs.SignatureInput)["password"]):
            raise ValidationError({"password": "The password is not right, so nothing was signed."})
        return Response(self.show(label_lock(actor=request.user, label=label)))

    @extend_schema(request=inputs.ReasonInput, responses=shown.LabelSerializer)
    @action(detail=True, methods=["post"])
    def amend(self, request: Request, pk: str | None = None) -> Response:
        """Open a locked reading again, with a reason."""
        label = self._writable("amend label")
        reason = self.read(inputs.ReasonInput)["reason"]
        return Response(self.show(label_amend(actor=request.user, label=label, reason=reason)))

    def _save(self, specimen: Specimen, role: str, values: dict) -> Label:
        reason = values.pop("reason", "")
        return label_save(actor=self.request.user, specimen=specimen, values=values, role=role, reason=reason)

    def _writable(self, act: str) -> Label:
        label = self.get_object()
        patient = label.specimen.patient
        allowed = can_enter_pathology(self.request.user, patient)
        require(self.request, allowed, action=act, target=label, study=patient.study)
        return label


class AuditEvents(Rows):
    """The audit trail of the studies you administer, newest first."""

    queryset = AuditEvent.objects.none()
    selector = audit_in_reach
    roles = frozenset({Role.ADMINISTRATOR})
    serializer_class = shown.AuditEventSerializer
    filterset_class = filters.AuditFilter
    ordering = ("-sequence",)
    ordering_fields = ("sequence",)
    lookup_value_converter = "int"
