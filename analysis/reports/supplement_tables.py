"""Further analyses as tables, from stored documents: subgroups, variants, controls, three-way HER2."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analysis.models import Evaluation, Supplement
from analysis.reports.comparison_figures import p_text
from analysis.reports.model_tables import cohort_label, model_name
from analysis.reports.tables import Cell, Column, Line, Table
from analysis.selectors import active_ensemble, supplements_for
from studies.models import Study
from studies.templatetags.stored_sentences import translated

Found = Mapping[tuple[str, str], Mapping[str, Any]]
"""(kind, side) to the stored document."""
Document = Mapping[str, Any]
Kind, OOF = Supplement.Kind, str(Evaluation.Cohort.OUT_OF_FOLD)
EXPLAINED = (str(Kind.EXPLANATION), OOF)
"""Kind and side of the stored explanation."""

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


def documents(study: Study | None, *, viewer: User | None) -> Found:
    """(kind, side) to the newest stored document of the ensemble of record."""
    version = active_ensemble(study) if study is not None else None  # None: a study from files has no rows
    if version is None:
        return {}
    return {key: row.results for key, row in supplements_for(version, viewer=viewer).items()}


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


def subgroup_table(document: Document, side: str) -> Table:
    """The model inside every subgroup at its frozen cut-off."""
    lines = []
    for family in document["families"]:
        p = family["p_holm"]
        for place, level in enumerate(family["levels"]):
            first = place == 0
            lines.append(
                Line(
                    [
                        said(family["group"]) if first else "",
                        said(level["name"]),
                        level["n"],
                        level["events"],
                        area(level["evaluation"]),
                        proportion(level["evaluation"], "SEN"),
                        proportion(level["evaluation"], "SPC"),
                        p_text(p) if first and p is not None else "",
                        translated(level["reason"]),
                    ],
                    small=level["small"],
                )
            )
    columns = [
        Column(_("Group"), name="group"),
        Column(_("Level"), name="level"),
        Column("n", numeric=True),
        Column(_("HER2-positive"), numeric=True, name="positive"),
        Column("AUC", numeric=True, interval=True),
        Column("SEN", numeric=True, interval=True),
        Column("SPC", numeric=True, interval=True),
        Column(_("P (Holm)"), numeric=True, name="p_holm"),
        Column(_("Remark"), name="remark"),
    ]
    notes = [
        _("Groups under 20 patients are grey: their intervals say little. No cut-off was chosen anew."),
        _("P: equal areas in all levels of at least 20 patients (Cochran’s Q), Holm over the groups."),
    ]
    title = _("Subgroups, %(side)s") % {"side": cohort_label(side)}
    return Table(f"subgroups-{side}", title, columns, lines, notes)


def confounder_table(document: Document, side: str) -> Table:
    """How well the recording alone tells the classes apart."""
    lines = [
        Line(
            [
                said(row["name"]),
                row["n"],
                row["values"],
                Cell(row["auc"], row["low"], row["high"], "", "DeLong", 3),
                _("alarm: it predicts by itself")
                if row["alarm"]
                else translated(row["reason"]) or _("no alarm"),
            ],
            flagged=row["alarm"],
        )
        for row in document["rows"]
    ]
    columns = [
        Column(_("Fact"), name="fact"),
        Column("n", numeric=True),
        Column(_("Different values"), numeric=True, name="values"),
        Column("AUC", numeric=True, interval=True),
        Column(_("Verdict"), name="verdict"),
    ]
    notes = [_("An interval without one half means that the cohort is confounded by how cines were taken.")]
    title = _("What the recording alone gives away, %(side)s") % {"side": cohort_label(side)}
    return Table(f"confounders-{side}", title, columns, lines, notes)


def variant_table(name: str, title: str, document: Document, *notes: str) -> Table:
    """Variants beside the record, on the same patients."""
    lines = []
    for row in document.get("rows", []):
        pair = row["comparison"]
        difference = Cell(None)
        if pair is not None:
            difference = Cell(pair["difference"], *pair["interval"], "", "DeLong", 3)
        lines.append(
            Line(
                [
                    said(row["name"]),
                    said(row["how"]),
                    row["n"],
                    area(row["reference"]),
                    area(row["evaluation"]),
                    difference,
                    p_text(pair["p_holm"]) if pair else "",
                    Cell(row["agreement"], places=2),
                    row["flipped"],
                    translated(row["reason"]),
                ]
            )
        )
    columns = [
        Column(_("Variant"), name="variant"),
        Column(_("How"), name="how"),
        Column("n", numeric=True),
        Column(_("AUC of the record"), numeric=True, interval=True, name="AUC of the record"),
        Column(_("AUC of the variant"), numeric=True, interval=True, name="AUC of the variant"),
        Column(_("Difference"), numeric=True, interval=True, name="difference"),
        Column(_("P (Holm)"), numeric=True, name="p_holm"),
        Column(_("ICC of scores"), numeric=True, name="icc"),
        Column(_("Calls that change"), numeric=True, name="flipped"),
        Column(_("Remark"), name="remark"),
    ]
    if not lines:
        return Table(name, title, columns, lines, notes, " ".join(remarks(document)))
    return Table(name, title, columns, lines, [*remarks(document), *notes])


def label_table(document: Document) -> Table:
    """The same scores under both label rules, and learned again under each."""
    lines = [
        Line(
            [
                said(row["name"]),
                how,
                row["n"],
                row["events"],
                area(row["evaluation"]),
                translated(row["reason"]),
            ]
        )
        for how, rows in (
            (_("same scores"), document.get("same_scores", [])),
            (_("learned again"), document.get("learned", [])),
        )
        for row in rows
    ]
    columns = [
        Column(_("Label rule"), name="rule"),
        Column(_("How"), name="how"),
        Column("n", numeric=True),
        Column(_("HER2-positive"), numeric=True, name="positive"),
        Column("AUC", numeric=True, interval=True),
        Column(_("Remark"), name="remark"),
    ]
    return Table("label-rules", _("Under the other label rule, out of fold"), columns, lines)


def control_table(found: Found) -> Table:
    """Shuffled labels and the outside of the lesion: what must not predict."""
    lines = []
    shuffled, outside = found.get((Kind.SHUFFLE, OOF)), found.get((Kind.OUTSIDE, OOF))
    if shuffled and "control" in shuffled:
        lines.append(
            _control(_("shuffled labels, mean of three"), Cell(shuffled["mean"], places=3), shuffled)
        )
    if outside and "control" in outside:
        for one in outside["control"]["models"]:
            cell = Cell(one["auc"], one["low"], one["high"], "", "DeLong", 3)
            words = _("outside the lesion, %(model)s") % {"model": model_name(one["model"])}
            lines.append(Line([words, cell, Cell(one["lesion_auc"], places=3), "", ""], level=True))
        mean = Cell(outside["control"]["mean"], places=3)
        lines.append(_control(_("outside the lesion, mean of four"), mean, outside))
    columns = [
        Column(_("Control"), name="control"),
        Column("AUC", numeric=True, interval=True),
        Column(_("AUC of the lesion"), numeric=True, name="AUC of the lesion"),
        Column(_("Allowed around 0.5"), numeric=True, name="tolerance"),
        Column(_("Verdict"), name="verdict"),
    ]
    note = _(
        "Outside are burned-in text, marks and the machine’s settings, but also a shadow or enhancement "
        "behind the lesion, which may be real: look before you judge."
    )
    empty = _("Not run yet; an administrator starts them on the Models page.")
    return Table("controls", _("Negative controls, out of fold"), columns, lines, [note], empty)


def _control(words: str, cell: Cell, document: Document) -> Line:
    control = document["control"]
    verdict = _("passed") if control["passed"] else _("not passed: something else than the lesion predicts")
    cells = [words, cell, "", Cell(control["tolerance"], places=2), verdict]
    return Line(cells, flagged=not control["passed"])


def reader_table(document: Document) -> Table:
    """The scores that each reader's boxes give."""
    study = document.get("study") or {}
    notes = []
    for mean in study.get("means", []):
        notes.append(
            _("%(model)s: mean AUC over readers %(auc).3f [%(low).3f, %(high).3f], Obuchowski–Rockette.")
            % {
                "model": model_name(mean["model"]),
                "auc": mean["auc"],
                "low": mean["low"],
                "high": mean["high"],
            }
        )
    if study.get("p_random") is not None:
        notes.append(
            _(
                "Fused against video alone: P = %(random)s for readers like these, %(fixed)s for these "
                "readers."
            )
            % {"random": p_text(study["p_random"]), "fixed": p_text(study["p_fixed"])}
        )
    return variant_table("readers", _("Boxes of two readers, out of fold"), document, *notes)


