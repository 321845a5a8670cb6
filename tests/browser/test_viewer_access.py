"""The viewer for everybody: keyboard alone, a tablet's touch, screen readers, both themes."""

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from studies.models import Track
from studies.services.annotation import track_patch
from tests.browser.driving import (
    N_FRAMES,
    TWO_PAINTS_JS,
    at_frame,
    own_row,
    saved,
    screen_point,
    values,
    viewer,
)
from tests.browser.looking import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}


def faults(page: Page) -> list[str]:
    """Serious and critical faults that axe-core finds, as sentences."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci)")
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in found
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(("theme", "language"), [("dark", "en"), ("light", "zh-hans")])
def test_axe_finds_no_serious_fault(open_context, ready, theme, language):
    """On the worklist, and on the viewer with each of its dialogs, before and after the signature."""
    context = open_context(ready.readers[0], bypass_csp=True, reduced_motion="reduce")
    address = context.request.get("/login/").url
    chosen = {"theme": theme, "django_language": language}
    context.add_cookies([{"name": n, "value": v, "url": address} for n, v in chosen.items()])
    page = context.new_page()
    page.goto(reverse("worklist", args=[ready.study.slug]))
    assert faults(page) == []
    page.goto(reverse("clip", args=[ready.clip.pk]))
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    expect(page.locator("#curve .main-svg").first).to_be_visible()
    assert faults(page) == []
    keys = {"F1": "help", "F2": "settings", "Delete": "delete", "Control+b": "propagate"}
    for key, dialog in (*keys.items(), ("Alt+Delete", "exclude"), ("Shift+G", "no-lesion")):
        page.locator("#stage").focus()
        page.keyboard.press(key)
        expect(page.locator(f"#dialog-{dialog}")).to_be_visible()
        assert faults(page) == [], dialog
        page.keyboard.press("Escape")
        expect(page.locator(f"#dialog-{dialog}")).to_be_hidden()
    page.locator("#stage").focus()
    page.keyboard.press("Shift+a")
    saved(page)
    page.locator("[data-act=history]").click()
    expect(page.locator("#history-rows tr")).to_have_count(2)
    assert faults(page) == [], "history"
    page.keyboard.press("Control+Enter")
    expect(page.locator("#dialog-sign")).to_be_visible()
    assert faults(page) == [], "sign"
    page.keyboard.press("Enter")
    expect(page.locator("#dialog-signed")).to_be_visible()
    assert faults(page) == [], "signed"
    page.keyboard.press("Escape")
    page.locator("#reopen").click()
    assert faults(page) == [], "re-open"


def test_axe_finds_no_serious_fault_in_a_conflict_and_in_a_read_only_window(open_context, ready):
    context = open_context(ready.readers[0], bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(reverse("clip", args=[ready.clip.pk]))
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    saved(page)
    track = Track.objects.get(source="reader")
    theirs = {"frame": 0, "x1": 5, "y1": 50, "x2": 65, "y2": 120}
    track_patch(
        actor=track.reader, track=track, base_revision=2, patch={"update": [theirs]}, idempotency_key="e"
    )
    page.keyboard.press("ArrowRight")
    expect(page.locator("#dialog-conflict")).to_be_visible()
    assert faults(page) == [], "conflict"
    second = context.new_page()
    second.goto(reverse("clip", args=[ready.clip.pk]))
    expect(second.locator("#elsewhere")).to_be_visible()
    assert faults(second) == [], "read-only"


def tab_to(page: Page, selector: str, limit: int = 80) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(limit):
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {selector}")


def test_the_whole_way_by_keyboard(open_page, ready):
    page = open_page(ready.readers[0], reverse("worklist", args=[ready.study.slug]))
    tab_to(page, ".page-head a.btn-primary")
    page.keyboard.press("Enter")
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    tab_to(page, "#stage")
    before = values(page)
    for key in ("f", "f", "v"):
        page.keyboard.press(key)
    at_frame(page, 12)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    moved = values(page)
    page.keyboard.press("k")
    assert page.locator("#boxes").get_by_text("interpolated").count() >= 1
    page.keyboard.press("Control+z")
    assert values(page) == moved
    page.keyboard.press("Shift+a")
    saved(page)
    tab_to(page, "#boxes input")
    page.keyboard.press("Control+a")
    page.keyboard.type("61")
    page.keyboard.press("Tab")
    assert values(page)[0] == 61
    assert page.evaluate("document.activeElement.dataset.name") == "y1"
    saved(page)
    page.keyboard.press("Shift+Tab")
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == "sign":
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, "#sign-now")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog-signed")).to_be_visible()
    track = Track.objects.get(source="reader")
    assert track.status == "signed"
    stored = {k["frame"]: k for k in track.revisions.get(number=track.head).keyframes}
    assert stored[12]["x1"] == 61
    assert before[0] != 61


def test_tab_goes_through_the_boxes_and_leaves_the_picture(open_page, ready):
    page = viewer(open_page, ready)
    page.locator("#stage").focus()
    page.keyboard.press("Escape")
    seen = []
    for _ in range(2):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "stage"
        page.evaluate(TWO_PAINTS_JS)
        seen.append(page.locator("#boxes button[aria-pressed=true]").inner_text())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "stage"
    assert sorted(seen) == ["Model", "Track 1"]
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "stage"
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") != "stage", "no trap on the way back"


def test_tab_brings_the_box_to_the_middle_of_a_zoomed_picture(open_page, ready):
    page = viewer(open_page, ready)
    page.locator("#stage").focus()
    for key in ("Escape", "+", "+", "+", "+", "Tab"):
        page.keyboard.press(key)
    x1, y1, x2, y2 = values(page)
    stage = page.locator("#stage").bounding_box()
    x, y = screen_point(page, (x1 + x2) / 2, (y1 + y2) / 2)
    assert x == pytest.approx(stage["x"] + stage["width"] / 2, abs=3)
    assert y == pytest.approx(stage["y"] + stage["height"] / 2, abs=3)
    page.keyboard.press("0")
    page.keyboard.press("]")
    assert "window-level" in page.locator("#picture").evaluate("node => node.style.filter")
    page.keyboard.press("\\")
    assert page.locator("#picture").evaluate("node => node.style.filter") == ""


@pytest.mark.parametrize(
    ("spacing", "placed", "moved"),
    [
        (0.1, "mm", r"\d+\.\d mm\. End 1 at"),
        (None, "px", r"\d+ px: pixels, since this clip is not calibrated"),
    ],
    ids=["calibrated", "not calibrated"],
)
def test_the_calliper_is_placed_moved_and_spoken_by_keys_alone(open_page, ready, spacing, placed, moved):
    ready.clip.spacing_row_mm = ready.clip.spacing_column_mm = spacing
    ready.clip.save()
    page = viewer(open_page, ready)
    spoken, length = page.locator("#mode-note"), page.locator("#calliper text")
    assert spoken.get_attribute("role") == "status"
    page.locator("#stage").focus()
    page.keyboard.press("s")
    expect(spoken).to_contain_text("press an arrow key")
    expect(length).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(length).to_contain_text(placed)
    first = float(length.text_content().split()[0])
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    unit = spacing or 1
    assert float(length.text_content().split()[0]) == pytest.approx(first + 30 * unit, abs=0.06)
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowLeft")
    assert float(length.text_content().split()[0]) == pytest.approx(first + 40 * unit, abs=0.06)
    expect(spoken).to_have_text(re.compile(moved))
    look(page, f"calliper_{placed}")
    for _ in range(40):
        page.keyboard.press("Shift+ArrowLeft")
    assert page.locator("#calliper circle[data-active]").count() == 1
    expect(spoken).to_contain_text("End 1 at 0,")
    page.keyboard.press("f")
    at_frame(page, 1)
    expect(length).to_be_visible()
    page.keyboard.press("Escape")
    expect(length).to_be_hidden()
    expect(spoken).to_be_hidden()
    assert not Track.objects.filter(source="reader").exists()


def test_keys_do_nothing_while_somebody_types(open_page, ready):
    page = viewer(open_page, ready)
    page.locator("#goto").focus()
    page.keyboard.press("f")
    page.keyboard.press("k")
    at_frame(page, 0)
    assert not Track.objects.filter(source="reader").exists()
    page.keyboard.press("F1")
    expect(page.locator("#dialog-help")).to_be_visible()
    page.keyboard.press("f")
    at_frame(page, 0)


def test_a_key_can_be_changed_conflicts_show_and_defaults_return(open_page, ready):
    page = viewer(open_page, ready)
    page.keyboard.press("F2")
    change = page.locator("#key-rows [data-action=nextFrame]")
    expect(change).to_contain_text("Change the key for: next frame")
    change.click()
    page.keyboard.press("k")
    expect(page.locator("#key-conflicts")).to_contain_text("K is used twice")
    change.click()
    page.keyboard.press("y")
    expect(page.locator("#key-conflicts")).to_be_hidden()
    page.locator("#dialog-settings").get_by_role("button", name="Close").click()
    page.locator("#stage").focus()
    page.keyboard.press("y")
    at_frame(page, 1)
    page.reload()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    page.locator("#stage").focus()
    page.keyboard.press("y")
    at_frame(page, 1)
    page.keyboard.press("F2")
    page.get_by_role("button", name="Back to the defaults").click()
    page.keyboard.press("Escape")
    page.locator("#stage").focus()
    page.keyboard.press("f")
    at_frame(page, 2)


class Fingers:
    """Touches as the screen of a tablet would report them."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def send(self, kind: str, points: list[tuple[float, float]]) -> None:
        """One touch event."""
        listed = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": listed})

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 6) -> None:
        """One finger, from here to there."""
        self.send("touchStart", [start])
        for step in range(1, steps + 1):
            part = step / steps
            self.send("touchMove", [tuple(a + (b - a) * part for a, b in zip(start, end, strict=True))])
        self.send("touchEnd", [])


