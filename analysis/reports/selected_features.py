"""The features that a version chose most often; stored tables of counts keep no order."""

from typing import Any

N_SELECTED = 10


def most_selected(summary: dict[str, Any], n: int = N_SELECTED) -> list[tuple[str, int]]:
    """Name and number of folds of the n features chosen in most folds; equal ones by name."""
    counts: dict[str, int] = summary.get("selected", {})
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n]
