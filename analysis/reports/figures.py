"""Figures as Plotly JSON, drawn from stored rows only. Colours come from the page, so that themes work."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from django.utils.translation import gettext as _

from analysis.models import Evaluation
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.metrics import calibration_curve, decision_curve, roc_curve
from analysis.reports.model_tables import COHORT_ORDER, cohort_label, model_name

DASHES = {
    Evaluation.Cohort.APPARENT: "dot",
    Evaluation.Cohort.OUT_OF_FOLD: "dash",
    Evaluation.Cohort.TEST: "solid",
}
# Okabe and Ito's palette: told apart by people with any colour vision.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BAND = "rgba(0,114,178,.18)"
DECISION_REPLICATES = 500
HISTOGRAM_BINS = 20

Evaluations = dict[str, Evaluation]


def roc(evaluations: Evaluations, model: str) -> dict[str, Any]:
    """ROC of one model on every side, with the frozen operating point marked."""
    figure = go.Figure()
    for number, cohort in enumerate(c for c in COHORT_ORDER if c in evaluations):
        row = evaluations[cohort]
        y, score = np.array(row.predictions["labels"]), np.array(row.predictions["scores"][model])
        curve = roc_curve(y, score)
        stored = row.results["evaluations"][model]
        interval = f"[{stored['auc_low']:.3f}, {stored['auc_high']:.3f}]"
        name = f"{cohort_label(cohort)}: AUC {stored['auc']:.3f} {interval}"
        colour = PALETTE[number]
        figure.add_scatter(
            x=curve.false_positive_rate.tolist(),
            y=curve.true_positive_rate.tolist(),
            mode="lines",
            name=name,
            line={"color": colour, "dash": DASHES[cohort], "width": 2, "shape": "hv"},
        )
        called = score >= stored["cutoff"]
        figure.add_scatter(
            x=[float(called[y == 0].mean())],
            y=[float(called[y == 1].mean())],
            mode="markers",
            showlegend=False,
            name=_("frozen cut-off"),
            marker={"color": colour, "size": 11, "symbol": "diamond", "line": {"width": 1, "color": "#fff"}},
        )
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", showlegend=False, hoverinfo="skip",
                       line={"color": "#888", "width": 1, "dash": "dot"})  # fmt: skip
    figure.update_xaxes(title=_("1 − specificity"), range=[-0.01, 1.01], constrain="domain")
    figure.update_yaxes(title=_("sensitivity"), range=[-0.01, 1.01], scaleanchor="x")
    return _finished(figure, legend_inside=True)


def forest(evaluations: Evaluations, cohort: str, chosen: str) -> dict[str, Any]:
    """AUC of all models of a side with DeLong's interval; the chosen one is marked."""
    row = evaluations[cohort]
    stored = row.results["evaluations"]
    names = list(reversed(list(stored)))
    values = [stored[name] for name in names]
    labels = [_branch(name) + " " + model_name(name) + (" ◆" if name == chosen else "") for name in names]
    figure = go.Figure(
        go.Scatter(
            x=[v["auc"] for v in values],
            y=labels,
            mode="markers",
            marker={
                "size": 9,
                "color": [PALETTE[1] if name == chosen else PALETTE[0] for name in names],
                "symbol": ["diamond" if name == chosen else "circle" for name in names],
            },
            error_x={
                "type": "data",
                "array": [v["auc_high"] - v["auc"] for v in values],
                "arrayminus": [v["auc"] - v["auc_low"] for v in values],
                "thickness": 1.3,
                "color": "#888",
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    figure.add_vline(x=0.5, line={"color": "#888", "width": 1, "dash": "dot"})
    # xgettext:no-python-format
    title = _("AUC with DeLong 95 % interval")
    figure.update_xaxes(title=title, range=[0.2, 1.02])
    return _finished(figure, height=620)


def calibration_plot(evaluations: Evaluations, cohort: str) -> dict[str, Any]:
    """Smoothed calibration of the chosen model's recalibrated probability, with the predictions below."""
    row = evaluations[cohort]
    y, p = np.array(row.predictions["labels"]), np.array(row.predictions["probability"])
    figure = go.Figure()
    try:
        curve = calibration_curve(y, p)
        figure.add_scatter(x=curve.predicted.tolist(), y=curve.high.tolist(), mode="lines",
                           line={"width": 0}, showlegend=False, hoverinfo="skip")  # fmt: skip
        figure.add_scatter(x=curve.predicted.tolist(), y=curve.low.tolist(), mode="lines", fill="tonexty",
                           line={"width": 0}, fillcolor=BAND, name=_("95 % band"))  # fmt: skip
        figure.add_scatter(x=curve.predicted.tolist(), y=curve.observed.tolist(), mode="lines",
                           line={"color": PALETTE[0], "width": 2}, name=_("observed (smoothed)"))  # fmt: skip
    except InvalidInputError as error:
        figure.add_annotation(text=str(error), showarrow=False, x=0.5, y=0.5)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name=_("ideal"),
                       line={"color": "#888", "width": 1, "dash": "dot"})  # fmt: skip
    figure.add_scatter(x=p.tolist(), y=np.where(y == 1, 1.02, -0.02).tolist(), mode="markers",
                       marker={"symbol": "line-ns-open", "size": 7, "color": PALETTE[1]},
                       name=_("patients"), hoverinfo="skip")  # fmt: skip
    figure.update_xaxes(title=_("predicted probability"), range=[-0.02, 1.02])
    figure.update_yaxes(title=_("observed share HER2-positive"), range=[-0.05, 1.05])
    return _finished(figure, legend_inside=True)


def decision(evaluations: Evaluations, cohort: str) -> dict[str, Any]:
    """Net benefit of the chosen model against treating all and none."""
    row = evaluations[cohort]
    y, p = np.array(row.predictions["labels"]), np.array(row.predictions["probability"])
    threshold = np.linspace(0.02, 0.8, 79)
    curve = decision_curve(y, p, threshold, replicates=DECISION_REPLICATES)
    figure = go.Figure()
    x = threshold.tolist()
    figure.add_scatter(
        x=x, y=curve.high.tolist(), mode="lines", line={"width": 0}, showlegend=False, hoverinfo="skip"
    )
    figure.add_scatter(x=x, y=curve.low.tolist(), mode="lines", fill="tonexty", line={"width": 0},
                       fillcolor=BAND, name=_("95 % band (bootstrap)"))  # fmt: skip
    figure.add_scatter(x=x, y=curve.net_benefit.tolist(), mode="lines", name=_("model"),
                       line={"color": PALETTE[0], "width": 2})  # fmt: skip
    figure.add_scatter(x=x, y=curve.treat_all.tolist(), mode="lines", name=_("call everybody positive"),
                       line={"color": PALETTE[1], "dash": "dash"})  # fmt: skip
    figure.add_hline(y=0, line={"color": "#888", "width": 1})
    low = min(-0.05, float(curve.low.min()))
    figure.update_xaxes(title=_("threshold probability"))
    figure.update_yaxes(title=_("net benefit"), range=[max(low, -0.2), float(curve.high.max()) + 0.05])
    return _finished(figure, legend_inside=True)


def scores(evaluations: Evaluations, cohort: str, cutoff: float, model: str) -> dict[str, Any]:
    """Distribution of the chosen model's scores by outcome, with the frozen cut-off."""
    row = evaluations[cohort]
    y, score = np.array(row.predictions["labels"]), np.array(row.predictions["scores"][model])
    edges = np.linspace(min(0.0, float(score.min())), max(1.0, float(score.max())), HISTOGRAM_BINS + 1)
    centres = ((edges[1:] + edges[:-1]) / 2).tolist()
    figure = go.Figure()
    for value, name, colour in ((0, _("HER2-negative"), PALETTE[0]), (1, _("HER2-positive"), PALETTE[1])):
        counts = np.histogram(score[y == value], bins=edges)[0]
        pattern = {"shape": "/" if value else ""}
        figure.add_bar(x=centres, y=counts.tolist(), name=name, marker={"color": colour, "pattern": pattern})
    figure.add_vline(x=cutoff, line={"color": "#888", "dash": "dash"}, annotation_text=_("frozen cut-off"))
    figure.update_layout(barmode="overlay", bargap=0.05)
    figure.update_traces(opacity=0.75)
    figure.update_xaxes(title=_("fused score"))
    figure.update_yaxes(title=_("patients"))
    return _finished(figure, legend_inside=True)


def _branch(model: str) -> str:
    return {"video": _("video"), "clinical": _("clinical"), "fused": _("fused")}[model.split(":")[0]]


def _finished(figure: go.Figure, *, height: int = 420, legend_inside: bool = False) -> dict[str, Any]:
    """Give a figure its size; colours of paper, grid and text are set in the browser by theme."""
    figure.update_layout(
        template=None, height=height, margin={"l": 60, "r": 16, "t": 16, "b": 48}, hovermode="closest"
    )
    if legend_inside:
        figure.update_layout(legend={"orientation": "h", "y": -0.2, "x": 0})
    figure.update_xaxes(zeroline=False, automargin=True)
    figure.update_yaxes(zeroline=False, automargin=True)
    return figure.to_plotly_json()
