"""A likelihood ratio without a single false call is infinite: it is printed so, with the interval it has."""

import pytest

from analysis.pipeline import metrics
from analysis.pipeline.kernels.cohort_report import jsonable
from analysis.reports.document.results_text import fraction
from analysis.reports.judged import Judged
from analysis.reports.model_tables import likelihood_ratio
from analysis.reports.performance_tables import metric_table
from analysis.reports.tables import Cell, Column, Line, Table

Y = [1] * 10 + [0] * 12
SCORES = [0.9] * 6 + [0.1] * 4 + [0.1] * 12
"""Six of ten found, nobody called wrongly: LR+ = 0.6 / 0."""


def stored(scores, model="fused:SVM+LR"):
    """An evaluation as JSON keeps it."""
    return jsonable(metrics.evaluate(model, "test", Y, scores, 0.5, replicates=0))


def figures(document) -> dict[str, list[object]]:
    """Figure to its row in the file of the table."""
    row = type("Row", (), {"results": {"evaluations": {"fused:SVM+LR": document}}})
    table = metric_table(Judged({"test": row}, "fused:SVM+LR", {}), "test", "fused:SVM+LR")
    return {str(one[0]): one for one in table.file_rows()}


def test_an_infinite_ratio_is_printed_with_its_interval():
    document = stored(SCORES)
    assert document["metrics"]["LR+"]["value"] is None  # JSON knows no infinity
    ratio = likelihood_ratio(document, "LR+")
    low, high = ratio["low"], ratio["high"]
    assert 0 < low < high
    assert fraction(ratio) == f"∞ [{low:.3f}, {high:.3f}]"
    row = figures(document)["Likelihood ratio of a positive call"]
    assert row[1] == "∞"
    assert row[2:4] == [round(low, 4), round(high, 4)]
    assert "0.5 added" in row[5]


def test_a_ratio_of_nothing_by_nothing_stays_without_a_figure():
    document = stored([0.1] * 22)  # nobody is called: 0 / 0
    assert likelihood_ratio(document, "LR+")["value"] is None
    assert fraction(likelihood_ratio(document, "LR+")) == "–"


def test_a_finite_ratio_is_left_alone():
    document = stored([0.9] * 6 + [0.1] * 4 + [0.9] * 3 + [0.1] * 9)
    assert likelihood_ratio(document, "LR+")["value"] == pytest.approx(0.6 / 0.25)
    assert likelihood_ratio(document, "LR-")["value"] == pytest.approx(0.4 / 0.75)


def test_everybody_called_though_all_are_positive_or_not():
    document = stored([0.9] * 9 + [0.1] + [0.9] * 12)  # LR- = 0.1 / 0
    assert likelihood_ratio(document, "LR-")["value"] == float("inf")


def test_an_infinite_cell_is_no_number_to_sort_by():
    table = Table("t", "T", [Column("a"), Column("b", numeric=True)], [Line(["x", Cell(float("inf"))])])
    assert table.page_lines()[0][1][1].text == "∞"
    assert table.page_lines()[0][1][1].value is None
    assert table.file_rows() == [["x", "∞"]]
    assert Cell(float("-inf")).text == "−∞"
