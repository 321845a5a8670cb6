"""Going through the frames: keys, filter, needs, the strip, speeds and the end of the clip."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from studies.models import Track
from studies.services.annotation import detection_store, model_track_store
from tests.browser.clips import lesion_box
from tests.browser.driving import N_FRAMES, SIZE, TWO_PAINTS_JS, at_frame, go_to, own_row, saved, viewer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

JUMP, UNSURE = 24, range(40, 44)


def keys(page: Page, *names: str) -> None:
    page.locator("#stage").focus()
    for name in names:
        page.keyboard.press(name)


@pytest.fixture
def doubtful(ready):
    """The model's track jumps at one frame, and the detector was unsure on four others."""
    boxes = [lesion_box(frame, *SIZE) for frame in range(N_FRAMES)]
    boxes = [
        (x1 + 60 * (i >= JUMP), y1, x2 + 60 * (i >= JUMP), y2) for i, (x1, y1, x2, y2) in enumerate(boxes)
    ]
    sure = [0.3 if i in UNSURE else 0.9 for i in range(N_FRAMES)]
    ready.model = model_track_store(clip=ready.clip, boxes=boxes, confidences=sure)
    detection_store(
        clip=ready.clip,
        detector_name="test",
        detector_digest="0" * 64,
        input_size_px=320,
        frames=[[[*box, confidence]] for box, confidence in zip(boxes, sure, strict=True)],
        qc={},
        status_by_frame=["ok"] * N_FRAMES,
    )
    return ready


def test_the_clip_opens_where_it_needs_the_reader_who_goes_from_need_to_need(open_page, doubtful):
    page = open_page(doubtful.readers[0], reverse("clip", args=[doubtful.clip.pk]))
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    at_frame(page, JUMP)
    message = page.locator("#message")
    expect(message).to_have_text("the box jumps here")
    count = page.locator("#need-count")
    expect(count).to_have_text("2")
    keys(page, "w")
    at_frame(page, UNSURE[0])
    expect(message).to_have_text("the detector was unsure here")
    keys(page, "w")
    at_frame(page, JUMP)
    keys(page, "a")
    expect(count).to_have_text("0")
    page.get_by_role("button", name="Next frame that needs me").click()
    expect(message).to_contain_text("No frame needs you")
    keys(page, "Control+z", "F2")
    page.locator("#setting-confidence").fill("0.1")
    page.locator("#setting-jump").fill("100")
    page.keyboard.press("Escape")
    expect(count).to_have_text("0")


def test_a_coordinator_begins_at_the_first_frame(open_page, doubtful):
    page = open_page(doubtful.coordinator, reverse("clip", args=[doubtful.clip.pk]))
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    at_frame(page, 0)


def test_raw_boxes_of_the_detector_are_a_layer(open_page, doubtful):
    page = open_page(doubtful.readers[0], reverse("clip", args=[doubtful.clip.pk]))
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    with page.expect_response("**/detections/"):
        keys(page, "1")
    expect(page.locator("button[data-layer=detections]")).to_have_attribute("aria-pressed", "true")


def test_the_number_field_and_the_filter_of_the_arrows(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "`")
    page.keyboard.type("31")
    page.keyboard.press("Enter")
    at_frame(page, 30)
    keys(page, "o", "Escape", "Home")
    at_frame(page, 0)
    page.get_by_role("button", name="Next matching frame").click(button="right")
    filters = page.locator("#match")
    expect(filters).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(filters).to_have_value("without")
    keys(page, "ArrowRight")
    at_frame(page, 30)
    page.get_by_role("button", name="Previous matching frame").click()
    expect(page.locator("#message")).to_contain_text("No further frame passes the filter")
    filters.select_option("with")
    keys(page, "ArrowLeft")
    at_frame(page, 29)


