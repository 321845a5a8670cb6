"""The audit trail: every event follows from the one before, and whatever is changed afterwards shows."""

import importlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.models import AuditEvent
from studies.services.audit import (
    GENESIS_DIGEST,
    audit_first_broken,
    audit_record,
    changed_fields,
    event_digest,
    remote_address,
)
from tests.factories import make_study, make_user

pytestmark = pytest.mark.django_db
triggers = importlib.import_module("studies.migrations.0002_append_only")


@pytest.fixture
def events() -> list[AuditEvent]:
    """Five events in a chain."""
    study, actor = make_study(), make_user()
    return [
        audit_record(
            actor=actor,
            action="clinical.save",
            target=study,
            study=study,
            changes={"age_years": [50 + number, 51 + number]},
            reason=f"reason {number}",
        )
        for number in range(5)
    ]


@pytest.fixture
def unguarded():
    """The database without its triggers, as somebody with the administrator's password could have it."""
    with connection.cursor() as cursor:
        editor = SimpleNamespace(connection=connection, execute=lambda sql, params=None: cursor.execute(sql))
        triggers.drop_triggers(None, editor)


def verify() -> tuple[int, str]:
    """Exit status and what was said."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_audit", stdout=out, stderr=err)
    except SystemExit as stop:
        return stop.code, err.getvalue()
    return 0, out.getvalue()


def change(event: AuditEvent, **values) -> None:
    """Write past the application."""
    AuditEvent(**{**AuditEvent.objects.values().get(pk=event.pk), **values}).save(force_update=True)


def test_an_untouched_chain_is_whole(events):
    assert events[0].previous_digest == GENESIS_DIGEST
    assert [event.previous_digest for event in events[1:]] == [event.digest for event in events[:-1]]
    assert audit_first_broken() is None
    status, text = verify()
    assert status == 0
    assert text.startswith("5 events, an unbroken chain")
    assert events[-1].digest in text


def test_an_empty_trail_is_whole():
    assert verify() == (0, "0 events, an unbroken chain; last digest none.\n")


@pytest.mark.parametrize(
    "values",
    [
        {"action": "clinical.view"},
        {"object_id": "x"},
        {"object_type": "patient"},
        {"changes": {"age_years": [52, 35]}},
        {"reason": "another"},
        {"actor_id": None},
        {"study_id": None},
        {"remote_address": "10.0.0.1"},
        {"digest": "0" * 64},
        {"previous_digest": "0" * 64},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_changed_row_is_found(events, unguarded, values):
    change(events[2], **values)
    assert audit_first_broken() == events[2]
    status, text = verify()
    assert status == 1
    assert f"event {events[2].sequence}" in text


def test_a_changed_time_is_found(events, unguarded):
    change(events[2], at=events[2].at - timedelta(microseconds=1))
    assert audit_first_broken() == events[2]


def test_a_row_that_was_changed_together_with_its_digest_breaks_the_next_one(events, unguarded):
    events[2].reason = "never said"
    change(events[2], reason="never said", digest=event_digest(events[2]))
    assert audit_first_broken() == events[3]


def test_a_removed_row_is_found(events, unguarded):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM studies_auditevent WHERE sequence = %s", [events[1].sequence])
    assert audit_first_broken() == events[2]


def test_a_row_put_in_by_hand_is_found(events):
    forged = AuditEvent.objects.create(
        at=events[0].at, action="x", object_type="x", object_id="x", previous_digest="a" * 64, digest="b" * 64
    )
    assert audit_first_broken() == forged


@pytest.mark.parametrize(
    ("claimed", "stored"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::1", "::1"),
        ("::ffff:c000:207", "::ffff:192.0.2.7"),
        ("2001:DB8::0:1", "2001:db8::1"),
        (None, None),
    ],
)
def test_the_callers_address_is_kept_and_the_chain_stays_whole(claimed, stored):
    token = remote_address.set(claimed)
    try:
        event = audit_record(actor=None, action="x", target=make_study())
    finally:
        remote_address.reset(token)
    assert audit_first_broken() is None
    event.refresh_from_db()
    assert event.remote_address == stored


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None)
@given(old=plain, new=plain)
def test_whatever_was_changed_can_be_verified_after_it_was_read_back(old, new):
    study = make_study()
    event = audit_record(actor=None, action="x", target=study, study=study, changes={"field": [old, new]})
    assert event_digest(AuditEvent.objects.get(pk=event.pk)) == event.digest


def test_only_fields_that_differ_are_changes():
    assert changed_fields({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": [2, 3], "c": [None, 4]}


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_make_one_chain():
    study = make_study()

    def write(number: int) -> None:
        try:
            for _event in range(5):
                audit_record(actor=None, action=f"writer.{number}", target=study, study=study)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert AuditEvent.objects.count() == 20
    assert audit_first_broken() is None
