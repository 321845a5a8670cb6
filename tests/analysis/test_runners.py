"""Runners on a real cine: rows -> frames -> detector -> track -> features -> rows, and the same twice."""

from pathlib import Path

import numpy as np
import pytest

from analysis.models import FeatureSet, Job
from analysis.pipeline.synthesis import draw_cohort, write_cohort
from analysis.runners.cohort import current_features, states_no_lesion
from analysis.runners.describe import describe_clip_tracks
from analysis.runners.detect import detect_clip
from analysis.runners.work import run_job
from analysis.selectors import features_for_track
from analysis.services.features import dynamic_of, static_of
from analysis.services.jobs import job_cancel, job_enqueue
from studies.models import Clip, RoleGrant, Track
from studies.rules.track_edits import remove_boxes
from studies.services.annotation import track_open_for_reader, track_patch, track_sign
from studies.services.revisions import head_revision, revision_append
from studies.services.video import file_ingest
from tests.factories import make_patient, make_site, make_study, make_user

FRAMES, SEED = 24, 3


@pytest.fixture(scope="module")
def cine(tmp_path_factory) -> Path:
    """A simulated DICOM cine with a clear lesion."""
    folder = tmp_path_factory.mktemp("cine")
    write_cohort(folder, draw_cohort(5, seed=SEED, effect=0.0), FRAMES, 1)
    return sorted((folder / "videos").rglob("*.dcm"))[0]


@pytest.fixture
def clip(db, cine) -> Clip:
    """The cine, taken in."""
    patient = make_patient(make_site(make_study()))
    verdict = file_ingest(actor=None, patient=patient, path=cine)
    assert verdict.accepted, verdict.reason
    return verdict.clip


def sonographer(clip: Clip):
    """A reader of the clip's study."""
    reader = make_user()
    RoleGrant.objects.create(user=reader, study=clip.study, role=RoleGrant.Role.SONOGRAPHER)
    return reader


def run(clip: Clip, kind: str, do) -> Job:
    """Queue a job and do it in this process."""
    job = job_enqueue(actor=None, kind=kind, study=clip.study, clip=clip)
    run_job(str(job.pk), do)
    job.refresh_from_db()
    return job


@pytest.fixture
def described(clip) -> Clip:
    """The clip after detection and description."""
    detected = run(clip, Job.Kind.DETECT, detect_clip)
    assert detected.status == Job.Status.SUCCEEDED, detected.message
    done = run(clip, Job.Kind.DESCRIBE, describe_clip_tracks)
    assert done.status == Job.Status.SUCCEEDED, done.message
    return clip


def test_detection_keeps_raw_boxes_fits_a_track_and_queues_the_features(clip):
    job = run(clip, Job.Kind.DETECT, detect_clip)
    assert job.status == Job.Status.SUCCEEDED
    detection = clip.detections.get()
    assert len(detection.frames) == FRAMES
    assert detection.qc["n_frames"] == FRAMES
    track = clip.tracks.get()
    assert track.source == Track.Source.MODEL
    assert track.head == 1
    assert Job.objects.filter(clip=clip, kind=Job.Kind.DESCRIBE, status=Job.Status.QUEUED).count() == 1


def test_a_job_delivered_twice_is_done_once(clip):
    job = run(clip, Job.Kind.DETECT, detect_clip)
    run_job(str(job.pk), detect_clip)
    job.refresh_from_db()
    assert job.attempts == 1
    assert clip.detections.count() == 1
    assert clip.tracks.get().revisions.count() == 1


def test_a_description_is_complete_finite_and_the_one_of_record(described):
    features = FeatureSet.objects.get(clip=described)
    vector, static = dynamic_of(features), static_of(features)
    assert vector.shape == (2184,)
    assert np.isfinite(vector).all()
    assert static.values.shape == (len(static.frame_indices), 91)
    assert static.boxes.shape == (len(static.frame_indices), 4)
    assert features.time_base == "hz"
    assert features.fps == pytest.approx(described.fps)
    assert current_features(described) == features


def test_describing_again_computes_nothing(described):
    again = run(described, Job.Kind.DESCRIBE, describe_clip_tracks)
    assert again.message.startswith("Already described")
    assert FeatureSet.objects.filter(clip=described).count() == 1


