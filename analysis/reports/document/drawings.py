"""The report's figures, drawn on the server from stored rows: data and colours of the results page."""

from collections.abc import Mapping

import numpy as np
from django.utils.translation import gettext as _

from analysis.models import Evaluation
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.metrics import calibration_curve, decision_curve, roc_curve
from analysis.reports.document.svg import Plot, text_at
from analysis.reports.model_tables import COHORT_ORDER, cohort_label, model_name
from analysis.reports.plotting import PALETTE

LINES = {
    Evaluation.Cohort.APPARENT: "dot",
    Evaluation.Cohort.OUT_OF_FOLD: "dash",
    Evaluation.Cohort.TEST: "solid",
    Evaluation.Cohort.TEMPORAL: "dashdot",
}
REPLICATES = 500
BINS = 20
ROW_PX = 17

Evaluations = Mapping[str, Evaluation]


def draw_roc(evaluations: Evaluations, model: str) -> str:
    """ROC of the chosen model on every side, with the operating point that was frozen out of fold."""
    plot = Plot((0, 1), (0, 1), _("1 − specificity"), _("sensitivity"), width=420, height=400)
    plot.curve([0, 1], [0, 1], "#9aa4ac", dash="dot")
    for number, cohort in enumerate(c for c in COHORT_ORDER if c in evaluations):
        y, score = _scores(evaluations[cohort], model)
        curve = roc_curve(y, score)
        stored = evaluations[cohort].results["evaluations"][model]
        interval = f"[{stored['auc_low']:.3f}, {stored['auc_high']:.3f}]"
        name = f"{cohort_label(cohort)}: AUC {stored['auc']:.3f} {interval}"
        rates = curve.false_positive_rate.tolist(), curve.true_positive_rate.tolist()
        plot.curve(*rates, PALETTE[number], name=name, dash=LINES[cohort], steps=True)
        called = score >= stored["cutoff"]
        plot.points([called[y == 0].mean()], [called[y == 1].mean()], PALETTE[number], shape="diamond")
    return plot.drawn(
        _("ROC curves of the chosen model"),
        _("Sensitivity against one minus specificity on each side; a diamond marks the frozen cut-off."),
    )


def draw_forest(evaluation: Evaluation, chosen: str) -> str:
    """AUC of all models on one side with DeLong's interval; a diamond marks the chosen one."""
    stored = evaluation.results["evaluations"]
    names = list(stored)
    lowest = min(0.2, *(float(values["auc_low"]) for values in stored.values()))
    plot = Plot(
        (max(0.0, lowest - 0.02), 1.0), (-0.7, len(names) - 0.3), _("AUC with DeLong interval"), "",
        width=560, height=60 + ROW_PX * len(names), margins=(150, 96, 6, 44),
    )  # fmt: skip
    plot.upright(0.5)
    rows = []
    for place, name in enumerate(reversed(names)):
        values = stored[name]
        is_chosen = name == chosen
        colour = PALETTE[1] if is_chosen else PALETTE[0]
        plot.whiskers(place, values["auc_low"], values["auc_high"], FAINT_LINE)
        plot.points([values["auc"]], [place], colour, shape="diamond" if is_chosen else "circle")
        figures = f"{values['auc']:.2f} [{values['auc_low']:.2f}, {values['auc_high']:.2f}]"
        plot.parts.append(_beside(plot, place, figures))
        rows.append((float(place), f"{_branch(name)} {model_name(name)}"))
    return plot.drawn(
        _("AUC of all models, %(side)s") % {"side": cohort_label(evaluation.cohort)},
        _("One row a model: point and DeLong interval; the dotted line is chance."),
        y_ticks=rows,
    )


