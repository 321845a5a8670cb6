"""Every statistic against published numbers, independent libraries or brute force, and against bad input."""

import json
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MLstatkit import Delong_test
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError

PAPER = Path(__file__).resolve().parents[2].parent / "shared" / "paper" / "tables2-4.json"
TEST_POSITIVES, TEST_NEGATIVES = 28, 60

# Cells of Table 4 (test rows) whose printed bound does not follow from any arithmetic: a slip of the pen.
NAMED_SLIPS = {("SVM+LR", "ACC", 0)}


@pytest.fixture(scope="module")
def scored():
    """Labels and two correlated scores with ties, 160 patients."""
    rng = np.random.default_rng(7)
    y = (rng.random(160) < 0.32).astype(int)
    common = rng.normal(size=160)
    a = np.round(common + y + rng.normal(size=160), 1)
    b = np.round(common + 0.6 * y + rng.normal(size=160), 1)
    return y, a, b


def brute_auc(y, score):
    y, score = np.asarray(y), np.asarray(score, float)
    pairs = score[y == 1][:, None] - score[y == 0]
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


# --- AUC and DeLong ---------------------------------------------------------------------------------


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


# --- proportions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (1, 5), (73, 88), (18, 28), (55, 60), (1, 1)])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(metrics.wald, "normal"), (metrics.wilson, "wilson"), (metrics.clopper_pearson, "beta")],
)
def test_intervals_equal_statsmodels(ours, theirs, k, n):
    assert ours(k, n) == pytest.approx(proportion_confint(k, n, 0.05, theirs), abs=1e-9)


def test_corrected_interval_of_the_papers_accuracy():
    assert [round(100 * b, 1) for b in metrics.wilson(73, 88)] == [73.8, 89.4]
    assert [round(100 * b, 1) for b in metrics.wald(73, 88)] == [75.1, 90.8]
    assert [round(100 * b, 1) for b in metrics.clopper_pearson(73, 88)] == [73.4, 90.1]


def test_clopper_pearson_equals_scipy_exact():
    found = binomtest(73, 88).proportion_ci(method="exact")
    assert metrics.clopper_pearson(73, 88) == pytest.approx((found.low, found.high), abs=1e-9)


@pytest.mark.parametrize("function", [metrics.wald, metrics.wilson, metrics.clopper_pearson])
@pytest.mark.parametrize(
    ("k", "n"),
    [(5, 4), (-1, 4), (0, 0), (1.5, 4), (float("nan"), 4), ("3", 4), (True, 4), (None, 4), (1, 0.5)],
)
def test_impossible_counts_are_refused(function, k, n):
    with pytest.raises(InvalidInputError):
        function(k, n)


def test_youden_interval_of_the_paper_corrected():
    low, high = metrics.youden_wald(18, 28, 55, 60)
    assert (round(100 * low, 1), round(100 * high, 1)) == (36.9, 75.0)


# --- McNemar, Holm ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (5, 5), (3, 12), (12, 3), (40, 25)])
def test_mcnemar_equals_statsmodels(b, c):
    expected = mcnemar([[10, b], [c, 10]], exact=True).pvalue if b + c else 1.0
    assert metrics.mcnemar_exact(b, c) == pytest.approx(min(1.0, expected), abs=1e-12)


def test_mcnemar_mid_p_is_smaller_and_symmetric():
    assert metrics.mcnemar_mid_p(3, 12) == metrics.mcnemar_mid_p(12, 3) < metrics.mcnemar_exact(3, 12)
    assert metrics.mcnemar_mid_p(4, 4) == 1.0
    # Fagerland, Lydersen & Laake (BMC Med Res Methodol 2013): 1 against 7 discordant pairs, .0703 exact,
    # .0391 mid-p
    assert metrics.mcnemar_exact(1, 7) == pytest.approx(0.0703, abs=5e-5)
    assert metrics.mcnemar_mid_p(1, 7) == pytest.approx(0.0391, abs=5e-5)


def test_mcnemar_refuses_negative_and_fractional_counts():
    for b, c in ((-1, 2), (1.5, 2), (float("nan"), 1)):
        with pytest.raises(InvalidInputError):
            metrics.mcnemar_exact(b, c)


def test_holm_equals_statsmodels():
    p = [0.01, 0.04, 0.03, 0.005, 0.9, 0.04]
    assert metrics.holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    with pytest.raises(InvalidInputError):
        metrics.holm([0.2, 1.2])


