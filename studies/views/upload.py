"""Upload: files in, a verdict a file in words, progress while they are checked."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studies import permissions
from studies.errors import StudiesError
from studies.guards import require
from studies.models import Patient, Study, Upload
from studies.selectors import patients_for, study_get, upload_get, uploads_in_reach
from studies.services.video import upload_assign, upload_cancel, upload_create

SHOWN = 100
STOP_POLLING = 286  # htmx: take this answer and stop asking


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """The drop zone and the files that arrived; POST takes one file."""
    study = study_get(slug, viewer=request.user)
    allowed = permissions.can_upload(request.user, study)
    require(request, allowed, action="upload", target=study, study=study)
    if request.method == "POST":
        return _receive(request, study)
    context = {
        "study": study,
        **_listed(request, study),
        "patients": patients_for(study, viewer=request.user),
        "chosen": request.GET.get("patient", ""),
        "may_add": permissions.can_manage_cohort(request.user, study),
    }
    return render(request, "studies/upload.html", context)


def _listed(request: HttpRequest, study: Study) -> dict[str, Any]:
    """The files within the viewer's reach, filtered by state, newest first, with the counts of each state."""
    rows = uploads_in_reach(viewer=request.user).filter(study=study)
    counts = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    state = request.GET.get("state", "")
    shown = rows.filter(status=state) if state in Upload.Status.values else rows
    if request.GET.get("waiting") == "patient":
        shown = shown.filter(patient__isnull=True, status=Upload.Status.QUEUED)
    if text := request.GET.get("q", "").strip():
        shown = shown.filter(patient__code__icontains=text)
    return {
        "page": Paginator(shown.select_related("clip"), SHOWN).get_page(request.GET.get("page")),
        "states": [(value, label, counts.get(value, 0)) for value, label in Upload.Status.choices],
        "state": state,
        "q": request.GET.get("q", ""),
        "n_all": sum(counts.values()),
    }


def _row(request: HttpRequest, row: Upload, *, status: int = 200) -> HttpResponse:
    """One file as a row of the table; a file without a patient brings the choice of patients."""
    context = {"upload": row, "study": row.study}
    if row.patient_id is None:
        context["patients"] = patients_for(row.study, viewer=request.user)
    return render(request, "studies/partials/upload_row.html", context, status=status)


def _receive(request: HttpRequest, study: Study) -> HttpResponse:
    """Spool one file; answers with its row, or with 400 and a sentence."""
    file = request.FILES.get("file")
    patient = _patient(request, study)
    if file is None or patient is None:
        text = _("Choose the patient and a file first.")
        return JsonResponse({"error": text}, status=400)
    allowed = permissions.can_upload(request.user, study, patient.site)
    require(request, allowed, action="upload", target=patient, study=study)
    number = study.uploads.filter(patient=patient).count() + 1
    try:
        row = upload_create(
            actor=request.user, study=study, patient=patient, file=file, label=f"file {number}"
        )
    except StudiesError as error:
        return JsonResponse({"error": str(error)}, status=400)
    return _row(request, row, status=201)


def _patient(request: HttpRequest, study: Study) -> Patient | None:
    wanted = request.POST.get("patient", "")
    return patients_for(study, viewer=request.user).filter(pk=wanted).first() if is_uuid(wanted) else None


@login_required
@require_safe
def upload_row(request: HttpRequest, upload_id: object) -> HttpResponse:
    """The row of one file; polling stops once the verdict is known."""
    row = upload_get(upload_id, viewer=request.user)
    status = STOP_POLLING if row.is_final and request.htmx else 200
    return _row(request, row, status=status)


@login_required
@require_POST
def cancel(request: HttpRequest, upload_id: object) -> HttpResponse:
    """Stop the check of a file."""
    row = upload_get(upload_id, viewer=request.user)
    allowed = permissions.can_upload(request.user, row.study)
    require(request, allowed, action="cancel upload", target=row, study=row.study)
    return _row(request, upload_cancel(actor=request.user, upload=row))


@login_required
@require_POST
def assign(request: HttpRequest, upload_id: object) -> HttpResponse:
    """Give a file its patient."""
    row: Upload = upload_get(upload_id, viewer=request.user)
    allowed = permissions.can_upload(request.user, row.study)
    require(request, allowed, action="assign upload", target=row, study=row.study)
    patients = patients_for(row.study, viewer=request.user)
    wanted = request.POST.get("patient", "")
    patient = get_object_or_404(patients, pk=wanted if is_uuid(wanted) else None)
    try:
        row = upload_assign(actor=request.user, upload=row, patient=patient)
    except StudiesError as error:
        row.verdict = str(error)
    return _row(request, row)


def is_uuid(text: str) -> bool:
    """Whether a form sent a row number at all."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
