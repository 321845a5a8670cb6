"""The recruitment flow: its boxes always sum, and rows like the paper's give the paper's figure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.rules.eligibility import CODES, Decision
from studies.rules.recruitment import FlowError, FlowRow, all_reasons, recruitment_flow

decisions = st.sampled_from(list(Decision))


@st.composite
def flow_rows(draw):
    rows = []
    for i in range(draw(st.integers(0, 30))):
        decision = draw(decisions)
        least = 1 if decision is Decision.EXCLUDED else 0
        rows.append(
            FlowRow(
                f"P{i}",
                draw(st.integers(0, 3)),
                decision,
                tuple(draw(st.lists(st.sampled_from(CODES), min_size=least, max_size=4, unique=True))),
                draw(st.sampled_from([None, "training", "test"])),
                draw(st.sampled_from([None, "POSITIVE", "NEGATIVE"])),
            )
        )
    return rows


@settings(max_examples=80, deadline=None)
@given(flow_rows())
def test_the_parts_of_every_box_add_up_to_it(rows):
    boxes = recruitment_flow(rows)
    by_key = {box.key: box for box in boxes}
    assert len(by_key) == len(boxes)
    assert by_key["examined"].count == len(rows)
    assert by_key["examined"].lesions == sum(row.lesions for row in rows)
    keys = [box.key for box in boxes]
    for parent in {box.parent for box in boxes} - {None}:
        parts = [box for box in boxes if box.parent == parent]
        inside = [patient for part in parts for patient in part.patients]
        assert sorted(inside) == sorted(by_key[parent].patients)
        assert sum(part.lesions for part in parts) == by_key[parent].lesions
        assert all(keys.index(parent) < keys.index(part.key) for part in parts)


def paper_rows():
    number = iter(range(10_000))
    rows = []

    def add(count, **fields):
        rows.extend(FlowRow(f"P{next(number)}", lesions=1, **fields) for _ in range(count))

    for side, label, count in (
        ("training", "POSITIVE", 115),
        ("training", "NEGATIVE", 242),
        ("test", "POSITIVE", 28),
        ("test", "NEGATIVE", 60),
    ):
        add(count, decision=Decision.INCLUDED, side=side, label=label)
    add(807 - 445 - 28, decision=Decision.EXCLUDED, reasons=("exclusion_a",))
    rows.extend(
        FlowRow(f"P{next(number)}", 2, Decision.EXCLUDED, ("exclusion_d", "exclusion_f")) for _ in range(28)
    )
    return rows


def test_the_papers_figure():
    boxes = {box.key: box for box in recruitment_flow(paper_rows())}
    assert (boxes["examined"].count, boxes["examined"].lesions) == (807, 835)
    counts = {key: box.count for key, box in boxes.items() if box.count and not key.startswith("exclusion")}
    assert counts == {
        "examined": 807,
        "excluded": 362,
        "included": 445,
        "training": 357,
        "training_positive": 115,
        "training_negative": 242,
        "test": 88,
        "test_positive": 28,
        "test_negative": 60,
    }


def test_a_patient_with_two_reasons_counts_once_at_the_first_of_the_protocol():
    rows = [FlowRow("P1", 1, Decision.EXCLUDED, ("exclusion_f", "inclusion_c"))]
    boxes = {box.key: box for box in recruitment_flow(rows)}
    assert boxes["inclusion_c"].patients == ("P1",)
    assert boxes["exclusion_f"].patients == ()
    assert all_reasons(rows)["exclusion_f"] == 1
    assert boxes["inclusion_c"].title == "Not met: Breast cancer surgery intended"


def test_an_empty_study_has_all_its_boxes():
    boxes = recruitment_flow([])
    assert {box.count for box in boxes} == {0}
    assert {"examined", "included", "undecided", "unassigned_unlabelled"} <= {box.key for box in boxes}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([FlowRow("P1", 1, Decision.INCLUDED), FlowRow("P1", 1, Decision.INCLUDED)], "twice"),
        ([FlowRow("P1", 1, Decision.EXCLUDED)], "without a reason"),
        ([FlowRow("P1", 1, Decision.EXCLUDED, ("bad weather",))], "no criterion"),
        ([FlowRow("P1", -1, Decision.INCLUDED)], "whole number"),
        ([FlowRow("P1", 1.0, Decision.INCLUDED)], "whole number"),
        ([FlowRow("P1", 1, "included")], "no decision"),
        ([FlowRow("P1", 1, Decision.INCLUDED, side="validation")], "unknown side"),
        ([FlowRow("P1", 1, Decision.INCLUDED, label="LOW")], "unknown side"),
    ],
)
def test_rows_that_cannot_be_placed_are_refused(rows, message):
    with pytest.raises(FlowError, match=message):
        recruitment_flow(rows)
