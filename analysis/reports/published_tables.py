"""The paper's own procedures on the study at hand, each beside what the same patients support."""

from dataclasses import asdict

from django.utils.translation import gettext as _

from analysis.models import Evaluation
from analysis.pipeline.as_published import (
    PublishedEvaluation,
    as_published_interval,
    evaluate_as_published,
    evaluate_by_resampling,
)
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.metrics import Confusion, confusion_metrics
from analysis.reports.judged import Judged
from analysis.reports.model_tables import SHOWN, branch_name, cohort_label, metric_cell, model_name
from analysis.reports.tables import Cell, Column, Line, Table

METRICS = ("AUC", *SHOWN)


def published_table(judged: Judged, cohort: str) -> Table:
    """Every model of one side twice: as the paper would print it, and what the data support.

    The supported row of the apparent side is the out-of-fold one: a fit says nothing of new patients.
    """
    honest = Evaluation.Cohort.OUT_OF_FOLD if cohort == Evaluation.Cohort.APPARENT else cohort
    lines: list[Line] = []
    for model in judged.models(cohort):
        published = _as_published(judged, cohort, model)
        is_chosen = model == judged.chosen
        name = f"{branch_name(model)} {model_name(model)}"
        cells = [_percent(published, metric) for metric in METRICS] if published else [None] * len(METRICS)
        cutoff = Cell(published.cutoff if published else None, places=3)
        lines.append(Line([name, _("as published"), cutoff, *cells], chosen=is_chosen))
        if honest in judged.evaluations:
            lines.append(Line([name, cohort_label(honest), *_supported(judged, honest, model)], level=True))
    columns = [
        Column(_("Model"), name="model"),
        Column(_("Procedure"), name="procedure"),
        Column(_("Cut-off"), numeric=True, name="cut-off"),
        *[Column(metric, numeric=True, interval=True, name=f"{metric} (%)") for metric in METRICS],
    ]
    title = _("Every model as published, and below it what the data support: %(side)s (%%)") % {
        "side": cohort_label(cohort)
    }
    return Table("as-published", title, columns, lines, marks=_("model of record"))


def counts_table(counts: Confusion) -> Table:
    """SEN, SPC, ACC and YI of four counts: as the paper's Table 4 prints them, and what they support."""
    metrics = confusion_metrics(counts)
    sensitivity, specificity = counts.tp / counts.positives, counts.tn / counts.negatives
    values = {
        "SEN": sensitivity,
        "SPC": specificity,
        "ACC": (counts.tp + counts.tn) / counts.n,
        # the paper adds the rounded parts
        "YI": round(sensitivity, 3) + round(specificity, 3) - 1,
    }
    lines = []
    for name, value in values.items():
        bounds = as_published_interval(name, counts.tp, counts.positives, counts.tn, counts.negatives)
        published = Cell(100 * value, 100 * bounds[0], 100 * bounds[1], "", wrong_with()[name][0])
        lines.append(Line([name, published, metric_cell(asdict(metrics[name])), wrong_with()[name][1]]))
    columns = [
        Column(_("Metric"), name="metric"),
        Column(_("As published"), numeric=True, interval=True, name="as published (%)"),
        Column(_("What the counts support"), numeric=True, interval=True, name="corrected (%)"),
        Column(_("What is wrong with the first"), name="caution"),
    ]
    title = _("%(tp)d of %(n1)d positives and %(tn)d of %(n0)d negatives called rightly") % {
        "tp": counts.tp, "n1": counts.positives, "tn": counts.tn, "n0": counts.negatives,
    }  # fmt: skip
    return Table("counts", title, columns, lines)


def wrong_with() -> dict[str, tuple[str, str]]:
    """Metric to the name of the paper's formula and the plain sentence on what is wrong with it."""
    wald = _("Wald’s interval is too narrow for so few patients, and can leave 0 to 100 %.")
    return {
        "SEN": ("Wald", wald),
        "SPC": ("Wald", wald),
        "ACC": (
            _("Wald without its square root"),
            _("The formula lacks its square root: the interval is many times too narrow."),
        ),
        "YI": (
            _("bounds of SEN and SPC added"),
            _("Limits are added where variances should be: the interval is too wide."),
        ),
    }


def _as_published(judged: Judged, cohort: str, model: str) -> PublishedEvaluation | None:
    """Fused models on patients not fitted on: as Table 4 prints them; all others by resampling."""
    y, score = judged.labels(cohort), judged.scores(cohort, model)
    by_formula = model.startswith("fused:") and cohort != Evaluation.Cohort.APPARENT
    try:
        return evaluate_as_published(y, score) if by_formula else evaluate_by_resampling(y, score)
    except InvalidInputError:
        return None


def _percent(found: PublishedEvaluation, metric: str) -> Cell:
    value, low, high = (100 * number for number in found.figures[metric])
    c = found.counts
    counts = {"SEN": (c.tp, c.positives), "SPC": (c.tn, c.negatives), "ACC": (c.tp + c.tn, c.n)}.get(metric)
    return Cell(value, low, high, f"{counts[0]}/{counts[1]}" if counts else "")


def _supported(judged: Judged, cohort: str, model: str) -> list[object]:
    stored = judged.stored(cohort, model)
    area = Cell(100 * stored["auc"], 100 * stored["auc_low"], 100 * stored["auc_high"], "", "DeLong")
    figures = [metric_cell(stored["metrics"].get(name)) for name in SHOWN]
    return [Cell(stored["cutoff"], places=3), area, *figures]
