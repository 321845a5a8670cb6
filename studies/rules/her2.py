"""HER2 status by the ASCO/CAP guideline of 2018 (affirmed in 2023), and the paper's own literal label.

`classify` derives, explains and asks; the pathologist decides. The rules, their sources and every decision
where the sources are silent stand in `docs/her2-rules.md`.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from studies.rules.her2_decision import Decision, decide
from studies.rules.her2_ihc import (
    Staining,
    checked_score,
    derived_score,
    score_queries,
    staining,
    zero_staining,
)
from studies.rules.her2_ish import (
    COPIES_HIGH,
    RATIO_CUT,
    looks_like_totals,
    ratio_of,
)
from studies.rules.her2_types import Call, Category, Her2InputError, Her2Result, Ish, PaperLabel
from studies.rules.sentences import Notice, Sentence, gettext_noop

__all__ = [
    "Call",
    "Category",
    "Her2InputError",
    "Her2Result",
    "Ish",
    "PaperLabel",
    "amplified",
    "classify",
    "paper_label",
]

GUIDELINE = "ASCO/CAP 2018 (affirmed 2023)"
ENGINE_VERSION = "1.0.0"
"""Raise it with every change that can alter a result; it is stored with every derived value."""


def classify(
    *,
    ihc_score: str | None = None,
    ish: Ish | None = None,
    recount: Ish | None = None,
    invasive: bool = True,
    controls_ok: bool = True,
    ihc_percent: float | None = None,
    ihc_intensity: str | None = None,
    ihc_completeness: str | None = None,
    faint_incomplete_percent: float | None = None,
) -> Her2Result:
    """Derive the HER2 status of one specimen.

    Args:
        ihc_score: "0", "1+", "2+", "3+", or None where IHC was not done.
        ish: the first count, or None.
        recount: the count of a second, blinded observer; after a single-probe ISH of 4 to 6 copies, the
            dual-probe ISH that resolves it.
        invasive: whether the specimen holds invasive carcinoma.
        controls_ok: whether the controls of the tests were valid.
        ihc_percent: tumour cells with the staining described by the next two, 0 to 100.
        ihc_intensity: none, faint, weak, moderate or intense.
        ihc_completeness: none, incomplete or complete.
        faint_incomplete_percent: tumour cells with faint, incomplete staining, 0 to 100 (tells null from
            ultralow).

    Returns:
        The call with its category, group, path, required action, queries and provenance.

    Raises:
        Her2InputError: a value that no specimen can have; contradictions are queries, never errors.
    """
    _check_types(ish, recount, invasive, controls_ok)
    entered = checked_score(ihc_score)
    recorded = staining(ihc_percent, ihc_intensity, ihc_completeness, faint_incomplete_percent)
    return _derived(entered, recorded, ish, recount, invasive, controls_ok)


@lru_cache(maxsize=4096)
def _derived(
    entered: str | None,
    recorded: Staining,
    ish: Ish | None,
    recount: Ish | None,
    invasive: bool,
    controls_ok: bool,
) -> Her2Result:
    """The result for checked inputs; a table of a hospital repeats few of them thousands of times."""
    score = entered if entered is not None else derived_score(recorded)
    decision = decide(score, ish, recount, invasive, controls_ok)
    category, more = _category(decision.call, score, recorded)
    result_queries = (*score_queries(entered, recorded), *decision.queries, *more)
    return Her2Result(
        call=decision.call,
        category=category,
        ish_group=decision.group,
        path=_path(entered, score, decision, category),
        required_action=decision.required_action,
        comment_required=decision.comment,
        discordance=decision.discordance,
        queries=result_queries,
        guideline=GUIDELINE,
        engine_version=ENGINE_VERSION,
        inputs_hash=_inputs_hash(entered, recorded, ish, recount, invasive, controls_ok),
    )


def _check_types(ish: Any, recount: Any, invasive: Any, controls_ok: Any) -> None:
    for field, value in (("ish", ish), ("recount", recount)):
        if value is not None and not isinstance(value, Ish):
            raise Her2InputError(f"{field} must be an Ish or None, got {value!r}.", field=field)
    for field, value in (("invasive", invasive), ("controls_ok", controls_ok)):
        if not isinstance(value, bool):
            raise Her2InputError(f"{field} must be True or False, got {value!r}.", field=field)


def _category(call: Call, score: str | None, recorded: Staining) -> tuple[Category | None, list[Notice]]:
    """CLINICAL C.4, step 6: only a NEGATIVE result with an IHC score has one."""
    if call is not Call.NEGATIVE or score is None:
        return None, []
    if score != "0":
        return Category.LOW, []
    found, queries = zero_staining(recorded)
    categories = {"absent": Category.NULL, "faint": Category.ULTRALOW}
    return categories.get(found or "", Category.NULL_OR_ULTRALOW_UNKNOWN), queries


def _path(
    entered: str | None, score: str | None, decision: Decision, category: Category | None
) -> tuple[Sentence, ...]:
    """The steps in the order in which they were taken."""
    if score is None:
        start = Sentence(gettext_noop("No IHC score was entered."))
    elif entered is None:
        start = Sentence(gettext_noop("IHC %(score)s, derived from the staining recorded."), score=score)
    else:
        start = Sentence(gettext_noop("IHC %(score)s, as entered."), score=score)
    end = [Sentence(gettext_noop("Call: %(call)s."), call=str(decision.call))]
    if category is not None:
        template = gettext_noop("Secondary descriptor of the negative result: %(category)s.")
        end.append(Sentence(template, category=str(category)))
    return (start, *decision.why, *end)


def _inputs_hash(
    entered: str | None,
    recorded: Staining,
    ish: Ish | None,
    recount: Ish | None,
    invasive: bool,
    controls_ok: bool,
) -> str:
    """SHA-256 of all inputs, in one canonical JSON (keys sorted, numbers as doubles)."""
    inputs = {
        "ihc_score": entered,
        **vars(recorded),
        "ish": None if ish is None else vars(ish),
        "recount": None if recount is None else vars(recount),
        "invasive": invasive,
        "controls_ok": controls_ok,
    }
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def amplified(ish: Ish | None) -> bool | None:
    """Amplification as the paper's rule needs it (CLINICAL C.5): ratio >= 2 (dual), copies >= 6 (single).

    None where it is not known: no ISH, the number is missing, or copies that look like totals over all cells.
    """
    if ish is None:
        return None
    if ish.probe == "dual":
        ratio = ratio_of(ish)
        return None if ratio is None else ratio >= RATIO_CUT
    if ish.her2_copies is None or looks_like_totals(ish):
        return None
    return ish.her2_copies >= COPIES_HIGH


def paper_label(*, ihc_score: str | None, amplified: bool | None) -> PaperLabel:
    """The label by the literal words of the paper, section 2.2.

    Negative: IHC 0, IHC 1+, or IHC 2+ without amplification. Positive: IHC 2+ or 3+ with amplification.
    Everything else, IHC 3+ without a known amplification above all, is not covered by those words: UNDEFINED.

    Args:
        ihc_score: "0", "1+", "2+", "3+", or None.
        amplified: True, False, or None where it is not known.

    Raises:
        Her2InputError: another score, or an amplification that is neither True, False nor None.
    """
    score = checked_score(ihc_score)
    if amplified is not None and not isinstance(amplified, bool):
        raise Her2InputError(f"amplified must be True, False or None, got {amplified!r}.", field="amplified")
    if score in ("0", "1+") or (score == "2+" and amplified is False):
        return PaperLabel.NEGATIVE
    if score in ("2+", "3+") and amplified is True:
        return PaperLabel.POSITIVE
    return PaperLabel.UNDEFINED
