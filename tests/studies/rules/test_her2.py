"""The HER2 engine, cell by cell of CLINICAL C.1 to C.5; the tables are typed from that text, not the code."""

import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.rules.her2 import (
    GUIDELINE,
    Call,
    Category,
    Her2InputError,
    Ish,
    amplified,
    classify,
    paper_label,
)

CALLS = {
    "POSITIVE", "NEGATIVE", "PENDING_ISH", "NEEDS_IHC", "NEEDS_RECOUNT", "NEEDS_ADJUDICATION",
    "NEEDS_DUAL_PROBE",
    "INDETERMINATE",
}  # fmt: skip
CATEGORIES = {"LOW", "ULTRALOW", "NULL", "NULL_OR_ULTRALOW_UNKNOWN", None}
# ratio and copies well inside each group
GROUP = {1: (3.0, 9.0), 2: (2.5, 3.0), 3: (1.5, 7.0), 4: (1.5, 5.0), 5: (1.2, 2.5)}


def dual(group, cells=40):
    ratio, copies = GROUP[group]
    return Ish("dual", cells=cells, her2_copies=copies, cep17_copies=copies / ratio)


def single(copies, cells=40):
    return Ish("single", cells=cells, her2_copies=copies)


def codes(result):
    return {query.code for query in result.queries}


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


# CLINICAL C.1: (percent, intensity, completeness) -> the scores that fit; ten and eleven per cent
STAINING = [
    (11, "intense", "complete", {"3+"}),
    (10, "intense", "complete", {"2+"}),
    (10.01, "intense", "complete", {"3+"}),
    (11, "weak", "complete", {"2+"}),
    (11, "moderate", "complete", {"2+"}),
    (10, "moderate", "complete", set()),
    (11, "moderate", "incomplete", {"2+"}),
    (40, "intense", "incomplete", {"2+"}),
    (11, "faint", "incomplete", {"1+"}),
    (10, "faint", "incomplete", {"0"}),
    (0, "none", "none", {"0"}),
    (0, None, None, {"0"}),
    (0, "faint", None, set()),
    (11, None, None, {"1+", "2+", "3+"}),
    (10, None, None, {"0", "2+"}),
    (None, "intense", "complete", {"2+", "3+"}),
    (None, "faint", "incomplete", {"0", "1+"}),
    (None, None, None, {"0", "1+", "2+", "3+"}),
]


@pytest.mark.parametrize(("percent", "intensity", "completeness", "fitting"), STAINING)
@pytest.mark.parametrize("score", ["0", "1+", "2+", "3+"])
def test_a_score_that_the_staining_contradicts_is_a_query_and_stays(
    percent, intensity, completeness, fitting, score
):
    recorded = {"ihc_percent": percent, "ihc_intensity": intensity, "ihc_completeness": completeness}
    result = classify(ihc_score=score, **recorded)
    expected = set() if score in fitting else {"ihc_score_contradicts_staining"}
    if not fitting:
        expected = {"staining_fits_no_score"}
    assert codes(result) - {"zero_staining_contradicts"} == expected
    assert result.call == classify(ihc_score=score).call


def test_a_score_that_was_not_entered_is_derived_and_questioned():
    result = classify(ihc_percent=11, ihc_intensity="INTENSE", ihc_completeness="complete")
    assert (result.call, codes(result)) == ("POSITIVE", {"ihc_score_derived"})
    open_result = classify(ihc_percent=11, ihc_intensity="intense")
    assert (open_result.call, codes(open_result)) == ("INDETERMINATE", set())


@pytest.mark.parametrize(
    ("recorded", "category"),
    [
        ({"faint_incomplete_percent": 0}, "NULL"),
        ({"faint_incomplete_percent": 5}, "ULTRALOW"),
        ({"faint_incomplete_percent": 10}, "ULTRALOW"),
        ({"faint_incomplete_percent": 0.1}, "ULTRALOW"),
        ({"faint_incomplete_percent": 11}, "NULL_OR_ULTRALOW_UNKNOWN"),
        ({}, "NULL_OR_ULTRALOW_UNKNOWN"),
        ({"ihc_percent": 0}, "NULL"),
        ({"ihc_intensity": "none"}, "NULL"),
        ({"ihc_percent": 5, "ihc_intensity": "faint", "ihc_completeness": "incomplete"}, "ULTRALOW"),
        ({"ihc_percent": 5, "faint_incomplete_percent": 0}, "NULL_OR_ULTRALOW_UNKNOWN"),
    ],
)
def test_the_category_of_score_zero(recorded, category):
    result = classify(ihc_score="0", **recorded)
    assert (result.call, result.category) == ("NEGATIVE", category)


def test_eleven_per_cent_of_faint_staining_is_no_zero_and_ten_is_no_one_plus():
    assert codes(classify(ihc_score="0", faint_incomplete_percent=11)) == {"ihc_score_contradicts_staining"}
    assert codes(classify(ihc_score="1+", faint_incomplete_percent=10)) == {"ihc_score_contradicts_staining"}
    assert not classify(ihc_score="0", faint_incomplete_percent=10).queries
    assert not classify(ihc_score="1+", faint_incomplete_percent=11).queries


