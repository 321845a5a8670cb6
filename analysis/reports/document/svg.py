"""Static plots as SVG text: axes, curves, bands, points and bars, drawn without a browser.

Only presentation attributes are used, no style attribute and no script, so that the same figure stands in a
page under a strict content policy, in a file on its own, and in a PDF.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from math import floor, isfinite, log10
from re import compile as pattern

INK, FAINT, GRID = "#333b42", "#6b7680", "#d9dee2"
FONT = "Noto Sans, Noto Sans CJK SC, Liberation Sans, DejaVu Sans, sans-serif"
FONT_PX, SMALL_PX = 12, 11
TICK_PX = 4
BANNER_MARGIN_PX, BANNER_LINE_PX = 8, 15
WANTED_TICKS = 5
DASHES = {"solid": "", "dash": "7 4", "dot": "2 3", "dashdot": "7 3 2 3"}
LEGEND_LINE_PX, LEGEND_KEY_PX = 17, 26
SIZE = pattern(r'<svg [^>]*?width="([0-9.]+)" height="([0-9.]+)"')
WIDE_FROM = "\u2e80"  # from here on, writing takes a full square

Range = tuple[float, float]


@dataclass(slots=True)
class Plot:
    """One pair of axes. Ranges are in data units; sizes and margins (left, right, top, bottom) in pixels."""

    x_range: Range
    y_range: Range
    x_title: str = ""
    y_title: str = ""
    width: int = 460
    height: int = 340
    margins: tuple[int, int, int, int] = (56, 14, 10, 44)
    parts: list[str] = field(default_factory=list)
    keys: list[tuple[str, str]] = field(default_factory=list)

    def x(self, value: float) -> float:
        """Pixel of a value on the x axis; values outside the range are drawn on its border."""
        low, high = self.x_range
        left, right = self.margins[0], self.width - self.margins[1]
        return left + (right - left) * _share(value, low, high)

    def y(self, value: float) -> float:
        """Pixel of a value on the y axis."""
        low, high = self.y_range
        top, bottom = self.margins[2], self.height - self.margins[3]
        return bottom - (bottom - top) * _share(value, low, high)

    def curve(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        colour: str,
        *,
        name: str = "",
        dash: str = "solid",
        steps: bool = False,
    ) -> None:
        """A line through the points; with `steps` first across, then up."""
        points = list(zip(xs, ys, strict=True))
        if steps:
            points = points[:1] + [
                step for (_x0, y0), (x1, y1) in pairwise(points) for step in ((x1, y0), (x1, y1))
            ]
        path = " ".join(f"{_n(self.x(x))},{_n(self.y(y))}" for x, y in points)
        shape = _stroke(colour, dash, 1.8)
        self.parts.append(f'<polyline points="{path}" fill="none"{shape}/>')
        self._key(name, f'<line x1="0" y1="-4" x2="20" y2="-4"{shape}/>')

    def band(
        self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], colour: str, *, name: str
    ) -> None:
        """A shaded area between two curves."""
        there = list(zip(xs, highs, strict=True))
        back = list(zip(xs, lows, strict=True))[::-1]
        path = " ".join(f"{_n(self.x(x))},{_n(self.y(y))}" for x, y in there + back)
        self.parts.append(f'<polygon points="{path}" fill="{colour}" fill-opacity="0.16"/>')
        self._key(name, f'<rect x="0" y="-9" width="20" height="10" fill="{colour}" fill-opacity="0.16"/>')

    def points(
        self, xs: Sequence[float], ys: Sequence[float], colour: str, *, shape: str = "circle", name: str = ""
    ) -> None:
        """Markers: circle, diamond or tick."""
        self.parts += [_marker(self.x(x), self.y(y), colour, shape) for x, y in zip(xs, ys, strict=True)]
        self._key(name, _marker(10, -4, colour, shape))

    def whiskers(self, y: float, low: float, high: float, colour: str) -> None:
        """A horizontal interval."""
        at = _n(self.y(y))
        line = f'<line x1="{_n(self.x(low))}" y1="{at}" x2="{_n(self.x(high))}" y2="{at}"'
        self.parts.append(line + _stroke(colour, "solid", 1.2) + "/>")

    def bars(
        self, edges: Sequence[float], counts: Sequence[float], colour: str, *, name: str, filled: bool
    ) -> None:
        """A histogram; `filled` or in outline, so that two stay apart without colour."""
        shape = f' fill="{colour}" fill-opacity="{0.45 if filled else 0}"{_stroke(colour, "solid", 1.4)}'
        base = self.y(0)
        for (left, right), count in zip(pairwise(edges), counts, strict=True):
            if count:
                x, top = self.x(left), self.y(count)
                size = f'width="{_n(self.x(right) - x)}" height="{_n(base - top)}"'
                self.parts.append(f'<rect x="{_n(x)}" y="{_n(top)}" {size}{shape}/>')
        self._key(name, f'<rect x="0" y="-9" width="20" height="10"{shape}/>')

    def across(self, value: float, *, dash: str = "dot") -> None:
        """A horizontal line of reference."""
        at = _n(self.y(value))
        ends = f'x1="{self.margins[0]}" y1="{at}" x2="{self.width - self.margins[1]}" y2="{at}"'
        self.parts.append(f"<line {ends}{_stroke(FAINT, dash, 1)}/>")

    def upright(self, value: float, *, name: str = "", dash: str = "dot") -> None:
        """A vertical line of reference."""
        at = _n(self.x(value))
        ends = f'x1="{at}" y1="{self.margins[2]}" x2="{at}" y2="{self.height - self.margins[3]}"'
        self.parts.append(f"<line {ends}{_stroke(FAINT, dash, 1)}/>")
        self._key(name, f'<line x1="10" y1="-10" x2="10" y2="1"{_stroke(FAINT, dash, 1)}/>')

    def label(self, x: float, y: float, text: str, *, anchor: str = "start", size: int = SMALL_PX) -> None:
        """Text at a place of the data."""
        self.parts.append(text_at(self.x(x), self.y(y), text, anchor=anchor, size=size))

    def drawn(
        self, title: str, description: str, *, y_ticks: Sequence[tuple[float, str]] | None = None
    ) -> str:
        """The figure as SVG. y_ticks: (value, words) instead of numbers."""
        frame = self._axes(y_ticks)
        legend, lines = self._legend()
        height = self.height + lines * LEGEND_LINE_PX
        return svg_of(self.width, height, [*frame, *self.parts, *legend], title, description)

    def _key(self, name: str, picture: str) -> None:
        if name:
            self.keys.append((name, picture))

    def _axes(self, y_ticks: Sequence[tuple[float, str]] | None) -> list[str]:
        left, right, top, bottom = self.margins
        x_end, y_end = self.width - right, self.height - bottom
        found = [f'<path d="M{left} {top}V{y_end}H{x_end}" fill="none"{_stroke(FAINT, "solid", 1)}/>']
        for value in ticks(*self.x_range):
            at = _n(self.x(value))
            found.append(f'<line x1="{at}" y1="{y_end}" x2="{at}" y2="{y_end + TICK_PX}"{_stroke(FAINT)}/>')
            found.append(text_at(self.x(value), y_end + 16, short(value), anchor="middle"))
        named = [(value, short(value)) for value in ticks(*self.y_range)] if y_ticks is None else y_ticks
        for value, words in named:
            at = self.y(value)
            found.append(
                f'<line x1="{left - TICK_PX}" y1="{_n(at)}" x2="{left}" y2="{_n(at)}"{_stroke(FAINT)}/>'
            )
            found.append(text_at(left - TICK_PX - 3, at + 4, words, anchor="end"))
        middle = (left + x_end) / 2
        found.append(text_at(middle, self.height - 8, self.x_title, anchor="middle", size=FONT_PX))
        if self.y_title:
            found.append(_turned(14, (top + y_end) / 2, self.y_title))
        return found

    def _legend(self) -> tuple[list[str], int]:
        """Keys below the axes, as many in a line as fit."""
        found, x, line = [], float(self.margins[0]), 0
        for name, picture in self.keys:
            wide = LEGEND_KEY_PX + text_width(name) + 18
            if x > self.margins[0] and x + wide > self.width:
                x, line = float(self.margins[0]), line + 1
            y = self.height + 12 + line * LEGEND_LINE_PX
            found.append(f'<g transform="translate({_n(x)} {y})">{picture}</g>')
            found.append(text_at(x + LEGEND_KEY_PX, y, name))
            x += wide
        return found, line + 1 if self.keys else 0


def svg_of(width: float, height: float, parts: Sequence[str], title: str, description: str) -> str:
    """Parts in one picture with its title and description for those who do not see it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" width="{_n(width)}" '
        f'height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}" font-family="{FONT}">'
    )
    words = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return head + words + "".join(parts) + "</svg>"


