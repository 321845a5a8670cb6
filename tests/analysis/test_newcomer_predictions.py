"""Whoever has features gets a prediction, by whichever version is of record: with a side or without."""

import numpy as np
import pytest

from analysis.models import Job, Prediction
from analysis.runners.describe import describe_clip_tracks
from analysis.runners.learn import learn_ensemble
from analysis.runners.work import run_job
from analysis.selectors import active_ensemble
from analysis.services.registry import version_promote
from tests.analysis.learning_study import columns, done, features_stored, learning_study, quick, storages
from tests.factories import make_patient

pytestmark = pytest.mark.django_db


def newcomer(study, code):
    patient = make_patient(study.sites.first(), code, age_years=50, c_t=1, c_n=0, c_tnm="IIA")
    features_stored(patient, columns(np.random.default_rng(1), True, 1.0))
    return patient


def test_a_newcomer_is_predicted_by_training_and_again_when_an_older_version_returns(
    settings, tmp_path, monkeypatch
):
    settings.STORAGES = storages(tmp_path)
    quick(monkeypatch)
    study = learning_study(36)
    assert done(study, Job.Kind.LEARN, learn_ensemble).status == Job.Status.SUCCEEDED
    first = active_ensemble(study)
    patient = newcomer(study, "NEW1")
    assert done(study, Job.Kind.LEARN, learn_ensemble).status == Job.Status.SUCCEEDED
    second = study.model_versions.order_by("-number").first()
    assert second.pk != first.pk
    (found,) = Prediction.objects.filter(patient=patient)
    assert found.version == second
    assert not found.in_training
    Job.objects.filter(kind=Job.Kind.DESCRIBE).delete()

    version_promote(actor=None, version=second, reason="newer")
    assert not Job.objects.filter(kind=Job.Kind.DESCRIBE).exists(), "everybody has a prediction already"
    version_promote(actor=None, version=first, reason="back")
    job = Job.objects.get(kind=Job.Kind.DESCRIBE)
    assert job.clip.patient == patient
    run_job(str(job.pk), describe_clip_tracks)
    assert Prediction.objects.filter(patient=patient, version=first).exists()
