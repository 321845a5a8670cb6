"""Screening and CriterionRow: what is known for the criteria of the protocol, and what was decided."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import AppendOnlyQuerySet, Row
from studies.models.cohort import Patient
from studies.rules.sentences import Sentence

YES_NO = [(True, _("yes")), (False, _("no"))]


class Screening(Row):
    """Facts that only the screening asks for, and what the newest rows of the patient come to.

    `decision`, `reason` and `reasons` follow from the CriterionRows; services write them together.
    """

    class Decision(models.TextChoices):
        INCLUDED = "included", _("included")
        EXCLUDED = "excluded", _("excluded")
        UNDECIDED = "undecided", _("not yet decided")

    class Tissue(models.TextChoices):
        INVASIVE = "invasive", _("invasive cancer")
        NON_INVASIVE = "non_invasive", _("non-invasive cancer")
        BENIGN = "benign", _("benign lesion")

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="screening")
    surgery_on = models.DateField(_("date of surgery"), null=True, blank=True)
    suspected_lesion = models.BooleanField(
        _("ultrasound shows a suspected lesion"), choices=YES_NO, null=True, blank=True
    )
    surgery_intended = models.BooleanField(_("surgery intended"), choices=YES_NO, null=True, blank=True)
    biopsied = models.BooleanField(_("core needle biopsy taken"), choices=YES_NO, null=True, blank=True)
    biopsy_on = models.DateField(_("date of the biopsy"), null=True, blank=True)
    video_missing = models.BooleanField(_("no video was stored and none will come"), default=False)
    acquisition_compliant = models.BooleanField(
        _("video acquired by the protocol"), choices=YES_NO, null=True, blank=True
    )
    multifocal = models.BooleanField(_("multifocal"), choices=YES_NO, null=True, blank=True)
    bilateral = models.BooleanField(_("bilateral"), choices=YES_NO, null=True, blank=True)
    tissue = models.CharField(
        _("pathology shows"), max_length=12, choices=Tissue.choices, blank=True, default=""
    )
    mass = models.BooleanField(_("mass lesion"), choices=YES_NO, null=True, blank=True)
    decision = models.CharField(max_length=10, choices=Decision.choices, default=Decision.UNDECIDED)
    reason = models.CharField(
        max_length=20, blank=True, default="", help_text="First criterion that excludes, in protocol order."
    )
    reasons = models.JSONField(default=list, blank=True, help_text="Every criterion that excludes.")

    class Meta:
        indexes = [models.Index(fields=["decision", "reason"])]
        constraints = [
            models.CheckConstraint(
                name="screening_excluded_has_reason",
                condition=models.Q(decision="excluded") & ~models.Q(reason="")
                | ~models.Q(decision="excluded") & models.Q(reason=""),
            )
        ]

    def __str__(self):
        return f"screening of {self.patient_id}: {self.decision}"


class CriterionRow(Row):
    """One criterion for one patient as it was recorded at one time; the newest row of a criterion counts."""

    class Verdict(models.TextChoices):
        MET = "met", _("met")
        NOT_MET = "not met", _("not met")
        NOT_RECORDED = "not recorded", _("not recorded")

    class Basis(models.TextChoices):
        RECORD = "record", _("follows from the record")
        DECIDED = "decided", _("decided by a person")

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="criteria")
    criterion = models.CharField(max_length=20)
    number = models.PositiveIntegerField(help_text="1, 2, … of this criterion of this patient.")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    basis = models.CharField(max_length=8, choices=Basis.choices)
    evidence = models.JSONField(help_text="What the record said then: a sentence with its values.")
    record_verdict = models.CharField(max_length=12, choices=Verdict.choices)
    note = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["patient", "criterion", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "criterion", "number"], name="criterion_row_number_unique"
            ),
            models.CheckConstraint(
                name="criterion_row_judgement_has_note",
                condition=models.Q(basis="record") | ~models.Q(note=""),
            ),
        ]

    def __str__(self):
        return f"{self.criterion} of {self.patient_id}: {self.verdict}"

    @property
    def sentence(self) -> Sentence:
        """What the record said, to be shown in the language of the page."""
        return Sentence.from_dict(self.evidence)
