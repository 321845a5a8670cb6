"""The paper's own procedures, errors included, and the auditor that finds such errors in any published table.

Nothing here judges a model: `metrics` does. Every published-style figure carries the sentence on what is
wrong with it. Only NumPy and SciPy are used, so that web code may import it. SCIENCE 5.2 to 5.5, HONESTY
D.1 and D.2.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from math import floor

from analysis.pipeline.kernels import audit_intervals as intervals
from analysis.pipeline.kernels.audit_cells import (
    COLUMNS,
    Cell,
    Printing,
    cells_of,
    places_of,
    printing_of,
    read_cells,
)
from analysis.pipeline.kernels.audit_counts import (
    COUNTED,
    Counts,
    auc_ceiling_of_youden,
    auc_range,
    infer_counts,
)
from analysis.pipeline.kernels.published_evaluation import (
    OPTIMISED_CAVEAT,
    RESAMPLED_CAVEAT,
    PublishedEvaluation,
    evaluate_as_published,
    evaluate_by_resampling,
)
from analysis.pipeline.kernels.published_intervals import as_published_interval
from analysis.pipeline.kernels.resample_ttest import (
    ResampleTTest,
    paper_resample_matrix,
    paper_resample_ttest,
)

__all__ = [
    "COLUMNS",
    "OPTIMISED_CAVEAT",
    "RESAMPLED_CAVEAT",
    "Audit",
    "Finding",
    "PublishedEvaluation",
    "Recognised",
    "ResampleTTest",
    "RowCounts",
    "as_published_interval",
    "audit",
    "audit_csv",
    "evaluate_as_published",
    "evaluate_by_resampling",
    "paper_resample_matrix",
    "paper_resample_ttest",
]

Place = tuple[str, str, str]
Block = tuple[str, str, str]
FIGURES = ("value", "low", "high")
# Two rows with so few figures apart were probably copied from each other.
COPIED_FIGURES = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure that does not follow from the counts.

    figure: value, low or high; printed: as in the table; expected: what the counts give, empty where only
    a range is known; kind: value, interval, auc or precision; reason: a sentence.
    """

    table: str
    row: str
    cohort: str
    metric: str
    figure: str
    printed: str
    expected: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """The formula that made the intervals of one metric in one table and cohort: so many rows fit it."""

    table: str
    cohort: str
    metric: str
    method: str
    fitting: int
    rows: int
    sound: bool
    note: str


@dataclass(frozen=True, slots=True)
class RowCounts:
    """The counts behind one row: k1 of n1 positives and k0 of n0 negatives called rightly.

    agreeing: the printed metrics that follow from them; unique: whether no other counts fit as well.
    """

    table: str
    row: str
    cohort: str
    k1: int
    n1: int
    k0: int
    n0: int
    agreeing: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """What the arithmetic says of a published table.

    rows, figures: how many were checked; findings: figures that do not follow; methods: the formula
    recognised for every block of intervals; notes: what is odd without being impossible; counts: those that
    explain each row best.
    """

    rows: int
    figures: int
    findings: tuple[Finding, ...]
    methods: tuple[Recognised, ...]
    notes: tuple[str, ...]
    counts: tuple[RowCounts, ...]

    @property
    def consistent(self) -> bool:
        """Whether every figure follows from the counts and no formula is wrong."""
        return not self.findings and all(method.sound for method in self.methods)


def audit_csv(lines: Iterable[str]) -> Audit:
    """Audit a CSV with the columns table,row,cohort,metric,value,low,high,n_pos,n_neg.

    Raises:
        InvalidInputError: columns missing, or a row that cannot be read (the message names its line).
    """
    return _audit(read_cells(lines))


def audit(rows: Iterable[Mapping[str, object]]) -> Audit:
    """Audit cells given as mappings with the columns of the CSV; text keeps its printed precision.

    Raises:
        InvalidInputError: no row, or a row that cannot be read.
    """
    return _audit(cells_of(rows))


def _audit(cells: Sequence[Cell]) -> Audit:
    by_table: dict[str, list[Cell]] = defaultdict(list)
    by_place: dict[Place, dict[str, Cell]] = defaultdict(dict)
    for cell in cells:
        by_table[cell.table].append(cell)
        by_place[cell.place][cell.metric] = cell
    printing = {table: printing_of(inside) for table, inside in by_table.items()}
    counts = {place: _counts(row, printing[place[0]]) for place, row in by_place.items()}
    findings: list[Finding] = []
    for place, row in by_place.items():
        findings += _values(row, counts[place], printing[place[0]])
    for cell in cells:
        findings += _precision(cell, printing[cell.table])
    methods = []
    for block in _blocks(cells):
        method, slips = _intervals(block, counts, printing[block[0].table])
        methods.append(method)
        findings += slips
    figures = sum(figure is not None for cell in cells for figure in (cell.value, cell.low, cell.high))
    notes = [*_copies(by_place), *_not_youden(by_place, counts, printing)]
    explained = tuple(
        RowCounts(*place, c.k1, c.n1, c.k0, c.n0, tuple(sorted(c.agreeing)), c.unique)
        for place, c in counts.items()
    )
    return Audit(len(by_place), figures, tuple(findings), tuple(methods), tuple(notes), explained)