def class_table(document: Document) -> Table:
    """Three-way HER2: every class against the others, with what it was called."""
    report, lines = document.get("report"), []
    notes = remarks(document)
    if report:
        for place, one in enumerate(report["per_class"]):
            hit = one["recalled"]
            recalled = Cell(
                hit["value"], hit["low"], hit["high"], f"{hit['numerator']}/{hit['denominator']}", "Wilson", 3
            )
            cell = Cell(one["auc"], one["auc_low"], one["auc_high"], "", "DeLong", 3)
            lines.append(
                Line(
                    [said(one["name"]), one["n"], cell, recalled, *report["confusion"][place]],
                    small=one["small"],
                )
            )
        kappa = report["kappa"]
        notes.append(
            _("Weighted kappa %(kappa).2f [%(low).2f, %(high).2f]; called rightly %(n)s of %(all)s; the "
              "commonest class alone would give %(majority)d %%.")
            % {
                "kappa": kappa["value"], "low": kappa["low"] or 0.0, "high": kappa["high"] or 0.0,
                "n": report["accuracy"]["numerator"], "all": report["n"],
                "majority": round(100 * report["majority"]),
            }
        )  # fmt: skip
    columns = [
        Column(_("Class"), name="class"),
        Column("n", numeric=True),
        Column(_("AUC against the others"), numeric=True, interval=True, name="AUC"),
        Column(_("Called so"), numeric=True, interval=True, name="recalled"),
        Column(_("called zero"), numeric=True, name="called zero"),
        Column(_("called low"), numeric=True, name="called low"),
        Column(_("called positive"), numeric=True, name="called positive"),
    ]
    title = _("Three-way HER2, out of fold")
    if not lines:
        return Table("three-way", title, columns, lines, (), " ".join(notes))
    return Table("three-way", title, columns, lines, notes)


