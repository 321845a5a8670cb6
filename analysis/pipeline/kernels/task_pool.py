"""Several fits at a time, with progress, cancelling between fits, and results in the order of the tasks."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from analysis.pipeline.errors import CancelledError

Result = TypeVar("Result")
Check = Callable[[], None]
Progress = Callable[[int, int, str], None]
Cancelled = Callable[[], bool]

# Seconds between two questions whether to stop.
POLL_SECONDS = 0.5
STOPPED = "Stopped on request; nothing was kept."


def run_tasks(
    tasks: Sequence[Callable[[Check], Result]],
    jobs: int,
    *,
    stage: str,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> list[Result]:
    """Run tasks, `jobs` at a time in threads, and return their results in order.

    Each task gets a function to call between its steps, which raises CancelledError once `cancelled` said so;
    progress (done, total, stage) and cancelled are only ever called from the caller's thread.

    Raises:
        CancelledError: `cancelled` returned true. Any error of a task is raised as it is.
    """

    def told(done: int) -> None:
        if progress is not None:
            progress(done, len(tasks), stage)

    told(0)
    if jobs > 1:
        return _in_threads(tasks, jobs, told, cancelled or _never)

    def check() -> None:
        if cancelled is not None and cancelled():
            raise CancelledError(STOPPED)

    results = []
    for done, task in enumerate(tasks, start=1):
        check()
        results.append(task(check))
        told(done)
    return results


def _in_threads(
    tasks: Sequence[Callable[[Check], Result]],
    jobs: int,
    told: Callable[[int], None],
    cancelled: Cancelled,
) -> list[Result]:
    stop = Event()

    def check() -> None:
        if stop.is_set():
            raise CancelledError(STOPPED)

    with ThreadPoolExecutor(jobs) as pool:
        futures: list[Future[Result]] = [pool.submit(task, check) for task in tasks]
        pending = set(futures)
        try:
            while pending:
                finished, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    future.result()
                if finished:
                    told(len(futures) - len(pending))
                if cancelled():
                    raise CancelledError(STOPPED)
        except BaseException:
            stop.set()
            for future in pending:
                future.cancel()
            raise
    return [future.result() for future in futures]


def _never() -> bool:
    return False
