"""The live panel: area from the boxes on screen; features of the analysis, stale until computed again."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import N_FRAMES, SIZE, go_to, saved, values, viewer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NAMES = {"groups": [{"label": "first order", "features": [["firstorder_Mean", "mean"]]}]}


def drawn(page: Page) -> list[float | None]:
    """The values of the curve on screen."""
    return page.evaluate("Array.from(document.querySelector('#curve').data[0].y)")


def has_drawn(page: Page, wanted: list[float | None]) -> None:
    """The curve on screen is this one: it is drawn a moment after its numbers are there."""
    page.wait_for_function(
        "wanted => String(Array.from(document.querySelector('#curve').data?.[0].y ?? [])) === String(wanted)",
        arg=wanted,
    )


def analysis(page: Page, answers: list[dict]) -> list[str]:
    """Stand in for the analysis side's numbers: one answer after another; returns what was asked."""
    asked: list[str] = []

    def answer(route):
        asked.append(route.request.url)
        route.fulfill(json=answers[min(len(asked), len(answers)) - 1])

    page.route("**/curves/?feature=*", answer)
    return asked


def curve(values_: list[float], *, stale: bool) -> dict:
    frames = list(range(len(values_)))
    return {"feature": "firstorder_Mean", "unit": "grey", "frames": frames, "values": values_, "stale": stale}


def test_the_area_follows_the_boxes_at_once(open_page, ready):
    page = viewer(open_page, ready)
    expect(page.locator("#curve .main-svg").first).to_be_visible()
    x1, y1, x2, y2 = values(page)
    assert drawn(page)[0] == pytest.approx((x2 - x1) * (y2 - y1) * 0.01)
    assert len(drawn(page)) == N_FRAMES
    page.locator("#boxes input[data-name=x2]").fill(str(x2 + 20))
    page.keyboard.press("Tab")
    wider = (x2 + 20 - x1) * (y2 - y1) * 0.01
    page.wait_for_function(
        "wanted => Math.abs(document.querySelector('#curve').data[0].y[0] - wanted) < 1e-6", arg=wider
    )
    assert SIZE == (320, 240)


def test_the_cursor_follows_the_frame(open_page, ready):
    page = viewer(open_page, ready)
    expect(page.locator("#curve .main-svg").first).to_be_visible()
    cursor = page.locator(".curve-cursor")
    before = cursor.bounding_box()["x"]
    go_to(page, 30)
    assert cursor.bounding_box()["x"] > before + 100


def test_every_feature_is_offered_before_any_is_computed(open_page, ready):
    page = viewer(open_page, ready)
    expect(page.locator("#feature optgroup option")).to_have_count(91)
    expect(page.locator("#feature option[disabled]")).to_have_count(0)
    page.locator("#feature").select_option("glcm_Contrast")
    expect(page.locator("#curve-state")).to_have_text("not computed yet")


def test_the_features_come_however_late_the_rest_is(open_context, ready):
    """The names fail twice and the drawing library never comes: the choice is there all the same."""
    page = open_context(ready.readers[0]).new_page()
    refused = []

    def refuse_twice(route):
        if len(refused) < 2:
            refused.append(route.request.url)
            route.abort()
        else:
            route.fulfill(json=NAMES)

    page.route("**/curves/?names", refuse_twice)
    page.route("**/plotly-cartesian*", lambda route: route.abort())
    asked = analysis(page, [curve([1.0], stale=False)])
    page.goto(f"/clips/{ready.clip.pk}/")
    state = page.locator("#curve-state")
    expect(state).to_have_attribute("data-kind", "undrawn")
    page.locator("#feature").select_option("firstorder_Mean")
    assert len(refused) == 2
    page.unroute("**/plotly-cartesian*")
    expect(state).to_have_attribute("data-kind", "fresh")
    assert len(asked) == 1


def test_a_feature_that_was_chosen_is_shown_on_the_next_clip(open_page, ready):
    page = viewer(open_page, ready)
    page.locator("#feature").select_option("firstorder_Mean")
    page.reload()
    expect(page.locator("#feature")).to_have_value("firstorder_Mean")
    expect(page.locator("#curve-state")).to_have_text("not computed yet")


def test_a_frame_without_a_value_is_a_hole_in_the_curve(open_page, ready):
    page = viewer(open_page, ready)
    analysis(page, [curve([5.0, 6.0], stale=False) | {"frames": [0, 3]}])
    page.locator("#feature").select_option("firstorder_Mean")
    has_drawn(page, [5.0, None, None, 6.0, *[None] * (N_FRAMES - 4)])


def test_a_feature_goes_stale_with_an_edit_and_fresh_again(open_page, ready):
    page = viewer(open_page, ready)
    first, second = [float(i) for i in range(N_FRAMES)], [float(2 * i) for i in range(N_FRAMES)]
    asked = analysis(page, [curve(first, stale=False), curve(first, stale=True), curve(second, stale=False)])
    page.locator("#feature").select_option("firstorder_Mean")
    state = page.locator("#curve-state")
    expect(state).to_have_attribute("data-kind", "fresh")
    has_drawn(page, first)
    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    expect(state).to_have_attribute("data-kind", "stale")
    saved(page)
    expect(state).to_have_attribute("data-kind", "fresh")
    has_drawn(page, second)
    assert len(asked) == 3
    assert "track=" in asked[-1]


def test_an_analysis_that_is_not_there_is_said(open_page, ready):
    page = viewer(open_page, ready)
    analysis(page, [{"values": [], "frames": [], "unit": "", "stale": True}])
    page.locator("#feature").select_option("firstorder_Mean")
    expect(page.locator("#curve-state")).to_have_text("not computed yet")
