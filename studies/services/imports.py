"""A table on its way in: uploaded and sealed, mapped, checked row by row, then imported or discarded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from studies import dispatch
from studies.errors import RuleViolationError
from studies.models import Study, TableImport
from studies.permissions import can_view_labels_in
from studies.rules import sealing
from studies.rules.sentences import Sentence, gettext_noop
from studies.rules.table_targets import DROP, guess_mapping
from studies.rules.tables import ENCODINGS, Table, TableError, read_table
from studies.services.audit import audit_record
from studies.services.bulk import collector_paused
from studies.services.table_plan import ERROR, Plan, check_mapping, plan_table
from studies.services.table_records import Options
from studies.services.table_write import table_write

PURPOSE = "table that waits to be imported"
STALE_AFTER = timedelta(minutes=5)
KEPT_FOR = timedelta(days=7)
"""A table that nobody imports is deleted after this time."""
EXAMPLES, EXAMPLE_ROWS, EXAMPLE_LENGTH = 3, 200, 40
MAX_BYTES = 64 * 1024**2
Status = TableImport.Status
CHOICES = ("mapping", "default_site", "default_specimen", "mode", "on_conflict")


class ChangedSinceError(RuleViolationError):
    """The verdicts are not those that were shown."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("The study changed since the check; look at the new verdicts, then import.")
        self.plan = plan


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did."""

    plan: Plan
    raised: int


def import_create(
    *, actor: User | None, study: Study, content: bytes, encoding: str = "utf-8"
) -> TableImport:
    """Take a table in, sealed, with a first guess of what its columns are.

    Raises:
        TableError: it cannot be read; nothing is stored.
    """
    if len(content) > MAX_BYTES:
        template = gettext_noop("The file is larger than %(n)d MB; split it into several.")
        raise TableError(Sentence(template, n=MAX_BYTES // 1024**2))
    if encoding not in ENCODINGS:
        raise RuleViolationError(f"There is no coding {encoding}; choose one of {', '.join(ENCODINGS)}.")
    table = read_table(content, encoding=encoding)
    sites, mapping = list(study.sites.values_list("code", flat=True)), guess_mapping(table.columns)
    with transaction.atomic():
        row = TableImport(
            study=study,
            actor=actor,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            encoding=encoding,
            columns=list(table.columns),
            n_rows=len(table.rows),
            mapping=mapping,
            examples=_examples(table, mapping),
            default_site=sites[0] if len(sites) == 1 else "",
        )
        sealed = sealing.seal(content, secret=_secret(), purpose=PURPOSE, owner=str(row.pk))
        row.spool.save(str(row.pk), ContentFile(sealed), save=False)
        row.full_clean()
        row.save(force_insert=True)
        audit_record(
            actor=actor, action="import.create", target=row, study=study,
            changes={"rows": [None, row.n_rows]},
        )  # fmt: skip
    return row


def _examples(table: Table, mapping: Mapping[str, str]) -> dict[str, list[str]]:
    """The first different texts of every column that may be shown."""
    hidden = {DROP, "patient.hospital_number"}
    found: dict[str, list[str]] = {}
    for place, column in enumerate(table.columns):
        if mapping[column] not in hidden:
            texts = dict.fromkeys(row.texts[place] for row in table.rows[:EXAMPLE_ROWS])
            found[column] = [text[:EXAMPLE_LENGTH] for text in texts if text][:EXAMPLES]
    return found


@transaction.atomic
def import_start(*, actor: User, row: TableImport, apply: bool = False, **choices: Any) -> TableImport:
    """Queue the check of a table with these choices, or, of a checked one, its import."""
    locked = _claim(row, Status.APPLYING if apply else Status.CHECKING)
    unknown = set(choices) - set(CHOICES)
    if unknown:
        raise RuleViolationError(f"These are no choices of an import: {', '.join(sorted(unknown))}.")
    if not apply:
        for name, value in choices.items():
            setattr(locked, name, value)
        may_see = can_view_labels_in(actor, locked.study)
        check_mapping(Table(tuple(locked.columns), ()), _options(locked), may_see_labels=may_see)
    locked.actor = actor
    locked.full_clean()
    locked.save()
    dispatch.enqueue(dispatch.RUN_IMPORT, import_id=locked.pk)
    return locked


def _claim(row: TableImport, status: str) -> TableImport:
    """Lock the row and set its next status, where that may follow."""
    locked = TableImport.objects.select_for_update().select_related("study").get(pk=row.pk)
    if locked.status in TableImport.FINAL:
        raise RuleViolationError("This table is imported or discarded already; upload it again.")
    if locked.is_working and timezone.now() - locked.updated_at < STALE_AFTER:
        raise RuleViolationError("This table is being worked on; wait until the bar is gone.")
    if status == Status.APPLYING and not locked.plan_digest:
        raise RuleViolationError("Check the table first; then import what the check showed.")
    locked.status, locked.n_done, locked.problem = status, 0, {}
    return locked


def import_run(*, import_id: str) -> None:
    """Do what a table waits for: check it, or import it. Run twice, the second run finds nothing to do."""
    row = TableImport.objects.select_related("study", "actor").get(pk=import_id)
    if not row.is_working:
        return
    try:
        if row.status == Status.CHECKING:
            import_check(row=row)
        else:
            import_apply(actor=row.actor, row=row)
    except TableError as error:
        _stop(row, error.sentence.as_dict(), row=error.row, column=error.column)
    except RuleViolationError as error:
        _stop(row, {"template": str(error), "values": {}})


def _stop(table: TableImport, sentence: Mapping[str, Any], **place: Any) -> None:
    """Back to the mapping, with the reason on the page."""
    table.status = Status.CHECKED if table.plan_digest else Status.MAPPING
    table.problem = {**sentence, **place}
    table.save(update_fields=["status", "problem", "updated_at"])


def _plan(row: TableImport) -> Plan:
    table = read_table(_content(row), encoding=row.encoding)

    def progress(n: int) -> None:
        TableImport.objects.filter(pk=row.pk).update(n_done=n, updated_at=timezone.now())

    may_see = row.actor is None or can_view_labels_in(row.actor, row.study)
    return plan_table(
        table, _options(row), study=row.study, viewer=row.actor, may_see_labels=may_see, progress=progress
    )


def _store_check(row: TableImport, plan: Plan) -> None:
    row.verdicts = [[r.number, r.code, r.verdict, r.remarks] for r in plan.rows]
    row.counts, row.report, row.plan_digest = plan.counts, plan.report(), plan.digest
    row.status, row.n_done = Status.CHECKED, row.n_rows
    row.save()


def import_check(*, row: TableImport) -> Plan:
    """The dry run: every verdict, nothing written but the verdicts themselves."""
    with collector_paused():
        plan = _plan(row)
        _store_check(row, plan)
    return plan


def import_apply(*, actor: User | None, row: TableImport) -> Result:
    """Write what the check showed, all of it or nothing.

    Raises:
        RuleViolationError: rows are refused and the choice is all or none; or the study changed since the
            check, so that the verdicts are not those that were shown: the new ones are stored.
    """
    try:
        with collector_paused(), transaction.atomic():
            return _apply(actor, row)
    except ChangedSinceError as error:
        _store_check(row, error.plan)
        raise


def _apply(actor: User | None, row: TableImport) -> Result:
    Study.objects.select_for_update().get(pk=row.study_id)
    plan = _plan(row)
    if row.plan_digest and plan.digest != row.plan_digest:
        raise ChangedSinceError(plan)
    if row.mode == TableImport.Mode.ALL and plan.counts[ERROR]:
        raise RuleViolationError(
            f"{plan.counts[ERROR]} rows are refused and all rows or none are asked for: nothing was "
            "imported. Correct the table, or import the good rows only."
        )
    raised = table_write(plan, actor=actor, table=row)
    _store_check(row, plan)
    row.status, row.counts, row.examples = Status.APPLIED, {**plan.counts, "queries": raised}, {}
    row.save()
    row.spool.delete(save=True)
    audit_record(
        actor=actor, action="import.apply", target=row, study=row.study,
        changes={name: [0, n] for name, n in row.counts.items()}, reason=f"sha256 {row.sha256}",
    )  # fmt: skip
    return Result(plan, raised)


@transaction.atomic
def import_discard(*, actor: User | None, row: TableImport) -> TableImport:
    """Throw a table away; its sealed file is deleted."""
    locked = TableImport.objects.select_for_update().get(pk=row.pk)
    if locked.status in TableImport.FINAL:
        raise RuleViolationError("This table is imported or discarded already; upload it again.")
    locked.status, locked.verdicts, locked.examples = Status.DISCARDED, [], {}
    locked.spool.delete(save=False)
    locked.save()
    audit_record(actor=actor, action="import.discard", target=locked, study=locked.study)
    return locked


def imports_purge() -> None:
    """Discard tables that nobody imported in time: they hold what a hospital typed."""
    old = timezone.now() - KEPT_FOR
    for row in TableImport.objects.exclude(status__in=TableImport.FINAL).filter(updated_at__lt=old):
        import_discard(actor=None, row=row)


def _options(row: TableImport) -> Options:
    return Options(
        mapping=row.mapping,
        default_site=row.default_site,
        default_specimen=row.default_specimen,
        asks_on_conflict=row.on_conflict == TableImport.OnConflict.ASK,
    )


def _content(row: TableImport) -> bytes:
    with row.spool.open("rb") as file:
        return sealing.unseal(file.read(), secret=_secret(), purpose=PURPOSE, owner=str(row.pk))


def _secret() -> str:
    return str(settings.HOSPITAL_NUMBER_KEY)
