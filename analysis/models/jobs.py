"""Job: the truth about long work. The broker only carries its name; this row says what became of it."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SILENT_AFTER = timedelta(seconds=60)
"""A worker writes twice a second; one that has not for so long is stuck, or dead."""


class Job(models.Model):
    """One piece of long work: its stage, progress, heartbeat, result and error."""

    class Kind(models.TextChoices):
        DETECT = "detect", _("find the lesion")
        DESCRIBE = "describe", _("compute features")
        LEARN = "learn", _("train the ensemble")
        JUDGE = "judge", _("judge on the test side")
        JUDGE_TEMPORAL = "judge_temporal", _("judge on the temporal test")
        SUPPLEMENT = "supplement", _("further analyses")
        TRAIN_DETECTOR = "train_detector", _("train the detector")
        REPORT = "report", _("write the report")

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED, db_index=True)
    study = models.ForeignKey("studies.Study", on_delete=models.CASCADE, related_name="jobs")
    clip = models.ForeignKey(
        "studies.Clip", null=True, blank=True, on_delete=models.CASCADE, related_name="jobs"
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    parameters = models.JSONField(default=dict, blank=True)
    stage = models.CharField(max_length=100, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True, help_text="What happened, why, and what to do next.")
    log = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    worker = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["study", "-created_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["clip", "kind"],
                name="job_one_waiting_per_clip",
                condition=models.Q(status="queued", clip__isnull=False),
            ),
            models.CheckConstraint(
                name="job_final_has_end",
                condition=models.Q(status__in=["queued", "running"]) | models.Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.id} ({self.status})"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to this job."""
        return self.status in self.FINAL

    @property
    def percent(self) -> int:
        """Progress in percent, 0 to 100."""
        if self.status == self.Status.SUCCEEDED:
            return 100
        return min(100, round(100 * self.done / self.total)) if self.total else 0

    @property
    def seconds_taken(self) -> int | None:
        """How long it ran, or has been running; None before it started."""
        if self.started_at is None:
            return None
        return max(0, round(((self.finished_at or timezone.now()) - self.started_at).total_seconds()))

    @property
    def is_silent(self) -> bool:
        """Whether a running job has given no sign of life for a while."""
        if self.status != self.Status.RUNNING or self.heartbeat_at is None:
            return False
        return timezone.now() - self.heartbeat_at > SILENT_AFTER

    @property
    def seconds_left(self) -> int | None:
        """Estimate from the pace so far; None before there is one."""
        if self.status != self.Status.RUNNING or not self.done or not self.started_at or not self.total:
            return None
        elapsed = (timezone.now() - self.started_at).total_seconds()
        return max(0, round(elapsed * (self.total - self.done) / self.done))
