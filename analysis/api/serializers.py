"""Rows of what was computed as JSON. They are only shown; jobs write them."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from analysis.models import Evaluation, FeatureSet, Job, ModelVersion, Prediction
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.services.features import dynamic_of
from analysis.services.judged_inputs import evaluation_inputs
from studies.selectors import labelled_patients_in_reach

FEATURE_SET_FIELDS = [
    "id", "clip", "revision", "box_source", "digest", "pipeline_version", "parameters", "n_frames", "n_used",
    "window_start", "window_stop", "time_base", "fps", "qc", "compliant", "reasons", "excluded", "created_at",
]  # fmt: skip
EVALUATION_FIELDS = ["id", "version", "cohort", "look", "n_positive", "n_negative", "created_at"]
PREDICTION_FIELDS = [
    "id", "patient", "version", "feature_set", "input_digest", "probability", "low", "high",
    "interval_method", "cutoff", "call", "in_training", "created_at",
]  # fmt: skip


class PromotionInput(serializers.Serializer):
    """Why a version becomes the one of record; the reason is kept."""

    reason = serializers.CharField(max_length=500)


class JobSerializer(serializers.ModelSerializer):
    """Long work: stage, progress, result, and what went wrong."""

    started_by = serializers.SlugRelatedField(slug_field="username", read_only=True)
    percent = serializers.IntegerField(read_only=True)
    seconds_left = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = Job
        fields = [
            "id", "kind", "status", "study", "clip", "started_by", "parameters", "stage", "done", "total",
            "percent", "seconds_left", "message", "log", "result", "attempts", "cancel_requested",
            "created_at", "started_at", "heartbeat_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class FeatureSetRowSerializer(serializers.ModelSerializer):
    """A feature set in a list."""

    class Meta:
        model = FeatureSet
        fields = FEATURE_SET_FIELDS
        read_only_fields = fields


class FeatureSetSerializer(FeatureSetRowSerializer):
    """A feature set with its 2,184 values by name."""

    dynamic = serializers.SerializerMethodField()

    class Meta(FeatureSetRowSerializer.Meta):
        fields = [*FEATURE_SET_FIELDS, "dynamic"]
        read_only_fields = fields

    def get_dynamic(self, row: FeatureSet) -> dict[str, float]:
        """`{static}__{descriptor}` to value."""
        return dict(zip(DYNAMIC_FEATURES, dynamic_of(row).tolist(), strict=True))


class ModelVersionSerializer(serializers.ModelSerializer):
    """A fitted model. What it was fitted on is named by a digest only: the list itself holds labels."""

    class Meta:
        model = ModelVersion
        fields = [
            "id", "kind", "study", "number", "name", "digest", "parameters", "snapshot_digest", "summary",
            "is_active", "job", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class EvaluationRowSerializer(serializers.ModelSerializer):
    """An evaluation in a list."""

    class Meta:
        model = Evaluation
        fields = EVALUATION_FIELDS
        read_only_fields = fields


class EvaluationSerializer(EvaluationRowSerializer):
    """An evaluation with its metrics, and the scores of the patients whose labels the viewer may see.

    edits_after_look: of the test side; where there is one the figures do not count. Null where digests of
    what was judged were not kept.
    """

    predictions = serializers.SerializerMethodField()
    edits_after_look = serializers.SerializerMethodField()

    class Meta(EvaluationRowSerializer.Meta):
        fields = [*EVALUATION_FIELDS, "results", "predictions", "edits_after_look"]
        read_only_fields = fields

    def get_edits_after_look(self, row: Evaluation) -> list[dict[str, Any]] | None:
        """`code` of the patient, `part` (boxes, label, clinical), `after` and `before` which look."""
        found = evaluation_inputs(row)
        return [asdict(edit) for edit in found.edits] if found.known or found.edits else None

    def get_predictions(self, row: Evaluation) -> dict[str, Any]:
        """`patients`, `labels`, `probability` (of the chosen model) in their order, and `scores` by model."""
        stored = row.predictions
        patients = labelled_patients_in_reach(viewer=self.context["request"].user)
        seen = {str(pk) for pk in patients.filter(pk__in=stored["patients"]).values_list("pk", flat=True)}
        kept = [place for place, pk in enumerate(stored["patients"]) if pk in seen]
        return {
            "patients": [stored["patients"][place] for place in kept],
            "labels": [stored["labels"][place] for place in kept],
            "probability": [stored["probability"][place] for place in kept],
            "scores": {
                model: [values[place] for place in kept] for model, values in stored["scores"].items()
            },
        }


class PredictionRowSerializer(serializers.ModelSerializer):
    """A prediction in a list. Research use only."""

    class Meta:
        model = Prediction
        fields = PREDICTION_FIELDS
        read_only_fields = fields


class PredictionSerializer(PredictionRowSerializer):
    """A prediction with the terms that drove it and the training cases nearest to it."""

    neighbours = serializers.SerializerMethodField()

    class Meta(PredictionRowSerializer.Meta):
        fields = [*PREDICTION_FIELDS, "parts", "contributions", "neighbours"]
        read_only_fields = fields

    def get_neighbours(self, row: Prediction) -> list[dict[str, Any]]:
        """Those of them whose labels the viewer may see."""
        patients = labelled_patients_in_reach(viewer=self.context["request"].user)
        ids = [item["patient"] for item in row.neighbours]
        seen = {str(pk) for pk in patients.filter(pk__in=ids).values_list("pk", flat=True)}
        return [item for item in row.neighbours if item["patient"] in seen]
