"""Tables of the labels: both rules, core against excision, two readers; as a page and as a file."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from studies.downloads import csv_response
from studies.guards import require
from studies.models import Study
from studies.permissions import can_view_label_tables
from studies.rules.her2_labels import CrossTab
from studies.selectors import study_get
from studies.services.audit import audit_record
from studies.services.label_tables import Agreement, LabelTables, label_tables_of


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A cross-tab with its totals, ready for a page."""

    columns: tuple[str, ...]
    rows: list[tuple[str, list[tuple[int, bool]], int]]
    totals: list[int]
    total: int


@login_required
@require_safe
def label_tables(request: HttpRequest, slug: str) -> HttpResponse:
    """Every table of the labels that the viewer may see."""
    study = _readable(request, slug)
    tables = label_tables_of(study, viewer=request.user)
    context = {
        "study": study,
        "tables": tables,
        "rules": shown(tables.rules),
        "agreements": [
            (title, shown(agreement.table), agreement, rows, columns)
            for title, agreement, rows, columns in _agreements(tables)
        ],
    }
    return render(request, "studies/label_tables.html", context)


def _readable(request: HttpRequest, slug: str) -> Study:
    study = study_get(slug, viewer=request.user)
    allowed = can_view_label_tables(request.user, study)
    require(request, allowed, action="read label tables", target=study, study=study)
    return study


def _agreements(tables: LabelTables) -> list[tuple[str, Agreement, str, str]]:
    core, excision = _("core needle biopsy"), _("surgical excision")
    first, second = _("first reading"), _("second reading")
    return [
        (_("Core against excision: call"), tables.kinds, core, excision),
        (_("Core against excision: IHC score"), tables.kinds_ihc, core, excision),
        (_("First against second reader: call"), tables.readers, first, second),
        (_("First against second reader: IHC score"), tables.readers_ihc, first, second),
    ]


def shown(table: CrossTab) -> ShownTable:
    """Rows with their counts (and whether both labels are the same word), totals at the edges."""
    rows = []
    for row in table.rows:
        counts = [(table.counts.get((row, column), 0), row == column) for column in table.columns]
        rows.append((row, counts, sum(count for count, _same in counts)))
    totals = [sum(table.counts.get((row, column), 0) for row in table.rows) for column in table.columns]
    return ShownTable(table.columns, rows, totals, table.total)


@login_required
@require_safe
def label_tables_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """All tables in one tidy file: a line a cell, a line a kappa."""
    study = _readable(request, slug)
    tables = label_tables_of(study, viewer=request.user)
    audit_record(actor=request.user, action="export.labels", target=study, study=study, reason="label tables")
    return csv_response(table_lines(tables), name=f"{study.slug}-label-tables.csv", study=study)


def table_lines(tables: LabelTables) -> list[list[object]]:
    """Header, then cells and kappas."""
    lines: list[list[object]] = [["table", "row", "column", "value", "low", "high", "n", "method"]]
    named = {
        "paper label by ASCO/CAP call": tables.rules,
        "core by excision, call": tables.kinds.table,
        "core by excision, IHC score": tables.kinds_ihc.table,
        "first by second reader, call": tables.readers.table,
        "first by second reader, IHC score": tables.readers_ihc.table,
    }
    for name, table in named.items():
        lines += [
            [name, row, column, count, "", "", table.total, ""]
            for (row, column), count in sorted(table.counts.items())
        ]
    lines += [
        ["case", row.case.code, row.case.text, len(row.specimens), "", "", "", ""] for row in tables.cases
    ]
    lines += [
        ["secondary descriptor", word, "", count, "", "", tables.n_of_record, ""]
        for word, count in tables.categories
    ]
    for name, agreement in (
        ("core by excision, call", tables.kinds), ("core by excision, IHC score", tables.kinds_ihc),
        ("first by second reader, call", tables.readers),
        ("first by second reader, IHC score", tables.readers_ihc),
    ):  # fmt: skip
        kappa = agreement.kappa
        weighted = "kappa, quadratic weights" if kappa.weights == "quadratic" else "kappa"
        lines.append([name, weighted, "", kappa.value, kappa.low, kappa.high, kappa.n, kappa.method])
    return lines