def curve_table(document: Document) -> Table:
    """The learning curve."""
    lines = [
        Line([f"{row['share']:.0%}", row["n"], Cell(row["auc"], row["low"], row["high"], "", "DeLong", 3)])
        for row in document.get("points", [])
    ]
    columns = [
        Column(_("Share learned from"), name="share"),
        Column("n", numeric=True),
        Column("AUC", numeric=True, interval=True),
    ]
    return Table("learning-curve", _("Learning curve, out of fold"), columns, lines)


def supplement_tables(found: Found) -> dict[str, Table]:
    """Name to table of everything that was stored, in the order of the page."""
    made: list[Table] = []
    for side in (OOF, str(Evaluation.Cohort.TEST)):
        for kind, make in ((Kind.SUBGROUPS, subgroup_table), (Kind.CONFOUNDERS, confounder_table)):
            if (kind, side) in found:
                made.append(make(found[kind, side], side))
    made.append(control_table(found))
    for kind, make in BUILDERS.items():
        if (kind, OOF) in found:
            made.append(make(found[kind, OOF]))
    return {table.name: table for table in made}


BUILDERS: dict[str, Callable[[Document], Table]] = {
    Kind.LABEL_RULES: label_table,
    Kind.BOX_SOURCE: lambda document: variant_table(
        "box-source", _("Boxes of the model or of people, out of fold"), document
    ),
    Kind.BOX_JITTER: lambda document: variant_table("box-jitter", _("Moved boxes, out of fold"), document),
    Kind.MASKS: lambda document: variant_table("masks", _("Other masks, out of fold"), document),
    Kind.READERS: reader_table,
    Kind.RINGS: lambda document: variant_table("rings", _("Rings around the lesion, out of fold"), document),
    Kind.THREE_WAY: class_table,
    Kind.LEARNING_CURVE: curve_table,
}