# --- the cut-off ------------------------------------------------------------------------------------


def brute_cutoff(y, score):
    distinct = np.unique(score)
    best = None
    for cut in (distinct[:-1] + distinct[1:]) / 2:
        sensitivity = np.mean(score[y == 1] >= cut)
        specificity = np.mean(score[y == 0] < cut)
        key = (round(sensitivity + specificity, 12), sensitivity)
        if best is None or key > best[0]:
            best = (key, cut)
    return best[1]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-6, 6)), min_size=2, max_size=30))
def test_cutoff_equals_brute_force(pairs):
    y, s = (np.array(column, float) for column in zip(*pairs, strict=True))
    if not 0 < y.sum() < y.size or np.ptp(s) == 0:
        with pytest.raises(InvalidInputError):
            metrics.youden_cutoff(y, s)
        return
    assert metrics.youden_cutoff(y, s) == brute_cutoff(y, s)


def test_cutoff_prefers_sensitivity_among_ties():
    # 0.15 gives 1 + 1/2, 0.35 gives 1/2 + 1: equal, so the lower
    assert metrics.youden_cutoff([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]) == pytest.approx(0.15)


def test_cutoff_divides_neighbouring_floats():
    low = 0.5
    high = np.nextafter(low, 1.0)
    cut = metrics.youden_cutoff([0, 1], [low, high])
    assert low < cut <= high


# --- as published -----------------------------------------------------------------------------------


def test_published_interval_of_the_best_model():
    assert metrics.as_published_interval("ACC", 18, 28, 55, 60) == (0.826, 0.833)
    assert metrics.as_published_interval("SEN", 18, 28, 55, 60) == (0.465, 0.820)
    assert metrics.as_published_interval("SPC", 18, 28, 55, 60) == (0.847, 0.987)
    assert metrics.as_published_interval("YI", 18, 28, 55, 60) == (0.312, 0.807)


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's tables are not beside the repository")
@pytest.mark.real_data
def test_published_intervals_of_all_sixteen_fused_test_rows():
    rows = [r for r in json.loads(PAPER.read_text()) if (r["table"], r["cohort"]) == ("T4", "I-T")]
    assert len(rows) == 16
    differing = set()
    for row, metric in product(rows, ("SEN", "SPC", "ACC", "YI")):
        k1 = round(row["SEN"][0] * TEST_POSITIVES / 100)
        k0 = round(row["SPC"][0] * TEST_NEGATIVES / 100)
        found = metrics.as_published_interval(metric, k1, TEST_POSITIVES, k0, TEST_NEGATIVES)
        for side, (bound, printed) in enumerate(zip(found, row[metric][1:], strict=True)):
            if round(100 * bound, 1) != printed:
                differing.add((row["model"], metric, side))
    assert differing == NAMED_SLIPS


@pytest.mark.parametrize(
    "arguments", [("F1", 1, 2, 1, 2), ("SEN", 3, 2, 1, 2), ("ACC", 1, 2, 1, 0), (None, 1, 2, 1, 2)]
)
def test_published_interval_refuses(arguments):
    with pytest.raises(InvalidInputError):
        metrics.as_published_interval(*arguments)


def test_resample_ttest_finds_significance_in_noise_and_says_so(scored):
    """Two scores that DeLong cannot tell apart: the paper's test is certain, and its caveat says why."""
    y, a, _ = scored
    b = a + np.random.default_rng(3).normal(scale=0.5, size=a.size)
    assert metrics.delong_paired(y, a, b).p > 0.05
    found = metrics.paper_resample_ttest(y, a, b)
    assert found.p < 1e-6
    assert "not a valid test" in found.caveat.lower()
    assert "32-fold" in found.caveat
    assert found == metrics.paper_resample_ttest(y, a, b)


def test_resample_ttest_at_cutoffs(scored):
    y, a, b = scored
    for metric in ("ACC", "YI"):
        found = metrics.paper_resample_ttest(y, a, b, metric, cutoffs=(0.5, 0.5), repetitions=300)
        counts = [metrics.confusion_metrics(metrics.confusion_at(y, s, 0.5)) for s in (a, b)]
        assert found.difference == pytest.approx(counts[0][metric].value - counts[1][metric].value, abs=0.02)
        with pytest.raises(InvalidInputError, match="cut-offs"):
            metrics.paper_resample_ttest(y, a, b, metric)


# --- confusion --------------------------------------------------------------------------------------


