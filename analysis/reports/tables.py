"""A table once, for the page and for every file: columns, rows, cells with their interval and raw counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

DASH = "–"
GROUPED_FROM = 10_000
"""Whole numbers from here on are printed in groups of three digits, on pages; files hold them plain."""
INFINITE = "∞"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure with its interval, its raw counts and the interval's method; None where there is none.

    A ratio whose denominator is 0 is infinite: it is printed as such, with the interval it has.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    counts: str = ""
    method: str = ""
    places: int = 1

    @property
    def text(self) -> str:
        """As printed: 81.0 [69.7, 92.2]."""
        if self.value is None:
            return DASH
        shown = self._shown(self.value)
        if self.low is None or self.high is None:
            return shown
        return f"{shown} [{self._shown(self.low)}, {self._shown(self.high)}]"

    @property
    def numbers(self) -> list[float | str | None]:
        """Value, low and high for a file, with two places more than are printed; infinity as its sign."""
        return [self._kept(number) for number in (self.value, self.low, self.high)]

    def _kept(self, number: float | None) -> float | str | None:
        if number is None:
            return None
        return round(number, self.places + 2) if isfinite(number) else self._shown(number)

    def _shown(self, number: float) -> str:
        if not isfinite(number):
            return INFINITE if number > 0 else f"−{INFINITE}"
        return f"{number:.{self.places}f}"


REMARK = "remark"
"""Name of a last column of sentences, which no page has room for beside figures."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; numeric ones stand right; an interval column holds `Cell`s and fills five columns of a file.

    name: heading in files, where it differs from the page's.
    """

    label: str
    numeric: bool = False
    interval: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row.

    chosen: of the model of record; small: too few patients to say much; level: part of the row above;
    flagged: something in it is wrong.
    """

    cells: Sequence[object]
    chosen: bool = False
    small: bool = False
    level: bool = False
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as the page prints it; value: what it is sorted by; marks: where a chosen row gets its sign."""

    text: str
    counts: str
    method: str
    value: float | None
    numeric: bool
    marks: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table.

    notes: sentences below it, on the page and in every file; empty: said where there is no row; marks: what
    the sign of a chosen row means, where it has one.
    """

    name: str
    title: str
    columns: Sequence[Column]
    lines: Sequence[Line]
    notes: Sequence[str] = field(default_factory=tuple)
    empty: str = ""
    marks: str = ""

    @property
    def beside(self) -> str:
        """The slice of a row that the page prints side by side: a remark gets a line of its own below."""
        return ":-1" if self.columns and self.columns[-1].name == REMARK else ":"

    @property
    def has_remarks(self) -> bool:
        """Whether the last column says something about its row."""
        return self.beside != ":"

    def page_lines(self) -> list[tuple[Line, list[Shown]]]:
        """Rows with their cells as the page prints them."""
        first = next((n for n, column in enumerate(self.columns) if not column.numeric), 0)
        return [
            (line, [self._shown(number, cell, first) for number, cell in enumerate(line.cells)])
            for line in self.lines
        ]

    def _shown(self, number: int, cell: object, first: int) -> Shown:
        numeric = self.columns[number].numeric or self.columns[number].interval
        if isinstance(cell, Cell):
            sorted_by = cell.value if cell.value is not None and isfinite(cell.value) else None
            return Shown(cell.text, cell.counts, cell.method, sorted_by, numeric, number == first)
        value = float(cell) if isinstance(cell, int | float) else None
        return Shown(printed(cell), "", "", value, numeric, number == first)

    def file_header(self) -> list[str]:
        """Headings of a file: an interval column becomes value, bounds, counts and method."""
        header: list[str] = []
        for column in self.columns:
            name = column.name or column.label
            header.append(name)
            if column.interval:
                header += [f"{name} low", f"{name} high", f"{name} counts", f"{name} interval"]
        return header

    def file_rows(self) -> list[list[object]]:
        """Rows of a file, numbers as numbers."""
        return [self._file_row(line) for line in self.lines]

    def printed_rows(self) -> list[list[str]]:
        """Rows as printed, one text a column."""
        return [[printed(cell) for cell in line.cells] for line in self.lines]

    def _file_row(self, line: Line) -> list[object]:
        row: list[object] = []
        for column, cell in zip(self.columns, line.cells, strict=True):
            if column.interval and isinstance(cell, Cell):
                row += [*cell.numbers, cell.counts, cell.method]
            elif column.interval:
                row += [cell, None, None, "", ""]
            else:
                row.append(_plain(cell))
        return row


def _plain(cell: object) -> object:
    """A cell of one column in a file: the number itself, infinity as its sign."""
    if not isinstance(cell, Cell):
        return cell
    return cell.value if cell.value is None or isfinite(cell.value) else cell.text


def printed(cell: object) -> str:
    """A cell as the page prints it."""
    if cell is None:
        return DASH
    if isinstance(cell, int) and abs(cell) >= GROUPED_FROM:
        return f"{cell:,}"
    return cell.text if isinstance(cell, Cell) else str(cell)
