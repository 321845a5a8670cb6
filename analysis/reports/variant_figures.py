"""Variants beside the record, label rules, and three-way HER2, drawn from stored documents."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from analysis.reports.plotting import GREY, PALETTE, finished
from analysis.reports.supplement_words import said

Document = Mapping[str, Any]
ROW_PX = 30
SHARE_COLOURS = ((0.0, "#f7fbff"), (0.5, "#6baed6"), (1.0, "#08306b"))


def variants(document: Document) -> dict[str, Any] | None:
    """AUC of every variant and of the record on the same patients, with DeLong's intervals."""
    rows = [row for row in document.get("rows", []) if row["evaluation"]]
    names = [f"{said(row['name'])} ({said(row['how'])}, {row['n']})" for row in rows]
    return _forest(
        names,
        {
            _("the record"): [row["reference"] for row in rows],
            _("the variant"): [row["evaluation"] for row in rows],
        },
    )


def label_rules(document: Document) -> dict[str, Any] | None:
    """AUC under both label rules: the same scores, and learned again."""
    rows = [
        (f"{said(row['name'])}: {words} ({row['n']})", row["evaluation"])
        for words, found in (
            (_("same scores"), document.get("same_scores", [])),
            (_("learned again"), document.get("learned", [])),
        )
        for row in found
        if row["evaluation"]
    ]
    return _forest([name for name, _judged in rows], {"AUC": [judged for _name, judged in rows]})


def confusion(document: Document) -> dict[str, Any] | None:
    """Three-way HER2: of each class, the share that was called each class, counts and shares in the cells."""
    report = document.get("report")
    if not report:
        return None
    counts: list[list[int]] = report["confusion"]
    names = [said(one["name"]) for one in report["per_class"]]
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    called = [_("called %(class)s") % {"class": name} for name in names]
    figure = go.Figure(
        go.Heatmap(
            x=called,
            y=names,
            z=shares,
            text=[
                [f"{n} ({100 * part:.0f} %)" for n, part in zip(*row, strict=True)]
                for row in zip(counts, shares, strict=True)
            ],
            texttemplate="%{text}",
            hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
            colorscale=[list(step) for step in SHARE_COLOURS],
            zmin=0,
            zmax=1,
            xgap=2,
            ygap=2,
            showscale=False,  # a colour bar needs inline styles, which the content policy forbids
            name=_("share of the class"),
        )
    )
    lines: list[list[object]] = [["class", "called", "patients", "share of the class"]]
    lines += [
        [name, word, count, share]
        for name, row, part in zip(names, counts, shares, strict=True)
        for word, count, share in zip(names, row, part, strict=True)
    ]
    figure.update_layout(meta={"lines": lines})
    figure.update_yaxes(autorange="reversed")
    return finished(figure, height=340)


def _forest(names: Sequence[str], series: Mapping[str, Sequence[Document]]) -> dict[str, Any] | None:
    """A row a name, a point with its interval a series."""
    if not names:
        return None
    figure = go.Figure()
    for place, (label, judged) in enumerate(series.items()):
        last = place == len(series) - 1
        figure.add_scatter(
            x=[one["auc"] for one in judged],
            y=list(names),
            mode="markers",
            name=label,
            marker={
                "size": 9,
                "color": PALETTE[0] if last else GREY,
                "symbol": "circle" if last else "diamond-open",
            },
            error_x={
                "type": "data",
                "array": [one["auc_high"] - one["auc"] for one in judged],
                "arrayminus": [one["auc"] - one["auc_low"] for one in judged],
                "thickness": 1.2,
                "color": PALETTE[0] if last else GREY,
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    figure.update_yaxes(categoryorder="array", categoryarray=list(reversed(names)))
    figure.add_vline(x=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    # xgettext:no-python-format
    title = _("AUC with DeLong 95 % interval")
    figure.update_xaxes(title=title, range=[-0.02, 1.02])
    return finished(figure, height=130 + ROW_PX * len(names), legend_below=len(series) > 1)
