"""What a sonographer does in the viewer, in a real Chromium, from the worklist to the signature."""

import re
from itertools import pairwise

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from studies.models import Revision, Track
from studies.rules.tracks import box_at
from studies.services.annotation import model_track_store, track_open_for_reader
from tests.browser.clips import READ_FRAME_JS, lesion_box, numbered_clip
from tests.browser.driving import (
    N_FRAMES,
    SIZE,
    at_frame,
    drag,
    drag_own_box,
    go_to,
    saved,
    screen_point,
    values,
    viewer,
)

FRAME_MS = 50

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_from_the_worklist_to_the_signature(open_page, ready):
    page = open_page(ready.readers[0], reverse("worklist", args=[ready.study.slug]))
    page.get_by_role("link", name="Read the next clip").click()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    for key, frame in (("f", 1), ("v", 11), ("c", 1), ("d", 0)):
        page.keyboard.press(key)
        at_frame(page, frame)
    before = values(page)
    drag_own_box(page, -30, 0)
    after = values(page)
    assert after[0] < before[0] - 5
    assert after[2] - after[0] == pytest.approx(before[2] - before[0], abs=0.05)
    saved(page)
    track = Track.objects.get(source="reader")
    assert track.reader == ready.readers[0]
    stored = track.revisions.get(number=track.head).keyframes
    assert box_at(stored, 0, N_FRAMES) == pytest.approx(after)
    page.get_by_role("button", name="Check and sign").click()
    expect(page.locator("#checklist li[data-ok=true]")).to_have_count(3)
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator("#dialog-signed")).to_be_visible()
    track.refresh_from_db()
    assert track.status == "signed"
    page.get_by_role("link", name="Worklist").click()
    expect(page.get_by_text("signed by you", exact=True)).to_be_visible()


@pytest.mark.parametrize("opened", [False, True])
def test_the_strip_has_its_height_before_the_script_comes(open_page, ready, opened):
    if opened:
        track_open_for_reader(actor=ready.readers[0], clip=ready.clip)
    page = viewer(open_page, ready)
    drawn = page.locator("#timeline").evaluate(
        "(strip) => { const drawn = strip.style.height; strip.style.height = ''; "
        "return [drawn, getComputedStyle(strip).height]; }"
    )
    assert drawn[0] == drawn[1] == f"{8 + 16 * 2}px"


def test_signing_and_the_next_clip_are_a_key_each(open_page, ready, pack_folder):
    clips = [ready.clip, *(numbered_clip(ready.patient, pack_folder, N_FRAMES, SIZE) for _ in range(2))]
    for clip in clips[1:]:
        model_track_store(clip=clip, boxes=[lesion_box(i, *SIZE) for i in range(N_FRAMES)], confidences=None)
    page = open_page(ready.readers[0], reverse("worklist", args=[ready.study.slug]))
    expect(page.locator(".reading-progress")).to_have_text("0 of 3 signed, 3 left")
    page.get_by_role("link", name="Read the next clip").click()
    for n, clip in enumerate(clips, start=1):
        expect(page).to_have_url(re.compile(str(clip.pk)))
        expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
        page.locator("#stage").focus()
        page.keyboard.press("a")
        saved(page)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#sign-now")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#signed-progress")).to_have_text(f"{n} of 3 signed, {3 - n} left")
        if n == 1:
            page.get_by_role("button", name="Stay here").click()
            page.keyboard.press("Control+Enter")
        elif n == 2:
            page.keyboard.press("Enter")
    expect(page.locator("#dialog-signed")).to_contain_text("No further clip waits for you")
    assert Track.objects.filter(source="reader", status="signed").count() == 3
    last = Revision.objects.get(track__clip=clips[2], command="sign")
    assert last.active_seconds > 0


def test_a_handle_resizes_and_undo_survives_save_and_reload(open_page, ready):
    page = viewer(open_page, ready)
    before = values(page)
    start = screen_point(page, before[2], before[3])
    drag(page, start, (start[0] + 40, start[1] + 30))
    after = values(page)
    assert after[:2] == before[:2]
    assert after[2] > before[2] + 5
    assert after[3] > before[3] + 5
    saved(page)
    page.reload()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    assert values(page) == after
    page.locator("#stage").focus()
    page.keyboard.press("Control+z")
    assert values(page) == pytest.approx(before, abs=0.01)
    saved(page)
    page.keyboard.press("Control+Shift+z")
    assert values(page) == after
    expect(page.locator("#save-state")).to_have_text(re.compile("Saved"))
    page.wait_for_function("() => document.querySelector('#save-state').dataset.count === '0'")
    assert Revision.objects.filter(track__source="reader").count() == 4


def test_the_frame_shown_is_the_frame_asked_for(open_page, ready):
    page = viewer(open_page, ready)
    for frame in (59, 3, 41, 40, 0, 17):
        go_to(page, frame)


