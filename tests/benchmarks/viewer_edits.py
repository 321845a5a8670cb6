"""Thousands of edits through trouble: the server killed, the network gone, somebody else on the same clip."""

import random
import time

from playwright.sync_api import BrowserContext, Page

from tests.benchmarks.viewer_site import Site, open_viewer

EVERY, FOREIGN_EVERY, FOREIGN_LAST = 5, 2, 48
"""Every fifth frame is ours, but for the last ones of the clip, where somebody else works."""
ARROWS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}
GO_JS = """(frame) => {
  const field = document.querySelector("#goto");
  field.value = String(frame + 1);
  field.dispatchEvent(new Event("change"));
  document.querySelector("#stage").focus();
}"""
PRESS_JS = """(keys) => {
  const stage = document.querySelector("#stage");
  const options = {bubbles: true, cancelable: true};
  for (const key of keys) stage.dispatchEvent(new KeyboardEvent("keydown", {key, ...options}));
}"""
SAVED_JS = """() => {
  const state = document.querySelector("#save-state").dataset;
  return state.kind === "saved" && state.count === "0";
}"""
SETTLE_MS = 300
TWO_PAINTS_JS = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
ROUNDING_PX = 0.011
"""Boxes that a person changes are stored to a hundredth of a pixel."""
Row = tuple[str, float, str, float | None]


class Work:
    """What the reader does, and what must come out of it."""

    def __init__(self, page: Page, made: Site) -> None:
        self.page = page
        self.made = made
        last = made.n_frames - FOREIGN_LAST
        self.frames = list(range(0, last, EVERY))
        self.foreign_frames = list(range(last + 2, made.n_frames - 2, FOREIGN_EVERY))
        self.expected: dict[int, list[float]] = {}
        self.edits = 0
        self.conflicts = 0
        self.foreign: dict[int, float] = {}
        self.chance = random.Random(11)

    def begin(self) -> None:
        """Make every frame of ours a keyframe, so that each nudge moves this frame alone."""
        for frame in self.frames:
            self.page.evaluate(GO_JS, frame)
            self.page.evaluate(PRESS_JS, ["A"] if frame == 0 else [])
            if str(frame) not in self.keyframes():
                self.page.evaluate(PRESS_JS, ["k"])
        boxes = self.keyframes()
        self.page.wait_for_function("() => document.querySelector('#save-state').dataset.count === '0'")
        stored = self.stored()
        self.expected = {frame: list(stored[frame]) for frame in self.frames}
        assert set(map(str, self.frames)) <= set(boxes)

    def keyframes(self) -> list[str]:
        """Frames in the page's table, which follows an edit by one paint."""
        self.page.evaluate(TWO_PAINTS_JS)
        return self.page.evaluate(KEYFRAMES_JS)

    def burst(self) -> None:
        """Some nudges on one frame, which do not come to nothing."""
        frame = self.chance.choice(self.frames)
        keys = self.chance.choices(list(ARROWS), k=self.chance.randint(5, 15))
        if not any(map(sum, zip(*(ARROWS[key] for key in keys), strict=True))):
            keys.append("ArrowRight")
        self.page.evaluate(GO_JS, frame)
        self.page.evaluate(PRESS_JS, keys)
        for key in keys:
            dx, dy = ARROWS[key]
            box = self.expected[frame]
            self.expected[frame] = [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy]
        self.edits += len(keys)

    def somebody_else(self) -> None:
        """Another window of the same reader saves a keyframe of its own; the page must notice."""
        from studies.models import Track  # noqa: PLC0415 - needs the settings
        from studies.services.annotation import track_patch  # noqa: PLC0415

        track = Track.objects.get(clip_id=self.made.clip_ids[1], source="reader")
        frame = self.foreign_frames[len(self.foreign) % len(self.foreign_frames)]
        x1 = 100.0 + len(self.foreign)
        part = "update" if frame in self.stored() else "create"
        box = {"frame": frame, "x1": x1, "y1": 50, "x2": x1 + 80, "y2": 150}
        track_patch(
            actor=track.reader,
            track=track,
            base_revision=track.head,
            patch={part: [box]},
            idempotency_key=f"foreign-{len(self.foreign)}",
            command="move",
        )
        self.foreign[frame] = x1

    def settle_conflict(self) -> None:
        """The dialog must come; keep both sides."""
        self.burst()
        self.page.wait_for_selector("#dialog-conflict[open]", timeout=60_000)
        self.conflicts += 1
        self.page.click("#dialog-conflict button[value=merge]")
        self.page.wait_for_selector("#dialog-conflict", state="hidden")
        self.saved()

    def saved(self) -> None:
        """Wait until everything is acknowledged, and still is when a settled conflict has had time to go."""
        for _ in range(2):
            self.page.wait_for_function(SAVED_JS, timeout=120_000)
            self.page.wait_for_timeout(SETTLE_MS)

    def stored(self) -> dict[int, tuple[float, ...]]:
        """Keyframes of the newest revision in the database."""
        from studies.models import Revision  # noqa: PLC0415 - needs the settings

        newest = Revision.objects.filter(track__clip_id=self.made.clip_ids[1], track__source="reader")
        keyframes = newest.order_by("-number")[0].keyframes
        return {k["frame"]: (k["x1"], k["y1"], k["x2"], k["y2"]) for k in keyframes}