def test_after_an_edit_only_changed_frames_are_measured(described):
    reader = sonographer(described)
    track = track_open_for_reader(actor=reader, clip=described)
    head = head_revision(track)
    moved = [dict(keyframe) for keyframe in head.keyframes]
    moved[0]["x2"] -= 6
    revision_append(actor=reader, track=track, keyframes=moved, excluded_frames={}, command="resize")
    assert run(described, Job.Kind.DESCRIBE, describe_clip_tracks).status == Job.Status.SUCCEEDED
    track.refresh_from_db()
    features, is_stale = features_for_track(track)
    assert not is_stale
    assert 0 < features.qc["reused"] < features.qc["measured"]
    model = FeatureSet.objects.exclude(pk=features.pk).get(clip=described)
    assert features.digest != model.digest
    assert not np.array_equal(dynamic_of(features), dynamic_of(model))


def test_undoing_an_edit_is_not_stale(described):
    reader = sonographer(described)
    track = track_open_for_reader(actor=reader, clip=described)
    original = head_revision(track).keyframes
    moved = [{**original[0], "x2": original[0]["x2"] - 6}, *original[1:]]
    for keyframes in (moved, original):
        revision_append(actor=reader, track=track, keyframes=keyframes, excluded_frames={}, command="edit")
        track.refresh_from_db()
    assert features_for_track(track)[1]
    run(described, Job.Kind.DESCRIBE, describe_clip_tracks)
    assert not features_for_track(track)[1]


def test_a_cancelled_job_stores_nothing(clip):
    job = job_enqueue(actor=None, kind=Job.Kind.DETECT, study=clip.study, clip=clip)

    def cancelled_in_the_middle(row, ticker):
        Job.objects.filter(pk=row.pk).update(cancel_requested=True)
        return detect_clip(row, ticker)

    run_job(str(job.pk), cancelled_in_the_middle)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert not clip.detections.exists()
    assert not clip.tracks.exists()


def test_a_waiting_job_that_is_cancelled_never_runs(clip):
    job = job_enqueue(actor=None, kind=Job.Kind.DETECT, study=clip.study, clip=clip)
    job_cancel(actor=make_user(), job=job)
    run_job(str(job.pk), detect_clip)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert job.attempts == 0


def test_an_unexpected_error_says_what_to_do_and_names_no_patient(clip):
    job = job_enqueue(actor=None, kind=Job.Kind.DETECT, study=clip.study, clip=clip)

    def broken(row, ticker):
        raise KeyError(row.clip.patient.code)

    run_job(str(job.pk), broken)
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert "Retry" in job.message
    assert clip.patient.code not in job.message + job.log


def test_a_clip_without_a_lesion_is_not_described_but_says_so(clip):
    job = run(clip, Job.Kind.DESCRIBE, describe_clip_tracks)
    assert job.status == Job.Status.SUCCEEDED
    assert "no lesion box" in job.message
    assert not FeatureSet.objects.exists()


def state_no_lesion(clip: Clip) -> Track:
    """A reader signs that no lesion is seen."""
    reader = sonographer(clip)
    track = track_open_for_reader(actor=reader, clip=clip)
    patch = {**remove_boxes(head_revision(track).keyframes, clip.n_frames), "no_lesion": "not_in_view"}
    track_patch(actor=reader, track=track, base_revision=track.head, patch=patch, idempotency_key="none")
    track.refresh_from_db()
    track_sign(actor=reader, track=track, base_revision=track.head)
    track.refresh_from_db()
    return track


def test_a_clip_without_a_lesion_has_no_features_and_says_so(described):
    track = state_no_lesion(described)
    before = FeatureSet.objects.filter(clip=described).count()
    job = run(described, Job.Kind.DESCRIBE, describe_clip_tracks)
    assert job.status == Job.Status.SUCCEEDED
    assert job.message == "No lesion is seen in any frame: the sweep does not pass over it."
    assert FeatureSet.objects.filter(clip=described).count() == before
    assert features_for_track(track) == (None, False)
    assert current_features(described) is None
    assert states_no_lesion(described)
