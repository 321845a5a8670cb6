"""Items of a checklist, and what fills them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from analysis.reports.document.findings import Finding, State, together


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its number in the checklist, our own short words, and the topics that answer it."""

    number: str
    text: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """An item with its state and its evidence, in the language that was active."""

    number: str
    text: str
    state: State
    findings: tuple[Finding, ...]

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in (State.UNMET, State.PARTLY)


@dataclass(frozen=True, slots=True)
class Checklist:
    """A filled checklist."""

    code: str
    name: str
    source: str
    items: tuple[Filled, ...]

    @property
    def counts(self) -> dict[str, int]:
        """State to number of items, every state."""
        found = Counter(item.state for item in self.items)
        return {str(state): found[state] for state in State}


def fill(items: Sequence[Item], findings: Mapping[str, Finding]) -> tuple[Filled, ...]:
    """Answer every item by the findings of its topics.

    Raises:
        KeyError: a topic that nothing answers; no item may be left without evidence or its absence.
    """
    return tuple(
        Filled(item.number, _(item.text), together(found.state for found in answer), answer)
        for item in items
        if (answer := tuple(findings[topic] for topic in item.topics))
    )
