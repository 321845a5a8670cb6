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
    propagate(page, "frame", 41)
    shows(page, here, on=(30, 40), not_on=(24, 41))
    go_to(page, 25)
    propagate(page, "before", 5)
    shows(page, here, on=(20, 22), not_on=(19,))
    go_to(page, 40)
    propagate(page, "next", 100)
    shows(page, here, on=(41, 59), not_on=())
    saved(page)


def propagate(page: Page, way: str, number: int) -> None:
    """Ctrl+B and the dialog: a number typed into a line chooses it."""
    keys(page, "Control+b")
    page.locator(f"#propagate-{way}").fill(str(number))
    expect(page.locator(f"#propagate-by-{way}")).to_be_checked()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#dialog-propagate")).to_be_hidden()


def shows(page: Page, box: list[float], *, on: tuple[int, ...], not_on: tuple[int, ...]) -> None:
    """Whether my box stands at this place on some frames and not on others."""
    for frame in (*on, *not_on):
        go_to(page, frame)
        assert (values(page) == box) == (frame in on), frame


def draw_second(page: Page, frame: int = 50) -> None:
    """A further track of mine that begins late in the clip."""
    go_to(page, frame)
    keys(page, "Escape", "n")
    drag(page, screen_point(page, 30, 30), screen_point(page, 90, 80))
    expect(own_row(page)).to_have_count(2)


def click_box(page: Page, box: list[float]) -> None:
    """Near its lower left corner, where the boxes of these tests do not overlap."""
    page.mouse.click(*screen_point(page, box[0] + 8, box[3] - 5))


def test_merge_by_m_click_click_m(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "m")
    expect(page.locator("#message")).to_contain_text("two tracks of your own")
    draw_second(page)
    keys(page, "Escape", "m")
    note = page.locator("#mode-note")
    expect(note).to_contain_text("click the tracks")
    first = [float(field.input_value()) for field in own_row(page).nth(0).locator("input").all()]
    click_box(page, [30, 30, 90, 80])
    expect(note).to_contain_text("Chosen: Track 2")
    click_box(page, first)
    expect(note).to_contain_text("Merge Track 2 + Track 1")
    keys(page, "Escape")
    expect(note).to_be_hidden()
    expect(own_row(page)).to_have_count(2)
    keys(page, "m")
    click_box(page, [30, 30, 90, 80])
    keys(page, "m")
    expect(own_row(page)).to_have_count(1)
    saved(page)
    tracks = Track.objects.filter(source="reader").order_by("number")
    assert [track.is_deleted for track in tracks] == [False, True]
    assert all(has_box())
    keys(page, "Control+z")
    expect(own_row(page)).to_have_count(2)
    saved(page)
    assert not Track.objects.filter(is_deleted=True).exists()


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


def test_every_one_of_the_eight_handles_moves_its_sides(open_page, ready):
    page = viewer(open_page, ready)
    sides = {"x1": 0, "y1": 1, "x2": 2, "y2": 3}
    handles = [("x1", "y1"), ("y1",), ("x2", "y1"), ("x2",), ("x2", "y2"), ("y2",), ("x1", "y2"), ("x1",)]
    for moved in handles:
        box = values(page)
        x = box[0] if "x1" in moved else box[2] if "x2" in moved else (box[0] + box[2]) / 2
        y = box[1] if "y1" in moved else box[3] if "y2" in moved else (box[1] + box[3]) / 2
        start = screen_point(page, x, y)
        drag(page, start, (start[0] - 9, start[1] - 9))
        now = values(page)
        for name, i in sides.items():
            assert (abs(now[i] - box[i]) > 1) == (name in moved), (moved, box, now)


def test_arrows_nudge_by_one_and_ten_and_stop_at_the_border(open_page, ready):
    page = viewer(open_page, ready)
    box = values(page)
    keys(page, "ArrowUp", "ArrowLeft", "Shift+ArrowRight", "Shift+ArrowDown")
    assert values(page) == pytest.approx([box[0] + 9, box[1] + 9, box[2] + 9, box[3] + 9], abs=0.01)
    keys(page, *["Shift+ArrowDown"] * 12)
    after = values(page)
    assert after[3] == 240
    assert after[3] - after[1] == pytest.approx(box[3] - box[1], abs=0.01)


