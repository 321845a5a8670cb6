"""Three-way HER2 as tables: every class against the others, and the ordered questions behind the calls."""

from django.utils.translation import gettext as _

from analysis.models import Evaluation
from analysis.reports.model_tables import cohort_label
from analysis.reports.supplement_words import Document, area, proportion, remarks, said, share
from analysis.reports.tables import Cell, Column, Line, Table

TEST = str(Evaluation.Cohort.TEST)


def three_way_tables(document: Document, side: str) -> list[Table]:
    """Classes and questions of one side; one table that says why, where there are no figures."""
    tables = [class_table(document, side)]
    return [*tables, question_table(document, side)] if document.get("report") else tables


def class_table(document: Document, side: str) -> Table:
    """Every class against the others, with what it was called."""
    report, lines, notes = document.get("report"), [], remarks(document)
    if report:
        for place, one in enumerate(report["per_class"]):
            cell = Cell(one["auc"], one["auc_low"], one["auc_high"], "", "DeLong", 3)
            called = report["confusion"][place]
            cells = [
                said(one["name"]),
                one["n"],
                cell,
                share(one["recalled"]),
                share(one["precise"]),
                *called,
            ]
            lines.append(Line(cells, small=one["small"]))
        notes.append(_agreement(report))
    columns = [
        Column(_("Class"), name="class"),
        Column("n", numeric=True),
        Column(_("AUC against the others"), numeric=True, interval=True, name="AUC"),
        Column(_("Called so"), numeric=True, interval=True, name="recalled"),
        Column(_("Of those called so"), numeric=True, interval=True, name="precise"),
        Column(_("called zero"), numeric=True, name="called zero"),
        Column(_("called low"), numeric=True, name="called low"),
        Column(_("called positive"), numeric=True, name="called positive"),
    ]
    title, name = _("Three-way HER2, %(side)s") % {"side": cohort_label(side)}, _named("three-way", side)
    if not lines:
        return Table(name, title, columns, lines, (), " ".join(notes))
    if side == TEST:
        notes.append(_("Fitted on training patients; cut-offs and recalibration frozen out of fold."))
    return Table(name, title, columns, lines, notes)


def question_table(document: Document, side: str) -> Table:
    """The two ordered questions at their cut-offs, and pairs of classes by the expected class."""
    report = document["report"]
    lines = [
        Line(
            [
                _("%(class)s rather than less?") % {"class": said(one["model"])},
                one["n"],
                one["events"],
                area(one),
                proportion(one, "SEN"),
                proportion(one, "SPC"),
            ]
        )
        for one in report["questions"]
    ]
    for pair in report["pairs"]:
        words = _("%(upper)s or %(lower)s?") % {"upper": said(pair["upper"]), "lower": said(pair["lower"])}
        cell = Cell(pair["auc"], pair["low"], pair["high"], "", "DeLong", 3)
        lines.append(Line([words, pair["n"], None, cell, Cell(None), Cell(None)], level=True))
    columns = [
        Column(_("Question"), name="question"),
        Column("n", numeric=True),
        Column(_("Answered with yes"), numeric=True, name="events"),
        Column("AUC", numeric=True, interval=True),
        Column("SEN", numeric=True, interval=True),
        Column("SPC", numeric=True, interval=True),
    ]
    note = _("Pairs: how well the expected class, a number from 0 to 2, tells two classes apart.")
    title = _("Three-way HER2, the questions behind it, %(side)s") % {"side": cohort_label(side)}
    return Table(_named("three-way-questions", side), title, columns, lines, [note])


def _agreement(report: Document) -> str:
    kappa = report["kappa"]
    return _(
        "Weighted kappa %(kappa).2f [%(low).2f, %(high).2f]; called rightly %(n)s of %(all)s; the "
        "commonest class alone would give %(majority)d %%."
    ) % {
        "kappa": kappa["value"],
        "low": kappa["low"] or 0.0,
        "high": kappa["high"] or 0.0,
        "n": report["accuracy"]["numerator"],
        "all": report["n"],
        "majority": round(100 * report["majority"]),
    }


def _named(name: str, side: str) -> str:
    return f"{name}-{side}" if side == TEST else name
