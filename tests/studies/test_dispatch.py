"""Sending work by name: after the commit, never before, and without failing when nobody takes it."""

import re

import pytest
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from analysis.models import Job
from analysis.services.jobs import task_name
from studies import dispatch
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, dict[str, str]]]:
    messages: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(
        type(current_app._get_current_object()),
        "send_task",
        lambda _app, name, kwargs: messages.append((name, kwargs)),
    )
    return messages


def test_work_is_sent_after_the_commit_with_its_ids_as_text(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        dispatch.enqueue(dispatch.INGEST, upload_id=7)
        assert sent == []
    assert sent == [("studies.ingest", {"upload_id": "7"})]


def test_work_of_a_transaction_that_failed_is_never_sent(sent, django_capture_on_commit_callbacks):
    class Failure(Exception):
        pass

    @transaction.atomic
    def fail():
        dispatch.enqueue(dispatch.INGEST, upload_id="x")
        raise Failure

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(Failure):
        fail()
    assert sent == []


@pytest.mark.parametrize("error", [OperationalError("no broker"), ConnectionRefusedError()])
def test_a_broker_that_is_down_stops_nothing(monkeypatch, caplog, error, django_capture_on_commit_callbacks):
    def refuse(_app, name, kwargs):
        raise error

    monkeypatch.setattr(type(current_app._get_current_object()), "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        dispatch.enqueue(dispatch.CLIP_ARRIVED, clip_id="x")
    assert "the sweeper will send it again" in caplog.text


def test_every_name_is_a_task_that_exists():
    tasks = "".join((REPOSITORY / app / "tasks.py").read_text() for app in ("studies", "analysis"))
    named = set(re.findall(r'@shared_task\(\s*name="([a-z._]+)"', tasks))
    jobs = {task_name(kind) for kind in Job.Kind.values}
    assert {dispatch.INGEST, dispatch.CLIP_ARRIVED, dispatch.TRACK_CHANGED} | jobs <= named
