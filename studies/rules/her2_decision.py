"""From IHC score and ISH counts to a call, in the order of the guideline (CLINICAL C.2 to C.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from studies.rules.her2_ish import COPIES_HIGH, COPIES_LOW, MIN_CELLS, Measured, measured
from studies.rules.her2_types import Call, Ish
from studies.rules.sentences import Notice, Sentence, decimals, gettext_noop

_DISCORDANCE = Sentence(
    gettext_noop(
        "IHC and ISH contradict each other: review both, and comment; the algorithm does not resolve it."
    )
)
_ACTIONS = {
    Call.PENDING_ISH: gettext_noop("Do ISH on the same specimen, or a new test on a new specimen."),
    Call.NEEDS_IHC: gettext_noop("Do IHC on the same block as the ISH and enter its score."),
    Call.NEEDS_RECOUNT: gettext_noop(
        "A second observer who does not know the first result counts at least 20 cells again, "
        "in the areas of IHC 2+ staining."
    ),
    Call.NEEDS_ADJUDICATION: gettext_noop(
        "The two counts fall in different groups: adjudicate between them."
    ),
    Call.NEEDS_DUAL_PROBE: gettext_noop("Do a dual-probe ISH on the same specimen."),
}


@dataclass(frozen=True)
class Decision:
    """A call with the sentence that explains it; what the caller adds is the category and the record."""

    call: Call
    why: tuple[Sentence, ...]
    group: int | None = None
    comment: bool = False
    discordance: bool = False
    action: Sentence | None = None
    queries: tuple[Notice, ...] = ()

    @property
    def required_action(self) -> Sentence | None:
        if self.action is not None:
            return self.action
        if self.discordance:
            return _DISCORDANCE
        return Sentence(_ACTIONS[self.call]) if self.call in _ACTIONS else None


def decide(
    score: str | None, ish: Ish | None, recount: Ish | None, invasive: bool, controls_ok: bool
) -> Decision:
    """CLINICAL C.4, in its order."""
    if not invasive:
        why = Sentence(gettext_noop("HER2 is scored in the invasive component only; this specimen has none."))
        action = Sentence(gettext_noop("Repeat on a specimen with invasive carcinoma."))
        return Decision(Call.INDETERMINATE, (why,), action=action)
    if not controls_ok:
        why = Sentence(gettext_noop("The controls of the test were not valid."))
        return Decision(
            Call.INDETERMINATE, (why,), action=Sentence(gettext_noop("Repeat with valid controls."))
        )
    if ish is None:
        return _with_queries(_by_ihc_alone(score), _orphan_recount(recount))
    count = measured(ish)
    if ish.empty:
        return _with_queries(_by_ihc_alone(score), [*count.queries, *_orphan_recount(recount)])
    return _with_queries(_by_ish(score, count, recount), list(count.queries))


def _with_queries(decision: Decision, queries: list[Notice]) -> Decision:
    return replace(decision, queries=(*queries, *decision.queries))


def _orphan_recount(recount: Ish | None) -> list[Notice]:
    if recount is None:
        return []
    sentence = Sentence(gettext_noop("A recount was entered without a first ISH; it was left out."))
    return [Notice("recount_without_ish", sentence, ("recount",))]


def _by_ihc_alone(score: str | None) -> Decision:
    """No ISH: 3+ positive, 2+ waits for ISH, 1+ and 0 negative."""
    if score is None:
        why = Sentence(gettext_noop("Neither IHC nor ISH was entered."))
        action = Sentence(gettext_noop("Enter the IHC score, or the ISH count."))
        return Decision(Call.INDETERMINATE, (why,), action=action)
    why = Sentence(gettext_noop("No ISH was done: the IHC score decides."))
    call = {"3+": Call.POSITIVE, "2+": Call.PENDING_ISH}.get(score, Call.NEGATIVE)
    return Decision(call, (why,))


def _by_ish(score: str | None, count: Measured, recount: Ish | None) -> Decision:
    """CLINICAL C.4, steps 3 and 5: an ISH with at least one value."""
    if not count.enough_cells:
        why = Sentence(
            gettext_noop("Fewer than %(least)d cells were counted: the ISH is not valid."), least=MIN_CELLS
        )
        action = Sentence(gettext_noop("Count at least %(least)d cells, or repeat the ISH."), least=MIN_CELLS)
        return Decision(Call.INDETERMINATE, (why,), action=action)
    if score == "3+":
        return _strong_ihc(count)
    usable = count.copies is not None if count.probe == "single" else count.group is not None
    if not usable:
        why = Sentence(gettext_noop("The ISH values entered do not suffice for a group."))
        action = Sentence(gettext_noop("Enter the HER2 copies a cell, and CEP17 copies or the ratio."))
        return Decision(Call.INDETERMINATE, (why,), action=action)
    if count.probe == "single":
        return _single_probe(score, count, recount)
    return _dual_probe(score, count, recount)


def _count_sentence(count: Measured) -> tuple[Sentence, ...]:
    if count.probe == "single" and count.copies is not None:
        template = gettext_noop("Single-probe ISH: %(copies)s HER2 copies a cell.")
        return (Sentence(template, copies=decimals(count.copies)),)
    if count.group is not None and count.ratio is not None and count.copies is not None:
        template = gettext_noop(
            "Dual-probe ISH: ratio %(ratio)s and %(copies)s HER2 copies a cell make group %(group)d."
        )
        shown = {"ratio": decimals(count.ratio), "copies": decimals(count.copies)}
        return (Sentence(template, group=count.group, **shown),)
    return (Sentence(gettext_noop("The ISH values entered do not suffice for a group.")),)


def _strong_ihc(count: Measured) -> Decision:
    """IHC 3+ is positive whatever the ISH says; an ISH without amplification is a discordance to review."""
    low_single = count.probe == "single" and count.copies is not None and count.copies < COPIES_LOW
    discordant = count.group == 5 or low_single
    why = (*_count_sentence(count), Sentence(gettext_noop("IHC 3+ is positive whatever the ISH says.")))
    return Decision(Call.POSITIVE, why, group=count.group, comment=discordant, discordance=discordant)


def _single_probe(score: str | None, count: Measured, recount: Ish | None) -> Decision:
    """CLINICAL C.3 for IHC 0 to 2+ or none."""
    assert count.copies is not None
    why = _count_sentence(count)
    if count.copies >= COPIES_HIGH:
        discordant = score in ("0", "1+")
        why = (*why, Sentence(gettext_noop("Six copies a cell or more are amplification.")))
        return Decision(Call.POSITIVE, why, comment=discordant, discordance=discordant)
    if count.copies < COPIES_LOW:
        why = (*why, Sentence(gettext_noop("Fewer than four copies a cell are no amplification.")))
        return Decision(Call.NEGATIVE, why)
    why = (*why, Sentence(gettext_noop("Between four and six copies a cell, IHC decides.")))
    if score in ("0", "1+"):
        return Decision(Call.NEGATIVE, why)
    if recount is not None and recount.probe == "dual":
        return _resolved_by_dual_probe(score, why, recount)
    return Decision(Call.NEEDS_IHC if score is None else Call.NEEDS_DUAL_PROBE, why)


def _resolved_by_dual_probe(score: str | None, why: tuple[Sentence, ...], dual: Ish) -> Decision:
    """The dual-probe ISH asked for after a single probe of 4 to 6 copies, entered as the second count."""
    count = measured(dual, "recount")
    if count.group is None or not count.enough_cells:
        pending = Decision(Call.NEEDS_IHC if score is None else Call.NEEDS_DUAL_PROBE, why)
        return _with_queries(pending, [*count.queries, _unusable_recount()])
    decision = _dual_probe(score, count, None)
    return replace(decision, why=(*why, *decision.why), queries=(*count.queries, *decision.queries))


def _dual_probe(score: str | None, count: Measured, recount: Ish | None) -> Decision:
    """CLINICAL C.2 for IHC 0 to 2+ or none."""
    if score == "2+" and count.group in (2, 3, 4):
        return _recounted(count, recount, _count_sentence(count))
    return _with_queries(_first_count_decides(score, count), _unused_recount(count, recount))


def _first_count_decides(score: str | None, count: Measured) -> Decision:
    """Groups 1 and 5, and groups 2 to 4 with IHC 0, 1+ or none: no second count is asked for."""
    why, group = _count_sentence(count), count.group
    if group == 1:
        discordant = score in ("0", "1+")
        why = (*why, Sentence(gettext_noop("Group 1 is amplified.")))
        return Decision(Call.POSITIVE, why, group, comment=discordant, discordance=discordant)
    if group == 5:
        return Decision(Call.NEGATIVE, (*why, Sentence(gettext_noop("Group 5 is not amplified."))), group)
    if score is None:
        why = (*why, Sentence(gettext_noop("Groups 2 to 4 need IHC on the same block.")))
        return Decision(Call.NEEDS_IHC, why, group)
    why = (*why, Sentence(gettext_noop("Groups 2 to 4 with IHC 0 or 1+ are negative, with a comment.")))
    return Decision(Call.NEGATIVE, why, group, comment=True)


def _recounted(first: Measured, recount: Ish | None, why: tuple[Sentence, ...]) -> Decision:
    """Groups 2 to 4 with IHC 2+: the blinded second count decides, or another group goes to adjudication."""
    if recount is None:
        why = (*why, Sentence(gettext_noop("Groups 2 to 4 with IHC 2+ need a blinded second count.")))
        return Decision(Call.NEEDS_RECOUNT, why, first.group)
    second = measured(recount, "recount")
    if second.group is None or not second.enough_cells:
        why = (*why, Sentence(gettext_noop("The second count is not usable.")))
        queries = (*second.queries, _unusable_recount())
        return Decision(Call.NEEDS_RECOUNT, why, first.group, queries=queries)
    if second.group != first.group:
        template = gettext_noop("The second count falls in group %(second)d, the first in group %(first)d.")
        why = (*why, Sentence(template, first=first.group, second=second.group))
        return Decision(Call.NEEDS_ADJUDICATION, why, first.group, queries=second.queries)
    template = gettext_noop("The second count stays in group %(group)d.")
    why = (*why, Sentence(template, group=first.group))
    if first.group == 3:
        return Decision(Call.POSITIVE, why, first.group, queries=second.queries)
    return Decision(Call.NEGATIVE, why, first.group, comment=True, queries=second.queries)


def _unusable_recount() -> Notice:
    template = gettext_noop(
        "The second count must be a dual-probe count of at least %(least)d cells with its group."
    )
    return Notice("recount_unusable", Sentence(template, least=MIN_CELLS), ("recount",))


def _unused_recount(first: Measured, recount: Ish | None) -> list[Notice]:
    """A second count that was not asked for changes nothing; where it differs, a query says so."""
    second = None if recount is None else measured(recount, "recount").group
    if second is None or second == first.group:
        return []
    template = gettext_noop(
        "The second count falls in group %(second)d, the first in group %(first)d; the first decides here."
    )
    return [
        Notice("recount_differs", Sentence(template, first=first.group, second=second), ("ish", "recount"))
    ]
