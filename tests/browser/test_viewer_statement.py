"""No lesion in a clip: stated with a reason, undone, kept over a reload, signed, in conflict with a box."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from studies.models import Track
from studies.services.annotation import track_patch
from tests.browser.driving import own_row, saved, values, viewer
from tests.browser.looking import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = "No lesion is seen in any frame: the sweep does not pass over it."


def keys(page: Page, *names: str) -> None:
    page.locator("#stage").focus()
    for name in names:
        page.keyboard.press(name)


def state_none(page: Page, number: str = "1") -> None:
    keys(page, "Shift+G")
    expect(page.locator("#dialog-no-lesion")).to_be_visible()
    look(page, "no_lesion_dialog")
    page.keyboard.press(number)
    expect(page.locator("#statements")).to_be_visible()
    # The number that chose is no key of the page behind the dialog.
    expect(page.locator("button[data-layer=detections]")).to_have_attribute("aria-pressed", "false")


def the_track() -> Track:
    return Track.objects.get(source="reader")


def head(track: Track) -> list[dict]:
    return track.revisions.get(number=track.head).keyframes


def test_by_keys_from_the_statement_over_undo_and_reload_to_the_signature(open_page, ready):
    page = viewer(open_page, ready)
    before = values(page)
    state_none(page)
    expect(page.locator("#statements")).to_have_text(WORDS)
    expect(page.locator("[data-act=noLesion]")).to_have_attribute("aria-pressed", "true")
    assert own_row(page).count() == 0
    keys(page, "Control+z")
    expect(page.locator("#statements")).to_be_hidden()
    assert values(page) == before
    keys(page, "Control+Shift+z")
    saved(page)
    assert the_track().no_lesion == "not_in_view"
    page.reload()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    expect(page.locator("#statements")).to_have_text(WORDS)
    look(page, "no_lesion_stated")
    keys(page, "Control+Enter")
    expect(page.locator("#checklist li")).to_have_text([WORDS])
    page.keyboard.press("Enter")
    expect(page.locator("#dialog-signed")).to_be_visible()
    track = the_track()
    assert (track.status, track.no_lesion) == ("signed", "not_in_view")
    page.goto(reverse("worklist", args=[ready.study.slug]))
    expect(page.locator("main table")).to_contain_text("no lesion seen")


def test_a_box_drawn_later_takes_it_back_on_the_same_track(open_page, ready):
    page = viewer(open_page, ready)
    state_none(page, "3")
    rect = page.locator("#picture").bounding_box()
    keys(page, "n")
    page.mouse.move(rect["x"] + 60, rect["y"] + 60)
    page.mouse.down()
    page.mouse.move(rect["x"] + 200, rect["y"] + 180)
    page.mouse.up()
    expect(page.locator("#statements")).to_be_hidden()
    saved(page)
    track = the_track()
    assert track.no_lesion == ""
    assert [(k["frame"], k["outside"]) for k in head(track)] == [(0, False)]
    keys(page, "Control+z")
    expect(page.locator("#statements")).to_contain_text("cannot be told from the tissue")
    keys(page, "Shift+G")
    expect(page.locator("#message")).to_contain_text("Taken back")
    saved(page)
    assert the_track().no_lesion == ""


def test_every_track_of_the_reader_goes_and_comes_again_in_one_step(open_page, ready):
    page = viewer(open_page, ready)
    page.get_by_role("button", name="Next frame", exact=True).click()
    page.locator("#stage").focus()
    keys(page, "Alt+m")
    expect(page.locator("#boxes tr")).to_have_count(3)
    state_none(page)
    expect(page.locator("#boxes tr")).to_have_count(2)
    saved(page)
    assert list(Track.objects.filter(source="reader", is_deleted=False).values_list("number", flat=True)) == [
        1
    ]
    keys(page, "Control+z")
    expect(page.locator("#boxes tr")).to_have_count(3)
    saved(page)
    assert Track.objects.filter(source="reader", is_deleted=False, no_lesion="").count() == 2


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_a_statement_against_a_box_is_a_conflict_of_the_whole_clip(open_page, ready, side):
    page = viewer(open_page, ready)
    keys(page, "ArrowRight")
    saved(page)
    track = the_track()
    moved = {**head(track)[0], "x1": 5.0, "x2": 80.0}
    track_patch(
        actor=track.reader,
        track=track,
        base_revision=track.head,
        patch={"update": [moved]},
        idempotency_key="elsewhere",
        command="move",
    )
    state_none(page)
    dialog = page.locator("#dialog-conflict")
    expect(dialog.locator("tbody tr")).to_have_count(1)
    expect(dialog.locator("tbody tr")).to_contain_text(WORDS)
    look(page, f"no_lesion_conflict_{side}")
    dialog.locator(f"input[value={side}]").check()
    dialog.get_by_role("button", name="Keep both").click()
    saved(page)
    track.refresh_from_db()
    if side == "mine":
        assert track.no_lesion == "not_in_view"
        assert all(k["outside"] for k in head(track))
    else:
        assert track.no_lesion == ""
        assert head(track)[0]["x1"] == 5.0
        expect(page.locator("#statements")).to_be_hidden()
