"""Writing a checked table: everything in one transaction, in constantly many statements a thousand rows."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from studies.models import (
    ClinicalRecord,
    DataQuery,
    Exam,
    Label,
    Lesion,
    Patient,
    QueryNote,
    SourceRow,
    Specimen,
    TableImport,
)
from studies.rules.clinical_checks import clinical_notices
from studies.services.audit import Act, audit_record_many
from studies.services.bulk import BATCH, insert_rows, insert_values
from studies.services.hospital_numbers import hospital_number_set
from studies.services.pathology import ENTERED_FIELDS
from studies.services.queries import Subject, queries_settle, queries_sync, query_unsaved
from studies.services.table_plan import CLINICAL_CHECKED, Plan
from studies.services.table_records import Question, Record

ORDER: tuple[type[models.Model], ...] = (Patient, ClinicalRecord, Lesion, Exam, Specimen, Label)
"""What refers to what: earlier kinds are written first."""
DERIVED = (
    "call", "category", "ish_group", "path", "required_action", "comment_required", "discordance", "queries",
    "paper_label", "engine_version", "inputs_hash",
)  # fmt: skip
ACTIONS = {
    Patient: "patient.save", ClinicalRecord: "clinical.save", Lesion: "lesion.save", Exam: "exam.save",
    Specimen: "specimen.save", Label: "label.save",
}  # fmt: skip


@transaction.atomic
def table_write(plan: Plan, *, actor: User | None, table: TableImport) -> int:
    """Store every record that the table touched; returns how many queries were raised."""
    records = plan.touched
    _save_rows(records)
    reason = f"import {table.pk}"
    audit_record_many(actor=actor, study=table.study, acts=_acts(records, reason))
    _link_numbers(records, actor, reason)
    _settle_stored(records, actor)
    raised = _raise_queries(plan, records)
    columns = ("table_id", "patient_id", "number", "texts")
    insert_values(SourceRow, columns, _source_rows(plan, records, table))
    return raised


def _save_rows(records: list[Record]) -> None:
    now = timezone.now()
    new: dict[type[models.Model], list[models.Model]] = {kind: [] for kind in ORDER}
    changed: dict[type[models.Model], list[models.Model]] = {kind: [] for kind in ORDER}
    fields: dict[type[models.Model], set[str]] = {kind: set() for kind in ORDER}
    for record in records:
        new_ids = {row.pk for row in record.new}
        for row in record.new:
            new[type(row)].append(row)
        for row in () if record.is_new else record.rows:
            if row.pk in record.changes and row.pk not in new_ids:
                row.updated_at = now
                changed[type(row)].append(row)
                fields[type(row)] |= record.changes[row.pk].keys()
    for kind in ORDER:
        insert_rows(new[kind])
        if changed[kind]:
            extra = DERIVED if kind is Label else ()
            names = {*fields[kind], "updated_at", *extra}
            kind._default_manager.bulk_update(changed[kind], names, batch_size=BATCH)


def _acts(records: Iterable[Record], reason: str) -> Iterator[Act]:
    """Old and new of every field, one act a row; a new patient's first lesion and visit are told with it."""
    for record in records:
        new_ids = {row.pk for row in record.new}
        first = (record.lesion, record.exams[0]) if record.is_new else ()
        if record.is_new:
            told = {name: pair for row in first for name, pair in record.changes.get(row.pk, {}).items()}
            yield Act("patient.create", record.patient, told, reason)
        for row in record.rows:
            changes = record.changes.get(row.pk, {})
            if row not in first and (changes or (isinstance(row, Specimen) and row.pk in new_ids)):
                yield Act(_action_on(row, row.pk in new_ids), row, changes, reason)


def _action_on(row: models.Model, is_new: bool) -> str:
    created = {Specimen: "specimen.create", Exam: "exam.create", Lesion: "lesion.create"}
    return (is_new and created.get(type(row))) or ACTIONS[type(row)]


