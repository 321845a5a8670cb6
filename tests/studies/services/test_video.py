"""Files on their way in: accepted once, refused in words, and never half stored."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from studies import dispatch
from studies.errors import RuleViolationError
from studies.imaging.pack import PackReader
from studies.models import AuditEvent, Clip, Upload
from studies.services import video
from tests.factories import (
    N_FRAMES,
    make_patient,
    make_site,
    make_study,
    make_upload,
    make_user,
    picture_zip,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient():
    return make_patient(make_site(make_study()))


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, dict[str, str]]]:
    """What was put into the queue."""
    messages: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(dispatch, "_send", lambda name, ids: messages.append((name, ids)))
    return messages


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "cine.zip"
    path.write_bytes(picture_zip())
    return path


def ingest(patient, path):
    return video.file_ingest(actor=None, patient=patient, path=path)


def stored_files() -> list[str]:
    """Every file in storage."""
    root = Path(default_storage.location)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def left_in(folder: Path) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_an_accepted_file_becomes_a_clip_with_frames_thumbnail_and_audit(
    patient, file, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        verdict = ingest(patient, file)
    clip = verdict.clip
    assert verdict.accepted
    assert f"Stored: {N_FRAMES} frames" in verdict.reason
    assert "timing not recorded" in verdict.reason
    assert (clip.exam, clip.lesion) == (patient.exams.get(), patient.lesions.get())
    assert stored_files() == [f"clips/{clip.pk}/frames.pack", f"clips/{clip.pk}/thumbnail.jpg"]
    with PackReader(Path(clip.pack.path)) as pack:
        assert pack.n_frames == N_FRAMES
    assert AuditEvent.objects.get(action="clip.create").object_id == str(clip.pk)
    assert sent == [("analysis.clip_arrived", {"clip_id": str(clip.pk)})]


def test_the_same_file_twice_is_one_clip_and_elsewhere_a_noted_second_one(patient, file):
    first, again = ingest(patient, file), ingest(patient, file)
    assert (again.clip, again.reason) == (first.clip, video.ALREADY_THERE)
    other = ingest(make_patient(patient.site), file)
    assert other.clip != first.clip
    assert video.ELSEWHERE in other.clip.defects
    assert Clip.objects.count() == 2


@pytest.mark.parametrize("content", [b"", b"not a cine", picture_zip()[:-300], b"DICM" * 100])
def test_a_refused_file_leaves_nothing_but_a_sentence(patient, tmp_path, content, settings):
    path = tmp_path / "bad"
    path.write_bytes(content)
    verdict = ingest(patient, path)
    assert not verdict.accepted
    assert verdict.reason.endswith(".")
    assert "Error" not in verdict.reason
    assert not Clip.objects.exists()
    assert stored_files() == []
    assert left_in(settings.FILE_UPLOAD_TEMP_DIR) == []


@pytest.mark.parametrize("where", ["thumbnail", "perceptual_hash", "audit_record", "write_pack"])
def test_a_crash_at_any_step_leaves_neither_row_nor_file(patient, file, monkeypatch, where, settings):
    def crash(*args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(video, where, crash)
    with pytest.raises(OSError, match="disk is full"):
        ingest(patient, file)
    assert not Clip.objects.exists()
    assert not AuditEvent.objects.exists()
    assert stored_files() == []
    assert left_in(settings.FILE_UPLOAD_TEMP_DIR) == []


def test_an_upload_forgets_the_files_own_name_and_is_queued_after_the_commit(
    patient, sent, django_capture_on_commit_callbacks
):
    file = SimpleUploadedFile("Anna_Müller_1960.zip", picture_zip())
    with django_capture_on_commit_callbacks(execute=True):
        upload = video.upload_create(
            actor=make_user(), study=patient.study, patient=patient, file=file, label="file 1"
        )
        assert sent == []
    assert sent == [("studies.ingest", {"upload_id": str(upload.pk)})]
    assert stored_files() == [f"spool/{upload.pk}"]
    assert "Anna" not in str(list(Upload.objects.values())) + str(list(AuditEvent.objects.values()))


def test_a_file_that_is_too_large_is_refused_before_it_is_kept(patient, settings):
    settings.MAX_UPLOAD_BYTES = 10
    with pytest.raises(RuleViolationError, match="larger than"):
        video.upload_create(
            actor=make_user(),
            study=patient.study,
            patient=patient,
            file=SimpleUploadedFile("a", b"x" * 11),
            label="file 1",
        )
    assert stored_files() == []
    assert not Upload.objects.exists()


def test_a_message_delivered_twice_is_done_once(patient):
    upload = make_upload(patient.study, patient)
    done = video.upload_ingest(upload_id=str(upload.pk))
    assert (done.status, done.clip, done.attempts) == ("accepted", Clip.objects.get(), 1)
    assert not done.spool
    assert video.upload_ingest(upload_id=str(upload.pk)) is None
    assert Clip.objects.count() == 1
    assert not [name for name in stored_files() if name.startswith("spool/")]


def test_a_file_that_is_being_checked_is_left_to_its_worker_until_the_worker_is_dead(patient):
    upload = make_upload(patient.study, patient, status="running", heartbeat_at=timezone.now())
    assert video.upload_ingest(upload_id=str(upload.pk)) is None
    _age(upload)
    assert video.upload_ingest(upload_id=str(upload.pk)).status == "accepted"


def test_a_crash_is_taken_up_again_and_stores_one_clip(patient, monkeypatch):
    upload = make_upload(patient.study, patient)
    finish = video._upload_finish

    def crash(*args):
        raise ConnectionError("the database went away")

    monkeypatch.setattr(video, "_upload_finish", crash)
    with pytest.raises(ConnectionError):
        video.upload_ingest(upload_id=str(upload.pk))
    monkeypatch.setattr(video, "_upload_finish", finish)
    _age(upload)
    assert video.uploads_sweep() == 1
    done = video.upload_ingest(upload_id=str(upload.pk))
    assert (done.status, done.clip, done.attempts) == ("accepted", Clip.objects.get(), 2)


def _age(upload: Upload) -> None:
    long_ago = timezone.now() - video.STALE_AFTER - timedelta(seconds=1)
    Upload.objects.filter(pk=upload.pk).update(heartbeat_at=long_ago, updated_at=long_ago)


def test_the_sweeper_sends_lost_files_again_and_gives_up_after_three_attempts(
    patient, sent, django_capture_on_commit_callbacks
):
    fresh = make_upload(patient.study, patient)
    waiting = make_upload(patient.study, None)
    lost = make_upload(patient.study, patient)
    died = make_upload(patient.study, patient, status="running", attempts=2)
    hopeless = make_upload(patient.study, patient, status="running", attempts=3)
    for upload in (waiting, lost, died, hopeless):
        _age(upload)
    with django_capture_on_commit_callbacks(execute=True):
        assert video.uploads_sweep() == 3
    assert {ids["upload_id"] for _name, ids in sent} == {str(lost.pk), str(died.pk)}
    states = dict(Upload.objects.values_list("pk", "status"))
    assert [states[row.pk] for row in (fresh, waiting, lost, died)] == ["queued"] * 4
    hopeless.refresh_from_db()
    assert (hopeless.status, hopeless.verdict) == ("refused", video.UNREADABLE)


def test_a_file_without_a_patient_waits_for_one_of_its_study(patient, sent):
    upload = make_upload(patient.study, None)
    assert video.upload_ingest(upload_id=str(upload.pk)) is None
    with pytest.raises(RuleViolationError, match="another study"):
        video.upload_assign(actor=None, upload=upload, patient=make_patient(make_site(make_study())))
    video.upload_assign(actor=None, upload=upload, patient=patient)
    with pytest.raises(RuleViolationError, match="already has"):
        video.upload_assign(actor=None, upload=upload, patient=patient)
    assert video.upload_ingest(upload_id=str(upload.pk)).status == "accepted"


def test_a_cancelled_file_is_gone_and_stays_cancelled(patient):
    upload = make_upload(patient.study, patient)
    done = video.upload_cancel(actor=None, upload=upload)
    assert (done.status, bool(done.spool)) == ("cancelled", False)
    assert video.upload_ingest(upload_id=str(upload.pk)) is None
    assert video.upload_cancel(actor=None, upload=done).verdict == done.verdict
    assert AuditEvent.objects.filter(action="upload.cancel").count() == 1
    assert stored_files() == []


def test_a_file_cancelled_while_it_is_checked_stops_and_keeps_nothing(patient, monkeypatch):
    upload = make_upload(patient.study, patient)
    frames = []

    def cancel_at_third(row, done, total):
        frames.append(done)
        if done == 3:
            video.upload_cancel(actor=None, upload=Upload.objects.get(pk=row.pk))

    monkeypatch.setattr(video, "_upload_beat", cancel_at_third)
    done = video.upload_ingest(upload_id=str(upload.pk))
    assert (done.status, frames) == ("cancelled", [1, 2, 3])
    assert not Clip.objects.exists()
    assert stored_files() == []


def test_a_wish_to_cancel_that_comes_too_late_is_not_said_to_be_fulfilled(patient, monkeypatch):
    upload = make_upload(patient.study, patient)
    sentence = video._accepted_sentence

    def cancel_first(clip):
        video.upload_cancel(actor=None, upload=Upload.objects.get(pk=upload.pk))
        return sentence(clip)

    monkeypatch.setattr(video, "_accepted_sentence", cancel_first)
    done = video.upload_ingest(upload_id=str(upload.pk))
    assert (done.status, done.clip) == ("accepted", Clip.objects.get())


def test_an_upload_that_was_accepted_cannot_be_cancelled(patient):
    upload = make_upload(patient.study, patient)
    video.upload_ingest(upload_id=str(upload.pk))
    assert video.upload_cancel(actor=None, upload=upload).status == "accepted"
