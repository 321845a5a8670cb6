"""Measures the cine viewer in a real Chromium: `make bench-viewer`, or a part with `--only`.

Prints one line a figure with its limit, and exits with 1 where a limit is broken; --write puts the figures
into docs/viewer.md.
"""

import argparse
import json
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.benchmarks import viewer_table
from tests.benchmarks.slow_line import slow_line
from tests.benchmarks.viewer_edits import measure_edits
from tests.benchmarks.viewer_site import FPS, N_FRAMES, Site, chromium, logged_in, open_viewer, site

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "viewer.md"
LINE_BYTES_PER_SECOND = 50e6 / 8
WARM_UPS = 2
LINE_LATENCY_S = 0.005
"""Each way."""
WATCH_JS = """() => {
  window.paints = [];
  window.keyAt = 0;
  addEventListener("keydown", (event) => { window.keyAt = event.timeStamp; }, true);
  document.addEventListener("framepaint", (event) => {
    window.paints.push([performance.now(), event.detail, window.keyAt]);
  }, true);
}"""
"""Notes every painted frame with its time, and the time of the key before it."""
JUMP_JS = """(frame) => new Promise((done, failed) => {
  const from = performance.now();
  const seen = (event) => {
    if (event.detail !== frame) return;
    document.removeEventListener("framepaint", seen, true);
    done(performance.now() - from);
  };
  document.addEventListener("framepaint", seen, true);
  setTimeout(() => failed(new Error(`frame ${frame} was never painted`)), 20000);
  const field = document.querySelector("#goto");
  field.value = String(frame + 1);
  field.dispatchEvent(new Event("change"));
})"""
SCRUB_JS = """(frame) => {
  const field = document.querySelector("#goto");
  field.value = String(frame + 1);
  field.dispatchEvent(new Event("change"));
}"""


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the limit holds; every limit is an upper one."""
        return self.limit is None or self.value <= self.limit

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"  (limit {self.limit:g} {self.unit})"
        return f"{'ok ' if self.is_kept else 'NO '} {self.name}: {self.value:.4g} {self.unit}{limit}"


Part = Callable[[], list[Figure]]


def p95(values: list[float]) -> float:
    """95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def fresh_page(context: BrowserContext) -> Page:
    """A page whose HTTP cache is off."""
    page = context.new_page()
    page.add_init_script(f"({WATCH_JS})()")
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    return page


def measure_first_frame(
    context: BrowserContext,
    made: Site,
    loads: int = 24,
    name: str = "first frame",
    limit: float | None = 1000,
) -> list[Figure]:
    """From navigation to the first painted frame; each worker of a fresh server has answered before."""
    times = []
    for load in range(loads + WARM_UPS):
        page = fresh_page(context)
        open_viewer(page, made.clip_ids[0])
        if load >= WARM_UPS:
            times.append(page.evaluate("paints[0][0]"))
        page.close()
    return [
        Figure(f"{name}, median", statistics.median(times), "ms"),
        Figure(f"{name}, p95", p95(times), "ms", limit),
    ]


def measure_steps(context: BrowserContext, made: Site, steps: int = 240) -> list[Figure]:
    """From the key event to the painted frame, when the frame is prefetched."""
    page = fresh_page(context)
    open_viewer(page, made.clip_ids[0])
    page.wait_for_timeout(1500)
    page.locator("#stage").focus()
    page.evaluate("paints.length = 0")
    for _ in range(steps):
        page.keyboard.press("f")
        page.wait_for_timeout(8)
    waited = [painted - key for painted, _frame, key in page.evaluate("paints")]
    page.close()
    return [
        Figure("step, median", statistics.median(waited), "ms"),
        Figure("step, p95", p95(waited), "ms", 16),
    ]


def measure_line(browser: Browser, made: Site) -> list[Figure]:
    """First frame and jumps over a line of 50 Mbit/s."""
    with slow_line(made.port, LINE_BYTES_PER_SECOND, LINE_LATENCY_S) as port:
        slow = replace(made, port=port)
        context = logged_in(browser, slow)
        figures = measure_first_frame(context, slow, name="first frame over 50 Mbit/s", limit=None)
        figures += measure_jumps(context, slow, name="jump over 50 Mbit/s", limit=250)
        context.close()
    return figures


def measure_jumps(
    context: BrowserContext, made: Site, loads: int = 8, name: str = "jump on loopback", limit: float = 50
) -> list[Figure]:
    """From the wish to the painted frame, for frames neither cached nor prefetched."""
    chance, times = random.Random(5), []
    for _ in range(loads):
        page = fresh_page(context)
        open_viewer(page, made.clip_ids[0])
        page.wait_for_timeout(800)
        far = list(range(40, made.n_frames - 30, 28))
        chance.shuffle(far)
        for start in far:
            times.append(page.evaluate(JUMP_JS, start))
            page.wait_for_timeout(150)
        page.close()
    return [
        Figure(f"{name}, median", statistics.median(times), "ms"),
        Figure(f"{name}, p95", p95(times), "ms", limit),
    ]


