"""Drift since training: do patients who were added since look like those the model learned from?

No label is read and the sealed test side is left out, so that looking here opens nothing. Scores of training
patients are those they got while held out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analysis.models import ModelVersion, Prediction
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.reports.ensemble_card import feature_words
from analysis.reports.plotting import GREY, PALETTE, add_message, finished
from analysis.reports.selected_features import most_selected
from analysis.reports.tables import Cell, Column, Line, Table
from analysis.selectors import active_ensemble, model_versions_for
from analysis.services.features import dynamic_of
from studies.models import Membership, Study

FEATURES = 8
FEW, LEAST = 20, 2
NOTABLE = 0.25
NORMAL_95 = 1.959964
PLAIN_FROM = 10
"""Medians from here on are printed with one place."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drift:
    """One quantity in training patients and in those added since, without who lacks it."""

    words: str
    training: Vector
    since: Vector

    @property
    def is_small(self) -> bool:
        """Whether either group has too few patients to say much."""
        return min(self.training.size, self.since.size) < FEW

    @property
    def difference(self) -> tuple[float, float, float] | None:
        """Standardised mean difference, since minus training, with its interval; None where there is none.

        Cohen's d with the pooled standard deviation; interval by its large-sample standard error (Hedges and
        Olkin 1985).
        """
        n_a, n_b = self.training.size, self.since.size
        if min(n_a, n_b) < LEAST:
            return None
        squares = (n_a - 1) * self.training.var(ddof=1) + (n_b - 1) * self.since.var(ddof=1)
        pooled = float(np.sqrt(squares / (n_a + n_b - 2)))
        if pooled <= 0:
            return None
        d = float(self.since.mean() - self.training.mean()) / pooled
        half = NORMAL_95 * float(np.sqrt((n_a + n_b) / (n_a * n_b) + d**2 / (2 * (n_a + n_b))))
        return d, d - half, d + half


def drift_of(study: Study, *, viewer: User) -> list[Drift]:
    """Score, age, size and the most selected features of the model of record; empty where it has none."""
    version = active_ensemble(study)
    if version is None or not model_versions_for(study, viewer=viewer).filter(pk=version.pk).exists():
        return []
    names = [name for name, _folds in most_selected(version.summary)[:FEATURES] if name in DYNAMIC_FEATURES]
    learned = set(version.training_snapshot.get("patients", {}))
    groups: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for prediction in _newest(version):
        groups[str(prediction.patient_id) in learned].append(_values(prediction, names))
    labels = {"score": _("Predicted probability"), "age": _("Age, years"), "size": _("US size, cm")}
    labels |= {name: feature_words(name) for name in names}
    return [
        Drift(words, _column(groups[True], name), _column(groups[False], name))
        for name, words in labels.items()
    ]


def drift_table(found: list[Drift]) -> Table:
    """A row a quantity: how many, median and quartiles of both groups, the standardised difference."""
    lines = [
        Line(
            [
                row.words,
                row.training.size,
                row.since.size,
                _quartiles(row.training),
                _quartiles(row.since),
                Cell(*(row.difference or (None, None, None)), method="Hedges–Olkin", places=2),
            ],
            small=row.is_small,
        )
        for row in found
    ]
    columns = [
        Column(_("Quantity"), name="quantity"),
        Column(_("Training, patients"), numeric=True, name="n training"),
        Column(_("Added since, patients"), numeric=True, name="n since"),
        Column(_("Training: median [quartiles]"), numeric=True, interval=True, name="training"),
        Column(_("Added since: median [quartiles]"), numeric=True, interval=True, name="since"),
        Column(_("Standardised difference"), numeric=True, interval=True, name="difference"),
    ]
    scale = _(
        "Mean of those added since minus mean of training patients, in pooled standard deviations, with its "
        "interval (Hedges–Olkin). Grey: fewer than 20 patients in a group; such a row cannot show drift."
    )
    notes = (
        scale,
        _(
            "No label is read and the sealed test side is left out. Scores of training patients are those "
            "they got while held out. Many rows are compared: one that stands out may do so by chance."
        ),
    )
    empty = _("There is no trained ensemble yet, so nothing can drift.")
    return Table(
        "drift", _("Patients added since training, against training patients"), columns, lines, notes, empty
    )


def drift_figure(found: list[Drift]) -> dict[str, Any]:
    """The standardised differences with their intervals; hollow and grey where a group is small."""
    figure = go.Figure()
    rows = [(row, row.difference) for row in reversed(found) if row.difference is not None]
    if not rows:
        add_message(figure, _("Fewer than two patients were added since training: nothing to compare yet."))
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False)
        return finished(figure, height=160)
    for small, colour, symbol, name in (
        (False, PALETTE[0], "circle", _("at least 20 patients in both groups")),
        (True, GREY, "circle-open", _("fewer than 20 patients in a group")),
    ):
        shown = [(row, d) for row, d in rows if row.is_small == small and d is not None]
        if shown:
            figure.add_scatter(
                x=[d[0] for _row, d in shown],
                y=[row.words for row, _d in shown],
                mode="markers",
                name=name,
                marker={"color": colour, "size": 9, "symbol": symbol},
                error_x={
                    "type": "data",
                    "array": [d[2] - d[0] for _row, d in shown],
                    "arrayminus": [d[0] - d[1] for _row, d in shown],
                    "color": colour,
                    "thickness": 1.5,
                },
            )
    for at in (-NOTABLE, 0.0, NOTABLE):
        figure.add_vline(x=at, line={"color": GREY, "width": 1, "dash": "dot" if at else "solid"})
    figure.update_xaxes(title=_("standardised difference, added since minus training"))
    figure.update_yaxes(categoryorder="array", categoryarray=[row.words for row, _d in rows])
    return finished(figure, height=140 + 26 * len(rows), legend_below=True)


def _newest(version: ModelVersion) -> Iterable[Prediction]:
    """The newest prediction of every patient, without the sealed test side."""
    rows = version.predictions.exclude(patient__membership__side=Membership.Side.TEST)
    rows = rows.select_related("feature_set", "patient__clinical").order_by("created_at")
    return {row.patient_id: row for row in rows}.values()


def _values(prediction: Prediction, names: list[str]) -> dict[str, float]:
    clinical = getattr(prediction.patient, "clinical", None)
    age, size = getattr(clinical, "age_years", None), getattr(clinical, "size_cm", None)
    dynamic = dynamic_of(prediction.feature_set)
    found = {name: float(dynamic[DYNAMIC_FEATURES.index(name)]) for name in names}
    found["score"] = prediction.probability
    return found | {name: float(value) for name, value in (("age", age), ("size", size)) if value is not None}


def _column(group: list[Mapping[str, float]] | list[dict[str, float]], name: str) -> Vector:
    return np.array([row[name] for row in group if name in row], dtype=np.float64)


def _quartiles(values: Vector) -> Cell:
    if not values.size:
        return Cell(None)
    low, middle, high = (float(value) for value in np.percentile(values, [25, 50, 75]))
    return Cell(middle, low, high, method="quartiles", places=1 if abs(middle) >= PLAIN_FROM else 3)
