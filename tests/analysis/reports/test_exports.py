"""Files that leave: nothing in them runs, nothing in them is lost."""

import csv
import io

import openpyxl
import pytest

from analysis.reports.exports import csv_response, table_response
from analysis.reports.figure_numbers import figure_lines
from analysis.reports.latex import escaped
from analysis.reports.tables import Cell, Column, Line, Table
from studies.models import Study

pytestmark = pytest.mark.django_db  # a banner asks whether the test side was edited
EVIL = ("=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1")


def table(*cells) -> Table:
    columns = [Column(f"c{number}") for number in range(len(cells))]
    return Table("t", "T", columns, [Line(list(cells))], notes=("=note",))


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_of_a_csv_starts_a_formula(evil):
    answer = csv_response([[evil, -1.5]], name="x.csv", study=Study(slug="s"))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["# Research use only."]
    assert rows[1][0] == "'" + evil
    assert rows[1][1] == "-1.5"  # a number stays one


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_of_a_workbook_is_a_formula(evil):
    answer = table_response(table(evil, "a\x07b", 2.5, None, True), "xlsx", name="x", study=Study(slug="s"))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert [cell.value for cell in sheet[5]][1:] == ["ab", 2.5, None, True]
    assert answer["Content-Disposition"] == 'attachment; filename="x.xlsx"'


def test_latex_prints_what_stands_there():
    assert escaped(r"50 % of A&B_{x} \input{/etc} $1 #2 ~^<>") == (
        r"50 \% of A\&B\_\{x\} \textbackslash{}input\{/etc\} \$1 \#2 \textasciitilde{}\textasciicircum{}"
        r"\textless{}\textgreater{}"
    )
    assert escaped("[0.1, 0.2]") == "{}[0.1, 0.2]"
    assert escaped("a\nb") == "a b"


def test_an_interval_fills_five_columns_of_a_file_and_one_of_the_page():
    columns = [Column("Model"), Column("AUC", numeric=True, interval=True)]
    cell = Cell(81.04, 69.71, 92.2, "18/28", "DeLong")
    made = Table("t", "T", columns, [Line(["a", cell]), Line(["b", Cell(None)])])
    assert made.file_header() == ["Model", "AUC", "AUC low", "AUC high", "AUC counts", "AUC interval"]
    assert made.file_rows()[0] == ["a", 81.04, 69.71, 92.2, "18/28", "DeLong"]
    assert made.printed_rows() == [["a", "81.0 [69.7, 92.2]"], ["b", "–"]]
    shown = made.page_lines()[0][1][1]
    assert (shown.value, shown.counts, shown.numeric) == (81.04, "18/28", True)


def test_numbers_of_figures():
    figure = {
        "data": [
            {"type": "scatter", "name": "s", "x": [1, 2], "y": [3, 4], "error_y": {"array": [1, 2]}},
            {"type": "scatter", "name": "line", "x": [0], "y": [0], "meta": "decoration"},
            {"type": "heatmap", "name": "p", "x": ["a", "b"], "y": ["a"], "z": [[None, 0.5]]},
        ],
        "layout": {},
    }
    assert figure_lines(figure) == [
        ("series", "row", "column", "value"), ["p", "a", "a", None], ["p", "a", "b", 0.5],
        ("series", "x", "y", "low", "high"), ["s", 1, 3, 2, 4], ["s", 2, 4, 2, 6],
    ]  # fmt: skip
    assert figure_lines({"data": [], "layout": {"meta": {"lines": [["a"], [1]]}}}) == [["a"], [1]]
