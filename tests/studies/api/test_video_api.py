"""Cines over the API: from an uploaded file to its frames, and who sees whose boxes."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from studies.models import Clip, Track, Upload
from studies.services.annotation import track_open_for_reader
from studies.services.video import upload_ingest
from tests.factories import (
    HEIGHT,
    N_FRAMES,
    WIDTH,
    logged_in,
    make_clip,
    make_model_track,
    make_patient,
    make_person,
    make_site,
    make_study,
    make_upload,
    picture_zip,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site(make_study())


def test_a_file_goes_in_and_its_frames_come_out(site):
    client, patient = logged_in(make_person(site.study, "sonographer")), make_patient(site)
    file = SimpleUploadedFile("Müller^Anna 1960.zip", picture_zip())
    answer = client.post("/api/v1/uploads/", {"patient": str(patient.pk), "file": file})
    assert answer.status_code == 201, answer.content
    assert "Anna" not in answer.content.decode()
    upload_ingest(upload_id=answer.json()["id"])
    done = client.get(f"/api/v1/uploads/{answer.json()['id']}/").json()
    assert (done["status"], done["frames_done"]) == ("accepted", N_FRAMES)
    clip = client.get(f"/api/v1/clips/{done['clip']}/").json()
    assert (clip["n_frames"], clip["width_px"], clip["patient"]) == (N_FRAMES, WIDTH, str(patient.pk))
    frame = client.get(clip["links"]["frames"].replace("{index}", "2"))
    assert frame["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(frame.content)).size == (WIDTH, HEIGHT)
    assert client.get(clip["links"]["detections"]).status_code == 200
    assert client.get(clip["links"]["tracks"]).json() == {"tracks": []}


def test_the_lossless_frame_is_what_was_sent(site):
    client = logged_in(make_person(site.study, "clinician"))
    clip = make_clip(make_patient(site), with_pack=True)
    archive = picture_zip()
    frame = client.get(f"/api/v1/clips/{clip.pk}/frames/3/?lossless=1", headers={"Accept": "image/png"})
    assert frame["Content-Type"] == "image/png"

    with zipfile.ZipFile(io.BytesIO(archive)) as pictures:
        sent = Image.open(io.BytesIO(pictures.read("00003.png")))
    assert Image.open(io.BytesIO(frame.content)).convert("L").tobytes() == sent.tobytes()


def test_a_frame_that_is_not_there_is_said_so_in_words(site):
    client = logged_in(make_person(site.study, "clinician"))
    clip = make_clip(make_patient(site), with_pack=True)
    answer = client.get(f"/api/v1/clips/{clip.pk}/frames/{N_FRAMES}/")
    assert (answer.status_code, answer.content.decode()) == (404, f"This clip has {N_FRAMES} frames.")


def test_an_upload_without_file_or_for_a_patient_out_of_reach_is_refused(site):
    client = logged_in(make_person(site.study, "coordinator", site=site))
    elsewhere = make_patient(make_site(site.study))
    for body in (
        {"patient": str(make_patient(site).pk)},
        {"patient": str(elsewhere.pk), "file": SimpleUploadedFile("a.zip", b"x")},
        {"patient": "x", "file": SimpleUploadedFile("a.zip", b"x")},
    ):
        assert client.post("/api/v1/uploads/", body).status_code == 400
    assert not Upload.objects.exists()


def test_uploads_of_another_site_are_not_listed_and_waiting_ones_are(site):
    other = make_site(site.study)
    mine = make_upload(site.study, make_patient(site))
    make_upload(site.study, make_patient(other))
    waiting = make_upload(site.study, None)
    client = logged_in(make_person(site.study, "coordinator", site=site))
    found = {row["id"] for row in client.get("/api/v1/uploads/").json()["results"]}
    assert found == {str(mine.pk), str(waiting.pk)}


def test_a_waiting_file_gets_its_patient_and_a_cancelled_one_keeps_nothing(site):
    patient, waiting = make_patient(site), make_upload(site.study, None)
    client = logged_in(make_person(site.study, "coordinator"))
    body = {"patient": str(patient.pk)}
    answer = client.post(f"/api/v1/uploads/{waiting.pk}/assign/", body, content_type="application/json")
    assert answer.json()["patient"] == str(patient.pk)
    again = client.post(f"/api/v1/uploads/{waiting.pk}/assign/", body, content_type="application/json")
    assert again.status_code == 400
    assert client.post(f"/api/v1/uploads/{waiting.pk}/cancel/").json()["status"] == "cancelled"
    waiting.refresh_from_db()
    assert not waiting.spool


def test_a_reader_sees_the_other_readers_track_only_when_both_have_signed():
    site = make_site(make_study(readers_per_clip=2))
    clip = make_clip(make_patient(site))
    model = make_model_track(clip)
    first, second = (make_person(site.study, "sonographer") for _ in range(2))
    tracks = [track_open_for_reader(actor=reader, clip=clip) for reader in (first, second)]

    def seen(user) -> set[str]:
        rows = logged_in(user).get("/api/v1/tracks/", {"clip": str(clip.pk)}).json()["results"]
        revisions = logged_in(user).get("/api/v1/revisions/", {"clip": str(clip.pk)}).json()["results"]
        assert {row["track"] for row in revisions} == {row["id"] for row in rows}
        return {row["id"] for row in rows}

    def sign(track):
        Track.objects.filter(pk=track.pk).update(status="signed", signed_at="2024-01-01T00:00Z")

    everything = {str(track.pk) for track in (model, *tracks)}
    assert seen(make_person(site.study, "clinician")) == everything
    assert seen(first) == {str(model.pk), str(tracks[0].pk)}
    sign(tracks[0])
    assert seen(second) == {str(model.pk), str(tracks[1].pk)}
    sign(tracks[1])
    assert seen(first) == seen(second) == everything


def test_stills_and_cines_are_told_apart(site):
    patient = make_patient(site)
    make_clip(patient)
    still = make_clip(patient, kind=Clip.Kind.STILL, n_frames=1)
    client = logged_in(make_person(site.study, "clinician"))
    rows = client.get("/api/v1/clips/", {"is_cine": "false"}).json()["results"]
    assert [row["id"] for row in rows] == [str(still.pk)]