def test_confusion_metrics_of_the_papers_best_model():
    found = metrics.confusion_metrics(metrics.Confusion(tp=18, fp=5, tn=55, fn=10))
    assert (found["SEN"].numerator, found["SEN"].denominator) == (18, 28)
    assert found["PPV"].value == pytest.approx(18 / 23)
    assert found["NPV"].value == pytest.approx(55 / 65)
    assert found["LR+"].value == pytest.approx((18 / 28) / (5 / 60))
    assert found["LR-"].value == pytest.approx((10 / 28) / (55 / 60))
    assert found["MAJORITY"].value == pytest.approx(60 / 88)
    assert (round(found["MAJORITY"].low, 3), round(found["MAJORITY"].high, 3)) == (0.579, 0.770)
    assert [round(100 * b, 1) for b in (found["SPC"].low, found["SPC"].high)] == [81.9, 96.4]
    assert found["YI"].value == pytest.approx(18 / 28 + 55 / 60 - 1)
    assert found["ACC"].method == "Wilson"


def test_likelihood_ratio_interval_of_a_textbook_table():
    """Simel 1991's log method: tp 90, fn 10, fp 20, tn 80."""
    found = metrics.confusion_metrics(metrics.Confusion(tp=90, fp=20, tn=80, fn=10))["LR+"]
    half = 1.959964 * np.sqrt(1 / 90 - 1 / 100 + 1 / 20 - 1 / 100)
    assert found.value == pytest.approx(4.5)
    assert (found.low, found.high) == pytest.approx((4.5 * np.exp(-half), 4.5 * np.exp(half)), rel=1e-6)


def test_confusion_with_empty_cells_stays_finite_and_says_what_is_missing():
    found = metrics.confusion_metrics(metrics.Confusion(tp=0, fp=0, tn=60, fn=28))
    assert found["PPV"].value is None
    assert found["PPV"].denominator == 0
    assert found["LR+"].value is None
    assert np.isfinite([found["LR+"].low, found["LR+"].high, found["LR-"].low]).all()


def test_calls_are_positive_at_the_cutoff():
    counts = metrics.confusion_at([0, 1, 0, 1], [0.2, 0.5, 0.5, 0.9], 0.5)
    assert (counts.tp, counts.fp, counts.tn, counts.fn) == (2, 1, 1, 0)


def test_predictive_values_at_other_prevalences():
    assert [round(v, 2) for v in metrics.predictive_values(18 / 28, 55 / 60, 0.20)] == [0.66, 0.91]
    assert [round(v, 2) for v in metrics.predictive_values(18 / 28, 55 / 60, 0.15)] == [0.58, 0.94]


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


# --- bootstrap --------------------------------------------------------------------------------------


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


# --- calibration and decisions ----------------------------------------------------------------------


def test_calibration_of_true_and_of_overconfident_probabilities():
    rng = np.random.default_rng(2)
    eta = rng.normal(-0.8, 1.0, 20_000)
    y = (rng.random(eta.size) < 1 / (1 + np.exp(-eta))).astype(int)
    true = metrics.calibration(y, 1 / (1 + np.exp(-eta)))
    assert true.slope == pytest.approx(1.0, abs=0.06)
    assert true.intercept == pytest.approx(0.0, abs=0.06)
    assert true.observed_expected == pytest.approx(1.0, abs=0.04)
    bold = metrics.calibration(y, 1 / (1 + np.exp(-2 * eta)))
    assert bold.slope == pytest.approx(true.slope / 2, abs=1e-6)
    assert bold.brier > true.brier


def test_calibration_equals_sklearn(scored):
    y, a, _ = scored
    p = 1 / (1 + np.exp(-(a - 1)))
    found = metrics.calibration(y, p)
    fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit((a - 1)[:, None], y)
    assert found.slope == pytest.approx(fit.coef_[0, 0], abs=1e-4)
    assert found.brier == metrics.brier(y, p) == pytest.approx(brier_score_loss(y, p))
    assert found.slope_interval[0] < found.slope < found.slope_interval[1]


def test_calibration_where_no_slope_exists():
    assert metrics.calibration([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]).slope is None
    assert metrics.calibration([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]).slope is None
    assert metrics.calibration([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]).intercept == pytest.approx(0.0, abs=1e-9)
    for p in ([0, 0, 1, 1], [1, 1, 0, 0]):
        assert np.isfinite(metrics.calibration([0, 1, 0, 1], p).intercept)


