"""The live panel: area from the boxes on screen; features of the analysis, stale until computed again."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import N_FRAMES, SIZE, go_to, saved, values, viewer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FRAGMENT = """<div><select data-feature><optgroup label="first order">
<option value="firstorder_Mean" selected>mean</option></optgroup></select></div>"""


def drawn(page: Page) -> list[float | None]:
    """The values of the curve on screen."""
    return page.evaluate("Array.from(document.querySelector('#curve').data[0].y)")


def analysis(page: Page, answers: list[dict]) -> list[str]:
    """Stand in for the analysis side: the fragment, then one answer after another; returns what was asked."""
    asked: list[str] = []

    def answer(route):
        if "feature=" not in route.request.url:
            route.fulfill(body=FRAGMENT, content_type="text/html")
            return
        asked.append(route.request.url)
        body = answers[min(len(asked), len(answers)) - 1]
        route.fulfill(body=json.dumps(body), content_type="application/json")

    page.route("**/curves/**", answer)
    return asked


def curve(values_: list[float], *, stale: bool) -> dict:
    return {
        "feature": "firstorder_Mean",
        "unit": "grey",
        "frames": list(range(len(values_))),
        "values": values_,
    } | {
        "stale": stale,
        "revision": 1,
    }


def test_the_area_follows_the_boxes_at_once(open_page, ready):
    page = viewer(open_page, ready)
    expect(page.locator("#curve .main-svg").first).to_be_visible()
    x1, y1, x2, y2 = values(page)
    assert drawn(page)[0] == pytest.approx((x2 - x1) * (y2 - y1) * 0.01)
    assert len(drawn(page)) == N_FRAMES
    page.locator("#boxes input[data-name=x2]").fill(str(x2 + 20))
    page.keyboard.press("Tab")
    page.wait_for_timeout(400)
    assert drawn(page)[0] == pytest.approx((x2 + 20 - x1) * (y2 - y1) * 0.01)
    assert SIZE == (320, 240)


def test_the_cursor_follows_the_frame(open_page, ready):
    page = viewer(open_page, ready)
    expect(page.locator("#curve .main-svg").first).to_be_visible()
    cursor = page.locator(".curve-cursor")
    before = cursor.bounding_box()["x"]
    go_to(page, 30)
    assert cursor.bounding_box()["x"] > before + 100


def test_a_feature_goes_stale_with_an_edit_and_fresh_again(open_page, ready):
    page = viewer(open_page, ready)
    first, second = [float(i) for i in range(N_FRAMES)], [float(2 * i) for i in range(N_FRAMES)]
    asked = analysis(page, [curve(first, stale=False), curve(first, stale=True), curve(second, stale=False)])
    page.locator(".curve-panel").hover()
    page.locator("#feature").select_option("firstorder_Mean")
    state = page.locator("#curve-state")
    expect(state).to_have_attribute("data-kind", "fresh")
    assert drawn(page) == first
    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    expect(state).to_have_attribute("data-kind", "stale")
    saved(page)
    expect(state).to_have_attribute("data-kind", "fresh", timeout=10_000)
    assert drawn(page) == second
    assert len(asked) == 3
    assert "track=" in asked[-1]


def test_an_analysis_that_is_not_there_is_said(open_page, ready):
    page = viewer(open_page, ready)
    analysis(page, [{"values": [], "frames": [], "unit": "", "stale": True}])
    page.locator(".curve-panel").hover()
    page.locator("#feature").select_option("firstorder_Mean")
    expect(page.locator("#curve-state")).to_have_text("not computed yet")
