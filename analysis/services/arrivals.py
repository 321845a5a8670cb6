"""What follows when something was observed: a clip arrived, or its boxes changed."""

from analysis.models import Job
from analysis.services.jobs import job_enqueue
from studies.models import Clip


def clip_arrived(*, clip_id: str) -> Job | None:
    """Queue the detection of a new cine; a still image is only shown."""
    clip = _clip(clip_id)
    if clip is None or not clip.is_cine:
        return None
    return job_enqueue(actor=None, kind=Job.Kind.DETECT, study=clip.study, clip=clip)


def track_changed(*, clip_id: str) -> Job | None:
    """Queue the features of a clip whose boxes changed; a job that still waits covers this change too."""
    clip = _clip(clip_id)
    if clip is None or not clip.is_cine:
        return None
    return job_enqueue(actor=None, kind=Job.Kind.DESCRIBE, study=clip.study, clip=clip)


def _clip(clip_id: str) -> Clip | None:
    return Clip.objects.select_related("exam__patient__study").filter(pk=clip_id).first()
