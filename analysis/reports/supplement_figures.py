"""Subgroups, the learning curve and the themes of the video classifier, drawn from stored documents."""

from collections.abc import Callable, Mapping
from typing import Any

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from analysis.models import Evaluation, Supplement
from analysis.reports.explanation_words import aspect_name
from analysis.reports.feature_words import static_label
from analysis.reports.plotting import BAND, GREY, PALETTE, add_band, finished
from analysis.reports.supplement_tables import documents_of
from analysis.reports.supplement_words import said

Document = Mapping[str, Any]
Kind, OOF = Supplement.Kind, str(Evaluation.Cohort.OUT_OF_FOLD)
CLEAR_DIRECTION = 0.3
"""A rank correlation below this says neither more nor less."""
MOST_THEMES = 15


def stored(kind: str, draw: Callable[[Document], dict[str, Any] | None]) -> Callable[[Any], Any]:
    """A figure of a further analysis: of the side asked for, else out of fold; None where there is none."""

    def drawn(scene: Any) -> dict[str, Any] | None:
        found = documents_of(scene)
        document = found.get((kind, scene.cohort)) or found.get((kind, OOF))
        return draw(document) if document and not document.get("reason") else None

    return drawn


def subgroups(document: Document) -> dict[str, Any] | None:
    """AUC of every subgroup with DeLong's interval; hollow grey ones hold fewer than 20 patients."""
    rows = [
        (f"{said(family['group'])}: {said(level['name'])} ({level['n']})", level)
        for family in document["families"]
        for level in family["levels"]
        if level["evaluation"]
    ]
    rows.reverse()
    figure = go.Figure()
    for small, name in ((False, _("20 patients or more")), (True, _("fewer than 20"))):
        chosen = [(label, level["evaluation"]) for label, level in rows if level["small"] is small]
        figure.add_scatter(
            x=[judged["auc"] for _label, judged in chosen],
            y=[label for label, _judged in chosen],
            mode="markers",
            name=name,
            marker={
                "size": 9,
                "color": GREY if small else PALETTE[0],
                "symbol": "circle-open" if small else "circle",
            },
            error_x={
                "type": "data",
                "array": [judged["auc_high"] - judged["auc"] for _label, judged in chosen],
                "arrayminus": [judged["auc"] - judged["auc_low"] for _label, judged in chosen],
                "thickness": 1.2,
                "color": GREY,
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    figure.update_yaxes(categoryorder="array", categoryarray=[label for label, _level in rows])
    figure.add_vline(x=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    # xgettext:no-python-format
    title = _("AUC with DeLong 95 % interval")
    figure.update_xaxes(title=title, range=[-0.02, 1.02])
    return finished(figure, height=130 + 24 * len(rows), legend_below=True) if rows else None


def learning_curve(document: Document) -> dict[str, Any]:
    """AUC out of fold against the number of patients learned from."""
    points = document["points"]
    x = [point["n"] for point in points]
    figure = go.Figure()
    # xgettext:no-python-format
    band = _("95 % interval (DeLong)")
    add_band(figure, x, [p["low"] for p in points], [p["high"] for p in points], band, BAND)
    figure.add_scatter(
        x=x,
        y=[point["auc"] for point in points],
        mode="lines+markers",
        name=_("AUC out of fold"),
        line={"color": PALETTE[0], "width": 2},
        marker={"size": 8},
    )
    figure.add_hline(y=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(title=_("patients learned from"), rangemode="tozero")
    figure.update_yaxes(title="AUC", range=[0.2, 1.02])
    return finished(figure, legend_below=True)


def influence(document: Document) -> dict[str, Any] | None:
    """Themes of the video part of record by their share of its influence, coloured by direction."""
    themes = list(reversed(document["models"][0]["themes"][:MOST_THEMES]))
    if not themes:
        return None
    figure = go.Figure(
        go.Bar(
            x=[100 * theme["influence"] for theme in themes],
            y=[f"{static_label(theme['texture'])}: {aspect_name(theme['aspect'])}" for theme in themes],
            orientation="h",
            name=_("share of the influence"),
            marker={"color": [_colour(theme["direction"]) for theme in themes]},
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        )
    )
    figure.update_xaxes(title=_("share of the influence (%)"), rangemode="tozero")
    return finished(figure, height=120 + 26 * len(themes))


def _colour(direction: float | None) -> str:
    if direction is None or abs(direction) < CLEAR_DIRECTION:
        return GREY
    return PALETTE[1] if direction > 0 else PALETTE[0]
