"""Table 1: the paper's tests of groups, and the right ones."""

import numpy as np
import pytest

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError

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
