"""Writes of data queries: raised by rules and people, answered, closed, opened again. Nothing is deleted."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from studies.errors import RuleViolationError
from studies.models import ClinicalRecord, DataQuery, Label, Patient, QueryNote
from studies.rules.clinical_checks import stored_fields
from studies.rules.sentences import Notice
from studies.services.audit import audit_record

VALUE_ENTERED = "A value was entered since."
VALUES_CHANGED = "The values changed; the rule has nothing to ask any more."
TEXT_LENGTH = 1000
Status, Kind = DataQuery.Status, QueryNote.Kind


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule looked at: a part of a patient's record, and the values that it saw there."""

    patient: Patient
    part: str
    values: Mapping[str, Any]
    label: Label | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    """Code of a warning to the reason why the values stay."""


@transaction.atomic
def query_raise(
    *, actor: User, patient: Patient, part: str, field: str, text: str, label: Label | None = None
) -> DataQuery:
    """Ask about a field of a patient."""
    query = DataQuery(
        patient=patient, subject=part, label=label, field=field, text=_said(text, "Write the question."),
        source=DataQuery.Source.PERSON, raised_by=actor,
    )  # fmt: skip
    query.full_clean()
    query.save(force_insert=True)
    _note(query, Kind.RAISED, actor, query.text)
    _audit(actor, f"query.{Kind.RAISED}", query, {"status": [None, Status.OPEN]}, query.text)
    return query


@transaction.atomic
def query_answer(*, actor: User, query: DataQuery, text: str) -> DataQuery:
    """Answer an open question; whoever raised it, or the coordinator, then closes it."""
    return _step(
        actor, query, {Status.OPEN}, Status.ANSWERED, Kind.ANSWERED, _said(text, "Write the answer.")
    )


@transaction.atomic
def query_close(*, actor: User | None, query: DataQuery, text: str) -> DataQuery:
    """Settle a question; what settled a warning about clinical values is the reason why they stay."""
    said = _said(text, "Say what settles the question; it is kept.")
    closed = _step(actor, query, {Status.OPEN, Status.ANSWERED}, Status.CLOSED, Kind.CLOSED, said)
    if closed.source == DataQuery.Source.RULE and closed.subject == DataQuery.Subject.CLINICAL:
        _keep(actor, closed, said)
    return closed


@transaction.atomic
def query_reopen(*, actor: User, query: DataQuery, text: str) -> DataQuery:
    """Ask again after an answer or a closure."""
    said = _said(text, "Say why the question is opened again; it is kept.")
    return _step(actor, query, {Status.ANSWERED, Status.CLOSED}, Status.OPEN, Kind.REOPENED, said)


@transaction.atomic
def queries_sync(*, actor: User | None, subject: Subject, notices: Iterable[Notice]) -> None:
    """Bring a record's open questions in line with what the rules ask about it now.

    A warning that is new is raised, one that is gone is closed, one whose values are kept for a reason is
    closed with that reason. What a person closed stays closed until the values change.
    """
    known = DataQuery.objects.filter(
        patient=subject.patient, subject=subject.part, label=subject.label, source=DataQuery.Source.RULE
    ).select_for_update()
    by_code: dict[str, list[DataQuery]] = {}
    for query in known:
        by_code.setdefault(query.code, []).append(query)
    asked = {notice.code: notice for notice in notices}
    for code, queries in by_code.items():
        if code not in asked:
            _close_all(actor, queries, VALUES_CHANGED)
    for notice in asked.values():
        _sync_one(actor, subject, notice, by_code.get(notice.code, []))


@transaction.atomic
def queries_settle(
    *, actor: User | None, patient: Patient, part: str, fields: Iterable[str], label: Label | None = None
) -> None:
    """Close what an import asked about fields that have been given another value since."""
    asked = DataQuery.objects.filter(
        patient=patient, subject=part, label=label, field__in=list(fields), source=DataQuery.Source.IMPORT
    ).exclude(status=Status.CLOSED)
    for query in asked:
        _step(actor, query, {Status.OPEN, Status.ANSWERED}, Status.CLOSED, Kind.CLOSED, VALUE_ENTERED)


