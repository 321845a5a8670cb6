"""Lesions and visits of a patient: added and corrected."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from studies import permissions
from studies.errors import RuleViolationError
from studies.forms import ExamForm, LesionForm
from studies.guards import require
from studies.models import Exam, Lesion, Patient
from studies.selectors import patient_get
from studies.services.cohort import exam_create
from studies.services.parts import exam_save, lesion_create, lesion_save


@login_required
@require_http_methods(["GET", "POST"])
def lesion_add(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Add a lesion."""
    patient = patient_get(patient_id, viewer=request.user)
    form = LesionForm(request.POST or None)
    return _edit(request, patient, form, lambda values, _why: lesion_create(
        actor=request.user, patient=patient, values=values), title=_("New lesion"))  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def lesion(request: HttpRequest, lesion_id: object) -> HttpResponse:
    """Correct a lesion."""
    row = get_object_or_404(Lesion, pk=lesion_id)
    patient = patient_get(row.patient_id, viewer=request.user)
    form = LesionForm(request.POST or None, instance=row)
    title = _("Lesion %(n)d") % {"n": row.number}
    return _edit(request, patient, form, lambda values, why: lesion_save(
        actor=request.user, lesion=row, values=values, reason=why), title=title, is_new=False)  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def exam_new(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Add a visit."""
    patient = patient_get(patient_id, viewer=request.user)
    form = ExamForm(request.POST or None)
    return _edit(request, patient, form, lambda values, _why: exam_create(
        actor=request.user, patient=patient, **values), title=_("New visit"))  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def exam(request: HttpRequest, exam_id: object) -> HttpResponse:
    """Correct a visit."""
    row = get_object_or_404(Exam, pk=exam_id)
    patient = patient_get(row.patient_id, viewer=request.user)
    form = ExamForm(request.POST or None, instance=row)
    title = _("Visit %(n)d") % {"n": row.number}
    return _edit(request, patient, form, lambda values, why: exam_save(
        actor=request.user, exam=row, values=values, reason=why), title=title, is_new=False)  # fmt: skip


def _edit(
    request: HttpRequest,
    patient: Patient,
    form: forms.ModelForm,
    store: Callable[[dict[str, Any], str], object],
    *,
    title: str,
    is_new: bool = True,
) -> HttpResponse:
    """One form for one part of a patient; what is refused stays typed."""
    allowed = permissions.can_edit_patient(request.user, patient)
    require(request, allowed, action="edit patient", target=patient, study=patient.study)
    if request.method == "POST" and form.is_valid():
        try:
            store(form.cleaned_data, request.POST.get("reason", ""))
        except RuleViolationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("patient", patient.pk)
    context = {"study": patient.study, "patient": patient, "form": form, "title": title, "is_new": is_new}
    return render(request, "studies/part_form.html", context)