def draw_calibration(evaluation: Evaluation) -> str:
    """Smoothed observed share against the recalibrated probability; patients as ticks at both borders."""
    y, p = np.array(evaluation.predictions["labels"]), np.array(evaluation.predictions["probability"])
    plot = Plot(
        (0, 1), (0, 1), _("predicted probability"), _("observed share HER2-positive"), width=420, height=380
    )
    plot.curve([0, 1], [0, 1], "#9aa4ac", dash="dot", name=_("ideal"))
    try:
        curve = calibration_curve(y, p)
    except InvalidInputError:
        plot.label(0.02, 0.5, _("Too few patients for a smoothed curve."))
    else:
        x = curve.predicted.tolist()
        plot.band(x, curve.low.tolist(), curve.high.tolist(), PALETTE[0], name=_("95 % band, pointwise Wald"))
        plot.curve(x, curve.observed.tolist(), PALETTE[0], name=_("observed (smoothed)"))
    for value, colour, height in ((1, PALETTE[1], 0.985), (0, PALETTE[0], 0.015)):
        plot.points(p[y == value].tolist(), [height] * int((y == value).sum()), colour, shape="tick")
    return plot.drawn(
        _("Calibration of the chosen model"),
        _(
            "Observed against predicted probability; ticks above are HER2-positive patients, ticks below "
            "HER2-negative ones."
        ),
    )


def draw_decision(evaluation: Evaluation) -> str:
    """Net benefit against calling everybody and nobody positive."""
    y, p = np.array(evaluation.predictions["labels"]), np.array(evaluation.predictions["probability"])
    threshold = np.linspace(0.02, 0.8, 79)
    curve = decision_curve(y, p, threshold, replicates=REPLICATES)
    low = max(-0.2, min(-0.05, float(curve.low.min())))
    plot = Plot((0, 0.8), (low, float(curve.high.max()) + 0.03), _("threshold probability"), _("net benefit"),
                width=420, height=360)  # fmt: skip
    x = threshold.tolist()
    plot.across(0, dash="solid")
    plot.band(x, curve.low.tolist(), curve.high.tolist(), PALETTE[0], name=_("95 % band, bootstrap"))
    plot.curve(x, curve.net_benefit.tolist(), PALETTE[0], name=_("model"))
    everybody = [(a, b) for a, b in zip(x, curve.treat_all.tolist(), strict=True) if b >= low]
    plot.curve(*zip(*everybody, strict=True), PALETTE[1], name=_("call everybody positive"), dash="dash")
    return plot.drawn(
        _("Decision curve of the chosen model"),
        _("Net benefit over threshold probabilities; the line at zero calls nobody positive."),
    )


def draw_scores(evaluation: Evaluation, model: str, cutoff: float) -> str:
    """Distribution of scores by outcome with the frozen cut-off."""
    y, score = _scores(evaluation, model)
    edges = np.linspace(min(0.0, float(score.min())), max(1.0, float(score.max())), BINS + 1)
    counts = {value: np.histogram(score[y == value], bins=edges)[0] for value in (0, 1)}
    tallest = max(int(found.max()) for found in counts.values())
    plot = Plot((float(edges[0]), float(edges[-1])), (0, tallest * 1.1), _("fused score"), _("patients"),
                width=420, height=320)  # fmt: skip
    plot.bars(edges.tolist(), counts[0].tolist(), PALETTE[0], name=_("HER2-negative"), filled=True)
    plot.bars(edges.tolist(), counts[1].tolist(), PALETTE[1], name=_("HER2-positive"), filled=False)
    plot.upright(cutoff, name=_("frozen cut-off"), dash="dash")
    return plot.drawn(
        _("Scores by outcome"), _("Patients by score, HER2-negative filled, HER2-positive in outline.")
    )


FAINT_LINE = "#8a949c"


def _beside(plot: Plot, place: int, figures: str) -> str:
    from_right = plot.width - plot.margins[1] + 8
    return text_at(from_right, plot.y(place) + 4, figures)


def _scores(evaluation: Evaluation, model: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array(evaluation.predictions["labels"]), np.array(evaluation.predictions["scores"][model])


def _branch(model: str) -> str:
    return {"video": _("video"), "clinical": _("clinical"), "fused": _("fused")}[model.split(":")[0]]