def _keep(actor: User | None, query: DataQuery, reason: str) -> None:
    """Write the reason beside the clinical values, where the form asks for it."""
    record = ClinicalRecord.objects.select_for_update().get(patient=query.patient)
    before = dict(record.kept_warnings)
    if before.get(query.code) == reason:
        return
    record.kept_warnings = {**before, query.code: reason}
    record.save(update_fields=["kept_warnings", "updated_at"])
    audit_record(
        actor=actor, action="clinical.save", target=record, study=query.patient.study,
        changes={"kept_warnings": [before, record.kept_warnings]}, reason=reason,
    )  # fmt: skip


def _sync_one(actor: User | None, subject: Subject, notice: Notice, known: list[DataQuery]) -> None:
    digest = values_digest(subject.values, notice)
    same = [query for query in known if query.values_digest == digest]
    _close_all(actor, [query for query in known if query.values_digest != digest], VALUES_CHANGED)
    if reason := subject.kept.get(notice.code):
        _close_all(actor, same, reason)
    elif not same:
        query = query_unsaved(subject, notice)
        query.save(force_insert=True)
        _note(query, Kind.RAISED, None, query.text)
        _audit(None, f"query.{Kind.RAISED}", query, {"status": [None, Status.OPEN]}, query.text)


def query_unsaved(subject: Subject, notice: Notice, *, source: str = DataQuery.Source.RULE) -> DataQuery:
    """The unsaved question that a rule or an import asks."""
    fields = stored_fields(notice)
    return DataQuery(
        patient=subject.patient,
        subject=subject.part,
        label=subject.label,
        field=fields[0] if fields else "",
        code=notice.code,
        text=str(notice)[:TEXT_LENGTH],
        sentence=notice.sentence.as_dict(),
        values_digest=values_digest(subject.values, notice),
        source=source,
    )


def values_digest(values: Mapping[str, Any], notice: Notice) -> str:
    """SHA-256 (hex) of the values that a warning is about: equal values are not asked about twice."""
    concerned = {name: _plain(values.get(name)) for name in stored_fields(notice)}
    text = json.dumps([notice.code, str(notice), concerned], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A number in one form: 2.5, Decimal("2.50") and what the database gives back are the same."""
    return float(value) if isinstance(value, int | float | Decimal) else value and str(value)


def _close_all(actor: User | None, queries: Iterable[DataQuery], text: str) -> None:
    for query in queries:
        if query.status != Status.CLOSED:
            _step(actor, query, {Status.OPEN, Status.ANSWERED}, Status.CLOSED, Kind.CLOSED, text)


def _step(
    actor: User | None, query: DataQuery, allowed: set[str], status: str, kind: str, text: str
) -> DataQuery:
    """Move a question on, with a note and an audit row; NUL, which PostgreSQL cannot keep, is left out."""
    text = text.replace("\x00", "")
    locked = DataQuery.objects.select_for_update().select_related("patient__study").get(pk=query.pk)
    if locked.status not in allowed:
        raise RuleViolationError("Somebody moved this question on in the meantime; reload the page.")
    before, locked.status = locked.status, status
    locked.closed_at = timezone.now() if status == Status.CLOSED else None
    locked.full_clean()
    locked.save(update_fields=["status", "closed_at", "updated_at"])
    _note(locked, kind, actor, text)
    _audit(actor, f"query.{kind}", locked, {"status": [before, status]}, text)
    return locked


def _note(query: DataQuery, kind: str, author: User | None, text: str) -> None:
    QueryNote.objects.create(query=query, kind=kind, author=author, text=text)


def _audit(actor: User | None, action: str, query: DataQuery, changes: dict[str, Any], reason: str) -> None:
    """Questions about pathology are audited as pathology, so that the trail blinds whom the pages blind."""
    is_pathology = query.subject == DataQuery.Subject.PATHOLOGY
    audit_record(
        actor=actor,
        action=f"label.{action}" if is_pathology else action,
        target=query,
        study=query.patient.study,
        changes={**changes, "field": [query.field, query.field]} if query.field else changes,
        reason=reason,
    )


def _said(text: str, otherwise: str) -> str:
    if not text.strip():
        raise RuleViolationError(otherwise)
    return text.strip()[:TEXT_LENGTH]
