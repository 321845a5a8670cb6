"""Intervals of proportions, McNemar, Holm and confusion tables against libraries and the paper."""

import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError


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
