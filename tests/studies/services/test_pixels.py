"""De-identification of pixels: signing, wiping for good, and what a stale page or a lost message does."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pydicom.data import get_testdata_file

from studies import dispatch
from studies.errors import RuleViolationError
from studies.imaging.pack_reader import PackReader
from studies.models import AuditEvent, PixelCheck
from studies.selectors import clips_unchecked
from studies.services import pixels
from studies.services.pixels import clip_wipe, pixels_sign, pixels_wipe, wipes_sweep
from studies.services.video import pack_local_path, upload_create, upload_ingest
from tests.factories import make_patient, make_person, make_site, make_study, make_user

pytestmark = pytest.mark.django_db
NAME = (8, 8, 100, 40)


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, dict]]:
    """Tasks that were asked for."""
    tasks: list[tuple[str, dict]] = []
    monkeypatch.setattr(dispatch, "enqueue", lambda name, **ids: tasks.append((name, ids)))
    return tasks


@pytest.fixture
def clip(sent):
    patient = make_patient(make_site(make_study()))
    file = SimpleUploadedFile("cine", Path(get_testdata_file("examples_ybr_color.dcm")).read_bytes())
    upload = upload_create(actor=make_user(), study=patient.study, patient=patient, file=file, label="file 1")
    stored = upload_ingest(upload_id=str(upload.pk)).clip
    sent.clear()
    return stored


@pytest.fixture
def coordinator(clip):
    return make_person(clip.study, "coordinator")


def unchecked(clip, viewer) -> int:
    return clips_unchecked(clip.study, viewer=viewer).count()


def test_a_clip_waits_until_somebody_signs_and_again_after_a_wipe(clip, coordinator, sent):
    assert unchecked(clip, coordinator) == 1
    pixels_sign(actor=coordinator, clip=clip, seen_sha256=clip.pack_sha256)
    assert unchecked(clip, coordinator) == 0
    check = pixels_wipe(actor=coordinator, clip=clip, seen_sha256=clip.pack_sha256, regions=[NAME])
    assert sent == [(dispatch.WIPE, {"check_id": check.pk})]
    clip_wipe(check_id=str(check.pk))
    assert unchecked(clip, coordinator) == 1


def test_wiped_pixels_are_gone_for_good(clip, coordinator, sent):
    old_pack, old_thumbnail, old_sha256 = clip.pack.name, clip.thumbnail.name, clip.pack_sha256
    with PackReader(pack_local_path(clip)) as pack:
        before = [pack.rgb(i) for i in range(pack.n_frames)]
    check = pixels_wipe(actor=coordinator, clip=clip, seen_sha256=old_sha256, regions=[NAME])
    clip_wipe(check_id=str(check.pk))
    clip.refresh_from_db()
    assert clip.pack_sha256 != old_sha256
    storage = clip.pack.storage
    assert not storage.exists(old_pack)
    assert not storage.exists(old_thumbnail)
    assert storage.exists(clip.thumbnail.name)
    with PackReader(pack_local_path(clip)) as pack:
        assert [list(box) for box in pack.blanked] == clip.blanked_regions
        for index, old in enumerate(before):
            new = pack.rgb(index)
            x1, y1, x2, y2 = NAME
            assert np.ptp(new[y1:y2, x1:x2].reshape(-1, 3), axis=0).max() <= 2
            assert np.array_equal(new[64:, 128:], old[64:, 128:])
    assert (dispatch.TRACK_CHANGED, {"clip_id": clip.pk}) in sent
    event = AuditEvent.objects.get(action="pixels.wiped")
    assert event.changes["pack_sha256"] == [old_sha256, clip.pack_sha256]


def test_a_second_delivery_changes_nothing(clip, coordinator):
    check = pixels_wipe(actor=coordinator, clip=clip, seen_sha256=clip.pack_sha256, regions=[NAME])
    assert clip_wipe(check_id=str(check.pk)).status == PixelCheck.Status.DONE
    clip.refresh_from_db()
    stored = clip.pack_sha256
    assert clip_wipe(check_id=str(check.pk)) is None
    clip.refresh_from_db()
    assert clip.pack_sha256 == stored
    assert AuditEvent.objects.filter(action="pixels.wiped").count() == 1


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ([], "at least one"),
        ([(400, 0, 500, 10)], "at least one"),
        ([(i, 0, i + 1, 5) for i in range(pixels.MAX_REGIONS + 1)], "at most"),
    ],
)
def test_regions_that_cannot_be_wiped_are_refused(clip, coordinator, regions, message):
    with pytest.raises(RuleViolationError, match=message):
        pixels_wipe(actor=coordinator, clip=clip, seen_sha256=clip.pack_sha256, regions=regions)
    assert not clip.pixel_checks.exists()


def test_nobody_signs_pictures_that_they_did_not_see(clip, coordinator):
    seen = clip.pack_sha256
    check = pixels_wipe(actor=coordinator, clip=clip, seen_sha256=seen, regions=[NAME])
    with pytest.raises(RuleViolationError, match="being wiped"):
        pixels_sign(actor=coordinator, clip=clip, seen_sha256=seen)
    clip_wipe(check_id=str(check.pk))
    with pytest.raises(RuleViolationError, match="changed since"):
        pixels_sign(actor=coordinator, clip=clip, seen_sha256=seen)


def test_a_wipe_that_fails_says_so_and_leaves_the_clip_as_it_was(clip, coordinator):
    check = pixels_wipe(actor=coordinator, clip=clip, seen_sha256=clip.pack_sha256, regions=[NAME])
    path = pack_local_path(clip)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    done = clip_wipe(check_id=str(check.pk))
    assert (done.status, done.message) == (PixelCheck.Status.FAILED, pixels.FAILED)
    clip.refresh_from_db()
    assert clip.pack_sha256 == check.pack_sha256
    assert len(list(path.parent.glob("*.pack"))) == 1


def test_a_lost_message_is_sent_again(clip, coordinator, sent):
    check = pixels_wipe(actor=coordinator, clip=clip, seen_sha256=clip.pack_sha256, regions=[NAME])
    sent.clear()
    assert wipes_sweep() == 0
    PixelCheck.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    assert wipes_sweep() == 1
    assert sent == [(dispatch.WIPE, {"check_id": check.pk})]
