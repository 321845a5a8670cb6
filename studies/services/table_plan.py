"""What a table would do: a verdict for every row, before anything is written."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from studies.models import Study
from studies.rules.clinical_checks import clinical_notices, stored_fields
from studies.rules.her2_labels import cross_tab
from studies.rules.sentences import Notice, Sentence, gettext_noop
from studies.rules.table_cells import Cell, read_cell
from studies.rules.table_targets import BY_NAME, DROP, Target
from studies.rules.tables import Table, TableError, TableRow, without_guard
from studies.services.table_records import (
    Cohort,
    Options,
    Question,
    Record,
    load_cohort,
    new_record,
)
from studies.services.table_rows import RowValues, apply_row

NEW, CHANGE, SAME, ERROR = "new", "change", "same", "error"
VERDICTS = (NEW, CHANGE, SAME, ERROR)
PROGRESS_EVERY = 500


@dataclass(slots=True)
class RowPlan:
    """One row: its verdict, and remarks with the column that each is about."""

    number: int
    code: str
    verdict: str = SAME
    remarks: list[dict[str, Any]] = field(default_factory=list)

    def remark(self, kind: str, notice: Notice, column: str) -> None:
        """Add a remark; kind: error, question or change."""
        self.remarks.append(
            {"kind": kind, "column": column, "code": notice.code, **notice.sentence.as_dict()}
        )


@dataclass
class Plan:
    """All rows, and the records as they will be."""

    rows: list[RowPlan]
    cohort: Cohort
    pairs: list[tuple[str, str]]
    read: dict[tuple[str, str], Cell] = field(default_factory=dict)
    """Cells read so far, by target and text: columns repeat few texts."""

    @property
    def counts(self) -> dict[str, int]:
        """Rows by verdict."""
        found = Counter(row.verdict for row in self.rows)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def touched(self) -> list[Record]:
        """Records that at least one accepted row speaks of."""
        return [record for record in self.cohort.records.values() if record.texts]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of every verdict: equal when nothing changed between check and import."""
        rows = [[row.number, row.code, row.verdict, row.remarks] for row in self.rows]
        return hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()

    def report(self) -> dict[str, Any]:
        """What the table asks and how far its statuses agree with the engine, for people and programs."""
        asked = Counter(question.notice.code for record in self.touched for question in record.questions)
        table = cross_tab(self.pairs)
        return {
            "queries": dict(sorted(asked.items(), key=lambda item: (-item[1], item[0]))),
            "agreement": [[row, column, n] for (row, column), n in sorted(table.counts.items())],
            "remarks": dict(Counter(remark["code"] for row in self.rows for remark in row.remarks)),
        }


def check_mapping(table: Table, options: Options, *, may_see_labels: bool) -> dict[str, Target]:
    """Column to target of the columns that are read.

    Raises:
        TableError: no column holds the code, a target is given twice or unknown, or it needs another role.
    """
    chosen = {column: name for column, name in options.mapping.items() if name in BY_NAME}
    by_target: dict[str, str] = {}
    for column, name in chosen.items():
        target = BY_NAME[name]
        place = f"{target.part}.{target.field}"
        if place in by_target:
            template = gettext_noop("“%(one)s” and “%(two)s” go to the same field; choose one of them.")
            raise TableError(Sentence(template, one=by_target[place], two=column), column=column)
        by_target[place] = column
        if target.part in ("specimen", "label") and not may_see_labels:
            template = gettext_noop("Your role does not see pathology in this study; leave “%(one)s” out.")
            raise TableError(Sentence(template, one=column), column=column)
    if "patient.code" not in by_target:
        raise TableError(Sentence(gettext_noop("Say which column holds the pseudonymous code.")))
    return {column: BY_NAME[name] for column, name in chosen.items() if column in table.columns}


def plan_table(
    table: Table,
    options: Options,
    *,
    study: Study,
    viewer: User | None,
    may_see_labels: bool = True,
    progress: Callable[[int], None] = lambda _n: None,
) -> Plan:
    """Check every row against the study. Nothing is written.

    Raises:
        TableError: the mapping cannot be used (see `check_mapping`).
    """
    targets = check_mapping(table, options, may_see_labels=may_see_labels)
    code_place = next(i for i, c in enumerate(table.columns) if options.mapping.get(c) == "patient.code")
    codes = {without_guard(row.texts[code_place]) for row in table.rows}
    plan = Plan([], load_cohort(study, viewer=viewer, codes=codes), [])
    seen: dict[tuple[str, ...], int] = {}
    for place, row in enumerate(table.rows):
        plan.rows.append(_plan_row(row, table, targets, options, plan, seen))
        if place % PROGRESS_EVERY == 0:
            progress(place)
    by_number = {row.number: row for row in plan.rows}
    for record in plan.touched:
        _ask_about_clinical(record, by_number[record.texts[-1][0]], targets)
    return plan


