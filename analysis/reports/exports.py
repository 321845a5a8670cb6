"""Tables as files. The first line says what the file is; cells that a spreadsheet would run are quoted."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from analysis.reports.cohort_table import Row
from analysis.reports.model_tables import SHOWN, Cell, ModelRow
from studies.models import Study

RESEARCH_ONLY = "Research use only."
SIMULATED = "SIMULATED PATIENTS: no finding here says anything about real disease."
DANGEROUS_STARTS = ("=", "+", "-", "@", "\t", "\r")
Line = Sequence[object]


def csv_response(lines: Iterable[Line], *, name: str, study: Study) -> HttpResponse:
    """Return lines as a CSV download, under a banner line."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["# " + banner(study)])
    writer.writerows([[_safe(cell) for cell in line] for line in lines])
    response = HttpResponse("\ufeff" + buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def banner(study: Study) -> str:
    """What every export says of itself."""
    return f"{SIMULATED} {RESEARCH_ONLY}" if study.is_simulated else RESEARCH_ONLY


def _safe(cell: object) -> object:
    """Quote text that a spreadsheet would take for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.startswith(DANGEROUS_STARTS):
        return "'" + cell
    return cell


def table_one_lines(rows: Sequence[Row]) -> list[Line]:
    """Table 1 with both tests."""
    header = ["characteristic", "unit", "total", "training", "test"]
    header += ["p as published", "test as published", "p", "test"]
    return [
        header,
        *[
            [
                ("  " if row.is_level else "") + row.label, row.unit, row.total, row.training, row.test,
                row.p_published, row.test_published, row.p, row.test_name,
            ]
            for row in rows
        ],
    ]  # fmt: skip


def model_table_lines(rows: Sequence[ModelRow]) -> list[Line]:
    """Tables 2 to 4, one line a model and side, every figure with interval, method and raw counts."""
    header: list[object] = ["table", "model", "side", "n", "HER2-positive", "cut-off"]
    for name in ("AUC", *SHOWN):
        header += [f"{name} (%)", f"{name} low", f"{name} high", f"{name} counts", f"{name} interval"]
    lines: list[Line] = [header]
    for row in rows:
        line: list[object] = [row.table, row.name, row.cohort, row.n, row.events, round(row.cutoff, 6)]
        for cell in (row.auc, *(row.cells[name] for name in SHOWN)):
            line += _numbers(cell)
        lines.append(line)
    return lines


def _numbers(cell: Cell) -> list[object]:
    rounded = [None if v is None else round(v, 2) for v in (cell.value, cell.low, cell.high)]
    return [*rounded, cell.counts, cell.method]
