"""Who reaches learning: patients of a side with a label, features, and inclusion where the study screens."""

import numpy as np
import pytest

from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.runners.cohort import cases_of, learning_cohort
from analysis.services.split import newcomers_join, study_split
from studies.models import Membership, Screening
from tests.analysis.learning_study import features_stored, learning_study
from tests.factories import (
    make_clip,
    make_feature_set,
    make_label,
    make_membership,
    make_model_track,
    make_patient,
    make_site,
    make_study,
    make_user,
)

pytestmark = pytest.mark.django_db


def stand(patient, decision: str, *reasons: str) -> None:
    Screening.objects.create(
        patient=patient, decision=decision, reason=next(iter(reasons), ""), reasons=list(reasons)
    )


def labelled(site, count: int):
    patients = []
    for number in range(count):
        patient = make_patient(site, f"P{number:02d}")
        make_label(patient, "POSITIVE" if number % 2 else "NEGATIVE")
        patients.append(patient)
    return patients


@pytest.fixture
def site():
    return make_site(make_study())


def described(patient, monkeypatch) -> None:
    """Give the patient features that are current."""
    features = make_feature_set(make_model_track(make_clip(patient)))
    monkeypatch.setattr("analysis.runners.cohort.current_features", lambda clip: features)


def test_only_the_included_reach_learning_and_the_others_have_their_reason(site, monkeypatch):
    patients = labelled(site, 4)
    for patient in patients:
        described(patient, monkeypatch)
        make_membership(patient)
    cases, left_out = cases_of(site.study, "training")
    assert ([case.patient for case in cases], left_out) == (patients, {})
    stand(patients[0], "included")
    stand(patients[1], "excluded", "exclusion_a", "inclusion_c")
    stand(patients[2], "undecided")
    cases, left_out = cases_of(site.study, "training")
    assert [case.patient for case in cases] == patients[:1]
    assert left_out == {
        "P01": "not eligible: exclusion (a), inclusion (c)",
        "P02": "eligibility not decided yet",
        "P03": "eligibility not decided yet",
    }


def test_the_split_is_drawn_among_the_included(site):
    patients = labelled(site, 20)
    for patient in patients[:16]:
        stand(patient, "included")
    stand(patients[16], "excluded", "exclusion_f")
    assert study_split(actor=make_user(), study=site.study) == 16
    assert set(Membership.objects.values_list("patient_id", flat=True)) == {p.pk for p in patients[:16]}


def test_a_newcomer_joins_once_included(site):
    study = site.study
    patients = labelled(site, 10)
    for patient in patients:
        stand(patient, "included")
    study_split(actor=make_user(), study=study)
    study.sealed_at, study.seal_hash = study.created_at, "a" * 64
    study.save()
    late = make_patient(site, "LATE")
    make_label(late, "POSITIVE")
    assert newcomers_join(actor=None, study=study) == 0
    stand(late, "included")
    assert newcomers_join(actor=None, study=study) == 1
    assert late.membership.side == "training"


def test_a_patient_is_one_row_however_many_cines_and_frames():
    """HONESTY G12: n counts patients; of several cines the index clip alone is learned from."""
    study = learning_study(12)
    before, _ = cases_of(study, Membership.Side.TRAINING)
    patient = before[0].patient
    for _ in range(3):
        features_stored(patient, np.zeros(len(DYNAMIC_FEATURES)))
    after, _ = cases_of(study, Membership.Side.TRAINING)
    assert [case.patient for case in after] == [case.patient for case in before]
    assert after[0].features == before[0].features
    cohort = learning_cohort(study, after)
    assert cohort.dynamic.shape == (len(after), len(DYNAMIC_FEATURES))
    assert len(set(cohort.patients)) == len(after)
