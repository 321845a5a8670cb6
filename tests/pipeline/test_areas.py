"""AUC, DeLong, ROC curves and bootstrap against brute force, independent libraries and plain loops."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MLstatkit import Delong_test
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError


def brute_auc(y, score):
    y, score = np.asarray(y), np.asarray(score, float)
    pairs = score[y == 1][:, None] - score[y == 0]
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_auc_equals_brute_force_and_sklearn(scored):
    y, a, _ = scored
    assert metrics.auc(y, a) == pytest.approx(brute_auc(y, a), abs=1e-14)
    assert metrics.auc(y, a) == pytest.approx(roc_auc_score(y, a), abs=1e-14)


def test_auc_of_plain_cases():
    assert metrics.auc([0, 0, 1, 1], [1, 2, 3, 4]) == 1.0
    assert metrics.auc([1, 1, 0, 0], [1, 2, 3, 4]) == 0.0
    assert metrics.auc([0, 1, 0, 1], [5, 5, 5, 5]) == 0.5
    assert metrics.auc([False, True], [0.1, 0.2]) == 1.0


def test_delong_equals_the_textbook_components(scored):
    """The O(n log n) variance equals DeLong's own double loop."""
    y, a, _ = scored
    positives, negatives = a[y == 1], a[y == 0]
    kernel = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    v10, v01 = kernel.mean(axis=1), kernel.mean(axis=0)
    variance = v10.var(ddof=1) / positives.size + v01.var(ddof=1) / negatives.size
    area, low, high = metrics.delong_interval(y, a)
    assert area == pytest.approx(kernel.mean())
    assert (high - low) / 2 == pytest.approx(1.959963984540054 * np.sqrt(variance))


def test_paired_delong_equals_mlstatkit(scored):
    y, a, b = scored
    z, p, *_ = Delong_test(y, a, b)
    ours = metrics.delong_paired(y, a, b)
    assert abs(ours.z) == pytest.approx(abs(z), rel=1e-7)
    assert ours.p == pytest.approx(p, rel=1e-7)
    assert ours.difference == pytest.approx(metrics.auc(y, a) - metrics.auc(y, b))
    assert ours.interval[0] < ours.difference < ours.interval[1]
    swapped = metrics.delong_paired(y, b, a)
    assert swapped.z == pytest.approx(-ours.z)
    assert swapped.interval == pytest.approx((-ours.interval[1], -ours.interval[0]))


def test_paired_delong_of_equal_scores_is_no_difference(scored):
    y, a, _ = scored
    assert metrics.delong_paired(y, a, a) == (0.0, 1.0, 0.0, (0.0, 0.0))
    assert metrics.delong_paired(y, a, 2 * a + 3).p == 1.0


def test_paired_delong_of_perfect_opposites():
    y, s = [0, 0, 1, 1], np.array([1.0, 2.0, 3.0, 4.0])
    found = metrics.delong_paired(y, s, -s)
    assert found.difference == 1.0
    assert found.z == np.inf
    assert found.p == 0.0


def test_delong_interval_stays_in_range_and_widens_with_level(scored):
    y, a, _ = scored
    _, low, high = metrics.delong_interval(y, a)
    _, low99, high99 = metrics.delong_interval(y, a, level=0.99)
    assert low99 < low < high < high99
    assert metrics.delong_interval([0, 0, 0, 1, 1, 1], [1, 2, 5, 4, 6, 7])[2] == 1.0
    _, low_logit, high_logit = metrics.delong_logit_interval(y, a)
    assert 0.0 < low_logit < metrics.auc(y, a) < high_logit < 1.0


def test_delong_at_one_hundred_thousand_patients_takes_under_a_second():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100_000)
    a, b = rng.normal(size=y.size) + y, np.round(rng.normal(size=y.size) + y, 2)
    started = time.perf_counter()
    metrics.delong_paired(y, a, b)
    assert time.perf_counter() - started < 1.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=4, max_size=40))
def test_auc_properties(pairs):
    y, s = (np.array(column) for column in zip(*pairs, strict=True))
    if not 0 < y.sum() < y.size:
        with pytest.raises(InvalidInputError):
            metrics.auc(y, s)
        return
    area = metrics.auc(y, s)
    assert area == pytest.approx(brute_auc(y, s), abs=1e-12)
    assert metrics.auc(y, -s) == pytest.approx(1 - area, abs=1e-12)
    assert metrics.auc(y, np.exp(s)) == pytest.approx(area, abs=1e-12)


def test_roc_curve_equals_sklearn(scored):
    y, a, _ = scored
    fpr, tpr, threshold = sklearn_roc_curve(y, a, drop_intermediate=False)
    curve = metrics.roc_curve(y, a)
    np.testing.assert_allclose(curve.false_positive_rate, fpr)
    np.testing.assert_allclose(curve.true_positive_rate, tpr)
    np.testing.assert_allclose(curve.threshold, threshold)
    assert np.trapezoid(curve.true_positive_rate, curve.false_positive_rate) == pytest.approx(
        metrics.auc(y, a)
    )


def test_bootstrap_auc_agrees_with_delong_and_repeats(scored):
    y, a, b = scored
    area, low, high = metrics.delong_interval(y, a)
    found = metrics.bootstrap_auc(y, a, seed=1)
    assert found.value == pytest.approx(area)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02)
    assert found == metrics.bootstrap_auc(y, a, seed=1)
    assert found.low != metrics.bootstrap_auc(y, a, seed=2).low
    difference = metrics.bootstrap_auc_difference(y, a, b, seed=1)
    assert (difference.low, difference.high) == pytest.approx(
        metrics.delong_paired(y, a, b).interval, abs=0.02
    )


def test_bootstrap_resamples_are_the_plain_loop(scored):
    """The weighted AUC of every resample equals the AUC of the drawn patients."""
    y, a, _ = scored
    generic = metrics.bootstrap_metric(y, a, metrics.auc, replicates=100, seed=5)
    fast = metrics.bootstrap_auc(y, a, replicates=100, seed=5)
    assert (generic.low, generic.high) == pytest.approx((fast.low, fast.high), abs=1e-12)


def test_the_best_of_sixteen_empty_models_is_corrected_to_chance():
    rng = np.random.default_rng(11)
    y = np.r_[np.ones(28, int), np.zeros(60, int)]
    naive, corrected = [], []
    for seed in range(12):
        scores = {f"m{i}": rng.normal(size=88) for i in range(16)}
        found = metrics.selection_corrected_auc(y, scores, replicates=300, seed=seed)
        naive.append(found.naive)
        corrected.append(found.corrected)
    assert np.mean(naive) > 0.58
    assert abs(np.mean(corrected) - 0.5) < 0.04
    assert sum(found.picked) == pytest.approx(1.0)
    assert found.best == max(scores, key=lambda name: metrics.auc(y, scores[name]))


def test_permutation_test(scored):
    y, a, _ = scored
    assert metrics.paired_permutation(y, a, a, metrics.auc, permutations=50) == 1.0
    assert metrics.paired_permutation(y, 3 * y + a, -a, metrics.auc, permutations=200) < 0.02
