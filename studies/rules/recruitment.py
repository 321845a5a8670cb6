"""The recruitment flow (Figure 3 of the paper), counted from one row a patient, so that it always sums.

The paper: 807 women with 835 lesions, 445 patients included, 357 for training (115 positive, 242 negative)
and 88 for the test (28 and 60).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from studies.errors import StudiesError
from studies.rules.eligibility import CODES, CRITERIA, Decision, Kind
from studies.rules.sentences import Sentence, gettext_noop

Side = Literal["training", "test"]
Label = Literal["POSITIVE", "NEGATIVE"]
SIDES = ("training", "test")
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
    return tuple(_box(listed, spec) for spec in _boxes())


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


_Spec = tuple[str, Sentence, str | None, Callable[[FlowRow], bool]]


def _box(rows: tuple[FlowRow, ...], spec: _Spec) -> FlowBox:
    key, title, parent, belongs = spec
    inside = [row for row in rows if belongs(row)]
    patients, lesions = tuple(row.patient for row in inside), sum(row.lesions for row in inside)
    return FlowBox(key, title, parent, patients, lesions)


def _first_reason(row: FlowRow) -> str | None:
    return next((code for code in CODES if code in row.reasons), None)


def _boxes() -> list[_Spec]:
    specs: list[_Spec] = [
        ("examined", Sentence(gettext_noop("Examined")), None, lambda row: True),
        ("excluded", Sentence(gettext_noop("Excluded")), "examined", _is(Decision.EXCLUDED)),
    ]
    for criterion in CRITERIA:
        missed = gettext_noop("Not met: %(text)s")
        shown = Sentence(missed if criterion.kind is Kind.INCLUSION else "%(text)s", text=criterion.text)
        specs.append((criterion.code, shown, "excluded", _excluded_for(criterion.code)))
    specs += [
        ("undecided", Sentence(gettext_noop("Not yet decided")), "examined", _is(Decision.UNDECIDED)),
        ("included", Sentence(gettext_noop("Included")), "examined", _is(Decision.INCLUDED)),
    ]
    for side, title in (
        ("training", gettext_noop("Training cohort")),
        ("test", gettext_noop("Test cohort")),
        (None, gettext_noop("Not yet assigned")),
    ):
        key = side or "unassigned"
        specs.append((key, Sentence(title), "included", _on(side)))
        specs += _label_boxes(key, side)
    return specs


def _label_boxes(key: str, side: str | None) -> list[_Spec]:
    titles = (
        ("POSITIVE", "positive", gettext_noop("HER2 positive")),
        ("NEGATIVE", "negative", gettext_noop("HER2 negative")),
        (None, "unlabelled", gettext_noop("No label yet")),
    )
    return [(f"{key}_{word}", Sentence(title), key, _on(side, label)) for label, word, title in titles]


def _is(decision: Decision) -> Callable[[FlowRow], bool]:
    return lambda row: row.decision is decision


def _excluded_for(code: str) -> Callable[[FlowRow], bool]:
    return lambda row: row.decision is Decision.EXCLUDED and _first_reason(row) == code


_ANY = "any"


def _on(side: str | None, label: str | None = _ANY) -> Callable[[FlowRow], bool]:
    def belongs(row: FlowRow) -> bool:
        placed = row.decision is Decision.INCLUDED and row.side == side
        return placed and (label == _ANY or row.label == label)

    return belongs
