"""The clinical form, with what looks inconsistent beside it: it asks "keep, because…" and never blocks."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from studies import permissions
from studies.forms import ClinicalForm
from studies.guards import require
from studies.models import ClinicalRecord
from studies.rules.clinical_checks import clinical_notices
from studies.rules.parameters import PARAMETERS, Parameter
from studies.rules.sentences import Notice, decimals
from studies.selectors import patient_get
from studies.services.cohort import clinical_save
from studies.services.completeness import REASONS

REASON_PREFIX = "keep_"
REASON_LENGTH = 300
MISSING_PREFIX = "missing_"


@dataclass(frozen=True, slots=True)
class Query:
    """A warning about a record, and why its values are kept; an empty reason asks for one."""

    notice: Notice
    reason: str

    @property
    def name(self) -> str:
        """Name of the field that takes the reason."""
        return f"{REASON_PREFIX}{self.notice.code}"


def clinical_queries(record: ClinicalRecord | None) -> list[Query]:
    """What looks inconsistent in a stored record, with the reasons stored beside it."""
    if record is None:
        return []
    values = {name: getattr(record, name) for name in ClinicalForm.Meta.fields}
    return _queries(values, record.kept_warnings)


def _queries(values: dict[str, Any], reasons: dict[str, str]) -> list[Query]:
    return [Query(notice, reasons.get(notice.code, "")) for notice in clinical_notices(values)]


@dataclass(frozen=True, slots=True)
class Item:
    """A field of the form with its range and the reason why it is empty."""

    field: Any
    parameter: Parameter | None
    reason: str

    @property
    def low(self) -> str:
        """The least that is allowed."""
        return decimals(self.parameter.low) if self.parameter else ""

    @property
    def high(self) -> str:
        """The most that is allowed, with the unit."""
        if self.parameter is None:
            return ""
        unit = "" if self.parameter.unit == "a" else f" {self.parameter.unit}"
        return decimals(self.parameter.high) + unit


def _items(form: ClinicalForm, reasons: dict[str, str]) -> list[Item]:
    return [Item(field, PARAMETERS.get(field.name), reasons.get(field.name, "")) for field in form]


def _typed_missing(request: HttpRequest, values: dict[str, Any]) -> dict[str, str]:
    """The reasons chosen for fields that are empty; a value needs none."""
    return {
        name: request.POST[f"{MISSING_PREFIX}{name}"]
        for name in ClinicalForm.Meta.fields
        if request.POST.get(f"{MISSING_PREFIX}{name}") in REASONS and values.get(name) in (None, "")
    }


@login_required
@require_http_methods(["GET", "POST"])
def clinical_edit(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Enter or correct the clinical values; asked by htmx, only say what looks inconsistent."""
    row = patient_get(patient_id, viewer=request.user)
    allowed = permissions.can_edit_patient(request.user, row)
    require(request, allowed, action="edit clinical", target=row, study=row.study)
    record = getattr(row, "clinical", None)
    form = ClinicalForm(request.POST or None, instance=record)
    if request.htmx and request.method == "POST":
        form.is_valid()  # fills cleaned_data with the fields that are sound
        context = {"queries": _queries(form.cleaned_data, _typed_reasons(request))}
        return render(request, "studies/partials/clinical_queries.html", context)
    if request.method == "POST" and form.is_valid():
        queries = _queries(form.cleaned_data, _typed_reasons(request))
        kept = {query.notice.code: query.reason for query in queries if query.reason}
        clinical_save(
            actor=request.user,
            patient=row,
            values=form.cleaned_data
            | {"kept_warnings": kept, "missing_reasons": _typed_missing(request, form.cleaned_data)},
            reason=request.POST.get("reason", ""),
        )
        return _after_saving(request, row.pk, sum(not query.reason for query in queries))
    queries = (
        _queries(form.cleaned_data, _typed_reasons(request)) if form.is_bound else clinical_queries(record)
    )
    stored = getattr(record, "missing_reasons", {})
    reasons = _typed_missing(request, {}) if form.is_bound else stored
    context = {"study": row.study, "patient": row, "form": form, "queries": queries}
    context |= {"items": _items(form, reasons), "reasons": REASONS}
    return render(request, "studies/clinical_form.html", context)


def _typed_reasons(request: HttpRequest) -> dict[str, str]:
    return {
        name.removeprefix(REASON_PREFIX): text.strip()[:REASON_LENGTH]
        for name, text in request.POST.items()
        if name.startswith(REASON_PREFIX)
    }


def _after_saving(request: HttpRequest, patient_id: object, n_open: int) -> HttpResponse:
    """The values are stored either way; open questions bring the form back."""
    if not n_open:
        messages.success(request, _("The clinical values were saved."))
        return redirect("patient", patient_id)
    text = ngettext(
        "Saved. %(n)d thing looks unlikely: correct it, or say why it stays.",
        "Saved. %(n)d things look unlikely: correct them, or say why they stay.",
        n_open,
    )
    messages.warning(request, text % {"n": n_open})
    return redirect("clinical-edit", patient_id)