def test_calibration_curve_follows_the_truth():
    rng = np.random.default_rng(4)
    p = rng.random(4000)
    y = (rng.random(p.size) < p).astype(int)
    curve = metrics.calibration_curve(y, p)
    inner = (curve.predicted > 0.1) & (curve.predicted < 0.9)
    assert np.abs(curve.observed - curve.predicted)[inner].max() < 0.06
    assert (curve.low <= curve.observed).all()
    assert (curve.observed <= curve.high).all()


def test_net_benefit_by_hand_and_treat_all():
    y, p = [1, 1, 0, 0, 0], [0.9, 0.3, 0.6, 0.2, 0.1]
    # at 0.5: one true positive, one false positive; at 0.25: two and one
    assert metrics.net_benefit(y, p, [0.5, 0.25]) == pytest.approx([(1 - 1) / 5, (2 - 1 / 3) / 5])
    curve = metrics.decision_curve(y, [1.0] * 5, [0.2, 0.4], replicates=20)
    np.testing.assert_allclose(curve.net_benefit, curve.treat_all, atol=1e-12)
    assert (curve.low <= curve.net_benefit + 1e-12).all()


# --- Table 1 ----------------------------------------------------------------------------------------

TABLE_1 = {
    "Meno": ([147, 210], [39, 49], 0.593, 16201.5),
    "cN": ([277, 76, 4], [65, 22, 1], 0.464, 15128.5),
    "cT": ([173, 178, 6], [42, 45, 1], 0.942, 15639.0),
    "cTNM": ([149, 201, 7], [37, 50, 1], 0.895, 15831.0),
}


@pytest.mark.parametrize("name", TABLE_1)
def test_table_one_as_published(name):
    training, test, p, u = TABLE_1[name]
    found = metrics.compare_categories(training, test, "as_published")
    assert round(found.p, 3) == p
    assert found.statistic == u
    assert "Mann" in found.test


def test_table_one_corrected():
    found = {name: metrics.compare_categories(a, b) for name, (a, b, *_) in TABLE_1.items()}
    assert found["Meno"].test == "χ²"
    assert round(found["Meno"].p, 4) == 0.5925
    # Fisher–Freeman–Halton: .6738, .9647, 1.0000 by full enumeration
    for name, exact in (("cN", 0.6738), ("cT", 0.9647), ("cTNM", 1.0)):
        assert found[name].test.startswith("Fisher")
        assert found[name].p == pytest.approx(exact, abs=0.015)


def test_table_one_means():
    age = metrics.student_t_moments(52.20, 10.67, 357, 50.52, 10.38, 88)
    assert age.statistic == pytest.approx(1.3300, abs=1e-4)
    assert age.p == pytest.approx(0.1842, abs=1e-4)
    assert metrics.student_t_moments(2.37, 1.15, 357, 2.33, 0.98, 88).p == pytest.approx(0.764, abs=1e-3)


def test_continuous_comparison_chooses_its_test():
    rng = np.random.default_rng(6)
    normal, skewed = rng.normal(size=80), rng.exponential(size=80) ** 2
    assert metrics.compare_continuous(normal, normal + 1).test == "Student t"
    assert metrics.compare_continuous(normal, skewed).test == "Mann–Whitney U"
    assert metrics.compare_continuous(normal, skewed, "as_published").test == "Student t"
    assert metrics.compare_continuous([1, 1, 1], [1, 1]).p == 1.0
    assert metrics.standardised_difference(normal, normal - 1) == pytest.approx(1 / normal.std(ddof=1))
    with pytest.raises(InvalidInputError):
        metrics.compare_continuous([1], [2, 3])
    with pytest.raises(InvalidInputError):
        metrics.compare_categories([1, 2], [1, 2, 3])


# --- sample size ------------------------------------------------------------------------------------


def test_sample_sizes_of_the_design():
    prevalence = 28 / 88
    sizes = [metrics.size_for_auc(0.81, prevalence, h) for h in (0.1, 0.075, 0.05)]
    assert [(s.n, s.events) for s in sizes] == [(99, 32), (175, 56), (389, 124)]
    assert metrics.size_for_proportion(18 / 28, 0.18, 0.1) == metrics.SampleSize(495, 89, "Wald half-width")
    assert metrics.size_for_proportion(18 / 28, 0.32, 0.05).events == 353
    assert metrics.size_for_observed_expected(prevalence).n == 215
    assert [metrics.size_for_development(p, prevalence).shrinkage for p in (7, 20)] == [553, 1580]
    assert metrics.size_for_development(91, prevalence).shrinkage == pytest.approx(7186, abs=2)
    assert metrics.size_for_development(2184, prevalence).shrinkage == pytest.approx(172_000, rel=0.005)
    assert [metrics.size_for_development(p, prevalence, 0.3).shrinkage for p in (7, 20, 91)] == [
        258,
        737,
        3350,
    ]
    assert metrics.events_per_candidate(115, 2184) == pytest.approx(0.05, abs=0.003)