def longest_in_time(seen: list[tuple[float, int]]) -> int:
    """Length in frames of the longest stretch of playback that keeps the clip's pace of 50 ms a frame.

    A stall for want of frames begins a new stretch; a player that drifts never has a long one.
    """
    longest, began, frames = 0, seen[0][0], 0
    for (_, before), (at, frame) in pairwise(seen):
        frames += (frame - before) % N_FRAMES
        if abs(frames - (at - began) / FRAME_MS) > 1.5:
            began, frames = at, 0
        longest = max(longest, frames)
    return longest


def test_the_pace_of_playback_can_be_missed():
    assert longest_in_time([(50 * i, i) for i in range(30)]) == 29
    assert longest_in_time([(50 * i + (400 if i > 8 else 0), i) for i in range(30)]) == 20
    assert longest_in_time([(16 * i, i) for i in range(90)]) < 5


def test_playback_follows_the_clock_and_stops(open_page, ready):
    page = viewer(open_page, ready)
    page.locator("#stage").focus()
    page.evaluate("""() => {
      window.seen = [];
      const note = (event) => seen.push([performance.now(), event.detail]);
      document.querySelector("#stage").addEventListener("framepaint", note);
    }""")
    page.keyboard.press("Space")
    page.wait_for_function("() => seen.length >= 40")
    page.keyboard.press("Space")
    assert longest_in_time(page.evaluate("seen")) >= 10
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    painted = int(page.locator("#stage").get_attribute("data-painted"))
    assert page.evaluate(READ_FRAME_JS) == painted


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_both_languages_lead_to_the_signature(open_context, ready, language):
    context = open_context(ready.readers[0])
    context.add_cookies(
        [{"name": "django_language", "value": language, "url": context.request.get("/login/").url}]
    )
    page = context.new_page()
    page.goto(reverse("worklist", args=[ready.study.slug]))
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.locator(".page-head a.btn-primary").click()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    drag_own_box(page, 20, 0)
    saved(page)
    page.locator("#sign").click()
    expect(page.locator("#checklist li[data-ok=true]")).to_have_count(3)
    if language == "zh-hans":
        words = page.locator("#dialog-sign").inner_text() + page.locator("#save-state").inner_text()
        assert re.search("[\u4e00-\u9fff]", words)
    page.locator("#sign-now").click()
    expect(page.locator("#dialog-signed")).to_be_visible()
    assert Track.objects.get(source="reader").status == "signed"


def test_the_picture_has_its_true_aspect_and_lengths_follow_it(open_page, ready):
    """Pixels twice as tall as wide: the picture is stretched, and the calliper measures in mm both ways."""
    ready.clip.spacing_row_mm, ready.clip.spacing_column_mm = 0.2, 0.1
    ready.clip.save()
    page = viewer(open_page, ready)
    picture = page.locator("#picture").bounding_box()
    assert picture["height"] / picture["width"] == pytest.approx(2 * SIZE[1] / SIZE[0], rel=0.01)
    page.get_by_role("button", name="Measure").click()
    drag(page, screen_point(page, 100, 50), screen_point(page, 100, 150))
    expect(page.locator("#calliper text")).to_have_text("20.0 mm")
    drag(page, screen_point(page, 150, 50), screen_point(page, 250, 50))
    expect(page.locator("#calliper text")).to_have_text("10.0 mm")
    drag(page, screen_point(page, 250, 50), screen_point(page, 350, 50))
    expect(page.locator("#calliper text")).to_have_text(
        re.compile(r"1[67]\.\d mm")
    )  # an end is taken; it stays inside


def test_over_plain_http_and_with_nothing_stored_the_work_is_saved_all_the_same(open_context, ready):
    """What a browser leaves out of an insecure page, and a browser that forbids IndexedDB."""
    page = open_context(ready.readers[0]).new_page()
    page.add_init_script("""
      delete Crypto.prototype.randomUUID;
      Object.defineProperty(Navigator.prototype, "locks", { get: () => undefined });
      indexedDB.open = () => { throw new DOMException("forbidden", "SecurityError"); };
    """)
    page.goto(reverse("clip", args=[ready.clip.pk]))
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    expect(page.locator("#message")).to_contain_text("lets the page store nothing")
    drag_own_box(page, 20, 0)
    saved(page)
    assert Track.objects.get(source="reader").head == 2


def test_a_viewer_that_cannot_start_says_so(open_context, ready):
    page = open_context(ready.readers[0]).new_page()
    page.add_init_script("Storage.prototype.getItem = () => { throw new Error('broken'); };")
    page.goto(reverse("clip", args=[ready.clip.pk]))
    expect(page.locator("#message")).to_contain_text("The viewer could not start", timeout=20_000)
