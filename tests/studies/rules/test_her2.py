"""The HER2 engine, cell by cell of CLINICAL C.1 to C.5; the tables are typed from that text, not the code."""

import pytest

from studies.rules.her2 import (
    Ish,
    amplified,
    classify,
)
from tests.studies.rules.her2_cases import codes, dual, single


@pytest.mark.parametrize(
    ("ratio", "copies", "group"),
    [
        (2.00, 4.00, 1), (2.00, 3.99, 2), (1.99, 6.00, 3), (1.99, 5.99, 4), (1.99, 4.00, 4), (1.99, 3.99, 5),
        (2.00, 5.99, 1), (2.00, 6.00, 1), (10.0, 0.5, 2), (0.0, 0.0, 5), (1.9999999, 3.9999999, 5),
    ],
)  # fmt: skip
def test_every_boundary_of_the_groups(ratio, copies, group):
    entered = classify(ish=Ish("dual", 20, copies, None, ratio))
    assert entered.ish_group == group
    assert not entered.queries


@pytest.mark.parametrize(
    ("copies", "cep17", "group"),
    [
        (4.2, 2.1, 1),
        (6.6, 3.3, 1),
        (4.0, 2.0, 1),
        (3.98, 1.99, 2),
        (5.99, 3.01, 4),
        (6.0, 3.01, 3),
        (3.99, 2.0, 5),
    ],
)
def test_the_ratio_is_recomputed_from_the_copies(copies, cep17, group):
    assert classify(ish=Ish("dual", 20, copies, cep17)).ish_group == group


# CLINICAL C.2: (call, comment, discordance) by IHC column; None is "no IHC" of C.4, step 5
NO_RECOUNT = {
    (1, "0"): ("POSITIVE", True, True),
    (1, "1+"): ("POSITIVE", True, True),
    (1, "2+"): ("POSITIVE", False, False),
    (1, "3+"): ("POSITIVE", False, False),
    (1, None): ("POSITIVE", False, False),
    (5, "0"): ("NEGATIVE", False, False),
    (5, "1+"): ("NEGATIVE", False, False),
    (5, "2+"): ("NEGATIVE", False, False),
    (5, "3+"): ("POSITIVE", True, True),
    (5, None): ("NEGATIVE", False, False),
    **{(g, s): ("NEGATIVE", True, False) for g in (2, 3, 4) for s in ("0", "1+")},
    **{(g, "2+"): ("NEEDS_RECOUNT", False, False) for g in (2, 3, 4)},
    **{(g, "3+"): ("POSITIVE", False, False) for g in (2, 3, 4)},
    **{(g, None): ("NEEDS_IHC", False, False) for g in (2, 3, 4)},
}


@pytest.mark.parametrize(("group", "score"), NO_RECOUNT)
def test_every_cell_of_the_dual_probe_table(group, score):
    result = classify(ihc_score=score, ish=dual(group))
    assert (result.call, result.comment_required, result.discordance) == NO_RECOUNT[group, score]
    assert result.ish_group == group
    needs_action = result.discordance or result.call.startswith("NEEDS")
    assert (result.required_action is not None) == needs_action


@pytest.mark.parametrize("first", [2, 3, 4])
@pytest.mark.parametrize("second", [1, 2, 3, 4, 5])
def test_the_recount_of_groups_two_to_four(first, second):
    result = classify(ihc_score="2+", ish=dual(first), recount=dual(second))
    same = {2: ("NEGATIVE", True), 3: ("POSITIVE", False), 4: ("NEGATIVE", True)}
    expected = same[first] if second == first else ("NEEDS_ADJUDICATION", False)
    assert (result.call, result.comment_required) == expected
    assert result.ish_group == first


@pytest.mark.parametrize(
    "recount",
    [dual(2, cells=19), Ish("dual", 40, ratio=2.5), single(5.0), Ish("dual", 40, 172, 54), Ish("dual")],
)
def test_a_recount_without_a_valid_group_is_still_needed(recount):
    result = classify(ihc_score="2+", ish=dual(2), recount=recount)
    assert result.call == "NEEDS_RECOUNT"
    assert "recount_unusable" in codes(result)


def test_a_recount_that_was_not_asked_for_changes_nothing_but_is_questioned():
    for score in ("0", "1+", None):
        result = classify(ihc_score=score, ish=dual(1), recount=dual(4))
        assert (result.call, codes(result)) == ("POSITIVE", {"recount_differs"})
    assert not classify(ihc_score="2+", ish=dual(5), recount=dual(5)).queries
    assert codes(classify(ihc_score="3+", recount=dual(1))) == {"recount_without_ish"}


# CLINICAL C.3
SINGLE = {
    (3.99, "0"): "NEGATIVE", (3.99, "1+"): "NEGATIVE", (3.99, "2+"): "NEGATIVE", (3.99, "3+"): "POSITIVE",
    (3.99, None): "NEGATIVE",
    (4.00, "0"): "NEGATIVE", (4.00, "1+"): "NEGATIVE", (4.00, "2+"): "NEEDS_DUAL_PROBE", (4.00,
    "3+"): "POSITIVE",
    (4.00, None): "NEEDS_IHC",
    (5.99, "0"): "NEGATIVE", (5.99, "1+"): "NEGATIVE", (5.99, "2+"): "NEEDS_DUAL_PROBE", (5.99,
    "3+"): "POSITIVE",
    (5.99, None): "NEEDS_IHC",
    (6.00, "0"): "POSITIVE", (6.00, "1+"): "POSITIVE", (6.00, "2+"): "POSITIVE", (6.00, "3+"): "POSITIVE",
    (6.00, None): "POSITIVE",
}  # fmt: skip


