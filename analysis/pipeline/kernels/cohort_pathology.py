"""Pathology records that lead to a drawn HER2 status under the ASCO/CAP rules.

Only unambiguous records are drawn: IHC 3+, IHC 2+ with ISH of group 1 or 5, IHC 1+ and 0. Groups 2 to 4 would
need a recount that the file has no column for.
"""

from dataclasses import dataclass

import numpy as np

POSITIVE_IHC, POSITIVE_SHARES = ("3+", "2+"), (0.72, 0.28)
NEGATIVE_IHC, NEGATIVE_SHARES = ("0", "1+", "2+"), (0.36, 0.38, 0.26)
CORE_SHARE = 0.4
ISH_WITH_3PLUS_SHARE = 0.15
CELL_COUNTS = (20, 30, 40, 50, 60)


@dataclass(frozen=True, slots=True)
class PathologyRow:
    """One specimen: IHC score and, where ISH was done, probe, mean copies a cell, ratio, cells counted."""

    patient: str
    specimen: str
    ihc_score: str
    probe: str = ""
    her2_copies: str = ""
    cep17_copies: str = ""
    ratio: str = ""
    cells: str = ""


def draw_pathology(rng: np.random.Generator, patient: str, positive: bool) -> tuple[PathologyRow, ...]:
    """Draw the excision of a patient and, for some, the core biopsy before it, both of the same status."""
    excision = _row(rng, patient, "excision", positive)
    core = _row(rng, patient, "core", positive)
    return (core, excision) if rng.random() < CORE_SHARE else (excision,)


def _row(rng: np.random.Generator, patient: str, specimen: str, positive: bool) -> PathologyRow:
    scores, shares = (POSITIVE_IHC, POSITIVE_SHARES) if positive else (NEGATIVE_IHC, NEGATIVE_SHARES)
    score = str(rng.choice(scores, p=shares))
    ish = _ish(rng, positive)
    if score == "2+" or (score == "3+" and rng.random() < ISH_WITH_3PLUS_SHARE):
        return PathologyRow(patient, specimen, score, "dual", *ish)
    return PathologyRow(patient, specimen, score)


def _ish(rng: np.random.Generator, positive: bool) -> tuple[str, str, str, str]:
    """HER2 copies, CEP17 copies, ratio and cells of ISH group 1 (positive) or 5, clear of the limits."""
    cep17 = round(float(rng.uniform(1.6, 2.6)), 2)
    if positive:
        her2 = round(cep17 * float(rng.uniform(2.7, 6.5)), 2)
    else:
        her2 = round(min(cep17 * float(rng.uniform(0.85, 1.6)), 3.7), 2)
    return f"{her2:.2f}", f"{cep17:.2f}", f"{her2 / cep17:.2f}", str(rng.choice(CELL_COUNTS))
