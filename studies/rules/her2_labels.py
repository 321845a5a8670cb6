"""From the calls of several specimens to the label that trains, and the tables that compare labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from studies.rules.her2_types import Call, Category
from studies.rules.sentences import gettext_noop

TRAINABLE = (Call.POSITIVE, Call.NEGATIVE)


def training_label(*, excision: Iterable[str], core: Iterable[str]) -> Call | None:
    """The call that trains: the excision's, else the core's (CLINICAL C.5; the paper uses post-operative
    pathology).

    None where it is not POSITIVE or NEGATIVE, or where specimens of the same kind disagree. An excision
    whose call is still open is not passed over for the core: the open work comes first.

    Args:
        excision, core: the calls of the patient's specimens of each kind, in any order.
    """
    calls = set(excision) or set(core)
    if len(calls) != 1:
        return None
    call = Call(calls.pop())
    return call if call in TRAINABLE else None


@dataclass(frozen=True)
class CrossTab:
    """Counts of pairs of labels: `counts[row, column]`, over all `rows` and `columns` that occur."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]

    @property
    def total(self) -> int:
        """Number of pairs."""
        return sum(self.counts.values())

    @property
    def same(self) -> int:
        """Pairs in which both labels are the same word."""
        return sum(count for (row, column), count in self.counts.items() if row == column)


def cross_tab(pairs: Iterable[tuple[str, str]], order: Sequence[str] = tuple(Call)) -> CrossTab:
    """Cross-tabulate pairs of labels: core against excision, or the paper's label against the call.

    Args:
        pairs: (row, column) words.
        order: words that come first, in this order; others follow in alphabetical order.
    """
    counts = Counter((str(row), str(column)) for row, column in pairs)
    rank = {str(word): i for i, word in enumerate(order)}

    def sorted_words(words: set[str]) -> tuple[str, ...]:
        return tuple(sorted(words, key=lambda word: (rank.get(word, len(rank)), word)))

    return CrossTab(
        rows=sorted_words({row for row, _ in counts}),
        columns=sorted_words({column for _, column in counts}),
        counts=MappingProxyType(dict(counts)),
    )


@dataclass(frozen=True)
class PaperCase:
    """One of the cases in which the paper's words and the guideline may part (CLINICAL C.5)."""

    code: str
    text: str
    paper: str
    guideline: str


PAPER_CASES: tuple[PaperCase, ...] = (
    PaperCase("T1", gettext_noop("IHC 3+, no ISH"), "UNDEFINED", "POSITIVE"),
    PaperCase("T2", gettext_noop("IHC 3+, ISH group 5"), "UNDEFINED", "POSITIVE"),
    PaperCase("T3", gettext_noop("IHC 2+, no ISH"), "UNDEFINED", "PENDING_ISH"),
    PaperCase("T4", gettext_noop("IHC 2+, ISH group 1"), "POSITIVE", "POSITIVE"),
    PaperCase("T5", gettext_noop("IHC 2+, ISH group 2, also on recount"), "POSITIVE", "NEGATIVE"),
    PaperCase("T6", gettext_noop("IHC 2+, ISH group 3, also on recount"), "NEGATIVE", "POSITIVE"),
    PaperCase("T7", gettext_noop("IHC 2+, ISH group 4, also on recount"), "NEGATIVE", "NEGATIVE"),
    PaperCase("T8", gettext_noop("IHC 0 or 1+, ISH group 1"), "NEGATIVE", "POSITIVE"),
    PaperCase("T9", gettext_noop("IHC 1+"), "NEGATIVE", "NEGATIVE"),
    PaperCase("T10", gettext_noop("IHC 0 with faint staining (ultralow)"), "NEGATIVE", "NEGATIVE"),
)


def paper_case(
    *, ihc_score: str, has_ish: bool, ish_group: int | None, call: str, category: str
) -> str | None:
    """The code of the case that a reading is, or None where the two rules cannot part (CLINICAL C.5).

    Args:
        call: tells a recount that confirms its group (POSITIVE, NEGATIVE) from one that is still open.
    """
    settled = call in TRAINABLE
    by_group = {1: "T4", 2: "T5", 3: "T6", 4: "T7"}
    if ihc_score == "3+":
        return "T1" if not has_ish else "T2" if ish_group == 5 else None
    if ihc_score == "2+":
        return "T3" if not has_ish else by_group.get(ish_group or 0) if settled else None
    if ihc_score in ("0", "1+") and ish_group == 1:
        return "T8"
    if ihc_score == "1+" and settled:
        return "T9"
    return "T10" if ihc_score == "0" and category == Category.ULTRALOW else None
