"""Study, Site, Patient, HospitalLink, Lesion, Exam, Membership, Look: who is in the study, on which side."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import AppendOnlyQuerySet, Row

CODE_VALIDATOR = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
    "Use a pseudonymous code of at most 32 letters, digits, dots, dashes or underscores.",
)


class Study(Row):
    """A research cohort (not a DICOM study)."""

    class LabelRule(models.TextChoices):
        ASCO_CAP = "asco_cap", _("ASCO/CAP 2018 (affirmed 2023)")
        PAPER = "paper", _("Quan et al. 2023, literal")

    class NewcomerRule(models.TextChoices):
        TRAINING = "training", _("new patients join the training side")
        TEMPORAL = "temporal", _("new patients form a temporal test set of their own")
        WAIT = "wait", _("new patients wait without a side, for a later test")

    slug = models.SlugField(unique=True, max_length=50)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    is_simulated = models.BooleanField(default=False, help_text=_("Every page and export says so."))
    readers_per_clip = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(2)]
    )
    readers_per_specimen = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(2)],
        help_text=_("With two, each pathologist reads without seeing the other’s reading."),
    )
    label_rule = models.CharField(max_length=10, choices=LabelRule.choices, default=LabelRule.ASCO_CAP)
    split_seed = models.PositiveIntegerField(default=2023)
    newcomer_rule = models.CharField(
        max_length=10,
        choices=NewcomerRule.choices,
        default=NewcomerRule.TRAINING,
        help_text=_("What happens to labelled patients who come after the seal; fixed by it."),
    )
    sealed_at = models.DateTimeField(null=True, blank=True)
    seal_hash = models.CharField(max_length=64, blank=True)
    feature_base = models.JSONField(
        default=dict,
        blank=True,
        help_text="Units of time and length and the common band, frozen at the split from training clips.",
    )

    class Meta:
        verbose_name_plural = "studies"
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                name="study_sealed_has_hash",
                condition=models.Q(sealed_at__isnull=True, seal_hash="")
                | (models.Q(sealed_at__isnull=False) & ~models.Q(seal_hash="")),
            ),
            models.CheckConstraint(
                name="study_readers_1_or_2", condition=models.Q(readers_per_clip__in=[1, 2])
            ),
            models.CheckConstraint(
                name="study_pathologists_1_or_2", condition=models.Q(readers_per_specimen__in=[1, 2])
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def is_sealed(self) -> bool:
        """Whether the split is frozen and hashed."""
        return self.sealed_at is not None

    @property
    def looks(self) -> models.QuerySet["Look"]:
        """Looks at the sealed test side; those at the temporal test are counted on their own."""
        return self.all_looks.filter(side=Membership.Side.TEST)

    @property
    def temporal_looks(self) -> models.QuerySet["Look"]:
        """Looks at the temporal test."""
        return self.all_looks.filter(side=Membership.Side.TEMPORAL)


class Site(Row):
    """A centre that contributes patients."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="sites")
    code = models.CharField(max_length=32, validators=[CODE_VALIDATOR])
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="site_code_unique_in_study")]

    def __str__(self):
        return self.code


class Patient(Row):
    """A pseudonymous participant; the code is the only name there is."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="patients")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="patients")
    code = models.CharField(max_length=32, validators=[CODE_VALIDATOR])
    index_clip = models.ForeignKey(
        "studies.Clip",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The clip used for learning; empty = the earliest compliant baseline clip.",
    )

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="patient_code_unique_in_study")]

    def __str__(self):
        return self.code


class HospitalLink(Row):
    """The hospital number of a patient, where it is kept at all: sealed, found only by an exact match.

    Two patients may share a fingerprint: then they are one person, and the split keeps them on one side.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="hospital_link")
    fingerprint = models.CharField(max_length=64, db_index=True, help_text="Keyed hash of the number.")
    sealed = models.CharField(max_length=300, help_text="The number, encrypted for this patient.")

    def __str__(self):
        return f"hospital link of {self.patient.code}"


class Lesion(Row):
    """A lesion of a patient."""

    class Laterality(models.TextChoices):
        LEFT = "L", _("left")
        RIGHT = "R", _("right")
        UNKNOWN = "", _("not recorded")

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="lesions")
    number = models.PositiveSmallIntegerField(default=1)
    laterality = models.CharField(_("side"), max_length=1, choices=Laterality.choices, blank=True, default="")
    clock_position = models.PositiveSmallIntegerField(
        _("clock position"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="lesion_number_unique_in_patient"),
            models.CheckConstraint(
                name="lesion_clock_1_to_12",
                condition=models.Q(clock_position__isnull=True)
                | models.Q(clock_position__gte=1, clock_position__lte=12),
            ),
        ]

    def __str__(self):
        return f"{self.patient.code} lesion {self.number}"


class Exam(Row):
    """One visit of a patient (what DICOM calls a study)."""

    class Phase(models.TextChoices):
        BASELINE = "baseline", _("baseline")
        NEOADJUVANT = "neoadjuvant", _("during neoadjuvant therapy")
        BEFORE_SURGERY = "before_surgery", _("before surgery")

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="exams")
    phase = models.CharField(_("phase"), max_length=20, choices=Phase.choices, default=Phase.BASELINE)
    performed_on = models.DateField(_("performed on"), null=True, blank=True)
    number = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="exam_number_unique_in_patient")
        ]

    def __str__(self):
        return f"{self.patient.code} exam {self.number}"


class Membership(Row):
    """The side of the split a patient is on; one table for detector and classifier alike, never changed.

    The temporal test holds patients who came after the seal, where the study's rule says so: it is neither
    part of the sealed test side nor learned from.
    """

    class Side(models.TextChoices):
        TRAINING = "training", _("training")
        TEST = "test", _("test")
        TEMPORAL = "temporal", _("temporal test")

    HELD_OUT = frozenset({Side.TEST, Side.TEMPORAL})
    """Sides that nothing is learned from."""

    patient = models.OneToOneField(Patient, on_delete=models.PROTECT, related_name="membership")
    side = models.CharField(max_length=8, choices=Side.choices)
    rule = models.CharField(max_length=100, help_text="The stored rule that put the patient here.")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="membership_side_known",
                condition=models.Q(side__in=["training", "test", "temporal"]),
            )
        ]

    def __str__(self):
        return f"{self.patient.code}: {self.side}"


class Look(Row):
    """One counted, logged look at the labels and metrics of the patients of a held-out side.

    The test side and the temporal test have a counter each.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="all_looks")
    side = models.CharField(max_length=8, choices=Membership.Side.choices, default=Membership.Side.TEST)
    number = models.PositiveIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    seal_hash = models.CharField(max_length=64)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "side", "number"], name="look_number_unique_on_side"),
            models.CheckConstraint(
                name="look_side_held_out", condition=models.Q(side__in=["test", "temporal"])
            ),
            models.CheckConstraint(name="look_has_reason", condition=~models.Q(reason="")),
        ]

    def __str__(self):
        return f"look {self.number} ({self.side})"
