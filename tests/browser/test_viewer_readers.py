"""More than one reader: blinded until both have signed, agreement, a third decides; blinding to labels."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from studies.models import AuditEvent, Label, Specimen, Track
from studies.services.annotation import track_open_for_reader, track_patch, track_sign
from tests.browser.driving import N_FRAMES, at_frame, own_row, saved, viewer
from tests.studies.reading import Reading

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOVED_FROM = 30


def keys(page: Page, *names: str) -> None:
    page.locator("#stage").focus()
    for name in names:
        page.keyboard.press(name)


def signed_by(ready: Reading, reader: int, x1: float) -> Track:
    """A reading whose box goes elsewhere from one frame on, signed."""
    actor = ready.readers[reader]
    track = track_open_for_reader(actor=actor, clip=ready.clip)
    frames = [k["frame"] for k in track.revisions.get().keyframes]
    box = {"x1": x1, "y1": 80, "x2": x1 + 80, "y2": 150}
    still = {"x1": 100, "y1": 80, "x2": 180, "y2": 150}
    patch = {
        "delete": [f for f in frames if f not in (0, MOVED_FROM)],
        "update": [{"frame": f, **(box if f else still)} for f in (0, MOVED_FROM) if f in frames],
        "create": [
            {"frame": f, **(box if f == MOVED_FROM else still)}
            for f in (MOVED_FROM - 1, MOVED_FROM)
            if f not in frames
        ],
    }
    if MOVED_FROM - 1 in frames:
        patch["update"].append({"frame": MOVED_FROM - 1, **still})
        patch["delete"].remove(MOVED_FROM - 1)
    track_patch(actor=actor, track=track, base_revision=1, patch=patch, idempotency_key=f"r{reader}")
    track_sign(actor=actor, track=track, base_revision=2)
    return track


def rows(page: Page) -> list[str]:
    return page.locator("#boxes button[data-act=select]").all_inner_texts()


def test_two_readers_are_blind_to_each_other_and_a_third_decides(open_page, ready):
    ready.study.readers_per_clip = 2
    ready.study.save()
    signed_by(ready, 0, x1=200)
    page = viewer(open_page, ready, reader=1)
    assert rows(page) == ["Model", "Track 1"], "the other reading is not there before this one is signed"
    signed_by(ready, 1, x1=20)
    page.reload()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    assert rows(page) == ["Model", "Track 1 · sono1", "Track 1"]
    expect(own_row(page)).to_have_count(0)
    keys(page, "4")
    expect(page.locator("#boxes tr")).to_have_count(2)

    looking = open_page(ready.coordinator, reverse("clip", args=[ready.clip.pk]))
    expect(looking.get_by_role("heading", name="How the two readings agree")).to_be_visible()
    looking.get_by_role("link", name="All clips of the study").click()
    expect(looking.get_by_role("heading", level=1)).to_be_visible()
    expect(looking.locator("main")).to_contain_text("P001")

    third = viewer(open_page, ready, reader=2)
    third.locator("[data-adjudicate]").nth(0).click()
    expect(own_row(third)).to_have_count(1)
    expect(third.locator("#need-count")).to_have_text("1")
    keys(third, "w")
    at_frame(third, MOVED_FROM)
    expect(third.locator("#message")).to_have_text("the two readings differ here")
    keys(third, "Shift+ArrowUp")
    saved(third)
    third.get_by_role("button", name="Check and sign").click()
    third.get_by_role("button", name="Sign", exact=True).click()
    expect(third.locator("#dialog-signed")).to_be_visible()
    adjudicated = Track.objects.get(source="adjudicated")
    assert (adjudicated.status, adjudicated.reader) == ("signed", ready.readers[2])
    looking.reload()
    expect(looking.locator("main")).to_contain_text("P001")


def test_a_reader_is_blinded_and_every_attempt_is_logged(open_page, ready):
    specimen = Specimen.objects.create(patient=ready.patient, kind="excision")
    Label.objects.create(specimen=specimen, ihc_score="3+", call="POSITIVE", reader=ready.pathologist)
    page = viewer(open_page, ready)
    hidden = [
        reverse("specimen", args=[specimen.pk]),
        reverse("pathology", args=[ready.study.slug]),
        reverse("prediction", args=[ready.patient.pk]),
        reverse("results", args=[ready.study.slug]),
        "/api/v1/labels/",
        "/api/v1/predictions/",
    ]
    for n, address in enumerate(hidden, start=1):
        answer = page.request.get(address)
        assert answer.status == 403, address
        assert "POSITIVE" not in answer.text()
        assert AuditEvent.objects.filter(action="permission.denied", actor=ready.readers[0]).count() == n
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    assert not [url for url in asked if "label" in url or "predict" in url or "pathology" in url]


def test_re_opening_asks_why_and_keeps_it(open_page, ready):
    signed_by(ready, 0, x1=150)
    page = viewer(open_page, ready)
    expect(page.locator("#signed-mark")).to_be_visible()
    expect(page.locator("#edit-actions")).to_be_hidden()
    keys(page, "k", "Delete")
    expect(page.locator("#save-state")).to_have_text("Nothing to save")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Re-open").click()
    dialog = page.locator("#dialog-reopen")
    dialog.get_by_role("button", name="Re-open").click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("textbox").fill("Box too large.")
    dialog.get_by_role("button", name="Re-open").click()
    expect(own_row(page)).to_have_count(1)
    page.get_by_role("button", name="History").click()
    expect(page.locator("#history-rows tr").first).to_contain_text("re-opened: Box too large.")
    keys(page, "Shift+ArrowUp")
    saved(page)
    assert Track.objects.get(source="reader").status == "open"
    assert N_FRAMES > MOVED_FROM
