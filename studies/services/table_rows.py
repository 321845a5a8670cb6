"""One row of a table against one patient: what it sets, what it asks, and where it contradicts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import models

from studies.models import DataQuery, Exam, Label, Specimen
from studies.rules.her2 import Ish, classify
from studies.rules.her2_text import NAMES, ParsedSpecimen, entered_status, parse_specimen
from studies.rules.her2_types import Her2InputError
from studies.rules.parameters import PARAMETERS
from studies.rules.sentences import Notice, Sentence, gettext_noop
from studies.rules.table_cells import Cell
from studies.services.hospital_numbers import hospital_number_fingerprint
from studies.services.pathology import label_derive
from studies.services.table_records import Cohort, Options, Question, Record

COUNT_FIELDS = ("cells", "her2_copies", "cep17_copies", "ratio")
Place = tuple[str, str]
IMPORT, RULE = DataQuery.Source.IMPORT, DataQuery.Source.RULE
CLINICAL, PATHOLOGY = DataQuery.Subject.CLINICAL, DataQuery.Subject.PATHOLOGY


@dataclass
class RowValues:
    """The cells of a row by (part, field)."""

    number: int
    cells: dict[Place, Cell] = field(default_factory=dict)
    texts: dict[Place, str] = field(default_factory=dict)
    columns: dict[Place, str] = field(default_factory=dict)

    def value(self, part: str, name: str) -> Any:
        """What the cell says, None where it says nothing."""
        cell = self.cells.get((part, name))
        return cell.value if cell else None

    def of(self, part: str) -> Iterator[tuple[str, Cell]]:
        """The cells of a part of the record."""
        return ((name, cell) for (there, name), cell in self.cells.items() if there == part)

    def column_of(self, notice: Notice) -> str:
        """The column that a notice is about, as the table names it."""
        for name in notice.fields:
            for (_part, field_name), column in self.columns.items():
                if field_name == name:
                    return column
        return ""


@dataclass
class Outcome:
    """What became of a row."""

    errors: list[Notice] = field(default_factory=list)
    remarks: list[tuple[str, Notice]] = field(default_factory=list)
    changed: bool = False
    pair: tuple[str, str] | None = None
    """(status as entered, call of the engine), where the table has HER2 columns."""


@dataclass(frozen=True, slots=True)
class Put:
    """A value for a field of a row."""

    row: models.Model
    name: str
    value: Any
    part: str


def apply_row(record: Record, values: RowValues, options: Options, cohort: Cohort) -> Outcome:
    """Check the row against what the table said of this patient before; then take it into the record."""
    outcome = Outcome()
    exam, specimen = _exam(record, values), _specimen(record, values, options)
    puts = [*_plain_puts(record, values, exam, specimen)]
    for put in puts:
        earlier = record.filled.get((put.row.pk, put.name))
        if earlier is not None and getattr(put.row, put.name) != put.value:
            template = gettext_noop("Row %(row)d says “%(value)s” of the same patient; make them agree.")
            sentence = Sentence(template, row=earlier, value=str(getattr(put.row, put.name)))
            outcome.errors.append(Notice("rows_disagree", sentence, (put.name,)))
    if outcome.errors:
        return outcome
    _take_new(record, [exam, specimen])
    for put in puts:
        _take(record, put, values, options, outcome)
    _take_missing(record, values, outcome)
    _take_number(record, values, options, cohort, outcome)
    for cell_place, cell in values.cells.items():
        if cell.question and cell_place[0] != "patient":
            record.questions.append(Question(_part_of(cell_place[0]), cell.question, IMPORT))
    if any(part == "label" for part, _name in values.cells):
        _take_reading(record, specimen, values, options, outcome)
    outcome.changed |= any(row is not None and row in record.new for row in (exam, specimen))
    return outcome


def _part_of(part: str) -> str:
    return PATHOLOGY if part in ("specimen", "label") else part


def _exam(record: Record, values: RowValues) -> Exam | None:
    """The visit that the row speaks of: by its phase, else the first; None where it speaks of none."""
    if not any(values.value("exam", name) for name in ("performed_on", "phase")):
        return None
    phase = values.value("exam", "phase")
    if phase is None:
        return record.exams[0]
    same = next((exam for exam in record.exams if exam.phase == phase), None)
    if same is not None:
        return same
    first = record.exams[0]
    if first._state.adding and not record.texts:
        first.phase = phase
        return first
    return Exam(patient=record.patient, number=record.exams[-1].number + 1, phase=phase)


def _specimen(record: Record, values: RowValues, options: Options) -> Specimen | None:
    """The specimen that the row speaks of, stored or new; None where it says nothing about pathology."""
    said = any(cell.value or cell.question for part in ("specimen", "label") for _n, cell in values.of(part))
    if not said:
        return None
    kind = values.value("specimen", "kind") or options.default_specimen
    text = str(values.value("specimen", "number") or "1")
    ordinal = int(text) if text.isdigit() and int(text) > 0 else 1
    of_kind = [specimen for specimen in record.specimens if specimen.kind == kind]
    if len(of_kind) >= ordinal:
        return of_kind[ordinal - 1]
    numbers = [specimen.number for specimen in record.specimens]
    return Specimen(
        patient=record.patient, lesion=record.lesion, kind=kind, number=max(numbers, default=0) + 1
    )


def _plain_puts(
    record: Record, values: RowValues, exam: Exam | None, specimen: Specimen | None
) -> Iterator[Put]:
    """Values that go into their fields as they are."""
    rows = {"clinical": record.clinical, "lesion": record.lesion, "exam": exam, "specimen": specimen}
    for (part, name), cell in values.cells.items():
        row = rows.get(part)
        if row is not None and cell.value is not None and name not in ("phase", "kind", "number"):
            yield Put(row, name, cell.value, part)


def _take_new(record: Record, rows: list[models.Model | None]) -> None:
    for row in rows:
        if isinstance(row, Exam) and row not in record.exams:
            record.exams.append(row)
            record.new.append(row)
        if isinstance(row, Specimen) and row not in record.specimens:
            record.specimens.append(row)
            record.new.append(row)


def _take(record: Record, put: Put, values: RowValues, options: Options, outcome: Outcome) -> None:
    """Set one field, unless a value stands there and the table must not replace it."""
    stored = getattr(put.row, put.name)
    if stored == put.value:
        record.filled.setdefault((put.row.pk, put.name), values.number)
        return
    is_default = put.row._state.adding
    if stored in (None, "") or is_default:
        record.put(put.row, put.name, put.value, values.number)
        outcome.changed = True
        return
    if options.asks_on_conflict:
        template = gettext_noop("“%(stored)s” is stored, the table says “%(value)s”.")
        sentence = Sentence(template, stored=_shown(stored), value=_shown(put.value))
        _ask(record, outcome, Notice("differs_from_table", sentence, (put.name,)), _part_of(put.part))
        return
    template = gettext_noop("“%(stored)s” becomes “%(value)s”.")
    sentence = Sentence(template, stored=_shown(stored), value=_shown(put.value))
    outcome.remarks.append(("change", Notice("replaced", sentence, (put.name,))))
    record.put(put.row, put.name, put.value, values.number)
    outcome.changed = True


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _ask(record: Record, outcome: Outcome, notice: Notice, part: str, label: Label | None = None) -> None:
    outcome.remarks.append(("question", notice))
    record.questions.append(Question(part, notice, IMPORT, label))


def _take_missing(record: Record, values: RowValues, outcome: Outcome) -> None:
    """Reasons for empty clinical fields; a field that has a value needs none."""
    before = dict(record.clinical.missing_reasons)
    reasons = dict(before)
    for name, cell in values.of("clinical"):
        if cell.missing and getattr(record.clinical, name) in (None, ""):
            reasons[name] = cell.missing
        elif cell.value is not None:
            reasons.pop(name, None)
    if reasons != before:
        record.put(record.clinical, "missing_reasons", reasons, values.number)
        outcome.changed = True


def _take_number(
    record: Record, values: RowValues, options: Options, cohort: Cohort, outcome: Outcome
) -> None:
    """Link the hospital number; say nothing of it but that it differs, or is another patient's too."""
    number = values.value("patient", "hospital_number")
    if not number:
        return
    found = hospital_number_fingerprint(number)
    if found == record.fingerprint:
        return
    if record.fingerprint and options.asks_on_conflict:
        template = gettext_noop("The hospital number of the table is not the one that is stored.")
        notice = Notice("number_differs", Sentence(template), ("hospital_number",))
        _ask(record, outcome, notice, DataQuery.Subject.OTHER)
        return
    if cohort.fingerprints.get(found, record.patient.pk) != record.patient.pk:
        template = gettext_noop(
            "Another patient of this study has the same hospital number: one person twice?"
        )
        notice = Notice("number_twice", Sentence(template), ("hospital_number",))
        _ask(record, outcome, notice, DataQuery.Subject.OTHER)
    cohort.fingerprints.setdefault(found, record.patient.pk)
    record.fingerprint, record.number_to_link = found, number
    outcome.changed = True


