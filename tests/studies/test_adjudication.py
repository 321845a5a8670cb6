"""Two readings and the third person's decision."""

import pytest
from django.urls import reverse

from studies.errors import NotPermittedError, RuleViolationError
from studies.models import Track
from studies.selectors import track_of_record
from studies.services.adjudication import adjudication_open, clip_agreement, may_adjudicate
from studies.services.annotation import model_track_store, track_open_for_reader, track_patch, track_sign
from tests.studies.reading import clip_of, moving_boxes, reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready():
    return reading(readers_per_clip=2)


def read(ready, reader: int, shift: float = 0.0) -> Track:
    """Open, move every keyframe by `shift`, sign."""
    actor = ready.readers[reader]
    track = track_open_for_reader(actor=actor, clip=ready.clip)
    keyframes = track.revisions.get().keyframes
    moved = [{**k, "x1": k["x1"] + shift, "x2": k["x2"] + shift, "source": "human"} for k in keyframes]
    patch = {"update": moved}
    track_patch(
        actor=actor,
        track=track,
        base_revision=1,
        patch=patch,
        idempotency_key=f"r{reader}-{track.pk.hex[:8]}",
    )
    track_sign(actor=actor, track=track, base_revision=2)
    return track


def test_agreement_is_the_overlap_of_the_two_readings(ready):
    read(ready, 0)
    assert clip_agreement(ready.clip) == []
    read(ready, 1, shift=6.0)
    (pair,) = clip_agreement(ready.clip)
    assert pair.agreement.mean_iou == pytest.approx(54 / 66)  # boxes 60 px wide, 6 px apart
    assert (pair.agreement.both, pair.agreement.only_a, pair.agreement.only_b) == (16, 0, 0)
    assert pair.largest_px == 6.0


def test_a_third_person_adjudicates_and_it_becomes_the_track_of_record(ready):
    first = read(ready, 0)
    actor = ready.readers[2]
    assert not may_adjudicate(ready.clip, viewer=actor)
    read(ready, 1, shift=6.0)
    assert may_adjudicate(ready.clip, viewer=actor)
    assert not may_adjudicate(ready.clip, viewer=ready.readers[0])
    assert not may_adjudicate(ready.clip, viewer=ready.coordinator)
    track = adjudication_open(actor=actor, clip=ready.clip, start_from=first)
    assert (track.source, track.reader, track.lesion) == ("adjudicated", actor, first.lesion)
    assert track_of_record(ready.clip) == first
    again = adjudication_open(actor=actor, clip=ready.clip, start_from=first)
    assert again == track
    track_sign(actor=actor, track=track, base_revision=1)
    assert track_of_record(ready.clip) == track


def test_who_may_not_adjudicate(ready):
    first = read(ready, 0)
    with pytest.raises(RuleViolationError, match="must have signed"):
        adjudication_open(actor=ready.readers[2], clip=ready.clip, start_from=first)
    read(ready, 1)
    for actor in (ready.readers[0], ready.coordinator):
        with pytest.raises(NotPermittedError):
            adjudication_open(actor=actor, clip=ready.clip, start_from=first)
    with pytest.raises(RuleViolationError, match="Start from one"):
        adjudication_open(actor=ready.readers[2], clip=ready.clip, start_from=ready.model)


def test_over_http(ready, client):
    first = read(ready, 0)
    read(ready, 1)
    client.force_login(ready.readers[2])
    address = reverse("api-clip-tracks", args=[ready.clip.pk])
    answer = client.post(address, {"adjudicate": str(first.pk)}, content_type="application/json")
    assert (answer.status_code, answer.json()["source"], answer.json()["editable"]) == (
        200,
        "adjudicated",
        True,
    )
    answer = client.post(address, {"adjudicate": "first"}, content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (400, "adjudicate")


def test_the_coordinator_sees_the_worst_overlap_first(ready, client, django_assert_max_num_queries):
    for number, shift in ((2, 30.0), (3, 2.0)):
        ready.clip = clip_of(ready.patient, number=number)
        model_track_store(clip=ready.clip, boxes=moving_boxes(), confidences=None)
        read(ready, 0)
        read(ready, 1, shift=shift)
    address = reverse("agreement", args=[ready.study.slug])
    client.force_login(ready.readers[0])
    assert client.get(address).status_code == 403
    client.force_login(ready.coordinator)
    with django_assert_max_num_queries(12):
        html = client.get(address).content.decode()
    assert "2 pairs of signed readings" in html
    assert html.index("0.333") < html.index("0.935")
