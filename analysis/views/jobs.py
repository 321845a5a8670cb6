"""Jobs: what runs, how far it is, what went wrong; cancel and retry."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from analysis.models import Job
from analysis.selectors import job_get, jobs_for
from analysis.services.jobs import job_cancel, job_retry
from studies.errors import StudiesError
from studies.guards import require
from studies.permissions import can_administer
from studies.selectors import study_get

PAGE_SIZE = 50
STOP_POLLING = 286  # htmx: take this answer and stop asking


@login_required
@require_safe
def jobs(request: HttpRequest, slug: str) -> HttpResponse:
    """Jobs of a study, newest first."""
    study = study_get(slug, viewer=request.user)
    rows = jobs_for(study, viewer=request.user)
    counts = {value: rows.filter(status=value).count() for value in Job.Status.values}
    chosen = {name: request.GET.get(name, "") for name in ("status", "kind")}
    if chosen["status"] in counts:
        rows = rows.filter(status=chosen["status"])
    if chosen["kind"] in Job.Kind.values:
        rows = rows.filter(kind=chosen["kind"])
    context = {
        "study": study,
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": [(value, label, counts[value]) for value, label in Job.Status.choices],
        "kinds": Job.Kind.choices,
        "chosen": chosen,
        "is_busy": counts[Job.Status.RUNNING] + counts[Job.Status.QUEUED] > 0,
    }
    template = "analysis/partials/jobs_table.html" if request.htmx else "analysis/jobs.html"
    return render(request, template, context)


FAILED_SHOWN = 3


@login_required
@require_safe
def summary(request: HttpRequest, slug: str) -> HttpResponse:
    """How many jobs are in which state, for the overview of the study."""
    study = study_get(slug, viewer=request.user)
    rows = jobs_for(study, viewer=request.user)
    found = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    context = {
        "study": study,
        "counts": [(value, label, found.get(value, 0)) for value, label in Job.Status.choices],
        "failed": rows.filter(status=Job.Status.FAILED)[:FAILED_SHOWN],
    }
    return render(request, "analysis/partials/jobs_summary.html", context)


@login_required
@require_safe
def job(request: HttpRequest, job_id: object) -> HttpResponse:
    """One job with its log; the panel asks again until the state is final."""
    row = job_get(job_id, viewer=request.user)
    context = {"job": row, "study": row.study, "may_act": _may_act(request, row)}
    if request.htmx:
        status = STOP_POLLING if row.is_final else 200
        return render(request, "analysis/partials/job_panel.html", context, status=status)
    return render(request, "analysis/job.html", context)


@login_required
@require_POST
def cancel(request: HttpRequest, job_id: object) -> HttpResponse:
    """Ask a job to stop."""
    row = job_get(job_id, viewer=request.user)
    require(request, _may_act(request, row), action="cancel job", target=row, study=row.study)
    job_cancel(actor=request.user, job=row)
    return redirect("job", row.pk)


@login_required
@require_POST
def retry(request: HttpRequest, job_id: object) -> HttpResponse:
    """Do a failed or cancelled job again."""
    row = job_get(job_id, viewer=request.user)
    require(request, _may_act(request, row), action="retry job", target=row, study=row.study)
    try:
        row = job_retry(actor=request.user, job=row)
    except StudiesError as error:
        messages.error(request, str(error))
    return redirect("job", row.pk)


def _may_act(request: HttpRequest, job: Job) -> bool:
    """Administrators, and whoever started the job."""
    return can_administer(request.user, job.study) or job.started_by_id == request.user.pk
