"""Two ensembles side by side: parameters, data, figures; of the test side only what looks stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from analysis.models import Evaluation, ModelVersion
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.metrics import Comparison, compare
from analysis.reports.comparison_figures import p_text
from analysis.reports.model_tables import metric_cell, model_name
from analysis.reports.tables import Cell, Column, Line, Table
from analysis.reports.version_history import SnapshotDifference, VersionRow, snapshot_difference
from studies.templatetags.stored_sentences import translated

OLD, NEW = "older", "newer"
Cohort = Evaluation.Cohort
METRICS = ("ACC", "MAJORITY", "SEN", "SPC", "YI", "PPV", "NPV")


@dataclass(frozen=True, slots=True)
class Paired:
    """The difference on the patients whom both versions scored and whose outcome is the same in both.

    found: newer minus older; None with the reason where it cannot be had.
    """

    n: int
    events: int
    found: Comparison | None
    reason: str = ""
    is_same: bool = False


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """Everything the page of two versions shows; older was trained before newer."""

    older: VersionRow
    newer: VersionRow
    parameters: Table
    n_same_parameters: int
    data: SnapshotDifference
    figures: Table
    paired: Table
    test: Table
    test_paired: Table | None

    @property
    def sides(self) -> tuple[VersionRow, VersionRow]:
        """Both, the older one first."""
        return self.older, self.newer


def compare_versions(older: VersionRow, newer: VersionRow) -> VersionComparison:
    """Compare two versions from stored rows alone; nothing is scored again and no look is taken."""
    parameters, same = parameter_table(older.version, newer.version)
    on_test = _paired(older.version, newer.version, Cohort.TEST)
    return VersionComparison(
        older=older,
        newer=newer,
        parameters=parameters,
        n_same_parameters=same,
        data=snapshot_difference(older.version.training_snapshot, newer.version.training_snapshot),
        figures=figure_table(older, newer),
        paired=paired_table(_paired(older.version, newer.version, Cohort.OUT_OF_FOLD), "paired-oof"),
        test=look_table(older, newer),
        test_paired=paired_table(on_test, "paired-test") if older.looks and newer.looks else None,
    )


def flat(values: Mapping[str, Any], head: str = "") -> dict[str, str]:
    """Nested parameters as "classifiers.rf_trees" to text."""
    found: dict[str, str] = {}
    for name, value in values.items():
        path = f"{head}{name}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{path}.")
        else:
            found[path] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return found


def parameter_table(older: ModelVersion, newer: ModelVersion) -> tuple[Table, int]:
    """Parameters, software, code and base that differ, and how many are the same."""
    sides = [_settings(version) for version in (older, newer)]
    names = list(dict.fromkeys([*sides[0], *sides[1]]))
    rows = [(name, *(side.get(name, "–") for side in sides)) for name in names]
    lines = [Line(row) for row in rows if row[1] != row[2]]
    columns = [Column(_("Parameter"), name="parameter"), *_version_columns(older, newer)]
    title, empty = _("What differs"), _("No parameter, library or line of code differs.")
    return Table("parameters", title, columns, lines, (), empty), len(rows) - len(lines)


def figure_table(older: VersionRow, newer: VersionRow) -> Table:
    """Out-of-fold figures of each version's chosen model at its own frozen cut-off."""
    sides = [_figures(row.version, Cohort.OUT_OF_FOLD) for row in (older, newer)]
    lines = [
        Line([_("Chosen model"), *(model_name(row.version.name) for row in (older, newer))]),
        Line([_("Patients judged out of fold"), *(_cell(side, "n") for side in sides)]),
        Line([_("of them HER2-positive (events)"), *(_cell(side, "events") for side in sides)]),
        Line([_("AUC (DeLong)"), *(_area(side) for side in sides)]),
        Line([_("Frozen cut-off"), *(_plain(side, "cutoff") for side in sides)]),
    ]
    lines += [
        Line([words, *(_metric(side, name) for side in sides)], level=name == "MAJORITY")
        for name, words in metric_words().items()
    ]
    lines += [Line([words, *(_calibration(side, name) for side in sides)]) for name, words in _fits().items()]
    columns = [
        Column(_("Figure"), name="figure"),
        *_version_columns(older.version, newer.version, numeric=True),
    ]
    notes = (
        _(
            "Each version is judged on its own training patients, each patient by a model fitted without "
            "them. Where the patients differ, so does the task: read the paired difference above."
        ),
    )
    # xgettext:no-python-format
    title = _("Out of fold, at the frozen cut-off (95 % intervals: AUC DeLong, shares Wilson, Youden Wald)")
    return Table("figures", title, columns, lines, notes)


