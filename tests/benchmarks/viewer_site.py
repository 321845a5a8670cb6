"""A whole site for measuring the viewer: own folder, own database, a 300-frame clip, gunicorn, Chromium."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import django
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
N_FRAMES, SIZE, FPS = 300, (800, 600), 30.0
PASSWORD = "only-for-the-benchmark"
START_SECONDS = 120.0
"""A busy machine takes its time to start Python."""


@dataclass
class Site:
    """A running server and where things are."""

    folder: Path
    port: int
    clip_ids: list[str]
    n_frames: int = N_FRAMES
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        """Of the server."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start gunicorn as the application does and wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "her2web.wsgi:application"]
        command += [
            "--bind",
            f"127.0.0.1:{self.port}",
            "--workers",
            "2",
            "--threads",
            "8",
            "--log-level",
            "error",
        ]
        self.process = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.url}/login/", timeout=2).close()
            except (URLError, OSError):
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"The server did not answer within {START_SECONDS:.0f} s.")

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def site(n_frames: int = N_FRAMES, size: tuple[int, int] = SIZE) -> Iterator[Site]:
    """Set everything up in a temporary folder, and take it down again."""
    with tempfile.TemporaryDirectory(prefix="her2web-bench-") as name:
        folder = Path(name)
        os.environ.update(
            HER2WEB_VAR=name,
            DJANGO_SETTINGS_MODULE="her2web.settings",
            DJANGO_ALLOW_ASYNC_UNSAFE="true",
            SECRET_KEY="benchmark-" * 6,
        )
        django.setup()
        made = Site(folder, free_port(), _seed(folder, n_frames, size), n_frames)
        made.start()
        try:
            yield made
        finally:
            made.kill()


def _seed(folder: Path, n_frames: int, size: tuple[int, int]) -> list[str]:
    """Migrate, collect the static files, and store the clips; imports wait for the settings."""
    from django.core.management import call_command  # noqa: PLC0415 - after django.setup()

    from studies.models import Clip  # noqa: PLC0415
    from studies.services.annotation import model_track_store  # noqa: PLC0415
    from tests.browser.clips import lesion_box, numbered_clip  # noqa: PLC0415
    from tests.studies.reading import reading  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    made = reading(make_clip=lambda patient: numbered_clip(patient, folder, n_frames, size, as_jpeg=True))
    clips = [made.clip, numbered_clip(made.patient, folder, n_frames, size, as_jpeg=True)]
    Clip.objects.update(fps=FPS)
    boxes = [lesion_box(frame, *size) for frame in range(n_frames)]
    for clip in clips:
        model_track_store(clip=clip, boxes=boxes, confidences=[0.9] * n_frames)
    made.readers[0].set_password(PASSWORD)
    made.readers[0].save()
    return [str(clip.pk) for clip in clips]


@contextmanager
def chromium() -> Iterator[Browser]:
    """This machine's Chromium."""
    from tests.browser.conftest import CHROMIUM_FLAGS, chromium_path  # noqa: PLC0415 - needs the settings

    path = chromium_path()
    if path is None:
        raise SystemExit("There is no Chromium on this machine; install it to measure the viewer.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def logged_in(browser: Browser, made: Site) -> BrowserContext:
    """A context of the reader's."""
    context = browser.new_context(base_url=made.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto("/login/")
    page.fill("input[name=username]", "sono1")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    page.close()
    return context


def open_viewer(page: Page, clip_id: str) -> None:
    """Go to the clip and wait until it can be used."""
    page.goto(f"/clips/{clip_id}/")
    page.wait_for_selector("#viewer[data-ready=true]")
