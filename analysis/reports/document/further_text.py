"""Further analyses in the report: what was done, and tables of those whose results have a known form."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from analysis.pipeline.names import DYNAMIC_SEPARATOR
from analysis.reports.document.evidence_further import further_words
from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.results_text import Grid, signed
from analysis.reports.feature_words import descriptor_label, static_label
from analysis.reports.model_tables import cohort_label

MOST_TERMS = 12


def further_states(facts: StudyFacts) -> list[tuple[str, str]]:
    """Name of every further analysis and when and on which side it was done; empty where it was not."""
    return [(words, _done(facts.further.get(kind))) for kind, words in further_words().items()]


def further_grids(facts: StudyFacts) -> list[Grid]:
    """Tables of the analyses that are stored."""
    builders = {"subgroups": _subgroups, "confounders": _confounders, "explanation": _explanation}
    found = [build(facts.further[kind]) for kind, build in builders.items() if kind in facts.further]
    return [grid for grid in found if grid.rows]


def _done(stored: Mapping[str, Any] | None) -> str:
    if stored is None:
        return ""
    look = _(", look %d") % stored["look"] if stored["look"] else ""
    return _("done on %(day)s, %(side)s%(look)s") % {
        "day": stored["day"], "side": cohort_label(stored["side"]), "look": look,
    }  # fmt: skip


def _subgroups(stored: Mapping[str, Any]) -> Grid:
    groups, levels = _group_words(), _level_words()
    rows = [
        [
            groups.get(family["group"], family["group"]),
            levels.get(level["name"], level["name"]) + (" *" if level["small"] else ""),
            f"{level['n']} ({level['events']})",
            _area(level["evaluation"]) or _("too few to judge"),
        ]
        for family in stored["results"].get("families", [])
        for level in family["levels"]
    ]
    heads = [_("group"), _("level"), _("patients (HER2-positive)"), _("AUC, DeLong interval")]
    caption = _("Subgroups, %s") % cohort_label(stored["side"])
    return Grid(caption, heads, rows, _("* fewer than 20 patients: the figure says little."))


def _confounders(stored: Mapping[str, Any]) -> Grid:
    names = {
        "n_frames": _("frames of the cine"),
        "n_used": _("frames in use"),
        "fps": _("frame rate"),
        "coverage": _("coverage"),
        "interpolated": _("interpolated share"),
    }
    rows = [
        [
            names.get(row["name"], row["name"]),
            str(row["n"]),
            _area(row) or _("cannot be judged"),
            _("tells the classes apart") if row["alarm"] else _("no more than chance"),
        ]
        for row in stored["results"].get("rows", [])
    ]
    heads = [_("fact of the recording"), _("patients"), _("AUC, DeLong interval"), _("verdict")]
    return Grid(_("Length, rate and coverage against the outcome"), heads, rows)


def _explanation(stored: Mapping[str, Any]) -> Grid:
    models = [model for model in stored["results"].get("models", []) if model["model"].startswith("video")]
    terms = models[0]["terms"][:MOST_TERMS] if models else []
    rows = [
        [
            _term_words(term["name"]),
            f"{term['mean_abs']:.3f}",
            "–" if term["direction"] is None else signed(f"{term['direction']:+.2f}"),
            "–" if term["folds"] is None else str(term["folds"]),
        ]
        for term in terms
    ]
    heads = [_("texture of the lesion, and its rhythm"), _("mean share (log-odds)"), _("direction")]
    heads.append(_("outer folds that chose it"))
    note = _("Method: %(method)s, %(n)d patients.") % models[0] if models else ""
    return Grid(_("What drives the video classifier"), heads, rows, note)


def _term_words(name: str) -> str:
    texture, _separator, rhythm = name.partition(DYNAMIC_SEPARATOR)
    return f"{static_label(texture)}: {descriptor_label(rhythm)}" if rhythm else name


def _area(row: Mapping[str, Any] | None) -> str:
    if row is None or row.get("auc") is None:
        return ""
    low, high = row.get("auc_low", row.get("low")), row.get("auc_high", row.get("high"))
    return f"{row['auc']:.3f} [{low:.3f}, {high:.3f}]"


def _group_words() -> dict[str, str]:
    return {
        "site": _("site"), "scanner": _("scanner"), "age": _("age"), "cT": "cT", "size": _("size"),
        "box source": _("box source"), "interpolated frames": _("interpolated frames"),
    }  # fmt: skip


def _level_words() -> dict[str, str]:
    return {
        "not recorded": _("not recorded"), "none": _("none"), "model": _("model"), "reader": _("reader"),
        "adjudicated": _("adjudicated"), "< 50 years": _("< 50 years"), "≥ 50 years": _("≥ 50 years"),
        # xgettext:no-python-format
        "up to 10 %": _("up to 10 %"),
        # xgettext:no-python-format
        "more than 10 %": _("more than 10 %"),
    }  # fmt: skip