def look_table(older: VersionRow, newer: VersionRow) -> Table:
    """Every stored look at the test side that judged one of the two."""
    lines = []
    for row in (older, newer):
        judged = [e for e in row.version.evaluations.all() if e.cohort == Cohort.TEST and e.look]
        for evaluation in sorted(judged, key=lambda e: e.look.number):
            stored = evaluation.results["evaluations"].get(row.version.summary.get("chosen", ""))
            cells = [_area(stored), _metric(stored, "SEN"), _metric(stored, "SPC")]
            lines.append(Line([row.version.number, evaluation.look.number, _cell(stored, "n"), *cells]))
    columns = [
        Column(_("Version"), numeric=True, name="version"),
        Column(_("Look"), numeric=True, name="look"),
        Column(_("Patients"), numeric=True, name="patients"),
        Column(_("AUC (DeLong)"), numeric=True, name="AUC"),
        Column(_("Sensitivity (Wilson)"), numeric=True, name="sensitivity"),
        Column(_("Specificity (Wilson)"), numeric=True, name="specificity"),
    ]
    empty = _("Neither version was judged on the test side. Comparing them here takes no look.")
    notes = (
        _(
            "Only looks that were taken and counted before; comparing opens nothing. Choose by the "
            "out-of-fold figures: whoever chooses by these uses the test side up."
        ),
    )
    return Table(
        "looks", _("Every look that judged one of the two"), columns, lines, notes if lines else (), empty
    )


def paired_table(paired: Paired, name: str) -> Table:
    """The newer version minus the older one on the same patients."""
    title = _("Newer minus older, on the patients both have in common")
    columns = [
        Column(_("Patients"), numeric=True, name="patients"),
        Column(_("HER2-positive"), numeric=True, name="HER2-positive"),
        Column(_("Difference of AUC, DeLong"), numeric=True, name="difference DeLong"),
        Column(_("P, DeLong"), numeric=True, name="p"),
        Column(_("Difference of AUC, bootstrap"), numeric=True, name="difference bootstrap"),
        Column(_("ACC: only one right, McNemar’s P"), numeric=True, name="ACC"),
        Column(_("SEN: only one right, McNemar’s P"), numeric=True, name="SEN"),
        Column(_("SPC: only one right, McNemar’s P"), numeric=True, name="SPC"),
    ]
    if paired.found is None:
        return Table(name, title, columns, (), (), paired.reason)
    found, boot = paired.found, paired.found.bootstrap
    line = [
        paired.n,
        paired.events,
        Cell(found.difference, *found.interval, places=3),
        p_text(found.p),
        Cell(boot.value, boot.low, boot.high, places=3) if boot else Cell(None),
        *[_discordant(found, metric) for metric in ("ACC", "SEN", "SPC")],
    ]
    return Table(name, title, columns, [Line(line)], _paired_notes(paired))


def metric_words() -> dict[str, str]:
    """Names of the figures at a cut-off, in the order of the page."""
    return {
        "ACC": _("Share called rightly (ACC)"),
        "MAJORITY": _("Reference: everybody called the commoner class"),
        "SEN": _("Sensitivity"),
        "SPC": _("Specificity"),
        "YI": _("Youden index"),
        "PPV": _("Positive predictive value, at this share of positives"),
        "NPV": _("Negative predictive value, at this share of positives"),
    }


def _paired_notes(paired: Paired) -> tuple[str, ...]:
    notes = [
        _(
            "In brackets: patients only the newer, and only the older version called rightly at its frozen "
            "cut-off. Intervals are of patients; the two fits share most of theirs, so read them as a guide."
        )
    ]
    if paired.is_same:
        notes.insert(0, _("Both versions give these patients the same scores."))
    return tuple(notes)


