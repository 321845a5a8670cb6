"""Forms of the observed side: fields, labels and units. Rules live in models and studies/rules."""

from django import forms
from django.utils.translation import gettext_lazy as _

from studies.form_fields import CODE_RULE, NOTHING_CHOSEN, DayInput, StyledMixin
from studies.models import (
    ClinicalRecord,
    CriterionRow,
    DataQuery,
    Exam,
    Label,
    Lesion,
    Patient,
    RoleGrant,
    Screening,
    Site,
    Specimen,
    Study,
    TableImport,
)
from studies.rules.table_targets import DROP, KEEP, PATHOLOGY_PARTS, TARGETS, Target
from studies.services.screening import FACT_FIELDS, NOTE_LENGTH, ULTRASOUND


class StudyForm(StyledMixin, forms.ModelForm):
    """A new study."""

    class Meta:
        model = Study
        fields = [
            "title", "slug", "description", "is_simulated", "readers_per_clip", "readers_per_specimen",
            "label_rule",
        ]  # fmt: skip
        labels = {
            "title": _("Title"),
            "description": _("Description"),
            "slug": _("Short name"),
            "is_simulated": _("Simulated patients"),
            "readers_per_clip": _("Readers per clip"),
            "readers_per_specimen": _("Pathologists per specimen"),
            "label_rule": _("Label rule"),
        }
        help_texts = {"slug": _("Lower-case letters, digits and dashes; it becomes part of addresses.")}
        error_messages = {
            "slug": {
                "invalid": _("Use lower-case letters, digits and dashes only, without spaces."),
                "unique": _("This short name is taken by another study; choose another one."),
            }
        }
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class SiteForm(StyledMixin, forms.Form):
    """A new site of a study."""

    code = forms.CharField(max_length=32, label=_("Code"), validators=[CODE_RULE])
    name = forms.CharField(max_length=200, label=_("Name"))


