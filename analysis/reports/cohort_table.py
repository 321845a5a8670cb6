"""Table 1: training against test side, by the paper's tests and by the ones that fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.metrics import compare_categories, compare_continuous
from analysis.reports.tables import Column, Line, Table
from studies.models import ClinicalRecord, Membership, Study

STAGE_GROUPS = {
    "I": 1,
    "IA": 1,
    "IB": 1,
    "II": 2,
    "IIA": 2,
    "IIB": 2,
    "III": 3,
    "IIIA": 3,
    "IIIB": 3,
    "IIIC": 3,
}
CONTINUOUS: tuple[tuple[str, str], ...] = (("age_years", gettext_noop("years")), ("size_cm", "cm"))


@dataclass(frozen=True, slots=True)
class Row:
    """One line: cells of total, training and test; p by the paper's test and by the fitting one."""

    label: str
    unit: str
    total: str
    training: str
    test: str
    p_published: str = ""
    test_published: str = ""
    p: str = ""
    test_name: str = ""
    is_level: bool = False


def table_one(study: Study) -> list[Row]:
    """Rows of Table 1 for the patients on a side of the split."""
    records = list(
        ClinicalRecord.objects.filter(patient__membership__isnull=False, patient__study=study).select_related(
            "patient__membership"
        )
    )
    sides = {
        side: [r for r in records if r.patient.membership.side == side] for side in Membership.Side.values
    }
    return table_one_of(sides[Membership.Side.TRAINING], sides[Membership.Side.TEST])


def table_one_of(training: Sequence[Any], test: Sequence[Any]) -> list[Row]:
    """Rows of Table 1; records have age_years, size_cm, menopause, c_t, c_n and c_tnm, None where missing."""
    rows = [Row(_("Patients"), "", str(len(training) + len(test)), str(len(training)), str(len(test)))]
    rows += [_continuous(name, unit, training, test) for name, unit in CONTINUOUS]
    for label, levels, value in _categories():
        rows += _categorical(label, levels, value, training, test)
    return rows


def table_one_table(rows: Sequence[Row]) -> Table:
    """Table 1 with the p-values of both tests."""
    columns = [
        Column(_("Characteristic"), name="characteristic"),
        Column(_("Unit"), name="unit"),
        Column(_("Total"), numeric=True, name="total"),
        Column(_("Training"), numeric=True, name="training"),
        Column(_("Test"), numeric=True, name="test"),
        Column(_("P as published"), numeric=True, name="p as published"),
        Column(_("Test as published"), name="test as published"),
        Column("P", numeric=True, name="p"),
        Column(_("Test used"), name="test used"),
    ]
    lines = [
        Line(
            [
                row.label,
                row.unit,
                row.total,
                row.training,
                row.test,
                row.p_published,
                row.test_published,
                row.p,
                row.test_name,
            ],
            level=row.is_level,
        )
        for row in rows
    ]
    return Table(
        "table1",
        _("Table 1: training against test side"),
        columns,
        lines,
        notes=(
            _(
                "As published: Student’s t for means, Mann–Whitney’s U for categories. Beside it: a t test "
                "only where both groups look normal, χ² or Fisher’s test for categories."
            ),
        ),
    )


def _categories() -> list[tuple[str, Sequence[tuple[object, str]], Callable[[ClinicalRecord], object]]]:
    return [
        (_("Menopausal status"), [(0, _("pre")), (1, _("post"))], lambda r: r.menopause),
        ("cN", [(i, f"cN{i}") for i in range(4)], lambda r: r.c_n),
        ("cT", [(i, f"cT{i}") for i in range(1, 5)], lambda r: r.c_t),
        ("cTNM", [(1, "I"), (2, "II"), (3, "III")], lambda r: STAGE_GROUPS.get(r.c_tnm)),
    ]


def _continuous(name: str, unit: str, training: list[ClinicalRecord], test: list[ClinicalRecord]) -> Row:
    label = {"age_years": _("Age"), "size_cm": _("US size")}[name]
    groups = [
        [float(getattr(r, name)) for r in side if getattr(r, name) is not None] for side in (training, test)
    ]
    cells = [_mean_sd(groups[0] + groups[1]), _mean_sd(groups[0]), _mean_sd(groups[1])]
    return Row(label, _(unit), *cells, *_p_values(compare_continuous, *groups))


def _categorical(label: str, levels, value, training, test) -> list[Row]:
    counts = [[sum(value(r) == level for r in side) for level, _text in levels] for side in (training, test)]
    used = [i for i in range(len(levels)) if counts[0][i] + counts[1][i]]
    kept = [[side[i] for i in used] for side in counts]
    rows = [Row(label, "", "", "", "", *_p_values(compare_categories, *kept))]
    sums = [sum(side) for side in counts]
    for i in used:
        a, b = counts[0][i], counts[1][i]
        cells = [_share(a + b, sum(sums)), _share(a, sums[0]), _share(b, sums[1])]
        rows.append(Row(str(levels[i][1]), "", *cells, is_level=True))
    return rows


def _p_values(compare: Callable, a: Sequence[float], b: Sequence[float]) -> tuple[str, str, str, str]:
    """p and name by the paper's test, then by the fitting one; empty where a group is empty."""
    try:
        published, fitting = compare(a, b, "as_published"), compare(a, b, "corrected")
    except InvalidInputError:
        return "", "", "", ""
    return f"{published.p:.3f}", published.test, f"{fitting.p:.3f}", fitting.test


def _mean_sd(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "–"
    mean = sum(values) / len(values)
    deviation = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.2f} ± {deviation:.2f}"


def _share(count: int, total: int) -> str:
    return f"{count} ({100 * count / total:.1f} %)" if total else "–"
