"""The whole report as one HTML file that needs nothing else: figures inline, style inline, links absolute."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from analysis.models import Evaluation, Statement
from analysis.pipeline.errors import InvalidInputError
from analysis.reports.cohort_table import Row, table_one, table_one_of
from analysis.reports.document.checklist import Checklist
from analysis.reports.document.checklists import SOURCES, checklists_of
from analysis.reports.document.drawings import (
    draw_calibration,
    draw_decision,
    draw_forest,
    draw_roc,
    draw_scores,
)
from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.findings import Finding
from analysis.reports.document.flow_drawing import draw_flow
from analysis.reports.document.further_text import further_sections
from analysis.reports.document.gather import Material
from analysis.reports.document.limits import limits_of
from analysis.reports.document.methods_data import data_sections
from analysis.reports.document.methods_model import model_sections
from analysis.reports.document.results_text import (
    Grid,
    comparisons,
    crosstab,
    grid_of,
    headline_side,
    ratios,
    result_paragraphs,
    summary_of,
)
from analysis.reports.honest_words import Claims, struck
from analysis.reports.judged import Judged
from analysis.reports.judged_edits import invalid_words
from analysis.reports.model_tables import SHOWN, ModelRow, cohort_label, model_name, model_rows
from analysis.reports.temporal import temporal_table
from studies.services.membership import labels_are_open

LANGUAGES = ("en", "zh-hans")
REFERENCES = (
    "Quan M-Y, et al. Front Endocrinol 2023;14:1144812.",
    "Wolff AC, et al. (ASCO/CAP). Arch Pathol Lab Med 2018;142:1364–82 and 2023;147:993–1000.",
    "DeLong ER, et al. Biometrics 1988;44:837–45.",
    "Wilson EB. J Am Stat Assoc 1927;22:209–12.",
    "Holm S. Scand J Stat 1979;6:65–70.",
    "Vickers AJ, Elkin EB. Med Decis Making 2006;26:565–74.",
    "Jocher G, et al. YOLOv5. Ultralytics, 2020 (AGPL-3.0).",
    "van Griethuysen JJM, et al. (pyradiomics). Cancer Res 2017;77:e104–7.",
    "Ojala T, et al. IEEE Trans Pattern Anal Mach Intell 2002;24:971–87.",
)

TEMPLATE, STYLE = "analysis/report/document.html", "analysis/report/document.css"


@dataclass(frozen=True, slots=True)
class Front:
    """What stands on the title page."""

    title: str
    comment: str
    number: int
    facts_digest: str
    address: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its caption."""

    caption: str
    svg: str


def claims_of(facts: StudyFacts) -> Claims:
    """What the rows support of the words that the report may use."""
    return Claims(looks=facts.n_looks, other_centre_or_time=facts.other_centre_or_time)


def default_title(study_title: str) -> str:
    """The title of a report to which nobody gave another."""
    return _("Methods and results: %s") % study_title


def render(material: Material, front: Front, language: str) -> str:
    """The report in one language."""
    with translation.override(language):
        return render_to_string(TEMPLATE, _context(material, front, language))


def _context(material: Material, front: Front, language: str) -> dict[str, object]:
    facts, evaluations = material.facts, material.evaluations
    claims = claims_of(facts)
    chosen = facts.fitted.chosen if facts.fitted else ""
    side = headline_side(evaluations)
    rows = model_rows(dict(evaluations), chosen) if chosen else []
    return {
        "language": language,
        "front": front,
        "title": front.title or default_title(struck(material.study.title, claims)),
        "study_title": struck(material.study.title, claims),
        "description": struck(material.study.description, claims),
        "facts": facts,
        "invalid": [
            words
            for words in (
                invalid_words(facts.conduct.test_edits),
                invalid_words(facts.conduct.temporal_edits, cohort=Evaluation.Cohort.TEMPORAL),
            )
            if words
        ],
        "printed_on": timezone.now().strftime("%Y-%m-%d %H:%M UTC"),
        "chosen_name": model_name(chosen) if chosen else "",
        "summary": summary_of(facts),
        "methods": [*data_sections(facts), *model_sections(facts)],
        "results": result_paragraphs(facts),
        "flow": Figure(_("Flow of patients, counted from rows"), mark_safe(draw_flow(facts.patients))),  # noqa: S308
        "figures": figures_of(material),
        "table_one": table_one(material.study) if facts.patients.training.assigned else [],
        "by_outcome": _by_outcome(material),
        "clinical_missing": _missing(facts),
        "model_tables": _tables(rows, facts),
        "grids": [grid for grid in _grids(material, side) if grid],
        "further": further_sections(facts),
        "limits": limits_of(facts),
        "statements": _statements(facts, claims),
        "checklists": linked(checklists_of(facts), material.study.slug, front.address),
        "style": _style(" · ".join(_marks(facts))),
        "references": [*REFERENCES, *(f"{name}: {source}." for _code, name, source, _items in SOURCES)],
        "looks": [(look, struck(look.reason, claims)) for look in facts.conduct.looks],
        "temporal": facts.patients.temporal,
        "temporal_looks": [(look, struck(look.reason, claims)) for look in facts.conduct.temporal_looks],
        "roles": dict(_roles()),
        "digests": _digests(facts),
    }


