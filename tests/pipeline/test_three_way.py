"""Three ordered classes through the two-way machinery; kappa against the literature."""

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cohort_report import jsonable
from analysis.pipeline.kernels.weighted_kappa import weighted_kappa
from analysis.pipeline.splits import assign_classes, subset
from analysis.pipeline.three_way import class_probabilities, judge_three_way, learn_three_way, three_way
from tests.pipeline.learning_cohorts import TINY, changed, gaussian_cohort

MODEL = "fused:LR+LR"


def ordered_cohort(effect, n=96, seed=0):
    """Features that rise with an ordered class; 0 zero, 1 low, 2 positive."""
    cohort = gaussian_cohort(n, 60, effect=0.0, clinical_effect=0.0, seed=seed)
    classes = np.arange(n) % 3
    dynamic = cohort.dynamic.copy()
    dynamic[:, :6] += effect * classes[:, np.newaxis]
    return changed(cohort, dynamic=dynamic, labels=(classes == 2).astype(np.int64)), classes


@pytest.fixture(scope="module")
def report():
    cohort, classes = ordered_cohort(1.0)
    return three_way(cohort, classes, MODEL, TINY), classes, cohort


def test_an_ordered_signal_is_found_in_order(report):
    found, classes, cohort = report
    assert found.patients == tuple(sorted(cohort.patients))
    np.testing.assert_array_equal(found.classes, classes)
    ends = {(pair.lower, pair.upper): pair for pair in found.pairs}
    assert ends["zero", "positive"].auc > ends["zero", "low"].auc
    assert ends["zero", "positive"].auc > ends["low", "positive"].auc
    assert ends["zero", "positive"].low > 0.8
    assert found.kappa.low > 0.0
    assert found.accuracy.low > 1 / 3
    assert [question.auc_low > 0.5 for question in found.questions] == [True, True]


def test_counts_and_probabilities_add_up(report):
    found, classes, _ = report
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0)
    assert (found.probabilities >= 0).all()
    assert found.confusion.sum() == found.n == 96
    for level, one in enumerate(found.per_class):
        assert one.n == 32 == one.recalled.denominator
        assert one.recalled.numerator == int(((found.calls == level) & (classes == level)).sum())
        assert 0.0 < one.recalled.low < one.recalled.value <= one.recalled.high
        assert not one.small
    assert found.accuracy.numerator == int((found.calls == classes).sum())
    assert found.majority == pytest.approx(1 / 3)
    json.dumps(jsonable(found), allow_nan=False)


def test_without_a_signal_there_is_no_agreement():
    cohort, classes = ordered_cohort(0.0, seed=3)
    found = three_way(cohort, classes, MODEL, TINY)
    assert abs(found.kappa.value) < 0.3
    assert found.pairs[2].low < 0.5 < found.pairs[2].high


def test_rows_may_come_in_any_order(report):
    found, classes, cohort = report
    order = np.random.default_rng(0).permutation(96)
    again = three_way(
        changed(
            cohort,
            patients=tuple(cohort.patients[i] for i in order),
            labels=cohort.labels[order],
            dynamic=cohort.dynamic[order],
            clinical=cohort.clinical[order],
        ),
        classes[order],
        MODEL,
        TINY,
    )
    np.testing.assert_array_equal(again.probabilities, found.probabilities)


def test_a_class_that_is_too_small_is_said_so():
    cohort, classes = ordered_cohort(1.0, n=30)
    few = np.where((classes == 0) & (np.arange(30) > 9), 1, classes)
    with pytest.raises(
        InvalidInputError, match=r"at least 5 patients of each class, got 4 zero, 16 low, 10 pos"
    ):
        three_way(cohort, few, MODEL, TINY)
    with pytest.raises(InvalidInputError, match="0, 1 or 2"):
        three_way(cohort, classes + 1, MODEL, TINY)


def test_answers_that_cross_leave_nothing_for_low():
    found = class_probabilities(np.array([0.7, 0.2]), np.array([0.1, 0.5]))
    np.testing.assert_allclose(found, [[0.3, 0.6, 0.1], [0.8, 0.0, 0.2]])


def test_folds_hold_every_class_evenly():
    classes = np.array([0] * 7 + [1] * 20 + [2] * 11)
    folds = assign_classes([f"P{i}" for i in range(38)], classes, 3, seed=1)
    for level in range(3):
        counts = np.bincount(folds[classes == level], minlength=3)
        assert counts.max() - counts.min() <= 1


def test_kappa_is_that_of_scikit_learn():
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 200)
    call = np.where(rng.random(200) < 0.6, truth, rng.integers(0, 3, 200))
    found = weighted_kappa(truth, call, 3)
    assert found.value == pytest.approx(cohen_kappa_score(truth, call, weights="linear"), abs=1e-12)
    assert found.low < found.value < found.high
    assert found.high - found.low < 0.35
    assert weighted_kappa(truth, truth, 3).value == 1.0
    assert weighted_kappa(truth, truth, 3, replicates=0).low is None
    for wrong in (call[:5], call + 1):
        with pytest.raises(InvalidInputError):
            weighted_kappa(truth, wrong, 3)


def test_a_look_keeps_cutoffs_and_recalibration_and_fits_nothing(report):
    cohort, classes = ordered_cohort(1.0)
    learned = learn_three_way(cohort, classes, MODEL, TINY)
    assert jsonable(learned.report) == jsonable(report[0])
    new, truth = ordered_cohort(1.0, n=60, seed=9)
    judged = judge_three_way(learned, new, truth)
    assert [one.cohort for one in judged.questions] == ["test", "test"]
    assert [one.cutoff for one in judged.questions] == [one.cutoff for one in learned.report.questions]
    assert judged.confusion.sum() == judged.n == 60
    assert judged.kappa.low > 0.0
    alone = judge_three_way(learned, subset(new, np.arange(30)), truth[:30])  # nothing hangs on the others
    np.testing.assert_array_equal(alone.calls, judged.calls[:30])
    np.testing.assert_array_equal(alone.probabilities, judged.probabilities[:30])
    json.dumps(jsonable(judged), allow_nan=False)


def test_a_side_without_a_class_is_not_judged(report):
    cohort, classes = ordered_cohort(1.0)
    learned = learn_three_way(cohort, classes, MODEL, TINY)
    rows = np.flatnonzero(classes != 1)
    with pytest.raises(InvalidInputError, match="at least 2 patients of each class, got 32 zero, 0 low"):
        judge_three_way(learned, subset(cohort, rows), classes[rows])
