"""AuditEvent: an append-only, hash-chained account of who did what, when, from where and why."""

from django.conf import settings
from django.db import models

from studies.models.base import AppendOnlyQuerySet


class AuditEvent(models.Model):
    """One act. `digest` covers this row and the digest of the row before it."""

    sequence = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    action = models.CharField(max_length=60, db_index=True)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40, db_index=True)
    study = models.ForeignKey(
        "studies.Study", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    changes = models.JSONField(default=dict, help_text="Field to [old, new].")
    reason = models.CharField(max_length=500, blank=True)
    remote_address = models.GenericIPAddressField(null=True, blank=True)
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-sequence"]
        indexes = [models.Index(fields=["study", "-sequence"])]

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.object_type}"
