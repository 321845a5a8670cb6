"""From the calls of several specimens to the label that trains, and the tables that compare labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from studies.rules.her2_types import Call

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
