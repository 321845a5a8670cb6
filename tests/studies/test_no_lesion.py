"""The statement that a clip shows no lesion: stored, undone, restored, signed; never a box of zeros."""

import json
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from studies.errors import RuleViolationError
from studies.models import AuditEvent, Patient, Track
from studies.reading_list import clips_to_read
from studies.rules.no_lesion import REASONS, SENTENCES
from studies.rules.track_edits import remove_boxes
from studies.rules.tracks import TrackError, boxes
from studies.selectors import track_of_record
from studies.services.acquisition import acquisition_of
from studies.services.adjudication import adjudication_open, clip_agreement, may_adjudicate
from studies.services.annotation import (
    track_checklist,
    track_create,
    track_open_for_reader,
    track_patch,
    track_reopen,
    track_revert,
    track_sign,
)
from studies.services.exports import sheets_of
from tests.studies.reading import N_FRAMES, reading

pytestmark = pytest.mark.django_db
BOX = {"frame": 5, "x1": 10.0, "y1": 20.0, "x2": 60.0, "y2": 80.0}


@pytest.fixture
def ready():
    return reading()


def change(track: Track, patch: dict, base: int | None = None) -> Track:
    """Send a patch as the reader does; the track as it is then."""
    base = track.head if base is None else base
    track_patch(
        actor=track.reader, track=track, base_revision=base, patch=patch, idempotency_key=str(uuid4())
    )
    track.refresh_from_db()
    return track


def opened(ready, reader: int = 0) -> Track:
    return track_open_for_reader(actor=ready.readers[reader], clip=ready.clip)


def state_none(track: Track, reason: str = "not_in_view") -> Track:
    """The command of the viewer: the boxes go, the reason stays."""
    head = track.revisions.get(number=track.head)
    return change(track, {**remove_boxes(head.keyframes, N_FRAMES), "no_lesion": reason})


def keyframes(track: Track) -> list[dict]:
    return track.revisions.get(number=track.head).keyframes


def test_the_statement_empties_the_track_and_is_stored_with_its_reason(ready):
    track = state_none(opened(ready))
    assert track.no_lesion == "not_in_view"
    assert boxes(keyframes(track), N_FRAMES) == (None,) * N_FRAMES
    event = AuditEvent.objects.filter(action="track.edit").latest("sequence")
    assert event.changes["no_lesion"] == ["", "not_in_view"]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_signed_and_said(ready, reason):
    track = state_none(opened(ready), reason)
    (item,) = track_checklist(track)
    assert (item.code, item.ok, str(item.sentence)) == ("no_lesion", True, SENTENCES[reason])
    revision = track_sign(actor=track.reader, track=track, base_revision=track.head)
    assert revision.no_lesion == reason
    assert track_of_record(ready.clip).no_lesion == reason


def test_without_the_statement_an_empty_track_is_not_signed(ready):
    track = opened(ready)
    change(track, remove_boxes(keyframes(track), N_FRAMES))
    with pytest.raises(RuleViolationError, match="state that no lesion is seen"):
        track_sign(actor=track.reader, track=track, base_revision=track.head)


def test_a_box_takes_it_back_and_undo_brings_it_again(ready):
    track = state_none(opened(ready))
    change(track, {"create": [BOX]})
    assert track.no_lesion == ""
    change(track, {"delete": [5], "no_lesion": "not_in_view"})
    assert track.no_lesion == "not_in_view"


def test_undoing_the_statement_brings_every_box_again(ready):
    track = opened(ready)
    before = keyframes(track)
    state_none(track)
    first, *rest = before
    change(track, {"update": [first], "create": rest, "no_lesion": ""})
    assert keyframes(track) == before
    assert track.no_lesion == ""


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"no_lesion": "not_in_view"}, "no_lesion"),
        ({"no_lesion": "tired"}, "no_lesion"),
        ({"no_lesion": True}, "no_lesion"),
        ({"no_lesion": None}, "no_lesion"),
    ],
)
def test_a_contradiction_or_nonsense_is_refused_and_changes_nothing(ready, patch, field):
    track = opened(ready)
    with pytest.raises(TrackError) as caught:
        change(track, patch)
    track.refresh_from_db()
    assert (caught.value.field, track.head, track.no_lesion) == (field, 1, "")


def test_a_track_without_any_keyframe_can_state_it_too(ready):
    Track.objects.filter(pk=ready.model.pk).update(is_deleted=True)
    track = opened(ready)
    assert keyframes(track) == []
    state_none(track, "gone")
    track_sign(actor=track.reader, track=track, base_revision=track.head)


def test_another_track_of_the_reader_contradicts_it(ready):
    track = state_none(opened(ready))
    other = track_create(actor=track.reader, clip=ready.clip, keyframes=[BOX])
    assert [item.ok for item in track_checklist(track)] == [True, False]
    with pytest.raises(RuleViolationError, match="Another track of yours"):
        track_sign(actor=track.reader, track=track, base_revision=track.head)
    change(other, {"deleted": True})
    track_sign(actor=track.reader, track=track, base_revision=track.head)


