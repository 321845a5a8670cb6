"""Planted leaks are blocked, each by its name; honest cohorts pass."""

import numpy as np
import pytest

from analysis.pipeline.errors import LeakageError
from analysis.pipeline.learn import judge, learn
from analysis.pipeline.splits import (
    LABEL_AMONG_PREDICTORS,
    LEAKS,
    ONE_PATIENT_TWO_CODES,
    SELECTION_BEFORE_SPLIT,
    TEST_PATIENT_IN_TRAINING,
    PatientGuard,
    require_no_leak,
    split_patients,
    subset,
)
from tests.pipeline.learning_cohorts import TINY, changed, gaussian_cohort


@pytest.fixture(scope="module")
def sides():
    cohort = gaussian_cohort(80, 60, seed=4)
    split = split_patients(cohort.patients, cohort.labels)
    return subset(cohort, split.training), subset(cohort, split.test)


@pytest.fixture(scope="module")
def ensemble(sides):
    return learn(sides[0], TINY).ensemble


def with_rows(training, test, rows, codes, groups=()):
    """Return the training cohort with rows of the test set added under other codes."""
    return changed(
        training,
        patients=(*training.patients, *codes),
        labels=np.r_[training.labels, test.labels[rows]],
        dynamic=np.vstack([training.dynamic, test.dynamic[rows]]),
        clinical=np.vstack([training.clinical, test.clinical[rows]]),
        groups=groups,
    )


def test_the_honest_cohort_passes(sides):
    require_no_leak(sides[0])
    PatientGuard.of(sides[1]).require_absent(sides[0], "training")
    assert len(set(LEAKS)) == 4


def test_a_test_patient_never_reaches_a_fit(sides):
    training, test = sides
    leaky = with_rows(training, test, [0], [test.patients[0]])
    with pytest.raises(LeakageError, match=f"^{TEST_PATIENT_IN_TRAINING}: training .*{test.patients[0]}"):
        learn(leaky, TINY, guard=PatientGuard.of(test))


def test_one_patient_under_two_codes_across_the_split(sides):
    training, test = sides
    leaky = with_rows(training, test, [2], ["NEW1"])
    with pytest.raises(LeakageError, match=f"^{ONE_PATIENT_TWO_CODES}: training met NEW1"):
        learn(leaky, TINY, guard=PatientGuard.of(test))


def test_one_hospital_number_on_both_sides(sides):
    training, test = sides
    linked = changed(training, groups=("", "mrn 7", *[""] * (len(training.patients) - 2)))
    guard = PatientGuard.of(changed(test, groups=("mrn 7", *[""] * (len(test.patients) - 1))))
    with pytest.raises(LeakageError, match=f"^{ONE_PATIENT_TWO_CODES}: .*{training.patients[1]}"):
        learn(linked, TINY, guard=guard)


def test_one_patient_under_two_codes_inside_the_training_set(sides):
    training, _ = sides
    leaky = with_rows(training, training, [5], ["TWIN"])
    with pytest.raises(LeakageError, match=f"^{ONE_PATIENT_TWO_CODES}: {training.patients[5]} and TWIN"):
        learn(leaky, TINY)
    shaken = changed(leaky, dynamic=leaky.dynamic * (1 + 1e-5))
    with pytest.raises(LeakageError, match=f"^{ONE_PATIENT_TWO_CODES}"):
        learn(shaken, TINY)
    # Declared as one group no fold divides them, and learning may go on.
    n = len(training.patients)
    together = changed(leaky, groups=tuple("same" if i in (5, n) else "" for i in range(n + 1)))
    require_no_leak(together)
    with pytest.raises(LeakageError, match=f"^{ONE_PATIENT_TWO_CODES}"):
        require_no_leak(changed(leaky, groups=("",) * (n + 1)))


def test_columns_chosen_before_the_split_are_refused(sides):
    training, _ = sides
    best = np.argsort(-np.abs(np.corrcoef(training.dynamic.T, training.labels)[-1, :-1]))[:10]
    leaky = changed(
        training,
        dynamic=training.dynamic[:, best],
        feature_names=tuple(training.feature_names[c] for c in best),
    )
    with pytest.raises(LeakageError, match=f"^{SELECTION_BEFORE_SPLIT}: expected all 60 .* got 10"):
        learn(leaky, TINY)


@pytest.mark.parametrize("disguise", ["plain", "reversed", "scaled", "noisy", "half missing"])
def test_the_label_among_the_video_features(sides, disguise):
    training, _ = sides
    y = training.labels.astype(float)
    noise = np.random.default_rng(0).normal(scale=0.05, size=y.size)
    column = {
        "plain": y,
        "reversed": 1 - y,
        "scaled": -3e9 * y + 7,
        "noisy": y + noise,
        "half missing": np.where(np.arange(y.size) % 2, y, np.nan),
    }[disguise]
    dynamic = training.dynamic.copy()
    dynamic[:, 17] = column
    with pytest.raises(LeakageError, match=f"^{LABEL_AMONG_PREDICTORS}: feature_0017"):
        learn(changed(training, dynamic=dynamic), TINY)


def test_the_label_among_the_clinical_variables(sides):
    training, _ = sides
    clinical = training.clinical.copy()
    clinical[:, 2] = training.labels
    with pytest.raises(LeakageError, match=f"^{LABEL_AMONG_PREDICTORS}: menopause"):
        learn(changed(training, clinical=clinical), TINY)


def test_chance_separation_in_a_tiny_cohort_is_no_leak():
    """Among 2,000 columns of noise and 12 patients some separate the classes; that is chance, not a leak."""
    cohort = gaussian_cohort(12, 2000, effect=0.0, seed=3)
    require_no_leak(cohort)


def test_judging_refuses_training_patients(sides, ensemble):
    training, test = sides
    with pytest.raises(LeakageError, match=f"^{TEST_PATIENT_IN_TRAINING}"):
        judge(ensemble, training)
    copied = changed(
        test, dynamic=np.vstack([training.dynamic[:1], test.dynamic[1:]]), patients=("X", *test.patients[1:])
    )
    with pytest.raises(LeakageError, match=f"^{ONE_PATIENT_TWO_CODES}: the test set met X"):
        judge(ensemble, copied)
    shaken = changed(
        copied,
        dynamic=copied.dynamic * (1 + 1e-6),
        clinical=np.vstack([training.clinical[:1], test.clinical[1:]]),
    )
    with pytest.raises(LeakageError, match=f"^{ONE_PATIENT_TWO_CODES}: X has the features"):
        judge(ensemble, shaken)


def test_guards_hold_no_patient_code(sides):
    guard = PatientGuard.of(sides[1])
    text = repr(guard)
    assert not any(code in text for code in sides[1].patients)
