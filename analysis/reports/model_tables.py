"""Tables 2 to 4 from stored evaluations: every model, every side, every figure with its interval."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from analysis.models import Evaluation

SHOWN = ("ACC", "SEN", "SPC", "YI")
BRANCH_TABLE = {"video": 2, "clinical": 3, "fused": 4}
COHORT_ORDER = (Evaluation.Cohort.APPARENT, Evaluation.Cohort.OUT_OF_FOLD, Evaluation.Cohort.TEST)


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure in percent with its interval, its raw counts and the interval's method."""

    value: float | None
    low: float | None
    high: float | None
    counts: str
    method: str

    @property
    def text(self) -> str:
        """As printed: 81.0 [69.7, 92.2]."""
        if self.value is None:
            return "–"
        if self.low is None or self.high is None:
            return f"{self.value:.1f}"
        return f"{self.value:.1f} [{self.low:.1f}, {self.high:.1f}]"


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
    """Rows of Tables 2, 3 and 4 in the order of the paper; sides: apparent, out of fold, test."""
    rows = []
    for cohort in COHORT_ORDER:
        evaluation = evaluations.get(cohort)
        if evaluation is not None:
            stored = evaluation.results["evaluations"]
            rows += [_row(model, values, cohort, model == chosen) for model, values in stored.items()]
    names = list(dict.fromkeys(row.model for row in rows))
    order = {cohort: place for place, cohort in enumerate(COHORT_ORDER)}
    return sorted(rows, key=lambda row: (row.table, names.index(row.model), order[row.cohort]))


def model_name(model: str) -> str:
    """The model's name as the tables print it."""
    if ":" not in model:  # a detector
        return model
    branch, kinds = model.split(":")
    return kinds.replace("+", " + ") if branch == "fused" else kinds


def cohort_label(cohort: str) -> str:
    """The side of the split in words."""
    return {
        Evaluation.Cohort.APPARENT: _("training, apparent"),
        Evaluation.Cohort.OUT_OF_FOLD: _("training, out of fold"),
        Evaluation.Cohort.TEST: _("test"),
    }[cohort]


def _row(model: str, values: dict[str, Any], cohort: str, is_chosen: bool) -> ModelRow:
    area = Cell(
        100 * values["auc"],
        100 * values["auc_low"],
        100 * values["auc_high"],
        f"{values['events']} + {values['n'] - values['events']}",
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
        cells={name: _cell(values["metrics"][name]) for name in SHOWN},
        is_chosen=is_chosen,
    )


def _cell(estimate: dict[str, Any]) -> Cell:
    def percent(value: float | None) -> float | None:
        return None if value is None else 100 * value

    counts = ""
    if estimate["denominator"] is not None:
        counts = f"{estimate['numerator']}/{estimate['denominator']}"
    return Cell(
        percent(estimate["value"]),
        percent(estimate["low"]),
        percent(estimate["high"]),
        counts,
        estimate["method"],
    )
