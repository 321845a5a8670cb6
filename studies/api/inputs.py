"""What the API accepts: shape, type and range. Rules live in the services, which do the writing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from studies.models import (
    ClinicalRecord,
    CriterionRow,
    DataQuery,
    Exam,
    Label,
    Screening,
    Specimen,
    Study,
)
from studies.models.clinical import SIZE_RANGE_CM
from studies.rules.eligibility import CODES
from studies.selectors import patients_in_reach, sites_in_reach, specimens_in_reach, studies_for
from studies.services.cohort import CLINICAL_FIELDS
from studies.services.pathology import ENTERED_FIELDS, ISH_FIELDS
from studies.services.screening import FACT_FIELDS, NOTE_LENGTH


class InReachField(serializers.PrimaryKeyRelatedField):
    """A UUID of a row that the caller may see; any other row does not exist."""

    def __init__(self, selector: Callable[..., QuerySet], related: tuple[str, ...] = (), **options: Any):
        self.selector, self.related = selector, related
        super().__init__(read_only=False, queryset=(), pk_field=serializers.UUIDField(), **options)

    def get_queryset(self) -> QuerySet:
        """Rows within the caller's reach."""
        rows = self.selector(viewer=self.context["request"].user)
        return rows.select_related(*self.related) if self.related else rows


def patient_field() -> InReachField:
    """A patient, with the study and site that permissions ask for."""
    return InReachField(patients_in_reach, related=("study", "site"))


class ReasonInput(serializers.Serializer):
    """Why something is done; the reason is kept."""

    reason = serializers.CharField(max_length=500)


class StudyInput(serializers.ModelSerializer):
    """A new study."""

    class Meta:
        model = Study
        fields = [
            "slug", "title", "description", "is_simulated", "readers_per_clip",
            "readers_per_specimen", "label_rule", "split_seed",
        ]  # fmt: skip


class SiteInput(serializers.Serializer):
    """A new site."""

    study = InReachField(studies_for)
    code = serializers.CharField(max_length=32)
    name = serializers.CharField(max_length=200)


class PatientInput(serializers.Serializer):
    """A new patient."""

    site = InReachField(sites_in_reach, related=("study",))
    code = serializers.CharField(max_length=32, help_text="Pseudonymous: never a name or a hospital number.")


class ExamInput(serializers.ModelSerializer):
    """A new visit."""

    patient = patient_field()

    class Meta:
        model = Exam
        fields = ["patient", "phase", "performed_on"]
        extra_kwargs = {"phase": {"required": True}}


class ClinicalInput(serializers.ModelSerializer):
    """Changed clinical values and why."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)

    class Meta:
        model = ClinicalRecord
        fields = [*CLINICAL_FIELDS, "reason"]
        limits = (Decimal(str(limit)) for limit in SIZE_RANGE_CM)
        extra_kwargs = {"size_cm": dict(zip(("min_value", "max_value"), limits, strict=True))}


class QueryInput(serializers.Serializer):
    """A question about a field of a patient; `subject` says in which part of the record the field is."""

    patient = patient_field()
    subject = serializers.ChoiceField(choices=DataQuery.Subject.choices, default=DataQuery.Subject.CLINICAL)
    field = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=1000)


class QueryStepInput(serializers.Serializer):
    """What is said with a step."""

    text = serializers.CharField(max_length=1000)


class ScreeningInput(serializers.ModelSerializer):
    """Facts of the screening; what is not named stays. `ultrasound_on` is the date of the visit."""

    patient = patient_field()
    ultrasound_on = serializers.DateField(required=False, allow_null=True)
    note = serializers.CharField(
        max_length=NOTE_LENGTH, required=False, allow_blank=True, help_text="Where the facts come from."
    )

    class Meta:
        model = Screening
        fields = ["patient", "ultrasound_on", *FACT_FIELDS, "note"]


class CriterionInput(serializers.Serializer):
    """A criterion decided by hand, with its evidence."""

    patient = patient_field()
    criterion = serializers.ChoiceField(choices=CODES)
    verdict = serializers.ChoiceField(choices=CriterionRow.Verdict.choices)
    note = serializers.CharField(max_length=NOTE_LENGTH, help_text="The evidence; it is kept.")


class UploadInput(serializers.Serializer):
    """One file for a patient."""

    patient = patient_field()
    file = serializers.FileField(allow_empty_file=True)


class AssignInput(serializers.Serializer):
    """The patient of a file that waits for one."""

    patient = patient_field()


class SpecimenInput(serializers.ModelSerializer):
    """A new specimen."""

    patient = patient_field()

    class Meta:
        model = Specimen
        fields = ["patient", "kind", "taken_on", "invasive", "fixation_hours"]


class RecountInput(serializers.Serializer):
    """The second observer's count of the same hybridisation."""

    probe = serializers.ChoiceField(choices=["dual", "single"])
    cells = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    her2_copies = serializers.FloatField(min_value=0, required=False, allow_null=True)
    cep17_copies = serializers.FloatField(min_value=0, required=False, allow_null=True)
    ratio = serializers.FloatField(min_value=0, required=False, allow_null=True)
    observer = serializers.CharField(max_length=50)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Give every number a place."""
        return {name: attrs.get(name) for name in (*ISH_FIELDS, "observer")}


class LabelChange(serializers.ModelSerializer):
    """Changed values of a reading and why."""

    recount = RecountInput(required=False, allow_null=True)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)

    class Meta:
        model = Label
        fields = [*ENTERED_FIELDS, "reason"]


class LabelInput(LabelChange):
    """A new reading."""

    specimen = InReachField(specimens_in_reach, related=("patient__study", "patient__site"))
    role = serializers.ChoiceField(choices=Label.Role.choices, default=Label.Role.FIRST)

    class Meta:
        model = Label
        fields = ["specimen", "role", *ENTERED_FIELDS, "reason"]
        validators: list[Any] = []


class SignatureInput(serializers.Serializer):
    """A signature: your password again."""

    password = serializers.CharField(max_length=256, write_only=True)


class LookInput(ReasonInput):
    """A look at the test side of a study."""

    study = InReachField(studies_for)
