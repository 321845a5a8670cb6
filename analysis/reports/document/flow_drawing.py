"""The flow of patients as a picture: who was registered, left out and why, learned from, and judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.reports.document.facts import Counts, Patients, Side
from analysis.reports.document.svg import FAINT, svg_of, text_at
from analysis.reports.temporal import TemporalTest
from studies.rules.eligibility import BY_CODE, Kind

WIDTH, BOX, GAP = 640, 250, 26
LINE, PAD = 16, 9
LEFT, RIGHT = 10, WIDTH - BOX - 10
EDGE = f' stroke="{FAINT}" stroke-width="1"'


@dataclass(frozen=True, slots=True)
class Box:
    """A box at a place; the first line is bold."""

    x: float
    y: float
    lines: Sequence[str]

    @property
    def height(self) -> float:
        """In pixels."""
        return LINE * len(self.lines) + 2 * PAD - 3

    @property
    def bottom(self) -> float:
        """Lower edge, in pixels."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Horizontal centre, in pixels."""
        return self.x + BOX / 2

    def drawn(self) -> str:
        """The box and its lines."""
        shape = f'x="{self.x:g}" y="{self.y:g}" width="{BOX}" height="{self.height:g}" rx="3"'
        words = [
            text_at(self.x + PAD, self.y + PAD + 11 + LINE * number, line, bold=number == 0)
            for number, line in enumerate(self.lines)
        ]
        return f'<rect {shape} fill="none"{EDGE}/>' + "".join(words)


def draw_flow(patients: Patients) -> str:
    """The whole diagram."""
    middle = (WIDTH - BOX) / 2
    first = Box(LEFT, 10, [_("Registered: %s") % _n(patients.registered), *_sites(patients)])
    parts, top = [first.drawn()], first.bottom
    if patients.outside:
        lines = [*reason_lines(patients.outside), *_criteria(patients.excluded_by)]
        out = Box(RIGHT, 10, [_("On no side of the split: %d") % sum(patients.outside.values()), *lines])
        across = first.y + min(first.height, out.height) / 2
        parts += [out.drawn(), _arrow(first.x + BOX, across, out.x, across)]
        top = max(top, out.bottom)
    temporal = patients.temporal
    assigned = patients.training.assigned + patients.test.assigned + (temporal.assigned if temporal else 0)
    split = Box(middle, top + GAP, [_("Assigned to a side: %d") % assigned])
    parts += [split.drawn(), _elbow(first.middle, first.bottom, split.middle, split.y)]
    columns = [
        _column(LEFT, split, _("Training side"), patients.training, _("Learned from: %d")),
        _column(RIGHT, split, _("Test side"), patients.test, _("Judged: %d")),
    ]
    parts += [part for column, _bottom in columns for part in column]
    lowest = max(bottom for _parts, bottom in columns)
    if temporal is not None:
        below = Box(middle, lowest + GAP, temporal_lines(temporal))
        parts += [below.drawn(), _arrow(split.middle, split.bottom, below.middle, below.y)]
        lowest = below.bottom
    height = lowest + 10
    return svg_of(
        WIDTH,
        height,
        parts,
        _("Flow of patients"),
        _("Boxes from registered patients to both sides of the split."),
    )


def temporal_lines(found: TemporalTest) -> list[str]:
    """The temporal test in a box: who is on it, and what its looks opened."""
    lines = [_("Temporal test, after the seal: %d") % found.assigned]
    if found.judged is None or found.events is None:
        return [*lines, _("HER2 classes: sealed until a look")]
    lines.append(_("Judged: %d") % found.judged)
    lines.append(_("of them HER2-positive: %d") % found.events)
    return [*lines, _("joined since: %d") % found.later] if found.later else lines


def reason_lines(reasons: Counts) -> list[str]:
    """Each reason with its count, the most frequent first."""
    ordered = sorted(reasons.items(), key=lambda item: -item[1])
    return [f"{reason_words()[reason]}: {n}" for reason, n in ordered]


def reason_words() -> dict[str, str]:
    """Why a patient is left out, in words."""
    return {
        "not_eligible": _("not eligible"),
        "no_label": _("no final HER2 label"),
        "no_cine": _("no cine"),
        "no_lesion": _("no lesion seen in the cine"),
        "no_features": _("features missing or stale"),
        "not_compliant": _("cine not compliant"),
        "dates": _("dates out of order"),
        "other": _("not yet drawn"),
    }


def _column(x: float, above: Box, title: str, side: Side, used: str) -> tuple[list[str], float]:
    box = Box(x, above.bottom + GAP, [f"{title}: {side.assigned}", *_classes(side)])
    parts, last = [box.drawn(), _elbow(above.middle, above.bottom, box.middle, box.y)], box
    if side.left_out:
        left = Box(
            x,
            last.bottom + GAP,
            [_("Left out: %d") % sum(side.left_out.values()), *reason_lines(side.left_out)],
        )
        parts += [left.drawn(), _arrow(last.middle, last.bottom, left.middle, left.y)]
        last = left
    words = _("Nobody has looked yet") if side.used is None else used % side.used
    end = Box(x, last.bottom + GAP, [words])
    parts += [end.drawn(), _arrow(last.middle, last.bottom, end.middle, end.y)]
    return parts, end.bottom


def _criteria(excluded_by: Counts) -> list[str]:
    """How many patients each criterion of the protocol excludes first, by its letter in the protocol."""
    words = {Kind.INCLUSION: _("inclusion (%s)"), Kind.EXCLUSION: _("exclusion (%s)")}
    return [
        f"  {words[BY_CODE[code].kind] % BY_CODE[code].letter}: {n}"
        for code, n in sorted(excluded_by.items())
    ]


def _classes(side: Side) -> list[str]:
    if side.positive is None:
        return [_("HER2 classes: sealed until a look")]
    lines = [_("HER2-positive: %d") % side.positive, _("HER2-negative: %d") % (side.negative or 0)]
    return [*lines, _("no final HER2 label: %d") % side.unlabelled] if side.unlabelled else lines


def _sites(patients: Patients) -> list[str]:
    n_sites = len(patients.per_site)
    return [
        ngettext("%d lesion", "%d lesions", patients.lesions) % patients.lesions,
        ngettext("%d site", "%d sites", n_sites) % n_sites,
    ]


def _n(patients: int) -> str:
    return ngettext("%d patient", "%d patients", patients) % patients


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" fill="none"{EDGE}/>' + _head(x1, y1, x2, y2)


def _elbow(x1: float, y1: float, x2: float, y2: float) -> str:
    half = (y1 + y2) / 2
    line = f'<path d="M{x1:g} {y1:g}V{half:g}H{x2:g}V{y2:g}" fill="none"{EDGE}/>'
    return line + _head(x2, half, x2, y2)


def _head(x1: float, y1: float, x2: float, y2: float) -> str:
    """The point of an arrow that goes right or down."""
    corners = f"{x2:g},{y2:g} {x2 - 4:g},{y2 - 7:g} {x2 + 4:g},{y2 - 7:g}"
    if y1 == y2:
        corners = f"{x2:g},{y2:g} {x2 - 7:g},{y2 - 4:g} {x2 - 7:g},{y2 + 4:g}"
    return f'<polygon points="{corners}" fill="{FAINT}"/>'