def test_sample_size_refuses():
    with pytest.raises(InvalidInputError):
        metrics.size_for_auc(1.2, 0.3, 0.1)
    with pytest.raises(InvalidInputError):
        metrics.size_for_auc(0.8, 0.3, 1e-6)
    with pytest.raises(InvalidInputError):
        metrics.size_for_development(0, 0.3)


def test_judging_needs_no_learning_library():
    """Pages import these modules, and the web process must never load scikit-learn, XGBoost or torch."""
    names = ["metrics", "as_published", "splits", "types"]
    imports = "; ".join(f"import analysis.pipeline.{name}" for name in names)
    check = "import sys; print([m for m in ('sklearn', 'xgboost', 'torch', 'skops') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", f"{imports}; {check}"], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr


# --- bad input, everywhere --------------------------------------------------------------------------

TWO_ARGUMENT = [
    metrics.auc,
    metrics.delong_interval,
    metrics.youden_cutoff,
    metrics.bootstrap_auc,
    metrics.roc_curve,
    metrics.calibration,
    metrics.brier,
    metrics.decision_curve,
]
BAD = {
    "empty": ([], []),
    "lengths": ([0, 1, 0, 1], [0.1, 0.2, 0.3]),
    "nan score": ([0, 1, 0, 1], [0.1, np.nan, 0.3, 0.4]),
    "infinite score": ([0, 1, 0, 1], [0.1, np.inf, 0.3, 0.4]),
    "nan label": ([0, 1, np.nan, 1], [0.1, 0.2, 0.3, 0.4]),
    "label 2": ([0, 1, 2, 1], [0.1, 0.2, 0.3, 0.4]),
    "words": (["a", "b"], [0.1, 0.2]),
    "number strings": (["0", "1", "0", "1"], [0.1, 0.2, 0.3, 0.4]),
    "matrix": ([[0, 1], [1, 0]], [[0.1, 0.2], [0.3, 0.4]]),
    "none": (None, None),
    "ragged": ([0, [1]], [0.1, 0.2]),
    "complex": ([0, 1], [1j, 2j]),
}


@pytest.mark.parametrize("function", TWO_ARGUMENT)
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_a_typed_error(function, case):
    with pytest.raises(InvalidInputError, match="expected"):
        function(*BAD[case])


@pytest.mark.parametrize("function", [f for f in TWO_ARGUMENT if f is not metrics.brier])
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only_is_a_typed_error(function, label):
    with pytest.raises(InvalidInputError, match="positive"):
        function([label] * 4, [0.1, 0.2, 0.3, 0.4])


def test_more_bad_input():
    with pytest.raises(InvalidInputError, match="at least 2 positive"):
        metrics.delong_interval([0, 0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(InvalidInputError):
        metrics.delong_paired([0, 1, 0, 1], [1, 2, 3, 4], [1, 2, 3])
    with pytest.raises(InvalidInputError):
        metrics.brier([0, 1], [0.2, 1.2])
    with pytest.raises(InvalidInputError):
        metrics.delong_interval([0, 0, 1, 1], [1, 2, 3, 4], level=95)
    with pytest.raises(InvalidInputError):
        metrics.selection_corrected_auc([0, 0, 1, 1], {})
    with pytest.raises(InvalidInputError):
        metrics.confusion_metrics(metrics.Confusion(1, 0, 0, 1))


def test_sure_and_wrong_probabilities_are_calibrated_too():
    """Newton's full step overshoots here; the maximum exists all the same."""
    y = np.array([1] * 9 + [1] + [0] * 12)
    p = np.array([0.9] * 9 + [0.1] + [0.9] * 12)
    found = metrics.calibration(y, p)
    eta = np.log(p / (1 - p))
    assert np.sum(1 / (1 + np.exp(-(eta + found.intercept)))) == pytest.approx(10)
    extreme = metrics.calibration(y, np.where(p > 0.5, 1.0, 0.0))
    assert np.isfinite(extreme.intercept)
    assert extreme.intercept < 0
