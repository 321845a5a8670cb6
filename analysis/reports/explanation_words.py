"""What a term of a prediction says, in a sentence: this texture of this lesion changes at this rhythm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analysis.pipeline.kernels.rhythm import divided
from analysis.pipeline.names import DESCRIPTOR_INFO, STATIC_INFO
from analysis.reports.feature_words import descriptor_label, static_label

HIGH, LOW = 2 / 3, 1 / 3
"""Percentiles from which a value is called high or low; between them it is called ordinary."""

SAYINGS: dict[str, tuple[str, str, str]] = {
    "level": (
        gettext_noop("“%(texture)s” of this lesion lies high"),
        gettext_noop("“%(texture)s” of this lesion lies low"),
        gettext_noop("“%(texture)s” of this lesion lies where it lies in most"),
    ),
    "amount": (
        gettext_noop("“%(texture)s” of this lesion changes much from frame to frame"),
        gettext_noop("“%(texture)s” of this lesion hardly changes from frame to frame"),
        gettext_noop("“%(texture)s” of this lesion changes as much as in most"),
    ),
    "pace": (
        gettext_noop("“%(texture)s” of this lesion changes at a fast rhythm"),
        gettext_noop("“%(texture)s” of this lesion changes at a slow rhythm"),
        gettext_noop("“%(texture)s” of this lesion changes at the usual rhythm"),
    ),
    "irregularity": (
        gettext_noop("“%(texture)s” of this lesion changes at many rhythms at once"),
        gettext_noop("“%(texture)s” of this lesion changes at one steady rhythm"),
        gettext_noop("“%(texture)s” of this lesion changes as regularly as in most"),
    ),
    "peaks": (
        gettext_noop("“%(texture)s” of this lesion changes in bursts"),
        gettext_noop("“%(texture)s” of this lesion changes evenly, without bursts"),
        gettext_noop("“%(texture)s” of this lesion changes as evenly as in most"),
    ),
}
"""Aspect of the rhythm to what is said of a high, a low and an ordinary value."""

ASPECT_NAMES = {
    "level": gettext_noop("level of the curve"),
    "amount": gettext_noop("how much it changes"),
    "pace": gettext_noop("how fast it changes"),
    "irregularity": gettext_noop("how irregularly it changes"),
    "peaks": gettext_noop("how peaked its changes are"),
}
CLINICAL_NAMES = {
    "age": gettext_noop("age (years)"),
    "size_cm": gettext_noop("US size (cm)"),
    "menopause": gettext_noop("menopausal status"),
    "cT": "cT",
    "cN": "cN",
    "cTNM": "cTNM",
}
MENOPAUSE = {0: gettext_noop("premenopausal"), 1: gettext_noop("postmenopausal")}
STAGES = {1: "I", 2: "II", 3: "III", 4: "IV"}


@dataclass(frozen=True, slots=True)
class TermWords:
    """A term for the page. sentence: what it says; figure: value, unit, place among training patients."""

    name: str
    label: str
    detail: str
    sentence: str
    figure: str
    log_odds: float
    up: bool
    width: int


def terms_in_words(terms: Sequence[Mapping[str, Any]]) -> list[TermWords]:
    """The terms of a prediction in words, each with the width of its bar in percent of the largest."""
    largest = max((abs(float(term["log_odds"])) for term in terms), default=0.0) or 1.0
    return [_term(term, largest) for term in terms]


def aspect_name(aspect: str) -> str:
    """An aspect of the rhythm for people."""
    return _(ASPECT_NAMES[aspect]) if aspect in ASPECT_NAMES else ""


def column_label(name: str) -> str:
    """A column for people: texture and descriptor, or the clinical variable."""
    texture, rhythm, _aspect = divided(name)
    if rhythm:
        return _("%(texture)s: its %(rhythm)s") % {
            "texture": static_label(texture),
            "rhythm": descriptor_label(rhythm),
        }
    return _(CLINICAL_NAMES[name]) if name in CLINICAL_NAMES else name


def values_apart(name: str, first: float | None, second: float | None) -> tuple[str, str]:
    """Two raw values of one column, with as many digits as tell them apart, at most nine."""
    for digits in range(4, 10):
        texts = value_text(name, first, digits), value_text(name, second, digits)
        if first == second or texts[0] != texts[1]:
            break
    return texts


def value_text(name: str, value: float | None, digits: int = 4) -> str:
    """A raw value as people write it: stages and menopause in words, a feature with its unit."""
    if value is None:
        return _("missing, the training median was taken")
    texture, rhythm, _aspect = divided(name)
    if rhythm and texture in STATIC_INFO and rhythm in DESCRIPTOR_INFO:
        unit = _unit(STATIC_INFO[texture].unit, DESCRIPTOR_INFO[rhythm].unit)
        return f"{value:.{digits}g} {unit}".strip()
    if name == "menopause":
        return _(MENOPAUSE.get(round(value), str(value)))
    if name == "cTNM":
        return STAGES.get(round(value), str(value))
    return f"{value:g}"


def _unit(texture: str, rhythm: str) -> str:
    """The unit of a descriptor of a curve; "x" stands for the unit of the curve, "1" for none."""
    if "x" not in rhythm or texture == "1":
        return rhythm.replace("x²", "").replace("x", "").replace("1", "")
    squared = rhythm.endswith("²")
    plain = texture.isalpha()
    return rhythm.replace("x", texture if plain or not squared else f"({texture})")


def _term(term: Mapping[str, Any], largest: float) -> TermWords:
    name, share = str(term["name"]), float(term["log_odds"])
    texture, rhythm, aspect = divided(name)
    percentile = term.get("percentile")
    label = static_label(texture) if rhythm else column_label(name)
    sentence = ""
    if aspect and percentile is not None:
        high, low, ordinary = SAYINGS[aspect]
        said = high if percentile >= HIGH else low if percentile <= LOW else ordinary
        sentence = _(said) % {"texture": label}
    figure = ""
    if percentile is not None:
        figure = _("%(value)s; larger than in %(percent)d %% of training patients") % {
            "value": value_text(name, term.get("raw")),
            "percent": round(100 * float(percentile)),
        }
    return TermWords(
        name=name,
        label=label,
        detail=descriptor_label(rhythm) if rhythm else "",
        sentence=sentence,
        figure=figure,
        log_odds=share,
        up=share > 0,
        width=max(1, round(100 * abs(share) / largest)),
    )
