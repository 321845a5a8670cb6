"""Further analyses as tables, from stored documents: subgroups, variants, controls, three-way HER2."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from analysis.models import Evaluation, Supplement
from analysis.reports.comparison_figures import p_text
from analysis.reports.model_tables import cohort_label, model_name
from analysis.reports.supplement_words import Document, area, proportion, remarks, said
from analysis.reports.tables import REMARK, Cell, Column, Line, Table
from analysis.reports.three_way_tables import three_way_tables
from analysis.selectors import active_ensemble, supplements_for
from studies.models import Study
from studies.templatetags.stored_sentences import translated

Found = Mapping[tuple[str, str], Mapping[str, Any]]
"""(kind, side) to the stored document."""
Kind, OOF, TEST = Supplement.Kind, str(Evaluation.Cohort.OUT_OF_FOLD), str(Evaluation.Cohort.TEST)
EXPLAINED = (str(Kind.EXPLANATION), OOF)
"""Kind and side of the stored explanation."""


def documents(study: Study | None, *, viewer: User | None) -> Found:
    """(kind, side) to the newest stored document of the ensemble of record."""
    version = active_ensemble(study) if study is not None else None  # None: a study from files has no rows
    if version is None:
        return {}
    return {key: row.results for key, row in supplements_for(version, viewer=viewer).items()}


def documents_of(scene: Any) -> Found:
    """What a figure is drawn from: the documents that the scene brings, else those of record."""
    return documents(scene.study, viewer=scene.viewer) if scene.documents is None else scene.documents


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
        Column(_("Remark"), name=REMARK),
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
        Column(_("Remark"), name=REMARK),
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
        Column(_("Remark"), name=REMARK),
    ]
    return Table(
        "label-rules",
        _("Under the other label rule, out of fold"),
        columns,
        lines,
        remarks(document),
        " ".join(remarks(document)),
    )


def crosstab_tables(document: Document) -> list[Table]:
    """The paper's literal rule against ASCO/CAP, in training patients; nothing where it is not stored."""
    counts = {(row["paper"], row["asco_cap"]): row["n"] for row in document.get("crosstab", [])}
    if not counts:
        return []
    words = {"POSITIVE": _("positive"), "NEGATIVE": _("negative"), "UNDEFINED": _("undefined")}
    lines = [
        Line([words[paper], *row, sum(row)])
        for paper in words
        if sum(row := [counts.get((paper, asco), 0) for asco in words])
    ]
    n, same = sum(counts.values()), sum(k for (paper, asco), k in counts.items() if paper == asco)
    columns = [
        Column(_("The paper’s literal rule"), name="paper"),
        *[
            Column(_("ASCO/CAP: %(word)s") % {"word": word}, numeric=True, name=f"ASCO/CAP {key}")
            for key, word in words.items()
        ],
        Column(_("Patients"), numeric=True, name="patients"),
    ]
    notes = [
        _("The same label under both rules: %(same)d of %(n)d training patients.") % {"same": same, "n": n},
        _(
            "The paper’s words do not cover IHC 3+ without a known amplification, so such a patient is "
            "undefined by them."
        ),
    ]
    title = _("The paper’s literal rule against ASCO/CAP, training patients")
    return [Table("label-rules-crosstab", title, columns, lines, notes)]


def control_table(found: Found) -> Table:
    """Shuffled labels and the outside of the lesion: what must not predict; either may be missing."""
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
    empty = " ".join(remarks(document))
    return Table("learning-curve", _("Learning curve, out of fold"), columns, lines, (), empty)


def kind_tables(found: Found) -> dict[str, list[Table]]:
    """Kind to its tables, out of fold and of the test side; controls in one table under shuffled labels."""
    made: dict[str, list[Table]] = {}
    for side in (OOF, TEST):
        for kind, make in BUILDERS.items():
            document = found.get((kind, side))
            if document is not None:
                made.setdefault(kind, []).extend(make(document, side))
    return made


def supplement_tables(found: Found) -> dict[str, Table]:
    """Name to table of everything that was stored, in the order of the page."""
    by_kind = kind_tables(found)
    made = [
        table
        for side in (OOF, TEST)
        for kind in FIRST
        for table in by_kind.get(kind, [])
        if side in table.name
    ]
    made.append(control_table(found))
    made += [table for kind in BUILDERS if kind not in FIRST for table in by_kind.get(kind, [])]
    return {table.name: table for table in made}


def _variants(name: str, words: Callable[[], str]) -> Callable[[Document, str], list[Table]]:
    """A table of variants; words: what they are, asked for in the language of the page."""

    def make(document: Document, side: str) -> list[Table]:
        title = _("%(what)s, %(side)s") % {"what": words(), "side": cohort_label(side)}
        notes = [_("Fitted on training patients; cut-offs frozen out of fold.")] if side == TEST else []
        return [variant_table(f"{name}-{side}" if side == TEST else name, title, document, *notes)]

    return make


FIRST = (Kind.SUBGROUPS, Kind.CONFOUNDERS)
BUILDERS: dict[str, Callable[[Document, str], list[Table]]] = {
    Kind.SUBGROUPS: lambda document, side: [subgroup_table(document, side)],
    Kind.CONFOUNDERS: lambda document, side: [confounder_table(document, side)],
    Kind.LABEL_RULES: lambda document, side: [label_table(document), *crosstab_tables(document)],
    Kind.BOX_SOURCE: _variants("box-source", lambda: _("Boxes of the model or of people")),
    Kind.BOX_JITTER: _variants("box-jitter", lambda: _("Moved boxes")),
    Kind.MASKS: _variants("masks", lambda: _("Other masks")),
    Kind.READERS: lambda document, side: [reader_table(document)],
    Kind.RINGS: _variants("rings", lambda: _("Rings around the lesion")),
    Kind.THREE_WAY: three_way_tables,
    Kind.LEARNING_CURVE: lambda document, side: [curve_table(document)],
}
"""Kind to its tables of one side; explanation and controls have builders of their own."""
