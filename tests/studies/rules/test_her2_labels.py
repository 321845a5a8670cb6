"""The label that trains, and the tables of agreement."""

import pytest

from studies.rules.her2_labels import cross_tab, training_label


@pytest.mark.parametrize(
    ("excision", "core", "label"),
    [
        (["POSITIVE"], ["NEGATIVE"], "POSITIVE"),
        ([], ["NEGATIVE"], "NEGATIVE"),
        ([], [], None),
        (["PENDING_ISH"], ["NEGATIVE"], None),
        (["NEGATIVE", "NEGATIVE"], [], "NEGATIVE"),
        (["NEGATIVE", "POSITIVE"], ["NEGATIVE"], None),
        ([], ["NEGATIVE", "POSITIVE"], None),
        (["INDETERMINATE"], [], None),
    ],
)
def test_the_label_that_trains(excision, core, label):
    assert training_label(excision=excision, core=core) == label


def test_an_unknown_call_is_refused():
    with pytest.raises(ValueError, match="MAYBE"):
        training_label(excision=["MAYBE"], core=[])


def test_a_cross_tab_counts_every_pair_once():
    pairs = [("POSITIVE", "POSITIVE"), ("NEGATIVE", "POSITIVE"), ("UNDEFINED", "POSITIVE")] * 2
    table = cross_tab(pairs)
    assert table.rows == ("POSITIVE", "NEGATIVE", "UNDEFINED")
    assert table.columns == ("POSITIVE",)
    assert (table.total, table.same, table.counts["NEGATIVE", "POSITIVE"]) == (6, 2, 2)
    assert cross_tab([]).total == 0
