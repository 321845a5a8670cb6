"""Calibration and decision curves against libraries and arithmetic by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from analysis.pipeline import metrics


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