def figures_of(material: Material) -> list[Figure]:
    """ROC, forest, calibration, decision curve and scores of the side that comes first."""
    side = headline_side(material.evaluations)
    if side is None or material.version is None:
        return []
    evaluation, chosen = material.evaluations[side], material.version.summary["chosen"]
    cutoff = material.version.summary["cutoffs"][chosen]
    words = cohort_label(side)
    found = [
        (
            _("ROC curves of the chosen model; ◆ is the frozen cut-off"),
            draw_roc(material.evaluations, chosen),
        ),
        (
            _("AUC of all 24 models with DeLong interval, %s; ◆ is the chosen one") % words,
            draw_forest(evaluation, chosen),
        ),
        (_("Calibration of the chosen model, %s") % words, draw_calibration(evaluation)),
        (_("Decision curve of the chosen model, %s") % words, draw_decision(evaluation)),
        (_("Scores of the chosen model by outcome, %s") % words, draw_scores(evaluation, chosen, cutoff)),
    ]
    return [Figure(caption, mark_safe(svg)) for caption, svg in found]  # noqa: S308 - drawn and escaped here


def linked(
    checklists: Sequence[Checklist], slug: str, address: str, pages: Container[str] | None = None
) -> list[dict[str, object]]:
    """Checklists with the addresses of the pages that show the evidence.

    pages: URL names that the reader may open, None for a printed report, which many people read.
    """
    return [
        {
            "name": checklist.name,
            "code": checklist.code,
            "source": checklist.source,
            "counts": checklist.counts,
            "total": len(checklist.items),
            "items": [
                (item, [(found, _link(found, slug, address, pages)) for found in item.findings])
                for item in checklist.items
            ],
        }
        for checklist in checklists
    ]


def _link(found: Finding, slug: str, address: str, pages: Container[str] | None) -> str:
    """The address of the page that shows a finding; empty where the report itself does, or nobody may go."""
    page, _separator, place = found.page.partition("#")
    if not page or (pages is not None and page not in pages):
        return ""
    return address + reverse(page, args=[slug]) + (f"#{place}" if place else "")


def _grids(material: Material, side: str | None) -> list[Grid | None]:
    evaluation = material.evaluations.get(side) if side else None
    return [
        crosstab(material.facts), ratios(material.facts), comparisons(evaluation), _temporal(material),
    ]  # fmt: skip


def _temporal(material: Material) -> Grid | None:
    if material.version is None:
        return None
    summary = material.version.summary
    return grid_of(temporal_table(Judged(material.evaluations, summary["chosen"], summary["cutoffs"])))


def _by_outcome(material: Material) -> list[Row]:
    """Characteristics of HER2-positive and -negative patients; the sealed test side stays out."""
    opened = material.facts.n_looks > 0
    seen = [case for case in material.cases if case.side and labels_are_open(case.side, opened=opened)]
    groups = [
        [
            case.patient.clinical
            for case in seen
            if case.outcome is value and hasattr(case.patient, "clinical")
        ]
        for value in (True, False)
    ]
    if not all(groups):
        return []
    try:
        return table_one_of(groups[0], groups[1])
    except InvalidInputError:
        return []


def _tables(rows: Sequence[ModelRow], facts: StudyFacts) -> list[dict[str, object]]:
    """Tables 2, 3 and 4, each with the reference of the majority class of every side."""
    names = {2: _("video classifiers"), 3: _("clinical classifiers"), 4: _("late fusions")}
    sides = {row.cohort: row for row in rows}
    references = [
        f"{cohort_label(side)} {100 * max(row.events, row.n - row.events) / row.n:.1f} %"
        for side, row in sides.items()
    ]
    return [
        {
            "number": number,
            "name": names[number],
            "heads": ["AUC", *SHOWN],
            "rows": [(row, [row.cells[name] for name in SHOWN]) for row in rows if row.table == number],
            "majority": "; ".join(references),
        }
        for number in names
        if any(row.table == number for row in rows)
    ]


def _missing(facts: StudyFacts) -> list[tuple[str, int, int]]:
    labels = {
        "age_years": _("Age"), "size_cm": _("US size"), "menopause": _("Menopausal status"),
        "c_t": "cT", "c_n": "cN", "c_tnm": "cTNM",
    }  # fmt: skip
    return [(labels[name], *pair) for name, pair in facts.clinical.missing.items()]


def _statements(facts: StudyFacts, claims: Claims) -> list[tuple[str, str]]:
    return [
        (str(label), struck(facts.statements[topic], claims))
        for topic, label in Statement.Topic.choices
        if topic in facts.statements
    ]


def _digests(facts: StudyFacts) -> list[tuple[str, str]]:
    digests = facts.digests
    return [
        (_("program"), digests.code),
        (_("stored cines"), digests.images),
        (_("features in use"), digests.features),
        (_("labels of record"), digests.labels),
        (_("clinical values"), digests.clinical),
        (_("membership (seal)"), digests.membership),
        (_("training snapshot"), digests.training),
        (_("locked libraries at training"), digests.requirements),
        (_("ensemble"), facts.fitted.digest if facts.fitted else ""),
    ]


def _style(footer: str) -> str:
    """The one style element; its digest is what lets a browser apply it under a strict content policy."""
    rules = render_to_string(STYLE, {"footer": footer})
    return mark_safe(f"<style>{rules}</style>")  # noqa: S308 - our own rules and our own footer


def _marks(facts: StudyFacts) -> list[str]:
    """What every printed page says of itself."""
    marks = [_("Research use only")]
    return [*marks, _("Simulated patients")] if facts.study["is_simulated"] else marks


def _roles() -> list[tuple[str, str]]:
    return [
        ("coordinator", _("coordinator")), ("administrator", _("administrator")),
        ("clinician", _("clinician")), ("", _("somebody without a grant now")),
    ]  # fmt: skip
