"""The Celery application. Without a server the broker is a folder; the Job rows are the truth either way."""

import os

from celery import Celery
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "her2web.settings")

SWEEP_SECONDS = 60.0
FOLDER_POLL_SECONDS = 0.1  # how soon a waiting message is seen; a look into the folder costs next to nothing
VISIBILITY_TIMEOUT_SECONDS = 12 * 3600  # longer than any job, or Redis would deliver it twice


TRANSPORT_ALIASES["filesystem"] = "her2web.folder_broker:Transport"


def _transport_options() -> dict:
    """Give the folder broker its folders; raise the visibility timeout of Redis."""
    if not settings.CELERY_BROKER_URL.startswith("filesystem://"):
        return {"visibility_timeout": VISIBILITY_TIMEOUT_SECONDS}
    folders = {name: settings.CELERY_BROKER_DIR / name for name in ("messages", "control")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "control_folder": str(folders["control"]),
        "store_processed": False,
        "polling_interval": FOLDER_POLL_SECONDS,
    }


app = Celery("her2web")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    beat_schedule={
        "sweep-jobs": {"task": "analysis.sweep", "schedule": SWEEP_SECONDS},
        "sweep-uploads": {"task": "studies.sweep", "schedule": SWEEP_SECONDS},
    },
    beat_schedule_filename=str(settings.VAR_DIR / "celerybeat-schedule"),
)
app.autodiscover_tasks()