@pytest.mark.parametrize(
    ("result", "category"),
    [
        (classify(ihc_score="1+"), "LOW"),
        (classify(ihc_score="2+", ish=dual(5)), "LOW"),
        (classify(ihc_score="2+", ish=dual(4), recount=dual(4)), "LOW"),
        (classify(ihc_score="2+", ish=single(3.0)), "LOW"),
        (classify(ihc_score="1+", ish=dual(2)), "LOW"),
        (classify(ihc_score="2+"), None),
        (classify(ihc_score="3+"), None),
        (classify(ihc_score="1+", ish=dual(1)), None),
        (classify(ish=dual(5)), None),
    ],
)
def test_only_a_negative_result_with_a_score_has_a_category(result, category):
    assert result.category == category


# CLINICAL C.5
PAPER = {
    "T1": ({"ihc_score": "3+"}, "UNDEFINED", "POSITIVE"),
    "T2": ({"ihc_score": "3+", "ish": dual(5)}, "UNDEFINED", "POSITIVE"),
    "T3": ({"ihc_score": "2+"}, "UNDEFINED", "PENDING_ISH"),
    "T4": ({"ihc_score": "2+", "ish": dual(1)}, "POSITIVE", "POSITIVE"),
    "T5": ({"ihc_score": "2+", "ish": dual(2), "recount": dual(2)}, "POSITIVE", "NEGATIVE"),
    "T6": ({"ihc_score": "2+", "ish": dual(3), "recount": dual(3)}, "NEGATIVE", "POSITIVE"),
    "T7": ({"ihc_score": "2+", "ish": dual(4), "recount": dual(4)}, "NEGATIVE", "NEGATIVE"),
    "T8": ({"ihc_score": "1+", "ish": dual(1)}, "NEGATIVE", "POSITIVE"),
    "T9": ({"ihc_score": "1+"}, "NEGATIVE", "NEGATIVE"),
    "T10": ({"ihc_score": "0", "faint_incomplete_percent": 5}, "NEGATIVE", "NEGATIVE"),
}


@pytest.mark.parametrize("case", PAPER)
def test_where_the_paper_and_the_guideline_part(case):
    inputs, paper, guideline = PAPER[case]
    result = classify(**inputs)
    label = paper_label(ihc_score=inputs["ihc_score"], amplified=amplified(inputs.get("ish")))
    assert (label, result.call) == (paper, guideline)
    assert result.comment_required is (case in ("T2", "T5", "T7", "T8"))
    assert result.discordance is (case in ("T2", "T8"))
    assert result.category == {"T5": "LOW", "T7": "LOW", "T9": "LOW", "T10": "ULTRALOW"}.get(case)


@pytest.mark.parametrize(
    ("score", "is_amplified", "label"),
    [
        ("0", None, "NEGATIVE"), ("0", True, "NEGATIVE"), ("1+", False, "NEGATIVE"),
        ("2+", False, "NEGATIVE"),
        ("2+", True, "POSITIVE"), ("2+", None, "UNDEFINED"), ("3+", True, "POSITIVE"),
        ("3+", False, "UNDEFINED"),
        ("3+", None, "UNDEFINED"), (None, True, "UNDEFINED"), (None, None, "UNDEFINED"),
    ],
)  # fmt: skip
def test_the_papers_literal_label(score, is_amplified, label):
    assert paper_label(ihc_score=score, amplified=is_amplified) == label


@pytest.mark.parametrize(
    ("ish", "expected"),
    [
        (Ish("dual", ratio=2.0), True),
        (Ish("dual", ratio=1.99), False),
        (Ish("dual", her2_copies=4.0, cep17_copies=2.0), True),
        (Ish("dual", her2_copies=3.2, cep17_copies=2.7, ratio=2.2), False),
        (Ish("dual", her2_copies=9.0), None),
        (Ish("single", her2_copies=6.0), True),
        (Ish("single", her2_copies=5.99), False),
        (Ish("single"), None),
        (None, None),
    ],
)
def test_amplification_for_the_papers_rule(ish, expected):
    assert amplified(ish) is expected


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf"), "2.0", True, 1j])
@pytest.mark.parametrize("name", ["her2_copies", "cep17_copies", "ratio"])
def test_impossible_counts_are_refused_and_named(name, bad):
    with pytest.raises(Her2InputError, match=name) as caught:
        Ish("dual", **{name: bad})
    assert caught.value.field == name


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"ihc_score": "4+"}, "ihc_score"),
        ({"ihc_score": 3}, "ihc_score"),
        ({"ihc_score": ""}, "ihc_score"),
        ({"ihc_score": "3"}, "ihc_score"),
        ({"ihc_percent": 100.1}, "ihc_percent"),
        ({"ihc_percent": -1}, "ihc_percent"),
        ({"ihc_percent": "10"}, "ihc_percent"),
        ({"faint_incomplete_percent": float("nan")}, "faint_incomplete_percent"),
        ({"ihc_intensity": "bright"}, "ihc_intensity"),
        ({"ihc_intensity": 3}, "ihc_intensity"),
        ({"ihc_completeness": "half"}, "ihc_completeness"),
        ({"ish": 2.2}, "ish"),
        ({"recount": {"ratio": 2}}, "recount"),
        ({"invasive": None}, "invasive"),
        ({"controls_ok": "yes"}, "controls_ok"),
    ],
)
def test_impossible_inputs_are_refused_and_named(arguments, field):
    with pytest.raises(ValueError, match=field) as caught:
        classify(**arguments)
    assert caught.value.field == field