def tap(page: Page, target: str, until: str, tries: int = 3) -> None:
    """Tap until something is there: on a busy machine a tap may become a long press, which does nothing."""
    for last in (False,) * (tries - 1) + (True,):
        page.locator(target).tap()
        try:
            expect(page.locator(until)).to_be_visible(timeout=5_000 if not last else None)
        except AssertionError:
            if last:
                raise
        else:
            return


def test_a_tablet_moves_resizes_draws_and_zooms(open_page, ready):
    page = viewer(open_page, ready, viewport={"width": 1180, "height": 820}, has_touch=True, is_mobile=True)
    fingers = Fingers(page)
    before = values(page)
    middle = screen_point(page, (before[0] + before[2]) / 2, (before[1] + before[3]) / 2)
    fingers.drag(middle, (middle[0] - 40, middle[1] + 20))
    moved = values(page)
    assert moved[0] < before[0] - 5
    assert moved[1] > before[1] + 2
    corner = screen_point(page, moved[2], moved[3])
    fingers.drag(corner, (corner[0] + 30, corner[1] + 30))
    resized = values(page)
    assert resized[2] > moved[2] + 4
    assert resized[:2] == moved[:2]
    width = page.locator("#picture").bounding_box()["width"]
    a, b = screen_point(page, 100, 100), screen_point(page, 200, 100)
    fingers.send("touchStart", [a, b])
    for spread in (10, 30, 60):
        fingers.send("touchMove", [(a[0] - spread, a[1]), (b[0] + spread, b[1])])
    fingers.send("touchEnd", [])
    assert page.locator("#picture").bounding_box()["width"] > width * 1.2
    page.locator("button[data-act=fit]").tap()
    page.locator("button[data-tool=draw]").tap()
    fingers.drag(screen_point(page, 20, 20), screen_point(page, 60, 70))
    expect(own_row(page)).to_have_count(2)
    saved(page)
    assert Track.objects.filter(source="reader").count() == 2
    tap(page, "#sign", until="#dialog-sign")
    tap(page, "#sign-now", until="#dialog-signed")
    assert set(Track.objects.filter(source="reader").values_list("status", flat=True)) == {"signed"}
    assert N_FRAMES == 60


def test_the_state_of_saving_is_spoken(open_page, ready):
    page = viewer(open_page, ready)
    state = page.locator("#save-state")
    assert state.get_attribute("aria-live") == "polite"
    state.evaluate("""(place) => {
      window.spoken = [];
      const note = () => { if (spoken.at(-1) !== place.textContent) spoken.push(place.textContent); };
      new MutationObserver(note).observe(place, { childList: true, characterData: true, subtree: true });
    }""")
    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    saved(page)
    spoken = page.evaluate("spoken")
    assert spoken[0] == "1 unsaved"
    assert "Saving…" in spoken
    assert re.fullmatch(r"Saved \d\d:\d\d:\d\d", spoken[-1])
