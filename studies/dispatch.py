"""Starting long work by name, once the transaction is committed: no arrow points up to the tasks."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

INGEST = "studies.ingest"
WIPE = "studies.wipe"
RUN_IMPORT = "studies.run_import"
CLIP_ARRIVED = "analysis.clip_arrived"
TRACK_CHANGED = "analysis.track_changed"


def enqueue(task_name: str, **ids: object) -> None:
    """Send a task by name after commit. A broker that is down is logged; the sweeper resends."""
    arguments = {name: str(value) for name, value in ids.items()}
    transaction.on_commit(lambda: _send(task_name, arguments))


def _send(task_name: str, arguments: dict[str, str]) -> None:
    try:
        task = current_app.tasks.get(task_name) if current_app.conf.task_always_eager else None
        if task is not None:
            task.apply(kwargs=arguments, throw=True)
        else:
            current_app.send_task(task_name, kwargs=arguments)
    except (OperationalError, OSError) as error:
        logger.warning("The queue did not take %s (%s); the sweeper will send it again.", task_name, error)
