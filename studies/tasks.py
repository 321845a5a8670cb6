"""Celery entrances of the observed side: ids in, one call, nothing else. Queues: CELERY_TASK_ROUTES."""

from celery import shared_task

from studies.services.imports import import_run, imports_purge
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


@shared_task(name="studies.run_import")
def run_import(*, import_id: str) -> None:
    """Check a table, or import a checked one."""
    import_run(import_id=import_id)


@shared_task(name="studies.sweep")
def sweep() -> None:
    """Queue again uploads and wipes that were lost; delete tables that nobody imported."""
    uploads_sweep()
    wipes_sweep()
    imports_purge()
