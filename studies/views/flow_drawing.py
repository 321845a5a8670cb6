"""The recruitment flow as shapes with places: what the SVG template draws, in pixels.

The figure is that of the paper: examined, then included, then the two sides with their labels; who leaves
the study stands to the right, one line a criterion. A box that the viewer does not have is not drawn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studies.rules.recruitment import FlowBox

WIDTH = 1040
MARGIN, GAP = 14, 34
LINE_HEIGHT, PADDING = 18, 10
MAIN_WIDTH, OUT_X = 330, 430
NARROWEST = 90
"""Pixels; in a narrower box the word "negative" would not fit."""
SIDES = ("training", "test", "temporal", "unassigned")
NARROW_PX, WIDE_PX = 7.1, 13.5
"""Rough widths of a Latin and a Chinese character at 13 px: lines break a little early, never late."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text inside a shape; y is its baseline."""

    text: str
    x: float
    y: float
    is_title: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle with its lines; `key` names the patients behind it."""

    key: str
    title: str
    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...]
    kind: str = "box"
    count: int = 0


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line from one place to the next, through corners."""

    points: str


@dataclass(slots=True)
class Drawing:
    """Everything that the template needs."""

    width: int = WIDTH
    height: float = 0.0
    shapes: list[Shape] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    captions: list[Text] = field(default_factory=list)


def drawing_of(boxes: Sequence[FlowBox], captions: Iterable[str] = ()) -> Drawing:
    """Place every box of the flow; captions stand below."""
    by_key = {box.key: box for box in boxes}
    drawing = Drawing()
    examined = _box(by_key["examined"], MARGIN, MARGIN, MAIN_WIDTH, lesions=True)
    excluded = _excluded(by_key["excluded"], [box for box in boxes if box.parent == "excluded"])
    undecided = _box(
        by_key["undecided"], OUT_X, excluded[0].y + excluded[0].height + 14, WIDTH - OUT_X - MARGIN
    )
    below = undecided.y + undecided.height + GAP
    included = _box(by_key["included"], MARGIN, below, MAIN_WIDTH, lesions=True)
    drawing.shapes += [examined, *excluded, undecided, included]
    drawing.arrows += [
        _down(examined, included),
        _branch(examined, excluded[0]),
        _branch(examined, undecided),
    ]
    bottom = _sides(drawing, by_key, boxes, included)
    for caption in captions:
        bottom += LINE_HEIGHT
        drawing.captions.append(Text(caption, MARGIN, bottom))
    drawing.height = bottom + MARGIN
    return drawing


def _sides(drawing: Drawing, by_key: dict[str, FlowBox], boxes: Sequence[FlowBox], included: Shape) -> float:
    """The sides below the included, each with its labels below it; return where they end."""
    shown = [
        by_key[key]
        for key in SIDES
        if by_key[key].count
        or key in ("training", "test")
        or (key == "unassigned" and not _has_split(by_key))
    ]
    width = (WIDTH - 2 * MARGIN - GAP * (len(shown) - 1)) / len(shown)
    top = included.y + included.height + GAP + 8
    bottom = top
    for place, side in enumerate(shown):
        x = MARGIN + place * (width + GAP)
        shape = _box(side, x, top, width)
        drawing.shapes.append(shape)
        drawing.arrows.append(_down(included, shape))
        bottom = max(bottom, shape.y + shape.height)
        parts = [box for box in boxes if box.parent == side.key]
        bottom = max(bottom, _labels(drawing, shape, parts))
    return bottom


def _has_split(by_key: dict[str, FlowBox]) -> bool:
    return bool(by_key["training"].count or by_key["test"].count)


def _labels(drawing: Drawing, side: Shape, parts: Sequence[FlowBox]) -> float:
    """The labels of one side next to each other, or below each other where the side is narrow.

    "No label yet" without patients is left out.
    """
    shown = [box for box in parts if box.count or not box.key.endswith("unlabelled")]
    if not shown:
        return 0.0
    gap = 10
    width = (side.width - gap * (len(shown) - 1)) / len(shown)
    top = side.y + side.height + GAP
    bottom = 0.0
    stacked = width < NARROWEST
    for place, box in enumerate(shown):
        if stacked:
            shape = _box(box, side.x, max(top, bottom + 6), side.width)
        else:
            shape = _box(box, side.x + place * (width + gap), top, width)
        drawing.shapes.append(shape)
        if not stacked or place == 0:
            drawing.arrows.append(_down(side, shape))
        bottom = max(bottom, shape.y + shape.height)
    return bottom


