"""A real Chromium, driven by Playwright; tests skip with a reason where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from studies.services.annotation import model_track_store
from tests.browser.clips import lesion_box, numbered_clip
from tests.browser.driving import N_FRAMES, SIZE
from tests.studies.reading import Reading, reading

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 30_000
"""How long a state may take on a machine that is busy with other things; waiting ends when it is there."""


def chromium_path() -> str | None:
    """Where this machine's Chromium is."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the whole session."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium on this machine")
    # Playwright's synchronous API runs an event loop in this thread, where the ORM would refuse to work.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_context(chromium, live_server) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a logged-in browser context: `open_context(user, viewport=…)`; script errors fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(user: User, **options) -> BrowserContext:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = chromium.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(TIMEOUT_MS)
        client = Client()
        client.force_login(user)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}])
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("console", lambda message: _note(message, errors))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert errors == []


def _note(message, errors: list[str]) -> None:
    """Keep what breaks the content policy; failed requests are the test's own business."""
    if message.type == "error" and "Content Security Policy" in message.text:
        errors.append(message.text)


@pytest.fixture
def open_page(open_context) -> Callable[..., Page]:
    """A page of a fresh context: `open_page(user, path)`."""

    def make(user: User, path: str, **options) -> Page:
        page = open_context(user, **options).new_page()
        page.goto(path)
        return page

    return make


@pytest.fixture(scope="session")
def pack_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("numbered")


@pytest.fixture
def ready(pack_folder) -> Reading:
    """A study with one numbered clip whose model track is 6 px off to the right."""
    made = reading(make_clip=lambda patient: numbered_clip(patient, pack_folder, N_FRAMES, SIZE))
    boxes = [lesion_box(frame, *SIZE) for frame in range(N_FRAMES)]
    shifted = [(x1 + 6, y1, x2 + 6, y2) for x1, y1, x2, y2 in boxes]
    made.model = model_track_store(clip=made.clip, boxes=shifted, confidences=[0.9] * N_FRAMES)
    return made
