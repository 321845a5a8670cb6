"""Evaluation and Prediction: how an ensemble did on a cohort, and what it says of one patient."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from analysis.models.features import FeatureSet
from analysis.models.registry import ModelVersion


class Evaluation(models.Model):
    """Stored predictions and metrics of one ensemble version on one side of the split."""

    class Cohort(models.TextChoices):
        APPARENT = "apparent", _("training, apparent (resubstitution)")
        OUT_OF_FOLD = "oof", _("training, out of fold")
        TEST = "test", _("test")
        TEMPORAL = "temporal", _("temporal test")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="evaluations")
    cohort = models.CharField(max_length=10, choices=Cohort.choices)
    look = models.ForeignKey(
        "studies.Look", null=True, blank=True, on_delete=models.PROTECT, related_name="evaluations"
    )
    n_positive = models.PositiveIntegerField()
    n_negative = models.PositiveIntegerField()
    results = models.JSONField(help_text="Model name to metrics, intervals and counts.")
    predictions = models.JSONField(help_text="Model name to scores; patients and outcome in the same order.")
    inputs = models.JSONField(
        default=dict, blank=True, help_text="Test patient to digests of boxes, label and clinical values."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="evaluation_test_needs_look",
                condition=~models.Q(cohort__in=["test", "temporal"]) | models.Q(look__isnull=False),
            ),
            models.UniqueConstraint(fields=["version", "cohort", "look"], name="evaluation_once_per_look"),
        ]

    def __str__(self):
        return f"evaluation of {self.version_id} ({self.cohort})"


class Prediction(models.Model):
    """What one ensemble version says of one patient, from which features, and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey("studies.Patient", on_delete=models.CASCADE, related_name="predictions")
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="predictions")
    feature_set = models.ForeignKey(FeatureSet, on_delete=models.PROTECT, related_name="predictions")
    input_digest = models.CharField(
        max_length=64, help_text="Of model, features and clinical values; a change makes it stale."
    )
    probability = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    interval_method = models.CharField(max_length=500)
    cutoff = models.FloatField()
    call = models.CharField(max_length=10, choices=[("POSITIVE", _("positive")), ("NEGATIVE", _("negative"))])
    parts = models.JSONField(default=dict, help_text="Probabilities of the base classifiers.")
    contributions = models.JSONField(default=list)
    neighbours = models.JSONField(default=list, help_text="Nearest training cases.")
    in_training = models.BooleanField(default=False, help_text="The patient helped to fit the model.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "version", "input_digest"], name="prediction_once"),
            models.CheckConstraint(
                name="prediction_probability_range",
                condition=models.Q(probability__gte=0, probability__lte=1)
                & models.Q(low__lte=models.F("high")),
            ),
        ]

    def __str__(self):
        return f"prediction of {self.patient_id}"
