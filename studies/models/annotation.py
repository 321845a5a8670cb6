"""Detection, Track and Revision: raw model boxes, and the editable box over time."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import AppendOnlyQuerySet, Row
from studies.models.cohort import Lesion
from studies.models.video import Clip


class Detection(Row):
    """The raw boxes of one detector on one clip: kept as they came, never edited.

    frames: a list over frames, each a list of [x1, y1, x2, y2, confidence] in stored-frame pixels.
    """

    clip = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="detections")
    detector_name = models.CharField(max_length=100)
    detector_digest = models.CharField(max_length=64)
    input_size_px = models.PositiveSmallIntegerField(default=320)
    frames = models.JSONField()
    qc = models.JSONField(default=dict, help_text="Record of rejection and interpolation (SCIENCE 3.2).")
    status_by_frame = models.JSONField(default=list, help_text="Per frame: ok, interp, missing, low_conf, …")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clip", "detector_digest", "input_size_px"], name="detection_once_per_detector"
            )
        ]

    def __str__(self):
        return f"detections of {self.clip_id}"


class Track(Row):
    """The editable box of one lesion over one clip, by one author (a reader, or the model)."""

    class Source(models.TextChoices):
        MODEL = "model", _("model")
        READER = "reader", _("reader")
        ADJUDICATED = "adjudicated", _("adjudicated")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        SIGNED = "signed", _("signed")

    clip = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="tracks")
    lesion = models.ForeignKey(
        Lesion, null=True, blank=True, on_delete=models.SET_NULL, related_name="tracks"
    )
    number = models.PositiveSmallIntegerField(default=1, help_text="1, 2, … where a clip shows several.")
    source = models.CharField(max_length=12, choices=Source.choices)
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="tracks"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    head = models.PositiveIntegerField(default=0, help_text="Number of the newest revision.")
    signed_at = models.DateTimeField(null=True, blank=True)
    is_deleted = models.BooleanField(default=False)
    excluded_frames = models.JSONField(default=dict, blank=True, help_text="Frame index to reason code.")
    no_lesion = models.CharField(
        max_length=20, blank=True, help_text="Why the reader saw no lesion in any frame; empty: no statement."
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["clip", "number", "reader"],
                name="track_once_per_reader",
                condition=models.Q(source="reader"),
            ),
            models.UniqueConstraint(
                fields=["clip", "number"], name="track_once_per_model", condition=models.Q(source="model")
            ),
            models.CheckConstraint(
                name="track_reader_has_user", condition=~models.Q(source="reader", reader__isnull=True)
            ),
            models.CheckConstraint(
                name="track_signed_has_date",
                condition=models.Q(status="open") | models.Q(status="signed", signed_at__isnull=False),
            ),
        ]

    def __str__(self):
        return f"track {self.number} ({self.source}) of {self.clip_id}"


class Revision(Row):
    """One append-only state of a track: its keyframes, who, when, why, and active time on task.

    keyframes: list of {frame, x1, y1, x2, y2, outside, occluded, source, confidence, …} (VIEWER B6).
    """

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    keyframes = models.JSONField(default=list)
    excluded_frames = models.JSONField(default=dict, blank=True)
    no_lesion = models.CharField(max_length=20, blank=True, help_text="As of the track.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    command = models.CharField(max_length=100, blank=True, help_text="What was done: move, resize, sign…")
    reason = models.CharField(max_length=500, blank=True)
    active_seconds = models.FloatField(default=0)
    idempotency_key = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - NULLs are distinct

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["track", "number"], name="revision_number_unique_in_track"),
            models.UniqueConstraint(fields=["track", "idempotency_key"], name="revision_patch_applied_once"),
            models.CheckConstraint(
                name="revision_time_not_negative", condition=models.Q(active_seconds__gte=0)
            ),
        ]

    def __str__(self):
        return f"revision {self.number} of {self.track_id}"
