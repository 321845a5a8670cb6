"""Supplement: one further analysis of an ensemble, as a paper prints them in its supplement."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from analysis.models.evaluation import Evaluation
from analysis.models.registry import ModelVersion


class Supplement(models.Model):
    """What one further analysis of an ensemble version found, on one side of the split.

    results: see docs/statistics.md, "What is stored". Out of fold on training patients, unless a look was
    taken. The newest row of a version, kind and side counts; older ones stay as they were found.
    """

    class Kind(models.TextChoices):
        EXPLANATION = "explanation", _("explanation (SHAP)")
        SUBGROUPS = "subgroups", _("subgroups")
        CONFOUNDERS = "confounders", _("length, rate and coverage of the recording")
        LABEL_RULES = "label_rules", _("label rules")
        BOX_SOURCE = "box_source", _("boxes of the model and of readers")
        BOX_JITTER = "box_jitter", _("moved boxes")
        MASKS = "masks", _("other masks")
        READERS = "readers", _("several readers")
        SHUFFLE = "shuffle", _("shuffled labels")
        OUTSIDE = "outside", _("tissue outside the lesion")
        LEARNING_CURVE = "learning_curve", _("learning curve")
        RINGS = "rings", _("rings around the lesion")
        THREE_WAY = "three_way", _("three-way HER2")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="supplements")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    cohort = models.CharField(
        max_length=10, choices=Evaluation.Cohort.choices, default=Evaluation.Cohort.OUT_OF_FOLD
    )
    look = models.ForeignKey(
        "studies.Look", null=True, blank=True, on_delete=models.PROTECT, related_name="supplements"
    )
    job = models.ForeignKey(
        "analysis.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="supplements"
    )
    results = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["version", "kind", "cohort", "-created_at"])]
        constraints = [
            models.CheckConstraint(
                name="supplement_test_needs_look",
                condition=~models.Q(cohort__in=["test", "temporal"]) | models.Q(look__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.kind} of {self.version_id} ({self.cohort})"
