"""Pathology: the worklist of unlabelled specimens, the reading form with its live call, locking, amending."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studies import permissions
from studies.errors import StudiesError
from studies.forms import LabelForm, SpecimenForm
from studies.guards import require
from studies.models import Label, Specimen
from studies.rules.her2_types import Her2InputError, Her2Result
from studies.selectors import patient_get, patients_for, specimen_get, study_get
from studies.services.pathology import (
    ENTERED_FIELDS,
    classify_values,
    label_amend,
    label_lock,
    label_save,
    specimen_create,
)
from studies.views.boards import unlabelled_specimens

PAGE_SIZE = 50
IHC_FIELDS = (
    "controls_ok", "ihc_score", "ihc_percent", "ihc_intensity", "ihc_completeness",
    "faint_incomplete_percent",
)  # fmt: skip
ISH_FIELDS = ("probe", "cells", "her2_copies", "cep17_copies", "ratio")


@login_required
@require_safe
def worklist(request: HttpRequest, slug: str) -> HttpResponse:
    """Specimens that wait for a label, and those that have one."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_view_labels_in(request.user, study)
    require(request, allowed, action="pathology", target=study, study=study)
    patients = patients_for(study, viewer=request.user)
    show = request.GET.get("show", "waiting")
    waiting = unlabelled_specimens(study, viewer=request.user)
    done = Specimen.objects.filter(patient__in=patients).exclude(pk__in=waiting.values("pk"))
    rows = waiting if show == "waiting" else done.select_related("patient__site").order_by("patient__code")
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(patient__code__icontains=text)
    context = {
        "study": study,
        "show": show,
        "q": request.GET.get("q", ""),
        "page": Paginator(rows.prefetch_related("labels"), PAGE_SIZE).get_page(request.GET.get("page")),
        "n_waiting": waiting.count(),
        "n_done": done.count(),
        "without": patients.filter(specimens__isnull=True)[:PAGE_SIZE],
        "may_enter": permissions.has_role(request.user, study, {permissions.Role.PATHOLOGIST}),
    }
    return render(request, "studies/pathology.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def specimen_add(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Register a specimen of a patient."""
    patient = patient_get(patient_id, viewer=request.user)
    allowed = permissions.can_enter_pathology(request.user, patient)
    require(request, allowed, action="register specimen", target=patient, study=patient.study)
    form = SpecimenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = specimen_create(actor=request.user, patient=patient, **form.cleaned_data)
        return redirect("specimen", row.pk)
    context = {"study": patient.study, "patient": patient, "form": form}
    return render(request, "studies/specimen_form.html", context)


def _specimen(request: HttpRequest, specimen_id: object) -> Specimen:
    """The specimen; who reaches the patient and is blinded to labels is refused, and the attempt logged."""
    try:
        return specimen_get(specimen_id, viewer=request.user)
    except Http404:
        hidden = (
            Specimen.objects.filter(pk=specimen_id).select_related("patient__study", "patient__site").first()
        )
        if hidden is not None and permissions.can_view_patient(request.user, hidden.patient):
            require(request, False, action="read pathology", target=hidden, study=hidden.patient.study)
        raise


@login_required
@require_http_methods(["GET", "POST"])
def specimen(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """Enter a reading; the engine's call stands beside it."""
    row = _specimen(request, specimen_id)
    label = row.labels.filter(role=Label.Role.FIRST).first()
    may_enter = permissions.can_enter_pathology(request.user, row.patient)
    form = LabelForm(request.POST or None, instance=label)
    if request.method == "POST":
        require(request, may_enter, action="enter label", target=row, study=row.patient.study)
        if form.is_valid() and _save(request, row, form):
            return redirect("specimen", row.pk)
        label = row.labels.filter(role=Label.Role.FIRST).first()
    context = {
        "study": row.patient.study,
        "patient": row.patient,
        "specimen": row,
        "label": label,
        "form": form,
        "ihc_fields": [form[name] for name in IHC_FIELDS],
        "ish_fields": [form[name] for name in ISH_FIELDS],
        "recount": _recount_fields(request, form),
        "may_enter": may_enter,
        "sees_list": permissions.can_view_labels_in(request.user, row.patient.study),
        "is_locked": bool(label and label.status == Label.Status.LOCKED),
        **_live(row, form, request),
    }
    return render(request, "studies/specimen.html", context)


def _save(request: HttpRequest, specimen: Specimen, form: LabelForm) -> bool:
    """Store the reading and, when asked, lock it; errors go onto the form and nothing typed is lost."""
    try:
        label = label_save(actor=request.user, specimen=specimen, values=_values(request, form.cleaned_data))
        if "lock" in request.POST:
            label_lock(actor=request.user, label=label)
            messages.success(request, _("The reading is signed and locked."))
        else:
            messages.success(request, _("The reading was saved as a draft."))
    except Her2InputError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
    except (StudiesError, ValidationError) as error:
        form.add_error(None, str(error) if isinstance(error, StudiesError) else error.messages)
    else:
        return True
    return False


@login_required
@require_POST
def call_preview(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """The engine's call for what is in the form now; nothing is stored."""
    row = _specimen(request, specimen_id)
    form = LabelForm(request.POST)
    return render(
        request, "studies/partials/call_preview.html", {"specimen": row, **_live(row, form, request)}
    )


@login_required
@require_POST
def amend(request: HttpRequest, specimen_id: object) -> HttpResponse:
    """Open a locked reading again, with a reason."""
    row = _specimen(request, specimen_id)
    allowed = permissions.can_enter_pathology(request.user, row.patient)
    require(request, allowed, action="amend label", target=row, study=row.patient.study)
    label = get_object_or_404(row.labels, role=Label.Role.FIRST)
    try:
        label_amend(actor=request.user, label=label, reason=request.POST.get("reason", ""))
        messages.success(request, _("The reading is open again; sign it when you are done."))
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect("specimen", row.pk)


def _values(request: HttpRequest, cleaned: dict[str, Any]) -> dict[str, Any]:
    """The form's values plus the second observer's count."""
    recount = {
        name: _number(request.POST.get(f"recount_{name}", ""))
        for name in ("cells", "her2_copies", "cep17_copies", "ratio")
    }
    given = any(value is not None for value in recount.values())
    if recount["cells"] is not None:
        recount["cells"] = int(recount["cells"])
    values = {name: cleaned[name] for name in cleaned if name in ENTERED_FIELDS}
    return values | {"recount": {"probe": cleaned.get("probe") or "dual", **recount} if given else None}


def _recount_fields(request: HttpRequest, form: LabelForm) -> list[dict[str, Any]]:
    """The second observer's inputs with what was typed, else what is stored."""
    stored = form.instance.recount or {}
    labels = (
        ("cells", _("cells counted"), "1"),
        ("her2_copies", _("HER2 copies per cell"), "any"),
        ("cep17_copies", _("CEP17 copies per cell"), "any"),
        ("ratio", _("HER2/CEP17 ratio"), "any"),
    )
    return [
        {"name": name, "label": capfirst(label), "step": step, "value": _shown(request, name, stored)}
        for name, label, step in labels
    ]


def _shown(request: HttpRequest, name: str, stored: dict[str, Any]) -> object:
    typed = request.POST.get(f"recount_{name}")
    value = stored.get(name) if typed is None else typed
    return "" if value is None else value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _live(specimen: Specimen, form: LabelForm, request: HttpRequest | None = None) -> dict[str, Any]:
    """Return the engine's result for the form, or the sentence that says what is wrong with it."""
    if form.is_bound:
        if not form.is_valid():
            return {"result": None, "problem": _("Correct the marked fields to see the call.")}
        values = _values(request, form.cleaned_data) if request else dict(form.cleaned_data)
    else:
        values = {name: getattr(form.instance, name) for name in ENTERED_FIELDS}
    try:
        result: Her2Result = classify_values(values, invasive=specimen.invasive)
    except Her2InputError as error:
        return {"result": None, "problem": str(error)}
    return {"result": result, "problem": ""}
