"""What was found about one topic of a checklist: a state, the evidence in words, and the page that shows "
"it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from analysis.models import Statement
from analysis.reports.document.facts import StudyFacts


class State(StrEnum):
    """met: rows show it; stated: the team says so; partly, unmet; not_applicable with its reason."""

    MET = "met"
    STATED = "stated"
    PARTLY = "partly"
    UNMET = "unmet"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """State and evidence of one topic.

    page: URL name of a page of the study with an optional #place on it, "" for the report itself.
    """

    state: State
    text: str
    page: str = ""


Topic = Callable[[StudyFacts], Finding]


def met(text: str, page: str = "") -> Finding:
    """Rows show it."""
    return Finding(State.MET, text, page)


def partly(text: str, page: str = "") -> Finding:
    """Rows show some of it."""
    return Finding(State.PARTLY, text, page)


def unmet(text: str, page: str = "") -> Finding:
    """Nothing shows it."""
    return Finding(State.UNMET, text, page)


def not_applicable(text: str, page: str = "") -> Finding:
    """It does not apply, because…"""
    return Finding(State.NOT_APPLICABLE, text, page)


def graded(known: int, of: int, text: str, page: str = "") -> Finding:
    """Met where all are known, partly where some are, unmet where none is."""
    if of and known >= of:
        return met(text, page)
    return partly(text, page) if known else unmet(text, page)


def said(topic: str) -> Topic:
    """A topic on which only the team can say something."""

    def find(facts: StudyFacts) -> Finding:
        if topic in facts.statements:
            return Finding(State.STATED, _("Stated by the team: “%s”") % name_of(topic), place_of(topic))
        return unmet(_("Nothing is stated yet: “%s”") % name_of(topic), place_of(topic))

    return find


def place_of(topic: str) -> str:
    """Where a topic is stated: inside its part of the reports page, so that a browser opens that part."""
    return f"reports#at-{topic}"


def name_of(topic: str) -> str:
    """A topic of statements in words."""
    return str(dict(Statement.Topic.choices)[topic])


def with_statement(finding: Finding, topic: str, facts: StudyFacts) -> Finding:
    """Evidence that is whole only with the team's statement: met with it, partly met without."""
    if topic in facts.statements:
        return Finding(finding.state, f"{finding.text} " + _("Stated: “%s”.") % name_of(topic), finding.page)
    state = State.PARTLY if finding.state in (State.MET, State.PARTLY) else finding.state
    missing = _("Not stated: “%s”.") % name_of(topic)
    return Finding(state, f"{finding.text} {missing}", finding.page)


def together(states: Iterable[State]) -> State:
    """State of an item with several topics: the whole is met only where every part that applies is."""
    found = [state for state in states if state is not State.NOT_APPLICABLE]
    if not found:
        return State.NOT_APPLICABLE
    if all(state is State.UNMET for state in found):
        return State.UNMET
    if any(state in (State.UNMET, State.PARTLY) for state in found):
        return State.PARTLY
    return State.STATED if State.STATED in found else State.MET
