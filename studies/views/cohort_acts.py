"""What is done in the cohort table: a value in its cell, acts on ticked rows, saved views; completeness."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studies import permissions
from studies.errors import RuleViolationError
from studies.forms import ClinicalForm
from studies.guards import require
from studies.models import Patient, Study
from studies.selectors import patient_get, patients_for, sites_for, study_get
from studies.services.cohort import clinical_save
from studies.services.completeness import MOST_AT_ONCE, completeness_by_field, missing_reason_set
from studies.services.exports import cohort_export
from studies.services.queries import query_raise
from studies.services.saved_views import KEPT, saved_view_delete, saved_view_save
from studies.views.cohort_cells import INLINE, cells_of, text_of
from studies.views.cohort_table import filtered
from studies.views.exports import download


@login_required
@require_http_methods(["GET", "POST"])
def cell(request: HttpRequest, patient_id: object, name: str) -> HttpResponse:
    """One clinical value in its cell: shown, or as a field; on POST stored."""
    patient = patient_get(patient_id, viewer=request.user)
    if name not in INLINE:
        raise Http404
    allowed = permissions.can_edit_patient(request.user, patient)
    require(request, allowed, action="edit clinical", target=patient, study=patient.study)
    record = getattr(patient, "clinical", None)
    before = "" if record is None else text_of(getattr(record, name))
    form = _cell_form(request.POST or None, record, name)
    context: dict[str, Any] = {"patient": patient, "name": name, "field": form[name], "was": before}
    if request.method == "POST":
        problem = _store(request, patient, form, name, before)
        if not problem:
            return _show(request, patient, name)
        context["problem"] = problem
    elif "edit" not in request.GET:
        return _show(request, patient, name)
    return render(request, "studies/partials/cell_edit.html", context)


def _show(request: HttpRequest, patient: Patient, name: str) -> HttpResponse:
    cell = cells_of(patient_get(patient.pk, viewer=request.user))[INLINE.index(name)]
    return render(request, "studies/partials/cell.html", {"cell": cell})


def _store(request: HttpRequest, patient: Patient, form: ClinicalForm, name: str, before: str) -> str:
    """Store the value; a sentence where it cannot be: out of range, or changed by somebody else meanwhile."""
    if request.POST.get("was", before) != before:
        return _("Somebody changed this to “%(value)s” meanwhile; save again to replace it.") % {
            "value": before or "–"
        }
    if not form.is_valid():
        return " ".join(message for found in form.errors.values() for message in found)
    clinical_save(actor=request.user, patient=patient, values={name: form.cleaned_data[name]})
    return ""


def _cell_form(data: Any, record: Any, name: str) -> ClinicalForm:
    """The clinical form with this one field."""
    form = ClinicalForm(data, instance=record, prefix=None)
    for other in [other for other in form.fields if other != name]:
        del form.fields[other]
    form.fields[name].widget.attrs["class"] = "form-control form-control-sm cell-input"
    return form


@login_required
@require_POST
def bulk(request: HttpRequest, slug: str) -> HttpResponse:
    """One act on the ticked patients, or on all that pass the filter."""
    study = study_get(slug, viewer=request.user)
    back = f"{reverse('cohort', args=[slug])}?{urlencode(_parameters(request))}"
    patients = _chosen(request, study)
    act = request.POST.get("act", "")
    may = {
        "export": permissions.can_export(request.user, study),
        "query": permissions.can_manage_cohort(request.user, study),
        "missing": permissions.can_manage_cohort(request.user, study),
    }
    require(request, may.get(act, False), action=f"bulk {act}"[:50], target=study, study=study)
    if not patients:
        messages.error(request, _("Tick the patients first."))
        return redirect(back)
    try:
        if act == "export":
            kind, ids = request.POST.get("format", "csv"), [patient.pk for patient in patients]
            return download(cohort_export(actor=request.user, study=study, file_format=kind, chosen=ids))
        _say(request, act, _act(request, act, patients))
    except (RuleViolationError, ValidationError) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
    return redirect(back)


def _parameters(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST[name] for name in KEPT if request.POST.get(name)}


def _chosen(request: HttpRequest, study: Study) -> list[Patient]:
    """The ticked patients within reach; all that pass the filter where that was asked for."""
    if request.POST.get("all"):
        return list(filtered(study, _parameters(request), viewer=request.user))
    ids = request.POST.getlist("patient")
    return list(patients_for(study, viewer=request.user).filter(pk__in=ids))


def _act(request: HttpRequest, act: str, patients: list[Patient]) -> int:
    if len(patients) > MOST_AT_ONCE:
        raise RuleViolationError(f"At most {MOST_AT_ONCE} patients at once; narrow the filter.")
    mine = [patient for patient in patients if permissions.can_edit_patient(request.user, patient)]
    if act == "missing":
        field, reason = request.POST.get("field", ""), request.POST.get("reason", "")
        return missing_reason_set(actor=request.user, patients=mine, field=field, reason=reason)
    for patient in mine:
        query_raise(
            actor=request.user, patient=patient, part="clinical", field=request.POST.get("field", ""),
            text=request.POST.get("text", ""),
        )  # fmt: skip
    return len(mine)


def _say(request: HttpRequest, act: str, n: int) -> None:
    if act == "missing":
        text = ngettext("The reason was set at %(n)d patient.", "The reason was set at %(n)d patients.", n)
    else:
        text = ngettext("%(n)d query was raised.", "%(n)d queries were raised.", n)
    messages.success(request, text % {"n": n})


@login_required
@require_POST
def views(request: HttpRequest, slug: str) -> HttpResponse:
    """Save the filters and the order under a name, or forget a saved view."""
    study = study_get(slug, viewer=request.user)
    parameters = _parameters(request)
    if view_id := request.POST.get("delete"):
        try:
            view = get_object_or_404(study.saved_views, pk=view_id)
            saved_view_delete(actor=request.user, view=view)
            messages.success(request, _("The view was deleted."))
        except ValidationError as error:
            raise Http404 from error
        except RuleViolationError as error:
            messages.error(request, str(error))
        return redirect("cohort", slug)
    try:
        saved_view_save(
            actor=request.user, study=study, name=request.POST.get("name", "")[:60], parameters=parameters,
            is_shared=bool(request.POST.get("shared")),
        )  # fmt: skip
        messages.success(request, _("The view was saved."))
    except RuleViolationError as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('cohort', args=[slug])}?{urlencode(parameters)}")


@login_required
@require_safe
def completeness(request: HttpRequest, slug: str) -> HttpResponse:
    """Every clinical field: with a value, without one for a reason, simply empty; over all or at one site."""
    study = study_get(slug, viewer=request.user)
    patients, sites = patients_for(study, viewer=request.user), sites_for(study, viewer=request.user)
    chosen = request.GET.get("site", "")
    if chosen:
        patients = patients.filter(site__code=chosen)
    fields = completeness_by_field(patients)
    context = {
        "study": study,
        "fields": fields,
        "sites": sites,
        "chosen": chosen,
        "n_patients": patients.count(),
    }
    return render(request, "studies/completeness.html", context)
