"""Every table and figure of a study from files: CSV, Excel and LaTeX; a page and the numbers a figure."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from analysis.models import Evaluation
from analysis.reports.excel import workbook_of
from analysis.reports.explanation_tables import explanation_tables, swarm
from analysis.reports.exports import RESEARCH_ONLY, table_lines
from analysis.reports.figure_list import FIGURES, Scene
from analysis.reports.figure_numbers import figure_lines
from analysis.reports.judged import Judged
from analysis.reports.latex import document_of
from analysis.reports.performance_tables import comparison_table, metric_table
from analysis.reports.published_tables import published_table
from analysis.reports.supplement_tables import EXPLAINED, supplement_tables
from analysis.reports.tables import Table

SIDES = (Evaluation.Cohort.OUT_OF_FOLD, Evaluation.Cohort.TEST)
Documents = Mapping[tuple[str, str], Mapping[str, Any]]


def write_csv(path: Path, lines: Iterable[Iterable[object]]) -> None:
    """Write lines as they are."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)


def write_table(folder: Path, table: Table, name: str = "") -> None:
    """One table as CSV, Excel and LaTeX."""
    stem = folder / (name or table.name)
    write_csv(stem.with_suffix(".csv"), [[f"# {RESEARCH_ONLY}"], *table_lines(table)])
    stem.with_suffix(".xlsx").write_bytes(
        workbook_of(table.title, RESEARCH_ONLY, table.file_header(), table.file_rows(), table.notes)
    )
    stem.with_suffix(".tex").write_text(document_of(table, RESEARCH_ONLY), encoding="utf-8")


def write_tables(folder: Path, judged: Judged, documents: Documents) -> None:
    """Performance and comparisons of each side, explanation, and further analyses."""
    folder.mkdir(exist_ok=True)
    for side in SIDES:
        if side in judged.evaluations:
            write_table(folder, metric_table(judged, side, judged.chosen), f"figures-{side}")
            write_table(folder, comparison_table(judged, side), f"comparisons-{side}")
            write_table(folder, published_table(judged, side), f"as-published-{side}")
    made = explanation_tables(documents.get(EXPLAINED)) | supplement_tables(documents)
    for table in made.values():
        write_table(folder, table)


def write_figures(folder: Path, judged: Judged, documents: Documents) -> None:
    """Every figure of what was judged, for both sides, and the explanation: a page each, and its numbers."""
    folder.mkdir(exist_ok=True)
    for name, figure in FIGURES.items():
        if not figure.needs_model:
            continue
        for side in SIDES:
            if judged.has_scores(side, judged.chosen):
                scene = Scene(None, None, judged, side, judged.chosen, {})  # type: ignore[arg-type]
                _write_figure(folder, f"{name}-{side}", figure.draw(scene))
    explained = documents.get(EXPLAINED)
    if explained:
        for place, name in enumerate(("shap-video", "shap-clinical")):
            _write_figure(folder, name, swarm(explained["models"][place]))


def _write_figure(folder: Path, name: str, drawn: dict[str, Any] | None) -> None:
    if drawn is None:
        return
    go.Figure(drawn).write_html(folder / f"{name}.html", include_plotlyjs="directory")
    write_csv(folder / f"{name}.csv", [[f"# {RESEARCH_ONLY}"], *figure_lines(drawn)])
