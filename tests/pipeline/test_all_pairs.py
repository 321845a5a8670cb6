"""All pairs of models, cut-offs of resamples, bands of ROC curves, values at another prevalence."""

import numpy as np
import pytest

from analysis.pipeline import metrics
from analysis.pipeline.as_published import evaluate_by_resampling, paper_resample_matrix, paper_resample_ttest
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.bootstrap import bootstrap_indices
from analysis.pipeline.kernels.confusion import confusion_at
from analysis.pipeline.kernels.resampled_cutoffs import reoptimised

N1, N0 = 28, 60
Y = np.r_[np.ones(N1, int), np.zeros(N0, int)]


def scores_of(*separations, seed=0, places=None):
    """Correlated scores of several models; ties where rounded."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=Y.size)
    found = {
        f"m{number}": shared + rng.normal(size=Y.size) + gap * Y for number, gap in enumerate(separations)
    }
    return found if places is None else {name: np.round(score, places) for name, score in found.items()}


# --- resampled cut-offs -----------------------------------------------------------------------------


@pytest.mark.parametrize("places", [None, 1, 0])
def test_every_resample_equals_the_plain_way_of_computing_it(places):
    score = scores_of(0.8, places=places)["m0"]
    found = reoptimised(Y, score, 150, seed=3)
    rows = [row for block in bootstrap_indices(Y, 150, 3) for row in block]
    for number, row in enumerate(rows):
        cutoff = metrics.youden_cutoff(Y[row], score[row])
        left_out = np.setdiff1d(np.arange(Y.size), row)
        inside = confusion_at(Y[row], score[row], cutoff)
        outside = confusion_at(Y[left_out], score[left_out], cutoff)
        assert found.auc[number] == pytest.approx(metrics.auc(Y[row], score[row]), abs=1e-12)
        assert found.sensitivity[number] == pytest.approx(inside.tp / N1, abs=1e-12)
        assert found.specificity[number] == pytest.approx(inside.tn / N0, abs=1e-12)
        assert found.accuracy[number] == pytest.approx((inside.tp + inside.tn) / Y.size, abs=1e-12)
        expected = outside.tp / outside.positives + outside.tn / outside.negatives - 1
        assert found.youden_outside[number] == pytest.approx(expected, abs=1e-12)


def test_a_resample_that_cannot_be_cut_calls_everybody_positive():
    y, score = np.array([1, 1, 0, 0]), np.array([1.0, 2.0, 1.0, 1.0])
    found = reoptimised(y, score, 200, seed=0)
    constant = [np.ptp(score[row]) == 0 for block in bootstrap_indices(y, 200, 0) for row in block]
    assert 0 < sum(constant) < 200
    assert set(found.sensitivity[constant]) == {1.0}
    assert set(found.specificity[constant]) == {0.0}
    assert set(found.auc[constant]) == {0.5}
    known = found.youden_outside[constant]
    assert set(known[~np.isnan(known)]) <= {0.0}


def test_the_optimism_of_a_cutoff_chosen_on_the_judged_patients():
    """Without any signal the true Youden index is 0: the correction takes the flattery away."""
    apparent, corrected = [], []
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(size=Y.size)
        found = metrics.youden_optimism(Y, noise, replicates=200, seed=seed)
        apparent.append(found.youden)
        corrected.append(found.corrected)
        assert found.youden == pytest.approx(found.sensitivity + found.specificity - 1)
        assert found.optimism > 0
    assert np.mean(apparent) > 0.1
    assert abs(np.mean(corrected)) < 0.03


def test_resampled_rows_are_quick_enough_for_a_page():
    rng = np.random.default_rng(1)
    y = np.r_[np.ones(115, int), np.zeros(242, int)]
    found = evaluate_by_resampling(y, rng.normal(size=357) + y)
    assert found.figures["YI"][1] <= found.figures["YI"][0] <= found.figures["YI"][2]


# --- bands ------------------------------------------------------------------------------------------


def test_the_band_of_a_roc_curve_holds_the_curve_and_narrows_with_patients():
    score = scores_of(1.0, seed=2)["m0"]
    band, curve = metrics.roc_band(Y, score, replicates=400), metrics.roc_curve(Y, score)
    steps = [
        curve.true_positive_rate[curve.false_positive_rate <= x + 1e-9].max()
        for x in band.false_positive_rate
    ]
    assert ((band.low <= steps) & (steps <= band.high)).mean() > 0.97
    assert (np.diff(band.low) >= 0).all()
    many = np.tile(score, 16), np.tile(Y, 16)
    narrow = metrics.roc_band(many[1], many[0], replicates=400)
    assert (narrow.high - narrow.low).mean() < 0.4 * (band.high - band.low).mean()
    with pytest.raises(InvalidInputError):
        metrics.roc_band([1, 0, 0], [1, 2, 3])


def test_the_band_of_perfect_separation_is_the_corner():
    band = metrics.roc_band(Y, Y.astype(float), replicates=50)
    assert (band.low == 1).all()


# --- pairs ------------------------------------------------------------------------------------------


def test_all_pairs_equal_each_pair_alone():
    scores, cutoffs = scores_of(0.2, 0.9, 0.9, places=1), {"m0": 0.1, "m1": 0.4, "m2": 0.9}
    found = metrics.compare_all(Y, scores, cutoffs)
    alone = metrics.compare(Y, scores, cutoffs, [("m0", "m1"), ("m0", "m2"), ("m1", "m2")], replicates=0)
    for pair in alone:
        a, b = found.models.index(pair.first), found.models.index(pair.second)
        assert found.auc_difference[a, b] == pytest.approx(pair.difference, abs=1e-12)
        assert found.auc[a, b] == found.auc[b, a] == pytest.approx(pair.p, abs=1e-9)
        assert found.auc_holm[a, b] == pytest.approx(pair.p_holm, abs=1e-9)
        assert found.accuracy[a, b] == pytest.approx(pair.mcnemar["ACC"])
    assert np.isnan(np.diag(found.auc)).all()


def test_identical_models_do_not_differ():
    score = scores_of(0.5)["m0"]
    found = metrics.compare_all(Y, {"a": score, "b": score}, {"a": 0.0, "b": 0.0})
    assert found.auc[0, 1] == found.accuracy[0, 1] == found.youden[0, 1] == 1.0


def test_the_exact_test_of_youden_indices():
    assert metrics.youden_exact(3, 9, 28, 0, 0, 60) == pytest.approx(metrics.mcnemar_exact(3, 9))
    assert metrics.youden_exact(0, 0, 28, 2, 11, 60) == pytest.approx(metrics.mcnemar_exact(2, 11))
    assert metrics.youden_exact(4, 4, 28, 0, 0, 60) == pytest.approx(1.0)
    # both classes: swaps drawn at random agree
    rng = np.random.default_rng(5)
    b1, c1, b0, c0 = 7, 2, 9, 3
    drawn = (2 * rng.binomial(9, 0.5, 200_000) - 9) / 28 + (2 * rng.binomial(12, 0.5, 200_000) - 12) / 60
    observed = (b1 - c1) / 28 + (b0 - c0) / 60
    monte_carlo = np.mean(np.abs(drawn) >= observed - 1e-12)
    assert metrics.youden_exact(b1, c1, 28, b0, c0, 60) == pytest.approx(monte_carlo, abs=0.004)
    with pytest.raises(InvalidInputError):
        metrics.youden_exact(20, 9, 28, 0, 0, 60)


@pytest.mark.parametrize("metric", ["AUC", "ACC", "YI"])
def test_the_papers_heat_map_equals_its_single_tests(metric):
    scores, cutoffs = scores_of(0.2, 0.9, 1.2), {"m0": 0.1, "m1": 0.4, "m2": 0.9}
    found = paper_resample_matrix(Y, scores, metric, cutoffs=cutoffs, repetitions=100, seed=4)
    for a in range(3):
        assert np.isnan(found[a, a])
        for b in range(a):
            alone = paper_resample_ttest(
                Y, scores[f"m{a}"], scores[f"m{b}"], metric,
                cutoffs=(cutoffs[f"m{a}"], cutoffs[f"m{b}"]), repetitions=100, seed=4,
            )  # fmt: skip
            assert found[a, b] == found[b, a] == pytest.approx(alone.p, rel=1e-9)


def test_the_papers_test_finds_what_valid_tests_do_not():
    """Two models of equal strength: DeLong sees no difference, a thousand copies of the patients do."""
    scores = scores_of(0.8, 0.8, seed=11)
    valid = metrics.compare_all(Y, scores, {"m0": 0.5, "m1": 0.5}).auc[0, 1]
    published = paper_resample_matrix(Y, scores)[0, 1]
    assert valid > 0.05
    assert published < 1e-6


# --- another prevalence -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prevalence", "ppv", "npv"), [(0.32, 0.78, 0.85), (0.2, 0.66, 0.91), (0.15, 0.58, 0.94)]
)
def test_predictive_values_of_the_papers_best_model(prevalence, ppv, npv):
    """18 of 28 and 55 of 60: the paper gives neither value."""
    found = metrics.confusion_metrics(metrics.Confusion(tp=18, fp=5, tn=55, fn=10))
    positive, negative = metrics.predictive_values_at(found, prevalence)
    assert round(positive[0], 2) == ppv
    assert round(negative[0], 2) == npv
    assert (positive[0], negative[0]) == pytest.approx(
        metrics.predictive_values(18 / 28, 55 / 60, prevalence)
    )
    assert positive[1] < positive[0] < positive[2]
    assert negative[1] < negative[0] < negative[2]


def test_the_interval_of_a_predictive_value_is_mercaldos():
    """Mercaldo, Lau & Zhou 2007, equations 8 to 11, written out."""
    sensitivity, specificity, prevalence = 18 / 28, 55 / 60, 0.2
    variance = (1 - sensitivity) / (28 * sensitivity) + specificity / (60 * (1 - specificity))
    centre = np.log(sensitivity * prevalence / ((1 - specificity) * (1 - prevalence)))
    expected = [1 / (1 + np.exp(-(centre + side * 1.959964 * np.sqrt(variance)))) for side in (-1, 1)]
    found = metrics.confusion_metrics(metrics.Confusion(tp=18, fp=5, tn=55, fn=10))
    assert metrics.predictive_values_at(found, prevalence)[0][1:] == pytest.approx(expected, abs=1e-6)


def test_predictive_values_without_a_false_positive():
    found = metrics.confusion_metrics(metrics.Confusion(tp=11, fp=0, tn=60, fn=17))
    positive, negative = metrics.predictive_values_at(found, 0.2)
    assert positive[0] == 1.0
    assert 0.2 < positive[1] < 1.0  # better than calling everybody positive
    assert negative[1] < negative[0]
    nobody = metrics.confusion_metrics(metrics.Confusion(tp=0, fp=0, tn=60, fn=28))
    assert metrics.predictive_values_at(nobody, 0.2) is None
    with pytest.raises(InvalidInputError):
        metrics.predictive_values_at(found, 1.0)
