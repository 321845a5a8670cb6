"""The viewer for everybody: keyboard alone, a tablet's touch, screen readers, both themes."""

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from studies.models import Track
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


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_no_serious_fault(open_context, ready, theme):
    context = open_context(ready.readers[0], bypass_csp=True, reduced_motion="reduce")
    context.add_cookies([{"name": "theme", "value": theme, "url": context.request.get("/login/").url}])
    page = context.new_page()
    page.goto(reverse("worklist", args=[ready.study.slug]))
    assert faults(page) == []
    page.goto(reverse("clip", args=[ready.clip.pk]))
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    expect(page.locator("#curve .main-svg").first).to_be_visible()
    assert faults(page) == []
    for key, dialog in (("F1", "help"), ("F2", "settings"), ("Delete", "delete"), ("Control+b", "propagate")):
        page.locator("#stage").focus()
        page.keyboard.press(key)
        expect(page.locator(f"#dialog-{dialog}")).to_be_visible()
        assert faults(page) == [], dialog
        page.keyboard.press("Escape")
        expect(page.locator(f"#dialog-{dialog}")).to_be_hidden()


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