def _ask_about_clinical(record: Record, row: RowPlan, targets: Mapping[str, Target]) -> None:
    """Warnings about the values as they will be, where the table changed them."""
    if record.clinical.pk not in record.changes:
        return
    columns = {target.field: column for column, target in targets.items()}
    values = {name: getattr(record.clinical, name) for name in CLINICAL_CHECKED}
    for notice in clinical_notices(values):
        record.questions.append(Question("clinical", notice, "rule"))
        row.remark("question", notice, columns.get(stored_fields(notice)[0], ""))


CLINICAL_CHECKED = (
    "age_years", "menopause", "size_cm", "c_t", "c_n", "c_tnm", "er_status", "er_percent", "pr_status",
    "pr_percent",
)  # fmt: skip


def _plan_row(
    row: TableRow,
    table: Table,
    targets: Mapping[str, Target],
    options: Options,
    plan: Plan,
    seen: dict[tuple[str, ...], int],
) -> RowPlan:
    texts = dict(zip(table.columns, row.texts, strict=True))
    values, result = _read(row, texts, targets, plan.read)
    record = None if result.verdict == ERROR else _find(values, options, plan.cohort, result)
    if record is not None:
        _check_duplicate(values, result, seen)
    if record is None or result.verdict == ERROR:
        return result
    outcome = apply_row(record, values, options, plan.cohort)
    for notice in outcome.errors:
        _refuse(result, notice, values)
    if outcome.errors:
        return result
    result.verdict = NEW if record.is_new and not record.texts else CHANGE if outcome.changed else SAME
    for kind, notice in outcome.remarks:
        result.remark(kind, notice, values.column_of(notice))
    if outcome.pair:
        plan.pairs.append(outcome.pair)
    record.texts.append((row.number, {c: t for c, t in texts.items() if _is_kept(c, options)}))
    plan.cohort.records[record.patient.code] = record
    return result


def _is_kept(column: str, options: Options) -> bool:
    return options.mapping.get(column, DROP) not in (DROP, "patient.hospital_number")


def _read(
    row: TableRow,
    texts: Mapping[str, str],
    targets: Mapping[str, Target],
    known: dict[tuple[str, str], Cell],
) -> tuple[RowValues, RowPlan]:
    """Read every cell of a row; errors make it a refused row."""
    values, cells = RowValues(row.number), {}
    for column, target in targets.items():
        cell = known.get((target.name, texts[column]))
        if cell is None:
            cell = known[target.name, texts[column]] = read_cell(texts[column], target.field, target.read)
        values.columns[target.part, target.field] = column
        values.texts[target.part, target.field] = without_guard(texts[column])
        values.cells[target.part, target.field] = cells[column] = cell
    result = RowPlan(row.number, str(values.value("patient", "code") or ""))
    for column, cell in cells.items():
        if cell.error:
            result.verdict = ERROR
            result.remark("error", cell.error, column)
        elif cell.question:
            result.remark("question", cell.question, column)
    if not result.code and result.verdict != ERROR:
        template = gettext_noop("The row has no code; every patient needs one.")
        _refuse(result, Notice("code_missing", Sentence(template), ("code",)), values)
    return values, result


def _find(values: RowValues, options: Options, cohort: Cohort, result: RowPlan) -> Record | None:
    """The record of the row's code, or a new one; None where the row is refused."""
    code = result.code
    site_code = str(values.value("patient", "site") or "")
    if code in cohort.out_of_reach:
        template = gettext_noop("The code %(code)s is taken at a site that is not yours.")
        return _refuse(result, Notice("code_elsewhere", Sentence(template, code=code), ("code",)), values)
    if record := cohort.records.get(code):
        if site_code and site_code != record.patient.site.code:
            template = gettext_noop("%(code)s belongs to site %(stored)s, the row says %(site)s.")
            names = {"code": code, "stored": record.patient.site.code, "site": site_code}
            return _refuse(result, Notice("site_differs", Sentence(template, **names), ("site",)), values)
        return record
    wanted = site_code or options.default_site
    if wanted not in cohort.sites:
        template = (
            gettext_noop("There is no site “%(site)s” within your reach; add it on the study’s overview.")
            if wanted
            else gettext_noop("The row names no site; choose one for rows without.")
        )
        return _refuse(result, Notice("site_unknown", Sentence(template, site=wanted), ("site",)), values)
    return new_record(cohort.study, cohort.sites[wanted], code)


def _check_duplicate(values: RowValues, result: RowPlan, seen: dict[tuple[str, ...], int]) -> None:
    """Two rows of one patient must differ in specimen or visit."""
    key = (result.code, *(str(values.value(*place) or "") for place in KEY_PLACES))
    first = seen.setdefault(key, values.number)
    if first != values.number:
        template = gettext_noop(
            "The code %(code)s stands in row %(row)d already; delete one, or tell the rows apart by "
            "specimen, specimen number or phase."
        )
        sentence = Sentence(template, code=result.code, row=first)
        _refuse(result, Notice("code_twice", sentence, ("code",)), values)


KEY_PLACES = (("specimen", "kind"), ("specimen", "number"), ("exam", "phase"))


def _refuse(result: RowPlan, notice: Notice, values: RowValues) -> None:
    result.verdict = ERROR
    result.remark("error", notice, values.column_of(notice))
