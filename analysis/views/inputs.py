"""What people type into the results pages: four counts, a table to audit. Nothing of it is stored."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.audit_cells import COLUMNS
from analysis.pipeline.metrics import Confusion
from analysis.reports.audited import Audited, audited
from analysis.reports.paper import BEST
from analysis.reports.sample_size import Design
from studies.templatetags.stored_sentences import translated

MOST_PATIENTS = 1_000_000
AUDIT_BYTES = 200_000
AUDIT_LINES = 1_500
"""A table of thirty models, ten metrics and five cohorts; a larger one would keep the server busy."""


class CountsForm(forms.Form):
    """How many of how many were called rightly, positives and negatives."""

    tp = forms.IntegerField(label=gettext_lazy("Positives called rightly"), min_value=0)
    n1 = forms.IntegerField(label=gettext_lazy("Positives"), min_value=1, max_value=MOST_PATIENTS)
    tn = forms.IntegerField(label=gettext_lazy("Negatives called rightly"), min_value=0)
    n0 = forms.IntegerField(label=gettext_lazy("Negatives"), min_value=1, max_value=MOST_PATIENTS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"

    @classmethod
    def of(cls, request: HttpRequest) -> "CountsForm":
        """The form as asked for; the paper's best model before anything was typed."""
        asked = {name: request.GET[name] for name in cls.base_fields if name in request.GET}
        return cls(asked or {"tp": BEST.tp, "n1": BEST.positives, "tn": BEST.tn, "n0": BEST.negatives})

    def clean(self) -> dict[str, Any]:
        """No more can be right than there are."""
        found = super().clean() or {}
        for right, all_ in (("tp", "n1"), ("tn", "n0")):
            if (found.get(right) or 0) > (found.get(all_) or MOST_PATIENTS):
                self.add_error(right, _("No more can be called rightly than there are."))
        return found

    @property
    def counts(self) -> Confusion | None:
        """The four counts; None while they make no sense."""
        if not self.is_valid():
            return None
        v = self.cleaned_data
        return Confusion(tp=v["tp"], fp=v["n0"] - v["tn"], tn=v["tn"], fn=v["n1"] - v["tp"])


class DesignForm(forms.Form):
    """What is anticipated of a study, in percent where people think in percent."""

    area = forms.FloatField(label="AUC", min_value=0.51, max_value=0.99)
    sensitivity = forms.FloatField(label=gettext_lazy("Sensitivity"), min_value=0.01, max_value=0.99)
    specificity = forms.FloatField(label=gettext_lazy("Specificity"), min_value=0.01, max_value=0.99)
    prevalence = forms.FloatField(label=gettext_lazy("Share HER2-positive"), min_value=0.01, max_value=0.99)
    candidates = forms.IntegerField(label=gettext_lazy("Candidate features"), min_value=1, max_value=100_000)
    r2_share = forms.FloatField(
        label=gettext_lazy("R², share of its maximum"), min_value=0.01, max_value=0.85
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            is_share = isinstance(field, forms.FloatField)
            field.widget.attrs |= {"class": "form-control", "step": "0.01" if is_share else "1"}

    @classmethod
    def of(cls, request: HttpRequest, design: Design) -> "DesignForm":
        """The form as asked for; what is not asked for is that of `design`."""
        asked = {name: request.GET.get(name, getattr(design, name)) for name in cls.base_fields}
        return cls(asked)

    def design(self, fallback: Design) -> Design:
        """The design; `fallback` while what was typed makes no sense."""
        return Design(**self.cleaned_data) if self.is_valid() else fallback


class AuditForm(forms.Form):
    """A published table as CSV; it is read in memory and forgotten."""

    table = forms.FileField(label=gettext_lazy("Table as CSV"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["table"].widget.attrs |= {"class": "form-control", "accept": ".csv,text/csv"}

    def clean(self) -> dict[str, Any]:
        """Read and audit the table, or say what is wrong with it."""
        found = super().clean() or {}
        if file := found.get("table"):
            found["audited"] = self._audited(file)
        return found

    def _audited(self, file: Any) -> Audited:
        if file.size > AUDIT_BYTES:
            raise ValidationError(
                _("The table has %(size)d bytes; at most %(most)d are taken. Split it by table.")
                % {"size": file.size, "most": AUDIT_BYTES}
            )
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError(_("The table is not UTF-8 text; save it as CSV UTF-8.")) from error
        if text.count("\n") > AUDIT_LINES:
            raise ValidationError(
                _("The table has more than %(most)d lines. Split it by table.") % {"most": AUDIT_LINES}
            )
        try:
            return audited(text)
        except InvalidInputError as error:
            raise ValidationError(
                _("The table cannot be read: %(why)s Columns: %(columns)s.")
                % {"why": translated(str(error)), "columns": ", ".join(COLUMNS)}
            ) from error
