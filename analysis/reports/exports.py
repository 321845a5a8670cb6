"""Tables and figures as files. Each says what it is; cells that a spreadsheet would run are text."""

from collections.abc import Sequence

from django.http import HttpResponse

from analysis.reports.cohort_table import Row, table_one_table
from analysis.reports.excel import workbook_of
from analysis.reports.figure_numbers import figure_lines
from analysis.reports.judged_edits import export_banner
from analysis.reports.latex import document_of
from analysis.reports.model_tables import ModelRow, model_table
from analysis.reports.tables import Table
from studies.downloads import csv_response, file_response
from studies.models import Study

RESEARCH_ONLY = "Research use only."
FILE_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "tex": "application/x-tex; charset=utf-8",
}
Line = Sequence[object]


def table_response(table: Table, kind: str, *, name: str, study: Study) -> HttpResponse:
    """A table as csv, xlsx or tex, under what every export says of itself."""
    said = export_banner(study)
    if kind == "csv":
        lines = [*_said(table), *table_lines(table)]
        return csv_response(lines, name=f"{name}.csv", study=study, said=said)
    if kind == "xlsx":
        rows = table.file_rows()
        content: bytes = workbook_of(table.title, said, table.file_header(), rows, table.notes)
    else:
        content = document_of(table, said).encode()
    return file_response(content, f"{name}.{kind}", FILE_TYPES[kind])


def figure_response(figure: dict, *, name: str, study: Study) -> HttpResponse:
    """The numbers of a figure as CSV."""
    return csv_response(figure_lines(figure), name=f"{name}.csv", study=study, said=export_banner(study))


def table_lines(table: Table) -> list[Line]:
    """Header and rows of a table, numbers as numbers."""
    return [table.file_header(), *table.file_rows()]


def table_one_lines(rows: Sequence[Row]) -> list[Line]:
    """Table 1 with both tests."""
    return table_lines(table_one_table(rows))


def model_table_lines(rows: Sequence[ModelRow]) -> list[Line]:
    """Tables 2 to 4, one line a model and side, every figure with interval, method and raw counts."""
    return table_lines(model_table(rows))


def _said(table: Table) -> list[Line]:
    """Title and notes as comment lines above the header."""
    return [[f"# {text}"] for text in (table.title, *table.notes)]