class PatientForm(StyledMixin, forms.Form):
    """A new patient: a pseudonymous code at a site."""

    code = forms.CharField(
        max_length=32,
        label=_("Pseudonymous code"),
        validators=[CODE_RULE],
        help_text=_("Never a name, a hospital number or a birth date."),
    )
    site = forms.ModelChoiceField(queryset=Site.objects.none(), label=_("Site"), empty_label=None)
    hospital_number = forms.CharField(
        max_length=64,
        required=False,
        label=_("Hospital number (optional)"),
        help_text=_("Kept encrypted, never listed; it finds the same person again."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args, study: Study, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.study = study
        self.fields["site"].queryset = sites

    def clean_code(self):
        """Say that a code is taken before the database does."""
        code = self.cleaned_data["code"]
        if Patient.objects.filter(study=self.study, code=code).exists():
            raise forms.ValidationError(_("This code is taken in this study; choose another one."))
        return code


class ClinicalForm(StyledMixin, forms.ModelForm):
    """The clinical parameters, each with its unit."""

    class Meta:
        model = ClinicalRecord
        fields = [
            "age_years", "menopause", "size_cm", "c_t", "c_n", "c_tnm", "staging_edition", "er_status",
            "er_percent", "pr_status", "pr_percent", "ki67_percent", "histology", "grade",
        ]  # fmt: skip
        labels = {
            "c_t": "cT",
            "c_n": "cN",
            "c_tnm": "cTNM",
            "histology": _("Histology"),
            "grade": _("Grade"),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        stages = [(stage.value, stage.value) for stage in ClinicalRecord.Stage]  # Django would say "Iia"
        self.fields["c_tnm"].choices = [("", NOTHING_CHOSEN), *stages]


class QueryForm(StyledMixin, forms.Form):
    """A question about one field of a patient."""

    about = forms.ChoiceField(label=_("About"))
    text = forms.CharField(
        label=_("Question"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), strip=True
    )

    def __init__(self, *args, with_pathology: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["about"].choices = query_choices(with_pathology=with_pathology)


def query_choices(*, with_pathology: bool) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every field that can be asked about, grouped by the part of the record, as `part.field`."""
    parts = [
        (DataQuery.Subject.CLINICAL, ClinicalRecord, ClinicalForm.Meta.fields),
        (DataQuery.Subject.LESION, Lesion, ["laterality", "clock_position"]),
        (DataQuery.Subject.EXAM, Exam, ["phase", "performed_on"]),
    ]
    if with_pathology:
        parts.append((DataQuery.Subject.PATHOLOGY, Specimen, SpecimenForm.Meta.fields))
        parts.append((DataQuery.Subject.PATHOLOGY, Label, LabelForm.Meta.fields))
    groups = [
        (part.label, [(f"{part}.{name}", model._meta.get_field(name).verbose_name) for name in names])
        for part, model, names in parts
    ]
    other = DataQuery.Subject.OTHER
    return [*groups, (other.label, [(f"{other}.", _("something else"))])]


class ImportForm(StyledMixin, forms.ModelForm):
    """How a table is read where it is silent or differs from what is stored."""

    default_site = forms.ChoiceField(
        label=_("Site of rows without one"), required=False, help_text=_("For new patients only.")
    )
    default_specimen = forms.ChoiceField(
        label=_("Specimen of rows without one"),
        choices=Specimen.Kind.choices,
        help_text=_("Where the table has HER2 columns."),
    )

    class Meta:
        model = TableImport
        fields = ["default_site", "default_specimen", "mode", "on_conflict"]
        labels = {
            "mode": _("When rows are refused"),
            "on_conflict": _("When a stored value differs"),
        }

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        codes = [(site.code, f"{site.code} · {site.name}") for site in sites]
        self.fields["default_site"].choices = [("", NOTHING_CHOSEN), *codes]


def mapping_choices(*, with_pathology: bool) -> list[tuple[str, list[tuple[str, str]]]]:
    """Where a column can go, grouped by the part of the record."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for target in TARGETS:
        if with_pathology or target.part not in PATHOLOGY_PARTS:
            groups.setdefault(target.part, []).append((target.name, target_label(target)))
    names = {
        "patient": _("patient"), "clinical": _("clinical values"), "lesion": _("lesion"),
        "exam": _("visit"), "specimen": _("specimen"), "label": _("HER2 reading"),
    }  # fmt: skip
    others = [(KEEP, _("keep the text with the row")), (DROP, _("do not store"))]
    return [(_("no field"), others), *((names[part], options) for part, options in groups.items())]


def target_label(target: Target) -> str:
    """The name of a target as the forms show it."""
    own = {
        "patient.code": _("pseudonymous code"),
        "patient.site": _("site"),
        "patient.hospital_number": _("hospital number"),
        "clinical.size_cm_mm": _("US size (mm)"),
        "specimen.number": _("number of the specimen of its kind"),
        "label.ihc_status": _("IHC status"),
        "label.fish_status": _("ISH status"),
    }
    if target.name in own:
        return str(own[target.name])
    models = {
        "clinical": ClinicalRecord,
        "lesion": Lesion,
        "exam": Exam,
        "specimen": Specimen,
        "label": Label,
    }
    return str(models[target.part]._meta.get_field(target.field).verbose_name)


class LesionForm(StyledMixin, forms.ModelForm):
    """A lesion."""

    class Meta:
        model = Lesion
        fields = ["laterality", "clock_position"]
        labels = {"laterality": _("Side of the body"), "clock_position": _("Clock position (1 to 12)")}


class ExamForm(StyledMixin, forms.ModelForm):
    """A visit."""

    class Meta:
        model = Exam
        fields = ["phase", "performed_on"]
        labels = {"phase": _("Phase"), "performed_on": _("Performed on")}
        widgets = {"performed_on": DayInput()}


class SpecimenForm(StyledMixin, forms.ModelForm):
    """A piece of tissue."""

    class Meta:
        model = Specimen
        fields = ["kind", "taken_on", "invasive", "fixation_hours"]
        labels = {
            "kind": _("Kind"),
            "taken_on": _("Taken on"),
            "fixation_hours": _("Fixation (hours)"),
        }
        widgets = {"taken_on": DayInput()}


class LabelForm(StyledMixin, forms.ModelForm):
    """What the pathologist saw and counted; the engine derives the rest."""

    signature_fault = ""
    """What is wrong with the password that signs; said beside it."""

    class Meta:
        model = Label
        fields = [
            "controls_ok", "ihc_score", "ihc_percent", "ihc_intensity", "ihc_completeness",
            "faint_incomplete_percent", "probe", "cells", "her2_copies", "cep17_copies", "ratio", "comment",
        ]  # fmt: skip
        labels = {"probe": _("ISH probe"), "comment": _("Comment")}
        widgets = {"comment": forms.Textarea(attrs={"rows": 2})}


class ScreeningForm(StyledMixin, forms.ModelForm):
    """What the criteria of the protocol ask for and no other page holds."""

    ultrasound_on = forms.DateField(label=_("Date of the ultrasound"), required=False, widget=DayInput())
    note = forms.CharField(
        label=_("Where this comes from"),
        max_length=NOTE_LENGTH,
        required=False,
        help_text=_("For instance: operation list of 3 March. Kept with every criterion that changes."),
    )

    field_order = (ULTRASOUND, *FACT_FIELDS)

    class Meta:
        model = Screening
        fields = list(FACT_FIELDS)
        widgets = {name: DayInput() for name in ("surgery_on", "biopsy_on")}

    def facts(self) -> dict[str, object]:
        """The cleaned facts, without the note; an empty date of the visit changes nothing."""
        return {name: self.cleaned_data[name] for name in (*FACT_FIELDS, ULTRASOUND)}


class BulkScreeningForm(StyledMixin, forms.ModelForm):
    """The same facts for many patients; what is not chosen stays as it is with each."""

    note = forms.CharField(label=_("Where this comes from"), max_length=NOTE_LENGTH)

    class Meta:
        model = Screening
        fields = [
            "suspected_lesion", "surgery_intended", "biopsied", "acquisition_compliant", "multifocal",
            "bilateral", "tissue", "mass",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.Meta.fields:
            choices = list(self.fields[name].choices)
            self.fields[name].choices = [("", _("leave as it is")), *choices[1:]]

    def facts(self) -> dict[str, object]:
        """Only what was chosen."""
        chosen = ((name, self.cleaned_data[name]) for name in self.Meta.fields)
        return {name: value for name, value in chosen if value not in (None, "")}


class CriterionForm(StyledMixin, forms.Form):
    """One criterion, decided by hand with its evidence."""

    criterion = forms.CharField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=CriterionRow.Verdict.choices, label=_("Verdict"))
    note = forms.CharField(max_length=NOTE_LENGTH, label=_("Evidence"))


class RecountForm(StyledMixin, forms.Form):
    """What a second, blinded observer counted."""

    cells = forms.IntegerField(min_value=0, required=False, label=_("cells counted"))
    her2_copies = forms.FloatField(min_value=0, required=False, label=_("HER2 copies per cell"))
    cep17_copies = forms.FloatField(min_value=0, required=False, label=_("CEP17 copies per cell"))
    ratio = forms.FloatField(min_value=0, required=False, label=_("HER2/CEP17 ratio"))
    observer = forms.CharField(max_length=50, required=False, label=_("second observer"))

    COUNTED = ("cells", "her2_copies", "cep17_copies", "ratio")

    def add_prefix(self, field_name):
        """Underscores, as in the names of the fields."""
        return f"{self.prefix}_{field_name}"

    def counted(self) -> dict[str, object]:
        """The numbers."""
        return {name: self.cleaned_data.get(name) for name in self.COUNTED}

    def is_given(self) -> bool:
        """Whether anything was counted."""
        return any(value is not None for value in self.counted().values())

    def names_observer(self) -> bool:
        """Whether a count says whose it is; puts the error on the field otherwise."""
        if self.is_given() and not self.cleaned_data.get("observer", "-"):
            self.add_error("observer", _("Say who counted: the recount is a second observer’s."))
            return False
        return True


class GrantForm(StyledMixin, forms.Form):
    """A role for a user, at one site or at all."""

    username = forms.CharField(max_length=150, label=_("User name"))
    role = forms.ChoiceField(choices=RoleGrant.Role.choices, label=_("Role"))
    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), required=False, label=_("Site"), empty_label=_("all sites")
    )

    def __init__(self, *args, study: Study, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = study.sites.all()
