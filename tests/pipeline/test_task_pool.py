"""Several fits at a time: order, progress, errors and cancelling."""

import threading
import time
from functools import partial

import pytest

from analysis.pipeline.errors import CancelledError
from analysis.pipeline.kernels.task_pool import run_tasks


def square(number, check):
    check()
    time.sleep(0.01 * (3 - number % 3))
    return number**2


@pytest.mark.parametrize("jobs", [1, 3])
def test_results_keep_the_order_of_the_tasks(jobs):
    told, threads = [], set()

    def progress(*step):
        told.append(step)
        threads.add(threading.current_thread())

    tasks = [partial(square, number) for number in range(6)]
    assert run_tasks(tasks, jobs, stage="fit", progress=progress) == [0, 1, 4, 9, 16, 25]
    assert told[0] == (0, 6, "fit")
    assert told[-1] == (6, 6, "fit")
    assert [step[0] for step in told] == sorted(step[0] for step in told)
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_a_task_comes_out_as_it_is(jobs):
    def fail(check):
        raise ZeroDivisionError("a task of its own")

    with pytest.raises(ZeroDivisionError, match="of its own"):
        run_tasks([partial(square, 1), fail, partial(square, 2)], jobs, stage="fit")


@pytest.mark.parametrize("jobs", [1, 2])
def test_cancelling_stops_running_and_waiting_tasks(jobs):
    started = []

    def long(check):
        started.append(1)
        for _ in range(500):
            check()
            time.sleep(0.01)

    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 2

    begun = time.perf_counter()
    with pytest.raises(CancelledError):
        run_tasks([long] * 6, jobs, stage="fit", cancelled=cancelled)
    assert time.perf_counter() - begun < 4.0
    assert len(started) <= 3
