"""Printed tables as cells: what was printed, to which precision, and in which unit."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.statistics_checks import require_count

COLUMNS = ("table", "row", "cohort", "metric", "value", "low", "high", "n_pos", "n_neg")
METRICS = {
    "AUC": "AUC",
    "ACC": "ACC",
    "ACCURACY": "ACC",
    "SEN": "SEN",
    "SENSITIVITY": "SEN",
    "SPC": "SPC",
    "SPE": "SPC",
    "SPECIFICITY": "SPC",
    "YI": "YI",
    "YOUDEN": "YI",
    "PPV": "PPV",
    "NPV": "NPV",
}
# Nobody prints more places than this; longer figures are binary fractions written out, such as
# 0.28700000000000003.
PRINTED_PLACES = 10
# A magnitude above this cannot be a fraction: the table prints percentages.
LARGEST_FRACTION = Decimal(1)


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed figure with its interval, as text became decimals; None where nothing was printed.

    line: line of the file, the header being 1.
    """

    table: str
    row: str
    cohort: str
    metric: str
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    n_pos: int
    n_neg: int
    line: int

    @property
    def place(self) -> tuple[str, str, str]:
        """Return (table, row, cohort): cells with the same place share their counts."""
        return self.table, self.row, self.cohort


@dataclass(frozen=True, slots=True)
class Printing:
    """How a table prints: decimal places, and 100 for percentages or 1 for fractions."""

    places: int
    scale: int

    def printed(self, exact: float) -> str:
        """Return a fraction as the table would print it."""
        number = Decimal(repr(round(exact * self.scale, 12)))
        return str(number.quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_UP))

    def fraction(self, printed: Decimal) -> float:
        """Return a printed figure as a fraction."""
        return float(printed / self.scale)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last place, as a fraction: the largest rounding error."""
        return 0.5 * 10.0**-self.places / self.scale


def read_cells(lines: Iterable[str]) -> list[Cell]:
    """Read an audit CSV: table,row,cohort,metric,value,low,high,n_pos,n_neg.

    Raises:
        InvalidInputError: columns missing, no row, or a row that cannot be read (the message names its line).
    """
    reader = csv.DictReader(lines)
    header = [(name or "").strip().lstrip("\ufeff") for name in reader.fieldnames or []]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InvalidInputError(f"expected the columns {','.join(COLUMNS)}; missing: {', '.join(missing)}.")
    reader.fieldnames = header
    return cells_of(reader)


def cells_of(rows: Iterable[Mapping[str, object]]) -> list[Cell]:
    """Return checked cells of mappings with the columns of an audit CSV; numbers may be text or numbers.

    Raises:
        InvalidInputError: no row, a row that cannot be read, or a cell given twice.
    """
    cells = [_cell(row, line) for line, row in enumerate(rows, start=2)]
    if not cells:
        raise InvalidInputError("expected at least one row under the header, got none.")
    seen = Counter((*cell.place, cell.metric) for cell in cells)
    for cell in cells:
        if seen[(*cell.place, cell.metric)] > 1:
            raise InvalidInputError(
                f"line {cell.line}: {cell.metric} of {'/'.join(cell.place)} is given more than once."
            )
    sizes: dict[tuple[str, str, str], tuple[int, int]] = {}
    for cell in cells:
        if sizes.setdefault(cell.place, (cell.n_pos, cell.n_neg)) != (cell.n_pos, cell.n_neg):
            raise InvalidInputError(
                f"line {cell.line}: expected one n_pos and n_neg for all metrics of {'/'.join(cell.place)}."
            )
    return cells


def printing_of(cells: Iterable[Cell]) -> Printing:
    """Return how a table prints: its commonest number of places; percentages where a figure exceeds 1."""
    figures = [f for cell in cells for f in (cell.value, cell.low, cell.high) if f is not None]
    places = Counter(places_of(figure) for figure in figures)
    common = max(places, key=lambda p: (places[p], p)) if places else 1
    percentages = any(abs(figure) > LARGEST_FRACTION for figure in figures)
    return Printing(common, 100 if percentages else 1)


def places_of(figure: Decimal) -> int:
    """Return the decimal places a figure was printed with."""
    exponent = figure.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _cell(row: Mapping[str, object], line: int) -> Cell:
    metric = str(row.get("metric") or "").strip().upper()
    if metric not in METRICS:
        known = ", ".join(sorted(set(METRICS.values())))
        raise InvalidInputError(f"line {line}: metric: expected one of {known}, got {row.get('metric')!r}.")
    value, low, high = (_decimal(row, name, line) for name in ("value", "low", "high"))
    if value is None:
        raise InvalidInputError(f"line {line}: value: expected a number, got nothing.")
    if (low is None) != (high is None):
        raise InvalidInputError(f"line {line}: expected both bounds of the interval or neither.")
    return Cell(
        table=str(row.get("table") or "").strip(),
        row=str(row.get("row") or "").strip(),
        cohort=str(row.get("cohort") or "").strip(),
        metric=METRICS[metric],
        value=value,
        low=low,
        high=high,
        n_pos=_count(row, "n_pos", line),
        n_neg=_count(row, "n_neg", line),
        line=line,
    )


def _decimal(row: Mapping[str, object], name: str, line: int) -> Decimal | None:
    text = str(row.get(name) if row.get(name) is not None else "").strip().removesuffix("%").strip()
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise InvalidInputError(f"line {line}: {name}: expected a number, got {row.get(name)!r}.")
    if places_of(number) > PRINTED_PLACES:
        number = number.quantize(Decimal(1).scaleb(-PRINTED_PLACES)).normalize()
    return number


def _count(row: Mapping[str, object], name: str, line: int) -> int:
    text = str(row.get(name) if row.get(name) is not None else "").strip()
    try:
        return require_count(float(text), name=name, minimum=1)
    except (ValueError, InvalidInputError) as error:
        raise InvalidInputError(
            f"line {line}: {name}: expected a whole number of at least 1, got {row.get(name)!r}."
        ) from error
