"""Models against each other: all ROC curves, and the paper's Figure 6 beside the valid tests."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analysis.pipeline.as_published import paper_resample_matrix
from analysis.pipeline.metrics import compare_all, roc_curve
from analysis.reports.judged import Judged
from analysis.reports.model_tables import branch_name, model_name
from analysis.reports.plotting import PALETTE, add_diagonal, finished

BRANCHES = {"video": (PALETTE[0], "dot"), "clinical": (PALETTE[2], "dash"), "fused": (PALETTE[1], "solid")}
THIN, THICK = 1.2, 3.5
# Dark is a small p; the steps stand at .001, .01, .05 and 1, so that small values can be told apart.
P_COLOURS = (
    (0.0, "#08306b"), (0.001, "#08519c"), (0.01, "#4292c6"),
    (0.05, "#9ecae1"), (0.2, "#deebf7"), (1.0, "#f7fbff"),
)  # fmt: skip


def roc_all(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """ROC curves of every model of one side; the model asked for is thick and drawn last."""
    y, figure = judged.labels(cohort), go.Figure()
    for name in sorted(judged.models(cohort), key=lambda other: other == model):
        branch = name.partition(":")[0]
        curve, (colour, dash) = roc_curve(y, judged.scores(cohort, name)), BRANCHES[branch]
        label = f"{branch_name(branch)} {model_name(name)}, {judged.stored(cohort, name)['auc']:.3f}"
        is_chosen = name == model
        figure.add_scatter(
            x=curve.false_positive_rate.tolist(),
            y=curve.true_positive_rate.tolist(),
            mode="lines",
            name=label + (" ◆" if is_chosen else ""),
            opacity=1.0 if is_chosen else 0.6,
            line={"color": colour, "dash": dash, "width": THICK if is_chosen else THIN, "shape": "hv"},
        )
    add_diagonal(figure)
    figure.update_xaxes(title=_("1 − specificity"), range=[-0.01, 1.01], constrain="domain")
    figure.update_yaxes(title=_("sensitivity"), range=[-0.01, 1.01], scaleanchor="x", constrain="domain")
    figure.update_layout(legend={"traceorder": "reversed", "font": {"size": 11}})
    return finished(figure, height=560)


def pairs_auc(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """Paired DeLong of all fused models."""
    return _heat_map(judged, cohort, _valid(judged, cohort).auc)


def pairs_accuracy(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """McNemar's exact test of all fused models at their frozen cut-offs."""
    return _heat_map(judged, cohort, _valid(judged, cohort).accuracy)


def pairs_youden(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """Exact paired permutation test of the Youden indices at the frozen cut-offs."""
    return _heat_map(judged, cohort, _valid(judged, cohort).youden)


def published_auc(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """The paper's Figure 6, AUC."""
    return _heat_map(judged, cohort, _published(judged, cohort, "AUC"))


def published_accuracy(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """The paper's Figure 6, accuracy."""
    return _heat_map(judged, cohort, _published(judged, cohort, "ACC"))


def published_youden(judged: Judged, cohort: str, model: str) -> dict[str, Any]:
    """The paper's Figure 6, Youden index."""
    return _heat_map(judged, cohort, _published(judged, cohort, "YI"))


def _valid(judged: Judged, cohort: str):
    names = judged.fused(cohort)
    scores = {name: judged.scores(cohort, name) for name in names}
    return compare_all(judged.labels(cohort), scores, judged.cutoffs)


def _published(judged: Judged, cohort: str, metric: str) -> NDArray[np.float64]:
    scores = {name: judged.scores(cohort, name) for name in judged.fused(cohort)}
    return paper_resample_matrix(judged.labels(cohort), scores, metric, cutoffs=judged.cutoffs)


def _heat_map(judged: Judged, cohort: str, p: NDArray[np.float64]) -> dict[str, Any]:
    names = [model_name(name) + (" ◆" if name == judged.chosen else "") for name in judged.fused(cohort)]
    values = [[None if np.isnan(cell) else float(cell) for cell in row] for row in p]
    figure = go.Figure(
        go.Heatmap(
            x=names,
            y=names,
            z=values,
            name="p",
            text=[["" if cell is None else p_text(cell) for cell in row] for row in values],
            texttemplate="%{text}",
            textfont={"size": 9},
            hovertemplate="%{y} – %{x}: p = %{z:.2g}<extra></extra>",
            hoverongaps=False,
            zmin=0,
            zmax=1,
            colorscale=[list(step) for step in P_COLOURS],
            showscale=False,
            xgap=1,
            ygap=1,
        )
    )
    figure.update_xaxes(tickangle=-50, tickfont={"size": 10}, showgrid=False, constrain="domain")
    figure.update_yaxes(tickfont={"size": 10}, autorange="reversed", showgrid=False, scaleanchor="x")
    return finished(figure, height=640)


def p_text(p: float) -> str:
    """A p-value in two places; smaller ones as a bound."""
    if p < 0.001:
        return "<.001"
    return f"{p:.3f}".lstrip("0") if p < 0.01 else f"{p:.2f}".lstrip("0")
