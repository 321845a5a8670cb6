"""Judging needs no learning library, and bad input is a typed error everywhere."""

import subprocess
import sys

import numpy as np
import pytest

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError


def test_judging_needs_no_learning_library():
    """Pages import these modules, and the web process must never load scikit-learn, XGBoost or torch."""
    names = ["metrics", "as_published", "splits", "types"]
    imports = "; ".join(f"import analysis.pipeline.{name}" for name in names)
    check = "import sys; print([m for m in ('sklearn', 'xgboost', 'torch', 'skops') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", f"{imports}; {check}"], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr


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


def test_areas_of_different_patients_are_compared_with_variances_that_add():
    rng = np.random.default_rng(7)
    y_a, y_b = np.r_[np.ones(12, int), np.zeros(30, int)], np.r_[np.ones(9, int), np.zeros(14, int)]
    a, b = (rng.normal(size=y.size) + y for y in (y_a, y_b))
    difference, low, high = metrics.delong_difference(y_a, a, y_b, b)
    parts = [metrics.delong_interval(*pair) for pair in ((y_a, a), (y_b, b))]
    assert difference == pytest.approx(parts[0][0] - parts[1][0])
    half = np.hypot(*(area - bottom for area, bottom, _top in parts))
    assert (low, high) == pytest.approx((difference - half, difference + half))


def test_the_unpaired_difference_covers_none_as_often_as_it_says():
    rng, y = np.random.default_rng(3), np.r_[np.ones(30, int), np.zeros(50, int)]
    covered = 0
    for _ in range(400):
        a, b = (rng.normal(size=y.size) + y for _ in range(2))
        _difference, low, high = metrics.delong_difference(y, a, y, b)
        covered += low <= 0 <= high
    assert 0.91 <= covered / 400 <= 0.985
