"""Scores that the tests of several statistics share."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def scored():
    """Labels and two correlated scores with ties, 160 patients."""
    rng = np.random.default_rng(7)
    y = (rng.random(160) < 0.32).astype(int)
    common = rng.normal(size=160)
    a = np.round(common + y + rng.normal(size=160), 1)
    b = np.round(common + 0.6 * y + rng.normal(size=160), 1)
    return y, a, b
