"""One model in full, and the model of record against the others, as tables."""

from typing import Any

from django.utils.translation import gettext as _

from analysis.reports.comparison_figures import p_text
from analysis.reports.judged import Judged
from analysis.reports.model_tables import (
    branch_name,
    cohort_label,
    likelihood_ratio,
    metric_cell,
    model_name,
)
from analysis.reports.tables import Cell, Column, Line, Table
from studies.templatetags.stored_sentences import translated

RATIOS = ("LR+", "LR-")


def metric_table(judged: Judged, cohort: str, model: str) -> Table:
    """Every figure of one model on one side at its frozen cut-off, with raw counts and method."""
    stored = judged.stored(cohort, model)
    names = {
        "ACC": _("Share called rightly (ACC)"),
        "MAJORITY": _("Reference: everybody called the commoner class"),
        "SEN": _("Sensitivity"),
        "SPC": _("Specificity"),
        "YI": _("Youden index"),
        "PPV": _("Positive predictive value, at this share of positives"),
        "NPV": _("Negative predictive value, at this share of positives"),
        "LR+": _("Likelihood ratio of a positive call"),
        "LR-": _("Likelihood ratio of a negative call"),
    }
    area = Cell(stored["auc"], stored["auc_low"], stored["auc_high"], "", "DeLong", 3)
    lines = [Line(["AUC", area, area.method])]
    if boot := stored.get("bootstrap"):
        cell = Cell(boot["value"], boot["low"], boot["high"], "", boot["method"], 3)
        lines.append(Line(["AUC", cell, translated(cell.method)], level=True))
    for name, words in names.items():
        estimate = likelihood_ratio(stored, name) if name in RATIOS else stored["metrics"].get(name)
        if estimate is not None:
            cell = metric_cell(estimate, scale=1, places=2 if name in RATIOS else 3)
            lines.append(Line([words, cell, translated(cell.method)], level=name == "MAJORITY"))
    lines += _calibration_lines(stored.get("calibration"))
    columns = [
        Column(_("Figure"), name="figure"),
        # xgettext:no-python-format
        Column(_("Estimate and 95 % interval"), numeric=True, interval=True, name="estimate"),
        Column(_("Interval"), name="method"),
    ]
    title = _("%(model)s, %(side)s: every figure at the frozen cut-off %(cutoff).3f") % {
        "model": model_name(model), "side": cohort_label(cohort), "cutoff": stored["cutoff"],
    }  # fmt: skip
    return Table("figures", title, columns, lines)


def _calibration_lines(found: dict[str, Any] | None) -> list[Line]:
    """Calibration in the large, slope, observed : expected, and Brier score beside that of the prevalence."""
    if not found:
        return []
    rows = [
        (_("Calibration intercept (0 is best)"), "intercept", "intercept_interval", "Wald", 2),
        (_("Calibration slope (1 is best)"), "slope", "slope_interval", "Wald", 2),
        (_("Observed : expected (1 is best)"), "observed_expected", "observed_expected_interval", "log", 2),
        (_("Brier score (0 is best)"), "brier", "", "", 3),
        (_("Reference: the prevalence predicted for everybody"), "brier_null", "", "", 3),
    ]
    lines = []
    for words, name, bounds, method, places in rows:
        low, high = found.get(bounds) or (None, None)
        cell = Cell(found[name], low, high, "", method, places)
        lines.append(
            Line([words, cell, method if found[name] is not None else ""], level=name == "brier_null")
        )
    return lines


def comparison_table(judged: Judged, cohort: str) -> Table:
    """The model of record against its two parts and the other fused models, on the same patients."""
    found = judged.evaluations[cohort].results.get("comparisons") or []
    lines = []
    for pair in found:
        low, high = pair["interval"]
        boot = pair.get("bootstrap") or {}
        lines.append(
            Line(
                [
                    f"{branch_name(pair['second'])} {model_name(pair['second'])}",
                    Cell(pair["difference"], low, high, "", "DeLong", 3),
                    Cell(boot.get("value"), boot.get("low"), boot.get("high"), "", boot.get("method", ""), 3),
                    p_text(pair["p"]),
                    p_text(pair["p_holm"]),
                    *[_mcnemar(pair, name) for name in ("ACC", "SEN", "SPC")],
                ],
                level=not pair["second"].startswith("fused:"),
            )
        )
    columns = [
        Column(_("Against"), name="against"),
        Column(_("Difference of AUC, DeLong"), numeric=True, interval=True, name="difference DeLong"),
        Column(_("Difference of AUC, bootstrap"), numeric=True, interval=True, name="difference bootstrap"),
        Column(_("P, DeLong"), numeric=True, name="p DeLong"),
        Column(_("P, Holm"), numeric=True, name="p Holm"),
        Column(_("ACC: only one right, McNemar’s P"), numeric=True, name="ACC McNemar"),
        Column(_("SEN: only one right, McNemar’s P"), numeric=True, name="SEN McNemar"),
        Column(_("SPC: only one right, McNemar’s P"), numeric=True, name="SPC McNemar"),
    ]
    title = _("%(model)s against the others, %(side)s") % {
        "model": model_name(judged.chosen), "side": cohort_label(cohort),
    }  # fmt: skip
    notes = (
        _(
            "Differences are the model of record minus the other. Holm’s adjustment runs over all rows. "
            "McNemar’s exact test at the frozen cut-offs; in brackets: patients only the model of record, "
            "and only the other, called rightly."
        ),
        _(
            "DeLong’s test misjudges models nested in each other, as a fused model and its parts are: "
            "read the interval of the difference first."
        ),
    )
    return Table("comparisons", title, columns, lines, notes)


def _mcnemar(pair: dict, name: str) -> str:
    first, second = pair["discordant"][name]
    return f"{p_text(pair['mcnemar'][name])} ({first} : {second})"
