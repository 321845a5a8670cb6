"""The Models pages: what is new, what stands in the way, versions, cards and the comparison."""

import pytest
from django.urls import reverse

from analysis.models import Job
from analysis.reports.since_training import standings
from analysis.reports.training_outlook import training_outlook
from studies.models import Track
from tests.analysis.reports.reported_study import TRAINING, reported_study
from tests.analysis.reports.test_version_history import second
from tests.factories import (
    logged_in,
    make_clip,
    make_feature_set,
    make_job,
    make_label,
    make_model_track,
    make_patient,
    make_person,
    make_site,
    make_study,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def reported():
    return reported_study(feature_base={})


def page(reported, name="models", role="administrator", query="", **kwargs):
    address = reverse(name, args=[reported.study.slug, *kwargs.values()])
    return logged_in(reported.people[role]).get(address + query)


def newcomer(reported):
    patient = make_patient(reported.sites[0], "newcomer")
    make_label(patient, "POSITIVE", kind="excision")
    make_feature_set(make_model_track(make_clip(patient)))
    return patient


def test_right_after_the_training_nothing_is_new(reported):
    outlook = training_outlook(
        reported.study, reported.version, None, viewer=reported.people["administrator"]
    )
    assert outlook.is_same
    assert outlook.may_start
    assert (outlook.n, outlook.positive) == (TRAINING, 8)
    answer = page(reported)
    assert "nothing new" in answer.content.decode()
    assert "It would learn from 24 patients: 8 HER2-positive, 16 HER2-negative." in answer.content.decode()


def test_a_newcomer_is_announced_before_it_joins(reported):
    newcomer(reported)
    outlook = training_outlook(
        reported.study, reported.version, None, viewer=reported.people["administrator"]
    )
    assert (outlook.n, outlook.joining) == (TRAINING + 1, 1)
    assert not outlook.is_same
    text = page(reported).content.decode()
    assert "1 of them joins the training side when it starts." in text
    assert ">newcomer</a>" in text


def test_the_conditions_say_what_is_missing_and_where_to_see_to_it():
    study = make_study("bare")
    make_patient(make_site(study))
    outlook = training_outlook(study, None, None, viewer=make_person(study, "coordinator"))
    assert [condition.is_met for condition in outlook.conditions] == [False, False, True]
    text = (
        logged_in(make_person(study, "administrator"))
        .get(reverse("models", args=[study.slug]))
        .content.decode()
    )
    assert "The split is not sealed yet" in text
    assert outlook.conditions[0].url == reverse("split", args=[study.slug])
    assert reverse("split", args=[study.slug]) not in text, "an administrator does not draw the split"
    assert "Too few to learn from" in text
    assert 'disabled aria-describedby="train-why"' in text


def test_a_second_click_starts_no_second_training(reported):
    client = logged_in(reported.people["administrator"])
    running = make_job(reported.study, "learn", status="running")
    answer = client.post(reverse("model-train", args=[reported.study.slug]), {"effort": "quick"})
    assert answer.url == reverse("job", args=[running.pk])
    assert Job.objects.filter(kind="learn").count() == 1
    assert "A training is under way" in page(reported).content.decode()


def test_a_second_click_takes_no_second_look(reported):
    client = logged_in(reported.people["coordinator"])
    running = make_job(reported.study, "judge", status="queued")
    answer = client.post(reverse("model-judge", args=[reported.study.slug]), {"reason": "twice"})
    assert answer.url == reverse("job", args=[running.pk])
    assert Job.objects.filter(kind="judge").count() == 1


def test_signed_tracks_of_test_patients_are_not_counted(reported):
    at = reported.version.created_at
    for patient in (reported.patients[0], reported.patients[-1]):
        Track.objects.filter(clip__exam__patient=patient).update(
            status="signed", signed_at=at.replace(year=2999)
        )
    change = next(
        c
        for c in training_outlook(
            reported.study, reported.version, None, viewer=reported.people["administrator"]
        ).changes
        if "Tracks" in c.label
    )
    assert change.count == 1
    assert not {row.pk for row in standings(reported.study)} & {p.pk for p in reported.patients[TRAINING:]}


def test_two_versions_are_compared_and_bad_choices_say_why(reported):
    client = logged_in(reported.people["clinician"])
    address = reverse("model-compare", args=[reported.study.slug])
    answer = client.get(address, follow=True)
    assert "no two versions to compare" in answer.content.decode()
    second(reported, without=2)
    text = client.get(address + "?v=2&v=1").content.decode()
    assert "Version 1 beside version 2" in text
    assert reported.patients[0].code in text
    for query in ("?v=1", "?v=1&v=1", "?v=1&v=7", "?v=x&v=y", "?v=1&v=2&v=3"):
        assert "Tick exactly two" in client.get(address + query, follow=True).content.decode()


def test_cards_carry_the_banner_and_what_identifies_the_version(reported):
    text = page(reported, "model-card", "clinician", pk=reported.version.pk).content.decode()
    for words in ("Research use only.", "e" * 64, reported.study.seal_hash, "XGBoost + LR", "Print"):
        assert words in text
    assert "Simulated patients: no finding here says anything about real disease." not in text
    reported.study.is_simulated = True
    reported.study.save()
    text = page(reported, "model-card", "clinician", pk=reported.version.pk).content.decode()
    assert "Simulated patients: no finding here says anything about real disease." in text


def test_the_shipped_detector_has_a_card(reported):
    text = page(reported, "detector-shipped-card").content.decode()
    assert "0.864 [0.805, 0.919]" in text
    assert "of record" in text


def test_the_page_takes_a_constant_number_of_queries(reported, django_assert_max_num_queries):
    client = logged_in(reported.people["administrator"])
    second(reported)
    with django_assert_max_num_queries(60):
        client.get(reverse("models", args=[reported.study.slug]))
