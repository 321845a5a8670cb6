"""Every table and figure of a study from files: CSV, Excel and LaTeX; a page, a PNG, numbers, drawings."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analysis.management.pictures import NoPictureError, pngs_of
from analysis.models import Evaluation
from analysis.pipeline.learn import LearnedEnsemble
from analysis.pipeline.types import LearningCohort
from analysis.reports.document.drawings import (
    draw_calibration,
    draw_decision,
    draw_forest,
    draw_roc,
    draw_scores,
)
from analysis.reports.document.svg import with_banner
from analysis.reports.excel import workbook_of
from analysis.reports.explanation_tables import explanation_tables
from analysis.reports.exports import table_lines
from analysis.reports.figure_list import FIGURES, Figure, Scene
from analysis.reports.figure_numbers import figure_lines
from analysis.reports.judged import Judged
from analysis.reports.latex import document_of
from analysis.reports.performance_tables import comparison_table, metric_table
from analysis.reports.published_tables import published_table
from analysis.reports.supplement_tables import EXPLAINED, supplement_tables
from analysis.reports.tables import Table
from studies.downloads import csv_text

SIDES = (Evaluation.Cohort.OUT_OF_FOLD, Evaluation.Cohort.TEST)
Documents = Mapping[tuple[str, str], Mapping[str, Any]]
BANNER_PX = 66
"""Room above a figure for its title and the banner, as the browser's exports have it."""


@dataclass(frozen=True, slots=True)
class StudyOutput:
    """Where the files go, and what every one of them says of itself."""

    folder: Path
    banner: str

    def inside(self, name: str) -> "StudyOutput":
        """The same for a folder below this one."""
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        return StudyOutput(self.folder / name, self.banner)

    def csv(self, name: str, lines: Iterable[Iterable[object]], said: Iterable[str] = ()) -> None:
        """Lines under the banner and what else is said above them."""
        above = [[f"# {text}"] for text in said]
        text = csv_text([*above, *[list(line) for line in lines]], self.banner)
        (self.folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")

    def table(self, table: Table, name: str = "") -> None:
        """One table as CSV, Excel and LaTeX."""
        name = name or table.name
        self.csv(name, table_lines(table), (table.title, *table.notes))
        rows = table.file_rows()
        book = workbook_of(table.title, self.banner, table.file_header(), rows, table.notes)
        (self.folder / f"{name}.xlsx").write_bytes(book)
        (self.folder / f"{name}.tex").write_text(document_of(table, self.banner), encoding="utf-8")

    def figure(self, name: str, title: str, drawn: dict[str, Any] | None) -> None:
        """A page that can be saved as SVG or PNG, and its numbers; nothing where there is no figure."""
        if drawn is None:
            return
        self.csv(name, figure_lines(drawn), (title,))
        figure = go.Figure(drawn)
        figure.update_layout(
            title={
                "text": title,
                "subtitle": {"text": self.banner},
                "x": 0.02,
                "yref": "container",
                "y": 0.97,
            },
            margin_t=BANNER_PX + 16,
            height=(figure.layout.height or 420) + BANNER_PX,
        )
        options = {"toImageButtonOptions": {"format": "svg", "filename": name}, "displaylogo": False}
        figure.write_html(self.folder / f"{name}.html", include_plotlyjs="directory", config=options)

    def svg(self, name: str, drawing: str) -> None:
        """A drawing under the banner."""
        (self.folder / f"{name}.svg").write_text(with_banner(drawing, self.banner), encoding="utf-8")


def count_look(out: StudyOutput, ensemble: LearnedEnsemble, test: LearningCohort) -> int:
    """Note in looks.csv that the test side is opened; return the number of this look.

    The same models on the same patients again are the same look: nothing new is learned from them.
    """
    path = out.folder / "looks.csv"
    total = hashlib.sha256(repr((sorted(test.patients), ensemble.chosen, dict(ensemble.cutoffs))).encode())
    for values in (test.dynamic, test.clinical, test.labels, ensemble.training.oof[ensemble.chosen]):
        total.update(np.ascontiguousarray(values).tobytes())
    rows = [line.split(",") for line in path.read_text("utf-8").splitlines()[2:]] if path.is_file() else []
    known = {row[2]: int(row[0]) for row in rows}
    if total.hexdigest() in known:
        return known[total.hexdigest()]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    rows.append([str(len(rows) + 1), now, total.hexdigest(), ensemble.chosen])
    out.csv("looks", [["look", "opened", "models and patients (SHA-256)", "chosen"], *rows])
    return len(rows)


def write_tables(out: StudyOutput, judged: Judged, documents: Documents) -> None:
    """Performance and comparisons of each side, explanation, and further analyses."""
    for side in SIDES:
        if side in judged.evaluations:
            out.table(metric_table(judged, side, judged.chosen), f"figures-{side}")
            out.table(comparison_table(judged, side), f"comparisons-{side}")
            out.table(published_table(judged, side), f"as-published-{side}")
    made = explanation_tables(documents.get(EXPLAINED)) | supplement_tables(documents)
    for table in made.values():
        out.table(table)


def write_figures(out: StudyOutput, judged: Judged, documents: Documents) -> str:
    """Every figure of what was judged, for both sides, of the further analyses, and the report's drawings.

    Returns why there are no PNG files; empty where there are.
    """
    pictures: dict[str, dict[str, Any]] = {}
    for name, figure in FIGURES.items():
        for side in _sides_of(name, figure, judged, documents):
            scene = Scene(None, None, judged, side, judged.chosen, {}, documents)  # type: ignore[arg-type]
            title, drawn = str(figure.title), figure.draw(scene)
            out.figure(f"{name}-{side}", title, drawn)
            if drawn is not None:
                pictures[f"{name}-{side}"] = {**drawn, "export": {"title": title, "banner": out.banner}}
    rows = judged.evaluations
    out.svg("roc", draw_roc(rows, judged.chosen))
    for side in SIDES:
        if judged.has_scores(side, judged.chosen):
            row, cutoff = rows[side], judged.cutoffs[judged.chosen]
            out.svg(f"forest-{side}", draw_forest(row, judged.chosen))
            out.svg(f"calibration-{side}", draw_calibration(row))
            out.svg(f"decision-{side}", draw_decision(row))
            out.svg(f"scores-{side}", draw_scores(row, judged.chosen, cutoff))
    try:
        for name, picture in pngs_of(pictures).items():
            (out.folder / f"{name}.png").write_bytes(picture)
    except NoPictureError as error:
        return str(error)
    return ""


def _sides_of(name: str, figure: Figure, judged: Judged, documents: Documents) -> list[str]:
    """The sides of which a figure is drawn: those stored of a further analysis, else those judged."""
    if figure.kind:
        return [str(side) for side in SIDES if (figure.kind, str(side)) in documents]
    if figure.needs_model:
        return [str(side) for side in SIDES if judged.has_scores(side, judged.chosen)]
    return []
