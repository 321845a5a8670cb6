"""Counts of the paper's Table 1, whole or scaled to another number of patients.

Source: Quan et al., Front Endocrinol 2023;14:1144812, Table 1. The joint tables of T and N are the ones whose
margins and stage groups equal the printed ones under the anatomic rule of `stage_group`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, product

Cell = tuple[int, int]
"""cT and cN of one cell of the joint table."""

TRAINING_CELLS: dict[Cell, int] = {
    (1, 0): 149,
    (1, 1): 24,
    (2, 0): 125,
    (2, 1): 49,
    (2, 2): 4,
    (3, 0): 3,
    (3, 1): 3,
}
TEST_CELLS: dict[Cell, int] = {(1, 0): 37, (1, 1): 5, (2, 0): 27, (2, 1): 17, (2, 2): 1, (3, 0): 1, (3, 1): 0}
STUDY_PATIENTS = 445


@dataclass(frozen=True, slots=True)
class Margins:
    """What one set of patients must have: joint (cT, cN) counts, menopause = 1, HER2-positive, moments."""

    name: str
    cells: dict[Cell, int]
    menopausal: int
    positive: int
    age: tuple[float, float]
    size_cm: tuple[float, float]

    @property
    def n(self) -> int:
        """Number of patients."""
        return sum(self.cells.values())


TRAINING = Margins("training", TRAINING_CELLS, 210, 115, (52.20, 10.67), (2.37, 1.1462))
TEST = Margins("test", TEST_CELLS, 49, 28, (50.52, 10.38), (2.33, 0.9762))
"""The size SDs are the low end of what rounds to the printed 1.15 and 0.98: so the total rounds to 1.11."""
TOTAL_AGE, TOTAL_SIZE_CM = (51.87, 10.62), (2.36, 1.113)


def stage_group(t: int, n: int) -> int:
    """Anatomic stage group 1, 2 or 3 of cT 1..3 and cN 0..2 with M0 (the paper's cTNM)."""
    if n >= 2 or (t == 3 and n == 1):
        return 3
    return 1 if (t, n) == (1, 0) else 2


def largest_remainder(weights: Sequence[float], total: int) -> list[int]:
    """Whole numbers in proportion to the weights that sum to `total`; ties go to the earlier entry."""
    whole = sum(weights)
    quotas = [weight * total / whole for weight in weights]
    counts = [int(quota) for quota in quotas]
    by_rest = sorted(range(len(quotas)), key=lambda i: (counts[i] - quotas[i], i))
    for i in by_rest[: total - sum(counts)]:
        counts[i] += 1
    return counts


def margins_for(n: int) -> tuple[Margins, Margins]:
    """Margins of the training and the test set of n patients: the printed ones at 445, else proportional.

    Every count of all n patients is proportional by largest remainder; the test set then takes its share.
    """
    if n == STUDY_PATIENTS:
        return TRAINING, TEST
    cells = _scaled_cells(n)
    test_n = largest_remainder((TRAINING.n, TEST.n), n)[1]
    test_counts = _take(list(cells.values()), test_n)
    test_cells = dict(zip(cells, test_counts, strict=True))
    training_cells = {cell: count - test_cells[cell] for cell, count in cells.items()}
    menopausal = _pair(n, test_n, TRAINING.menopausal, TEST.menopausal)
    positive = _pair(n, test_n, TRAINING.positive, TEST.positive)
    return (
        Margins("training", training_cells, menopausal[0], positive[0], TOTAL_AGE, TOTAL_SIZE_CM),
        Margins("test", test_cells, menopausal[1], positive[1], TOTAL_AGE, TOTAL_SIZE_CM),
    )


def _by(group: Callable[[int, int], int], cells: dict[Cell, int]) -> list[int]:
    """Margin of a joint table: counts by the value of group(cT, cN), in ascending order."""
    values = sorted({group(*cell) for cell in TRAINING_CELLS})
    return [sum(count for cell, count in cells.items() if group(*cell) == value) for value in values]


MARGIN_OF: tuple[Callable[[int, int], int], ...] = (lambda t, n: t, lambda t, n: n, stage_group)


def _scaled_cells(n: int) -> dict[Cell, int]:
    """Joint table of n patients whose margins of cT, cN and cTNM are each the largest-remainder ones.

    Three margins determine the seven cells. Where that would need a negative cell (some small cohorts), every
    cell is rounded up or down instead, with the margins as near as can be.
    """
    total = {cell: TRAINING_CELLS[cell] + TEST_CELLS[cell] for cell in TRAINING_CELLS}
    wanted = [largest_remainder(_by(group, total), n) for group in MARGIN_OF]
    (t1, t2, t3), (_, n1, n2), (stage1, _, stage3) = wanted
    n1_of_t1, n1_of_t3 = t1 - stage1, stage3 - n2
    n1_of_t2 = n1 - n1_of_t1 - n1_of_t3
    solved = (stage1, n1_of_t1, t2 - n1_of_t2 - n2, n1_of_t2, n2, t3 - n1_of_t3, n1_of_t3)
    counts = solved if min(solved) >= 0 else _rounded_cells(n, total, wanted)
    return dict(zip(total, counts, strict=True))


def _rounded_cells(n: int, total: dict[Cell, int], wanted: list[list[int]]) -> tuple[int, ...]:
    """Cells rounded up or down to the sum n, with the least deviation from the wanted margins."""
    quotas = [count * n / STUDY_PATIENTS for count in total.values()]

    def cost(counts: tuple[int, ...]) -> tuple[int, float]:
        table = dict(zip(total, counts, strict=True))
        got = [_by(group, table) for group in MARGIN_OF]
        off = sum(abs(g - w) for g, w in zip(chain(*got), chain(*wanted), strict=True))
        return off, sum((count - quota) ** 2 for count, quota in zip(counts, quotas, strict=True))

    choices = product(*[(int(quota), int(quota) + 1) for quota in quotas])
    return min((counts for counts in choices if sum(counts) == n), key=cost)


def _take(counts: list[int], total: int) -> list[int]:
    """Share of `total` out of the counts, never more than there is."""
    return largest_remainder(counts, total) if sum(counts) else [0] * len(counts)


def _pair(n: int, test_n: int, training_part: int, test_part: int) -> tuple[int, int]:
    """How many of n patients carry a mark, in training and in test, the total proportional."""
    total = largest_remainder((training_part + test_part, STUDY_PATIENTS - training_part - test_part), n)[0]
    in_test = largest_remainder((training_part, test_part), total)[1]
    in_test = min(max(in_test, total - (n - test_n)), test_n)
    return total - in_test, in_test
