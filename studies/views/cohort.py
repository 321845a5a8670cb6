"""The cohort table, a new patient, the patient page and the clinical form."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from studies import permissions
from studies.forms import ClinicalForm, PatientForm
from studies.guards import require
from studies.models import AuditEvent, Clip, Patient, Specimen
from studies.selectors import patient_get, patients_for, sites_for, study_get
from studies.services.audit import audit_record
from studies.services.cohort import patient_create
from studies.services.completeness import FIELDS, MOST_AT_ONCE, REASONS
from studies.services.labels_of_record import label_of_record
from studies.services.readings import reading_state, visible_readings
from studies.services.saved_views import KEPT
from studies.services.screening import decision_of, exclusions_of
from studies.views.clinical import clinical_queries
from studies.views.cohort_table import filtered, page_of, views_of
from studies.views.protocol import Protocol, protocol_of, timeline_of
from studies.views.queries import open_queries_of

HISTORY_SHOWN = 30
NO_CHANGE = ("patient.view", "permission.denied")


@login_required
@require_safe
def cohort(request: HttpRequest, slug: str) -> HttpResponse:
    """Patients of the viewer's sites: filter, sort, count."""
    study, user = study_get(slug, viewer=request.user), request.user
    chosen = {name: request.GET.get(name, "") for name in KEPT}
    shown = filtered(study, chosen, viewer=user)
    context = {
        "study": study,
        "page": page_of(shown, request.GET.get("page"), study=study, viewer=user),
        "sites": sites_for(study, viewer=user),
        "n_all": patients_for(study, viewer=user).count(),
        "sees_labels": permissions.can_view_labels_in(user, study),
        "may_export": permissions.can_export(user, study),
        "may_add": permissions.can_manage_cohort(user, study),
        "sees_screening": permissions.can_view_screening(user, study),
        "chosen": chosen,
        "views": views_of(study, viewer=user),
        "fields": FIELDS,
        "reasons": REASONS,
        "most_at_once": MOST_AT_ONCE,
    }
    template = "studies/partials/cohort_table.html" if request.htmx else "studies/cohort.html"
    return render(request, template, context)


@sensitive_post_parameters("hospital_number")
@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a patient by pseudonymous code."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_manage_cohort(request.user, study)
    require(request, allowed, action="create patient", target=study, study=study)
    sites = sites_for(study, viewer=request.user)
    form = PatientForm(request.POST or None, study=study, sites=sites)
    if request.method == "POST" and form.is_valid():
        patient = patient_create(actor=request.user, study=study, **form.cleaned_data)
        messages.success(
            request, _("The patient was added. Enter the clinical values, then upload the cine.")
        )
        return redirect("patient", patient.pk)
    return render(request, "studies/patient_form.html", {"study": study, "form": form, "sites": sites})


@login_required
@require_safe
def patient(request: HttpRequest, patient_id: object) -> HttpResponse:
    """Everything the viewer's role may see of one patient."""
    row = patient_get(patient_id, viewer=request.user)
    study, user = row.study, request.user
    audit_record(actor=user, action="patient.view", target=row, study=study)
    sees_labels = permissions.can_view_labels(user, row)
    sees_clips = permissions.roles_in(user, study, row.site) - {permissions.Role.PATHOLOGIST}
    context = {
        "study": study,
        "patient": row,
        "clips": _clips_of(row) if sees_clips else [],
        "sees_clips": bool(sees_clips),
        "sees_labels": sees_labels,
        "label": label_of_record(row) if sees_labels else None,
        "specimens": _specimens_of(row, user) if sees_labels else [],
        "sees_prediction": permissions.can_view_predictions(user, study, row.site),
        "may_edit": permissions.can_edit_patient(user, row),
        "may_upload": permissions.can_upload(user, study, row.site),
        "may_label": permissions.can_enter_pathology(user, row),
        "may_correct": permissions.has_role(user, study, {permissions.Role.SONOGRAPHER}, row.site),
        "history": _history(row, user) if sees_labels else [],
        "missing": _missing_fields(row),
        "queries": clinical_queries(getattr(row, "clinical", None)),
        "data_queries": open_queries_of(row, viewer=user),
        "source_rows": row.source_rows.all() if sees_labels else [],
        "timeline": timeline_of(row, with_specimens=sees_labels),
        "decision": decision_of(row),
        "exclusions": exclusions_of(row) if permissions.can_view_screening(user, study) else [],
        "sees_screening": permissions.can_view_screening(user, study),
    }
    return render(request, "studies/patient.html", context)


def _clips_of(patient: Patient) -> list[tuple[Clip, Protocol | None]]:
    """Clips by visit, each cine with its conformity to the acquisition protocol."""
    clips = Clip.objects.filter(exam__patient=patient).select_related("exam", "lesion")
    clips = clips.prefetch_related("tracks__reader").order_by("exam__number", "created_at")
    return [(clip, protocol_of(clip) if clip.is_cine else None) for clip in clips]


def _specimens_of(patient: Patient, viewer) -> list[Specimen]:
    """Specimens with `shown`, the reading of record or the one that the viewer may see."""
    found = list(patient.specimens.prefetch_related("labels"))
    for specimen in found:
        specimen.patient = patient
        readings = reading_state(specimen)
        seen = visible_readings(readings, viewer)
        specimen.shown = readings.of_record if readings.of_record in seen else next(iter(seen), None)
    return found


def _missing_fields(patient: Patient) -> list[str]:
    """Names of the paper's clinical variables that are empty."""
    record = getattr(patient, "clinical", None)
    names = ("age_years", "menopause", "size_cm", "c_t", "c_n", "c_tnm")
    if record is None:
        return [str(ClinicalForm.Meta.model._meta.get_field(name).verbose_name) for name in names]
    return [
        str(record._meta.get_field(name).verbose_name)
        for name in names
        if getattr(record, name) in (None, "")
    ]


def _history(patient: Patient, viewer) -> QuerySet[AuditEvent]:
    """What was changed, newest first; who looked and who was refused stands in the audit trail."""
    related = [str(patient.pk)]
    if clinical := getattr(patient, "clinical", None):
        related.append(str(clinical.pk))
    events = AuditEvent.objects.filter(object_id__in=related).exclude(action__in=NO_CHANGE)
    return events.select_related("actor")[:HISTORY_SHOWN]
