"""Filters of the lists: exact values by name, UUIDs for rows, `since`/`until` for dates."""

from django_filters import rest_framework as filters

from studies.models import (
    AuditEvent,
    Clip,
    CriterionRow,
    DataQuery,
    Label,
    Patient,
    Screening,
    Track,
    Upload,
)


class BelowStudy(filters.FilterSet):
    """Rows of a study."""

    study = filters.UUIDFilter(field_name="study_id")


class BelowPatient(filters.FilterSet):
    """Rows of a patient."""

    study = filters.UUIDFilter(field_name="patient__study_id")
    patient = filters.UUIDFilter(field_name="patient_id")


class PatientFilter(BelowStudy):
    """Patients."""

    site = filters.UUIDFilter(field_name="site_id")
    side = filters.CharFilter(field_name="membership__side")
    search = filters.CharFilter(field_name="code", lookup_expr="icontains")

    class Meta:
        model = Patient
        fields = ["code"]


class ClipFilter(filters.FilterSet):
    """Clips."""

    study = filters.UUIDFilter(field_name="exam__patient__study_id")
    patient = filters.UUIDFilter(field_name="exam__patient_id")
    exam = filters.UUIDFilter(field_name="exam_id")
    is_cine = filters.BooleanFilter(method="only_cines")

    class Meta:
        model = Clip
        fields = ["kind"]

    def only_cines(self, rows, _name: str, value: bool):
        """Cines, or stills."""
        return rows.filter(n_frames__gt=1) if value else rows.filter(n_frames=1)


class TrackFilter(filters.FilterSet):
    """Tracks."""

    study = filters.UUIDFilter(field_name="clip__exam__patient__study_id")
    clip = filters.UUIDFilter(field_name="clip_id")
    reader = filters.CharFilter(field_name="reader__username")

    class Meta:
        model = Track
        fields = ["source", "status", "is_deleted", "no_lesion"]


class RevisionFilter(filters.FilterSet):
    """Revisions."""

    track = filters.UUIDFilter(field_name="track_id")
    clip = filters.UUIDFilter(field_name="track__clip_id")


class UploadFilter(BelowStudy):
    """Uploads."""

    patient = filters.UUIDFilter(field_name="patient_id")

    class Meta:
        model = Upload
        fields = ["status"]


class LabelFilter(filters.FilterSet):
    """Labels."""

    study = filters.UUIDFilter(field_name="specimen__patient__study_id")
    patient = filters.UUIDFilter(field_name="specimen__patient_id")
    specimen = filters.UUIDFilter(field_name="specimen_id")

    class Meta:
        model = Label
        fields = ["role", "status", "call", "category", "paper_label"]


class QueryFilter(BelowPatient):
    """Data queries."""

    site = filters.UUIDFilter(field_name="patient__site_id")

    class Meta:
        model = DataQuery
        fields = ["status", "source", "subject", "field", "code"]


class ScreeningFilter(BelowPatient):
    """What is known of patients for the criteria."""

    site = filters.UUIDFilter(field_name="patient__site_id")

    class Meta:
        model = Screening
        fields = ["decision", "reason"]


class CriterionFilter(BelowPatient):
    """Rows of the criteria."""

    class Meta:
        model = CriterionRow
        fields = ["criterion", "verdict", "basis"]


class AuditFilter(BelowStudy):
    """Events."""

    actor = filters.CharFilter(field_name="actor__username")
    since = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lte")

    class Meta:
        model = AuditEvent
        fields = ["action", "object_type", "object_id"]