def _counts(row: Mapping[str, Cell], printing: Printing) -> Counts:
    cell = next(iter(row.values()))
    printed = {m: c.value for m, c in row.items() if m in COUNTED and c.value is not None}
    return infer_counts(printed, cell.n_pos, cell.n_neg, printing)


def _values(row: Mapping[str, Cell], counts: Counts, printing: Printing) -> list[Finding]:
    """Find values that do not follow from the counts which explain most of the row, and an impossible AUC."""
    found = []
    for metric, cell in row.items():
        if cell.value is None or metric == "AUC":
            continue
        if metric not in counts.agreeing:
            found.append(_value_finding(cell, counts, printing, row))
    if "AUC" in row and {"SEN", "SPC"} <= counts.agreeing:
        found += _auc(row["AUC"], counts, printing)
    return found


def _value_finding(cell: Cell, counts: Counts, printing: Printing, row: Mapping[str, Cell]) -> Finding:
    exact = counts.exact(cell.metric)
    expected = "" if exact is None else printing.printed(exact)
    if cell.metric == "YI":
        reason = f"{counts.k1}/{counts.n1} and {counts.k0}/{counts.n0} give {expected}"
        if _is_sum_of_rounded(cell, row, printing):
            reason += "; printed is the sum of the rounded SEN and SPC less one"
    else:
        k, n = intervals.proportion_counts(cell.metric, counts)
        reason = f"{k}/{n} gives {expected}; no other count agrees with as much of the row"
    return _finding(cell, "value", expected, "value", reason)


def _is_sum_of_rounded(cell: Cell, row: Mapping[str, Cell], printing: Printing) -> bool:
    parts = [row[m].value for m in ("SEN", "SPC") if m in row]
    if len(parts) != 2 or None in parts:
        return False
    return cell.value == sum((p for p in parts if p is not None), Decimal(0)) - printing.scale


def _auc(cell: Cell, counts: Counts, printing: Printing) -> list[Finding]:
    low, high = auc_range(counts.k1 / counts.n1, counts.k0 / counts.n0)
    value = printing.fraction(cell.value) if cell.value is not None else 0.5
    if low - printing.half_unit <= value <= high + printing.half_unit:
        return []
    span = f"{printing.printed(low)} to {printing.printed(high)}"
    reason = f"a curve through this sensitivity and specificity has an area from {span}"
    return [_finding(cell, "value", "", "auc", reason)]


def _not_youden(
    by_place: Mapping[Place, Mapping[str, Cell]],
    counts: Mapping[Place, Counts],
    printing: Mapping[str, Printing],
) -> list[str]:
    notes = []
    for place, row in by_place.items():
        found, print_ = counts[place], printing[place[0]]
        cell = row.get("AUC")
        if cell is None or cell.value is None or not {"SEN", "SPC"} <= found.agreeing:
            continue
        ceiling = auc_ceiling_of_youden(found.k1 / found.n1 + found.k0 / found.n0 - 1.0)
        if print_.fraction(cell.value) > ceiling + print_.half_unit:
            notes.append(
                f"{'/'.join(place)}: AUC {cell.value} needs another cut-off with a larger Youden index."
            )
    return notes


def _precision(cell: Cell, printing: Printing) -> list[Finding]:
    """Find figures printed with more places than the rest of their table."""
    found = []
    for name in FIGURES:
        figure = getattr(cell, name)
        if figure is not None and places_of(figure) > printing.places:
            reason = f"printed with {places_of(figure)} decimal places, the table uses {printing.places}"
            found.append(_finding(cell, name, "", "precision", reason))
    return found


