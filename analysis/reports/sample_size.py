"""Sample size before training starts: what this study's patients can tell, and how many would be needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import plotly.graph_objects as go
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.sample_size import SHRINKAGE
from analysis.pipeline.metrics import (
    auc_half_width,
    events_per_candidate,
    observed_expected_error,
    proportion_half_width,
    size_for_auc,
    size_for_development,
    size_for_observed_expected,
    size_for_proportion,
)
from analysis.pipeline.names import DYNAMIC_FEATURES, STATIC_FEATURES
from analysis.reports.plotting import GREY, PALETTE, finished
from analysis.reports.tables import Cell, Column, Line, Table
from studies.models import Membership, Study
from studies.permissions import can_view_labels_in
from studies.services.labels_of_record import label_of_record, outcome_of

HALF_WIDTHS = (0.10, 0.075, 0.05)
STANDARD_ERROR = 0.1
CANDIDATES = (7, 20, len(STATIC_FEATURES), len(DYNAMIC_FEATURES))
LEAST_PER_CLASS = 2


@dataclass(frozen=True, slots=True)
class Side:
    """How many labelled patients there are on a side, and how many of them are HER2-positive."""

    name: str
    events: int
    others: int

    @property
    def n(self) -> int:
        """All labelled patients."""
        return self.events + self.others


@dataclass(frozen=True, slots=True)
class Design:
    """What is anticipated: area, sensitivity, specificity, share of positives, candidates, share of R²."""

    area: float = 0.81
    sensitivity: float = 0.64
    specificity: float = 0.92
    prevalence: float = 0.32
    candidates: int = len(DYNAMIC_FEATURES)
    r2_share: float = 0.15


def sides_of(study: Study, *, viewer: User) -> list[Side]:
    """Labelled patients by side; without the held-out sides whose labels are sealed for the viewer."""
    patients = study.patients.select_related("membership").prefetch_related("specimens__labels")
    hidden = set() if can_view_labels_in(viewer, study) else {str(Membership.Side.TEMPORAL)}
    if test_side_is_hidden(study, viewer=viewer):
        hidden.add(str(Membership.Side.TEST))
    counts = {side: [0, 0] for side in (*Membership.Side.values, "")}
    for patient in patients:
        membership = getattr(patient, "membership", None)
        side = membership.side if membership else ""
        outcome = outcome_of(label_of_record(patient), study.label_rule)
        if outcome is not None and side not in hidden:
            counts[side][0 if outcome else 1] += 1
    names = {
        Membership.Side.TRAINING: _("training side"),
        Membership.Side.TEST: _("test side"),
        Membership.Side.TEMPORAL: _("temporal test"),
        "": _("on no side yet"),
    }
    found = [Side(name, *counts[side]) for side, name in names.items() if sum(counts[side])]
    if len(found) > 1:
        found.append(Side(_("all"), sum(s.events for s in found), sum(s.others for s in found)))
    return found


def anticipated(sides: Sequence[Side]) -> Design:
    """The paper's design at this study's own share of positives, once both classes are there."""
    everybody = sides[-1] if sides else Side("", 0, 0)
    if not 0 < everybody.events < everybody.n:
        return Design()
    return replace(Design(), prevalence=round(everybody.events / everybody.n, 2))


def test_side_is_hidden(study: Study, *, viewer: User) -> bool:
    """Whether the test side's labels are sealed for the viewer: who trains counts them after a look only."""
    return study.is_sealed and not study.looks.exists() and not can_view_labels_in(viewer, study)


def precision_table(sides: Sequence[Side], design: Design) -> Table:
    """What the patients of each side can tell: half-widths of 95 % intervals, and events per candidate."""
    columns = [
        Column(_("Patients with a final label"), name="side"),
        Column("n", numeric=True, name="n"),
        Column(_("HER2-positive"), numeric=True, name="events"),
        Column(_("AUC %(area).2f") % {"area": design.area}, numeric=True, name="AUC half-width"),
        Column(_("Sensitivity %(p).2f") % {"p": design.sensitivity}, numeric=True, name="SEN half-width"),
        Column(_("Specificity %(p).2f") % {"p": design.specificity}, numeric=True, name="SPC half-width"),
        Column(_("O:E 1.00, interval"), numeric=True, name="O:E interval"),
        Column(_("Events per candidate feature"), numeric=True, name="events per candidate"),
    ]
    lines = [Line([side.name, side.n, side.events, *_precision(side, design)]) for side in sides]
    notes = (
        _(
            "± is half the width of the interval to be expected (95 %). AUC: Hanley–McNeil; sensitivity and "
            "specificity: Wilson; observed : expected: log standard error √((1 − prevalence)/events)."
        ),
        _(
            "Events per candidate feature is the plainest warning: below 10 a model without strong "
            "penalties learns noise, and selection inside the folds does not repeal that."
        ),
    )
    empty = _("No patient has a final HER2 label yet. The tables below work without one.")
    return Table("precision", _("What the patients of this study can tell"), columns, lines, notes, empty)


def _precision(side: Side, design: Design) -> list[object]:
    if min(side.events, side.others) < LEAST_PER_CLASS:
        return [None] * 4 + [Cell(events_per_candidate(side.events, design.candidates), places=3)]
    error = observed_expected_error(side.events, side.n)
    low, high = np.exp(-1.959964 * error), np.exp(1.959964 * error)
    return [
        _plus_minus(auc_half_width(design.area, side.events, side.others)),
        _plus_minus(proportion_half_width(design.sensitivity, side.events)),
        _plus_minus(proportion_half_width(design.specificity, side.others)),
        f"{low:.2f}–{high:.2f}",
        Cell(events_per_candidate(side.events, design.candidates), places=3),
    ]