def test_a_held_key_repeats_no_faster_than_frames_are_painted(open_page, ready):
    page = viewer(open_page, ready)
    page.locator("#stage").focus()
    page.evaluate("""() => {
      window.wanted = [];
      window.painted = [];
      document.querySelector("#stage").addEventListener("framepaint", (event) => painted.push(event.detail));
    }""")
    for _ in range(25):
        page.keyboard.down("f")
        page.evaluate(TWO_PAINTS_JS)
    page.keyboard.up("f")
    last = int(page.locator("#goto").input_value()) - 1
    at_frame(page, last)
    assert 5 < last <= 25
    assert page.evaluate("painted") == list(range(1, last + 1)), "no frame on the way was left out"


MINE, PERSON, MODEL = (86, 180, 233), (255, 255, 255), (204, 121, 167)


def strip_colours(page: Page, frame: int, lane: int) -> set[tuple[int, ...]]:
    """Which of the three colours stand in one lane of the strip at one frame, faded or not."""
    found = page.evaluate(
        """([frame, lane, frames]) => {
              const canvas = document.querySelector("#timeline");
              const x = Math.floor(((frame + 0.5) / frames) * canvas.width);
              const found = [];
              for (let y = 8 + lane * 16; y < 8 + (lane + 1) * 16; y += 1) {
                const [r, g, b, a] = canvas.getContext("2d").getImageData(x, y, 1, 1).data;
                if (a > 120) found.push([r, g, b]);
              }
              return found;
            }""",
        [frame, lane, N_FRAMES],
    )
    distance = {
        c: min((max(abs(a - b) for a, b in zip(c, f, strict=True)) for f in found), default=255)
        for c in (MINE, PERSON, MODEL)
    }
    return {colour for colour, off in distance.items() if off < 25}


def test_the_strip_shows_keyframes_gaps_and_sources(open_page, ready):
    page = viewer(open_page, ready)
    keys(page, "Shift+a")
    go_to(page, 20)
    keys(page, "o")
    saved(page)
    page.evaluate(TWO_PAINTS_JS)
    track = Track.objects.get(source="reader")
    frames = {k["frame"]: k for k in track.revisions.get(number=track.head).keyframes}
    until = min(frame for frame in frames if frame > 20)
    empty = next(i for i in range(21, until) if i not in frames)
    between = next(i for i in range(1, 20) if i not in frames)
    assert PERSON in strip_colours(page, 0, lane=1)
    assert MODEL in strip_colours(page, until, lane=1)
    assert MINE in strip_colours(page, between, lane=1)
    assert strip_colours(page, empty, lane=1) == set()
    assert MODEL in strip_colours(page, empty, lane=0), "the model's lane has no gap"


def test_the_strip_is_a_slider_for_mouse_and_keys(open_page, ready):
    page = viewer(open_page, ready)
    strip = page.locator("#strip")
    box = strip.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 30.5 / N_FRAMES, box["y"] + box["height"] / 2)
    at_frame(page, 30)
    strip.focus()
    for key, frame in (
        ("ArrowRight", 31),
        ("PageUp", 41),
        ("PageDown", 31),
        ("Home", 0),
        ("End", N_FRAMES - 1),
    ):
        page.keyboard.press(key)
        at_frame(page, frame)
    expect(strip).to_have_attribute("aria-valuenow", str(N_FRAMES))


def test_speed_and_what_happens_at_the_end(open_page, ready):
    page = viewer(open_page, ready)
    play = page.locator("#play")
    page.locator("#speed").select_option("4")
    page.locator("#repeat").select_option("once")
    go_to(page, 10)
    keys(page, "Space")
    expect(play).to_have_accessible_name("Pause")
    expect(play).to_have_accessible_name("Play")
    at_frame(page, N_FRAMES - 1)
    page.locator("#repeat").select_option("bounce")
    page.evaluate("""() => {
      window.seen = [];
      document.querySelector("#stage").addEventListener("framepaint", (event) => seen.push(event.detail));
    }""")
    keys(page, "Space")
    page.wait_for_function("() => seen.length > 3 && seen.at(-1) < 50")
    keys(page, "Space")
    seen = page.evaluate("seen")
    assert min(seen[: seen.index(max(seen)) + 1] or [0]) >= 40, (
        "it turned round at the end, and did not begin again"
    )
    expect(own_row(page)).to_have_count(1)
