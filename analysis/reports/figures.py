"""How the models did, as Plotly JSON, drawn from stored rows only."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from django.utils.translation import gettext as _

from analysis.models import Evaluation
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.metrics import calibration_curve, decision_curve, roc_band, roc_curve
from analysis.reports.judged import Judged
from analysis.reports.model_tables import COHORT_ORDER, branch_name, cohort_label, model_name
from analysis.reports.plotting import (
    BAND_OTHER,
    GREY,
    PALETTE,
    add_band,
    add_diagonal,
    add_message,
    finished,
)

DASHES = {
    Evaluation.Cohort.APPARENT: "dot",
    Evaluation.Cohort.OUT_OF_FOLD: "dash",
    Evaluation.Cohort.TEST: "solid",
    Evaluation.Cohort.TEMPORAL: "dashdot",
}
BAND_REPLICATES = 1000
HISTOGRAM_BINS = 20
THRESHOLDS = np.linspace(0.02, 0.8, 79)


def roc(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """ROC of one model on every side; band and operating point with its intervals on the side asked for."""
    figure = go.Figure()
    y, score = judged.labels(cohort), judged.scores(cohort, model)
    band = roc_band(y, score, replicates=BAND_REPLICATES)
    x = band.false_positive_rate.tolist()
    add_band(figure, x, band.low.tolist(), band.high.tolist(), _("95 % band (bootstrap), pointwise"))
    for number, side in enumerate(c for c in COHORT_ORDER if c in judged.evaluations):
        stored = judged.stored(side, model)
        curve = roc_curve(judged.labels(side), judged.scores(side, model))
        interval = f"[{stored['auc_low']:.3f}, {stored['auc_high']:.3f}]"
        figure.add_scatter(
            x=curve.false_positive_rate.tolist(),
            y=curve.true_positive_rate.tolist(),
            mode="lines",
            name=f"{cohort_label(side)}: AUC {stored['auc']:.3f} {interval} DeLong",
            line={"color": PALETTE[number], "dash": DASHES[side], "width": 2, "shape": "hv"},
        )
        if side == cohort:
            _operating_point(figure, stored, PALETTE[number])
    add_diagonal(figure)
    figure.update_xaxes(title=_("1 − specificity"), range=[-0.01, 1.01], constrain="domain")
    figure.update_yaxes(title=_("sensitivity"), range=[-0.01, 1.01], scaleanchor="x", constrain="domain")
    return finished(figure, height=560, legend_below=True)


def _operating_point(figure: go.Figure, stored: dict[str, Any], colour: str) -> None:
    """The frozen cut-off with the intervals of its sensitivity and specificity."""
    sensitivity, specificity = stored["metrics"]["SEN"], stored["metrics"]["SPC"]
    if sensitivity["value"] is None or specificity["value"] is None:
        return
    name = _("frozen cut-off %(cutoff).3f (%(method)s)")
    x, y = 1 - specificity["value"], sensitivity["value"]
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        name=name % {"cutoff": stored["cutoff"], "method": sensitivity["method"]},
        error_x=_bars(x, 1 - specificity["high"], 1 - specificity["low"]),
        error_y=_bars(y, sensitivity["low"], sensitivity["high"]),
        marker={"color": colour, "size": 11, "symbol": "diamond", "line": {"width": 1, "color": "#fff"}},
    )


def _bars(value: float, low: float, high: float) -> dict[str, Any]:
    return {
        "type": "data",
        "array": [high - value],
        "arrayminus": [value - low],
        "thickness": 1.5,
        "color": GREY,
    }


def forest(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """AUC of all models of a side with DeLong's interval; below them the best, corrected for the choice."""
    names = list(reversed(judged.models(cohort)))
    values = [judged.stored(cohort, name) for name in names]
    labels = [
        f"{branch_name(name)} {model_name(name)}" + (" ◆" if name == judged.chosen else "") for name in names
    ]
    figure = go.Figure()
    _estimates(
        figure,
        labels,
        [(v["auc"], v["auc_low"], v["auc_high"]) for v in values],
        "DeLong",
        colour=[PALETTE[1] if name == judged.chosen else PALETTE[0] for name in names],
        symbol=["diamond" if name == judged.chosen else "circle" for name in names],
    )
    selection = judged.evaluations[cohort].results.get("selection")
    if selection:
        n = len(selection.get("names") or judged.fused(cohort))
        label = _("best, corrected for choosing among %(n)d") % {"n": n}
        bounds = [(selection["corrected"], selection["low"], selection["high"])]
        _estimates(
            figure, [label], bounds, _("bootstrap, out of bag"), colour=[PALETTE[2]], symbol=["square"]
        )
        figure.update_yaxes(categoryorder="array", categoryarray=[label, *labels])
    figure.add_vline(x=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    # xgettext:no-python-format
    title = _("AUC with DeLong 95 % interval")
    low = min([0.35, *(v["auc_low"] for v in values)])
    figure.update_xaxes(title=title, range=[max(-0.02, low - 0.03), 1.02])
    return finished(figure, height=110 + 22 * len(names), legend_below=True)


def _estimates(figure: go.Figure, labels, bounds, name: str, *, colour, symbol) -> None:
    figure.add_scatter(
        x=[value for value, _low, _high in bounds],
        y=labels,
        mode="markers",
        name=name,
        marker={"size": 9, "color": colour, "symbol": symbol},
        error_x={
            "type": "data",
            "array": [high - value for value, _low, high in bounds],
            "arrayminus": [value - low for value, low, _high in bounds],
            "thickness": 1.3,
            "color": GREY,
        },
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )


def calibration_plot(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """Smoothed calibration of the model of record with its band, and a histogram of the predictions below."""
    y, p = judged.labels(cohort), judged.probability(cohort)
    figure = go.Figure()
    try:
        curve = calibration_curve(y, p)
        x = curve.predicted.tolist()
        # xgettext:no-python-format
        add_band(figure, x, curve.low.tolist(), curve.high.tolist(), _("95 % band (pointwise Wald)"))
        figure.add_scatter(x=x, y=curve.observed.tolist(), mode="lines", name=_("observed (smoothed)"),
                           line={"color": PALETTE[0], "width": 2})  # fmt: skip
    except InvalidInputError as error:
        add_message(figure, str(error))
    add_diagonal(figure, _("ideal"))
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    for value, name, colour in _outcomes():
        counts = np.histogram(p[y == value], bins=edges)[0]
        figure.add_bar(
            x=((edges[1:] + edges[:-1]) / 2).tolist(), y=counts.tolist(), name=name, yaxis="y2",
            marker={"color": colour, "pattern": {"shape": "/" if value else ""}},
        )  # fmt: skip
    figure.update_layout(barmode="stack", bargap=0.05)
    figure.update_xaxes(title=_("predicted probability"), range=[-0.01, 1.01], anchor="y2")
    figure.update_yaxes(title=_("observed share HER2-positive"), range=[-0.02, 1.02], domain=[0.28, 1])
    figure.update_layout(yaxis2={"title": _("patients"), "domain": [0, 0.2], "anchor": "x"})
    return finished(figure, height=500, legend_below=True)


def decision(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """Net benefit of the model of record against its clinical part, treating all, and treating none."""
    y, figure = judged.labels(cohort), go.Figure()
    x = THRESHOLDS.tolist()
    curve = decision_curve(y, judged.probability(cohort), THRESHOLDS, replicates=BAND_REPLICATES)
    add_band(figure, x, curve.low.tolist(), curve.high.tolist(), _("95 % band (bootstrap)"))
    clinical = judged.clinical_probability(cohort)
    if clinical is not None:
        name, p = clinical
        other = decision_curve(y, p, THRESHOLDS, replicates=BAND_REPLICATES)
        band = _("clinical part, 95 % band (bootstrap)")
        add_band(figure, x, other.low.tolist(), other.high.tolist(), band, BAND_OTHER)
        label = _("clinical part alone (%(name)s)") % {"name": model_name(name)}
        figure.add_scatter(x=x, y=other.net_benefit.tolist(), mode="lines", name=label,
                           line={"color": PALETTE[1], "width": 2, "dash": "dash"})  # fmt: skip
    label = _("model of record (%(name)s)") % {"name": model_name(judged.chosen)}
    figure.add_scatter(x=x, y=curve.net_benefit.tolist(), mode="lines", name=label,
                       line={"color": PALETTE[0], "width": 2})  # fmt: skip
    figure.add_scatter(x=x, y=curve.treat_all.tolist(), mode="lines", name=_("call everybody positive"),
                       line={"color": PALETTE[2], "dash": "dot"})  # fmt: skip
    figure.add_scatter(x=x, y=[0.0] * len(x), mode="lines", name=_("call nobody positive"),
                       line={"color": GREY, "width": 1})  # fmt: skip
    low = min(-0.05, float(curve.low.min()))
    figure.update_xaxes(title=_("threshold probability"))
    figure.update_yaxes(title=_("net benefit"), range=[max(low, -0.2), float(curve.high.max()) + 0.05])
    return finished(figure, height=480, legend_below=True)


def scores(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """Distribution of one model's scores by outcome, with the frozen cut-off."""
    y, score = judged.labels(cohort), judged.scores(cohort, model)
    edges = np.linspace(min(0.0, float(score.min())), max(1.0, float(score.max())), HISTOGRAM_BINS + 1)
    centres = ((edges[1:] + edges[:-1]) / 2).tolist()
    figure = go.Figure()
    for value, name, colour in _outcomes():
        counts = np.histogram(score[y == value], bins=edges)[0]
        pattern = {"shape": "/" if value else ""}
        figure.add_bar(x=centres, y=counts.tolist(), name=name, marker={"color": colour, "pattern": pattern})
    line = {"color": GREY, "dash": "dash"}
    figure.add_vline(x=judged.cutoffs[model], line=line, annotation_text=_("frozen cut-off"))
    figure.update_layout(barmode="overlay", bargap=0.05)
    figure.update_traces(opacity=0.75)
    figure.update_xaxes(title=_("score"))
    figure.update_yaxes(title=_("patients"))
    return finished(figure, height=500, legend_below=True)


def _outcomes() -> tuple[tuple[int, str, str], ...]:
    return (0, _("HER2-negative"), PALETTE[0]), (1, _("HER2-positive"), PALETTE[1])
