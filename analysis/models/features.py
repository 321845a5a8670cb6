"""FeatureSet: the features of one clip under one track, one version of the code and one set of parameters."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


def static_path(feature_set: "FeatureSet", _name: str) -> str:
    """Return the storage name of the static features."""
    return f"features/{feature_set.id}/static.npz"


class FeatureSet(models.Model):
    """Features of one clip. static.npz: frame_indices (n,) int64, values (n, 91) float64; dynamic: 2,184."""

    class BoxSource(models.TextChoices):
        MODEL = "model", _("model")
        READER = "reader", _("reader")
        ADJUDICATED = "adjudicated", _("adjudicated")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clip = models.ForeignKey("studies.Clip", on_delete=models.CASCADE, related_name="feature_sets")
    revision = models.ForeignKey("studies.Revision", on_delete=models.PROTECT, related_name="feature_sets")
    box_source = models.CharField(max_length=12, choices=BoxSource.choices)
    digest = models.CharField(
        max_length=64, unique=True, help_text="Of clip, track revision, code version and parameters."
    )
    pipeline_version = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    n_frames = models.PositiveIntegerField()
    n_used = models.PositiveIntegerField()
    window_start = models.PositiveIntegerField()
    window_stop = models.PositiveIntegerField()
    time_base = models.CharField(
        max_length=8, choices=[("hz", _("Hz")), ("cycles", _("cycles per frame"))], default="hz"
    )
    fps = models.FloatField()
    qc = models.JSONField(default=dict)
    compliant = models.BooleanField(default=True)
    reasons = models.JSONField(default=list, help_text="Why the clip is not compliant, in sentences.")
    excluded = models.JSONField(default=dict, help_text="Frame index to the reason why it does not count.")
    static_file = models.FileField(upload_to=static_path, max_length=200)
    dynamic = models.BinaryField(help_text="2,184 little-endian float64, in the order of DYNAMIC_FEATURES.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="features_window_in_clip",
                condition=models.Q(window_stop__gte=models.F("window_start"))
                & models.Q(window_stop__lte=models.F("n_frames")),
            ),
            models.CheckConstraint(name="features_fps_positive", condition=models.Q(fps__gt=0)),
        ]

    def __str__(self):
        return f"features of {self.clip_id} ({self.digest[:8]})"


class FeatureVariant(models.Model):
    """The 2,184 numbers of a clip described otherwise: another mask, moved boxes, tissue around the lesion.

    Nothing is learned for the record from these; supplements judge them beside the FeatureSet of record. A
    clip that cannot be described so keeps the reason and no numbers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clip = models.ForeignKey("studies.Clip", on_delete=models.CASCADE, related_name="feature_variants")
    revision = models.ForeignKey(
        "studies.Revision", on_delete=models.PROTECT, related_name="feature_variants"
    )
    variant = models.CharField(max_length=20, help_text="boxes, ellipse, segment, jitter…, ring…, outside.")
    digest = models.CharField(
        max_length=64, unique=True, help_text="Of clip, boxes, code version and parameters."
    )
    pipeline_version = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    n_used = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True, help_text="Why there are no numbers.")
    dynamic = models.BinaryField(
        blank=True, help_text="2,184 little-endian float64, in the order of DYNAMIC_FEATURES."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["clip", "variant"])]

    def __str__(self):
        return f"{self.variant} features of {self.clip_id} ({self.digest[:8]})"
