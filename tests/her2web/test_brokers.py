"""The queue over every broker that an installation may name: a folder, Redis, RabbitMQ; real, or a skip."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

REPOSITORY = Path(__file__).resolve().parents[2]
BROKERS = {
    "folder": ("filesystem://", None),
    "redis": ("redis://127.0.0.1:6379/15", 6379),
    "rabbitmq": ("amqp://guest:guest@127.0.0.1:5672//", 5672),
}


def is_reachable(port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=BROKERS)
def environment(request, tmp_path) -> dict[str, str]:
    """An installation with a folder of its own and one broker; queue names of its own on shared servers."""
    url, port = BROKERS[request.param]
    if port is not None and not is_reachable(port):
        pytest.skip(f"no {request.param} on this machine")
    return {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "HER2WEB_VAR": str(tmp_path),
        "CELERY_BROKER_URL": url,
        "DJANGO_SETTINGS_MODULE": "her2web.settings",
        "QUEUE_PREFIX": f"test-{tmp_path.name}-",
        "PYTHONPATH": str(REPOSITORY),
    }


@pytest.fixture
def worker(environment, tmp_path) -> Iterator[subprocess.Popen]:
    """A worker as an installation runs it."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], cwd=REPOSITORY, env=environment, check=True
    )
    prefix = environment["QUEUE_PREFIX"]
    queues = ",".join(prefix + name for name in ("io", "cpu", "gpu"))
    command = [sys.executable, "-m", "celery", "-A", "her2web", "--quiet", "worker", "-Q", queues, "-c", "1"]
    with (tmp_path / "worker.log").open("w") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
    yield process
    process.terminate()
    process.wait(60)


def test_a_file_goes_through_the_queue(environment, worker, tmp_path):
    cine = get_testdata_file("examples_ybr_color.dcm")
    driver = [sys.executable, str(REPOSITORY / "tests/her2web/broker_driver.py"), cine]
    done = subprocess.run(driver, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    log = (tmp_path / "worker.log").read_text()
    assert done.stdout.strip() == "accepted", done.stderr[-1500:] + log[-1500:]
    assert worker.poll() is None
