"""Celery entrances of the observed side: ids in, one call, nothing else. Queues: CELERY_TASK_ROUTES."""

from celery import shared_task

from studies.services.pixels import clip_wipe, wipes_sweep
from studies.services.video import upload_ingest, uploads_sweep


@shared_task(name="studies.ingest")
def ingest(*, upload_id: str) -> None:
    """Check one spooled file and store its clip."""
    upload_ingest(upload_id=upload_id)


@shared_task(name="studies.wipe")
def wipe(*, check_id: str) -> None:
    """Wipe regions of a stored clip."""
    clip_wipe(check_id=check_id)


@shared_task(name="studies.sweep")
def sweep() -> None:
    """Queue again the uploads whose check died, and the wipes that were lost."""
    uploads_sweep()
    wipes_sweep()
