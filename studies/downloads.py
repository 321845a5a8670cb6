"""Tables as files. The first line says what the file is; cells that a spreadsheet would run are quoted."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse
from django.utils.translation import gettext as _

from studies.models import Study

DANGEROUS_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
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
    simulated = _("SIMULATED PATIENTS: no finding here says anything about real disease.")
    research = _("Research use only.")
    return f"{simulated} {research}" if study.is_simulated else research


def _safe(cell: object) -> object:
    """Quote text that a spreadsheet would take for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.startswith(DANGEROUS_STARTS):
        return "'" + cell
    return cell