def _take_reading(
    record: Record, specimen: Specimen | None, values: RowValues, options: Options, outcome: Outcome
) -> None:
    """The HER2 entries of the row: stored as a draft reading, contradictions and free text asked about."""
    texts = {name: values.texts.get(("label", name)) for name in NAMES}
    parsed = parse_specimen(texts, values.value("label", "probe"))
    said = any(entry.missing is None for entry in parsed.entries.values())
    if specimen is None or not said:
        outcome.pair = (entered_status(parsed), "INDETERMINATE")
        return
    label = record.readings.get(specimen.pk)
    if label is None:
        label = Label(specimen=specimen, role=Label.Role.FIRST)
        record.readings[specimen.pk] = label
        record.new.append(label)
        outcome.changed = True
    if label.status != Label.Status.DRAFT:
        _compare_with_signed(record, label, _storable(parsed), outcome)
    else:
        storable = _storable(parsed)
        for name, value in storable.items():
            _take(record, Put(label, name, value, "label"), values, options, outcome)
        stored = label_derive(label).queries
        whole = () if _is_whole(parsed, storable) else _engine_on(parsed.ihc_score, parsed.ish)
        _ask_about_reading(record, label, (stored, (*parsed.queries, *whole)), outcome)
    outcome.pair = (entered_status(parsed), label.call)


