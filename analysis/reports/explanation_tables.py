"""What the classifiers go by, as tables and as the usual summary plot of SHAP values."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from django.utils.translation import gettext as _

from analysis.reports.explanation_words import aspect_name, column_label
from analysis.reports.feature_words import static_label
from analysis.reports.model_tables import branch_name, model_name
from analysis.reports.plotting import finished
from analysis.reports.supplement_tables import EXPLAINED, documents_of
from analysis.reports.tables import Cell, Column, Line, Table
from studies.templatetags.stored_sentences import translated

Document = Mapping[str, Any]
MOST_TERMS = 15
ROW_PX = 30


def theme_table(one: Document) -> Table:
    """Textures and rhythms of one video classifier, the most influential first."""
    lines = [
        Line(
            [
                static_label(theme["texture"]),
                aspect_name(theme["aspect"]),
                Cell(100 * theme["influence"]),
                _towards(theme["direction"]),
                len(theme["terms"]),
            ]
        )
        for theme in one["themes"]
    ]
    columns = [
        Column(_("This texture of the lesion"), name="texture"),
        Column(_("by this of its rhythm"), name="rhythm"),
        Column(_("Share of the influence (%)"), numeric=True, name="influence"),
        Column(_("Larger values speak for"), name="direction"),
        Column(_("Columns"), numeric=True, name="columns"),
    ]
    title = _("Textures and rhythms that %(model)s goes by") % {"model": model_name(one["model"])}
    return Table("themes", title, columns, lines)


def term_table(one: Document, name: str) -> Table:
    """Single columns of one classifier, with how many outer folds chose them."""
    lines = [
        Line(
            [
                column_label(term["name"]),
                term["name"],
                Cell(term["mean_abs"], places=3),
                _towards(term["direction"]),
                "" if term["folds"] is None else f"{term['folds']}/{one['outer_folds']}",
            ]
        )
        for term in one["terms"]
    ]
    columns = [
        Column(_("Column"), name="words"),
        Column(_("Name"), name="column"),
        Column(_("Mean |SHAP| (log-odds)"), numeric=True, name="mean_abs"),
        Column(_("Larger values speak for"), name="direction"),
        Column(_("Chosen in folds"), numeric=True, name="folds"),
    ]
    words = {"branch": branch_name(one["model"]), "model": model_name(one["model"])}
    return Table(
        name, _("Columns of %(model)s (%(branch)s)") % words, columns, lines, [translated(one["method"])]
    )


def swarm(one: Document) -> dict[str, Any] | None:
    """One point a patient and column: across, the share of the log-odds; the colour, the value."""
    if one["values"] is None:
        return None
    values, shares = np.array(one["values"]), np.array(one["shares"])
    names = [column_label(term["name"]) for term in one["terms"]][:MOST_TERMS]
    rows = np.arange(len(names))[::-1]
    spread = np.random.default_rng(0).uniform(-0.28, 0.28, values.shape)
    figure = go.Figure()
    for column, (row, name) in enumerate(zip(rows, names, strict=True)):
        figure.add_scatter(
            x=shares[:, column].tolist(),
            y=(row + spread[:, column]).tolist(),
            mode="markers",
            name=name,
            showlegend=False,
            marker={
                "size": 6,
                "color": np.clip(values[:, column], -2, 2).tolist(),
                "cmin": -2,
                "cmax": 2,
                "colorscale": [[0, "#0072B2"], [0.5, "#BBBBBB"], [1, "#D55E00"]],
                "showscale": False,
            },
        )
    figure.add_vline(x=0, line={"color": "#888", "width": 1})
    figure.update_yaxes(tickvals=rows.tolist(), ticktext=names, range=[-0.7, len(names) - 0.3])
    figure.update_xaxes(title=_("share of the log-odds of HER2-positive"))
    # the height of a point inside its row says nothing: the file holds value and share
    lines: list[list[object]] = [["series", "standardised value", "share of the log-odds"]]
    for column, name in enumerate(names):
        pairs = zip(values[:, column].tolist(), shares[:, column].tolist(), strict=True)
        lines += [[name, *pair] for pair in pairs]
    figure.update_layout(meta={"lines": lines})
    return finished(figure, height=140 + ROW_PX * len(names))


def explanation_tables(stored: Mapping[str, Any] | None) -> dict[str, Table]:
    """Name to table of a stored explanation."""
    if not stored or not stored.get("models"):
        return {}
    video, clinical = stored["models"][:2]
    made = (theme_table(video), term_table(video, "terms-video"), term_table(clinical, "terms-clinical"))
    return {table.name: table for table in made}


def drawn(place: int) -> Callable[[Any], dict[str, Any] | None]:
    """A figure of the explanation: of the video part (0) or the clinical part (1) of the chosen model."""

    def draw(scene: Any) -> dict[str, Any] | None:
        stored = documents_of(scene).get(EXPLAINED)
        return swarm(stored["models"][place]) if stored and stored.get("models") else None

    return draw


def _towards(direction: float | None) -> str:
    if direction is None:
        return ""
    return _("HER2-positive") if direction > 0 else _("HER2-negative")
