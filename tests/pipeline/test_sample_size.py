"""Sample sizes against the figures of the design."""

import pytest

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError


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
