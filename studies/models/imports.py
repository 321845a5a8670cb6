"""TableImport and SourceRow: a table on its way into the cohort, and its rows as the hospital wrote them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import AppendOnlyQuerySet, Row
from studies.models.cohort import Patient, Study


def spool_path(instance: "TableImport", filename: str) -> str:
    """Where the sealed file waits; its own name is dropped: it can carry a name."""
    return f"imports/{instance.pk}"


class TableImport(Row):
    """One table: uploaded, checked, then applied or discarded. The file is sealed while it waits."""

    class Status(models.TextChoices):
        MAPPING = "mapping", _("waits for the check")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        APPLYING = "applying", _("being imported")
        APPLIED = "applied", _("imported")
        DISCARDED = "discarded", _("discarded")

    WORKING = frozenset({Status.CHECKING, Status.APPLYING})
    FINAL = frozenset({Status.APPLIED, Status.DISCARDED})

    class Mode(models.TextChoices):
        ALL = "all", _("all rows or none")
        GOOD = "good", _("good rows only")

    class OnConflict(models.TextChoices):
        REPLACE = "replace", _("the table replaces what is stored")
        ASK = "ask", _("what is stored stays, and a query asks")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="imports")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.MAPPING)
    spool = models.FileField(upload_to=spool_path, blank=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    encoding = models.CharField(max_length=10, default="utf-8")
    columns = models.JSONField(default=list)
    examples = models.JSONField(
        default=dict, blank=True, help_text="Column to its first texts; none of columns that name a person."
    )
    n_rows = models.PositiveIntegerField(default=0)
    mapping = models.JSONField(default=dict, blank=True, help_text="Column to target, keep or drop.")
    default_site = models.CharField(max_length=32, blank=True)
    default_specimen = models.CharField(max_length=12, blank=True, default="excision")
    mode = models.CharField(max_length=4, choices=Mode.choices, default=Mode.ALL)
    on_conflict = models.CharField(max_length=7, choices=OnConflict.choices, default=OnConflict.REPLACE)
    n_done = models.PositiveIntegerField(default=0, help_text="Rows checked so far.")
    verdicts = models.JSONField(
        default=list, blank=True, help_text="One entry a row: number, code, verdict, remarks."
    )
    counts = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=dict, blank=True)
    plan_digest = models.CharField(max_length=64, blank=True)
    problem = models.JSONField(
        default=dict, blank=True, help_text="Why the last run stopped: sentence, row, column."
    )

    class Meta:
        ordering = ["-created_at"]

    def __str__(self):
        return f"import of {self.n_rows} rows into {self.study_id}"

    @property
    def is_working(self) -> bool:
        """Whether a worker has it now."""
        return self.status in self.WORKING


class SourceRow(Row):
    """One row of an imported table, as written; columns that name a person are never in it."""

    table = models.ForeignKey(TableImport, on_delete=models.PROTECT, related_name="rows")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="source_rows")
    number = models.PositiveIntegerField()
    texts = models.JSONField(help_text="Column to text.")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "number"]

    def __str__(self):
        return f"row {self.number} of {self.table_id}"
