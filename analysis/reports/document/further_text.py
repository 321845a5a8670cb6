"""Further analyses in the report: a section each, with the tables of the results page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from analysis.models import Supplement
from analysis.reports.document.evidence_further import further_words
from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.results_text import Grid, capitalised, signed
from analysis.reports.explanation_tables import explanation_tables
from analysis.reports.model_tables import cohort_label
from analysis.reports.supplement_tables import EXPLAINED, Found, control_table, kind_tables
from analysis.reports.supplement_words import remarks
from analysis.reports.tables import Table

Kind = Supplement.Kind
CONTROLS = (Kind.SHUFFLE, Kind.OUTSIDE)
MOST_ROWS = 12
"""Of the explanation: so many textures and columns are printed; the results page has all of them."""


@dataclass(frozen=True, slots=True)
class FurtherSection:
    """One further analysis: what it is, when it was done and on which sides, what to bear in mind, tables."""

    title: str
    state: str
    remarks: Sequence[str]
    grids: Sequence[Grid]


def further_sections(facts: StudyFacts) -> list[FurtherSection]:
    """A section of every kind, in the order of the report; state is empty where it was not done."""
    found = documents_in(facts)
    tables = kind_tables(found)
    tables[Kind.EXPLANATION] = list(explanation_tables(found.get(EXPLAINED)).values())
    for kind in CONTROLS:
        tables[kind] = [control_table({key: value for key, value in found.items() if key[0] == kind})]
    return [
        FurtherSection(
            capitalised(words),
            _done(facts.further.get(kind)),
            _said(facts.further.get(kind)),
            [_grid(table, kind) for table in tables.get(kind, []) if table.lines],
        )
        for kind, words in further_words().items()
    ]


def documents_in(facts: StudyFacts) -> Found:
    """(kind, side) to the stored document."""
    return {
        (kind, side): document
        for kind, stored in facts.further.items()
        for side, document in stored["sides"].items()
    }


def _done(stored: Mapping[str, Any] | None) -> str:
    if stored is None:
        return ""
    look = _(", look %d") % stored["look"] if stored["look"] else ""
    sides = ", ".join(cohort_label(side) for side in stored["sides"])
    return _("done on %(day)s, %(side)s%(look)s") % {"day": stored["day"], "side": sides, "look": look}


def _said(stored: Mapping[str, Any] | None) -> list[str]:
    """Why there are no figures, and what to bear in mind, of every side."""
    documents = stored["sides"].values() if stored else ()
    return list(dict.fromkeys(text for document in documents for text in remarks(document)))


def _grid(table: Table, kind: str) -> Grid:
    """A table of the results page as the report prints it; small groups are marked."""
    lines = table.lines[:MOST_ROWS] if kind == Kind.EXPLANATION else table.lines
    rows = [[signed(text) for text in cells] for cells in Table("", "", table.columns, lines).printed_rows()]
    place = max(0, next(n for n, column in enumerate(table.columns) if column.numeric) - 1)
    for line, row in zip(lines, rows, strict=True):
        if line.small:
            row[place] += " *"
    notes = list(table.notes)
    if any(line.small for line in lines):
        notes.append(_("* fewer than 20 patients: the figure says little."))
    if any(column.interval for column in table.columns):
        notes.append(_("Intervals: AUC and differences by DeLong, shares by Wilson."))
    if len(lines) < len(table.lines):
        notes.append(_("The first %(n)d of %(all)d rows.") % {"n": len(lines), "all": len(table.lines)})
    return Grid(table.title, [column.label for column in table.columns], rows, " ".join(notes))
