"""Rows of what was observed as JSON. These only show; what is written is read by `studies.api.inputs`."""

from rest_framework import serializers
from rest_framework.reverse import reverse

from studies.models import (
    AuditEvent,
    ClinicalRecord,
    Clip,
    CriterionRow,
    DataQuery,
    Exam,
    Label,
    Lesion,
    Look,
    Membership,
    Patient,
    QueryNote,
    Revision,
    Screening,
    Site,
    Specimen,
    Study,
    Track,
    Upload,
)
from studies.services.cohort import CLINICAL_FIELDS
from studies.services.pathology import ENTERED_FIELDS
from studies.services.screening import FACT_FIELDS

STAMPS = ("created_at", "updated_at")
DERIVED_FIELDS = (
    "call", "category", "ish_group", "path", "required_action", "comment_required", "discordance", "queries",
    "paper_label", "engine_version", "inputs_hash",
)  # fmt: skip
TRACK_FIELDS = (
    "id", "clip", "lesion", "number", "source", "reader", "status", "head", "signed_at", "is_deleted",
    "excluded_frames", "no_lesion", *STAMPS,
)  # fmt: skip
REVISION_FIELDS = (
    "id", "track", "number", "author", "command", "reason", "active_seconds", "no_lesion", "created_at",
)  # fmt: skip


class ShowSerializer(serializers.ModelSerializer):
    """A row that is only shown."""

    def get_extra_kwargs(self):
        """Every field is read-only."""
        options = super().get_extra_kwargs()
        return {name: {**options.get(name, {}), "read_only": True} for name in self.Meta.fields}


class StudySerializer(ShowSerializer):
    """A research cohort."""

    class Meta:
        model = Study
        fields = [
            "id", "slug", "title", "description", "is_simulated", "readers_per_clip", "readers_per_specimen",
            "label_rule",
            "split_seed", "sealed_at", "seal_hash", "feature_base", *STAMPS,
        ]  # fmt: skip


class SiteSerializer(ShowSerializer):
    """A centre."""

    class Meta:
        model = Site
        fields = ["id", "study", "code", "name", *STAMPS]


class PatientSerializer(ShowSerializer):
    """A pseudonymous participant."""

    class Meta:
        model = Patient
        fields = ["id", "study", "site", "code", "index_clip", *STAMPS]


class LesionSerializer(ShowSerializer):
    """A lesion."""

    class Meta:
        model = Lesion
        fields = ["id", "patient", "number", "laterality", "clock_position", *STAMPS]


class ExamSerializer(ShowSerializer):
    """A visit."""

    class Meta:
        model = Exam
        fields = ["id", "patient", "number", "phase", "performed_on", *STAMPS]


class ClinicalRecordSerializer(ShowSerializer):
    """The clinical values; age in years, size in cm, receptors and Ki-67 in percent."""

    class Meta:
        model = ClinicalRecord
        fields = ["id", "patient", *CLINICAL_FIELDS, *STAMPS]


class MembershipSerializer(ShowSerializer):
    """The side of the split."""

    class Meta:
        model = Membership
        fields = ["id", "patient", "side", "rule", "created_at"]


class LookSerializer(ShowSerializer):
    """A counted look at the test side, or at the temporal test."""

    actor = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Look
        fields = ["id", "study", "side", "number", "actor", "reason", "seal_hash", "created_at"]


class QueryNoteSerializer(ShowSerializer):
    """An entry of a query's thread."""

    author = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = QueryNote
        fields = ["id", "kind", "author", "text", "created_at"]


class DataQuerySerializer(ShowSerializer):
    """A question about a value, and what was said until it was closed."""

    raised_by = serializers.SlugRelatedField(slug_field="username", read_only=True)
    notes = QueryNoteSerializer(many=True, read_only=True)

    class Meta:
        model = DataQuery
        fields = [
            "id", "patient", "subject", "label", "field", "code", "text", "source", "status", "raised_by",
            "closed_at", "notes", *STAMPS,
        ]  # fmt: skip


class ScreeningSerializer(ShowSerializer):
    """What is known of a patient for the criteria, and what the newest rows come to."""

    reasons = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Screening
        fields = ["id", "patient", *FACT_FIELDS, "decision", "reason", "reasons", *STAMPS]


class CriterionRowSerializer(ShowSerializer):
    """A criterion as it was recorded: `evidence` is what the record said then, in a sentence."""

    actor = serializers.SlugRelatedField(slug_field="username", read_only=True)
    evidence = serializers.CharField(source="sentence", read_only=True)

    class Meta:
        model = CriterionRow
        fields = [
            "id", "patient", "criterion", "number", "verdict", "basis", "evidence", "record_verdict", "note",
            "actor", "created_at",
        ]  # fmt: skip


class UploadSerializer(ShowSerializer):
    """A file on its way in."""

    class Meta:
        model = Upload
        fields = [
            "id", "study", "patient", "label", "size_bytes", "status", "verdict", "frames_done",
            "frames_total", "clip", *STAMPS,
        ]  # fmt: skip


class ClipSerializer(ShowSerializer):
    """A cine: what was kept of its header, and where its frames, boxes and curves are."""

    patient = serializers.UUIDField(source="exam.patient_id", read_only=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Clip
        fields = [
            "id", "patient", "exam", "lesion", "kind", "n_frames", "header_n_frames", "width_px", "height_px",
            "fps", "frame_times_ms", "timing_source", "spacing_row_mm", "spacing_column_mm",
            "spacing_source", "defects", "acquisition", "blanked_regions", "pack_sha256", "source_sha256",
            "links", *STAMPS,
        ]  # fmt: skip

    def get_links(self, clip: Clip) -> dict[str, str]:
        """Addresses of what belongs to the clip; `{index}` is a 0-based frame number."""
        request = self.context.get("request")
        names = {
            "detections": "api-clip-detections",
            "tracks": "api-clip-tracks",
            "curves": "api-clip-curves",
        }
        links = {name: reverse(view, args=[clip.pk], request=request) for name, view in names.items()}
        first = reverse("api-clip-frame", args=[clip.pk, 0], request=request)
        return {**links, "frames": first.removesuffix("0/") + "{index}/"}


class TrackSerializer(ShowSerializer):
    """A track without its keyframes: `/tracks/<uuid>/` shows those."""

    reader = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Track
        fields = TRACK_FIELDS


class RevisionRowSerializer(ShowSerializer):
    """A revision in a list: who, when, why."""

    author = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Revision
        fields = REVISION_FIELDS


class RevisionSerializer(RevisionRowSerializer):
    """A revision with its keyframes."""

    class Meta:
        model = Revision
        fields = (*REVISION_FIELDS, "keyframes", "excluded_frames")


class SpecimenSerializer(ShowSerializer):
    """A piece of tissue."""

    class Meta:
        model = Specimen
        fields = [
            "id", "patient", "lesion", "kind", "number", "taken_on", "invasive", "fixation_hours", *STAMPS,
        ]  # fmt: skip


class LabelSerializer(ShowSerializer):
    """A reading: what was entered, and what the rule engine concluded from it."""

    reader = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Label
        fields = [
            "id", "specimen", "role", "reader", "status", "locked_at", "basis", "reason", *ENTERED_FIELDS,
            *DERIVED_FIELDS, *STAMPS,
        ]  # fmt: skip


class AuditEventSerializer(ShowSerializer):
    """One act."""

    actor = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = AuditEvent
        fields = [
            "sequence", "at", "actor", "action", "object_type", "object_id", "study", "changes", "reason",
            "remote_address", "previous_digest", "digest",
        ]  # fmt: skip
