"""Tables 2 to 4 from stored evaluations: every model, every side, every figure with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from django.utils.translation import gettext as _

from analysis.models import Evaluation
from analysis.reports.fusion_words import fusion_note
from analysis.reports.tables import Cell, Column, Line, Table

SHOWN = ("ACC", "SEN", "SPC", "YI")
PREDICTIVE = ("PPV", "NPV")
BRANCH_TABLE = {"video": 2, "clinical": 3, "fused": 4}
COHORT_ORDER = (
    Evaluation.Cohort.APPARENT,
    Evaluation.Cohort.OUT_OF_FOLD,
    Evaluation.Cohort.TEST,
    Evaluation.Cohort.TEMPORAL,
)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model on one side of the split."""

    table: int
    model: str
    name: str
    cohort: str
    cohort_label: str
    n: int
    events: int
    cutoff: float
    auc: Cell
    cells: dict[str, Cell]
    is_chosen: bool


def model_rows(evaluations: dict[str, Evaluation], chosen: str) -> list[ModelRow]:
    """Rows of Tables 2, 3 and 4 in the order of the paper; sides as in COHORT_ORDER."""
    rows = []
    for cohort in COHORT_ORDER:
        evaluation = evaluations.get(cohort)
        if evaluation is not None:
            stored = evaluation.results["evaluations"]
            rows += [_row(model, values, cohort, model == chosen) for model, values in stored.items()]
    names = list(dict.fromkeys(row.model for row in rows))
    order = {cohort: place for place, cohort in enumerate(COHORT_ORDER)}
    return sorted(rows, key=lambda row: (row.table, names.index(row.model), order[row.cohort]))


def model_table(rows: list[ModelRow], fusion: str = "") -> Table:
    """Tables 2 to 4 as one: every model on every side, every figure with interval, counts and method.

    fusion: how the models of Table 4 were put together.
    """
    columns = [
        Column(_("Table"), numeric=True, name="table"),
        Column(_("Model"), name="model"),
        Column(_("Side"), name="side"),
        Column("n", numeric=True, name="n"),
        Column(_("HER2-positive"), numeric=True, name="HER2-positive"),
        Column(_("Cut-off"), numeric=True, name="cut-off"),
        *[
            Column(name, numeric=True, interval=True, name=f"{name} (%)")
            for name in ("AUC", *SHOWN, *PREDICTIVE)
        ],
    ]
    lines = [
        Line(
            [
                row.table,
                row.name,
                row.cohort_label,
                row.n,
                row.events,
                Cell(row.cutoff, places=3),
                row.auc,
                *row.cells.values(),
            ],
            chosen=row.is_chosen,
        )
        for row in rows
    ]
    return Table(
        "models",
        # xgettext:no-python-format
        _("Tables 2 to 4: every model on every side (%, with 95 % interval)"),
        columns,
        lines,
        notes=(
            _(
                "AUC: DeLong. ACC, SEN, SPC, PPV, NPV: Wilson, with raw counts. YI: Wald with variances "
                "added."
            ),
            _(
                "Training, apparent: figures of the fit itself, comparable with the paper’s T rows and with "
                "nothing else."
            ),
            _("PPV and NPV hold at the share of HER2-positive patients of that side only."),
            *([note] if (note := fusion_note(fusion)) else []),
        ),
        marks=_("model of record"),
    )


def model_name(model: str) -> str:
    """The model's name as the tables print it."""
    if ":" not in model:  # a detector
        return model
    branch, kinds = model.split(":")
    return kinds.replace("+", " + ") if branch == "fused" else kinds


def branch_name(model: str) -> str:
    """The branch of a model in words."""
    return {"video": _("video"), "clinical": _("clinical"), "fused": _("fused")}[model.partition(":")[0]]


def cohort_label(cohort: str) -> str:
    """The side of the split in words."""
    return {
        Evaluation.Cohort.APPARENT: _("training, apparent"),
        Evaluation.Cohort.OUT_OF_FOLD: _("training, out of fold"),
        Evaluation.Cohort.TEST: _("test"),
        Evaluation.Cohort.TEMPORAL: _("temporal test"),
    }[cohort]


def _row(model: str, values: dict[str, Any], cohort: str, is_chosen: bool) -> ModelRow:
    area = Cell(
        100 * values["auc"],
        100 * values["auc_low"],
        100 * values["auc_high"],
        "",
        "DeLong",
    )
    return ModelRow(
        table=BRANCH_TABLE[model.split(":")[0]],
        model=model,
        name=model_name(model),
        cohort=cohort,
        cohort_label=cohort_label(cohort),
        n=values["n"],
        events=values["events"],
        cutoff=values["cutoff"],
        auc=area,
        cells={name: metric_cell(values["metrics"].get(name)) for name in (*SHOWN, *PREDICTIVE)},
        is_chosen=is_chosen,
    )


def likelihood_ratio(stored: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """LR+ or LR- as stored, infinite where its counts say so; JSON knows no infinity and keeps none."""
    estimate, counts = stored["metrics"].get(name), stored["counts"]
    above, below = (counts["tp"], counts["fp"]) if name == "LR+" else (counts["fn"], counts["tn"])
    if estimate is None or estimate["value"] is not None or below or not above:
        return estimate
    return {**estimate, "value": inf}


def metric_cell(estimate: dict[str, Any] | None, *, scale: float = 100, places: int = 1) -> Cell:
    """A stored figure as a cell, in percent unless another scale is asked for; a dash where it is missing."""
    if estimate is None:
        return Cell(None)
    counts = ""
    if estimate["denominator"] is not None:
        counts = f"{estimate['numerator']}/{estimate['denominator']}"
    known = (estimate[name] for name in ("value", "low", "high"))
    value, low, high = (None if number is None else scale * number for number in known)
    return Cell(value, low, high, counts, estimate["method"], places)
