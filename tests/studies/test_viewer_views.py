"""The viewer's pages: who may open them, what they carry, how frames are served."""

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from studies.models import AuditEvent, Clip, Label, Specimen, Track
from studies.services.annotation import (
    detection_store,
    model_track_store,
    track_open_for_reader,
    track_patch,
    track_sign,
)
from studies.services.presence import presence_claim
from studies.views.frames import FRAME_CACHE_CONTROL, Readers, readers
from tests.browser.clips import numbered_clip
from tests.studies.reading import Reading, clip_of, person, reading

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def pack_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("numbered")


@pytest.fixture
def ready(pack_folder) -> Reading:
    readers.clear()
    return reading(make_clip=lambda patient: numbered_clip(patient, pack_folder, 12, (320, 240)))


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def frame_address(clip, index, query="") -> str:
    return reverse("clip-frame", args=[clip.pk, index]) + query


def signed(ready: Reading, reader: int = 0, x1: float = 10) -> Track:
    """The clip, read and signed."""
    actor = ready.readers[reader]
    track = track_open_for_reader(actor=actor, clip=ready.clip)
    box = {"frame": 1, "x1": x1, "y1": 8, "x2": x1 + 20, "y2": 40}
    track_patch(
        actor=actor, track=track, base_revision=1, patch={"create": [box]}, idempotency_key=f"k{reader}"
    )
    track_sign(actor=actor, track=track, base_revision=2)
    return track


