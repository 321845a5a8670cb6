"""Running one job: claim it, do it, close it with a sentence that a person understands."""

import logging
import socket
from collections.abc import Callable
from typing import Any

from analysis.models import Job
from analysis.pipeline.errors import CancelledError, PipelineError
from analysis.runners.ticker import JobTicker
from analysis.services.jobs import job_claim, job_fail, job_log, job_stopped, job_succeed
from studies.errors import StudiesError

logger = logging.getLogger(__name__)

UNEXPECTED = (
    "Something unexpected went wrong ({kind}). Nothing was changed. Retry; if it fails again, tell the "
    "administrator the number of this job."
)
OUT_OF_MEMORY = "The worker ran out of memory. Close other programs or use a machine with more, then retry."


def run_job(job_id: str, do: Callable[[Job, JobTicker], dict[str, Any]]) -> None:
    """Claim a job and do it. Delivered twice or already done, it returns without doing anything."""
    job = job_claim(job_id=job_id, worker=socket.gethostname())
    if job is None:
        return
    ticker = JobTicker(job)
    try:
        result = do(job, ticker)
    except CancelledError:
        job_stopped(job=job)
    except (PipelineError, StudiesError) as error:
        job_fail(job=job, message=str(error))
    except MemoryError:
        job_fail(job=job, message=OUT_OF_MEMORY)
    except Exception as error:
        logger.exception("job %s failed", job_id)
        job_log(job=job, line=f"{type(error).__name__} in {job.kind}")
        job_fail(job=job, message=UNEXPECTED.format(kind=type(error).__name__))
    else:
        job_succeed(job=job, result=result, message=result.pop("message", ""))
