"""How two labels of the same cases agree: Cohen's kappa with its interval, and the shares behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Z_95 = 1.959963984540054
METHOD = "Fleiss, Cohen and Everitt 1969, large-sample 95 %"

Weights = Literal["none", "quadratic"]


@dataclass(frozen=True)
class Kappa:
    """Agreement of n pairs; value, low and high are None where chance alone would agree always.

    observed, expected: share of pairs (or, weighted, mean credit) that agree, and that chance would give.
    """

    n: int
    observed: float | None
    expected: float | None
    value: float | None
    low: float | None
    high: float | None
    weights: Weights = "none"
    method: str = METHOD


def cohen_kappa(
    counts: Mapping[tuple[str, str], int], words: Sequence[str], weights: Weights = "none"
) -> Kappa:
    """Cohen's kappa of a square table.

    Args:
        counts: (row, column) to pairs; words that are not listed are an error.
        words: the categories, in their order (which quadratic weights need).
        weights: "none": only equal words agree; "quadratic": credit falls with the square of the distance.

    Returns:
        kappa with the large-sample interval of Fleiss, Cohen and Everitt (Psychol Bull 1969;72:323), cut to
        [-1, 1].

    Raises:
        ValueError: a word that is not listed, a negative count.
    """
    table = _table(counts, words)
    n = sum(map(sum, table))
    if n == 0:
        return Kappa(0, None, None, None, None, None, weights)
    k = len(words)
    share = [[cell / n for cell in row] for row in table]
    rows = [sum(row) for row in share]
    columns = [sum(share[i][j] for i in range(k)) for j in range(k)]
    credit = [[_credit(i, j, k, weights) for j in range(k)] for i in range(k)]
    observed = sum(credit[i][j] * share[i][j] for i in range(k) for j in range(k))
    expected = sum(credit[i][j] * rows[i] * columns[j] for i in range(k) for j in range(k))
    if math.isclose(expected, 1.0):
        return Kappa(n, observed, expected, None, None, None, weights)
    value = (observed - expected) / (1 - expected)
    error = _standard_error(share, rows, columns, credit, observed, expected, n)
    low, high = max(-1.0, value - Z_95 * error), min(1.0, value + Z_95 * error)
    return Kappa(n, observed, expected, value, low, high, weights)


def _table(counts: Mapping[tuple[str, str], int], words: Sequence[str]) -> list[list[int]]:
    place = {word: i for i, word in enumerate(words)}
    table = [[0] * len(words) for _ in words]
    for (row, column), count in counts.items():
        if row not in place or column not in place:
            raise ValueError(f"{(row, column)!r} is not among the words {tuple(words)!r}.")
        if count < 0:
            raise ValueError(f"counts must not be negative, got {count} for {(row, column)!r}.")
        table[place[row]][place[column]] += count
    return table


def _credit(i: int, j: int, k: int, weights: Weights) -> float:
    if weights == "none" or k < 2:
        return float(i == j)
    return 1.0 - ((i - j) / (k - 1)) ** 2


def _standard_error(
    share: list[list[float]],
    rows: list[float],
    columns: list[float],
    credit: list[list[float]],
    observed: float,
    expected: float,
    n: int,
) -> float:
    """Of kappa where it is not zero: equation 13 of Fleiss, Cohen and Everitt."""
    k = len(rows)
    of_row = [sum(columns[j] * credit[i][j] for j in range(k)) for i in range(k)]
    of_column = [sum(rows[i] * credit[i][j] for i in range(k)) for j in range(k)]
    total = sum(
        share[i][j] * (credit[i][j] * (1 - expected) - (of_row[i] + of_column[j]) * (1 - observed)) ** 2
        for i in range(k)
        for j in range(k)
    )
    centre = (observed * expected - 2 * expected + observed) ** 2
    return math.sqrt(max(0.0, total - centre) / n) / (1 - expected) ** 2