def test_a_frame_is_a_private_immutable_jpeg(ready):
    client = logged_in(ready.readers[0])
    first, second = (client.get(frame_address(ready.clip, i)) for i in (0, 1))
    assert first.status_code == 200
    assert first["Content-Type"] == "image/jpeg"
    assert first["Cache-Control"] == FRAME_CACHE_CONTROL
    assert first.content[:2] == b"\xff\xd8"
    assert first.content != second.content
    assert first["ETag"] != second["ETag"]
    again = client.get(frame_address(ready.clip, 0), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_lossless_picture_is_what_analysis_decodes(ready):
    client = logged_in(ready.readers[0])
    answer = client.get(frame_address(ready.clip, 3, "?lossless=1"))
    assert answer["Content-Type"] == "image/png"
    assert answer["ETag"] != client.get(frame_address(ready.clip, 3))["ETag"]


@pytest.mark.parametrize("index", [12, 10**9])
def test_a_frame_past_the_end_is_416(ready, index):
    assert logged_in(ready.readers[0]).get(frame_address(ready.clip, index)).status_code == 416


def test_frames_ask_for_permission_every_time(ready):
    address = frame_address(ready.clip, 0)
    other_site = ready.study.sites.create(code="B", name="B")
    assert logged_in(ready.readers[0]).get(address).status_code == 200
    assert logged_in(ready.coordinator).get(address).status_code == 200
    for user in (ready.pathologist, person(ready.study, "far", "sonographer", other_site)):
        assert logged_in(user).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    assert logged_in(ready.readers[0]).post(address).status_code == 405


def test_frames_that_cannot_be_read_say_so_and_are_not_cached(ready):
    client = logged_in(ready.readers[0])
    Path(ready.clip.pack.path).write_bytes(b"not a pack")
    answer = client.get(frame_address(ready.clip, 0))
    assert answer.status_code == 500
    assert "cannot be read" in answer.content.decode()
    assert "Cache-Control" not in answer


def test_the_thumbnail_falls_back_to_the_first_frame(ready):
    client = logged_in(ready.readers[0])
    answer = client.get(reverse("clip-thumbnail", args=[ready.clip.pk]))
    assert answer.content == client.get(frame_address(ready.clip, 0)).content


def test_readers_of_packs_are_kept_and_the_oldest_dropped(ready, tmp_path):
    kept = Readers(limit=2)
    paths = [tmp_path / f"{i}.pack" for i in range(3)]
    for path in paths:
        shutil.copy(ready.clip.pack.path, path)
    first = kept.get(paths[0])
    assert kept.get(paths[0]) is first
    kept.get(paths[1])
    kept.get(paths[2])
    assert kept.get(paths[0]) is not first
    assert first.view(0)  # whoever still holds it can read on


def test_one_frame_costs_little(ready, django_assert_num_queries):
    client = logged_in(ready.readers[0])
    client.get(frame_address(ready.clip, 0))
    with django_assert_num_queries(4):  # session, user, clip, grants
        client.get(frame_address(ready.clip, 1))
    started = perf_counter()
    for index in range(12):
        client.get(frame_address(ready.clip, index))
    assert (perf_counter() - started) / 12 < 0.05  # 3 ms on a quiet machine; see the benchmark


def page_of(user, clip) -> tuple[str, dict]:
    html = logged_in(user).get(reverse("clip", args=[clip.pk])).content.decode()
    found = re.search(r'<script id="viewer-data" type="application/json">(.*?)</script>', html, re.S)
    assert found
    return html, json.loads(found[1])


def test_the_page_carries_facts_tracks_and_addresses(ready):
    html, data = page_of(ready.readers[0], ready.clip)
    assert data["clip"]["nFrames"] == 12
    assert data["clip"]["spacingMm"] == [0.1, 0.1]
    assert data["user"]["canCorrect"]
    assert data["mayOpen"]
    assert [track["source"] for track in data["tracks"]] == ["model"]
    assert data["urls"]["frame"].startswith(f"/clips/{ready.clip.pk}/frames/{{index}}/?v=")
    assert "Check and sign" in html
    assert 'style="' not in html


def test_two_people_at_one_computer_do_not_share_cached_frames(ready):
    addresses = {page_of(user, ready.clip)[1]["urls"]["frame"] for user in ready.readers[:2]}
    assert len(addresses) == 2


def test_the_page_of_a_reader_carries_no_label_and_no_prediction(ready):
    specimen = Specimen.objects.create(patient=ready.patient, kind="excision")
    Label.objects.create(specimen=specimen, ihc_score="3+", call="POSITIVE", reader=ready.pathologist)
    html, _data = page_of(ready.readers[0], ready.clip)
    html = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", html)  # random letters may spell anything
    for secret in (
        "POSITIVE",
        "3+",
        "IHC",
        "prediction",
        "probability",
        reverse("specimen", args=[specimen.pk]),
    ):
        assert secret not in html, secret


def test_a_coordinator_looks_and_cannot_change(ready):
    html, data = page_of(ready.coordinator, ready.clip)
    assert not data["user"]["canCorrect"]
    assert "Check and sign" not in html
    assert not any(track["editable"] for track in data["tracks"])


def test_a_header_that_disagrees_is_shown_beside_the_decoded_count(ready):
    ready.clip.header_n_frames = 10
    ready.clip.save()
    html, data = page_of(ready.readers[0], ready.clip)
    assert "the header says 10" in html
    assert data["clip"]["nFrames"] == 12


def test_agreement_is_shown_to_the_coordinator_and_to_the_adjudicator(pack_folder):
    ready = reading(2, lambda patient: numbered_clip(patient, pack_folder, 12, (320, 240)))
    signed(ready, 0, x1=10)
    assert "How the two readings agree" not in page_of(ready.coordinator, ready.clip)[0]
    signed(ready, 1, x1=14)
    html, data = page_of(ready.coordinator, ready.clip)
    assert "How the two readings agree" in html
    assert "4.0 px" in html
    assert len(data["tracks"]) == 3
    assert "Decide as a third person" in page_of(ready.readers[2], ready.clip)[0]
    assert "How the two readings agree" not in page_of(ready.readers[0], ready.clip)[0]


def worklist(user, study, query="") -> str:
    return logged_in(user).get(reverse("worklist", args=[study.slug]) + query).content.decode()


def states(html: str) -> list[str]:
    return re.findall(r'<span class="status [^"]*">([^<]+)</span></td>\s*<td class="nowrap">', html)


def test_the_worklist_tells_what_waits(ready):
    other = clip_of(ready.patient, number=2)
    assert states(worklist(ready.readers[0], ready.study)) == ["needs a reader"] * 2
    track_open_for_reader(actor=ready.readers[0], clip=other)
    assert states(worklist(ready.readers[0], ready.study)) == ["begun by you", "needs a reader"]
    assert states(worklist(ready.readers[1], ready.study)) == ["needs a reader", "read by others"]
    signed(ready)
    assert states(worklist(ready.readers[0], ready.study)) == ["begun by you", "signed by you"]
    assert states(worklist(ready.readers[0], ready.study, "?state=signed")) == ["signed by you"]
    assert "No clip passes this filter" in worklist(ready.readers[0], ready.study, "?q=nobody")


def test_the_worklist_shows_how_far_it_is_and_who_is_at_a_clip(ready):
    other = clip_of(ready.patient, number=2)
    clip_of(ready.patient, number=3, n_frames=1)
    assert "0 of 2 signed, 2 left" in worklist(ready.readers[0], ready.study)
    signed(ready)
    html = worklist(ready.readers[0], ready.study)
    assert "1 of 2 signed, 1 left" in html
    assert '<progress max="2" value="1"' in html
    assert "0 of 1 signed, 1 left" in worklist(ready.readers[1], ready.study)
    presence_claim(actor=ready.readers[1], clip=other, tab="t")
    assert "open with sono2" in worklist(ready.readers[0], ready.study)
    track_open_for_reader(actor=ready.readers[0], clip=other)
    box = {"frame": 1, "x1": 10, "y1": 8, "x2": 30, "y2": 40}
    track = other.tracks.get()
    track_patch(
        actor=ready.readers[0], track=track, base_revision=1, patch={"create": [box]}, idempotency_key="k"
    )
    track_sign(actor=ready.readers[0], track=track, base_revision=2)
    assert "nothing waits for you" in worklist(ready.readers[0], ready.study)


def test_the_viewer_names_the_next_clip_and_the_progress(ready):
    other = clip_of(ready.patient, number=2)
    html, _data = page_of(ready.readers[0], ready.clip)
    assert f'id="next-clip" href="/clips/{other.pk}/"' in html
    assert 'data-signed="0" data-total="2"' in html
    assert "next-clip" not in page_of(ready.coordinator, ready.clip)[0]


def test_the_page_begins_where_the_track_needs_its_reader(ready):
    jumping = [(60.0 * (i >= 5) + 10, 20.0, 60.0 * (i >= 5) + 60, 60.0) for i in range(12)]
    model_track_store(clip=ready.clip, boxes=jumping, confidences=None)
    html, data = page_of(ready.readers[0], ready.clip)
    assert data["startFrame"] == 5
    assert f'href="{data["urls"]["frame"].replace("{index}", "5")}"' in html.replace("&amp;", "&")
    assert page_of(ready.coordinator, ready.clip)[1]["startFrame"] == 0
    track = track_open_for_reader(actor=ready.readers[0], clip=ready.clip)
    exclude = {"exclude": {"5": "blurred"}}
    track_patch(actor=ready.readers[0], track=track, base_revision=1, patch=exclude, idempotency_key="e")
    assert page_of(ready.readers[0], ready.clip)[1]["startFrame"] == 0


def test_the_page_knows_how_sure_the_detector_was_of_every_frame(ready):
    assert page_of(ready.readers[0], ready.clip)[1]["confidences"] is None
    boxes = [(10.0, 20.0, 60.0, 60.0)] * 12
    model_track_store(clip=ready.clip, boxes=boxes, confidences=[0.9] * 12)
    detection_store(
        clip=ready.clip,
        detector_name="d",
        detector_digest="1" * 64,
        input_size_px=320,
        frames=[[[*box, 0.9 if i != 7 else 0.2]] for i, box in enumerate(boxes)],
        qc={},
        status_by_frame=["ok"] * 12,
    )
    data = page_of(ready.readers[0], ready.clip)[1]
    assert data["confidences"] == [0.9] * 7 + [0.2] + [0.9] * 4
    assert data["startFrame"] == 7


def test_the_worklist_shows_what_to_adjudicate():
    ready = reading(readers_per_clip=2)
    signed(ready, 0)
    assert states(worklist(ready.readers[2], ready.study)) == ["needs a reader"]
    signed(ready, 1)
    assert states(worklist(ready.readers[2], ready.study)) == ["two readings to adjudicate"]
    assert states(worklist(ready.readers[0], ready.study)) == ["signed by you"]


def test_the_oldest_waiting_clip_comes_first_and_others_sort_on_request(ready):
    young = clip_of(ready.patient, number=2, n_frames=99)
    Clip.objects.filter(pk=ready.clip.pk).update(created_at=timezone.now() - timedelta(days=3))
    html = worklist(ready.readers[0], ready.study)
    assert html.index(f"/clips/{ready.clip.pk}/") < html.rindex(f"/clips/{young.pk}/")
    rows = re.findall(r'data-href="/clips/([^/]+)/"', html)
    assert rows == [str(ready.clip.pk), str(young.pk)]
    longest = worklist(ready.readers[0], ready.study, "?sort=frames")
    assert re.findall(r'data-href="/clips/([^/]+)/"', longest)[0] == str(young.pk)


def test_the_worklist_is_for_sonographers_and_refusals_are_logged(ready):
    answer = logged_in(ready.coordinator).get(reverse("worklist", args=[ready.study.slug]))
    assert answer.status_code == 403
    assert AuditEvent.objects.filter(action="permission.denied").count() == 1


def test_the_worklist_costs_the_same_for_many_clips(ready, django_assert_max_num_queries):
    for number in range(2, 22):
        clip_of(ready.patient, number=number)
    client = logged_in(ready.readers[0])
    with django_assert_max_num_queries(16):
        client.get(reverse("worklist", args=[ready.study.slug]))


def test_an_empty_worklist_says_what_to_do(ready):
    site = ready.study.sites.create(code="B", name="B")
    html = worklist(person(ready.study, "far", "sonographer", site), ready.study)
    assert "Upload one" in html
