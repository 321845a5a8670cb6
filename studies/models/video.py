"""Upload and Clip: files on their way in, and the cines that were taken in."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import Row
from studies.models.cohort import Exam, Lesion, Patient, Study


def pack_path(clip: "Clip", name: str) -> str:
    """Return the storage name of a clip's frame pack: no identifier, only the clip's UUID.

    A pack is never overwritten: one that was wiped again gets another name.
    """
    return f"clips/{clip.id}/{name}"


def thumbnail_path(clip: "Clip", name: str) -> str:
    """Return the storage name of a clip's thumbnail."""
    return f"clips/{clip.id}/{name}"


def spool_path(upload: "Upload", _name: str) -> str:
    """Return the storage name of a file that has arrived and is not yet judged."""
    return f"spool/{upload.id}"


class Upload(Row):
    """One file on its way in, with its verdict in words. The spooled file is removed once judged."""

    class Status(models.TextChoices):
        RECEIVING = "receiving", _("receiving")
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being checked")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("cancelled")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="uploads")
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="uploads"
    )
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    label = models.CharField(
        max_length=100, help_text="A neutral name (file 1, file 2…): file names can carry identifiers."
    )
    spool = models.FileField(upload_to=spool_path, blank=True, max_length=200)
    size_bytes = models.PositiveBigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    verdict = models.TextField(blank=True, help_text="One sentence for the person who uploaded it.")
    frames_done = models.PositiveIntegerField(default=0)
    frames_total = models.PositiveIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    clip = models.ForeignKey(
        "studies.Clip", null=True, blank=True, on_delete=models.SET_NULL, related_name="uploads"
    )

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["study", "status"])]

    def __str__(self):
        return f"upload {self.id}"

    @property
    def is_final(self) -> bool:
        """Whether the verdict is known."""
        return self.status in {self.Status.ACCEPTED, self.Status.REFUSED, self.Status.CANCELLED}


class Clip(Row):
    """One cine (or still), de-identified: a frame pack and the facts that were kept of its header."""

    class Kind(models.TextChoices):
        DICOM = "dicom", _("DICOM")
        VIDEO = "video", _("video")
        ARCHIVE = "archive", _("numbered frames")
        STILL = "still", _("still image")

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="clips")
    lesion = models.ForeignKey(Lesion, null=True, blank=True, on_delete=models.SET_NULL, related_name="clips")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    pack = models.FileField(upload_to=pack_path, max_length=200)
    pack_sha256 = models.CharField(max_length=64)
    source_sha256 = models.CharField(max_length=64, db_index=True)
    exam_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_index=True,
        help_text="Keyed digest of the DICOM StudyInstanceUID; empty where the file has none.",
    )
    thumbnail = models.FileField(upload_to=thumbnail_path, blank=True, max_length=200)
    perceptual_hash = models.CharField(max_length=256, blank=True, db_index=True)
    n_frames = models.PositiveIntegerField()
    header_n_frames = models.PositiveBigIntegerField(null=True, blank=True)
    height_px = models.PositiveIntegerField()
    width_px = models.PositiveIntegerField()
    fps = models.FloatField(null=True, blank=True, help_text="Frames per second; empty = not recorded.")
    frame_times_ms = models.JSONField(
        null=True, blank=True, help_text="Cumulative, where the source has a vector."
    )
    timing_source = models.CharField(max_length=40, default="not recorded")
    spacing_row_mm = models.FloatField(null=True, blank=True)
    spacing_column_mm = models.FloatField(null=True, blank=True)
    spacing_source = models.CharField(max_length=60, default="not recorded")
    defects = models.JSONField(default=list, blank=True)
    acquisition = models.JSONField(default=dict, blank=True, help_text="Whitelisted header facts.")
    blanked_regions = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(name="clip_has_frames", condition=models.Q(n_frames__gte=1)),
            models.CheckConstraint(
                name="clip_fps_positive", condition=models.Q(fps__isnull=True) | models.Q(fps__gt=0)
            ),
            models.CheckConstraint(
                name="clip_spacing_both_or_none",
                condition=models.Q(spacing_row_mm__isnull=True, spacing_column_mm__isnull=True)
                | models.Q(spacing_row_mm__gt=0, spacing_column_mm__gt=0),
            ),
            models.UniqueConstraint(fields=["exam", "source_sha256"], name="clip_source_unique_in_exam"),
        ]

    def __str__(self):
        return f"clip {self.id}"

    @property
    def patient(self) -> Patient:
        """The patient whose exam this clip belongs to."""
        return self.exam.patient

    @property
    def study(self) -> Study:
        """The study whose patient this clip belongs to."""
        return self.exam.patient.study

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """(row, column) pixel spacing in mm, or None where it is not recorded."""
        if self.spacing_row_mm is None or self.spacing_column_mm is None:
            return None
        return self.spacing_row_mm, self.spacing_column_mm

    @property
    def is_cine(self) -> bool:
        """Whether the clip can be described over time (a still cannot)."""
        return self.kind != self.Kind.STILL and self.n_frames > 1
