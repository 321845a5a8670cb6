"""Jobs: enqueue, claim, beat, finish, cancel, retry, sweep. The row is the truth; the broker carries ids."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from analysis.models import Job
from studies.dispatch import enqueue
from studies.errors import RuleViolationError
from studies.models import Clip, Study
from studies.services.audit import audit_record

HEARTBEAT_STALE = timedelta(minutes=3)
DELIVERY_STALE = timedelta(minutes=2)
MAX_ATTEMPTS = 3
LOG_LINES = 200
LOST_TOO_OFTEN = (
    "The worker died three times while doing this. Look at the log below and at the worker's memory, "
    "then retry."
)
COVERED = "The worker died while doing this; another job that waits does the same work."


def task_name(kind: str) -> str:
    """Name of the Celery task that does jobs of a kind."""
    return f"analysis.{kind}"


def job_enqueue(
    *,
    actor: User | None,
    kind: str,
    study: Study,
    clip: Clip | None = None,
    parameters: dict[str, Any] | None = None,
) -> Job:
    """Create a waiting job and send its id. A waiting job of this kind for the same clip is reused."""
    if clip is not None:
        waiting = Job.objects.filter(clip=clip, kind=kind, status=Job.Status.QUEUED).first()
        if waiting:
            return waiting
    job = Job(kind=kind, study=study, clip=clip, started_by=actor, parameters=parameters or {})
    try:
        with transaction.atomic():
            job.full_clean(validate_constraints=False)
            job.save(force_insert=True)
            if actor is not None:
                audit_record(actor=actor, action=f"job.{kind}", target=job, study=study)
            enqueue(task_name(kind), job_id=job.pk)
    except IntegrityError:
        return Job.objects.get(clip=clip, kind=kind, status=Job.Status.QUEUED)
    return job


def job_claim(*, job_id: str, worker: str) -> Job | None:
    """Take a waiting job, or a running one whose worker died; None when there is nothing to do."""
    now = timezone.now()
    claimable = Q(status=Job.Status.QUEUED) | Q(
        status=Job.Status.RUNNING, heartbeat_at__lt=now - HEARTBEAT_STALE
    )
    claimed = Job.objects.filter(claimable, pk=job_id).update(
        status=Job.Status.RUNNING,
        worker=worker[:100],
        heartbeat_at=now,
        started_at=now,
        attempts=F("attempts") + 1,
        done=0,
        message="",
    )
    return Job.objects.select_related("study", "clip").get(pk=job_id) if claimed else None


def job_beat(*, job: Job, done: int, total: int, stage: str) -> bool:
    """Store progress and heartbeat; return whether somebody asked the job to stop."""
    _running(job).update(done=done, total=total, stage=stage[:100], heartbeat_at=timezone.now())
    asked = _running(job).values_list("cancel_requested", flat=True).first()
    return asked is None or asked


def job_log(*, job: Job, line: str) -> None:
    """Append a line to the job's log; no identifier may be in it."""
    log = Job.objects.filter(pk=job.pk).values_list("log", flat=True).first() or ""
    stamp = timezone.now().strftime("%H:%M:%S")
    lines = [*log.splitlines(), f"{stamp} {line}"][-LOG_LINES:]
    Job.objects.filter(pk=job.pk).update(log="\n".join(lines))


def job_succeed(*, job: Job, result: dict[str, Any], message: str = "") -> None:
    """Close a job that did its work."""
    _close(job, Job.Status.SUCCEEDED, message, result)


def job_fail(*, job: Job, message: str) -> None:
    """Close a job that could not do its work; the message says what happened and what to do."""
    _close(job, Job.Status.FAILED, message, {})


def job_stopped(*, job: Job) -> None:
    """Close a job that stopped because somebody asked for it."""
    _close(job, Job.Status.CANCELLED, "Cancelled; what was stored before stays as it was.", {})


def job_cancel(*, actor: User, job: Job) -> Job:
    """Ask a job to stop: a waiting one ends at once, a running one at its next beat."""
    with transaction.atomic():
        Job.objects.filter(pk=job.pk, status=Job.Status.QUEUED).update(
            status=Job.Status.CANCELLED, finished_at=timezone.now(), message="Cancelled before it started."
        )
        Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING).update(cancel_requested=True)
        audit_record(actor=actor, action="job.cancel", target=job, study=job.study)
    job.refresh_from_db()
    return job


def job_retry(*, actor: User, job: Job) -> Job:
    """Do a failed or cancelled job again, as a new job with the same parameters."""
    if job.status not in {Job.Status.FAILED, Job.Status.CANCELLED}:
        raise RuleViolationError("Only a failed or cancelled job can be retried.")
    return job_enqueue(actor=actor, kind=job.kind, study=job.study, clip=job.clip, parameters=job.parameters)


def jobs_sweep(*, at_start: bool = False) -> int:
    """Send again the jobs whose worker died or whose message was lost; return how many."""
    now = timezone.now()
    dead = Q(status=Job.Status.RUNNING, heartbeat_at__lt=now - HEARTBEAT_STALE)
    wanted = dead
    if at_start or not _someone_is_busy():
        old_enough = now if at_start else now - DELIVERY_STALE
        wanted |= Q(status=Job.Status.QUEUED, created_at__lt=old_enough)
    jobs = list(Job.objects.filter(wanted))
    for job in jobs:
        if job.attempts >= MAX_ATTEMPTS:
            job_fail(job=job, message=LOST_TOO_OFTEN)
        elif _is_covered(job):
            job_fail(job=job, message=COVERED)
        else:
            with transaction.atomic():
                if Job.objects.filter(wanted, pk=job.pk).update(status=Job.Status.QUEUED):
                    enqueue(task_name(job.kind), job_id=job.pk)
    return len(jobs)


def _is_covered(job: Job) -> bool:
    """Whether a job of this kind already waits for the same clip: one waiting job does the work of both."""
    waiting = Job.objects.filter(clip=job.clip_id, kind=job.kind, status=Job.Status.QUEUED)
    return job.clip_id is not None and waiting.exclude(pk=job.pk).exists()


def _someone_is_busy() -> bool:
    """Whether a running job has a fresh heartbeat: waiting behind it is normal, no message was lost."""
    fresh = timezone.now() - HEARTBEAT_STALE
    return Job.objects.filter(status=Job.Status.RUNNING, heartbeat_at__gte=fresh).exists()


def _running(job: Job) -> QuerySet[Job]:
    """The row of this very run: a worker that was given up for dead no longer writes to it."""
    return Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING, started_at=job.started_at)


def _close(job: Job, status: str, message: str, result: dict[str, Any]) -> None:
    now = timezone.now()
    _running(job).update(status=status, message=message, result=result, finished_at=now, heartbeat_at=now)
    job.refresh_from_db()
