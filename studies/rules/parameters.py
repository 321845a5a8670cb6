"""The clinical parameters of the record: unit and allowed range of each, in one place.

Models check by these, forms and exports show them. Units are UCUM codes (https://ucum.org), empty = none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Parameter:
    """Unit and closed range of a number; `decimals` places are stored, 0 = a whole number."""

    unit: str
    low: float
    high: float
    decimals: int = 0


AGE_RANGE = (18, 110)
SIZE_RANGE_CM = (0.1, 20.0)
PERCENT_RANGE = (0, 100)
COPIES_RANGE = (0.0, 100.0)

PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "age_years": Parameter("a", *AGE_RANGE),
        "size_cm": Parameter("cm", *SIZE_RANGE_CM, decimals=2),
        "er_percent": Parameter("%", *PERCENT_RANGE),
        "pr_percent": Parameter("%", *PERCENT_RANGE),
        "ki67_percent": Parameter("%", *PERCENT_RANGE),
        "clock_position": Parameter("h", 1, 12),
        "ihc_percent": Parameter("%", *PERCENT_RANGE, decimals=2),
        "faint_incomplete_percent": Parameter("%", *PERCENT_RANGE, decimals=2),
        "her2_copies": Parameter("{signals}/{cell}", *COPIES_RANGE, decimals=4),
        "cep17_copies": Parameter("{signals}/{cell}", *COPIES_RANGE, decimals=4),
        "cells": Parameter("{cells}", 0, 100_000),
        "fixation_hours": Parameter("h", 0, 10_000, decimals=2),
    }
)
