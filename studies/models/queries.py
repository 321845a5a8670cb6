"""DataQuery and QueryNote: a question about a value, and what was said until it was closed."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import AppendOnlyQuerySet, Row
from studies.models.cohort import Patient
from studies.models.pathology import Label


class DataQuery(Row):
    """A question about a field of a patient. A rule or a person raises it; somebody answers; it is closed.

    A rule raises the same question about the same values once: `values_digest` remembers which values.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        ANSWERED = "answered", _("answered")
        CLOSED = "closed", _("closed")

    class Source(models.TextChoices):
        RULE = "rule", _("a rule")
        IMPORT = "import", _("an import")
        PERSON = "person", _("a person")

    class Subject(models.TextChoices):
        CLINICAL = "clinical", _("clinical values")
        LESION = "lesion", _("lesion")
        EXAM = "exam", _("visit")
        PATHOLOGY = "pathology", _("pathology")
        OTHER = "other", _("other")

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="data_queries")
    subject = models.CharField(max_length=10, choices=Subject.choices)
    label = models.ForeignKey(
        Label,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="data_queries",
        help_text="The reading in question: its other readers stay blind to it.",
    )
    field = models.CharField(max_length=60, blank=True, help_text="Name of the field; empty = the whole.")
    code = models.CharField(max_length=60, blank=True, help_text="Code of the rule; empty for a person's.")
    text = models.CharField(max_length=1000)
    sentence = models.JSONField(
        default=dict, blank=True, help_text="Template and values of a rule's sentence, for translation."
    )
    values_digest = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=8, choices=Source.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "data queries"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["patient", "status"]),
            models.Index(fields=["status", "-created_at"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="data_query_closed_has_date",
                condition=models.Q(status="closed", closed_at__isnull=False)
                | (~models.Q(status="closed") & models.Q(closed_at__isnull=True)),
            )
        ]

    def __str__(self):
        return f"query on {self.field or self.subject} of {self.patient_id}"


class QueryNote(Row):
    """One entry of a query's thread; written once."""

    class Kind(models.TextChoices):
        RAISED = "raised", _("raised")
        ANSWERED = "answered", _("answered")
        CLOSED = "closed", _("closed")
        REOPENED = "reopened", _("re-opened")

    query = models.ForeignKey(DataQuery, on_delete=models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.CharField(max_length=1000, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]

    def __str__(self):
        return f"{self.kind}: {self.query_id}"
