"""The cut-off against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError


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
