"""Outcomes of a reading other than the study's own: by each label rule, and as one of three classes."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from analysis.pipeline.three_way import LOW, POSITIVE, ZERO
from studies.models import Label, Patient, Study
from studies.services.labels_of_record import label_of_record

Outcomes = tuple[bool | None, ...]
"""One reading's outcome under every rule, in the order of RULES."""

RULES = tuple(Study.LabelRule.values)
WORDS = {True: "POSITIVE", False: "NEGATIVE", None: "UNDEFINED"}
NULL_CATEGORIES = frozenset({"NULL", "ULTRALOW", "NULL_OR_ULTRALOW_UNKNOWN"})
UNCLASSED = -1


def class_of_reading(call: str, category: str) -> int:
    """0 zero, 1 low, 2 positive by the ASCO/CAP call and its descriptor; -1 where they do not say."""
    if call == Label.PaperLabel.POSITIVE:
        return POSITIVE
    if category == "LOW":
        return LOW
    return ZERO if category in NULL_CATEGORIES else UNCLASSED


def class_of_patient(patient: Patient) -> int:
    """The class of the reading of record; -1 where there is none."""
    label = label_of_record(patient)
    return UNCLASSED if label is None else class_of_reading(label.call, label.category)


def crosstab(outcomes: Iterable[Outcomes]) -> list[dict[str, Any]]:
    """How many patients have which outcome under both rules."""
    counts = Counter(tuple(WORDS[value] for value in one) for one in outcomes)
    return [{**dict(zip(RULES, words, strict=True)), "n": n} for words, n in sorted(counts.items())]
