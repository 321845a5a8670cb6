"""What goes into the HER2 rules and what comes out: words, measurements, results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from numbers import Integral, Real
from typing import Any, Literal

from studies.errors import StudiesError
from studies.rules.sentences import Notice, Sentence

IHC_SCORES = ("0", "1+", "2+", "3+")
PROBES = ("dual", "single")
Probe = Literal["dual", "single"]


class Her2InputError(StudiesError, ValueError):
    """A value that no specimen can have (negative, not a number, an unknown word); `field` names it."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Call(StrEnum):
    """The engine's call. Only POSITIVE and NEGATIVE are results; others say what to do."""

    POSITIVE = "POSITIVE"
    NEGATIVE = "NEGATIVE"
    PENDING_ISH = "PENDING_ISH"
    NEEDS_IHC = "NEEDS_IHC"
    NEEDS_RECOUNT = "NEEDS_RECOUNT"
    NEEDS_ADJUDICATION = "NEEDS_ADJUDICATION"
    NEEDS_DUAL_PROBE = "NEEDS_DUAL_PROBE"
    INDETERMINATE = "INDETERMINATE"


class Category(StrEnum):
    """Secondary descriptor of a NEGATIVE result: it speaks of treatment and is no ASCO/CAP category."""

    LOW = "LOW"
    ULTRALOW = "ULTRALOW"
    NULL = "NULL"
    NULL_OR_ULTRALOW_UNKNOWN = "NULL_OR_ULTRALOW_UNKNOWN"


class PaperLabel(StrEnum):
    """The label by the literal words of Quan et al. 2023."""

    POSITIVE = "POSITIVE"
    NEGATIVE = "NEGATIVE"
    UNDEFINED = "UNDEFINED"


def number(value: Any, field: str, *, above: float | None = None, at_most: float | None = None) -> float:
    """*value* as a finite float that is not negative.

    Raises:
        Her2InputError: a string, a boolean, NaN, infinite, negative, not greater than *above*, or over
            *at_most*.
    """
    good_type = isinstance(value, (Real, Decimal)) and not isinstance(value, bool)
    result = float(value) + 0.0 if good_type else math.nan  # + 0.0: there is one zero
    if not math.isfinite(result) or result < 0:
        raise Her2InputError(f"{field} must be a number of at least 0, got {value!r}.", field=field)
    if above is not None and result <= above:
        raise Her2InputError(f"{field} must be greater than {above:g}, got {value!r}.", field=field)
    if at_most is not None and result > at_most:
        raise Her2InputError(f"{field} must be at most {at_most:g}, got {value!r}.", field=field)
    return result


def whole(value: Any, field: str) -> int:
    """*value* as an integer that is not negative.

    Raises:
        Her2InputError: a string, a boolean, a fraction, or negative.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 0:
        raise Her2InputError(f"{field} must be a whole number of at least 0, got {value!r}.", field=field)
    return int(value)


@dataclass(frozen=True)
class Ish:
    """One in situ hybridisation: probe, cells counted, mean signals a cell, ratio as reported. None = not
    recorded.

    Raises:
        Her2InputError: an unknown probe, or a value that no count can give (negative, NaN, infinite, CEP17
            of 0).
    """

    probe: Probe
    cells: int | None = None
    her2_copies: float | None = None
    cep17_copies: float | None = None
    ratio: float | None = None

    def __post_init__(self) -> None:
        if self.probe not in PROBES:
            raise Her2InputError(f"probe must be 'dual' or 'single', got {self.probe!r}.", field="probe")
        if self.cells is not None:
            object.__setattr__(self, "cells", whole(self.cells, "cells"))
        for name, above in (("her2_copies", None), ("cep17_copies", 0.0), ("ratio", None)):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, number(value, name, above=above))

    @property
    def empty(self) -> bool:
        """True where nothing at all was recorded but the probe."""
        return (self.cells, self.her2_copies, self.cep17_copies, self.ratio) == (None, None, None, None)


@dataclass(frozen=True)
class Her2Result:
    """The derived status of one specimen, with the way that led to it.

    `path` holds the steps in order, in sentences; `required_action` says what must be done next (None:
    nothing); `queries` are contradictions in what was entered; `inputs_hash` is the SHA-256 of all inputs
    in canonical form.
    """

    call: Call
    category: Category | None
    ish_group: int | None
    path: tuple[Sentence, ...]
    required_action: Sentence | None
    comment_required: bool
    discordance: bool
    queries: tuple[Notice, ...]
    guideline: str
    engine_version: str
    inputs_hash: str
