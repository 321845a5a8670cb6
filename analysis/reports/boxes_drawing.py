"""Boxes and arrows as a Plotly figure, so that a drawing is saved like every other figure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from analysis.reports.document.svg import WIDE_FROM, text_width
from analysis.reports.plotting import GREY

LINE_PX, PAD_PX, FONT_PX = 18, 10, 12
INDENT_PX = 6
BOLD_WIDER = 1.08
WIDTH, MARGIN = 1200, 4
"""The drawing is so many units wide and scales with the page; its height is in pixels."""
LEAST_PX = 880
"""Lines are broken to fit a drawing of this width; on a narrower page it scrolls (results.css)."""
SCALE = LEAST_PX / (WIDTH + 2 * MARGIN)
PIECES = re.compile(rf"\s+|[{WIDE_FROM}-\U0010ffff]|[^\s{WIDE_FROM}-\U0010ffff]+")
"""What a line may be broken between: spaces, words, and each wide character."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box at its upper left corner; the first line is bold. Lines are broken to its width."""

    x: float
    y: float
    width: float
    lines: Sequence[str]

    @property
    def title(self) -> list[str]:
        """The first line as it is drawn."""
        return broken(self.lines[0], self._room / BOLD_WIDER)

    @property
    def text(self) -> list[str]:
        """The other lines as they are drawn."""
        return [part for line in self.lines[1:] for part in broken(line, self._room)]

    @property
    def _room(self) -> float:
        return self.width * SCALE - 2 * INDENT_PX

    @property
    def height(self) -> float:
        """In pixels."""
        return LINE_PX * len([*self.title, *self.text]) + 2 * PAD_PX

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Horizontal centre."""
        return self.x + self.width / 2

    @property
    def centre(self) -> float:
        """Vertical centre."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a point to a point."""

    x1: float
    y1: float
    x2: float
    y2: float


def broken(line: str, room: float) -> list[str]:
    """The line in parts of at most so many pixels; a word that is wider alone is cut."""
    parts = [""]
    for piece in PIECES.findall(line):
        if text_width((parts[-1] + piece).rstrip(), FONT_PX) <= room:
            parts[-1] += piece
        elif text_width(piece, FONT_PX) <= room:
            parts.append(piece)
        else:
            for letter in piece:
                if text_width(parts[-1] + letter, FONT_PX) > room:
                    parts.append("")
                parts[-1] += letter
    return [part.strip() for part in parts if part.strip()] or [""]


def down(a: Box, b: Box) -> Arrow:
    """From the lower edge of one box to the upper edge of another."""
    return Arrow(a.middle, a.bottom, b.middle, b.y)


def across(a: Box, b: Box) -> Arrow:
    """From the right edge of one box to the left edge of another; level between boxes that begin level."""
    left, right = [min(a.centre, b.centre)] * 2 if a.y == b.y else [a.centre, b.centre]
    return Arrow(a.x + a.width, left, b.x, right)


def drawing(
    boxes: Sequence[Box], arrows: Sequence[Arrow], lines: Sequence[Sequence[object]]
) -> dict[str, Any]:
    """The figure; lines: what its CSV holds, the header first."""
    height = max(box.bottom for box in boxes) + 12
    figure = go.Figure()
    figure.add_scatter(
        x=[0], y=[0], mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False
    )
    for box in boxes:
        corners = {"x0": box.x, "y0": box.y, "x1": box.x + box.width, "y1": box.bottom}
        figure.add_shape(type="rect", line={"color": GREY, "width": 1}, **corners)
        _words(figure, box, box.title, 0, bold=True)
        _words(figure, box, box.text, LINE_PX * len(box.title), bold=False)
    for arrow in arrows:
        figure.add_annotation(
            x=arrow.x2, y=arrow.y2, ax=arrow.x1, ay=arrow.y1, xref="x", yref="y", axref="x", ayref="y",
            text="", showarrow=True, arrowhead=2, arrowwidth=1.2, arrowcolor=GREY,
        )  # fmt: skip
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[-MARGIN, WIDTH + MARGIN], **hidden)
    figure.update_yaxes(range=[height, -MARGIN], **hidden)
    figure.update_layout(
        template=None,
        height=round(height),
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        hovermode=False,
        meta={"lines": [list(line) for line in lines]},
    )
    return figure.to_plotly_json()


def _words(figure: go.Figure, box: Box, lines: Sequence[str], below: float, *, bold: bool) -> None:
    """Lines inside a box; weight is set by the font, since markup would need an inline style."""
    if lines:
        figure.add_annotation(
            x=box.x,
            y=box.y + below,
            text="<br>".join(lines),
            showarrow=False,
            xanchor="left",
            yanchor="top",
            xshift=INDENT_PX,
            yshift=4 - PAD_PX,
            align="left",
            font={"size": FONT_PX, "weight": 700 if bold else 400},
        )