def with_banner(svg: str, banner: str) -> str:
    """A picture of `svg_of` below lines of text that say what it is."""
    found = SIZE.match(svg)
    if found is None:
        raise ValueError("Expected a picture of svg_of, got another.")
    width, height = (float(size) for size in found.groups())
    lines = _wrapped(banner, width - 2 * BANNER_MARGIN_PX)
    top = BANNER_MARGIN_PX + len(lines) * BANNER_LINE_PX
    words = [
        text_at(BANNER_MARGIN_PX, (place + 1) * BANNER_LINE_PX, line, bold=True)
        for place, line in enumerate(lines)
    ]
    inner = svg.replace("<svg ", f'<svg y="{_n(top)}" ', 1)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height + top)}" '
        f'viewBox="0 0 {_n(width)} {_n(height + top)}" font-family="{FONT}">'
    )
    return head + "".join(words) + inner + "</svg>"


def _wrapped(text: str, width: float) -> list[str]:
    """Lines of at most this width, broken between words; characters without spaces stay together."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def text_at(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = SMALL_PX, bold: bool = False
) -> str:
    """One line of text."""
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="{INK}"{weight}>{escape(text)}</text>'


def text_width(text: str, size: int = SMALL_PX) -> float:
    """About how wide a line of text is, in pixels; Chinese characters take a square each."""
    return sum(size if letter >= WIDE_FROM else size * 0.56 for letter in text)


def ticks(low: float, high: float) -> list[float]:
    """Round values inside a range, about five."""
    if not (isfinite(low) and isfinite(high) and high > low):
        raise ValueError(f"expected a range of finite numbers, low before high, got {low} and {high}")
    raw = (high - low) / WANTED_TICKS
    power = 10.0 ** floor(log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = floor(low / step + 1 - 1e-9)
    found = [round(step * k, 10) for k in range(first, first + 2 * WANTED_TICKS + 2)]
    return [value for value in found if low - 1e-9 <= value <= high + 1e-9]


def short(value: float) -> str:
    """A tick's number without needless zeros."""
    return f"{value:.10g}"


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _stroke(colour: str, dash: str = "solid", width: float = 1) -> str:
    lines = f' stroke-dasharray="{DASHES[dash]}"' if DASHES[dash] else ""
    return f' stroke="{colour}" stroke-width="{width}"{lines}'


def _marker(x: float, y: float, colour: str, shape: str) -> str:
    if shape == "diamond":
        corners = f"{_n(x - 5)},{_n(y)} {_n(x)},{_n(y - 5)} {_n(x + 5)},{_n(y)} {_n(x)},{_n(y + 5)}"
        return f'<polygon points="{corners}" fill="{colour}" stroke="#ffffff" stroke-width="0.8"/>'
    if shape == "tick":
        return f'<line x1="{_n(x)}" y1="{_n(y - 4)}" x2="{_n(x)}" y2="{_n(y + 4)}"{_stroke(colour)}/>'
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3.4" fill="{colour}"/>'


def _turned(x: float, y: float, text: str) -> str:
    place = f'transform="translate({_n(x)} {_n(y)}) rotate(-90)" text-anchor="middle" font-size="{FONT_PX}"'
    return f'<text {place} fill="{INK}">{escape(text)}</text>'