def _storable(parsed: ParsedSpecimen) -> dict[str, Any]:
    """The values that a reading can hold; totals over all cells are out of range and are asked about."""
    numbers = {name: parsed.entries[name].number for name in ("her2_copies", "cep17_copies", "ratio")}
    cells = parsed.entries["cells"].number
    found: dict[str, Any] = {
        "ihc_score": parsed.ihc_score,
        "ihc_percent": parsed.entries["ihc_percent"].number,
        "probe": parsed.ish.probe if parsed.ish else None,
        "cells": int(cells) if cells is not None and cells.is_integer() else None,
        **numbers,
    }
    if parsed.ish:  # what no count can give was taken out there
        found |= {name: getattr(parsed.ish, name) for name in numbers}
    return {name: value for name, value in found.items() if value is not None and _fits(name, value)}


def _fits(name: str, value: Any) -> bool:
    parameter = PARAMETERS.get(name)
    return parameter is None or parameter.low <= value <= parameter.high


def _compare_with_signed(record: Record, label: Label, values: dict[str, Any], outcome: Outcome) -> None:
    for name, value in values.items():
        if getattr(label, name) != value:
            template = gettext_noop("The signed reading says “%(stored)s”, the table says “%(value)s”.")
            sentence = Sentence(template, stored=_shown(getattr(label, name)), value=_shown(value))
            _ask(record, outcome, Notice("signed_differs", sentence, (name,)), PATHOLOGY, label)


def _is_whole(parsed: ParsedSpecimen, storable: dict[str, Any]) -> bool:
    """Whether the reading holds every number of the count."""
    counts = (getattr(parsed.ish, name) for name in COUNT_FIELDS) if parsed.ish else ()
    return sum(count is not None for count in counts) == sum(name in storable for name in COUNT_FIELDS)


def _ask_about_reading(
    record: Record, label: Label, asked: tuple[tuple[Notice, ...], tuple[Notice, ...]], outcome: Outcome
) -> None:
    """What the engine asks about the stored values, and what else it and the texts ask of the table."""
    stored, others = asked
    codes = {notice.code for notice in stored}
    for source, notices in ((RULE, stored), (IMPORT, others)):
        for notice in notices:
            if source == RULE or notice.code not in codes:
                outcome.remarks.append(("question", notice))
                record.questions.append(Question(PATHOLOGY, notice, source, label))


def _engine_on(score: str | None, ish: Ish | None) -> tuple[Notice, ...]:
    try:
        return tuple(classify(ihc_score=score, ish=ish).queries)
    except Her2InputError:
        return ()
