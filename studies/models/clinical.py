"""ClinicalRecord: the six clinical variables of the paper and the usual ones beside them."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from studies.models.base import Row
from studies.models.cohort import Patient
from studies.rules.parameters import AGE_RANGE, PERCENT_RANGE, SIZE_RANGE_CM


def _range(field: str, low: float, high: float) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=f"clinical_{field}_range",
        condition=models.Q(**{f"{field}__isnull": True})
        | models.Q(**{f"{field}__gte": low, f"{field}__lte": high}),
    )


class ClinicalRecord(Row):
    """What the clinicians recorded of a patient before surgery."""

    class Menopause(models.IntegerChoices):
        PRE = 0, _("premenopausal")
        POST = 1, _("postmenopausal")

    class Receptor(models.TextChoices):
        POSITIVE = "positive", _("positive")
        NEGATIVE = "negative", _("negative")

    class Grade(models.IntegerChoices):
        G1 = 1, "G1"
        G2 = 2, "G2"
        G3 = 3, "G3"

    class Stage(models.TextChoices):
        IA = "IA", "IA"
        IB = "IB", "IB"
        IIA = "IIA", "IIA"
        IIB = "IIB", "IIB"
        IIIA = "IIIA", "IIIA"
        IIIB = "IIIB", "IIIB"
        IIIC = "IIIC", "IIIC"
        IV = "IV", "IV"
        I = "I", "I"  # noqa: E741 - the stage's own name
        II = "II", "II"
        III = "III", "III"

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="clinical")
    age_years = models.PositiveSmallIntegerField(
        _("age (years)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(AGE_RANGE[0]), MaxValueValidator(AGE_RANGE[1])],
    )
    menopause = models.PositiveSmallIntegerField(
        _("menopausal status"), choices=Menopause.choices, null=True, blank=True
    )
    size_cm = models.DecimalField(
        _("US size (cm)"),
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[
            MinValueValidator(Decimal(str(SIZE_RANGE_CM[0]))),  # as floats, 0.1 cm would be out of range
            MaxValueValidator(Decimal(str(SIZE_RANGE_CM[1]))),
        ],
        help_text=_("Transverse diameter of the largest cross-section on ultrasound."),
    )
    c_t = models.PositiveSmallIntegerField(
        "cT", choices=[(i, f"cT{i}") for i in range(5)], null=True, blank=True
    )
    c_n = models.PositiveSmallIntegerField(
        "cN", choices=[(i, f"cN{i}") for i in range(4)], null=True, blank=True
    )
    c_tnm = models.CharField("cTNM", max_length=4, choices=Stage.choices, blank=True, default="")
    staging_edition = models.CharField(
        _("AJCC edition of cT, cN, cTNM"),
        max_length=1,
        choices=[("7", _("7th edition")), ("8", _("8th edition"))],
        blank=True,
        default="",
    )
    er_status = models.CharField(
        _("ER status"), max_length=8, choices=Receptor.choices, blank=True, default=""
    )
    er_percent = models.PositiveSmallIntegerField(
        _("ER (%)"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    pr_status = models.CharField(
        _("PR status"), max_length=8, choices=Receptor.choices, blank=True, default=""
    )
    pr_percent = models.PositiveSmallIntegerField(
        _("PR (%)"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    ki67_percent = models.PositiveSmallIntegerField(
        _("Ki-67 (%)"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    histology = models.CharField(_("histology"), max_length=100, blank=True, default="")
    grade = models.PositiveSmallIntegerField(_("grade"), choices=Grade.choices, null=True, blank=True)
    missing_reasons = models.JSONField(
        default=dict, blank=True, help_text="Field name to reason, for empty fields."
    )
    kept_warnings = models.JSONField(
        default=dict, blank=True, help_text="Warning code to the reason for keeping the values."
    )

    class Meta:
        constraints = [
            _range("age_years", *AGE_RANGE),
            _range("size_cm", *SIZE_RANGE_CM),
            _range("c_t", 0, 4),
            _range("c_n", 0, 3),
            _range("er_percent", *PERCENT_RANGE),
            _range("pr_percent", *PERCENT_RANGE),
            _range("ki67_percent", *PERCENT_RANGE),
            _range("menopause", 0, 1),
            _range("grade", 1, 3),
        ]

    def __str__(self):
        return f"clinical record of {self.patient.code}"
