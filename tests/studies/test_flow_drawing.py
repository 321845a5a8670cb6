"""The flow as a picture: every box in its place, whatever sides there are."""

from itertools import combinations

import pytest

from studies.rules.eligibility import Decision
from studies.rules.recruitment import FlowRow, recruitment_flow
from studies.views.flow_drawing import WIDTH, drawing_of

SIDES = ("training", "test", "temporal", None)


def drawn(sides):
    """The drawing of a study with three patients on each of these sides: one of each label."""
    labels = ("POSITIVE", "NEGATIVE", None)
    rows = [
        FlowRow(f"{side}{label}", 1, Decision.INCLUDED, (), side, label) for side in sides for label in labels
    ]
    rows.append(FlowRow("out", 1, Decision.EXCLUDED, ("exclusion_f",)))
    return drawing_of(recruitment_flow(rows))


@pytest.mark.parametrize("sides", [SIDES[:2], SIDES[:3], SIDES, (None,)])
def test_boxes_stand_inside_the_picture_and_beside_each_other(sides):
    drawing = drawn(sides)
    boxes = [shape for shape in drawing.shapes if shape.kind != "row"]
    for box in boxes:
        assert 0 <= box.x <= box.x + box.width <= WIDTH
        assert box.y + box.height <= drawing.height
        for text in box.texts:
            assert box.x < text.x
            assert box.y < text.y < box.y + box.height
    for a, b in combinations(boxes, 2):
        apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart, (a.key, b.key)


def test_the_temporal_test_is_drawn_where_somebody_is_on_it():
    assert {"temporal", "temporal_positive"} <= {shape.key for shape in drawn(SIDES).shapes}
    assert "temporal" not in {shape.key for shape in drawn(SIDES[:2]).shapes}