def needed_table(design: Design) -> Table:
    """Patients needed to judge a model: for each half-width of AUC, sensitivity, specificity, and for O:E."""
    lines = []
    for half in HALF_WIDTHS:
        shares = (
            (_("AUC"), design.area, size_for_auc(design.area, design.prevalence, half)),
            (
                _("Sensitivity"),
                design.sensitivity,
                size_for_proportion(design.sensitivity, design.prevalence, half),
            ),
            (
                _("Specificity"),
                design.specificity,
                size_for_proportion(design.specificity, 1 - design.prevalence, half),
            ),
        )
        for name, value, size in shares:
            events = size.events if name != _("Specificity") else size.n - size.events
            lines.append(Line([name, Cell(value, places=2), f"±{half:g}", size.n, events, size.formula]))
    size = size_for_observed_expected(design.prevalence, STANDARD_ERROR)
    ratio = _("SE of ln(O:E) %(error)g") % {"error": STANDARD_ERROR}
    lines.append(
        Line([_("Observed : expected"), Cell(1.0, places=2), ratio, size.n, size.events, "√((1 − φ)/E)"])
    )
    columns = [
        Column(_("Figure"), name="figure"),
        Column(_("Anticipated"), numeric=True, name="anticipated"),
        Column(_("Precision"), numeric=True, name="precision"),
        Column(_("Patients needed"), numeric=True, name="patients"),
        Column(_("HER2-positive among them"), numeric=True, name="events"),
        Column(_("Formula"), name="formula"),
    ]
    return Table("needed", _("Patients needed to judge a model"), columns, lines)


def development_table(design: Design) -> Table:
    """Riley's criteria for developing a model, for several numbers of candidate parameters."""
    columns = [
        Column(_("Candidate parameters"), numeric=True, name="parameters"),
        Column(_("1: shrinkage %(s)g") % {"s": SHRINKAGE}, numeric=True, name="shrinkage"),
        Column(_("2: optimism in R²"), numeric=True, name="optimism"),
        Column(_("3: overall risk ± .05"), numeric=True, name="overall risk"),
        Column(_("4: mean error .05"), numeric=True, name="mean error"),
        Column(_("Patients needed"), numeric=True, name="patients"),
        Column(_("HER2-positive among them"), numeric=True, name="events"),
    ]
    lines = []
    for parameters in sorted({*CANDIDATES, design.candidates}):
        size = size_for_development(parameters, design.prevalence, design.r2_share)
        needs = [size.shrinkage, size.optimism, size.overall_risk, size.mean_error]
        cells = [parameters, *needs, size.n, size.events]
        lines.append(Line(cells, chosen=parameters == design.candidates))
    notes = (
        _(
            "Riley et al., BMJ 2020;368:m441, at a Cox–Snell R² of %(share)d %% of its maximum; criterion "
            "4: van Smeden et al. 2019, never examined beyond 30 parameters. They hold for unpenalised "
            "logistic regression: read them as the order of magnitude. At least 100 events and 100 "
            "non-events to judge a model is only a rule of thumb."
        )
        % {"share": round(100 * design.r2_share)},
    )
    title = _("Patients needed to develop a model")
    return Table("development", title, columns, lines, notes)


def precision_figure(sides: Sequence[Side], design: Design) -> dict:
    """Half-width of the AUC interval against the number of patients, with this study's sides on it."""
    largest = max([1200, *(2 * side.n for side in sides)])
    n = np.unique(np.geomspace(20, largest, 120).astype(int))
    figure = go.Figure()
    events = np.clip(np.round(n * design.prevalence), LEAST_PER_CLASS, n - LEAST_PER_CLASS).astype(int)
    y = [auc_half_width(design.area, int(e), int(t - e)) for e, t in zip(events, n, strict=True)]
    name = _("AUC %(area).2f, %(share)d %% positive") % {
        "area": design.area, "share": round(100 * design.prevalence),
    }  # fmt: skip
    figure.add_scatter(x=n.tolist(), y=y, mode="lines", name=name, line={"color": PALETTE[0], "width": 2})
    for half in HALF_WIDTHS:
        figure.add_hline(y=half, line={"color": GREY, "width": 1, "dash": "dot"})
    known = [side for side in sides if min(side.events, side.others) >= LEAST_PER_CLASS]
    if known:
        figure.add_scatter(
            x=[side.n for side in known],
            y=[auc_half_width(design.area, side.events, side.others) for side in known],
            text=[side.name for side in known],
            mode="markers+text",
            textposition="top right",
            name=_("this study"),
            marker={"color": PALETTE[1], "size": 10, "symbol": "diamond"},
        )
    figure.update_xaxes(title=_("patients"), type="log")
    figure.update_yaxes(title=_("± of the AUC (Hanley–McNeil)"), rangemode="tozero")
    return finished(figure, legend_below=True)


def design_of(asked: Mapping[str, str]) -> Design:
    """The design that an address asks for; what is missing or no number is that of the paper."""
    found: dict[str, float] = {}
    for field in fields(Design):
        try:
            found[field.name] = type(field.default)(asked[field.name])
        except (KeyError, ValueError):
            continue
    design = replace(Design(), **found)
    return Design() if check(design) else design


def check(design: Design) -> str:
    """Why a design cannot be computed, in English; empty where it can."""
    try:
        size_for_auc(design.area, design.prevalence, HALF_WIDTHS[-1])
        size_for_development(design.candidates, design.prevalence, design.r2_share)
    except InvalidInputError as error:
        return str(error)
    return ""


def _plus_minus(half: float) -> str:
    return f"±{half:.3f}"
