"""HER2 immunohistochemistry: which score a staining has by the definitions of 2018 (CLINICAL C.1).

Of the invasive component only. A score that was entered is never replaced: where the staining recorded
beside it does not fit, a query is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from studies.rules.her2_types import IHC_SCORES, Her2InputError, number
from studies.rules.sentences import Notice, Sentence, decimals, gettext_noop

EXTENT_PERCENT = 10.0
"""The definitions turn at "more than 10 %" of the tumour cells."""

INTENSITIES = ("none", "faint", "weak", "moderate", "intense")
COMPLETENESSES = ("none", "incomplete", "complete")
_INTENSITY_WORDS = {
    "absent": "none",
    "negative": "none",
    "barely perceptible": "faint",
    "faint/barely perceptible": "faint",
    "strong": "intense",
}
_COMPLETENESS_WORDS = {
    "absent": "none",
    "partial": "incomplete",
    "basolateral": "incomplete",
    "lateral": "incomplete",
    "circumferential": "complete",
}


@dataclass(frozen=True)
class Staining:
    """The membrane staining as recorded; None = not recorded.

    percent: tumour cells with the staining that `intensity` and `completeness` describe, 0 to 100.
    faint_percent: tumour cells with faint, incomplete staining, 0 to 100.
    """

    percent: float | None
    intensity: str | None
    completeness: str | None
    faint_percent: float | None


def staining(percent: Any, intensity: Any, completeness: Any, faint_percent: Any) -> Staining:
    """Check and normalise the recorded staining.

    Raises:
        Her2InputError: percentages outside [0, 100], words that are neither in INTENSITIES or
            COMPLETENESSES nor one of their synonyms (upper or lower case).
    """
    return Staining(
        None if percent is None else number(percent, "ihc_percent", at_most=100.0),
        _word(intensity, "ihc_intensity", INTENSITIES, _INTENSITY_WORDS),
        _word(completeness, "ihc_completeness", COMPLETENESSES, _COMPLETENESS_WORDS),
        None if faint_percent is None else number(faint_percent, "faint_incomplete_percent", at_most=100.0),
    )


def checked_score(score: Any) -> str | None:
    """The IHC score, one of "0", "1+", "2+", "3+", or None.

    Raises:
        Her2InputError: anything else.
    """
    if score is None or (isinstance(score, str) and score in IHC_SCORES):
        return score
    raise Her2InputError(f"ihc_score must be one of 0, 1+, 2+, 3+ (text), got {score!r}.", field="ihc_score")


def _word(value: Any, field: str, words: tuple[str, ...], synonyms: dict[str, str]) -> str | None:
    if value is None:
        return None
    text = " ".join(value.lower().split()) if isinstance(value, str) else None
    found = synonyms.get(text, text) if text is not None else None
    if found not in words:
        raise Her2InputError(f"{field} must be one of {', '.join(words)}, got {value!r}.", field=field)
    return found


def _score_of(extent: str, intensity: str, completeness: str) -> str | None:
    """The score of one fully described staining; None where no definition fits.

    extent: "none" (0 %), "low" (up to 10 %), "high" (more than 10 %).
    """
    if "none" in (extent, intensity, completeness):
        return "0" if (extent, intensity, completeness) == ("none", "none", "none") else None
    if completeness == "complete":
        rows = {
            ("intense", "high"): "3+",
            ("intense", "low"): "2+",
            ("moderate", "high"): "2+",
            ("weak", "high"): "2+",
        }
        return rows.get((intensity, extent))
    if intensity in ("moderate", "intense"):
        return "2+"
    return "1+" if extent == "high" else "0"


@lru_cache(maxsize=4096)
def possible_scores(recorded: Staining) -> frozenset[str]:
    """Every score that what was recorded leaves open; empty where no definition fits."""
    if recorded.percent is None:
        extents: tuple[str, ...] = ("none", "low", "high")
    else:
        extents = (
            "none" if recorded.percent == 0 else "high" if recorded.percent > EXTENT_PERCENT else "low",
        )
    intensities = INTENSITIES if recorded.intensity is None else (recorded.intensity,)
    completenesses = COMPLETENESSES if recorded.completeness is None else (recorded.completeness,)
    scores = {_score_of(*described) for described in product(extents, intensities, completenesses)}
    if recorded.faint_percent is not None:
        scores.discard("0" if recorded.faint_percent > EXTENT_PERCENT else "1+")
    return frozenset(score for score in scores if score is not None)


def derived_score(recorded: Staining) -> str | None:
    """The one score that the recorded staining leaves open, or None."""
    scores = possible_scores(recorded)
    return next(iter(scores)) if len(scores) == 1 else None


def score_queries(score: str | None, recorded: Staining) -> list[Notice]:
    """Queries where entered score and recorded staining contradict each other, or the score is missing."""
    scores = possible_scores(recorded)
    fields = ("ihc_score", "ihc_percent", "ihc_intensity", "ihc_completeness", "faint_incomplete_percent")
    if not scores:
        sentence = Sentence(gettext_noop("The staining recorded fits none of the definitions of the scores."))
        return [Notice("staining_fits_no_score", sentence, fields)]
    if score is None and len(scores) == 1:
        template = gettext_noop("No IHC score was entered; the staining recorded makes it %(score)s.")
        return [Notice("ihc_score_derived", Sentence(template, score=next(iter(scores))), fields)]
    if score is not None and score not in scores:
        template = gettext_noop("IHC %(score)s was entered; the staining recorded fits %(fits)s.")
        fits = " / ".join(sorted(scores))
        return [Notice("ihc_score_contradicts_staining", Sentence(template, score=score, fits=fits), fields)]
    return []


def zero_staining(recorded: Staining) -> tuple[str | None, list[Notice]]:
    """For score 0: "absent", "faint" (more than 0, at most 10 %) or None (not known), and queries.

    The staining recorded as percent, intensity and completeness and the faint percentage must agree.
    """
    signs = {_faint_sign(recorded), *_staining_signs(recorded)} - {None}
    if len(signs) == 1 and signs <= {"absent", "faint"}:
        return signs.pop(), []
    if len(signs) > 1:
        shown = "-" if recorded.faint_percent is None else decimals(recorded.faint_percent)
        template = gettext_noop(
            "With score 0, the staining recorded and the faint incomplete share (%(faint)s %%) do not agree."
        )
        return None, [
            Notice(
                "zero_staining_contradicts",
                Sentence(template, faint=shown),
                ("ihc_percent", "ihc_intensity", "ihc_completeness", "faint_incomplete_percent"),
            )
        ]
    return None, []


def _faint_sign(recorded: Staining) -> str | None:
    share = recorded.faint_percent
    if share is None or share > EXTENT_PERCENT:
        return None
    return "absent" if share == 0 else "faint"


def _staining_signs(recorded: Staining) -> set[str | None]:
    signs: set[str | None] = set()
    if recorded.percent is not None and recorded.percent <= EXTENT_PERCENT:
        signs.add("absent" if recorded.percent == 0 else "faint")
    if "none" in (recorded.intensity, recorded.completeness):
        signs.add("absent")
    if recorded.intensity in ("moderate", "intense") or recorded.completeness == "complete":
        signs.add("stronger")
    return signs
