"""A study's own detector: trained on signed tracks as a job, judged, promoted, applied, taken back."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from analysis.models import Job, ModelVersion
from analysis.pipeline.detector import load_detector
from analysis.pipeline.kernels.detector_dataset import heldout, read_manifest, training_split
from analysis.pipeline.synthesis import draw_scene_parameters, synthesise_cine
from analysis.reports.detector_card import FIGURES, candidate_figures, shipped_card
from analysis.runners import train_detector
from analysis.runners.detect import active_detector, detect_clip
from analysis.runners.work import run_job
from analysis.selectors import cines_found_by_others, detector_of_record, signed_training_clips
from analysis.services.jobs import job_enqueue
from analysis.services.registry import detector_go_back, version_promote
from studies.errors import RuleViolationError
from studies.models import AuditEvent, Clip, Detection, Track
from studies.services.annotation import detection_store, model_track_store
from studies.services.video import file_ingest
from tests.factories import (
    logged_in,
    make_clip,
    make_membership,
    make_patient,
    make_person,
    make_site,
    make_study,
    make_version,
)
from tests.studies.imaging.builders import jpeg_cine

pytestmark = pytest.mark.django_db
FRAMES, CINES = 24, 6


@pytest.fixture(scope="module")
def cines(tmp_path_factory) -> list[tuple[Path, np.ndarray]]:
    """Small simulated cines with their true boxes."""
    folder, made = tmp_path_factory.mktemp("signed"), []
    for seed in range(CINES):
        rng = np.random.default_rng(seed)
        scene = draw_scene_parameters(rng, size_mm=14.0, her2_positive=False, effect=0.0, n_frames=FRAMES)
        cine = synthesise_cine(scene, rng)
        made.append((jpeg_cine(folder / f"{seed}.dcm", cine.frames, FrameTime="40"), cine.boxes))
    return made


def signed(site, path, boxes, *, side="training") -> Clip:
    """A cine whose boxes a reader signed."""
    patient = make_patient(site)
    make_membership(patient, side)
    verdict = file_ingest(actor=None, patient=patient, path=path)
    assert verdict.accepted, verdict.reason
    track = model_track_store(clip=verdict.clip, boxes=boxes, confidences=None)
    reader = make_person(site.study, "sonographer", site=site)
    Track.objects.filter(pk=track.pk).update(
        source=Track.Source.READER, reader=reader, status=Track.Status.SIGNED, signed_at=timezone.now()
    )
    return verdict.clip


@pytest.fixture
def study(cines):
    """Six signed cines of training patients, one of a test patient, and one that nobody signed."""
    site = make_site(make_study())
    for path, boxes in cines:
        signed(site, path, boxes)
    signed(site, *cines[0], side="test")
    make_membership(make_clip(make_patient(site)).exam.patient)
    return site.study


@pytest.fixture
def short_training(monkeypatch, tmp_path):
    """One cheap pass instead of twenty."""
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    options = train_detector.TrainingOptions(
        image_size=128, small_sizes=(96,), batch=4, warmup_steps=1, validate_every=1
    )
    monkeypatch.setattr(train_detector, "TrainingOptions", lambda: options)
    return tmp_path


def trained(study, **parameters) -> Job:
    """The job, done in this process."""
    parameters.setdefault("epochs", 1)
    job = job_enqueue(actor=None, kind=Job.Kind.TRAIN_DETECTOR, study=study, parameters=parameters)
    run_job(str(job.pk), train_detector.train_study_detector)
    job.refresh_from_db()
    return job


def test_only_signed_cines_of_training_patients_teach(study):
    clips = signed_training_clips(study)
    assert len(clips) == CINES
    assert {clip.exam.patient.membership.side for clip in clips} == {"training"}


def test_frames_are_sparse_and_carry_the_signed_box(study, cines, tmp_path):
    train_detector.write_stills(study, signed_training_clips(study), tmp_path)
    stills = read_manifest(tmp_path)
    every = train_detector.EVERY_FRAMES
    assert len(stills) <= CINES * (FRAMES // every + 1)
    assert len({still.group for still in stills}) == CINES
    clip = signed_training_clips(study)[0]
    for still in (s for s in stills if s.file.name.startswith(str(clip.pk))):
        frame = int(still.file.stem.rpartition("_")[2])
        truth = cines[0][1][frame]
        if np.isfinite(truth).all():
            np.testing.assert_allclose(still.boxes[0], truth, atol=6.0)
        else:
            assert not len(still.boxes)


def test_a_frame_that_a_reader_rejected_teaches_nothing(study, tmp_path):
    clip = signed_training_clips(study)[0]
    revision = clip.tracks.get().revisions.get()
    frame = train_detector.EVERY_FRAMES // 2
    track = clip.tracks.get()
    revision.pk, revision.number = None, revision.number + 1
    revision.excluded_frames = {str(frame): "blurred"}
    revision.save(force_insert=True)
    Track.objects.filter(pk=track.pk).update(head=revision.number)
    train_detector.write_stills(study, [clip], tmp_path)
    names = [still.file.stem for still in read_manifest(tmp_path)]
    assert names
    assert f"{clip.pk}_{frame:05d}" not in names


@pytest.mark.slow
def test_a_job_trains_judges_and_stores_a_candidate(study, short_training):
    job = trained(study)
    assert job.status == Job.Status.SUCCEEDED, job.message
    version = ModelVersion.objects.get(kind="detector")
    assert not version.is_active
    assert (version.training_snapshot["clips"], version.parameters["epochs"]) == (CINES, 1)
    assert (
        version.parameters["recipe"]["options"]["training"]["learning_rate"] == train_detector.LEARNING_RATE
    )
    assert not (short_training / "runs" / str(job.pk)).exists()
    for name, card in candidate_figures(version):
        assert name in ("candidate", "shipped")
        assert card.n_images == version.summary["n_held_out"] > 0
    version_promote(actor=None, version=version, reason="trial")
    detector = active_detector(study)
    assert detector.digest == version.digest != load_detector().digest
    clip = signed_training_clips(study)[0]
    found = job_enqueue(actor=None, kind=Job.Kind.DETECT, study=study, clip=clip)
    run_job(str(found.pk), detect_clip)
    assert Detection.objects.get(clip=clip).detector_digest == version.digest
    assert clip.tracks.filter(source=Track.Source.READER, status=Track.Status.SIGNED).exists()


@pytest.mark.slow
def test_a_job_whose_worker_died_goes_on_where_it_stood(study, short_training, monkeypatch):
    seen = []
    progress = train_detector.JobTicker.progress

    def dying(self, done, total):
        seen.append(done)
        if self.job.attempts == 1 and total == 3 and done == 2:
            raise KeyboardInterrupt
        return progress(self, done, total)

    monkeypatch.setattr(train_detector.JobTicker, "progress", dying)
    job = job_enqueue(actor=None, kind=Job.Kind.TRAIN_DETECTOR, study=study, parameters={"epochs": 3})
    with pytest.raises(KeyboardInterrupt):
        run_job(str(job.pk), train_detector.train_study_detector)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED)
    run_job(str(job.pk), train_detector.train_study_detector)
    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED, job.message
    assert seen == [1, 2, 1]


def test_too_few_signed_cines_are_said_so(short_training):
    job = trained(make_study())
    assert job.status == Job.Status.FAILED
    assert "0 signed cines" in job.message
    assert "at least 5" in job.message


@pytest.mark.slow
def test_a_training_can_be_cancelled(study, short_training, monkeypatch):
    monkeypatch.setattr(train_detector.JobTicker, "cancelled", lambda self: True)
    assert trained(study).status == Job.Status.CANCELLED
    assert not ModelVersion.objects.exists()


def manifest_of(folder: Path, groups: list[str]) -> list:
    """Stills of these groups."""
    (folder / "images").mkdir()
    rows = ["file,boxes_xyxy_px,near_duplicate_group,width,height"]
    for index, group in enumerate(groups):
        cv2.imwrite(str(folder / "images" / f"{index}.png"), np.full((60, 80), 90, np.uint8))
        rows.append(f'{index}.png,"[[10, 10, 40, 40]]",{group},80,60')
    (folder / "manifest.csv").write_text("\n".join(rows))
    return read_manifest(folder)


@pytest.mark.parametrize("n_groups", [4, 6, 9, 30])
def test_few_groups_still_leave_some_to_validate_on(tmp_path, n_groups):
    stills = manifest_of(tmp_path, [f"p{i // 2}" for i in range(2 * n_groups)])
    training, validation = training_split(stills)
    assert training
    assert validation
    assert len(training) + len(validation) + len(heldout(stills)) == 2 * n_groups


def test_one_group_cannot_be_trained_on(tmp_path):
    with pytest.raises(Exception, match="two groups"):
        training_split(manifest_of(tmp_path, ["only"] * 3))


def candidate(study, **values) -> ModelVersion:
    """A stored detector without its file."""
    version = make_version(study, **values)
    figures = {"n_images": 9, "mAP50": 0.5, "recall": None, "intervals": {"mAP50": [0.4, 0.6]}}
    version.kind, version.digest = "detector", "c" * 64
    version.training_snapshot, version.parameters = {"frames": 60, "clips": 6}, {"epochs": 20}
    version.summary = {"held_out": {"candidate": figures, "shipped": figures}}
    version.file = "models/x/model.onnx"
    version.save()
    return version


def test_the_card_of_the_shipped_detector_is_that_of_its_file():
    card = shipped_card()
    assert card.digest == load_detector().digest
    assert card.training_images > 500
    assert len(card.figures) in (0, len(FIGURES))


def test_the_page_shows_a_candidate_beside_the_shipped_one():
    study = make_study()
    candidate(study)
    page = logged_in(make_person(study, "administrator")).get(reverse("detectors", args=[study.slug]))
    text = page.content.decode()
    assert text.count("0.500 [0.400, 0.600]") == 2
    assert "60 frames of 6 signed cines, 20 passes" in text
    assert "which comes with the program" in text
    assert "Make it the one of record" in text
    assert "At least 5 are needed" in text
    assert "Make it the one of record" not in (
        logged_in(make_person(study, "coordinator")).get(page.request["PATH_INFO"]).content.decode()
    )


def test_going_back_to_the_shipped_detector_needs_a_reason_and_is_logged():
    study, user = make_study(), None
    user = make_person(study, "administrator")
    version = candidate(study)
    with pytest.raises(RuleViolationError, match="already"):
        detector_go_back(actor=user, study=study, reason="x")
    version_promote(actor=user, version=version, reason="better")
    assert detector_of_record(study) == version
    browser = logged_in(user)
    browser.post(reverse("detector-go-back", args=[study.slug]), {"reason": " "})
    assert detector_of_record(study) == version
    browser.post(reverse("detector-go-back", args=[study.slug]), {"reason": "misses small lesions"})
    assert detector_of_record(study) is None
    event = AuditEvent.objects.filter(action="model.go_back").get()
    assert event.reason == "misses small lesions"


def test_cines_without_boxes_of_the_detector_of_record_are_looked_at_again():
    study = make_study()
    site = make_site(study)
    found, other, none = (make_clip(make_patient(site)) for _ in range(3))
    empty = {"frames": [[]] * found.n_frames, "qc": {}, "status_by_frame": ["missing"] * found.n_frames}
    store = dict(detector_name="d", input_size_px=320, **empty)
    shipped = shipped_card().digest
    detection_store(clip=found, detector_digest=shipped, **store)
    detection_store(clip=other, detector_digest=shipped, **store)
    detection_store(clip=other, detector_digest="c" * 64, **store)
    assert cines_found_by_others(study, shipped) == [other, none]
    browser = logged_in(make_person(study, "administrator"))
    browser.post(reverse("detector-apply", args=[study.slug]))
    jobs = Job.objects.filter(kind=Job.Kind.DETECT)
    assert {job.clip for job in jobs} == {other, none}
    detection_store(clip=other, detector_digest=shipped, **store)  # the same detector looks once more
    assert cines_found_by_others(study, shipped) == [none]
