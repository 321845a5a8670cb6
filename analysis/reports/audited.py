"""A published table after the arithmetic auditor: cells with their verdict, rows with their counts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from analysis.pipeline.as_published import Audit, Finding, RowCounts, audit_csv
from analysis.pipeline.kernels.audit_cells import Cell as PrintedCell
from analysis.pipeline.kernels.audit_cells import read_cells
from analysis.pipeline.metrics import wilson, youden_wald
from analysis.reports.tables import Column, Line, Table
from studies.templatetags.stored_sentences import translated

Place = tuple[str, str, str]
METRIC_ORDER = ("AUC", "ACC", "SEN", "SPC", "YI", "PPV", "NPV")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One printed cell: its text, whether something in it is wrong and what, and what its counts support."""

    text: str
    findings: tuple[Finding, ...]
    corrected: str

    @property
    def why(self) -> str:
        """The reasons, in the language of the page."""
        return " ".join(finding_text(finding) for finding in self.findings)


@dataclass(frozen=True, slots=True)
class AuditedRow:
    """A printed row with the counts that explain it best; cells in the order of `AuditedTable.metrics`."""

    row: str
    cohort: str
    counts: RowCounts
    cells: Sequence[Verdict | None]


@dataclass(frozen=True, slots=True)
class AuditedTable:
    """The rows that were printed under one table name."""

    name: str
    metrics: Sequence[str]
    rows: Sequence[AuditedRow]

    @property
    def wrong(self) -> int:
        """How many of its figures do not follow."""
        return sum(len(cell.findings) for row in self.rows for cell in row.cells if cell)


@dataclass(frozen=True, slots=True)
class Audited:
    """Everything the page shows of an audit."""

    audit: Audit
    tables: Sequence[AuditedTable]

    @property
    def values(self) -> list[Finding]:
        """Findings about values and areas."""
        return [f for f in self.audit.findings if f.figure == "value"]

    @property
    def bounds(self) -> list[Finding]:
        """Findings about bounds of intervals."""
        return [f for f in self.audit.findings if f.figure != "value"]


def audited(text: str) -> Audited:
    """Audit the text of a CSV.

    Raises:
        InvalidInputError: columns missing, or a row that cannot be read (the message names its line).
    """
    lines = text.splitlines()
    audit = audit_csv(lines)
    findings: dict[tuple[Place, str], list[Finding]] = defaultdict(list)
    for finding in audit.findings:
        findings[(finding.table, finding.row, finding.cohort), finding.metric].append(finding)
    counts = {(c.table, c.row, c.cohort): c for c in audit.counts}
    by_table: dict[str, dict[Place, dict[str, PrintedCell]]] = defaultdict(lambda: defaultdict(dict))
    for cell in read_cells(lines):
        by_table[cell.table][cell.place][cell.metric] = cell
    tables = []
    for name, places in by_table.items():
        used = {metric for cells in places.values() for metric in cells}
        metrics = [metric for metric in METRIC_ORDER if metric in used]
        rows = [
            AuditedRow(
                place[1],
                place[2],
                counts[place],
                [_verdict(cells.get(m), tuple(findings[place, m]), counts[place]) for m in metrics],
            )
            for place, cells in places.items()
        ]
        tables.append(AuditedTable(name, metrics, rows))
    return Audited(audit, tables)


def finding_table(found: Audited, name: str = "findings") -> Table:
    """Every figure that does not follow from the counts, with what does."""
    columns = [
        Column(_("Table"), name="table"),
        Column(_("Row"), name="row"),
        Column(_("Cohort"), name="cohort"),
        Column(_("Figure"), name="figure"),
        Column(_("Printed"), numeric=True, name="printed"),
        Column(_("From the counts"), numeric=True, name="expected"),
        Column(_("Why"), name="why"),
    ]
    lines = [
        Line([f.table, f.row, f.cohort, figure_name(f), f.printed, f.expected or None, translated(f.reason)])
        for f in found.audit.findings
    ]
    empty = _("Every figure follows from the counts.")
    return Table(name, _("Figures that do not follow from the counts"), columns, lines, empty=empty)


def method_table(found: Audited, name: str = "methods") -> Table:
    """The formula recognised behind every block of intervals."""
    columns = [
        Column(_("Table"), name="table"),
        Column(_("Cohort"), name="cohort"),
        Column(_("Metric"), name="metric"),
        Column(_("How the intervals were made"), name="method"),
        Column(_("Rows that fit"), numeric=True, name="rows"),
        Column(_("Verdict"), name="verdict"),
    ]
    lines = [
        Line(
            [
                m.table,
                m.cohort,
                m.metric,
                translated(m.method),
                f"{m.fitting} / {m.rows}" if m.fitting else "",
                translated(m.note) if not m.sound else "",
            ],
            flagged=not m.sound,
        )
        for m in found.audit.methods
    ]
    empty = _("No interval was printed.")
    return Table(name, _("How the intervals were made"), columns, lines, empty=empty)


def cell_table(found: Audited, name: str = "cells") -> Table:
    """Every printed cell, a line each, with counts, corrected interval and verdict: for files."""
    columns = [
        Column(label, name=label)
        for label in ("table", "row", "cohort", "metric", "printed", "k1/n1", "k0/n0", "corrected", "verdict")
    ]
    lines = []
    for table in found.tables:
        for row in table.rows:
            c = row.counts
            shares = [f"{c.k1}/{c.n1}", f"{c.k0}/{c.n0}"]
            for metric, cell in zip(table.metrics, row.cells, strict=True):
                if cell is not None:
                    said = [cell.text, *shares, cell.corrected, cell.why or _("follows")]
                    lines.append(Line([table.name, row.row, row.cohort, metric, *said]))
    return Table(name, _("Every printed figure with its verdict"), columns, lines)


def figure_name(finding: Finding) -> str:
    """The figure in words: the metric, or one of its bounds."""
    bounds = {"low": _("lower bound"), "high": _("upper bound")}
    return f"{finding.metric}, {bounds[finding.figure]}" if finding.figure in bounds else finding.metric


def finding_text(finding: Finding) -> str:
    """Why a figure does not follow, in the language of the page."""
    said = translated(finding.reason)
    return f"{figure_name(finding)}: {said}" if finding.figure != "value" else said


def _verdict(cell: PrintedCell | None, findings: tuple[Finding, ...], counts: RowCounts) -> Verdict | None:
    if cell is None:
        return None
    interval = "" if cell.low is None else f" [{cell.low}, {cell.high}]"
    return Verdict(f"{cell.value}{interval}", findings, _corrected(cell.metric, counts))


def _corrected(metric: str, c: RowCounts) -> str:
    """The figure and interval that the counts support, in percent; empty where the counts are not known."""
    if not {"SEN", "SPC"} <= set(c.agreeing):
        return ""
    shares = {"SEN": (c.k1, c.n1), "SPC": (c.k0, c.n0), "ACC": (c.k1 + c.k0, c.n1 + c.n0)}
    if metric in shares:
        k, n = shares[metric]
        low, high = wilson(k, n)
        return f"{100 * k / n:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
    if metric == "YI":
        value = c.k1 / c.n1 + c.k0 / c.n0 - 1
        low, high = youden_wald(c.k1, c.n1, c.k0, c.n0)
        return f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
    return ""
