"""What waits among the computed things, for each role."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from analysis.models import Job, ModelVersion
from analysis.views.waiting import tasks_of
from studies.services.audit import audit_record
from tests.analysis.reports.reported_study import TEST, reported_study
from tests.factories import logged_in, make_job, make_label, make_patient, make_person, make_site, make_study

pytestmark = pytest.mark.django_db

PREDICTIONS = "Predictions that you have not opened"


@pytest.fixture
def reported():
    return reported_study()


def task(reported, role: str, label: str):
    return next(t for t in tasks_of(reported.study, viewer=reported.people[role]) if t.label == label)


def test_a_clinician_opens_predictions_one_after_the_other(reported):
    found = task(reported, "clinician", PREDICTIONS)
    assert found.count == TEST
    patient = reported.patients[-TEST]
    assert found.url == reverse("patient", args=[patient.pk])
    logged_in(reported.people["clinician"]).get(found.url)
    found = task(reported, "clinician", PREDICTIONS)
    assert found.count == TEST - 1
    assert patient.code not in dict(found.first)


def test_a_newer_prediction_waits_again_and_what_others_opened_does_not_count(reported):
    prediction = reported.version.predictions.order_by("created_at").first()
    for person in ("clinician", "coordinator"):
        audit_record(
            actor=reported.people[person],
            action="patient.view",
            target=prediction.patient,
            study=reported.study,
        )
    assert task(reported, "clinician", PREDICTIONS).count == TEST - 1
    reported.version.predictions.filter(pk=prediction.pk).update(
        created_at=timezone.now() + timedelta(hours=1)
    )
    assert task(reported, "clinician", PREDICTIONS).count == TEST


def test_a_failed_job_waits_until_somebody_tries_again(reported):
    failed = make_job(reported.study, "learn", status="failed")
    assert task(reported, "administrator", "Failed jobs").count == 1
    retried = make_job(reported.study, "learn", status="queued")
    assert retried.created_at > failed.created_at
    assert task(reported, "administrator", "Failed jobs").count == 0


def test_a_failed_job_of_another_clip_still_waits(reported):
    clips = [patient.exams.get().clips.get() for patient in reported.patients[:2]]
    make_job(reported.study, "detect", clip=clips[0], status="failed")
    make_job(reported.study, "detect", clip=clips[1], status="succeeded")
    found = task(reported, "administrator", "Failed jobs")
    assert (found.count, found.url.endswith("#failed")) == (1, True)


def test_a_candidate_waits_for_a_decision_until_a_newer_one_is_of_record(reported):
    label = "Trained versions to decide on"
    assert task(reported, "administrator", label).count == 0
    candidate = ModelVersion.objects.create(
        kind="ensemble", study=reported.study, number=2, name="SVM", digest="a" * 64
    )
    assert task(reported, "administrator", label).count == 1
    ModelVersion.objects.filter(pk=reported.version.pk).update(created_at=timezone.now() + timedelta(hours=1))
    assert candidate.created_at < timezone.now()
    assert task(reported, "administrator", label).count == 0


def test_a_coordinator_of_a_study_that_is_not_sealed_is_led_to_the_split():
    study = make_study("open")
    make_label(make_patient(make_site(study)), "POSITIVE")
    coordinator = make_person(study, "coordinator")
    (found,) = tasks_of(study, viewer=coordinator)
    assert (found.count, found.url) == (1, reverse("split", args=["open"]))


def test_the_fragment_says_when_nothing_waits(reported):
    client = logged_in(reported.people["administrator"])
    html = client.get(reverse("computed-tasks", args=[reported.study.slug])).content.decode()
    assert "nothing waits" in html
    Job.objects.create(kind="learn", study=reported.study, status="failed", finished_at=timezone.now())
    html = client.get(reverse("computed-tasks", args=[reported.study.slug]) + "?main=1").content.decode()
    assert "btn-primary" in html
    assert "Failed jobs" in html
