"""What follows when a clip arrives or its boxes change."""

from uuid import uuid4

import pytest

from analysis.models import Job
from analysis.services.arrivals import clip_arrived, track_changed
from studies.models import Clip
from tests.factories import make_clip, make_patient, make_site, make_study

pytestmark = pytest.mark.django_db
FOLLOWS = [(clip_arrived, "detect"), (track_changed, "describe")]


@pytest.mark.parametrize(("follow", "kind"), FOLLOWS)
def test_a_cine_gets_its_job_and_the_same_message_again_makes_no_second_one(follow, kind):
    clip = make_clip(make_patient(make_site(make_study())))
    job = follow(clip_id=str(clip.pk))
    assert (job.kind, job.clip, job.study, job.status) == (kind, clip, clip.study, "queued")
    assert follow(clip_id=str(clip.pk)) == job
    assert Job.objects.count() == 1


@pytest.mark.parametrize(("follow", "kind"), FOLLOWS)
def test_a_still_image_and_a_clip_that_is_gone_get_none(follow, kind):
    patient = make_patient(make_site(make_study()))
    still = make_clip(patient, kind=Clip.Kind.STILL, n_frames=1)
    single = make_clip(patient, n_frames=1)
    for clip_id in (still.pk, single.pk, uuid4()):
        assert follow(clip_id=str(clip_id)) is None
    assert not Job.objects.exists()


def test_boxes_that_change_while_they_are_described_are_described_once_more():
    clip = make_clip(make_patient(make_site(make_study())))
    running = track_changed(clip_id=str(clip.pk))
    Job.objects.filter(pk=running.pk).update(status="running")
    waiting = track_changed(clip_id=str(clip.pk))
    assert waiting != running
    assert track_changed(clip_id=str(clip.pk)) == waiting
