"""Every kind of edit, through the keys that annotators know."""

import pytest
from playwright.sync_api import Page, expect

from studies.models import Track
from studies.rules.tracks import boxes
from tests.browser.driving import (
    N_FRAMES,
    at_frame,
    drag,
    go_to,
    own_row,
    saved,
    screen_point,
    values,
    viewer,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def keys(page: Page, *names: str) -> None:
    page.locator("#stage").focus()
    for name in names:
        page.keyboard.press(name)


def has_box(number: int = 1) -> list[bool]:
    """Per frame, whether the stored track has a box."""
    track = Track.objects.get(source="reader", number=number)
    stored = track.revisions.get(number=track.head).keyframes
    return [found is not None for found in boxes(stored, N_FRAMES)]


def keyframes(number: int = 1) -> dict[int, dict]:
    track = Track.objects.get(source="reader", number=number)
    return {k["frame"]: k for k in track.revisions.get(number=track.head).keyframes}


def test_out_of_view_holds_until_the_next_keyframe(open_page, ready):
    page = viewer(open_page, ready)
    go_to(page, 20)
    keys(page, "o")
    expect(page.locator("#boxes")).to_contain_text("no box")
    saved(page)
    until = min(frame for frame in keyframes() if frame > 20)
    assert [i for i, has in enumerate(has_box()) if not has] == list(range(20, until))
    keys(page, "o")
    saved(page)
    assert all(has_box())


def test_reject_one_frame_and_delete_from_here(open_page, ready):
    page = viewer(open_page, ready)
    go_to(page, 10)
    keys(page, "g")
    go_to(page, 50)
    keys(page, "Delete")
    page.get_by_role("button", name="This frame and all after it").click()
    saved(page)
    assert [i for i, has in enumerate(has_box()) if not has] == [10, *range(50, 60)]


def test_deleting_the_track_and_undoing_keeps_its_identity(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "Shift+a", "Delete")
    page.get_by_role("button", name="The whole track").click()
    saved(page)
    track = Track.objects.get(source="reader")
    assert track.is_deleted
    expect(own_row(page)).to_have_count(0)
    keys(page, "Control+z")
    expect(own_row(page)).to_have_count(1)
    saved(page)
    track.refresh_from_db()
    assert not track.is_deleted


def test_flags_are_carried_to_the_next_keyframe(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "q", "u", "j")
    saved(page)
    first = keyframes()[0]
    assert (first["occluded"], first["truncated"], first["uncertain"]) == (True, True, True)
    keys(page, "f")
    expect(page.locator("#boxes")).to_contain_text("occluded, truncated, uncertain")


def test_copy_paste_and_propagate(open_page, ready):
    page = viewer(open_page, ready)
    here = values(page)
    keys(page, "Control+c")
    go_to(page, 25)
    keys(page, "Control+v")
    assert values(page) == here
    keys(page, "Control+b")
    page.locator("#propagate-to").fill("41")
    page.get_by_role("button", name="Copy", exact=True).click()
    for frame in (30, 40):
        go_to(page, frame)
        assert values(page) == here
    go_to(page, 41)
    assert values(page) != here
    saved(page)


def test_draw_a_second_track_then_merge(open_page, ready):
    page = viewer(open_page, ready)
    go_to(page, 50)
    keys(page, "n")
    drag(page, screen_point(page, 30, 30), screen_point(page, 90, 80))
    saved(page)
    expect(page.locator("#boxes tr")).to_have_count(3)
    keys(page, "m")
    page.locator("#boxes").get_by_role("button", name="Track 1").click()
    keys(page, "m")
    saved(page)
    tracks = Track.objects.filter(source="reader").order_by("number")
    assert [track.is_deleted for track in tracks] in ([True, False], [False, True])
    assert Track.objects.filter(source="reader", is_deleted=False).count() == 1


def test_two_clicks_draw_and_a_tiny_box_is_refused(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "Shift+n")
    page.mouse.click(*screen_point(page, 40, 40))
    page.mouse.click(*screen_point(page, 90, 100))
    drawn = values(page)
    assert drawn == pytest.approx([40, 40, 90, 100], abs=1)
    keys(page, "Shift+n")
    x, y = screen_point(page, 40, 40)
    page.mouse.click(x, y)
    page.mouse.click(x + 2, y + 2)
    expect(page.locator("#message")).to_contain_text("at least 3 × 3 pixels")
    assert values(page) == drawn


def test_a_box_drawn_past_the_border_is_clamped(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "Shift+n")
    x, y = screen_point(page, 300, 200)
    drag(page, (x, y), (x + 300, y + 100))
    assert values(page)[2:] == pytest.approx([320, 240], abs=0.1)


def test_split_makes_a_second_track(open_page, ready):
    page = viewer(open_page, ready)
    go_to(page, 30)
    keys(page, "Alt+m")
    expect(own_row(page)).to_have_count(1)
    saved(page)
    assert has_box(1) == [i < 30 for i in range(N_FRAMES)]
    assert has_box(2) == [i >= 30 for i in range(N_FRAMES)]
    keys(page, "Control+z")
    saved(page)
    assert has_box(1) == [True] * N_FRAMES
    assert Track.objects.get(number=2, source="reader").is_deleted


def test_travel_by_keyframes_gaps_and_needs(open_page, ready):
    page = viewer(open_page, ready)
    go_to(page, 20)
    keys(page, "o")
    saved(page)
    until = min(frame for frame in keyframes() if frame > 20)
    keys(page, "Home")
    at_frame(page, 0)
    keys(page, "b")
    at_frame(page, 20)
    keys(page, "b")
    at_frame(page, until)
    keys(page, "x", "x")
    at_frame(page, 0)
    keys(page, "End")
    at_frame(page, 59)
    keys(page, "e")
    assert int(page.locator("#stage").get_attribute("data-painted")) in keyframes()
    page.locator("#match").select_option("without")
    keys(page, "Escape", "Home", "ArrowRight")
    at_frame(page, 20)


def test_accepting_the_model_makes_it_a_persons(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "a")
    saved(page)
    assert {k["source"] for k in keyframes().values()} == {"human"}


def test_locked_tracks_do_not_change(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "l", "k")
    expect(page.locator("#message")).to_contain_text("locked")
    keys(page, "t", "h")
    expect(page.locator("#boxes tr")).to_have_count(1)
    assert not Track.objects.filter(source="reader").exists()


def test_layers_calliper_zoom_and_window(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "2")
    expect(page.locator("#boxes tr")).to_have_count(1)
    keys(page, "1")
    expect(page.locator("#message")).to_contain_text("detector has not run")
    page.get_by_role("button", name="Measure").click()
    drag(page, screen_point(page, 100, 100), screen_point(page, 200, 100))
    expect(page.locator("#calliper text")).to_have_text("10.0 mm")
    page.get_by_role("button", name="Brightness", exact=True).click()
    drag(page, screen_point(page, 100, 100), screen_point(page, 150, 120))
    assert "window-level" in page.locator("#picture").evaluate("node => node.style.filter")
    before = page.locator("#picture").bounding_box()["width"]
    page.get_by_role("button", name="Larger").click()
    assert page.locator("#picture").bounding_box()["width"] == pytest.approx(before * 1.3, rel=0.01)


def test_a_coordinator_looks_and_no_key_changes_anything(open_page, ready):
    page = open_page(ready.coordinator, f"/clips/{ready.clip.pk}/")
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    writes = []
    page.on("request", lambda request: writes.append(request.url) if request.method != "GET" else None)
    keys(page, "k", "o", "q", "a", "g", "i", "n")
    drag(page, screen_point(page, 20, 20), screen_point(page, 80, 80))
    keys(page, "Control+c", "Control+v", "Alt+m", "Delete")
    page.wait_for_timeout(1000)
    assert writes == []
    expect(page.locator("#save-state")).to_have_text("Nothing to save")
    assert not Track.objects.exclude(source="model").exists()
