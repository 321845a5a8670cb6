"""Jobs: what runs, how far it is, what went wrong; cancel and retry."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from analysis.models import Job
from analysis.selectors import job_get, jobs_for, jobs_not_tried_again
from analysis.services.jobs import job_cancel, job_retry
from studies.errors import StudiesError
from studies.guards import require
from studies.models import Study
from studies.permissions import can_administer
from studies.selectors import study_get

PAGE_SIZE = 50
STOP_POLLING = 286  # htmx: take this answer and stop asking
WAITING_SHOWN, FAILED_SHOWN = 8, 10
FAILED_IN_SUMMARY = 3
TAKEN_UP_WITHIN = timedelta(seconds=60)
"""A worker that is there and idle takes a job within seconds."""


@login_required
@require_safe
def jobs(request: HttpRequest, slug: str) -> HttpResponse:
    """What runs, waits and failed, and below it every job, newest first; a poll asks for the first part."""
    study = study_get(slug, viewer=request.user)
    rows = jobs_for(study, viewer=request.user)
    now = _now(request, study, rows)
    if request.htmx and request.htmx.target == "jobs-now":
        answer = render(request, "analysis/partials/jobs_now.html", {"study": study, **now})
        if not now["is_busy"]:
            answer["HX-Trigger"] = "jobs-finished"
        return answer
    counts = _counts(rows)
    chosen = {name: request.GET.get(name, "").strip() for name in ("status", "kind", "patient")}
    context = {
        "study": study,
        "page": Paginator(_filtered(rows, chosen), PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": [(value, label, counts.get(value, 0)) for value, label in Job.Status.choices],
        "n_all": sum(counts.values()),
        "kinds": Job.Kind.choices,
        "chosen": chosen,
        **now,
    }
    return render(request, "analysis/jobs.html", context)


@login_required
@require_safe
def summary(request: HttpRequest, slug: str) -> HttpResponse:
    """How many jobs are in which state, for the overview of the study."""
    study = study_get(slug, viewer=request.user)
    rows = jobs_for(study, viewer=request.user)
    found = _counts(rows)
    context = {
        "study": study,
        "counts": [(value, label, found.get(value, 0)) for value, label in Job.Status.choices],
        "failed": rows.filter(status=Job.Status.FAILED)[:FAILED_IN_SUMMARY],
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
    return _back(request, row)


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
    return _back(request, row)


@login_required
@require_POST
def retry_all(request: HttpRequest, slug: str) -> HttpResponse:
    """Do every failed job again that nobody has tried again."""
    study = study_get(slug, viewer=request.user)
    require(request, can_administer(request.user, study), action="retry jobs", target=study, study=study)
    failed = list(jobs_not_tried_again(study, viewer=request.user))
    for row in failed:
        job_retry(actor=request.user, job=row)
    words = ngettext("%(n)d job waits again.", "%(n)d jobs wait again.", len(failed))
    messages.success(request, words % {"n": len(failed)})
    return redirect("jobs", slug)


def _now(request: HttpRequest, study: Study, rows: QuerySet[Job]) -> dict[str, object]:
    """Running, waiting and failed jobs, each with what the viewer may do about it."""
    running = list(rows.filter(status=Job.Status.RUNNING).order_by("started_at"))
    queued = rows.filter(status=Job.Status.QUEUED).order_by("created_at")
    waiting, n_waiting = list(queued[:WAITING_SHOWN]), queued.count()
    failed = jobs_not_tried_again(study, viewer=request.user)
    shown = list(failed[:FAILED_SHOWN])
    for row in [*running, *waiting, *shown]:
        row.may_act = _may_act(request, row)
    return {
        "running": running,
        "waiting": waiting,
        "n_waiting": n_waiting,
        "failed": shown,
        "n_failed": failed.count(),
        "may_retry_all": can_administer(request.user, study),
        "is_busy": bool(running or waiting),
        "nobody_works": bool(waiting) and not _is_taken_up(study, waiting[0]),
    }


def _is_taken_up(study: Study, oldest: Job) -> bool:
    """Whether a worker seems to be there: it is busy somewhere, or nothing has waited for long."""
    if timezone.now() - oldest.created_at < TAKEN_UP_WITHIN:
        return True
    busy = Job.objects.filter(status=Job.Status.RUNNING)
    return busy.filter(heartbeat_at__gte=timezone.now() - TAKEN_UP_WITHIN).exists()


def _filtered(rows: QuerySet[Job], chosen: dict[str, str]) -> QuerySet[Job]:
    if chosen["status"] in Job.Status.values:
        rows = rows.filter(status=chosen["status"])
    if chosen["kind"] in Job.Kind.values:
        rows = rows.filter(kind=chosen["kind"])
    if chosen["patient"]:
        rows = rows.filter(clip__exam__patient__code__icontains=chosen["patient"])
    return rows


def _counts(rows: QuerySet[Job]) -> dict[str, int]:
    return dict(rows.order_by().values_list("status").annotate(n=Count("pk")))


def _back(request: HttpRequest, row: Job) -> HttpResponseRedirect:
    """To the list when the button stood there, else to the job."""
    if "list" in request.POST:
        return redirect("jobs", row.study.slug)
    return redirect("job", row.pk)


def _may_act(request: HttpRequest, job: Job) -> bool:
    """Administrators, and whoever started the job."""
    return can_administer(request.user, job.study) or job.started_by_id == request.user.pk
