"""Obuchowski–Rockette against a published example and against paired DeLong."""

import numpy as np
import pytest
from scipy.stats import norm

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.delong import delong_covariance
from analysis.pipeline.kernels.reader_study import ReaderCovariance, analyse_areas

# Areas of five readers under two modalities, and covariance components, of Van Dyke's spin-echo against
# cine study as published in the literature on this method (Hillis, Berbaum & Metz, Acad Radiol 2008, and
# RJafroc's manual).
AREAS = np.array(
    [
        [0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066],
        [0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169],
    ]
)
COMPONENTS = ReaderCovariance(0.0007883925, 0.0003466137, 0.0003440748, 0.0002390284)


@pytest.fixture(scope="module")
def ratings():
    """Return labels and scores[model][reader] with reader and case effects."""
    rng = np.random.default_rng(1)
    y = (rng.random(120) < 0.35).astype(int)
    case = rng.normal(size=120)
    scores = {
        model: {f"r{r}": case + gain * y + 0.8 * rng.normal(size=120) for r in range(4)}
        for model, gain in (("a", 1.2), ("b", 0.7))
    }
    return y, scores


def test_published_example():
    found = analyse_areas(("spin-echo", "cine"), ("1", "2", "3", "4", "5"), AREAS, COMPONENTS)
    assert found.f == pytest.approx(4.4563, abs=2e-4)
    assert found.degrees_of_freedom == pytest.approx(15.2597, abs=2e-3)
    assert found.p_random == pytest.approx(0.05167, abs=5e-5)
    assert found.difference == pytest.approx(-0.04380, abs=1e-5)
    assert found.interval == pytest.approx((-0.08796, 0.00036), abs=2e-5)


def test_fixed_readers_equal_the_contrast_of_mean_areas(ratings):
    """With readers fixed the test is that of a contrast under DeLong's full covariance matrix."""
    y, scores = ratings
    found = metrics.reader_study(y, scores)
    stacked = np.vstack([scores[m][r] for m in scores for r in scores[m]])
    areas, covariance = delong_covariance(y, stacked)
    contrast = np.r_[np.full(4, 0.25), np.full(4, -0.25)]
    z = contrast @ areas / np.sqrt(contrast @ covariance @ contrast)
    assert found.p_fixed == pytest.approx(2 * norm.sf(abs(z)), rel=1e-9)
    assert found.difference == pytest.approx(contrast @ areas)


def test_identical_readers_leave_paired_delong(ratings):
    y, scores = ratings
    twice = {model: {"r0": s["r0"], "copy": s["r0"]} for model, s in scores.items()}
    found = metrics.reader_study(y, twice)
    paired = metrics.delong_paired(y, scores["a"]["r0"], scores["b"]["r0"])
    assert found.p_fixed == pytest.approx(paired.p, rel=1e-9)
    assert found.p_random == pytest.approx(paired.p, rel=1e-6)
    assert found.interval == pytest.approx(paired.interval, rel=1e-6)


def test_one_model_gives_a_mean_with_its_interval(ratings):
    y, scores = ratings
    found = metrics.reader_study(y, {"a": scores["a"]})
    assert found.f is None
    mean = found.means[0]
    assert mean.low < mean.auc < mean.high
    assert mean.auc == pytest.approx(np.mean([metrics.auc(y, s) for s in scores["a"].values()]))
    single = metrics.delong_interval(y, scores["a"]["r0"])
    assert mean.high - mean.low < 1.5 * (single[2] - single[1])


def test_bad_designs_are_refused(ratings):
    y, scores = ratings
    for wrong in (
        {},
        {"a": {"r0": scores["a"]["r0"]}},
        {"a": scores["a"], "b": {"r0": scores["b"]["r0"], "x": scores["b"]["r1"]}},
        {"a": {"r0": scores["a"]["r0"], "r1": scores["a"]["r1"][:50]}},
    ):
        with pytest.raises(InvalidInputError):
            metrics.reader_study(y, wrong)