def test_it_survives_reopening_and_an_earlier_revision_brings_it_again(ready):
    track = state_none(opened(ready))
    stated_at = track.head
    track_sign(actor=track.reader, track=track, base_revision=track.head)
    track_reopen(actor=track.reader, track=track, reason="looked again")
    track.refresh_from_db()
    assert track.no_lesion == "not_in_view"
    change(track, {"create": [BOX]})
    assert track.no_lesion == ""
    track_revert(actor=track.reader, track=track, base_revision=track.head, to_number=stated_at)
    track.refresh_from_db()
    assert track.no_lesion == "not_in_view"
    track_revert(actor=track.reader, track=track, base_revision=track.head, to_number=1)
    track.refresh_from_db()
    assert track.no_lesion == ""


def test_the_worklist_shows_it_to_its_reader_alone(ready):
    state_none(opened(ready))
    seen = [clips_to_read(ready.study, viewer=reader).get().sees_no_lesion for reader in ready.readers[:2]]
    assert seen == [True, False]


def test_the_protocol_says_that_there_is_no_lesion_and_measures_no_place(ready):
    track = state_none(opened(ready))
    track_sign(actor=track.reader, track=track, base_revision=track.head)
    (row,) = (row for row in acquisition_of([ready.clip])[ready.clip.pk] if row.code == "lesion_centred")
    assert str(row.evidence) == "A reader states that no lesion is seen."


def test_two_readers_agree_or_differ_and_a_third_decides():
    ready = reading(readers_per_clip=2)
    first = state_none(opened(ready))
    track_sign(actor=first.reader, track=first, base_revision=first.head)
    second = opened(ready, 1)
    change(second, {"update": [{**k, "source": "human"} for k in keyframes(second)]})
    track_sign(actor=second.reader, track=second, base_revision=second.head)
    (pair,) = clip_agreement(ready.clip)
    assert (pair.no_lesion, pair.who_saw_none, pair.overlap) == ("first", "sono1", 0.0)
    assert pair.only_one == 16
    assert may_adjudicate(ready.clip, viewer=ready.readers[2])
    third = adjudication_open(actor=ready.readers[2], clip=ready.clip, start_from=first)
    assert third.no_lesion == "not_in_view"
    track_sign(actor=ready.readers[2], track=third, base_revision=third.head)
    assert track_of_record(ready.clip).no_lesion == "not_in_view"


def test_two_readers_who_saw_none_agree_wholly():
    ready = reading(readers_per_clip=2)
    for reader in (0, 1):
        track = state_none(opened(ready, reader), REASONS[reader])
        track_sign(actor=track.reader, track=track, base_revision=track.head)
    (pair,) = clip_agreement(ready.clip)
    assert (pair.no_lesion, pair.overlap, pair.agreement.mean_iou) == ("both", 1.0, None)
    client = Client()
    client.force_login(ready.coordinator)
    for address in (reverse("agreement", args=["demo"]), reverse("clip", args=[ready.clip.pk])):
        assert "both saw no lesion" in client.get(address).content.decode()


def test_the_export_names_the_reader_who_saw_none_and_why(ready):
    track = state_none(opened(ready), "gone")
    track_sign(actor=track.reader, track=track, base_revision=track.head)
    sheet = sheets_of(ready.study, Patient.objects.all(), viewer=ready.coordinator)["clip_readings"]
    (row,) = sheet.rows
    names = [column.name for column in sheet.columns]
    found = dict(zip(names, row, strict=True))
    assert (found["clip"], found["reader"]) == (str(ready.clip.pk), "sono1")
    assert (found["status"], found["no_lesion"], found["track_source"]) == ("signed", "gone", "reader")


def test_the_api_carries_it_both_ways(ready):
    track = opened(ready)
    client = Client()
    client.force_login(track.reader)
    address = reverse("api-track", args=[track.pk])
    body = {
        "patch": {**remove_boxes(keyframes(track), N_FRAMES), "no_lesion": "gone"},
        "command": "no lesion",
    }
    headers = {"If-Match": '"1"', "Idempotency-Key": "k1"}
    for _ in range(2):  # the same key again answers alike
        answer = client.patch(address, json.dumps(body), content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()["no_lesion"]) == (200, "gone")
    newest = client.get(reverse("api-track-revisions", args=[track.pk])).json()["revisions"][0]
    assert (newest["command"], newest["no_lesion"]) == ("no lesion", "gone")
    checklist = client.get(reverse("api-track-sign", args=[track.pk])).json()["items"]
    assert [(item["code"], item["ok"]) for item in checklist] == [("no_lesion", True)]
