"""Quan et al. 2023 as printed: the facts of its Tables 1 to 4, and what they say when computed again.

Quan M-Y, Huang Y-X, Wang C-Y, Zhang Q, Chang C, Zhou S-C. Deep learning radiomics model based on breast
ultrasound video to predict HER2 expression status. Front Endocrinol 2023;14:1144812.
doi 10.3389/fendo.2023.1144812. CC BY 4.0. `data/quan2023_tables2-4.csv` holds the figures of Tables 2 to 4 in
the columns of an audit CSV; T: training, I-T: the paper's own name of its test side.
"""

from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _

from analysis.pipeline.metrics import (
    Confusion,
    GroupTest,
    compare_categories,
    confusion_metrics,
    events_per_candidate,
    predictive_values_at,
)
from analysis.reports.audited import Audited, audited
from analysis.reports.tables import Cell, Column, Line, Table

PRINTED = Path(__file__).parent / "data" / "quan2023_tables2-4.csv"
CITATION = "Quan M-Y, et al. Front Endocrinol 2023;14:1144812, doi 10.3389/fendo.2023.1144812 (CC BY 4.0)"
TABLE_ONE: dict[str, tuple[tuple[int, ...], tuple[int, ...], str]] = {
    "Meno": ((147, 210), (39, 49), "0.593"),
    "cN": ((277, 76, 4), (65, 22, 1), "0.464"),
    "cT": ((173, 178, 6), (42, 45, 1), "0.942"),
    "cTNM": ((149, 201, 7), (37, 50, 1), "0.895"),
}
"""Counts of every level in training and test set, and P as printed."""
BEST = Confusion(tp=18, fp=5, tn=55, fn=10)
"""XGBoost + LR on the test side: the counts behind its printed row."""
TRAINING_EVENTS, CANDIDATES = 115, 2184
PREVALENCES = (0.32, 0.2, 0.15)


@lru_cache(maxsize=1)
def printed_tables() -> Audited:
    """Tables 2 to 4 of the paper, audited."""
    return audited(PRINTED.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _table_one_tests() -> dict[str, tuple[GroupTest, GroupTest]]:
    """The tests of Table 1, as published and fitting: the paper's counts never change."""
    return {
        name: (compare_categories(training, test, "as_published"), compare_categories(training, test))
        for name, (training, test, _p) in TABLE_ONE.items()
    }


def table_one_again() -> Table:
    """P of the paper's Table 1 from its counts: by its own test, as printed, and by one that fits."""
    lines = []
    for name, (training, test, p) in TABLE_ONE.items():
        published, fitting = _table_one_tests()[name]
        counts = " : ".join(", ".join(map(str, side)) for side in (training, test))
        lines.append(
            Line([name, counts, p, f"{published.p:.3f}", published.test, f"{fitting.p:.3f}", fitting.test])
        )
    columns = [
        Column(_("Characteristic"), name="characteristic"),
        Column(_("Counts, training : test"), name="counts"),
        Column(_("P printed"), numeric=True, name="p printed"),
        Column(_("P as published"), numeric=True, name="p as published"),
        Column(_("Test as published"), name="test as published"),
        Column("P", numeric=True, name="p"),
        Column(_("Test used"), name="test used"),
    ]
    note = _(
        "The paper compares stages and groups by a test of ranks. It gives the printed P to the last place; "
        "χ² or Fisher’s test is what the question asks for. None of them says that the two sides are equal."
    )
    return Table("paper-table1", _("Table 1 of the paper, from its counts"), columns, lines, (note,))


def left_out() -> Table:
    """What the paper does not print of its best model, from the counts behind its row."""
    metrics = confusion_metrics(BEST)
    majority, accuracy = metrics["MAJORITY"], metrics["ACC"]
    lines = [
        Line([_("Share called rightly"), _percent(accuracy.value, accuracy.low, accuracy.high, "73/88")]),
        Line(
            [
                _("Calling every patient negative"),
                _percent(majority.value, majority.low, majority.high, "60/88"),
            ]
        ),
    ]
    for prevalence in PREVALENCES:
        found = predictive_values_at(metrics, prevalence)
        if found is not None:
            for name, values in zip(("PPV", "NPV"), found, strict=True):
                share = _("%(name)s where %(share)d %% are HER2-positive")
                lines.append(
                    Line([share % {"name": name, "share": round(100 * prevalence)}, _percent(*values)])
                )
    ratio = events_per_candidate(TRAINING_EVENTS, CANDIDATES)
    lines.append(Line([_("Events per candidate feature (115 / 2,184)"), Cell(ratio, places=2)]))
    columns = [
        Column(_("Not printed in the paper"), name="figure"),
        Column(_("From its counts"), numeric=True, interval=True, name="estimate (%)"),
    ]
    notes = (
        _(
            "Intervals: Wilson; predictive values: logit intervals from the likelihood ratios (Mercaldo), "
            "the share of positives taken as known."
        ),
    )
    return Table("paper-missing", _("What the paper’s best row leaves out"), columns, lines, notes)


def _percent(value: float | None, low: float | None, high: float | None, counts: str = "") -> Cell:
    known = (None if number is None else 100 * number for number in (value, low, high))
    return Cell(*known, counts, "Wilson" if counts else "logit (Mercaldo)")
