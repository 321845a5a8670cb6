"""Tables as files. The first line says what the file is; cells that a spreadsheet would run are quoted."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse
from django.utils.translation import gettext as _

from studies.models import Study

DANGEROUS_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Line = Sequence[object]


def csv_response(lines: Iterable[Line], *, name: str, study: Study, said: str = "") -> HttpResponse:
    """Return lines as a CSV download, under a banner line; said: in place of the study's own banner."""
    text = csv_text(lines, said or banner(study))
    return file_response(("\ufeff" + text).encode(), name, "text/csv; charset=utf-8")


def csv_text(lines: Iterable[Line], said: str) -> str:
    """Lines as CSV under a banner line; no cell starts a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["# " + said])
    writer.writerows([[_safe(cell) for cell in line] for line in lines])
    return buffer.getvalue()


def file_response(content: bytes, name: str, content_type: str) -> HttpResponse:
    """Return bytes as a download under a name."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def banner(study: Study) -> str:
    """What every export says of itself."""
    return banner_of(is_simulated=study.is_simulated)


def banner_of(*, is_simulated: bool) -> str:
    """Research use only, and that the patients are simulated where they are."""
    simulated = _("SIMULATED PATIENTS: no finding here says anything about real disease.")
    research = _("Research use only.")
    return f"{simulated} {research}" if is_simulated else research


def _safe(cell: object) -> object:
    """Quote text that a spreadsheet would take for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(DANGEROUS_STARTS):
        return "'" + cell
    return cell
