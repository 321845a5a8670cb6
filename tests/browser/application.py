"""The application as a person starts it: `manage.py serve` on a fresh database, with its own worker."""

import csv
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
READY_SECONDS = 900
STOP_SECONDS = 60
PATIENTS, FRAMES = 60, 36
SERVERS = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "STORAGE_URL"}


@dataclass
class Application:
    """A running application: its address, its folder, its logins."""

    url: str
    folder: Path
    logins: dict[str, str]
    process: subprocess.Popen
    ready_seconds: float


def environment(folder: Path) -> dict[str, str]:
    """The environment of a laptop: no server of any kind, files in one folder."""
    inherited = {
        k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"}
    }
    return inherited | {"HER2WEB_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "her2web.settings"}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(folder: Path) -> Application:
    """Start the application with a small demonstration study and wait until it says that it is ready."""
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    command += ["--demonstration", "--patients", str(PATIENTS), "--frames", str(FRAMES)]
    started = time.monotonic()
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment(folder), stdout=log, stderr=log)
    deadline = started + READY_SECONDS
    while not re.search(r"^Ready: ", (folder / "serve.log").read_text(), re.MULTILINE):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError("serve did not get ready:\n" + (folder / "serve.log").read_text()[-4000:])
        time.sleep(0.5)
    with (folder / "demonstration_logins.csv").open(newline="") as file:
        logins = dict(csv.reader(file))
    return Application(f"http://127.0.0.1:{port}", folder, logins, process, time.monotonic() - started)


def stop(application: Application) -> None:
    """Stop web and worker as Ctrl+C or a service manager would; both must be gone afterwards."""
    application.process.terminate()
    application.process.wait(STOP_SECONDS)
