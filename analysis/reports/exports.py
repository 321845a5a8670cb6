"""Tables and figures as files. Each says what it is; cells that a spreadsheet would run are text."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse
from django.utils.translation import gettext as _

from analysis.reports.cohort_table import Row, table_one_table
from analysis.reports.excel import workbook_of
from analysis.reports.figure_numbers import figure_lines
from analysis.reports.latex import document_of
from analysis.reports.model_tables import ModelRow, model_table
from analysis.reports.tables import Table
from studies.models import Study

RESEARCH_ONLY = "Research use only."
DANGEROUS_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
FILE_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "tex": "application/x-tex; charset=utf-8",
}
Line = Sequence[object]


def table_response(table: Table, kind: str, *, name: str, study: Study) -> HttpResponse:
    """A table as csv, xlsx or tex, under what every export says of itself."""
    said = banner(study)
    if kind == "csv":
        return csv_response([*_said(table), *table_lines(table)], name=f"{name}.csv", study=study)
    if kind == "xlsx":
        rows = table.file_rows()
        content: bytes = workbook_of(table.title, said, table.file_header(), rows, table.notes)
    else:
        content = document_of(table, said).encode()
    return _download(content, f"{name}.{kind}", FILE_TYPES[kind])


def figure_response(figure: dict, *, name: str, study: Study) -> HttpResponse:
    """The numbers of a figure as CSV."""
    return csv_response(figure_lines(figure), name=f"{name}.csv", study=study)


def csv_response(lines: Iterable[Line], *, name: str, study: Study) -> HttpResponse:
    """Return lines as a CSV download, under a banner line."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["# " + banner(study)])
    writer.writerows([_safe_line(line) for line in lines])
    return _download(("\ufeff" + buffer.getvalue()).encode(), name, FILE_TYPES["csv"])


def banner(study: Study) -> str:
    """What every export says of itself."""
    simulated = _("SIMULATED PATIENTS: no finding here says anything about real disease.")
    research = _("Research use only.")
    return f"{simulated} {research}" if study.is_simulated else research


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


def _safe_line(line: Line) -> list[object]:
    return [_safe(cell) for cell in line]


def _safe(cell: object) -> object:
    """Quote text that a spreadsheet would take for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(DANGEROUS_STARTS):
        return "'" + cell
    return cell


def _download(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