@pytest.mark.parametrize(("copies", "score"), SINGLE)
def test_every_cell_of_the_single_probe_table(copies, score):
    result = classify(ihc_score=score, ish=single(copies))
    assert result.call == SINGLE[copies, score]
    assert result.ish_group is None
    discordant = (copies >= 6 and score in ("0", "1+")) or (copies < 4 and score == "3+")
    assert result.discordance is discordant
    assert result.comment_required is discordant


@pytest.mark.parametrize(
    ("score", "group", "call"),
    [
        ("2+", 1, "POSITIVE"), ("2+", 5, "NEGATIVE"), ("2+", 2, "NEEDS_RECOUNT"), ("2+", 3, "NEEDS_RECOUNT"),
        ("2+", 4, "NEEDS_RECOUNT"), (None, 1, "POSITIVE"), (None, 5, "NEGATIVE"), (None, 3, "NEEDS_IHC"),
    ],
)  # fmt: skip
def test_a_dual_probe_resolves_a_single_probe_between_four_and_six(score, group, call):
    result = classify(ihc_score=score, ish=single(5.0), recount=dual(group))
    assert (result.call, result.ish_group) == (call, group)
    assert classify(ihc_score=score, ish=single(5.0), recount=dual(group, cells=5)).call.startswith("NEEDS_")


@pytest.mark.parametrize(
    ("score", "call"),
    [
        ("0", "NEGATIVE"),
        ("1+", "NEGATIVE"),
        ("2+", "PENDING_ISH"),
        ("3+", "POSITIVE"),
        (None, "INDETERMINATE"),
    ],
)
def test_without_ish_the_score_decides(score, call):
    for ish in (None, Ish("dual"), Ish("single")):
        result = classify(ihc_score=score, ish=ish)
        assert result.call == call
        assert codes(result) == (set() if ish is None else {"ish_empty"})


# CLINICAL C.4: the order of the steps
@pytest.mark.parametrize("score", [None, "0", "1+", "2+", "3+"])
@pytest.mark.parametrize("ish", [None, dual(1), dual(5), single(8.0)])
def test_no_invasive_part_or_bad_controls_come_first(score, ish):
    for options in ({"invasive": False}, {"controls_ok": False}):
        result = classify(ihc_score=score, ish=ish, **options)
        assert (result.call, result.category, result.ish_group) == ("INDETERMINATE", None, None)
        assert result.required_action


@pytest.mark.parametrize("score", [None, "0", "1+", "2+", "3+"])
@pytest.mark.parametrize("cells", [0, 1, 19])
def test_fewer_than_twenty_cells_are_indeterminate(score, cells):
    for ish in (dual(1, cells), single(9.0, cells)):
        assert classify(ihc_score=score, ish=ish).call == "INDETERMINATE"


def test_twenty_cells_suffice_and_a_missing_number_is_only_a_query():
    assert classify(ihc_score="2+", ish=dual(1, 20)).call == "POSITIVE"
    result = classify(ihc_score="2+", ish=dual(1, None))
    assert (result.call, codes(result)) == ("POSITIVE", {"cells_missing"})


@pytest.mark.parametrize(
    "ish",
    [
        Ish("dual", 40, ratio=3.0),
        Ish("dual", 40, ratio=1.0),
        Ish("dual", 40, her2_copies=7.0),
        Ish("dual", 40, ratio=2.2, cep17_copies=2.0),
        Ish("single", 40),
        Ish("single", 40, ratio=3.0),
    ],
)
def test_without_copies_or_without_ratio_only_three_plus_has_a_call(ish):
    for score in (None, "0", "1+", "2+"):
        result = classify(ihc_score=score, ish=ish)
        assert (result.call, result.category) == ("INDETERMINATE", None)
        assert result.required_action
    assert classify(ihc_score="3+", ish=ish).call == "POSITIVE"


def test_an_entered_ratio_that_differs_is_a_query_and_the_copies_rule():
    far = classify(ihc_score="2+", ish=Ish("dual", 371, 3.2, 2.7, 2.2))
    assert (far.call, far.ish_group, codes(far)) == ("NEGATIVE", 5, {"ratio_differs"})
    near = classify(ihc_score="2+", ish=Ish("dual", 40, 5.0, 2.0, 2.55))
    assert codes(near) == set()
    over = classify(ihc_score="2+", ish=Ish("dual", 40, 5.0, 2.0, 2.551))
    assert codes(over) == {"ratio_differs"}
    astride = classify(ihc_score="2+", ish=Ish("dual", 40, 3.98, 2.0, 2.0))
    assert (astride.ish_group, codes(astride)) == (5, {"ratio_straddles_cut"})


def test_totals_over_all_cells_are_recognised_and_proposed_as_means():
    result = classify(ihc_score="2+", ish=Ish("dual", 20, 172, 54, 3.2))
    assert (result.call, codes(result)) == ("INDETERMINATE", {"copies_look_like_totals"})
    assert "HER2 8.6, CEP17 2.7" in result.queries[0].sentence
    assert classify(ihc_score="3+", ish=Ish("single", None, 816)).call == "POSITIVE"
    assert amplified(Ish("single", None, 816)) is None


def test_a_single_probe_has_no_ratio():
    result = classify(ihc_score="2+", ish=Ish("single", 40, 3.0, 1.0, 3.0))
    assert (result.call, codes(result)) == ("NEGATIVE", {"single_probe_with_cep17"})
