"""ModelVersion and Promotion: fitted detectors and ensembles, and which of them is of record."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import AppendOnlyQuerySet


def model_path(version: "ModelVersion", name: str) -> str:
    """Return the storage name of a fitted model; a detector keeps the ending that its loader expects."""
    ending = "onnx" if name.endswith(".onnx") else "zip"
    return f"models/{version.id}/model.{ending}"


class ModelVersion(models.Model):
    """A fitted detector or ensemble, stored without pickle, with what it was fitted on and how."""

    class Kind(models.TextChoices):
        DETECTOR = "detector", _("detector")
        ENSEMBLE = "ensemble", _("ensemble")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    study = models.ForeignKey(
        "studies.Study", null=True, blank=True, on_delete=models.CASCADE, related_name="model_versions"
    )
    number = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=100)
    file = models.FileField(upload_to=model_path, blank=True, max_length=200)
    digest = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    training_snapshot = models.JSONField(
        default=dict, help_text="Feature-set digests, labels' hashes, seeds."
    )
    snapshot_digest = models.CharField(max_length=64, blank=True)
    summary = models.JSONField(default=dict, help_text="Out-of-fold results only; no test patient.")
    is_active = models.BooleanField(default=False)
    job = models.ForeignKey(
        "analysis.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="model_versions"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["study", "kind", "number"], name="model_number_unique_in_study"),
            models.UniqueConstraint(
                fields=["study", "kind"],
                name="model_one_active_per_kind",
                condition=models.Q(is_active=True),
            ),
        ]

    def __str__(self):
        return f"{self.name} {self.number}"


class Promotion(models.Model):
    """One change of the active model: who, when, why, from which to which."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    replaced = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self):
        return f"promotion of {self.version_id}"