def test_the_box_under_the_pointer_is_meant_until_one_is_pinned(open_page, ready):
    page = viewer(open_page, ready)
    first = values(page)
    draw_second(page, frame=0)
    saved(page)
    keys(page, "Escape", "k")
    expect(page.locator("#message")).to_contain_text("Choose a track of your own first")
    page.mouse.move(*screen_point(page, 40, 70))
    keys(page, "q")
    saved(page)
    assert keyframes(2)[0]["occluded"]
    page.mouse.move(*screen_point(page, first[0] + 8, first[3] - 5))
    keys(page, "q")
    saved(page)
    assert keyframes(1)[0]["occluded"]
    click_box(page, [30, 30, 90, 80])
    page.mouse.move(*screen_point(page, first[0] + 8, first[3] - 5))
    keys(page, "q")
    saved(page)
    assert not keyframes(2)[0]["occluded"]
    assert keyframes(1)[0]["occluded"]


def test_interpolation_is_switched_in_a_gap_and_in_the_whole_track(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "Shift+a")
    saved(page)
    first, second = sorted(keyframes())[:2]
    go_to(page, (first + second) // 2)
    keys(page, "i")
    expect(page.locator("#boxes")).to_contain_text("no box")
    saved(page)
    assert [i for i, has in enumerate(has_box()) if not has] == list(range(first + 1, second))
    keys(page, "i")
    saved(page)
    assert all(has_box())
    keys(page, "Control+i")
    saved(page)
    assert [i for i, has in enumerate(has_box()) if has] == [i for i in keyframes() if has_box()[i]]
    assert has_box().count(False) > N_FRAMES // 2
    keys(page, "Control+i")
    saved(page)
    assert all(has_box())


def test_pinned_locked_and_hidden_tracks(open_page, ready):
    page = viewer(open_page, ready)
    box = values(page)
    keys(page, "p")
    expect(page.locator("#boxes")).to_contain_text("pinned")
    middle = screen_point(page, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    drag(page, middle, (middle[0] + 60, middle[1]))
    assert values(page) == box
    keys(page, "p")
    drag(page, middle, (middle[0] + 60, middle[1]))
    assert values(page)[0] > box[0] + 5
    keys(page, "t", "l")
    expect(own_row(page)).to_have_count(0)
    keys(page, "k")
    expect(page.locator("#message")).to_contain_text("locked")
    keys(page, "t", "l")
    expect(own_row(page)).to_have_count(1)
    keys(page, "h")
    expect(page.locator("#boxes tr")).to_have_count(1)
    keys(page, "t", "h")
    expect(page.locator("#boxes tr")).to_have_count(2)
    saved(page)
    keys(page, "l", "Shift+Delete")
    expect(own_row(page)).to_have_count(0)
    saved(page)
    assert Track.objects.get(source="reader").is_deleted


def test_escape_leaves_the_tool_then_the_selection_and_deletes_nothing(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "n")
    page.mouse.click(*screen_point(page, 40, 40))
    page.mouse.move(*screen_point(page, 90, 90))
    expect(page.locator("#draft")).to_be_visible()
    keys(page, "Escape")
    expect(page.locator("#draft")).to_be_hidden()
    expect(page.locator("#stage")).to_have_attribute("data-tool", "select")
    expect(page.locator("#boxes button[aria-pressed=true]")).to_have_count(1)
    keys(page, "Escape")
    expect(page.locator("#boxes button[aria-pressed=true]")).to_have_count(0)
    keys(page, "Escape", "Escape")
    expect(own_row(page)).to_have_count(1)
    expect(page.locator("#save-state")).to_have_text("Nothing to save")


def test_undo_goes_to_the_frame_names_the_act_and_a_new_act_clears_redo(open_page, ready):
    page = viewer(open_page, ready)
    go_to(page, 20)
    keys(page, "o")
    go_to(page, 45)
    undo, redo = page.locator("#undo"), page.locator("#redo")
    expect(undo).to_have_attribute("title", "Undo: out of view, frame 21")
    keys(page, "Control+z")
    at_frame(page, 20)
    expect(own_row(page)).to_have_count(1)
    expect(redo).to_have_attribute("title", "Redo: out of view, frame 21")
    go_to(page, 3)
    keys(page, "Control+y")
    at_frame(page, 20)
    expect(own_row(page)).to_have_count(0)
    keys(page, "Control+z")
    expect(redo).to_be_enabled()
    keys(page, "Shift+a")
    expect(redo).to_be_disabled()
