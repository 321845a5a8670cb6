"""The jobs page: what runs, waits and failed first, with what can be done about it."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from analysis.models import Job
from studies.templatetags.words import duration
from tests.factories import (
    logged_in,
    make_clip,
    make_job,
    make_patient,
    make_person,
    make_site,
    make_study,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("alpha")


@pytest.fixture
def administrator(study):
    return make_person(study, "administrator")


def page(study) -> str:
    return reverse("jobs", args=[study.slug])


def html_of(user, study, query: str = "", **headers) -> str:
    return logged_in(user).get(page(study) + query, headers=headers).content.decode()


def running(study, **values) -> Job:
    now = timezone.now()
    options = {"status": "running", "started_at": now - timedelta(seconds=75), "heartbeat_at": now} | values
    return make_job(study, options.pop("kind", "learn"), **options)


def test_a_running_job_shows_stage_progress_estimate_worker_and_a_way_to_stop_it(study, administrator):
    job = running(study, stage="training", done=3, total=6, worker="box-1", started_by=administrator)
    html = html_of(administrator, study)
    first = html[html.index('id="jobs-now"') : html.index('id="all-jobs"')]
    assert "training" in first
    assert '<progress max="100" value="50"' in first
    assert "3 / 6" in first
    assert "box-1" in first
    assert re.search(r"1 min [1-5]\d s", first), "75 s ago, and however long the page took"
    assert "left" in first
    assert reverse("job-cancel", args=[job.pk]) in first
    assert 'hx-trigger="every 2s"' in first


def test_who_may_not_stop_a_job_is_offered_nothing(study):
    job = running(study)
    html = html_of(make_person(study, "clinician"), study)
    assert reverse("job-cancel", args=[job.pk]) not in html


def test_the_poll_ends_with_the_work_and_then_renews_the_list(study, administrator):
    job = running(study)
    client = logged_in(administrator)
    headers = {"HX-Request": "true", "HX-Target": "jobs-now"}
    answer = client.get(page(study), headers=headers)
    assert "HX-Trigger" not in answer
    Job.objects.filter(pk=job.pk).update(status="succeeded", finished_at=timezone.now())
    answer = client.get(page(study), headers=headers)
    assert answer["HX-Trigger"] == "jobs-finished"
    assert "every 2s" not in answer.content.decode()
    whole = client.get(page(study), headers={"HX-Request": "true", "HX-Target": "jobs-table"})
    assert 'id="jobs-table"' in whole.content.decode()


def test_a_silent_job_is_marked(study, administrator):
    running(study, heartbeat_at=timezone.now() - timedelta(minutes=2))
    assert "no sign of life" in html_of(administrator, study)


def test_jobs_that_nobody_takes_up_are_said_to_be(study, administrator):
    job = make_job(study)
    assert "no worker takes them up" not in html_of(administrator, study)
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    assert "no worker takes them up" in html_of(administrator, study)
    running(make_study("beta"))  # the worker is busy elsewhere
    assert "no worker takes them up" not in html_of(administrator, study)


def test_failed_jobs_stand_apart_until_they_are_tried_again(study, administrator):
    job = make_job(study, "learn", status="failed", message="Something went wrong.")
    html = html_of(administrator, study)
    assert 'id="failed"' in html
    assert html.index("Something went wrong.") < html.index('id="all-jobs"')
    client = logged_in(administrator)
    answer = client.post(reverse("job-retry", args=[job.pk]), {"list": "1"})
    assert answer["Location"] == page(study)
    html = html_of(administrator, study)
    assert 'id="failed"' not in html
    assert html.count("Something went wrong.") == 1  # still in the list of all


def test_an_administrator_retries_all_failed_jobs_at_once(study, administrator):
    patient = make_patient(make_site(study))
    for clip in (make_clip(patient), make_clip(patient)):
        make_job(study, "detect", clip=clip, status="failed")
    assert "Retry all 2" in html_of(administrator, study)
    logged_in(administrator).post(reverse("jobs-retry", args=[study.slug]))
    assert Job.objects.filter(status="queued", kind="detect").count() == 2
    logged_in(administrator).post(reverse("jobs-retry", args=[study.slug]))
    assert Job.objects.count() == 4  # they are tried already


def test_cancelling_from_the_list_stays_there(study, administrator):
    job = make_job(study)
    answer = logged_in(administrator).post(reverse("job-cancel", args=[job.pk]), {"list": "1"})
    assert answer["Location"] == page(study)
    job.refresh_from_db()
    assert job.status == "cancelled"


def test_the_list_filters_by_state_kind_and_patient(study, administrator):
    patient = make_patient(make_site(study), "ABC1")
    make_job(study, "detect", clip=make_clip(patient), status="succeeded", message="Found it.")
    make_job(study, "learn", status="cancelled", message="Stopped.")
    for query, seen, hidden in (
        ("?status=succeeded", "Found it.", "Stopped."),
        ("?kind=learn", "Stopped.", "Found it."),
        ("?patient=abc", "Found it.", "Stopped."),
    ):
        html = html_of(administrator, study, query)
        assert seen in html
        assert hidden not in html
    assert "No job is like that." in html_of(administrator, study, "?patient=nobody")
    assert 'value="nobody"' in html_of(administrator, study, "?patient=nobody")


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, ""), (0, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_are_said_as_people_say_them(seconds, words):
    with translation.override("en"):
        assert duration(seconds) == words
