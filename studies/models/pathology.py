"""Specimen and Label: tissue, what was counted on it, and the HER2 call derived from it."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import AppendOnlyQuerySet, Row
from studies.models.cohort import Lesion, Patient
from studies.rules.parameters import COPIES_RANGE

IHC_SCORES = [("0", "0"), ("1+", "1+"), ("2+", "2+"), ("3+", "3+")]


class Specimen(Row):
    """A piece of tissue on which HER2 is tested."""

    class Kind(models.TextChoices):
        CORE = "core", _("core needle biopsy")
        EXCISION = "excision", _("surgical excision")
        NODE = "node", _("lymph node")
        METASTASIS = "metastasis", _("metastasis")

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="specimens")
    lesion = models.ForeignKey(
        Lesion, null=True, blank=True, on_delete=models.SET_NULL, related_name="specimens"
    )
    kind = models.CharField(_("specimen"), max_length=12, choices=Kind.choices)
    number = models.PositiveSmallIntegerField(default=1)
    taken_on = models.DateField(_("taken on"), null=True, blank=True)
    invasive = models.BooleanField(_("invasive carcinoma"), default=True)
    fixation_hours = models.FloatField(
        _("fixation (hours)"), null=True, blank=True, validators=[MinValueValidator(0)]
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="specimen_number_unique_in_patient")
        ]

    def __str__(self):
        return f"{self.patient.code} specimen {self.number}"


class Label(Row):
    """One pathologist's HER2 reading of one specimen, and what the rule engine concluded from it."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        COSIGN = "cosign", _("waits for the second signature")
        LOCKED = "locked", _("locked")

    class Role(models.TextChoices):
        FIRST = "first", _("first reader")
        SECOND = "second", _("second reader")
        ADJUDICATED = "adjudicated", _("adjudicated")

    class Basis(models.TextChoices):
        THIRD = "third", _("a third pathologist")
        CONSENSUS = "consensus", _("consensus of both readers")

    class Probe(models.TextChoices):
        NONE = "", _("not done")
        DUAL = "dual", _("dual probe")
        SINGLE = "single", _("single probe")

    class PaperLabel(models.TextChoices):
        POSITIVE = "POSITIVE", _("positive")
        NEGATIVE = "NEGATIVE", _("negative")
        UNDEFINED = "UNDEFINED", _("undefined")

    specimen = models.ForeignKey(Specimen, on_delete=models.CASCADE, related_name="labels")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.FIRST)
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    controls_ok = models.BooleanField(_("assay controls valid"), default=True)
    ihc_score = models.CharField(_("IHC score"), max_length=2, choices=IHC_SCORES, blank=True, default="")
    ihc_percent = models.FloatField(
        _("stained cells (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    ihc_intensity = models.CharField(
        _("intensity"),
        max_length=10,
        blank=True,
        default="",
        choices=[
            ("none", _("none")),
            ("faint", _("faint")),
            ("weak", _("weak")),
            ("moderate", _("moderate")),
            ("intense", _("intense")),
        ],
    )
    ihc_completeness = models.CharField(
        _("completeness"),
        max_length=10,
        blank=True,
        default="",
        choices=[("complete", _("complete")), ("incomplete", _("incomplete")), ("none", _("none"))],
    )
    faint_incomplete_percent = models.FloatField(
        _("faint incomplete staining (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    probe = models.CharField(_("ISH probe"), max_length=6, choices=Probe.choices, blank=True, default="")
    cells = models.PositiveIntegerField(_("cells counted"), null=True, blank=True)
    her2_copies = models.FloatField(
        _("HER2 copies per cell"),
        null=True,
        blank=True,
        validators=[MinValueValidator(COPIES_RANGE[0]), MaxValueValidator(COPIES_RANGE[1])],
    )
    cep17_copies = models.FloatField(
        _("CEP17 copies per cell"),
        null=True,
        blank=True,
        validators=[MinValueValidator(COPIES_RANGE[0]), MaxValueValidator(COPIES_RANGE[1])],
    )
    ratio = models.FloatField(_("HER2/CEP17 ratio"), null=True, blank=True, validators=[MinValueValidator(0)])
    recount = models.JSONField(
        null=True, blank=True, help_text="Second observer's count: the same fields as the first."
    )
    comment = models.TextField(_("comment"), blank=True)
    basis = models.CharField(
        max_length=10, choices=Basis.choices, blank=True, default="", help_text="Of an adjudication."
    )
    reason = models.CharField(
        _("reason of the adjudication"), max_length=500, blank=True, default="",
        help_text=_("Why this reading counts and not the other."),
    )  # fmt: skip
    # derived by studies.rules.her2, stored with the version of the engine
    call = models.CharField(max_length=20, blank=True)
    category = models.CharField(max_length=30, blank=True)
    ish_group = models.PositiveSmallIntegerField(null=True, blank=True)
    path = models.JSONField(default=list, blank=True)
    required_action = models.CharField(max_length=300, blank=True)
    comment_required = models.BooleanField(default=False)
    discordance = models.BooleanField(default=False)
    queries = models.JSONField(default=list, blank=True)
    paper_label = models.CharField(max_length=10, choices=PaperLabel.choices, default=PaperLabel.UNDEFINED)
    engine_version = models.CharField(max_length=20, blank=True)
    inputs_hash = models.CharField(max_length=64, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["specimen", "role"], name="label_role_unique_in_specimen"),
            models.CheckConstraint(
                name="label_locked_has_date_and_call",
                condition=models.Q(status__in=["draft", "cosign"])
                | (models.Q(status="locked", locked_at__isnull=False) & ~models.Q(call="")),
            ),
            models.CheckConstraint(
                name="label_basis_of_adjudications_only",
                condition=models.Q(role="adjudicated") | models.Q(basis="", reason=""),
            ),
            models.CheckConstraint(
                name="label_percent_range",
                condition=models.Q(ihc_percent__isnull=True)
                | models.Q(ihc_percent__gte=0, ihc_percent__lte=100),
            ),
            models.CheckConstraint(
                name="label_group_range",
                condition=models.Q(ish_group__isnull=True) | models.Q(ish_group__gte=1, ish_group__lte=5),
            ),
        ]

    def __str__(self):
        return f"label ({self.role}) of {self.specimen_id}"


class Signature(Row):
    """A pathologist's signature on a reading as it was then, given with the password; never changed."""

    class Meaning(models.TextChoices):
        READING = "reading", _("I read this specimen")
        ADJUDICATION = "adjudication", _("I decided between two readings")
        CONSENSUS = "consensus", _("I agree to this consensus")

    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="signatures")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    meaning = models.CharField(max_length=12, choices=Meaning.choices)
    content_digest = models.CharField(max_length=64, help_text="SHA-256 of what was signed.")
    call = models.CharField(max_length=20)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]

    def __str__(self):
        return f"signature on {self.label_id}"
