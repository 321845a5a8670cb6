"""Cohen's kappa: against statsmodels on random tables, by hand, and where it does not exist."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from studies.rules.concordance import cohen_kappa

WORDS = ("0", "1+", "2+", "3+")
tables = st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), min_size=4, max_size=4).filter(
    lambda table: np.count_nonzero(np.sum(table, axis=0) + np.sum(table, axis=1)) > 1 and np.sum(table) > 1
)


def counted(table) -> dict[tuple[str, str], int]:
    return {(WORDS[i], WORDS[j]): int(table[i][j]) for i in range(4) for j in range(4)}


@settings(max_examples=80, deadline=None)
@given(table=tables, weights=st.sampled_from(["none", "quadratic"]))
def test_it_is_statsmodels_kappa_with_its_interval(table, weights):
    found = cohen_kappa(counted(table), WORDS, weights)
    square = np.array(table, dtype=float)
    theirs = cohens_kappa(square, wt=None if weights == "none" else "quadratic")
    if found.value is None:
        assert found.expected == pytest.approx(1.0)
        return
    assert found.value == pytest.approx(theirs.kappa, abs=1e-9)
    assert found.low == pytest.approx(max(-1, theirs.kappa_low), abs=1e-7)
    assert found.high == pytest.approx(min(1, theirs.kappa_upp), abs=1e-7)
    assert found.n == square.sum()


def test_a_table_by_hand():
    counts = {("P", "P"): 20, ("P", "N"): 5, ("N", "P"): 10, ("N", "N"): 15}
    found = cohen_kappa(counts, ("P", "N"))
    assert (found.n, found.observed, found.expected) == (50, 0.7, 0.5)
    assert found.value == pytest.approx(0.4)


@pytest.mark.parametrize("counts", [{}, {("P", "P"): 7}])
def test_without_pairs_or_without_variety_there_is_no_kappa(counts):
    found = cohen_kappa(counts, ("P", "N"))
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.n == sum(counts.values())


def test_words_that_nobody_listed_and_negative_counts_are_errors():
    with pytest.raises(ValueError, match="not among"):
        cohen_kappa({("P", "?"): 1}, ("P", "N"))
    with pytest.raises(ValueError, match="negative"):
        cohen_kappa({("P", "N"): -1}, ("P", "N"))
