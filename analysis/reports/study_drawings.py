"""The study at hand drawn as the paper draws its own: recruitment, pipeline, HER2 status by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from analysis.models import Evaluation, FeatureSet
from analysis.reports.boxes_drawing import Arrow, Box, across, down, drawing
from analysis.reports.document.facts import Patients, Side
from analysis.reports.document.flow_drawing import reason_lines, temporal_lines
from analysis.reports.document.gather_images import features_in_use
from analysis.reports.document.gather_patients import Case, cases_of_study, gather_patients
from analysis.reports.judged import Judged
from analysis.reports.model_tables import model_name
from analysis.reports.plotting import PALETTE, finished
from analysis.reports.sample_size import test_side_is_hidden
from analysis.selectors import PEOPLE, active_ensemble, evaluations_for
from studies.models import Clip, Membership, Study, Track

COLUMN, GAP = 370, 30
STEP, STEP_GAP = 176, 28
HATCHES = {"ISH+": "x", "2+ISH+": "\\", "3+": "/"}
SIDES = (Membership.Side.TRAINING, Membership.Side.TEST)


def flow(study: Study, *, viewer: User) -> dict[str, Any]:
    """Who was registered, left out and why, learned from and judged (the paper's Figure 3)."""
    version = active_ensemble(study)
    rows = evaluations_for(version, viewer=viewer).order_by("created_at") if version else ()
    evaluations = {row.cohort: row for row in rows}
    opened = study.looks.exists()
    patients = gather_patients(study, cases_of_study(study), version, evaluations, opened=opened)
    boxes, arrows = _flow_boxes(patients)
    lines: list[Sequence[object]] = [["box", "line"]]
    lines += [[box.lines[0], line] for box in boxes for line in box.lines]
    return drawing(boxes, arrows, lines)


def _flow_boxes(patients: Patients) -> tuple[list[Box], list[Arrow]]:
    middle = (1200 - COLUMN) / 2
    first = Box(
        middle,
        6,
        COLUMN,
        [_("Registered: %d") % patients.registered, _("%(n)d lesions") % {"n": patients.lesions}],
    )
    boxes, arrows, top = [first], [], first.bottom
    if patients.outside:
        words = [_("On no side of the split: %d") % sum(patients.outside.values())]
        out = Box(1200 - COLUMN, 6, COLUMN, [*words, *reason_lines(patients.outside)])
        boxes.append(out)
        level = first.centre
        arrows.append(Arrow(first.x + COLUMN, level, out.x, level))
        top = max(top, out.bottom)
    temporal = patients.temporal
    assigned = patients.training.assigned + patients.test.assigned + (temporal.assigned if temporal else 0)
    split = Box(middle, top + GAP, COLUMN, [_("Assigned to a side: %d") % assigned])
    boxes.append(split)
    arrows.append(down(first, split))
    columns = (
        (0, _("Training side"), patients.training, _("Learned from: %d")),
        (1200 - COLUMN, _("Test side"), patients.test, _("Judged: %d")),
    )
    for x, title, side, used in columns:
        column = _column(x, split.bottom + GAP, title, side, used)
        boxes += column
        arrows.append(Arrow(split.middle, split.bottom, column[0].middle, column[0].y))
        arrows += [down(a, b) for a, b in pairwise(column)]
    if temporal is not None:
        between = Box(middle, split.bottom + GAP, COLUMN, temporal_lines(temporal))
        boxes.append(between)
        arrows.append(down(split, between))
    return boxes, arrows


def _column(x: float, y: float, title: str, side: Side, used: str) -> list[Box]:
    lines = [f"{title}: {side.assigned}"]
    if side.positive is None:
        lines.append(_("HER2 classes: sealed until a look"))
    else:
        lines.append(
            _("%(positive)d HER2-positive, %(negative)d HER2-negative")
            % {"positive": side.positive, "negative": side.negative or 0}
        )
    column = [Box(x, y, COLUMN, lines)]
    if side.left_out:
        words = [_("Left out: %d") % sum(side.left_out.values()), *reason_lines(side.left_out)]
        column.append(Box(x, column[-1].bottom + GAP, COLUMN, words))
    last = _("Nobody has looked yet") if side.used is None else used % side.used
    column.append(Box(x, column[-1].bottom + GAP, COLUMN, [last]))
    return column


def pipeline(study: Study, judged: Judged | None, *, viewer: User) -> dict[str, Any]:
    """From cines to calls with this study's own counts (the paper's Figure 2)."""
    version = active_ensemble(study)
    test = judged.evaluations.get(Evaluation.Cohort.TEST) if judged else None
    used = features_in_use(study, version, test.predictions["patients"] if test else ())
    steps = _steps(study, used, judged)
    video = [Box(n * (STEP + STEP_GAP), 6, STEP, lines) for n, lines in enumerate(steps["video"])]
    low = max(box.bottom for box in video) + 2 * GAP
    clinical = [
        Box(place * (STEP + STEP_GAP), low, STEP, lines)
        for place, lines in zip((0, 4), steps["clinical"], strict=True)
    ]
    last = Box(5 * (STEP + STEP_GAP), low / 2, STEP, steps["fusion"])
    boxes = [*video, *clinical, last]
    arrows = [across(a, b) for a, b in pairwise(video)]
    arrows += [across(clinical[0], clinical[1])]
    arrows += [across(video[-1], last), across(clinical[-1], last)]
    lines: list[Sequence[object]] = [["step", "line"]]
    lines += [[box.lines[0], line] for box in boxes for line in box.lines]
    return drawing(boxes, arrows, lines)


def _steps(study: Study, used: Sequence[FeatureSet], judged: Judged | None) -> dict[str, Any]:
    """Lines of every box: what goes in, with how many."""
    cines = Clip.objects.filter(exam__patient__study=study, n_frames__gt=1).exclude(kind=Clip.Kind.STILL)
    frames = sum(cines.values_list("n_frames", flat=True))
    found = [row.qc.get("detection") or {} for row in used]
    total = {
        name: sum(int(one.get(name) or 0) for one in found) for name in ("detected", "rejected", "interp")
    }
    measured = sum(row.n_used for row in used)
    signed = Track.objects.filter(source__in=PEOPLE, status=Track.Status.SIGNED, is_deleted=False)
    people = signed.filter(clip__in=[row.clip_id for row in used]).values("clip").distinct().count()
    video = [
        [_("Cines"), _("%d cines") % cines.count(), _("%s frames") % f"{frames:,}"],
        [_("Lesion found"), "YOLOv5", _("%s frames with a box") % f"{total['detected']:,}"],
        [
            _("Boxes repaired"),
            _("%d rejected") % total["rejected"],
            _("%d interpolated") % total["interp"],
            _("%d cines read by people") % people,
        ],
        [_("Static features"), _("91 a frame"), _("%s frames measured") % f"{measured:,}"],
        [
            _("Dynamic features"),
            _("24 a curve: 2,184"),
            _("%d cines") % len(used),
            _("4 video classifiers"),
        ],
    ]
    patients = study.patients.filter(membership__isnull=False).count()
    clinical = [
        [_("Clinical variables"), _("6 variables"), _("%d patients") % patients],
        [_("Clinical classifiers"), "SVM, RF, LR, XGBoost"],
    ]
    fusion = [_("16 late fusions")]
    if judged is not None:
        cutoff = judged.cutoffs[judged.chosen]
        fusion += [
            _("chosen out of fold:"),
            model_name(judged.chosen),
            _("cut-off %(cutoff).3f, frozen") % {"cutoff": cutoff},
        ]
    return {"video": video, "clinical": clinical, "fusion": fusion}


def her2_status(study: Study, *, viewer: User) -> dict[str, Any] | None:
    """HER2 by IHC and ISH on both sides (the paper's Figure 4); without a test side that is still sealed."""
    hidden = test_side_is_hidden(study, viewer=viewer)
    sides = [side for side in SIDES if not (hidden and side == Membership.Side.TEST)]
    counts: Counter[tuple[str, str]] = Counter()
    for case in cases_of_study(study):
        if case.side in sides:
            counts[case.side, status_of(case)] += 1
    shown = [status for status in _statuses() if any(counts[side, status] for side in sides)]
    if not shown:
        return None
    names = {Membership.Side.TRAINING: _("training side"), Membership.Side.TEST: _("test side")}
    figure = go.Figure()
    for number, status in enumerate(shown):
        positive = _statuses()[status][1]
        figure.add_bar(
            x=[names[side] for side in sides],
            y=[counts[side, status] for side in sides],
            text=[counts[side, status] or "" for side in sides],
            name=_statuses()[status][0],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": "#1d2429" if positive else "#ffffff"},
            marker={
                "color": {True: PALETTE[1], False: PALETTE[0], None: "#999999"}[positive],
                "opacity": 1 if positive else 1 - 0.14 * (number % 4),
                "pattern": {
                    "shape": HATCHES.get(status, "/") if positive else "",
                    "bgcolor": "#ffffff",
                    "solidity": 0.2,
                },
                "line": {"width": 1, "color": "#ffffff"},
            },
        )
    figure.update_layout(barmode="stack", bargap=0.45)
    figure.update_yaxes(title=_("patients"))
    return finished(figure, height=460, legend_below=True)


def status_of(case: Case) -> str:
    """IHC score with the ISH result where it decides; `open` without a final label."""
    if case.outcome is None or case.label is None:
        return "open"
    if case.label.ihc_score == "2+":
        return "2+ISH+" if case.outcome else "2+ISH-"
    if case.label.ihc_score in ("0", "1+", "3+"):
        known = case.label.ihc_score
        usual = {"3+": True}.get(known, False)
        return known if usual is case.outcome else ("ISH+" if case.outcome else "ISH-")
    return "ISH+" if case.outcome else "ISH-"


def _statuses() -> Mapping[str, tuple[str, bool | None]]:
    """Status to its words and whether it is HER2-positive."""
    return {
        "0": (_("IHC 0"), False),
        "1+": (_("IHC 1+"), False),
        "2+ISH-": (_("IHC 2+, ISH negative"), False),
        "ISH-": (_("by ISH: negative"), False),
        "ISH+": (_("by ISH: positive"), True),
        "2+ISH+": (_("IHC 2+, ISH positive"), True),
        "3+": (_("IHC 3+"), True),
        "open": (_("no final label"), None),
    }
