"""Three words for every rule of the protocol: what is not recorded is never taken to be met."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """Whether a rule holds, as far as the record goes."""

    MET = "met"
    NOT_MET = "not met"
    NOT_RECORDED = "not recorded"


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """All of several rules: not met as soon as one is not, met only where every one is."""
    found = set(verdicts)
    if Verdict.NOT_MET in found:
        return Verdict.NOT_MET
    return Verdict.NOT_RECORDED if Verdict.NOT_RECORDED in found or not found else Verdict.MET


def from_bool(value: bool | None) -> Verdict:
    """True: met, False: not met, None: not recorded."""
    if value is None:
        return Verdict.NOT_RECORDED
    return Verdict.MET if value else Verdict.NOT_MET
