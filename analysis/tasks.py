"""Celery entrances of the computed side: ids in, one call, nothing else. Queues: CELERY_TASK_ROUTES."""

from celery import shared_task
from celery.signals import worker_ready

from analysis.reports.document.write_report import write_report
from analysis.runners.describe import describe_clip_tracks
from analysis.runners.detect import detect_clip
from analysis.runners.judge import judge_ensemble
from analysis.runners.judge_temporal import judge_temporal_test
from analysis.runners.learn import learn_ensemble
from analysis.runners.supplements import supplement_ensemble
from analysis.runners.train_detector import train_study_detector
from analysis.runners.work import run_job
from analysis.services.arrivals import clip_arrived as start_detection
from analysis.services.arrivals import track_changed as start_description
from analysis.services.jobs import jobs_sweep


@shared_task(name="analysis.clip_arrived")
def clip_arrived(*, clip_id: str) -> None:
    """Queue the detection of a new clip."""
    start_detection(clip_id=clip_id)


@shared_task(name="analysis.track_changed")
def track_changed(*, clip_id: str) -> None:
    """Queue the features of a clip whose boxes changed."""
    start_description(clip_id=clip_id)


@shared_task(name="analysis.detect")
def detect(*, job_id: str) -> None:
    """Find the lesion in every frame."""
    run_job(job_id, detect_clip)


@shared_task(name="analysis.describe")
def describe(*, job_id: str) -> None:
    """Compute the features."""
    run_job(job_id, describe_clip_tracks)


@shared_task(name="analysis.learn")
def learn(*, job_id: str) -> None:
    """Train the ensemble."""
    run_job(job_id, learn_ensemble)


@shared_task(name="analysis.judge")
def judge(*, job_id: str) -> None:
    """Judge the ensemble on the test side, through a logged look."""
    run_job(job_id, judge_ensemble)


@shared_task(name="analysis.judge_temporal")
def judge_temporal(*, job_id: str) -> None:
    """Judge the ensemble on the temporal test, through a logged look of its own."""
    run_job(job_id, judge_temporal_test)


@shared_task(name="analysis.supplement")
def supplement(*, job_id: str) -> None:
    """Do further analyses of an ensemble."""
    run_job(job_id, supplement_ensemble)


@shared_task(name="analysis.train_detector")
def train_detector(*, job_id: str) -> None:
    """Train the detector on signed tracks."""
    run_job(job_id, train_study_detector)


@shared_task(name="analysis.report")
def report(*, job_id: str) -> None:
    """Write and print the report of a study."""
    run_job(job_id, write_report)


@shared_task(name="analysis.sweep")
def sweep() -> None:
    """Send again the jobs whose worker died."""
    jobs_sweep()


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    """A worker that starts takes up what the last one left."""
    jobs_sweep(at_start=True)
