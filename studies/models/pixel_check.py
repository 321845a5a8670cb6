"""PixelCheck: a person looked at the stored pictures of a clip for text that tells who the patient is."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import Row
from studies.models.video import Clip


class PixelCheck(Row):
    """One look at one stored state of a clip. A clip is checked once its present state was found clean."""

    class Outcome(models.TextChoices):
        CLEAN = "clean", _("nothing identifying is visible")
        WIPE = "wipe", _("regions to be wiped")

    class Status(models.TextChoices):
        WAITING = "waiting", _("being wiped")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    clip = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="pixel_checks")
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=5, choices=Outcome.choices)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.DONE)
    regions = models.JSONField(default=list, blank=True, help_text="Boxes [x1, y1, x2, y2) to be wiped.")
    pack_sha256 = models.CharField(max_length=64, help_text="The stored state that was looked at.")
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["clip", "outcome"])]
        constraints = [
            models.CheckConstraint(
                name="pixelcheck_clean_is_done", condition=models.Q(outcome="wipe") | models.Q(status="done")
            ),
            models.UniqueConstraint(
                fields=["clip"], condition=models.Q(status="waiting"), name="pixelcheck_one_wipe_at_a_time"
            ),
        ]

    def __str__(self):
        return f"check of clip {self.clip_id}: {self.outcome}"
