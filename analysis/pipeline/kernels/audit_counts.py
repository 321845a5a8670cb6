"""From printed figures back to counts: which true positives and negatives fit, and which cells do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.kernels.audit_cells import Printing

COUNTED = ("SEN", "SPC", "ACC", "YI", "PPV", "NPV")
# Beyond this many pairs of counts rounding leaves nothing to check, and only the neighbours are tried.
LARGEST_GRID = 2_000_000
NEIGHBOURS = 50

Grid = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts that agree with most printed figures.

    k1 of n1 positives and k0 of n0 negatives called rightly; agreeing: metrics that follow from them; unique:
    whether no other pair agrees with as many.
    """

    k1: int
    n1: int
    k0: int
    n0: int
    agreeing: frozenset[str]
    unique: bool

    def exact(self, metric: str) -> float | None:
        """Return the exact fraction of a counted metric, None where it is undefined."""
        value = float(
            _exact(metric, np.array([[float(self.k1)]]), np.array([[float(self.k0)]]), self.n1, self.n0)[0, 0]
        )
        return value if np.isfinite(value) else None


def infer_counts(printed: Mapping[str, Decimal], n1: int, n0: int, printing: Printing) -> Counts:
    """Return the pair of counts that agrees with most of the printed figures.

    Among equals the pair that agrees with SEN and SPC is taken, then the one nearest to them.
    """
    k1, k0 = _candidates(printed, n1, n0, printing)
    agreement = np.zeros((k1.size, k0.size))
    for metric in (m for m in COUNTED if m in printed):
        agreement += _agrees(metric, printed[metric], k1, k0, n1, n0, printing)
    distance = np.zeros_like(agreement)
    for metric, k, n in (("SEN", k1[:, np.newaxis], n1), ("SPC", k0[np.newaxis, :], n0)):
        if metric in printed:
            distance = distance + np.abs(k / n - printing.fraction(printed[metric]))
    best = agreement == agreement.max()
    row, column = np.unravel_index(int(np.argmin(np.where(best, distance, np.inf))), best.shape)
    chosen = (k1[[row]], k0[[column]])
    agreeing = frozenset(
        m for m in COUNTED if m in printed and bool(_agrees(m, printed[m], *chosen, n1, n0, printing)[0, 0])
    )
    return Counts(int(k1[row]), n1, int(k0[column]), n0, agreeing, bool(best.sum() == 1))


def auc_range(sensitivity: float, specificity: float) -> tuple[float, float]:
    """Return the smallest and largest AUC whose ROC curve passes through one operating point."""
    return sensitivity * specificity, 1.0 - (1.0 - sensitivity) * (1.0 - specificity)


def auc_ceiling_of_youden(youden: float) -> float:
    """Return the largest AUC when no operating point has a larger Youden index than this one."""
    return 0.5 + youden - youden**2 / 2.0


def _candidates(printed: Mapping[str, Decimal], n1: int, n0: int, printing: Printing) -> tuple[Grid, Grid]:
    if (n1 + 1) * (n0 + 1) <= LARGEST_GRID:
        return np.arange(n1 + 1, dtype=float), np.arange(n0 + 1, dtype=float)
    return (
        _near(printed.get("SEN"), n1, printing),
        _near(printed.get("SPC"), n0, printing),
    )


def _near(printed: Decimal | None, n: int, printing: Printing) -> Grid:
    if printed is None:
        return np.unique(np.round(np.linspace(0, n, 2 * NEIGHBOURS + 1)))
    middle = round(printing.fraction(printed) * n)
    return np.arange(max(0, middle - NEIGHBOURS), min(n, middle + NEIGHBOURS) + 1, dtype=float)


def _agrees(
    metric: str, printed: Decimal, k1: Grid, k0: Grid, n1: int, n0: int, printing: Printing
) -> NDArray[np.bool_]:
    """Return (k1, k0) whether the exact figure rounds to the printed one; a tie may round either way."""
    exact = _exact(metric, k1[:, np.newaxis], k0[np.newaxis, :], n1, n0)
    with np.errstate(invalid="ignore"):
        return np.abs(exact - printing.fraction(printed)) <= printing.half_unit * (1 + 1e-9)


def _exact(metric: str, k1: Grid, k0: Grid, n1: int, n0: int) -> Grid:
    sensitivity, specificity = k1 / n1 + 0.0 * k0, k0 / n0 + 0.0 * k1
    if metric == "SEN":
        return sensitivity
    if metric == "SPC":
        return specificity
    if metric == "ACC":
        return (k1 + k0) / (n1 + n0)
    if metric == "YI":
        return sensitivity + specificity - 1.0
    called = k1 + (n0 - k0) if metric == "PPV" else k0 + (n1 - k1)
    right = k1 + 0.0 * k0 if metric == "PPV" else k0 + 0.0 * k1
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(called > 0, right / called, np.nan)
