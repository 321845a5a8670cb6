"""Filters of the lists."""

from django_filters import rest_framework as filters

from analysis.models import Evaluation, FeatureSet, Job, ModelVersion, Prediction


class JobFilter(filters.FilterSet):
    """Jobs."""

    study = filters.UUIDFilter(field_name="study_id")
    clip = filters.UUIDFilter(field_name="clip_id")

    class Meta:
        model = Job
        fields = ["kind", "status"]


class FeatureSetFilter(filters.FilterSet):
    """Feature sets."""

    study = filters.UUIDFilter(field_name="clip__exam__patient__study_id")
    patient = filters.UUIDFilter(field_name="clip__exam__patient_id")
    clip = filters.UUIDFilter(field_name="clip_id")
    track = filters.UUIDFilter(field_name="revision__track_id")

    class Meta:
        model = FeatureSet
        fields = ["box_source", "compliant", "digest"]


class ModelVersionFilter(filters.FilterSet):
    """Model versions."""

    study = filters.UUIDFilter(field_name="study_id")

    class Meta:
        model = ModelVersion
        fields = ["kind", "is_active"]


class EvaluationFilter(filters.FilterSet):
    """Evaluations."""

    study = filters.UUIDFilter(field_name="version__study_id")
    version = filters.UUIDFilter(field_name="version_id")

    class Meta:
        model = Evaluation
        fields = ["cohort"]


class PredictionFilter(filters.FilterSet):
    """Predictions."""

    study = filters.UUIDFilter(field_name="patient__study_id")
    patient = filters.UUIDFilter(field_name="patient_id")
    version = filters.UUIDFilter(field_name="version_id")
    is_of_record = filters.BooleanFilter(field_name="version__is_active")

    class Meta:
        model = Prediction
        fields = ["call", "in_training"]
