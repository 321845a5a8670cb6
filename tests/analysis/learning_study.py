"""A study that can be learned from: patients with labels, sides and current features, without any cine."""

import io
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import override_settings
from PIL import Image

from analysis.models import FeatureSet, Job
from analysis.pipeline.describe import PIPELINE_VERSION
from analysis.pipeline.names import DYNAMIC_FEATURES, STATIC_FEATURES
from analysis.runners.describe import describe_clip_tracks
from analysis.runners.digests import description_digest, parameters_of
from analysis.runners.work import run_job
from analysis.services.features import StoredStatic, feature_set_store
from analysis.services.jobs import job_enqueue
from studies.imaging.cine import inspect_file
from studies.imaging.pack import write_pack
from studies.models import Clip, Patient, Study
from studies.services.membership import study_freeze_base, study_seal
from studies.services.revisions import head_revision
from tests.factories import (
    HEIGHT,
    WIDTH,
    make_clip,
    make_label,
    make_membership,
    make_model_track,
    make_patient,
    make_person,
    make_site,
    make_study,
)
from tests.pipeline.learning_cohorts import TINY

VARYING = 60
BASE = {"time_base": "hz", "spacing_base": "px", "fmax": 10.0}


def learning_study(n: int = 60, *, effect: float = 1.3, seed: int = 0, test_share: int = 4) -> Study:
    """A sealed study at two sites; one patient in `test_share` is a test patient, one in three positive."""
    rng = np.random.default_rng(seed)
    study = make_study(feature_base=BASE, is_simulated=True)
    sites = [make_site(study, "A"), make_site(study, "B")]
    for number in range(n):
        positive = number % 3 == 0
        age = int(rng.integers(30, 75))
        patient = make_patient(
            sites[number % 2],
            f"L{number:03d}",
            age_years=age,
            size_cm=round(float(rng.uniform(0.8, 4.5)), 1),
            menopause=int(age > 50),
            c_t=1 + int(rng.integers(0, 2)),
            c_n=int(rng.integers(0, 2)),
            c_tnm="IIA",
        )
        make_label(patient, "POSITIVE" if positive else "NEGATIVE", kind="excision")
        features_stored(patient, columns(rng, positive, effect))
        make_membership(patient, "test" if (number // 3) % test_share == 0 else "training")
    return study_seal(actor=make_person(study, "coordinator"), study=study)


def cine_study(n: int = 30, *, frames: int = 20, seed: int = 0) -> Study:
    """A sealed study whose patients have short cines of noise, in mm, with features computed from them.

    HER2-positive lesions are brighter, so that there is something to learn.
    """
    rng = np.random.default_rng(seed)
    study = make_study(is_simulated=True, readers_per_clip=2)
    site = make_site(study, "A")
    for number in range(n):
        positive = number % 3 == 0
        patient = make_patient(site, f"C{number:03d}", age_years=40 + number % 30, c_t=1, c_n=number % 2)
        make_label(patient, "POSITIVE" if positive else "NEGATIVE", kind="excision")
        clip = make_clip(patient, n_frames=frames, spacing_row_mm=0.5, spacing_column_mm=0.5)
        clip.pack.save("frames.pack", ContentFile(noise_pack(frames, rng, 40 * positive)), save=True)
        make_model_track(clip)
        make_membership(patient, "test" if number >= n - 6 else "training")
    base = {"time_base": "hz", "spacing_base": "mm", "fmax": 10.0}
    study = study_freeze_base(actor=None, study=study, base=base)
    study = study_seal(actor=make_person(study, "coordinator"), study=study)
    describe_all(study)
    return study


def describe_all(study: Study) -> None:
    """Compute what is missing of every clip's features."""
    for clip in Clip.objects.filter(exam__patient__study=study):
        job = job_enqueue(actor=None, kind=Job.Kind.DESCRIBE, study=study, clip=clip)
        run_job(str(job.pk), describe_clip_tracks)
        job.refresh_from_db()
        assert job.status == Job.Status.SUCCEEDED, job.message


def noise_pack(frames: int, rng: np.random.Generator, brighter: int) -> bytes:
    """The frame pack of a cine of noise, brighter inside the box that `make_model_track` draws."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "frames.zip"), Path(folder, "frames.pack")
        with zipfile.ZipFile(source, "w") as archive:
            for number in range(frames):
                pixels = rng.normal(90, 25, (HEIGHT, WIDTH))
                pixels[10:40, 10:40] += brighter
                picture = io.BytesIO()
                Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(picture, "PNG")
                archive.writestr(f"{number:05d}.png", picture.getvalue())
        write_pack(source, target, info=inspect_file(source))
        return target.read_bytes()


def columns(rng: np.random.Generator, positive: bool, effect: float) -> np.ndarray:
    """(2184,) features of one clip, of which the first few tell the classes apart and most are constant."""
    dynamic = np.zeros(len(DYNAMIC_FEATURES))
    dynamic[:VARYING] = rng.normal(size=VARYING)
    dynamic[:5] += effect * positive
    return dynamic


def features_stored(patient: Patient, dynamic: np.ndarray) -> FeatureSet:
    """A current feature set of a new clip under the model's track."""
    clip = make_clip(patient, acquisition={"manufacturer": "Maker", "model": "One"})
    track = make_model_track(clip)
    revision = head_revision(track)
    return feature_set_store(
        clip=clip,
        revision=revision,
        box_source=track.source,
        digest=description_digest(clip, revision, parameters_of(clip.study)),
        pipeline_version=PIPELINE_VERSION,
        parameters=dict(patient.study.feature_base),
        static=StoredStatic(np.arange(3), np.zeros((3, len(STATIC_FEATURES))), np.zeros((3, 4))),
        dynamic=dynamic,
        window=(0, clip.n_frames),
        time_base="hz",
        fps=20.0,
        qc={"with_box": clip.n_frames},
        reasons=[],
        excluded={},
    )


def quick(monkeypatch) -> None:
    """Make jobs learn with the smallest grids."""
    found = "analysis.runners.learn.learn_parameters"
    monkeypatch.setattr(found, lambda effort, seed, fusion="mean": replace(TINY, seed=seed, fusion=fusion))


def storages(folder: Path) -> dict[str, object]:
    """The storages of the settings, with files in a folder."""
    files = {
        "BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)},
    }  # fmt: skip
    return {**settings.STORAGES, "default": files}


@contextmanager
def kept(blocker, folder: Path):
    """A database and a storage in which a module-wide fixture lives until the block ends."""
    with blocker.unblock(), override_settings(STORAGES=storages(folder)), transaction.atomic():
        yield
        transaction.set_rollback(True)


def done(study: Study, kind: str, do, *, actor=None, **parameters) -> Job:
    """Queue a job of the study and do it in this process."""
    job = job_enqueue(actor=actor, kind=kind, study=study, parameters=parameters)
    run_job(str(job.pk), do)
    job.refresh_from_db()
    return job