def _link_numbers(records: Iterable[Record], actor: User | None, reason: str) -> None:
    for record in records:
        if record.number_to_link:
            hospital_number_set(
                actor=actor, patient=record.patient, number=record.number_to_link, reason=reason
            )


def _raise_queries(plan: Plan, records: Iterable[Record]) -> int:
    """Raise what has not been asked about the same values before."""
    queries: dict[tuple[object, ...], DataQuery] = {}
    for record in records:
        for question in record.questions:
            if question.source == DataQuery.Source.RULE and not _is_bulk(record, question):
                continue
            query = query_unsaved(_subject(record, question), question.notice, source=question.source)
            key = (query.patient_id, query.code, query.field, query.values_digest)
            if key not in plan.cohort.asked:
                queries.setdefault(key, query)
    rows = list(queries.values())
    insert_rows(rows)
    notes = ((query.pk, QueryNote.Kind.RAISED, query.text) for query in rows)
    insert_values(QueryNote, ("query_id", "kind", "text"), notes)
    acts = (Act(_action(query), query, {"status": [None, query.status]}, query.text) for query in rows)
    audit_record_many(actor=None, study=plan.cohort.study, acts=acts)
    return len(rows)


def _is_bulk(record: Record, question: Question) -> bool:
    """Rules on rows that were stored before are synced one by one: some of their queries may close."""
    row = question.label or record.clinical
    return any(row.pk == new.pk for new in record.new)


def _action(query: DataQuery) -> str:
    is_pathology = query.subject == DataQuery.Subject.PATHOLOGY
    return "label.query.raised" if is_pathology else "query.raised"


def _subject(record: Record, question: Question) -> Subject:
    """What an import asks is known by its words, what a rule asks by the values that it saw."""
    values: dict[str, object] = {}
    if question.source == DataQuery.Source.RULE:
        row, names = (
            (question.label, ENTERED_FIELDS) if question.label else (record.clinical, CLINICAL_CHECKED)
        )
        values = {name: getattr(row, name) for name in names}
    return Subject(record.patient, question.part, values, label=question.label)


def _settle_stored(records: Iterable[Record], actor: User | None) -> None:
    """Rows that were there before: close what the new values settle, ask what they raise."""
    for record in records:
        new_ids = {row.pk for row in record.new}
        clinical = record.changes.get(record.clinical.pk)
        if clinical and record.clinical.pk not in new_ids:
            part = DataQuery.Subject.CLINICAL
            queries_settle(actor=actor, patient=record.patient, part=part, fields=clinical)
            values = {name: getattr(record.clinical, name) for name in CLINICAL_CHECKED}
            subject = Subject(record.patient, part, values, kept=record.clinical.kept_warnings)
            queries_sync(actor=actor, subject=subject, notices=clinical_notices(values))
        for label in record.readings.values():
            if label.pk in record.changes and label.pk not in new_ids:
                _settle_reading(record, label, actor)


def _settle_reading(record: Record, label: Label, actor: User | None) -> None:
    part, fields = DataQuery.Subject.PATHOLOGY, record.changes[label.pk]
    asked = [q.notice for q in record.questions if q.label is label and q.source == DataQuery.Source.RULE]
    queries_settle(actor=actor, patient=record.patient, part=part, fields=fields, label=label)
    values = {name: getattr(label, name) for name in ENTERED_FIELDS}
    subject = Subject(record.patient, part, values, label=label)
    queries_sync(actor=actor, subject=subject, notices=asked)


def _source_rows(plan: Plan, records: Iterable[Record], table: TableImport) -> Iterator[tuple[Any, ...]]:
    """The texts of rows that changed something; a row that only repeats what is stored is stored already."""
    unchanged = {row.number for row in plan.rows if row.verdict == "same"}
    for record in records:
        for number, texts in record.texts:
            if number not in unchanged:
                yield table.pk, record.patient.pk, number, texts
