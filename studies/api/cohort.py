"""API of the cohort: studies, sites, patients, lesions, exams, clinical records, memberships, looks."""

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
from studies.models import ClinicalRecord, Exam, Lesion, Look, Membership, Patient, Site, Study
from studies.permissions import (
    can_create_study,
    can_edit_patient,
    can_manage_cohort,
    can_seal,
    can_take_look,
)
from studies.selectors import patients_in_reach, sites_in_reach, studies_for
from studies.services.audit import audit_record
from studies.services.cohort import clinical_save, exam_create, patient_create, site_create, study_create
from studies.services.membership import look_take, study_seal


class Studies(Rows):
    """Studies in which you hold a role."""

    queryset = Study.objects.none()
    selector = studies_for
    serializer_class = shown.StudySerializer
    filterset_fields = ["slug", "is_simulated"]
    ordering_fields = ("slug", "title", "created_at")

    @extend_schema(request=inputs.StudyInput, responses={201: shown.StudySerializer})
    def create(self, request: Request) -> Response:
        """Open a study; you become its coordinator."""
        if not can_create_study(request.user):
            raise PermissionDenied
        study = study_create(actor=request.user, **self.read(inputs.StudyInput))
        return Response(self.show(study), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=shown.StudySerializer)
    @action(detail=True, methods=["post"])
    def seal(self, request: Request, pk: str | None = None) -> Response:
        """Freeze the split; from now on looks are counted."""
        study = self.get_object()
        require(request, can_seal(request.user, study), action="seal", target=study, study=study)
        return Response(self.show(study_seal(actor=request.user, study=study)))


class Sites(Rows):
    """Sites that your grants reach."""

    queryset = Site.objects.none()
    selector = sites_in_reach
    serializer_class = shown.SiteSerializer
    filterset_class = filters.BelowStudy
    ordering_fields = ("code", "name", "created_at")

    @extend_schema(request=inputs.SiteInput, responses={201: shown.SiteSerializer})
    def create(self, request: Request) -> Response:
        """Add a site to a study."""
        values = self.read(inputs.SiteInput)
        study = values["study"]
        require(request, can_seal(request.user, study), action="add site", target=study, study=study)
        return Response(self.show(site_create(actor=request.user, **values)), status=status.HTTP_201_CREATED)


class Patients(Rows):
    """Patients at your sites."""

    queryset = Patient.objects.none()
    selector = patients_in_reach
    related = ("study",)
    serializer_class = shown.PatientSerializer
    filterset_class = filters.PatientFilter
    ordering = ("code", "pk")
    ordering_fields = ("code", "created_at", "updated_at")

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Show one; the view is written into the audit trail."""
        patient = self.get_object()
        audit_record(actor=request.user, action="patient.view", target=patient, study=patient.study)
        return Response(self.show(patient))

    @extend_schema(request=inputs.PatientInput, responses={201: shown.PatientSerializer})
    def create(self, request: Request) -> Response:
        """Add a patient with a first exam, a first lesion and an empty clinical record."""
        values = self.read(inputs.PatientInput)
        site = values["site"]
        allowed = can_manage_cohort(request.user, site.study, site)
        require(request, allowed, action="create patient", target=site, study=site.study)
        patient = patient_create(actor=request.user, study=site.study, **values)
        return Response(self.show(patient), status=status.HTTP_201_CREATED)


def lesions_in_reach(*, viewer):
    """Lesions of the patients within reach."""
    return Lesion.objects.filter(patient__in=patients_in_reach(viewer=viewer))


def exams_in_reach(*, viewer):
    """Visits of the patients within reach."""
    return Exam.objects.filter(patient__in=patients_in_reach(viewer=viewer))


def clinical_in_reach(*, viewer):
    """Clinical records of the patients within reach."""
    return ClinicalRecord.objects.filter(patient__in=patients_in_reach(viewer=viewer))


def memberships_in_reach(*, viewer):
    """Sides of the patients within reach."""
    return Membership.objects.filter(patient__in=patients_in_reach(viewer=viewer))


def looks_in_reach(*, viewer):
    """Looks of the studies within reach."""
    return Look.objects.filter(study__in=studies_for(viewer=viewer))


class Lesions(Rows):
    """Lesions of your patients."""

    queryset = Lesion.objects.none()
    selector = lesions_in_reach
    serializer_class = shown.LesionSerializer
    filterset_class = filters.BelowPatient


class Exams(Rows):
    """Visits of your patients."""

    queryset = Exam.objects.none()
    selector = exams_in_reach
    serializer_class = shown.ExamSerializer
    filterset_class = filters.BelowPatient

    @extend_schema(request=inputs.ExamInput, responses={201: shown.ExamSerializer})
    def create(self, request: Request) -> Response:
        """Add a visit."""
        values = self.read(inputs.ExamInput)
        patient = values["patient"]
        allowed = can_edit_patient(request.user, patient)
        require(request, allowed, action="create exam", target=patient, study=patient.study)
        return Response(self.show(exam_create(actor=request.user, **values)), status=status.HTTP_201_CREATED)


class ClinicalRecords(Rows):
    """Clinical values of your patients."""

    queryset = ClinicalRecord.objects.none()
    selector = clinical_in_reach
    related = ("patient__study", "patient__site")
    serializer_class = shown.ClinicalRecordSerializer
    filterset_class = filters.BelowPatient
    ordering_fields = ("age_years", "size_cm", "created_at", "updated_at")

    @extend_schema(request=inputs.ClinicalInput, responses=shown.ClinicalRecordSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change values; each old value stays in the audit trail."""
        patient = self.get_object().patient
        allowed = can_edit_patient(request.user, patient)
        require(request, allowed, action="edit clinical", target=patient, study=patient.study)
        values = self.read(inputs.ClinicalInput, partial=True)
        reason = values.pop("reason", "")
        return Response(
            self.show(clinical_save(actor=request.user, patient=patient, values=values, reason=reason))
        )


class Memberships(Rows):
    """Which side of the split your patients are on. A patient never moves, so nothing is written here."""

    queryset = Membership.objects.none()
    selector = memberships_in_reach
    serializer_class = shown.MembershipSerializer
    filterset_class = filters.BelowPatient
    ordering_fields = ("created_at",)


class Looks(Rows):
    """Counted looks at the test side and at the temporal test of your studies, a counter each."""

    queryset = Look.objects.none()
    selector = looks_in_reach
    related = ("actor",)
    serializer_class = shown.LookSerializer
    filterset_class = filters.BelowStudy
    ordering_fields = ("number", "created_at")

    @extend_schema(request=inputs.LookInput, responses={201: shown.LookSerializer})
    def create(self, request: Request) -> Response:
        """Take a look at the test side; it is counted and its reason is kept."""
        values = self.read(inputs.LookInput)
        study = values["study"]
        require(request, can_take_look(request.user, study), action="look", target=study, study=study)
        look = look_take(actor=request.user, **values)
        return Response(self.show(look), status=status.HTTP_201_CREATED)