def measure_playback(context: BrowserContext, made: Site, seconds: float = 15) -> list[Figure]:
    """Frames that playback at the clip's own rate leaves out, and how far it drifts."""
    page = fresh_page(context)
    open_viewer(page, made.clip_ids[0])
    page.wait_for_timeout(1500)
    page.locator("#stage").focus()
    page.evaluate("paints.length = 0")
    page.keyboard.press("Space")
    page.wait_for_timeout(seconds * 1000)
    page.keyboard.press("Space")
    paints = page.evaluate("paints")
    page.close()
    steps = [(b[1] - a[1]) % made.n_frames for a, b in pairwise(paints)]
    elapsed = (paints[-1][0] - paints[0][0]) / 1000
    skipped = sum(step - 1 for step in steps)
    return [
        Figure("playback, frames shown", len(paints), "frames"),
        Figure("playback, skipped", 100 * skipped / sum(steps), "%", 1),
        Figure("playback, drift", abs(sum(steps) - elapsed * FPS), "frames", 1.5),
    ]


def measure_truth(context: BrowserContext, made: Site, jumps: int) -> list[Figure]:
    """Frames whose burned-in number is not the one asked for, by jumping and while playing."""
    from tests.browser.clips import READ_FRAME_JS  # noqa: PLC0415 - needs the settings

    page = fresh_page(context)
    open_viewer(page, made.clip_ids[0])
    chance, wrong, read = random.Random(9), 0, 0
    for _ in range(jumps):
        frame = chance.randrange(made.n_frames)
        if int(page.locator("#goto").input_value()) != frame + 1:
            page.evaluate(JUMP_JS, frame)
        wrong += page.evaluate(READ_FRAME_JS) != frame
        read += 1
    page.evaluate(
        f"""() => {{
          const number = {READ_FRAME_JS};
          window.checked = [0, 0];
          document.addEventListener("framepaint", (event) => {{
            checked[0] += 1;
            checked[1] += Number(number() !== event.detail);
          }}, true);
        }}"""
    )
    page.locator("#stage").focus()
    page.keyboard.press("Space")
    page.wait_for_timeout(5000)
    page.keyboard.press("Space")
    played, wrong_played = page.evaluate("checked")
    page.close()
    return [
        Figure("frames read back", read + played, "frames"),
        Figure("wrong frames", wrong + wrong_played, "frames", 0),
    ]


def renderer_megabytes() -> float:
    """Resident memory of the largest Chromium renderer of this process, in MB."""
    largest = 0.0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            if b"--type=renderer" in command and _is_ours(int(entry.name)):
                pages = int((entry / "statm").read_text().split()[1])
                largest = max(largest, pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return largest


def _is_ours(pid: int) -> bool:
    """Whether this process is an ancestor of that one."""
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False


def measure_memory(context: BrowserContext, made: Site, minutes: float) -> list[Figure]:
    """Growth of the tab while somebody scrubs through the clip; garbage is collected before each sample."""
    page = context.new_page()
    open_viewer(page, made.clip_ids[0])
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    chance, samples = random.Random(3), []
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        start = chance.randrange(made.n_frames)
        for step in range(40):
            page.evaluate(
                SCRUB_JS,
                (start + step) % made.n_frames,
            )
            page.wait_for_timeout(15)
        session.send("HeapProfiler.collectGarbage")
        samples.append(renderer_megabytes())
    page.close()
    third = max(1, len(samples) // 3)
    early, late = statistics.median(samples[third : 2 * third]), statistics.median(samples[-third:])
    return [
        Figure("memory, scrubbing for", minutes, "min"),
        Figure("memory, middle third", early, "MB"),
        Figure("memory, last third", late, "MB"),
        Figure("memory, growth", 100 * (late - early) / early, "%", 10),
    ]


def parts(browser: Browser, made: Site, arguments: argparse.Namespace) -> dict[str, Part]:
    """What can be measured, by name."""
    context = logged_in(browser, made)
    return {
        "first": lambda: measure_first_frame(context, made),
        "step": lambda: measure_steps(context, made),
        "jump": lambda: measure_jumps(context, made),
        "line": lambda: measure_line(browser, made),
        "play": lambda: measure_playback(context, made),
        "truth": lambda: measure_truth(context, made, arguments.jumps),
        "memory": lambda: measure_memory(context, made, arguments.memory_minutes),
        "edits": lambda: [
            Figure(*row) for row in measure_edits(context, made, arguments.edits, arguments.offline_seconds)
        ],
    }


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="first, step, jump, line, play, truth, memory or edits; with commas")
    parser.add_argument("--frames", type=int, default=N_FRAMES, help="of the clip; fewer for a trial run")
    parser.add_argument("--jumps", type=int, default=300, help="whose frames are read back")
    parser.add_argument("--memory-minutes", type=float, default=10)
    parser.add_argument("--edits", type=int, default=5000)
    parser.add_argument("--offline-seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--write", action="store_true", help=f"put the figures into {DOCUMENT.name}")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # server and folder are taken down then too
    figures: list[tuple[Figure, float]] = []
    with site(arguments.frames) as made, chromium() as browser:
        known = parts(browser, made, arguments)
        for name in arguments.only.split(",") if arguments.only else known:
            load = os.getloadavg()[0]
            for figure in known[name]():
                figures.append((figure, load))
                if not arguments.json:
                    print(figure, flush=True)
            if arguments.write:
                viewer_table.write(DOCUMENT, figures, viewer_table.machine(browser.version))
    if arguments.json:
        print(json.dumps({f.name: [f.value, f.unit, f.limit] for f, _load in figures}))
    return 0 if all(figure.is_kept for figure, _load in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
