"""The paper's literal rule, impossible inputs, and what holds for every input."""

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
from tests.studies.rules.her2_cases import CALLS, CATEGORIES, dual

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
