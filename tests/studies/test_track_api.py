"""The viewer's JSON: optimistic locking, idempotency, permissions, and errors that name the field."""

import json
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from studies.models import AuditEvent, Revision, Track
from studies.services.annotation import track_open_for_reader
from tests.studies.reading import clip_of, person, reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready():
    return reading()


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def patch(client, track, body, base=None, key=None, **headers):
    headers = {
        "If-Match": f'"{track.head if base is None else base}"',
        "Idempotency-Key": key or str(uuid4()),
        **headers,
    }
    address = reverse("api-track", args=[track.pk])
    return client.patch(
        address,
        json.dumps(body),
        content_type="application/json",
        headers={k: v for k, v in headers.items() if v},
    )


def box(frame, x1=10, **fields):
    return {"frame": frame, "x1": x1, "y1": 20, "x2": x1 + 30, "y2": 60, **fields}


def opened(ready, reader=0):
    return track_open_for_reader(actor=ready.readers[reader], clip=ready.clip)


def test_opening_copies_the_model_track_once(ready):
    client = logged_in(ready.readers[0])
    address, wanted = reverse("api-clip-tracks", args=[ready.clip.pk]), str(uuid4())
    answers = [client.post(address, {"id": wanted}, content_type="application/json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    state = answers[0].json()
    assert answers[1].json()["id"] == state["id"] == wanted
    assert state["keyframes"] == ready.model.revisions.get().keyframes
    assert {keyframe["source"] for keyframe in state["keyframes"]} == {"model"}
    assert state["editable"]
    assert Track.objects.filter(source="reader").count() == 1


def test_a_patch_makes_a_revision_and_the_same_key_makes_no_second_one(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    body = {"patch": {"create": [box(3)]}, "command": "move", "active_seconds": 2.5}
    first, again = (patch(client, track, body, key="k-1", base=1) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json()["revision"] == again.json()["revision"] == 2
    revision = Revision.objects.get(track=track, number=2)
    assert (revision.command, revision.active_seconds, revision.author) == ("move", 2.5, ready.readers[0])
    assert AuditEvent.objects.filter(action="track.move").count() == 1


def test_a_repeat_after_another_revision_answers_with_its_own(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    patch(client, track, {"patch": {"create": [box(3)]}}, key="k-1", base=1)
    patch(client, track, {"patch": {"create": [box(5)]}}, key="k-2", base=2)
    again = patch(client, track, {"patch": {"create": [box(3)]}}, key="k-1", base=1).json()
    assert again["revision"] == 2
    assert 5 not in [keyframe["frame"] for keyframe in again["keyframes"]]


def test_a_patch_from_an_old_revision_conflicts_and_shows_the_current_state(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    patch(client, track, {"patch": {"create": [box(3)]}}, base=1)
    answer = patch(client, track, {"patch": {"create": [box(5)]}}, base=1)
    assert answer.status_code == 409
    assert answer.json()["current"]["revision"] == 2
    assert Revision.objects.filter(track=track).count() == 2


BAD = [
    ({"patch": {"create": [{"frame": 3}]}}, "create[0].x1"),
    ({"patch": {"create": [box(99)]}}, "create[0].frame"),
    ({"patch": {"create": [box(3, x1=float("1e9"))]}}, "create[0].x1"),
    ({"patch": {"create": [box(3) | {"x2": 11}]}}, "create[0].x2"),
    ({"patch": {"create": [box(0)]}}, "create[0].frame"),
    ({"patch": {"update": [box(7)]}}, "update[0].frame"),
    ({"patch": {"delete": [7]}}, "delete[0]"),
    ({"patch": {"delete": "all"}}, "delete"),
    ({"patch": {"erase": [1]}}, "erase"),
    ({"patch": {"exclude": {"3": "because"}}}, "exclude[3]"),
    ({"patch": {"exclude": {"x": "blurred"}}}, "exclude[x]"),
    ({"patch": {"exclude": ["3"]}}, "exclude"),
    ({"patch": {"include": [True]}}, "include[0]"),
    ({"patch": {"deleted": 1}}, "deleted"),
    ({"patch": []}, "patch"),
    ({"patch": None}, "patch"),
    ({"changes": {}}, "changes"),
    ({}, "patch"),
    ({"patch": {}, "active_seconds": -1}, "active_seconds"),
    ({"patch": {}, "active_seconds": "long"}, "active_seconds"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
def test_a_malformed_patch_names_the_field_and_changes_nothing(ready, body, field):
    track, client = opened(ready), logged_in(ready.readers[0])
    answer = patch(client, track, body, base=1)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    track.refresh_from_db()
    assert track.head == Revision.objects.filter(track=track).count() == 1


def test_what_is_no_json_is_refused(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    address = reverse("api-track", args=[track.pk])
    headers = {"If-Match": "1", "Idempotency-Key": "k"}
    answer = client.patch(address, "{", content_type="application/json", headers=headers)
    assert answer.status_code == 400


def test_a_patch_needs_its_headers(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    body = {"patch": {"create": [box(3)]}}
    assert patch(client, track, body, **{"If-Match": ""}).status_code == 428
    for headers in ({"If-Match": "latest"}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 65}):
        answer = patch(client, track, body, **headers)
        assert (answer.status_code, answer.json()["field"]) == (400, next(iter(headers)))


def test_a_box_outside_the_image_is_clamped(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    state = patch(client, track, {"patch": {"create": [box(3, x1=300)]}}).json()
    made = next(keyframe for keyframe in state["keyframes"] if keyframe["frame"] == 3)
    assert (made["x1"], made["x2"]) == (300, 320)


def test_frames_are_excluded_with_a_reason_and_let_in_again(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    state = patch(client, track, {"patch": {"exclude": {"4": "blurred"}}}, base=1).json()
    assert state["excluded"] == {"4": "blurred"}
    assert patch(client, track, {"patch": {"include": [4]}}, base=2).json()["excluded"] == {}


def test_deleting_a_track_and_undoing_it_keeps_its_identity(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    assert patch(client, track, {"patch": {"deleted": True}}, base=1).json()["deleted"]
    state = patch(client, track, {"patch": {"deleted": False}}, base=2).json()
    assert (state["id"], state["deleted"], state["revision"]) == (str(track.pk), False, 3)


def test_signing_asks_for_a_person_and_locks(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    sign = reverse("api-track-sign", args=[track.pk])
    items = {item["code"]: item["ok"] for item in client.get(sign).json()["items"]}
    assert items == {"no_unexplained_gap": True, "human_keyframe": False, "truncation_flagged": True}
    assert client.post(sign, headers={"If-Match": "1"}).status_code == 400
    patch(client, track, {"patch": {"create": [box(3)]}}, base=1)
    bad = client.post(
        sign, {"active_seconds": -1}, content_type="application/json", headers={"If-Match": "2"}
    )
    assert (bad.status_code, bad.json()["field"]) == (400, "active_seconds")
    answer = client.post(
        sign, {"active_seconds": 12.5}, content_type="application/json", headers={"If-Match": "2"}
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "signed")
    assert Revision.objects.get(track=track, number=3).active_seconds == 12.5
    locked = patch(client, track, {"patch": {"create": [box(5)]}}, base=3)
    assert (locked.status_code, locked.json()["current"]["status"]) == (423, "signed")
    reopen = reverse("api-track-reopen", args=[track.pk])
    assert client.post(reopen, {"reason": " "}, content_type="application/json").status_code == 400
    why = {"reason": "box too large", "active_seconds": 3.0}
    state = client.post(reopen, why, content_type="application/json").json()
    assert (state["status"], state["revision"]) == ("open", 4)
    reopened = Revision.objects.get(track=track, number=4)
    assert (reopened.reason, reopened.active_seconds) == ("box too large", 3.0)


def test_history_is_browsable_and_a_revision_can_be_restored(ready):
    track, client = opened(ready), logged_in(ready.readers[0])
    patch(client, track, {"patch": {"create": [box(3)]}, "command": "draw"}, base=1)
    listed = client.get(reverse("api-track-revisions", args=[track.pk])).json()["revisions"]
    assert [(row["number"], row["command"]) for row in listed] == [(2, "draw"), (1, "open")]
    revert = reverse("api-track-revert", args=[track.pk])
    answer = client.post(revert, {"to_number": 1}, content_type="application/json", headers={"If-Match": "2"})
    assert answer.json()["revision"] == 3
    assert answer.json()["keyframes"] == ready.model.revisions.get().keyframes
    assert (
        client.post(
            revert, {"to_number": 9}, content_type="application/json", headers={"If-Match": "3"}
        ).status_code
        == 400
    )


def test_only_the_reader_changes_a_track_and_attempts_are_logged(ready):
    track = opened(ready)
    for user, expected in (
        (ready.readers[1], 403),
        (ready.coordinator, 403),
        (ready.pathologist, 404),
        (person(ready.study, "far", "sonographer", ready.study.sites.create(code="B", name="B")), 404),
    ):
        answer = patch(logged_in(user), track, {"patch": {"create": [box(3)]}}, base=1)
        assert answer.status_code == expected, user
    assert AuditEvent.objects.filter(action="permission.denied").count() == 2
    assert patch(Client(), track, {"patch": {}}, base=1).status_code in {401, 403}
    assert Revision.objects.filter(track=track).count() == 1


def test_another_readers_track_shows_only_after_both_have_signed():
    ready = reading(readers_per_clip=2)
    tracks = [opened(ready, reader) for reader in (0, 1)]
    client, other = logged_in(ready.readers[0]), reverse("api-track", args=[tracks[1].pk])
    listing = reverse("api-clip-tracks", args=[ready.clip.pk])
    assert client.get(other).status_code == 403
    assert [row["source"] for row in client.get(listing).json()["tracks"]] == ["model", "reader"]
    for reader, track in enumerate(tracks):
        own = logged_in(ready.readers[reader])
        assert client.get(other).status_code == 403
        patch(own, track, {"patch": {"create": [box(3 + reader)]}}, base=1)
        assert (
            own.post(reverse("api-track-sign", args=[track.pk]), headers={"If-Match": "2"}).status_code == 200
        )
    assert client.get(other).status_code == 200
    assert [row["source"] for row in client.get(listing).json()["tracks"]] == ["model", "reader", "reader"]


def test_a_clip_takes_no_more_readers_than_the_study_asks_for(ready):
    opened(ready)
    client = logged_in(ready.readers[1])
    answer = client.post(
        reverse("api-clip-tracks", args=[ready.clip.pk]), {}, content_type="application/json"
    )
    assert answer.status_code == 400
    other = clip_of(ready.patient, number=2)
    answer = client.post(reverse("api-clip-tracks", args=[other.pk]), {}, content_type="application/json")
    assert answer.json()["keyframes"] == []


def test_the_state_of_all_tracks_costs_the_same_number_of_queries(ready, django_assert_num_queries):
    client = logged_in(ready.readers[0])
    listing = reverse("api-clip-tracks", args=[ready.clip.pk])
    opened(ready)
    for frame in range(3):
        body = {"keyframes": [box(frame)], "id": str(uuid4())}
        assert client.post(listing, body, content_type="application/json").status_code == 200
    client.get(listing)
    with django_assert_num_queries(6):  # session, user, clip, grants, tracks, revisions
        assert len(client.get(listing).json()["tracks"]) == 5