def test_other_impossible_values():
    for make in (
        lambda: Ish("triple"),
        lambda: Ish(None),
        lambda: Ish("dual", cells=-1),
        lambda: Ish("dual", cells=20.5),
        lambda: Ish("dual", cells=True),
        lambda: Ish("dual", cep17_copies=0),
        lambda: paper_label(ihc_score="5+", amplified=None),
        lambda: paper_label(ihc_score="2+", amplified="yes"),
        lambda: paper_label(ihc_score="2+", amplified=1),
    ):
        with pytest.raises(Her2InputError):
            make()


def test_numbers_of_any_kind_are_read_alike():
    kinds = [
        Ish("dual", 40, 5, 2, 2.5),
        Ish("dual", np.int64(40), np.float64(5), np.float32(2), np.float64(2.5)),
        Ish("dual", 40, Decimal("5.00"), Decimal("2"), Decimal("2.5")),
    ]
    assert len({classify(ish=ish).inputs_hash for ish in kinds}) == 1


def test_calls_and_categories_print_as_words():
    result = classify(ihc_score="1+")
    assert f"{result.call} {result.category}" == "NEGATIVE LOW"
    assert str(Call.NEEDS_ADJUDICATION) == "NEEDS_ADJUDICATION"
    assert json.dumps([result.call, result.category]) == '["NEGATIVE", "LOW"]'
    assert {str(call) for call in Call} == CALLS
    assert {str(category) for category in Category} | {None} == CATEGORIES
    assert str(paper_label(ihc_score="3+", amplified=None)) == "UNDEFINED"


def test_provenance_is_recorded():
    result = classify(ihc_score="2+", ish=dual(4))
    assert result.guideline == GUIDELINE == "ASCO/CAP 2018 (affirmed 2023)"
    assert result.engine_version
    assert result.path[0] == "IHC 2+, as entered."
    assert result.path[1] == "Dual-probe ISH: ratio 1.5 and 5 HER2 copies a cell make group 4."
    assert result.path[-1] == "Call: NEEDS_RECOUNT."
    assert isinstance(result.path, tuple)
    assert isinstance(result.queries, tuple)


def test_a_value_just_below_a_cut_is_not_shown_as_the_cut():
    assert "ratio 1.99999 and" in classify(ish=Ish("dual", 40, 5.0, None, 1.99999)).path[1]


def test_every_input_has_its_part_in_the_hash():
    base = {"ihc_score": "2+", "ish": dual(4)}
    changes = [
        {},
        {"ihc_score": "1+"},
        {"ish": dual(5)},
        {"ish": dual(4, cells=41)},
        {"recount": dual(4)},
        {"invasive": False},
        {"controls_ok": False},
        {"ihc_percent": 20},
        {"ihc_intensity": "weak"},
        {"ihc_completeness": "complete"},
        {"faint_incomplete_percent": 3},
    ]
    hashes = [classify(**{**base, **change}).inputs_hash for change in changes]
    assert len(set(hashes)) == len(changes)
    assert classify(**base).inputs_hash == hashes[0]


share = st.none() | st.floats(0, 100)
copies = st.none() | st.floats(0, 40)
ishes = st.none() | st.builds(
    Ish,
    probe=st.sampled_from(["dual", "single"]),
    cells=st.none() | st.integers(0, 200),
    her2_copies=copies,
    cep17_copies=st.none() | st.floats(0.01, 40),
    ratio=copies,
)


@settings(max_examples=400, deadline=None)
@given(
    ihc_score=st.sampled_from([None, "0", "1+", "2+", "3+"]),
    ish=ishes,
    recount=ishes,
    invasive=st.booleans(),
    controls_ok=st.booleans(),
    ihc_percent=share,
    ihc_intensity=st.sampled_from([None, "none", "faint", "weak", "moderate", "intense", "strong"]),
    ihc_completeness=st.sampled_from([None, "none", "incomplete", "complete", "basolateral"]),
    faint_incomplete_percent=share,
)
def test_every_valid_input_has_a_result(**inputs):
    result = classify(**inputs)
    assert result.call in CALLS
    assert result.category in CATEGORIES
    assert (result.category is None) or result.call == "NEGATIVE"
    assert result.ish_group in (1, 2, 3, 4, 5, None)
    assert result.path
    assert all(str(sentence).strip() and "%(" not in sentence for sentence in result.path)
    assert result.call in ("POSITIVE", "NEGATIVE") or result.required_action
    assert result == classify(**inputs)
    if result.discordance:
        assert result.comment_required