def _blocks(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return cells with an interval, grouped by table, cohort and metric."""
    blocks: dict[Block, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.low is not None:
            blocks[cell.table, cell.cohort, cell.metric].append(cell)
    return list(blocks.values())


def _intervals(
    block: Sequence[Cell], counts: Mapping[Place, Counts], printing: Printing
) -> tuple[Recognised, list[Finding]]:
    """Recognise the formula of a block; find bounds that depart from it or exclude their own estimate."""
    cell = block[0]
    slips = [slip for member in block for slip in _order(member)]
    best, fitting = None, 0
    for candidate in intervals.candidates(cell.metric):
        count = sum(all(intervals.fits(candidate, c, counts[c.place], printing)) for c in block)
        if count > fitting:
            best, fitting = candidate, count
    if best is not None and fitting >= intervals.RECOGNISED_SHARE * len(block):
        note = intervals.UNSOUND.get(best.name, "")
        method = Recognised(
            cell.table, cell.cohort, cell.metric, best.name, fitting, len(block), not note, note
        )
        return method, slips + _departures(block, best, counts, printing)
    return _resampled(block, slips, printing)


def _departures(
    block: Sequence[Cell], formula: intervals.Candidate, counts: Mapping[Place, Counts], printing: Printing
) -> list[Finding]:
    found = []
    for cell in block:
        exact = formula.bounds(counts[cell.place])
        fitting = intervals.fits(formula, cell, counts[cell.place], printing)
        for name, bound, fits in zip(("low", "high"), exact, fitting, strict=True):
            if not fits:
                expected = printing.printed(bound)
                reason = f"the formula of the other rows ({formula.name}) gives {expected}"
                found.append(_finding(cell, name, expected, "interval", reason))
    return found


def _resampled(
    block: Sequence[Cell], slips: list[Finding], printing: Printing
) -> tuple[Recognised, list[Finding]]:
    """Recognise symmetric and granular intervals, where no formula fits."""
    cell = block[0]

    def recognised(name: str, fitting: int) -> Recognised:
        return Recognised(cell.table, cell.cohort, cell.metric, name, fitting, len(block), True, "")

    balanced = sum(intervals.symmetric(c, printing) for c in block)
    if cell.metric == "ACC":
        whole = [intervals.whole_counts(c, c.n_pos + c.n_neg, printing) for c in block]
        rows = sum(all(pair) for pair in whole)
        if rows >= intervals.GRANULAR_SHARE * len(block):
            odd = [
                _not_whole(c, name, printing)
                for c, pair in zip(block, whole, strict=True)
                for name, fits in zip(("low", "high"), pair, strict=True)
                if not fits
            ]
            return recognised(intervals.GRANULAR, rows), slips + odd
    if cell.metric == "AUC" and balanced >= intervals.SYMMETRIC_SHARE * len(block):
        return recognised(intervals.SYMMETRIC, balanced), slips
    return recognised(intervals.ASYMMETRIC if cell.metric == "AUC" else intervals.UNKNOWN, 0), slips


def _not_whole(cell: Cell, figure: str, printing: Printing) -> Finding:
    n = cell.n_pos + cell.n_neg
    below = floor(printing.fraction(getattr(cell, figure)) * n)
    around = " or ".join(printing.printed(k / n) for k in (below, below + 1))
    reason = f"not a whole count over {n}, as the other rows have; the nearest are {around}"
    return _finding(cell, figure, around, "interval", reason)


def _order(cell: Cell) -> list[Finding]:
    """Find bounds on the wrong side of their own estimate."""
    found = []
    if cell.value is not None and cell.low is not None and cell.low > cell.value:
        found.append(_finding(cell, "low", "", "interval", f"lies above the estimate {cell.value}"))
    if cell.value is not None and cell.high is not None and cell.high < cell.value:
        found.append(_finding(cell, "high", "", "interval", f"lies below the estimate {cell.value}"))
    return found


def _copies(by_place: Mapping[Place, Mapping[str, Cell]]) -> list[str]:
    """Name rows of one table and cohort that agree in all figures, or in all but one."""
    notes = []
    for (a, first), (b, second) in combinations(by_place.items(), 2):
        if (a[0], a[2]) != (b[0], b[2]) or first.keys() != second.keys():
            continue
        pairs = [(getattr(first[m], f), getattr(second[m], f)) for m in first for f in FIGURES]
        apart = [f"{x} / {y}" for x, y in pairs if x != y]
        if len(apart) <= COPIED_FIGURES and len(pairs) > len(FIGURES):
            rows = f"{a[0]}/{a[2]}: {a[1]} and {b[1]}"
            notes.append(
                f"{rows} agree in all but {apart[0]}." if apart else f"{rows} agree in every figure."
            )
    return notes


def _finding(cell: Cell, figure: str, expected: str, kind: str, reason: str) -> Finding:
    printed = getattr(cell, figure)
    return Finding(
        cell.table, cell.row, cell.cohort, cell.metric, figure, str(printed), expected, kind, reason
    )
