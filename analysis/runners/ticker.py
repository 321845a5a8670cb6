"""The thread between a running pipeline and its Job row: progress in, the wish to stop out."""

import time

from analysis.models import Job
from analysis.pipeline.errors import CancelledError
from analysis.services.jobs import job_beat, job_log

BEAT_SECONDS = 0.5


class JobTicker:
    """Gives a pipeline its `progress` and `cancelled`; writes to the row twice a second at most."""

    def __init__(self, job: Job):
        self.job = job
        self.stage = ""
        self._last = 0.0
        self._stop = False

    def begin(self, stage: str, total: int = 0) -> None:
        """Name the stage that starts now; raises CancelledError when somebody asked to stop."""
        self.stage = stage
        self._beat(0, total)
        job_log(job=self.job, line=stage)
        if self._stop:
            raise CancelledError("Somebody asked to stop.")

    def progress(self, done: int, total: int) -> None:
        """Report that `done` of `total` steps of this stage are finished."""
        if done >= total or time.monotonic() - self._last >= BEAT_SECONDS:
            self._beat(done, total)

    def cancelled(self) -> bool:
        """Whether to stop; asks the row at most twice a second."""
        if not self._stop and time.monotonic() - self._last >= BEAT_SECONDS:
            self._beat(None, None)
        return self._stop

    def _beat(self, done: int | None, total: int | None) -> None:
        self.job.done = self.job.done if done is None else done
        self.job.total = self.job.total if total is None else total
        self._stop = job_beat(job=self.job, done=self.job.done, total=self.job.total, stage=self.stage)
        self._last = time.monotonic()
