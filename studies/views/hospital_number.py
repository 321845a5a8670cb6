"""The link to a hospital number: make it, cut it, open it, and find a patient by it. Never in an address."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from studies import permissions
from studies.errors import RuleViolationError, StudiesError
from studies.guards import require
from studies.models import Patient
from studies.selectors import patient_get, study_get
from studies.services.hospital_numbers import (
    hospital_number_find,
    hospital_number_remove,
    hospital_number_reveal,
    hospital_number_set,
)


@sensitive_post_parameters("number")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Set, cut or open the number of a patient; each act asks why."""
    patient = patient_get(patient_id, viewer=request.user)
    allowed = permissions.can_edit_patient(request.user, patient)
    require(request, allowed, action="hospital number", target=patient, study=patient.study)
    context = {"study": patient.study, "patient": patient, "typed": request.POST}
    if request.method == "POST":
        try:
            done = _act(request, patient)
        except StudiesError as error:
            context["problem"] = str(error)
        else:
            if done is None:
                return redirect("hospital-number", patient.pk)
            context |= {"number": done, "typed": {}}
    context["is_linked"] = Patient.objects.filter(pk=patient.pk, hospital_link__isnull=False).exists()
    return render(request, "studies/hospital_number.html", context)


def _act(request: HttpRequest, patient: Patient) -> str | None:
    """Do what the button says; the number where it is to be shown, else None."""
    reason, act = request.POST.get("reason", ""), request.POST.get("act")
    if act == "reveal":
        return hospital_number_reveal(actor=request.user, patient=patient, reason=reason)
    if act == "remove":
        hospital_number_remove(actor=request.user, patient=patient, reason=reason)
        messages.success(request, _("The link to the hospital number was cut."))
        return None
    number = request.POST.get("number", "")
    hospital_number_set(actor=request.user, patient=patient, number=number, reason=reason)
    messages.success(request, _("The hospital number was stored, encrypted."))
    return None


@sensitive_post_parameters("number")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def find(request: HttpRequest, slug: str) -> HttpResponse:
    """Find patients by their whole hospital number."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_manage_cohort(request.user, study)
    require(request, allowed, action="find by hospital number", target=study, study=study)
    context: dict[str, object] = {"study": study}
    if request.method == "POST":
        try:
            found = hospital_number_find(
                viewer=request.user, study=study, number=request.POST.get("number", "")
            )
            context["found"] = list(found)
        except RuleViolationError as error:
            context["problem"] = str(error)
    return render(request, "studies/hospital_find.html", context)
