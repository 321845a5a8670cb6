"""The recruitment flow (Figure 3 of the paper), counted from one row a patient, so that it always sums.

The paper: 807 women with 835 lesions, 445 patients included, 357 for training (115 positive, 242 negative)
and 88 for the test (28 and 60).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from studies.errors import StudiesError
from studies.rules.eligibility import CODES, CRITERIA, Decision, Kind
from studies.rules.sentences import Sentence, gettext_noop

Side = Literal["training", "test", "temporal"]
Label = Literal["POSITIVE", "NEGATIVE"]
SIDES = ("training", "test", "temporal")
LABELS = ("POSITIVE", "NEGATIVE")


class FlowError(StudiesError, ValueError):
    """A row that cannot be placed in the flow."""


@dataclass(frozen=True)
class FlowRow:
    """Where one patient stands.

    reasons: codes of the criteria that exclude, in the order of the protocol; needed for an excluded patient.
    side, label: None where not assigned or not known; they count for included patients only.
    """

    patient: str
    lesions: int
    decision: Decision
    reasons: tuple[str, ...] = ()
    side: Side | None = None
    label: Label | None = None


@dataclass(frozen=True)
class FlowBox:
    """One box: its patients, their lesions, and the box it is a part of; the parts of a box add up to it."""

    key: str
    title: Sentence
    parent: str | None
    patients: tuple[str, ...]
    lesions: int

    @property
    def count(self) -> int:
        """Number of patients."""
        return len(self.patients)


def recruitment_flow(rows: Iterable[FlowRow]) -> tuple[FlowBox, ...]:
    """Every box of the flow, parents before their parts; boxes without patients are there too, with count 0.

    A patient with several reasons counts once, at the first in the order of the protocol.

    Raises:
        FlowError: a patient twice, an excluded patient without a reason, an unknown reason, side or label,
            a number of lesions that is negative or no integer.
    """
    listed = tuple(rows)
    _check(listed)
    inside: dict[str, list[FlowRow]] = {key: [] for key, _title, _parent in _boxes()}
    for row in listed:
        for key in _boxes_of(row):
            inside[key].append(row)
    return tuple(_box(inside[key], key, title, parent) for key, title, parent in _boxes())


def full_title(box: FlowBox, boxes: Iterable[FlowBox]) -> Sentence:
    """The title of a box; one that tells labels says on which side, too."""
    parent = next((other for other in boxes if other.key == box.parent), None)
    if parent is None or parent.parent != "included":
        return box.title
    return Sentence(gettext_noop("%(side)s, %(label)s"), side=str(parent.title), label=str(box.title))


def all_reasons(rows: Iterable[FlowRow]) -> dict[str, int]:
    """How many patients each criterion excludes, several a patient; the sums of the flow do not use it."""
    listed = [row for row in rows if row.decision is Decision.EXCLUDED]
    return {code: sum(code in row.reasons for row in listed) for code in CODES}


def _check(rows: tuple[FlowRow, ...]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.patient in seen:
            raise FlowError(f"Patient {row.patient} occurs twice; give one row a patient.")
        seen.add(row.patient)
        if isinstance(row.lesions, bool) or not isinstance(row.lesions, int) or row.lesions < 0:
            raise FlowError(f"Patient {row.patient}: lesions must be a whole number, got {row.lesions!r}.")
        if not isinstance(row.decision, Decision):
            raise FlowError(f"Patient {row.patient}: {row.decision!r} is no decision.")
        if row.decision is Decision.EXCLUDED and not row.reasons:
            raise FlowError(f"Patient {row.patient} is excluded without a reason; name the criterion.")
        for reason in row.reasons:
            if reason not in CODES:
                raise FlowError(f"Patient {row.patient}: {reason!r} is no criterion of the protocol.")
        if row.side not in (None, *SIDES) or row.label not in (None, *LABELS):
            raise FlowError(f"Patient {row.patient}: unknown side {row.side!r} or label {row.label!r}.")


def _box(rows: list[FlowRow], key: str, title: Sentence, parent: str | None) -> FlowBox:
    return FlowBox(key, title, parent, tuple(row.patient for row in rows), sum(row.lesions for row in rows))


_LABEL_WORDS: dict[str | None, str] = {"POSITIVE": "positive", "NEGATIVE": "negative", None: "unlabelled"}


def _boxes_of(row: FlowRow) -> tuple[str, ...]:
    """The keys of the boxes that the row counts in, from the outermost to the innermost."""
    if row.decision is Decision.EXCLUDED:
        first = next(code for code in CODES if code in row.reasons)
        return "examined", "excluded", first
    if row.decision is Decision.UNDECIDED:
        return "examined", "undecided"
    side = row.side or "unassigned"
    return "examined", "included", side, f"{side}_{_LABEL_WORDS[row.label]}"


_Spec = tuple[str, Sentence, str | None]


@cache
def _boxes() -> tuple[_Spec, ...]:
    """Key, title and parent of every box, parents before their parts."""
    specs: list[_Spec] = [
        ("examined", Sentence(gettext_noop("Examined")), None),
        ("excluded", Sentence(gettext_noop("Excluded")), "examined"),
    ]
    for criterion in CRITERIA:
        missed = gettext_noop("Not met: %(text)s")
        shown = Sentence(missed if criterion.kind is Kind.INCLUSION else "%(text)s", text=criterion.text)
        specs.append((criterion.code, shown, "excluded"))
    specs += [
        ("undecided", Sentence(gettext_noop("Not yet decided")), "examined"),
        ("included", Sentence(gettext_noop("Included")), "examined"),
    ]
    for key, title in (
        ("training", gettext_noop("Training cohort")),
        ("test", gettext_noop("Test cohort")),
        ("temporal", gettext_noop("Temporal test cohort")),
        ("unassigned", gettext_noop("Not yet assigned")),
    ):
        specs.append((key, Sentence(title), "included"))
        specs += [(f"{key}_{word}", label, key) for word, label in _label_titles().items()]
    return tuple(specs)


def _label_titles() -> dict[str, Sentence]:
    return {
        "positive": Sentence(gettext_noop("HER2 positive")),
        "negative": Sentence(gettext_noop("HER2 negative")),
        "unlabelled": Sentence(gettext_noop("No label yet")),
    }
