"""The writes of detections and tracks."""

import math

import pytest

from studies.errors import RuleViolationError
from studies.models import AuditEvent, Detection, Revision
from studies.rules.tracks import box_at
from studies.services.annotation import detection_store, model_track_store
from tests.studies.reading import N_FRAMES, moving_boxes, reading

pytestmark = pytest.mark.django_db


def store(clip, **changes):
    values = {
        "clip": clip,
        "detector_name": "yolov5n",
        "detector_digest": "d" * 64,
        "input_size_px": 320,
        "frames": [[(1, 2, 30, 40, 0.9)]] * clip.n_frames,
        "qc": {"n_frames": clip.n_frames},
        "status_by_frame": ["ok"] * clip.n_frames,
    }
    return detection_store(**{**values, **changes})


def test_detections_are_kept_once_and_their_boxes_never_change():
    clip = reading().clip
    first = store(clip)
    again = store(clip, frames=[[]] * clip.n_frames, qc={"n_frames": 1})
    assert again.pk == first.pk
    assert Detection.objects.count() == 1
    assert again.frames == first.frames == [[[1.0, 2.0, 30.0, 40.0, 0.9]]] * N_FRAMES
    assert again.qc == {"n_frames": 1}
    assert AuditEvent.objects.filter(action="detection.renew").count() == 1


def test_detections_need_one_entry_a_frame():
    with pytest.raises(RuleViolationError, match="20 frames, got 3"):
        store(reading().clip, frames=[[]] * 3)


def test_the_model_track_reproduces_the_boxes_and_leaves_gaps_missing():
    ready = reading()
    keyframes = ready.model.revisions.get().keyframes
    for frame, box in enumerate(moving_boxes()):
        found = box_at(keyframes, frame, N_FRAMES)
        assert (found is None) == (box is None)
        assert box is None or max(abs(p - q) for p, q in zip(found, box, strict=True)) <= 2
    assert len(keyframes) == 3  # first, last, outside: a straight line needs no more


def test_the_same_boxes_again_add_no_revision_and_other_boxes_do():
    ready = reading()
    model_track_store(clip=ready.clip, boxes=moving_boxes(), confidences=[math.nan] * N_FRAMES)
    assert Revision.objects.count() == 1
    track = model_track_store(clip=ready.clip, boxes=[(1, 1, 9, 9)] * N_FRAMES, confidences=None)
    assert (track.pk, track.head, Revision.objects.count()) == (ready.model.pk, 2, 2)


def test_a_clip_without_a_lesion_has_a_track_without_keyframes():
    ready = reading()
    track = model_track_store(clip=ready.clip, boxes=[None] * N_FRAMES, confidences=None)
    assert track.revisions.get(number=2).keyframes == []
