"""Statement, Report and ReportFile: what the team says of its study, and what was printed of it."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from analysis.models.jobs import Job
from analysis.models.registry import ModelVersion
from studies.models.base import AppendOnlyQuerySet


def report_path(row: "ReportFile", _name: str) -> str:
    """Return the storage name of a printed report; a name is never used twice."""
    return f"reports/{row.report_id}/{row.language}.{row.format}"


class Statement(models.Model):
    """What the team states about its study where no row can tell: ethics, funding… The newest one counts."""

    class Topic(models.TextChoices):
        BACKGROUND = "background", _("Clinical background")
        INTENDED_USE = "intended_use", _("Intended use, users and workflow")
        OBJECTIVES = "objectives", _("Objectives and hypotheses")
        SETTING = "setting", _("Centres: kind and place")
        RECRUITMENT = "recruitment", _("How patients were found, and in which series")
        TREATMENTS = "treatments", _("Treatments before ultrasound or surgery")
        REFERENCE_CHOICE = "reference_choice", _("Why this reference standard")
        ASSESSORS = "assessors", _("Training and experience of readers and pathologists")
        SAMPLE_SIZE = "sample_size", _("How the study size was planned")
        REPRESENTATIVENESS = "representativeness", _("Whom the patients represent")
        INEQUALITIES = "inequalities", _("Known health inequalities")
        FAIRNESS = "fairness", _("Fairness: what was done and why")
        ETHICS = "ethics", _("Ethics approval and consent")
        FUNDING = "funding", _("Funding and the role of funders")
        INTERESTS = "interests", _("Conflicts of interest and commercial interests")
        PROTOCOL = "protocol", _("Study protocol")
        REGISTRATION = "registration", _("Registration")
        DATA_SHARING = "data_sharing", _("Availability of the data")
        CODE_SHARING = "code_sharing", _("Availability of code and model")
        INVOLVEMENT = "involvement", _("Patient and public involvement")
        ADVERSE_EVENTS = "adverse_events", _("Adverse events of the tests")
        INTERPRETATION = "interpretation", _("Interpretation of the results")
        NEXT_STEPS = "next_steps", _("Implications for practice and next steps")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("studies.Study", on_delete=models.CASCADE, related_name="statements")
    topic = models.CharField(max_length=20, choices=Topic.choices)
    text = models.TextField(blank=True, max_length=4000, help_text="Empty takes the statement back.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["study", "topic", "-created_at"])]

    def __str__(self):
        return f"statement on {self.topic}"


class Report(models.Model):
    """One methods-and-results report as it was printed: from which facts, after how many looks."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("studies.Study", on_delete=models.CASCADE, related_name="reports")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    comment = models.TextField(blank=True, max_length=2000)
    version = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    n_looks = models.PositiveIntegerField()
    seal_hash = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(help_text="Everything that the report was written from.")
    facts_digest = models.CharField(max_length=64)
    checklists = models.JSONField(default=dict, help_text="Checklist to state to number of items.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="reports")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="report_number_unique_in_study")
        ]

    def __str__(self):
        return f"report {self.number}"


class ReportFile(models.Model):
    """One printed file of a report, with the digest of its bytes."""

    class Format(models.TextChoices):
        HTML = "html", "HTML"
        PDF = "pdf", "PDF"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="files")
    language = models.CharField(max_length=10)
    format = models.CharField(max_length=4, choices=Format.choices)
    file = models.FileField(upload_to=report_path, max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["language", "format"]
        constraints = [
            models.UniqueConstraint(fields=["report", "language", "format"], name="report_file_once")
        ]

    def __str__(self):
        return f"{self.language} {self.format} of {self.report_id}"
