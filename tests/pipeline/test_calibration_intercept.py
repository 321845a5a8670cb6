"""The calibration intercept exists for every set of predictions with both classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from analysis.pipeline.kernels.calibration import log_odds
from analysis.pipeline.metrics import calibration

PREDICTIONS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=60)


@given(PREDICTIONS.filter(lambda rows: len({label for label, _ in rows}) == 2))
def test_it_solves_its_equation_and_its_interval_is_finite(rows):
    labels = np.array([label for label, _ in rows], int)
    p = np.array([p for _, p in rows])
    found = calibration(labels, p)
    assert expit(log_odds(p) + found.intercept).sum() == pytest.approx(labels.sum(), abs=1e-6)
    assert np.isfinite(found.intercept_interval).all()


@pytest.mark.parametrize("wrong", [0, 1, 3])
def test_confident_predictions_have_an_intercept(wrong):
    """Newton's method steps from such flat tails into nowhere."""
    labels = np.r_[np.ones(4, int), np.zeros(8, int)]
    p = np.where(labels == 1, 1 - 1e-9, 1e-9)
    p[:wrong] = 1e-9
    found = calibration(labels, p)
    low, high = found.intercept_interval
    assert low < found.intercept < high
