"""Reports: what the team states, and the printed files. The words are asked before a row is written."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import transaction

from analysis.models import Job, ModelVersion, Report, ReportFile, Statement
from analysis.services.jobs import job_enqueue
from studies.errors import RuleViolationError
from studies.models import Study
from studies.services.audit import audit_record

UNKNOWN_TOPIC = "There is no such topic to state anything about."
CHANGED = "The stored report was changed since it was printed, so it is not shown. Print it again."
TWO_AT_ONCE = "Another report of this study was printed at the same time; retry."


@dataclass(frozen=True, slots=True)
class Printed:
    """One printed file: language as Django names it, format html or pdf, and its bytes."""

    language: str
    format: str
    content: bytes


@transaction.atomic
def statement_save(*, actor: User, study: Study, topic: str, text: str) -> Statement | None:
    """Store what the team states on a topic; the same text as before stores nothing."""
    if topic not in Statement.Topic.values:
        raise RuleViolationError(UNKNOWN_TOPIC)
    before = study.statements.filter(topic=topic).first()
    said = before.text if before else ""
    if text.strip() == said:
        return None
    row = Statement(study=study, topic=topic, text=text.strip(), actor=actor)
    row.full_clean()
    row.save(force_insert=True)
    audit_record(
        actor=actor, action="statement.save", target=row, study=study, changes={topic: [said, row.text]}
    )
    return row


def report_request(*, actor: User, study: Study, title: str, comment: str, address: str) -> Job:
    """Queue the writing of a report; `address` is where links of the report lead."""
    parameters = {"title": title.strip(), "comment": comment.strip(), "address": address}
    return job_enqueue(actor=actor, kind=Job.Kind.REPORT, study=study, parameters=parameters)


@transaction.atomic
def report_store(
    *,
    job: Job,
    version: ModelVersion | None,
    number: int,
    title: str,
    comment: str,
    n_looks: int,
    facts: Mapping[str, Any],
    checklists: Mapping[str, Mapping[str, int]],
    printed: list[Printed],
) -> Report:
    """Store a report with its files; a job that is delivered twice stores one."""
    study = Study.objects.select_for_update().get(pk=job.study_id)
    if known := Report.objects.filter(job=job).first():
        return known
    if number != study.reports.count() + 1:
        raise RuleViolationError(TWO_AT_ONCE)
    report = Report(
        study=study,
        number=number,
        title=title,
        comment=comment,
        version=version,
        n_looks=n_looks,
        seal_hash=study.seal_hash,
        facts=facts,
        facts_digest=facts_digest(facts),
        checklists=checklists,
        actor=job.started_by,
        job=job,
    )
    report.full_clean()
    report.save(force_insert=True)
    for file in printed:
        _file_store(report, file)
    changes = {"number": [report.number - 1, report.number], "facts": ["", report.facts_digest]}
    audit_record(actor=job.started_by, action="report.store", target=report, study=study, changes=changes)
    return report


def facts_digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the facts in their canonical JSON form."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def stored_bytes(row: ReportFile) -> bytes:
    """Read a printed file back; refuses when its bytes are not those that were stored."""
    with row.file.open("rb") as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise RuleViolationError(CHANGED)
    return content


def _file_store(report: Report, printed: Printed) -> None:
    row = ReportFile(
        report=report,
        language=printed.language,
        format=printed.format,
        sha256=hashlib.sha256(printed.content).hexdigest(),
        size_bytes=len(printed.content),
    )
    row.file.save(f"{printed.language}.{printed.format}", ContentFile(printed.content), save=False)
    row.full_clean()
    row.save(force_insert=True)