def _excluded(box: FlowBox, parts: Sequence[FlowBox]) -> list[Shape]:
    """The box of the excluded, and inside it one line a criterion."""
    width = WIDTH - OUT_X - MARGIN
    top = MARGIN
    head = [Text(_titled(box), OUT_X + PADDING, top + PADDING + 12, is_title=True)]
    y = top + PADDING + LINE_HEIGHT + 4
    rows = []
    for part in parts:
        title = part.title.translated(_)
        lines = _wrapped(f"{title} ({_n(part.count)})", width - 2 * PADDING - 16)
        height = LINE_HEIGHT * len(lines) + 2
        texts = tuple(
            Text(line, OUT_X + PADDING + 8, y + 13 + LINE_HEIGHT * i) for i, line in enumerate(lines)
        )
        rows.append(Shape(part.key, title, OUT_X + 6, y, width - 12, height, texts, "row", part.count))
        y += height
    outer = Shape(
        box.key, box.title.translated(_), OUT_X, top, width, y - top + PADDING, tuple(head), "out", box.count
    )
    return [outer, *rows]


def _box(box: FlowBox, x: float, y: float, width: float, *, lesions: bool = False) -> Shape:
    title = box.title.translated(_)
    lines = [(line, True) for line in _wrapped(title, width - 2 * PADDING)]
    counted = ngettext("%(n)d patient", "%(n)d patients", box.count) % {"n": box.count}
    if lesions:
        counted += ", " + ngettext("%(n)d lesion", "%(n)d lesions", box.lesions) % {"n": box.lesions}
    lines += [(line, False) for line in _wrapped(counted, width - 2 * PADDING)]
    texts = tuple(
        Text(line, x + PADDING, y + PADDING + 12 + LINE_HEIGHT * place, is_title)
        for place, (line, is_title) in enumerate(lines)
    )
    height = 2 * PADDING + LINE_HEIGHT * len(lines)
    kind = "open" if box.key == "undecided" else "box"
    return Shape(box.key, title, x, y, width, height, texts, kind, box.count)


def _titled(box: FlowBox) -> str:
    return f"{box.title.translated(_)} ({_n(box.count)})"


def _n(count: int) -> str:
    return f"n = {count}"


def _down(upper: Shape, lower: Shape) -> Arrow:
    """From the bottom of one box to the top of another, with a corner where they are not aligned."""
    x1, y1 = upper.x + upper.width / 2, upper.y + upper.height
    x2, y2 = lower.x + lower.width / 2, lower.y - 1
    middle = y2 - 14
    corners = [(x1, y1), (x2, y2)] if abs(x1 - x2) < 1 else [(x1, y1), (x1, middle), (x2, middle), (x2, y2)]
    return _arrow(corners)


def _branch(main: Shape, out: Shape) -> Arrow:
    """From the line below the examined to a box on the right."""
    x = main.x + main.width / 2
    y = max(main.y + main.height + 10, out.y + 24)
    return _arrow([(x, y), (out.x - 1, y)])


def _arrow(corners: Sequence[tuple[float, float]]) -> Arrow:
    return Arrow(" ".join(f"{x:.1f},{y:.1f}" for x, y in corners))


def _wrapped(text: str, width: float) -> list[str]:
    """Lines no wider than *width* pixels; Chinese breaks anywhere, Latin between words."""
    lines, line, used = [], "", 0.0
    for piece in _pieces(text):
        wide = sum(WIDE_PX if ord(letter) > 0x2E7F else NARROW_PX for letter in piece)
        if line.strip() and used + wide > width and piece.strip():
            lines.append(line.rstrip())
            line, used = "", 0.0
        line, used = line + piece, used + wide
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for letter in text:
        joins = pieces and ord(letter) <= 0x2E7F and not letter.isspace() and not pieces[-1][-1].isspace()
        if joins and ord(pieces[-1][-1]) <= 0x2E7F:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces
