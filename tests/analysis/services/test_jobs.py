"""Jobs: the row is the truth. Claimed once, beaten by the living, swept from the dead, closed for good."""

from copy import copy
from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.models import Job
from analysis.runners.work import run_job
from analysis.services import jobs
from analysis.services.jobs import (
    HEARTBEAT_STALE,
    LOG_LINES,
    MAX_ATTEMPTS,
    job_beat,
    job_cancel,
    job_claim,
    job_enqueue,
    job_fail,
    job_log,
    job_retry,
    job_succeed,
    jobs_sweep,
)
from studies import dispatch
from studies.errors import RuleViolationError
from studies.models import AuditEvent
from tests.factories import make_clip, make_job, make_patient, make_site, make_study, make_user

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(hours=1)


@pytest.fixture
def study():
    return make_study()


@pytest.fixture
def clip(study):
    return make_clip(make_patient(make_site(study)))


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """Ids of the jobs that were put into the queue."""
    messages: list[str] = []
    monkeypatch.setattr(dispatch, "_send", lambda name, ids: messages.append(ids["job_id"]))
    return messages


def claim(job: Job, worker: str = "w1") -> Job | None:
    return job_claim(job_id=str(job.pk), worker=worker)


def dead(study, **values) -> Job:
    """A running job whose worker has not been heard of for an hour."""
    past = timezone.now() - LONG_AGO
    return make_job(
        study, status="running", **{"started_at": past, "heartbeat_at": past, "attempts": 1, **values}
    )


def test_a_job_is_claimed_once_and_delivered_twice_does_nothing(study):
    job = make_job(study)
    first = claim(job)
    assert (first.status, first.worker, first.attempts) == ("running", "w1", 1)
    assert claim(job, "w2") is None
    job_succeed(job=first, result={"n": 1})
    assert claim(job, "w2") is None


def test_running_the_same_message_twice_does_the_work_once(study):
    job, calls = make_job(study), []

    def work(row, ticker):
        calls.append(row.pk)
        run_job(str(job.pk), work)  # the broker delivers it again while it runs
        return {"message": "done", "n": 3}

    run_job(str(job.pk), work)
    run_job(str(job.pk), work)
    job.refresh_from_db()
    assert (calls, job.status, job.message, job.result) == ([job.pk], "succeeded", "done", {"n": 3})


def test_a_job_of_a_dead_worker_is_claimed_by_the_next_and_the_dead_one_writes_nothing_more(study):
    job = dead(study)
    second = claim(job, "w2")
    assert (second.worker, second.attempts) == ("w2", 2)
    assert job_beat(job=copy(job), done=7, total=9, stage="old") is True
    job_succeed(job=copy(job), result={"by": "the dead one"})
    job_fail(job=copy(job), message="by the dead one")
    second.refresh_from_db()
    assert (second.status, second.done, second.stage, second.result) == ("running", 0, "", {})
    assert job_beat(job=second, done=1, total=9, stage="new") is False


def test_a_job_that_is_closed_stays_closed(study):
    job = claim(make_job(study))
    job_fail(job=job, message="no")
    job_succeed(job=job, result={})
    assert (job.status, job.message) == ("failed", "no")
    assert job.finished_at is not None


def test_a_waiting_job_ends_at_once_and_a_running_one_at_its_next_beat(study):
    user, waiting, running = make_user(), make_job(study), claim(make_job(study))
    assert job_cancel(actor=user, job=waiting).status == "cancelled"
    assert claim(waiting) is None
    job_cancel(actor=user, job=running)
    assert (running.status, running.cancel_requested) == ("running", True)
    assert job_beat(job=running, done=1, total=2, stage="x") is True
    assert AuditEvent.objects.filter(action="job.cancel", actor=user).count() == 2


def test_a_running_job_that_is_asked_to_stop_says_that_nothing_was_lost(study):
    job = make_job(study)

    def work(row, ticker):
        job_cancel(actor=make_user(), job=Job.objects.get(pk=row.pk))
        ticker.begin("next stage")
        raise AssertionError("went on")

    run_job(str(job.pk), work)
    job.refresh_from_db()
    assert job.status == "cancelled"
    assert "stays as it was" in job.message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuleViolationError("Seal the split first."), "Seal the split first."),
        (MemoryError(), "ran out of memory"),
        (ZeroDivisionError("secret/path"), "Something unexpected went wrong (ZeroDivisionError)"),
    ],
)
def test_a_failure_is_told_in_words_for_people(study, error, words):
    job = make_job(study)

    def work(row, ticker):
        raise error

    run_job(str(job.pk), work)
    job.refresh_from_db()
    assert job.status == "failed"
    assert words in job.message
    assert "secret" not in job.message + job.log


def test_a_failed_or_cancelled_job_is_retried_as_a_new_one_with_the_same_parameters(study, sent):
    user = make_user()
    job = make_job(study, "learn", status="failed", parameters={"effort": "full"})
    again = job_retry(actor=user, job=job)
    assert again.pk != job.pk
    assert (again.kind, again.parameters, again.started_by) == ("learn", {"effort": "full"}, user)
    for status in ("queued", "running", "succeeded"):
        with pytest.raises(RuleViolationError, match="failed or cancelled"):
            job_retry(actor=user, job=make_job(study, status=status))


def test_a_clip_has_one_waiting_job_of_a_kind(study, clip, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first = job_enqueue(actor=None, kind="detect", study=study, clip=clip)
        assert job_enqueue(actor=None, kind="detect", study=study, clip=clip) == first
        other = job_enqueue(actor=None, kind="describe", study=study, clip=clip)
    assert sent == [str(first.pk), str(other.pk)]
    claim(first)
    assert job_enqueue(actor=None, kind="detect", study=study, clip=clip) != first


def test_two_that_enqueue_at_the_same_moment_get_one_job(study, clip, monkeypatch):
    waiting = make_job(study, "detect", clip=clip)
    found = iter([None, waiting])
    monkeypatch.setattr(type(Job.objects.all()), "first", lambda _rows: next(found))
    assert job_enqueue(actor=None, kind="detect", study=study, clip=clip) == waiting
    assert Job.objects.count() == 1


def test_a_job_without_a_clip_is_never_merged(study):
    assert len({job_enqueue(actor=None, kind="learn", study=study).pk for _ in range(3)}) == 3


def test_the_sweeper_sends_the_dead_again_and_leaves_the_living(
    study, sent, django_capture_on_commit_callbacks
):
    died = dead(study)
    alive = claim(make_job(study))
    fresh = make_job(study)
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs_sweep() == 1
    assert sent == [str(died.pk)]
    states = dict(Job.objects.values_list("pk", "status"))
    assert (states[died.pk], states[alive.pk], states[fresh.pk]) == ("queued", "running", "queued")


def test_after_three_attempts_the_sweeper_gives_up(study, sent):
    hopeless = dead(study, attempts=MAX_ATTEMPTS)
    jobs_sweep()
    hopeless.refresh_from_db()
    assert hopeless.status == "failed"
    assert "died three times" in hopeless.message
    assert sent == []


def test_a_lost_message_is_sent_again_only_while_nobody_is_busy(
    study, sent, django_capture_on_commit_callbacks
):
    lost = make_job(study)
    Job.objects.filter(pk=lost.pk).update(created_at=timezone.now() - LONG_AGO)
    busy = claim(make_job(study))
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs_sweep() == 0
        job_succeed(job=busy, result={})
        assert jobs_sweep() == 1
    assert sent == [str(lost.pk)]


def test_a_worker_that_starts_takes_up_everything_that_waits(study, sent, django_capture_on_commit_callbacks):
    claim(make_job(study))
    waiting = make_job(study)
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs_sweep(at_start=True) == 1
    assert sent == [str(waiting.pk)]


def test_a_dead_job_whose_work_another_one_waits_to_do_is_closed(
    study, clip, sent, django_capture_on_commit_callbacks
):
    died, after = dead(study, kind="describe", clip=clip), dead(study)
    waiting = make_job(study, "describe", clip=clip)
    with django_capture_on_commit_callbacks(execute=True):
        jobs_sweep()
    died.refresh_from_db()
    assert (died.status, died.message) == ("failed", jobs.COVERED)
    assert sent == [str(after.pk)]
    waiting.refresh_from_db()
    assert waiting.status == "queued"


def test_a_job_that_ends_while_the_sweeper_looks_is_left_alone(study, sent, monkeypatch):
    job = dead(study)
    covered = jobs._is_covered

    def end(row):
        job_succeed(job=row, result={})
        return covered(row)

    monkeypatch.setattr(jobs, "_is_covered", end)
    jobs_sweep()
    job.refresh_from_db()
    assert job.status == "succeeded"


def test_the_log_keeps_its_newest_lines(study):
    job = make_job(study)
    for number in range(LOG_LINES + 5):
        job_log(job=job, line=f"line {number}")
    job.refresh_from_db()
    lines = job.log.splitlines()
    assert (len(lines), lines[0][9:], lines[-1][9:]) == (LOG_LINES, "line 5", f"line {LOG_LINES + 4}")


def test_progress_and_the_time_that_is_left(study):
    job = claim(make_job(study))
    assert (job.percent, job.seconds_left) == (0, None)
    Job.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(seconds=30))
    job.refresh_from_db()
    job_beat(job=job, done=25, total=100, stage="half of the half")
    job.refresh_from_db()
    assert job.percent == 25
    assert 85 <= job.seconds_left <= 95
    assert timedelta(minutes=1) < HEARTBEAT_STALE
