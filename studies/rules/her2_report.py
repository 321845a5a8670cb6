"""How far the engine and a hospital agree: the call of each row of a table, and why the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from studies.rules.her2 import classify
from studies.rules.her2_labels import TRAINABLE, CrossTab, cross_tab
from studies.rules.her2_text import NAMES, entered_status, parse_specimen
from studies.rules.sentences import Sentence, gettext_noop
from studies.rules.table_targets import BY_NAME, guess_mapping
from studies.rules.tables import Table, TableError, without_guard

DECIDED = frozenset({"positive", "negative"})
"""Statuses that can be compared with a call."""
CODE = "patient.code"


@dataclass(frozen=True)
class ComparedRow:
    """One row: the status entered, the engine's call, the steps that led to it, and what does not fit.

    number: as in the file, the header is 1; code: empty where the table has no column of codes.
    """

    number: int
    code: str
    entered: str
    call: str
    path: tuple[Sentence, ...]
    queries: tuple[tuple[str, Sentence], ...]

    @property
    def is_comparable(self) -> bool:
        """Whether both sides say positive or negative."""
        return self.entered in DECIDED and self.call in TRAINABLE

    @property
    def agrees(self) -> bool:
        """Whether both sides say the same; only of comparable rows."""
        return self.is_comparable and self.entered.upper() == self.call


@dataclass(frozen=True)
class Her2Report:
    """Every row of a table in its order."""

    rows: tuple[ComparedRow, ...]

    @property
    def comparable(self) -> int:
        """Rows in which both sides say positive or negative."""
        return sum(row.is_comparable for row in self.rows)

    @property
    def agreeing(self) -> int:
        """Comparable rows that agree."""
        return sum(row.agrees for row in self.rows)

    @property
    def contradictions(self) -> tuple[ComparedRow, ...]:
        """Comparable rows that do not agree."""
        return tuple(row for row in self.rows if row.is_comparable and not row.agrees)

    @property
    def table(self) -> CrossTab:
        """(status entered, call) of all rows."""
        return cross_tab((row.entered, row.call) for row in self.rows)

    @property
    def questioned(self) -> int:
        """Rows that raise at least one query."""
        return sum(bool(row.queries) for row in self.rows)

    @property
    def queries(self) -> dict[str, int]:
        """Rows by code of a query, the most frequent first."""
        found = Counter(code for row in self.rows for code in {code for code, _said in row.queries})
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def her2_report(table: Table, mapping: Mapping[str, str] | None = None) -> Her2Report:
    """Classify every row and compare the call with the status that was entered.

    Args:
        mapping: column to target (see `table_targets`); None: guessed by the names of the columns.

    Raises:
        TableError: no column holds an IHC score, and none a count of an ISH.
    """
    mapping = guess_mapping(table.columns) if mapping is None else mapping
    places = {target: place for place, column in enumerate(table.columns) if (target := mapping.get(column))}
    names = {name: places[f"label.{name}"] for name in NAMES if f"label.{name}" in places}
    if not names.keys() & {"ihc_score", "her2_copies", "ratio"}:
        template = gettext_noop("No column holds an IHC score, HER2 copies or a ratio; name one of them so.")
        raise TableError(Sentence(template))
    return Her2Report(tuple(_compared(row.number, row.texts, names, places) for row in table.rows))


def _compared(
    number: int, texts: tuple[str, ...], names: Mapping[str, int], places: Mapping[str, int]
) -> ComparedRow:
    entries = {name: without_guard(texts[place]) for name, place in names.items()}
    parsed = parse_specimen(entries, _probe(texts, places))
    result = classify(ihc_score=parsed.ihc_score, ish=parsed.ish)
    asked = {notice.code: notice.sentence for notice in (*parsed.queries, *result.queries)}
    return ComparedRow(
        number=number,
        code=texts[places[CODE]] if CODE in places else "",
        entered=entered_status(parsed),
        call=str(result.call),
        path=result.path,
        queries=tuple(asked.items()),
    )


def _probe(texts: tuple[str, ...], places: Mapping[str, int]) -> str | None:
    """The probe where a column names it."""
    if "label.probe" not in places:
        return None
    text, target = without_guard(texts[places["label.probe"]]), BY_NAME["label.probe"]
    value = target.read(text, target.field).value
    return str(value) if value else None
