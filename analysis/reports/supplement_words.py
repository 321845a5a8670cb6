"""What further analyses store, in words and as cells: shared by their tables, figures and the report."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analysis.reports.tables import Cell
from studies.templatetags.stored_sentences import translated

Document = Mapping[str, Any]

WORDS = {
    "site": gettext_noop("site"),
    "scanner": gettext_noop("scanner"),
    "age": gettext_noop("age"),
    "size": gettext_noop("size"),
    "box source": gettext_noop("box source"),
    "interpolated frames": gettext_noop("interpolated frames"),
    "not recorded": gettext_noop("not recorded"),
    "none": gettext_noop("none"),
    "up to 10 %": gettext_noop("up to 10 %%"),
    "more than 10 %": gettext_noop("more than 10 %%"),
    "< 50 years": gettext_noop("< 50 years"),
    "≥ 50 years": gettext_noop("≥ 50 years"),
    "> 2 to 5 cm": gettext_noop("> 2 to 5 cm"),
    "model": gettext_noop("model"),
    "reader": gettext_noop("reader"),
    "adjudicated": gettext_noop("adjudicated"),
    "n_frames": gettext_noop("frames of the clip"),
    "n_used": gettext_noop("frames measured"),
    "fps": gettext_noop("frames a second"),
    "coverage": gettext_noop("share of frames with a box"),
    "interpolated": gettext_noop("share of boxes interpolated"),
    "applied": gettext_noop("applied as fitted"),
    "learned": gettext_noop("learned again"),
    "asco_cap": "ASCO/CAP 2018",
    "paper": gettext_noop("the paper’s rule"),
    "ellipse": gettext_noop("ellipse"),
    "segment": gettext_noop("segmented lesion"),
    "model's boxes instead of a person's": gettext_noop("model’s boxes instead of a person’s"),
    "model's boxes for everybody": gettext_noop("model’s boxes for everybody"),
    "reader 1": gettext_noop("reader 1"),
    "reader 2": gettext_noop("reader 2"),
    "zero": gettext_noop("HER2-zero"),
    "low": gettext_noop("HER2-low"),
    "positive": gettext_noop("HER2-positive"),
    "low or positive": gettext_noop("HER2-low or -positive"),
}


def said(word: str) -> str:
    """A stored word in the language of the page; names of sites and machines stay as they are."""
    return _(WORDS[word]).replace("%%", "%") if word in WORDS else word


def remarks(document: Document) -> list[str]:
    """Why there are no figures, and what to bear in mind, in the language of the page."""
    stored = [document.get("reason", ""), *document.get("cautions", [])]
    return [translated(sentence) for sentence in stored if sentence]


def area(evaluation: Document | None) -> Cell:
    """AUC with DeLong's interval."""
    if evaluation is None:
        return Cell(None)
    return Cell(evaluation["auc"], evaluation["auc_low"], evaluation["auc_high"], "", "DeLong", 3)


def proportion(evaluation: Document | None, name: str) -> Cell:
    """SEN or SPC with its counts."""
    if evaluation is None:
        return Cell(None)
    one = evaluation["metrics"][name]
    counts = f"{one['numerator']}/{one['denominator']}"
    return Cell(one["value"], one["low"], one["high"], counts, one["method"], 3)


def share(one: Mapping[str, Any] | None) -> Cell:
    """A stored share with its counts and Wilson's interval."""
    if one is None:
        return Cell(None)
    counts = f"{one['numerator']}/{one['denominator']}"
    return Cell(one["value"], one["low"], one["high"], counts, "Wilson", 3)
