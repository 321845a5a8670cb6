"""What all figures share. Colours of paper, grid and text are set in the browser, so that themes work."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

# Okabe and Ito's palette: told apart by people with any colour vision.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#888888"
BAND = "rgba(0,114,178,.18)"
BAND_OTHER = "rgba(213,94,0,.14)"
DECORATION = "decoration"
"""Meta of a trace that its figure's CSV leaves out."""


def add_band(
    figure: go.Figure,
    x: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    name: str,
    colour: str = BAND,
) -> None:
    """Add a band between two lines; its CSV holds the two as series."""
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(x=list(x), y=list(high), showlegend=False, name=f"{name}, high", **edge)
    figure.add_scatter(x=list(x), y=list(low), fill="tonexty", fillcolor=colour, name=f"{name}, low", **edge)
    figure.data[-1].update(legendgroup=name)
    figure.data[-1].name = name


def add_diagonal(figure: go.Figure, name: str = "") -> None:
    """Add the line from (0, 0) to (1, 1)."""
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name=name,
        showlegend=bool(name),
        hoverinfo="skip",
        meta=DECORATION,
        line={"color": GREY, "width": 1, "dash": "dot"},
    )


def add_message(figure: go.Figure, text: str) -> None:
    """Say inside a figure why it is empty."""
    figure.add_annotation(text=text, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")


def finished(figure: go.Figure, *, height: int = 420, legend_below: bool = False) -> dict[str, Any]:
    """Give a figure its size and return it as Plotly JSON."""
    figure.update_layout(
        template=None, height=height, margin={"l": 60, "r": 16, "t": 16, "b": 48}, hovermode="closest"
    )
    if legend_below:
        place = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
        figure.update_layout(legend=place)
    figure.update_xaxes(zeroline=False, automargin=True)
    figure.update_yaxes(zeroline=False, automargin=True)
    return figure.to_plotly_json()
