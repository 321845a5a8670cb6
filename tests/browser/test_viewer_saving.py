"""Nothing is lost: offline, reload, a dead server, two windows, a conflict, a signature elsewhere."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from studies.models import AuditEvent, Revision, Track
from studies.services.annotation import track_open_for_reader, track_patch, track_sign
from tests.browser.driving import (
    N_FRAMES,
    answers_held,
    at_frame,
    drag_own_box,
    go_to,
    own_row,
    saved,
    screen_point,
    values,
    viewer,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAVE = "#save-state"


def nudge(page: Page, key: str, times: int = 1) -> None:
    page.locator("#stage").focus()
    for _ in range(times):
        page.keyboard.press(key)


def state_of(page: Page) -> str:
    return page.locator(SAVE).get_attribute("data-kind") or ""


def the_track() -> Track:
    return Track.objects.get(source="reader")


def head(track: Track) -> list[dict]:
    track.refresh_from_db()
    return track.revisions.get(number=track.head).keyframes


def stored_x1(frame: int) -> float | None:
    return next((k["x1"] for k in head(the_track()) if k["frame"] == frame), None)


def edit_elsewhere(track: Track, frame: int, x1: float) -> None:
    """The same reader, in another place, saves a keyframe."""
    track.refresh_from_db()
    part = "update" if any(k["frame"] == frame for k in head(track)) else "create"
    keyframe = {"frame": frame, "x1": x1, "y1": 50, "x2": x1 + 60, "y2": 120}
    track_patch(
        actor=track.reader,
        track=track,
        base_revision=track.head,
        patch={part: [keyframe]},
        idempotency_key=f"elsewhere-{track.head}",
        command="move",
    )


def test_work_offline_survives_a_reload_and_is_sent_later(open_page, ready):
    page = viewer(open_page, ready)
    page.route("**/api/v1/**", lambda route: route.abort())
    before = values(page)
    nudge(page, "ArrowRight", 3)
    expect(page.locator(SAVE)).to_have_attribute("data-kind", "offline")
    expect(page.locator(SAVE)).to_contain_text("unsaved")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    assert values(page)[0] == before[0] + 3
    assert not Track.objects.filter(source="reader").exists()
    page.unroute("**/api/v1/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    saved(page)
    assert stored_x1(0) == before[0] + 3
    page.locator("#stage").focus()
    page.keyboard.press("Control+z")
    saved(page)
    assert stored_x1(0) == before[0] + 2


def test_an_answer_that_gets_lost_is_not_applied_twice(open_page, ready):
    page = viewer(open_page, ready)
    lost = []

    def lose(route):
        if route.request.method == "PATCH" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/tracks/**", lose)
    drag_own_box(page, 25, 10)
    saved(page)
    assert lost == [200]
    assert [r.command for r in the_track().revisions.all()] == ["open", "move"]


def test_both_sides_of_a_conflict_are_shown_and_both_are_kept(open_page, ready):
    page = viewer(open_page, ready)
    nudge(page, "ArrowRight")
    saved(page)
    track = the_track()
    edit_elsewhere(track, 30, 77)
    edit_elsewhere(track, 0, 5)
    with answers_held(page):
        nudge(page, "ArrowRight")
        go_to(page, 12)
        nudge(page, "k")
    dialog = page.locator("#dialog-conflict")
    expect(dialog).to_be_visible()
    expect(dialog.locator("tbody tr")).to_have_count(1)
    expect(dialog.locator("tbody tr")).to_contain_text("5, 50, 65, 120")
    mine = values(page)
    dialog.get_by_role("button", name="Keep both").click()
    saved(page)
    frames = {k["frame"]: k for k in head(track)}
    assert frames[30]["x1"] == 77
    assert frames[12]["x1"] == pytest.approx(mine[0], abs=0.01)
    assert frames[0]["x1"] != 5
    assert Revision.objects.get(track=track, number=track.head).command == "resolve conflict"


def test_a_conflict_waits_until_the_box_is_let_go(open_page, ready):
    page = viewer(open_page, ready)
    nudge(page, "ArrowRight")
    saved(page)
    track = the_track()
    edit_elsewhere(track, 30, 77)
    x1, y1, x2, y2 = values(page)
    start = screen_point(page, (x1 + x2) / 2, (y1 + y2) / 2)
    nudge(page, "ArrowRight")
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 20, start[1] + 10)
    expect(page.locator(SAVE)).to_have_attribute("data-kind", "conflict")
    page.wait_for_timeout(300)
    dialog = page.locator("#dialog-conflict")
    expect(dialog).to_be_hidden()
    page.mouse.move(start[0] + 40, start[1] + 20)
    page.mouse.up()
    expect(dialog).to_be_visible()
    dragged = values(page)
    assert dragged[0] > x1 + 10
    dialog.get_by_role("button", name="Keep both").click()
    saved(page)
    frames = {k["frame"]: k for k in head(track)}
    assert frames[30]["x1"] == 77
    assert frames[0]["x1"] == pytest.approx(dragged[0], abs=0.01)


@pytest.mark.parametrize("side", ["merge", "theirs"])
def test_a_key_pressed_the_moment_a_conflict_is_settled_is_kept(open_page, ready, side):
    page = viewer(open_page, ready)
    nudge(page, "ArrowRight")
    saved(page)
    track = the_track()
    edit_elsewhere(track, 30, 77)
    nudge(page, "ArrowRight")
    expect(page.locator("#dialog-conflict")).to_be_visible()
    before = values(page)
    page.evaluate(
        """(side) => {
          document.querySelector(`#dialog-conflict button[value=${side}]`).click();
          const options = {key: "ArrowDown", bubbles: true, cancelable: true};
          document.querySelector("#stage").dispatchEvent(new KeyboardEvent("keydown", options));
        }""",
        side,
    )
    expect(page.locator("#dialog-conflict")).to_be_hidden()
    saved(page)
    frames = {k["frame"]: k for k in head(track)}
    assert frames[30]["x1"] == 77
    assert frames[0]["y1"] == before[1] + 1
    assert values(page)[1] == before[1] + 1


def test_a_number_half_typed_when_a_conflict_comes_is_kept(open_page, ready):
    page = viewer(open_page, ready)
    nudge(page, "ArrowRight")
    saved(page)
    track = the_track()
    edit_elsewhere(track, 30, 77)
    with answers_held(page):
        nudge(page, "ArrowRight")
        page.locator("#boxes input[data-name=x1]").fill("31")
    dialog = page.locator("#dialog-conflict")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Keep both").click()
    saved(page)
    frames = {k["frame"]: k for k in head(track)}
    assert (frames[0]["x1"], frames[30]["x1"]) == (31, 77)


def test_their_side_of_a_conflict_can_be_chosen(open_page, ready):
    page = viewer(open_page, ready)
    nudge(page, "ArrowRight")
    saved(page)
    edit_elsewhere(the_track(), 0, 5)
    nudge(page, "ArrowDown")
    dialog = page.locator("#dialog-conflict")
    dialog.locator("input[value=theirs]").check()
    dialog.get_by_role("button", name="Keep both").click()
    saved(page)
    assert values(page)[0] == 5
    assert stored_x1(0) == 5


def test_a_signature_elsewhere_locks_and_keeps_the_unsaved_work(open_page, ready):
    page = viewer(open_page, ready)
    nudge(page, "ArrowRight")
    saved(page)
    track = the_track()
    track.refresh_from_db()
    track_sign(actor=track.reader, track=track, base_revision=track.head)
    nudge(page, "ArrowRight")
    expect(page.locator("#dialog-locked")).to_be_visible()
    page.get_by_role("button", name="Keep them here").click()
    assert state_of(page) == "locked"
    page.get_by_role("button", name="Compare and decide").click()
    page.locator("#dialog-locked").get_by_role("button", name="Drop my unsaved changes").click()
    expect(page.locator(SAVE)).to_have_attribute("data-count", "0")
    expect(own_row(page)).to_have_count(0)


def test_a_second_window_is_read_only_until_it_takes_over(open_context, ready):
    context = open_context(ready.readers[0])
    address = reverse("clip", args=[ready.clip.pk])
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(address)
        expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    expect(second.locator("#elsewhere")).to_be_visible()
    expect(own_row(second)).to_have_count(0)
    second.get_by_role("button", name="Take over here").click()
    expect(second.locator("#elsewhere")).to_be_hidden()
    expect(own_row(second)).to_have_count(1)
    first.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(first.locator("#elsewhere")).to_be_visible()


def test_an_expired_login_keeps_the_work(open_page, ready, client):
    page = viewer(open_page, ready)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    nudge(page, "ArrowRight", 2)
    expect(page.locator(SAVE)).to_have_attribute("data-kind", "forbidden")
    page.context.add_cookies(cookies)
    page.locator("#stage").focus()
    page.keyboard.press("Control+s")
    saved(page)
    assert the_track().head == 2


def test_history_shows_who_and_when_and_restores(open_page, ready):
    page = viewer(open_page, ready)
    before = values(page)
    nudge(page, "Shift+ArrowRight")
    saved(page)
    page.get_by_role("button", name="History").click()
    rows = page.locator("#history-rows tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("sono1")
    page.get_by_role("button", name="Look revision 1").click()
    expect(page.locator("#boxes tr")).to_have_count(3)
    page.get_by_role("button", name="Restore revision 1").click()
    expect(rows).to_have_count(3)
    assert values(page) == before
    assert the_track().head == 3
    at_frame(page, 0)


def test_a_long_history_is_read_page_by_page(open_page, ready):
    track = track_open_for_reader(actor=ready.readers[0], clip=ready.clip)
    first = track.revisions.get()
    numbers = range(2, 131)
    Revision.objects.bulk_create(
        Revision(track=track, number=n, keyframes=first.keyframes, excluded_frames={}, command="move")
        for n in numbers
    )
    Track.objects.filter(pk=track.pk).update(head=numbers[-1])
    page = viewer(open_page, ready)
    page.get_by_role("button", name="History").click()
    rows = page.locator("#history-rows tr")
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Older revisions").click()
    expect(rows).to_have_count(130)
    expect(page.locator("#history-older")).to_be_hidden()
    page.get_by_role("button", name="Restore revision 1", exact=True).click()
    expect(rows.first).to_contain_text("131")


def test_frames_are_excluded_with_a_reason(open_page, ready):
    page = viewer(open_page, ready)
    go_to(page, 7)
    page.locator("#stage").focus()
    page.keyboard.press("Alt+Delete")
    expect(page.locator("#dialog-exclude")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#frame-info")).to_contain_text("does not count")
    saved(page)
    track = the_track()
    assert track.excluded_frames == {"7": "blurred"}
    page.locator("#stage").focus()
    page.keyboard.press("Alt+Delete")
    page.wait_for_function(
        "() => !document.querySelector('#frame-info').textContent.includes('does not count')"
    )
    saved(page)
    track.refresh_from_db()
    assert track.excluded_frames == {}
    assert N_FRAMES > 7


def test_the_worklist_reminds_of_work_that_is_not_sent(open_page, ready):
    page = viewer(open_page, ready)
    page.route("**/api/v1/**", lambda route: route.abort())
    nudge(page, "ArrowRight")
    expect(page.locator(SAVE)).to_have_attribute("data-kind", "offline")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(reverse("worklist", args=[ready.study.slug]))
    notice = page.locator("#leftovers")
    expect(notice).to_be_visible()
    page.unroute("**/api/v1/**")
    notice.get_by_role("link").click()
    saved(page)
    assert the_track().head == 2


def test_another_reader_is_named_and_may_take_over(open_page, ready):
    first = viewer(open_page, ready, reader=0)
    address = reverse("clip", args=[ready.clip.pk])
    looking = open_page(ready.coordinator, address)
    expect(looking.locator("#present")).to_contain_text("Also open with sono1")
    second = open_page(ready.readers[1], address)
    expect(second.locator("#elsewhere")).to_contain_text("sono1 has had this clip open since")
    expect(own_row(second)).to_have_count(0)
    expect(second.locator("#edit-actions")).to_be_hidden()
    second.get_by_role("button", name="Take over here").click()
    expect(own_row(second)).to_have_count(1)
    first.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(first.locator("#elsewhere")).to_contain_text("sono2 has had this clip open since")
    expect(own_row(first)).to_have_count(0)
    nudge(second, "ArrowRight")
    saved(second)
    assert the_track().reader == ready.readers[1]
    assert AuditEvent.objects.filter(action="clip.take_over").count() == 1