KEYFRAMES_JS = """() => [...document.querySelectorAll("#keyframes tr")].map((row) => row.dataset.frame)"""


def measure_edits(context: BrowserContext, made: Site, n_edits: int, offline_seconds: float) -> list[Row]:
    """Edit through every trouble, then compare each coordinate with what was done."""
    page = context.new_page()
    open_viewer(page, made.clip_ids[1])
    work = Work(page, made)
    work.begin()
    started = time.monotonic()
    troubles = {n_edits // 4: _kill_and_restart, n_edits // 2: _go_offline}
    for at in range(n_edits // 10, n_edits, n_edits // 10):
        troubles.setdefault(at, _two_people)
    for at in sorted(troubles):
        while work.edits < at:
            work.burst()
            page.wait_for_timeout(30)
        troubles[at](work, context, offline_seconds)
    while work.edits < n_edits:
        work.burst()
        page.wait_for_timeout(30)
    work.saved()
    return [*_verdict(work), ("edits, duration", time.monotonic() - started, "s", None)]


def _kill_and_restart(work: Work, _context: BrowserContext, _seconds: float) -> None:
    work.burst()
    work.made.kill()
    for _ in range(10):
        work.burst()
        work.page.wait_for_timeout(200)
    work.made.start()
    work.saved()


def _go_offline(work: Work, context: BrowserContext, seconds: float) -> None:
    context.set_offline(True)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        work.burst()
        work.page.wait_for_timeout(700)
    context.set_offline(False)
    work.saved()


def _two_people(work: Work, _context: BrowserContext, _seconds: float) -> None:
    work.saved()
    work.somebody_else()
    work.settle_conflict()


def _verdict(work: Work) -> list[Row]:
    stored = work.stored()
    wrong = sum(
        any(abs(a - b) > ROUNDING_PX for a, b in zip(stored.get(frame, ()), box, strict=True))
        if frame in stored
        else True
        for frame, box in work.expected.items()
    )
    lost_foreign = sum(stored.get(frame, (None,))[0] != x1 for frame, x1 in work.foreign.items())
    return [
        ("edits made", work.edits, "edits", None),
        ("frames that differ from what was done", wrong, "frames", 0),
        ("changes of the other window lost", lost_foreign, "changes", 0),
        ("conflicts that did not surface", len(work.foreign) - work.conflicts, "conflicts", 0),
        ("conflicts surfaced and settled", work.conflicts, "conflicts", None),
    ]
