"""Which formula made a printed interval? Candidates are tried, right and wrong ones alike (SCIENCE 5.4)."""

from collections.abc import Callable
from dataclasses import dataclass

from analysis.pipeline.kernels.audit_cells import Cell, Printing
from analysis.pipeline.kernels.audit_counts import Counts
from analysis.pipeline.kernels.proportions import clopper_pearson, wald, wilson, youden_wald
from analysis.pipeline.kernels.published_intervals import as_published_interval

Bounds = tuple[float, float]

NO_ROOT = "Wald without the square root"
SUM_OF_BOUNDS = "sum of the rounded bounds of SEN and SPC"
GRANULAR = "resampling: bounds are whole counts over n"
SYMMETRIC = "symmetric about the estimate (DeLong or Wald type)"
ASYMMETRIC = "asymmetric: resampling, or a transformed scale"
UNKNOWN = "not recognised (resampling with a cut-off chosen anew, or other)"

UNSOUND = {
    NO_ROOT: "the formula lacks its square root; the interval is far too narrow",
    SUM_OF_BOUNDS: "limits were added instead of variances; the interval is too wide",
}
# A share of a block's rows that must fit before a formula counts as recognised.
RECOGNISED_SHARE = 0.6
GRANULAR_SHARE = 0.8
SYMMETRIC_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A formula for the interval of a counted metric."""

    name: str
    bounds: Callable[[Counts], Bounds]


def candidates(metric: str) -> tuple[Candidate, ...]:
    """Return the formulas tried for a metric, the usual ones first."""
    if metric == "YI":
        return (
            Candidate("Wald, variances added", lambda c: youden_wald(c.k1, c.n1, c.k0, c.n0)),
            Candidate(SUM_OF_BOUNDS, lambda c: as_published_interval("YI", c.k1, c.n1, c.k0, c.n0)),
        )
    if metric not in ("SEN", "SPC", "ACC", "PPV", "NPV"):
        return ()
    proportions = [
        Candidate(name, _of_proportion(metric, function))
        for name, function in (("Wald", wald), ("Wilson", wilson), ("Clopper-Pearson", clopper_pearson))
    ]
    return (*proportions, Candidate(NO_ROOT, _of_proportion(metric, _without_root)))


def fits(candidate: Candidate, cell: Cell, counts: Counts, printing: Printing) -> tuple[bool, bool]:
    """Whether a formula gives the printed lower and upper bound, to rounding (and to z = 1.96 or 1.95996)."""
    low, high = candidate.bounds(counts)
    return _fit(low, cell.low, printing), _fit(high, cell.high, printing)


def whole_counts(cell: Cell, n: int, printing: Printing) -> tuple[bool, bool]:
    """Whether the bounds of a proportion are whole counts over n, to rounding."""
    return _whole(cell.low, n, printing), _whole(cell.high, n, printing)


def symmetric(cell: Cell, printing: Printing) -> bool:
    """Whether the bounds lie equally far from the estimate, to rounding of all three."""
    if cell.value is None or cell.low is None or cell.high is None:
        return False
    value, low, high = (printing.fraction(f) for f in (cell.value, cell.low, cell.high))
    return abs((low + high) / 2.0 - value) <= 2.0 * printing.half_unit * (1 + 1e-9)


def proportion_counts(metric: str, counts: Counts) -> tuple[int, int]:
    """Return (k, n) of a metric that is one proportion."""
    false_positives, false_negatives = counts.n0 - counts.k0, counts.n1 - counts.k1
    return {
        "SEN": (counts.k1, counts.n1),
        "SPC": (counts.k0, counts.n0),
        "ACC": (counts.k1 + counts.k0, counts.n1 + counts.n0),
        "PPV": (counts.k1, max(1, counts.k1 + false_positives)),
        "NPV": (counts.k0, max(1, counts.k0 + false_negatives)),
    }[metric]


def _of_proportion(metric: str, function: Callable[[int, int], Bounds]) -> Callable[[Counts], Bounds]:
    return lambda counts: function(*proportion_counts(metric, counts))


def _without_root(k: int, n: int) -> Bounds:
    p = k / n
    half = 1.96 * p * (1.0 - p) / n
    return p - half, p + half


def _fit(exact: float, printed: object, printing: Printing) -> bool:
    # 1.96 and 1.95996 differ by less than this fraction of any half-width below one.
    slack = 2e-5 * 0.5
    if printed is None:
        return False
    return abs(exact - printing.fraction(printed)) <= printing.half_unit * (1 + 1e-9) + slack  # type: ignore[arg-type]


def _whole(printed: object, n: int, printing: Printing) -> bool:
    if printed is None:
        return False
    fraction = printing.fraction(printed)  # type: ignore[arg-type]
    return abs(round(fraction * n) / n - fraction) <= printing.half_unit * (1 + 1e-9)
