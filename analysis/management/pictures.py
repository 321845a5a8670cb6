"""Figures as PNG from the command line, by the modules of the results pages, in a Chromium without a window.

Plotly draws them and `static/js/plot_image.js` saves them, as on the pages; a server that only this machine
can reach hands the modules out and takes the pictures back.
"""

import base64
import binascii
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import monotonic
from typing import Any

from django.conf import settings
from plotly.offline import get_plotlyjs

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--disable-gpu", "--no-first-run", "--disable-extensions", "--mute-audio")
MODULES = ("plot_image.js", "plot_theme.js")
PNG_SECONDS = 300
POLL_SECONDS = 0.1
PREFIX = "data:image/png;base64,"
PAGE = """<!doctype html><meta charset="utf-8"><title>figures</title><body>
<script src="plotly.min.js"></script>
<script type="module">
import { pictureOf } from "./plot_image.js";
const figures = await (await fetch("figures.json")).json();
const drawn = async (figure) => pictureOf(figure, "png");
const told = (name, body) => fetch(name, { method: "POST", body });
for (const [name, figure] of Object.entries(figures)) {
  await told(`pictures/${name}`, await drawn(figure).catch(String));
}
await told("end", "");
</script>"""


class NoPictureError(Exception):
    """No PNG could be made; the message says why and what there is instead."""


def chromium_path() -> str | None:
    """Where this machine's Chromium is."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def pngs_of(figures: Mapping[str, Mapping[str, Any]], *, seconds: float = PNG_SECONDS) -> dict[str, bytes]:
    """Name to PNG of figures as Plotly JSON, each with `export`: its title and the banner.

    Raises:
        NoPictureError: no Chromium on this machine, it failed, or it took longer than `seconds`.
    """
    if not figures:
        return {}
    path = chromium_path()
    if path is None:
        raise NoPictureError(
            "No PNG: there is no Chromium on this machine (docker/system-packages.txt names it). Every page "
            "in figures/ saves one."
        )
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _fill(Path(folder, "page"), figures)
        answers = _drawn(path, Path(folder), seconds)
    return {name: _decoded(name, answers.get(name, "nothing came back")) for name in figures}


def _fill(page: Path, figures: Mapping[str, Mapping[str, Any]]) -> None:
    page.mkdir()
    for module in MODULES:
        shutil.copy(settings.BASE_DIR / "static" / "js" / module, page)
    (page / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
    (page / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
    (page / "index.html").write_text(PAGE, encoding="utf-8")


def _drawn(path: str, folder: Path, seconds: float) -> dict[str, str]:
    """Figure name to what the page sent of it."""
    answers, done = {}, Event()
    handler = partial(_Handler, answers, done, directory=str(folder / "page"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        command = [path, *FLAGS, f"--user-data-dir={folder / 'profile'}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        process = subprocess.Popen(  # noqa: S603 - a fixed command on our own page
            [*command, f"http://127.0.0.1:{server.server_port}/index.html"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(done, process, seconds)
        finally:
            process.terminate()
            process.wait()
            server.shutdown()
    return answers


def _wait(done: Event, process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Until the page has sent everything. Raises NoPictureError when Chromium stops before or is too slow."""
    until = monotonic() + seconds
    while not done.wait(POLL_SECONDS):
        if process.poll() is not None:
            why = f"Chromium stopped with status {process.returncode}"
            raise NoPictureError(f"No PNG: {why}. Every page in figures/ saves one.")
        if monotonic() > until:
            raise NoPictureError(
                f"No PNG: Chromium was not ready after {seconds:g} s. Every page in figures/ saves one."
            )


def _decoded(name: str, answer: str) -> bytes:
    try:
        return base64.b64decode(answer.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise NoPictureError(f"No PNG: {name} could not be drawn ({answer[:200]}).") from error


class _Handler(SimpleHTTPRequestHandler):
    """Hands out the page and its modules; a POST brings the picture of one figure, another says the end."""

    def __init__(self, answers: dict[str, str], done: Event, *arguments: Any, **named: Any) -> None:
        self.answers, self.done = answers, done
        super().__init__(*arguments, **named)

    def do_POST(self) -> None:
        """Take a picture."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(204)
        self.end_headers()
        if self.path == "/end":
            self.done.set()
        else:
            self.answers[self.path.removeprefix("/pictures/")] = body

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
