"""What is new since the training: each patient on one list, and no test patient on any."""

from datetime import timedelta

import pytest

from analysis.reports.since_training import learnable, since_training
from analysis.services.features import feature_set_store, static_of
from studies.models import Label, Track
from tests.analysis.reports.reported_study import TEST, TRAINING, reported_study
from tests.factories import (
    make_clip,
    make_feature_set,
    make_label,
    make_membership,
    make_model_track,
    make_patient,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def reported():
    return reported_study(feature_base={})


def since(reported):
    return since_training(reported.study, reported.version)


def test_nothing_is_new_right_after_the_training(reported):
    found = since(reported)
    assert found.is_empty
    assert found.waiting == ()


def test_a_labelled_patient_who_joined_the_training_side_is_new(reported):
    patient = make_patient(reported.sites[0], "new")
    make_label(patient, "POSITIVE", kind="excision")
    assert since(reported).waiting == ("new",)
    assert learnable(reported.study) == 1
    make_membership(patient)
    assert since(reported).waiting == ("new",)  # no features yet
    make_feature_set(make_model_track(make_clip(patient)))
    assert since(reported).new == ("new",)
    assert not since(reported).is_empty


def test_another_outcome_other_features_and_a_lost_label_are_told_apart(reported):
    relabelled, described, lost = reported.patients[:3]
    for patient, values in (
        (relabelled, {"call": "NEGATIVE"}),
        (lost, {"status": "draft", "locked_at": None}),
    ):
        Label.objects.filter(specimen__patient=patient).update(**values)
    track = Track.objects.get(clip__exam__patient=described)
    row = track.revisions.get().feature_sets.get()
    feature_set_store(
        clip=track.clip, revision=row.revision, box_source=row.box_source, digest="9" * 64,
        pipeline_version="1.0.1", parameters=row.parameters, static=static_of(row),
        dynamic=[0.0] * 2184, window=(0, row.n_frames), time_base="hz", fps=20.0, qc={}, reasons=[],
        excluded={},
    )  # fmt: skip
    found = since(reported)
    assert (found.relabelled, found.described, found.lost) == (
        (relabelled.code,),
        (described.code,),
        (lost.code,),
    )


def test_features_that_are_stale_are_lost_until_they_are_computed_again(reported):
    Track.objects.filter(clip__exam__patient=reported.patients[0]).update(head=2)
    assert since(reported).lost == (reported.patients[0].code,)


def test_no_test_patient_is_ever_read(reported):
    for patient in reported.patients[TRAINING : TRAINING + TEST]:
        Label.objects.filter(specimen__patient=patient).update(call="NEGATIVE")
    assert since(reported).is_empty


def test_the_comparison_takes_few_queries(reported, django_assert_max_num_queries):
    with django_assert_max_num_queries(15):
        since(reported)


def test_dates_out_of_order_take_a_patient_out_as_learning_does(reported):
    patient = reported.patients[0]
    exam = patient.exams.get()
    taken = patient.specimens.get(kind="excision").taken_on
    exam.performed_on = taken + timedelta(days=1)
    exam.save()
    assert since(reported).lost == (patient.code,)