def _paired(older: ModelVersion, newer: ModelVersion, cohort: str) -> Paired:
    rows = [_evaluation(version, cohort) for version in (older, newer)]
    chosen = [version.summary.get("chosen", "") for version in (older, newer)]
    if rows[0] is None or rows[1] is None or not all(chosen):
        return Paired(0, 0, None, _("One of the versions has no stored scores here."))
    known = [_scores(row, model) for row, model in zip(rows, chosen, strict=True) if row]
    common = [pk for pk, (label, _score) in known[0].items() if pk in known[1] and known[1][pk][0] == label]
    labels = np.array([known[0][pk][0] for pk in common], dtype=np.int64)
    scores = [np.array([side[pk][1] for pk in common], dtype=np.float64) for side in known]
    cutoffs = [v.summary["cutoffs"][model] for v, model in zip((older, newer), chosen, strict=True)]
    try:
        found = compare(
            labels,
            {NEW: scores[1], OLD: scores[0]},
            {NEW: cutoffs[1], OLD: cutoffs[0]},
            [(NEW, OLD)],
            seed=newer.study.split_seed,
        )[0]
    except InvalidInputError:
        reason = _("The two versions have too few patients of each class in common for a paired difference.")
        return Paired(len(common), int(labels.sum()), None, reason)
    return Paired(len(common), int(labels.sum()), found, is_same=bool(np.array_equal(*scores)))


def _evaluation(version: ModelVersion, cohort: str) -> Evaluation | None:
    return version.evaluations.filter(cohort=cohort).order_by("created_at").last()


def _scores(evaluation: Evaluation, chosen: str) -> dict[str, tuple[int, float]]:
    stored = evaluation.predictions
    rows = zip(stored["patients"], stored["labels"], stored["scores"][chosen], strict=True)
    return {patient: (label, score) for patient, label, score in rows}


def _settings(version: ModelVersion) -> dict[str, str]:
    code = version.summary.get("code", "")
    snapshot = version.training_snapshot
    return {
        **flat(version.parameters),
        **flat(snapshot.get("feature_base", {}), "feature_base."),
        "seal_hash": str(snapshot.get("seal_hash", "–"))[:12],
        **{f"software.{name}": number for name, number in version.summary.get("versions", {}).items()},
        "code": code[:12] or _("not recorded"),
    }


def _version_columns(older: ModelVersion, newer: ModelVersion, *, numeric: bool = False) -> list[Column]:
    words = _("Version %(n)s")
    return [
        Column(words % {"n": version.number}, numeric=numeric, name=f"version {version.number}")
        for version in (older, newer)
    ]


def _figures(version: ModelVersion, cohort: str) -> dict[str, Any] | None:
    row = _evaluation(version, cohort)
    found = row.results["evaluations"].get(version.summary.get("chosen", "")) if row else None
    return found or None


def _area(stored: Mapping[str, Any] | None) -> Cell:
    return (
        Cell(stored["auc"], stored["auc_low"], stored["auc_high"], "", "DeLong", 3) if stored else Cell(None)
    )


def _metric(stored: Mapping[str, Any] | None, name: str) -> Cell:
    if not stored:
        return Cell(None)
    cell = metric_cell(stored["metrics"].get(name), scale=1, places=3)
    return Cell(cell.value, cell.low, cell.high, cell.counts, translated(cell.method), 3)


def _plain(stored: Mapping[str, Any] | None, name: str) -> Cell:
    return Cell(stored[name] if stored else None, places=3)


def _cell(stored: Mapping[str, Any] | None, name: str) -> object:
    return stored[name] if stored else None


def _calibration(stored: Mapping[str, Any] | None, name: str) -> Cell:
    found = (stored or {}).get("calibration") or {}
    return Cell(found.get(name), places=3)


def _fits() -> dict[str, str]:
    return {"slope": _("Calibration slope (1 is best)"), "brier": _("Brier score (0 is best)")}


def _discordant(found: Comparison, name: str) -> str:
    newer, older = found.discordant[name]
    return f"{p_text(found.mcnemar[name])} ({newer} : {older})"
