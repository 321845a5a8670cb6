"""Writing and verifying the append-only, hash-chained audit trail."""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, models, transaction
from django.utils import timezone

from studies.models import AuditEvent, Study
from studies.services.bulk import insert_values

GENESIS_DIGEST = "0" * 64
CHAIN_LOCK = 0x4845523257  # PostgreSQL advisory lock of the chain: "HER2W"

remote_address: ContextVar[str | None] = ContextVar("remote_address", default=None)


@dataclass(frozen=True, slots=True)
class Act:
    """One act to be audited; `changes` maps a field to [old, new]."""

    action: str
    target: models.Model
    changes: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def audit_record(
    *,
    actor: User | None,
    action: str,
    target: models.Model,
    study: Study | None = None,
    changes: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Append one event inside the caller's transaction. `changes` maps a field to [old, new]."""
    with transaction.atomic():
        _lock_chain()
        act = Act(action, target, changes or {}, reason)
        (values,) = _links(_facts(actor, study), [act], _last_digest())
        event = AuditEvent(**dict(zip(COLUMNS, values, strict=True)))
        event.save(force_insert=True)
    return event


def audit_record_many(*, actor: User | None, study: Study, acts: Iterable[Act]) -> int:
    """Append many events of one moment inside the caller's transaction; returns how many."""
    with transaction.atomic():
        _lock_chain()
        links = list(_links(_facts(actor, study), acts, _last_digest()))
        insert_values(AuditEvent, COLUMNS, links)
    return len(links)


def _last_digest() -> str:
    last = AuditEvent.objects.order_by("-sequence").values_list("digest", flat=True).first()
    return last or GENESIS_DIGEST


COLUMNS = (
    "at", "actor_id", "action", "object_type", "object_id", "study_id", "changes", "reason",
    "remote_address", "previous_digest", "digest",
)  # fmt: skip
"""The columns of an event in the order in which its digest reads them; the digest itself is the last."""
_EVENT = attrgetter(*COLUMNS[:-1])
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
_WRITTEN, _READ = json.JSONEncoder(default=str), json.JSONDecoder(parse_float=lambda text: _number(text))


@dataclass(frozen=True, slots=True)
class Facts:
    """What all acts of one moment share."""

    at: datetime
    actor_id: int | None
    study_id: UUID | None
    remote_address: str | None


def _facts(actor: User | None, study: Study | None) -> Facts:
    return Facts(
        timezone.now(),
        actor.pk if actor is not None and actor.is_authenticated else None,
        study.pk if study is not None else None,
        _stored_address(remote_address.get()),
    )


def _links(facts: Facts, acts: Iterable[Act], digest: str) -> Iterator[tuple[Any, ...]]:
    """The acts as values of COLUMNS, each with the digest of the one before it."""
    for act in acts:
        content = (
            facts.at,
            facts.actor_id,
            act.action,
            act.target._meta.model_name or "",
            str(act.target.pk),
            facts.study_id,
            _plain(dict(act.changes)),
            act.reason[:500],
            facts.remote_address,
            digest,
        )
        digest = _digest(content)
        yield (*content, digest)


def event_digest(event: AuditEvent) -> str:
    """Return the SHA-256 (hex) of an event's content and of the digest before it."""
    return _digest(_EVENT(event))


def _digest(content: tuple[Any, ...]) -> str:
    at, actor_id, action, kind, object_id, study_id, *rest = content
    study = str(study_id) if study_id else None
    text = _CANONICAL.encode([at.isoformat(), actor_id, action, kind, object_id, study, *rest])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainState:
    """What a walk over the whole chain found: `broken` is the first event that does not follow, or None."""

    events: int
    last_digest: str
    broken: AuditEvent | None
    seconds: float
    at: datetime


def audit_verify() -> ChainState:
    """Walk the whole chain, up to the first event that does not follow from the one before."""
    started, count, previous = time.monotonic(), 0, GENESIS_DIGEST
    broken = None
    for event in AuditEvent.objects.order_by("sequence").iterator(chunk_size=2000):
        if event.previous_digest != previous or event_digest(event) != event.digest:
            broken = event
            break
        count, previous = count + 1, event.digest
    return ChainState(count, previous, broken, time.monotonic() - started, timezone.now())


def audit_first_broken() -> AuditEvent | None:
    """The first event that does not follow from the one before, or None."""
    return audit_verify().broken


def changed_fields(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Return {field: [old, new]} of the fields that differ."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


def _plain(value: Any) -> Any:
    """Return the value as every database gives JSON back, so that its digest can be checked later.

    PostgreSQL keeps numbers as decimals: -0.0 and 1e22 come back as integers, so they are stored as such.
    """
    return _READ.decode(_WRITTEN.encode(value))


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


def _stored_address(address: str | None) -> str | None:
    """Return the address as the column keeps it: `::ffff:a00:1` and `::ffff:10.0.0.1` are the same caller."""
    return AuditEvent._meta.get_field("remote_address").get_prep_value(address)


def _lock_chain() -> None:
    """Let one writer at a time append: SQLite's immediate transactions do it by themselves."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
