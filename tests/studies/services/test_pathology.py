"""Readings: derived anew at every save, signed only when final, amended only with a reason."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.errors import LockedError, RuleViolationError
from studies.models import AuditEvent, Label
from studies.rules.her2 import classify
from studies.rules.her2_labels import training_label
from studies.rules.her2_types import Her2InputError
from studies.services.labels_of_record import label_of_record, outcome_of
from studies.services.pathology import label_save, specimen_create
from studies.services.signing import label_amend, label_lock
from tests.factories import make_label, make_patient, make_site, make_specimen, make_study, make_user

pytestmark = pytest.mark.django_db
DUAL = {"probe": "dual", "cells": 20}
GROUP_2 = {**DUAL, "her2_copies": 3.0, "cep17_copies": 1.2}


@pytest.fixture
def specimen():
    return make_specimen(make_patient(make_site(make_study())))


def save(specimen, **values) -> Label:
    """Saved by the one reader of these tests."""
    reader = User.objects.filter(username="reader").first() or make_user("reader")
    return label_save(actor=reader, specimen=specimen, values=values)


@pytest.mark.parametrize(
    ("values", "call", "paper"),
    [
        ({"ihc_score": "3+"}, "POSITIVE", "UNDEFINED"),
        ({"ihc_score": "3+", **DUAL, "her2_copies": 8.0, "cep17_copies": 2.0}, "POSITIVE", "POSITIVE"),
        ({"ihc_score": "0"}, "NEGATIVE", "NEGATIVE"),
        ({"ihc_score": "1+"}, "NEGATIVE", "NEGATIVE"),
        ({"ihc_score": "2+"}, "PENDING_ISH", "UNDEFINED"),
        ({"ihc_score": "2+", **DUAL, "her2_copies": 8.0, "cep17_copies": 2.0}, "POSITIVE", "POSITIVE"),
        ({"ihc_score": "2+", **DUAL, "her2_copies": 2.0, "cep17_copies": 2.0}, "NEGATIVE", "NEGATIVE"),
        ({}, "INDETERMINATE", "UNDEFINED"),
    ],
)
def test_the_call_is_the_engines_and_stored_with_its_version(specimen, values, call, paper):
    label = save(specimen, **values)
    assert (label.call, label.paper_label) == (call, paper)
    engine = classify(ihc_score=values.get("ihc_score"))
    assert label.engine_version == engine.engine_version
    assert label.path
    assert all(isinstance(step, str) for step in label.path)


def test_a_reading_is_derived_anew_when_it_changes_and_keeps_what_it_was(specimen):
    save(specimen, ihc_score="3+")
    label = save(specimen, ihc_score="1+")
    assert Label.objects.count() == 1
    assert label.call == "NEGATIVE"
    assert AuditEvent.objects.filter(action="label.save").first().changes["ihc_score"] == ["3+", "1+"]


def test_no_staining_at_all_is_an_answer(specimen):
    label = save(specimen, ihc_intensity="none", ihc_completeness="none", ihc_percent=0)
    assert label.ihc_completeness == "none"
    with pytest.raises(Her2InputError):
        save(specimen, ihc_completeness="partly")


def test_fields_that_are_none_of_a_reading_are_refused(specimen):
    with pytest.raises(RuleViolationError, match="call, status"):
        save(specimen, status="locked", call="POSITIVE")
    assert not Label.objects.exists()


@pytest.mark.parametrize("values", [{"ihc_score": "2+"}, GROUP_2, {"probe": "single", "her2_copies": 5.0}])
def test_what_is_not_final_cannot_be_signed(specimen, values):
    with pytest.raises(RuleViolationError, match="Not final yet"):
        label_lock(actor=None, label=save(specimen, **values))
    assert Label.objects.get().status == "draft"


def test_a_discordance_is_signed_with_a_comment_only(specimen):
    label = save(specimen, ihc_score="3+", **DUAL, her2_copies=2.0, cep17_copies=2.0)
    assert label.discordance
    with pytest.raises(RuleViolationError, match="disagree"):
        label_lock(actor=None, label=label)
    save(specimen, comment="Heterogeneous tumour.")
    assert label_lock(actor=None, label=label).status == "locked"


def test_a_result_that_is_reported_with_a_comment_is_signed_with_one_only(specimen):
    label = save(specimen, ihc_score="1+", **GROUP_2, recount=GROUP_2)
    assert (label.call, label.discordance, label.comment_required) == ("NEGATIVE", False, True)
    with pytest.raises(RuleViolationError, match="comment"):
        label_lock(actor=None, label=label)
    save(specimen, comment="   ")
    with pytest.raises(RuleViolationError, match="comment"):
        label_lock(actor=None, label=label)
    save(specimen, comment="Group 2, IHC 1+.")
    assert label_lock(actor=None, label=label).status == "locked"


def test_a_signed_reading_is_changed_only_after_it_was_amended_with_a_reason(specimen):
    label = label_lock(actor=None, label=save(specimen, ihc_score="3+"))
    with pytest.raises(LockedError):
        save(specimen, ihc_score="0")
    with pytest.raises(LockedError):
        label_lock(actor=None, label=label)
    with pytest.raises(RuleViolationError, match="Say why"):
        label_amend(actor=label.reader, label=label, reason=" ")
    amended = label_amend(actor=label.reader, label=label, reason="wrong slide")
    assert (amended.status, amended.locked_at, amended.call) == ("draft", None, "POSITIVE")
    event = AuditEvent.objects.get(action="label.amend")
    assert (event.reason, event.changes["ihc_score"]) == ("wrong slide", ["3+", "3+"])
    with pytest.raises(RuleViolationError, match="draft"):
        label_amend(actor=label.reader, label=label, reason="again")


def test_specimens_are_numbered_and_hang_on_the_first_lesion():
    patient = make_patient(make_site(make_study()))
    specimens = [specimen_create(actor=None, patient=patient, kind="core") for _ in range(2)]
    assert [row.number for row in specimens] == [1, 2]
    assert specimens[0].lesion == patient.lesions.get()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([], None),
        ([("core", "first", "NEGATIVE")], "NEGATIVE"),
        ([("core", "first", "NEGATIVE"), ("excision", "first", "POSITIVE")], "POSITIVE"),
        ([("core", "first", "NEGATIVE"), ("core", "adjudicated", "POSITIVE")], "POSITIVE"),
        ([("core", "adjudicated", "NEGATIVE"), ("excision", "first", "POSITIVE")], "POSITIVE"),
        ([("core", "second", "POSITIVE")], None),
        ([("node", "first", "POSITIVE")], None),
        ([("core", "first", "NEGATIVE"), ("excision", "second", "POSITIVE")], "NEGATIVE"),
    ],
)
def test_the_label_of_record_is_the_excisions_first_and_the_adjudicated_one_first(labels, expected):
    patient = make_patient(make_site(make_study()))
    for kind, role, call in labels:
        make_label(patient, call, kind=kind, role=role)
    found = label_of_record(patient)
    assert (found.call if found else None) == expected


def test_a_draft_is_never_of_record(specimen):
    save(specimen, ihc_score="3+")
    assert label_of_record(specimen.patient) is None


def test_an_excision_that_is_read_and_not_signed_is_not_passed_over_for_the_core(specimen):
    patient = specimen.patient
    make_label(patient, "NEGATIVE", kind="core")
    make_specimen(patient, "excision")
    assert label_of_record(patient).call == "NEGATIVE"
    save(patient.specimens.get(kind="excision"), ihc_score="2+")
    assert label_of_record(patient) is None


calls = st.lists(st.sampled_from(["POSITIVE", "NEGATIVE", "INDETERMINATE"]), max_size=2)


@settings(max_examples=20, deadline=None)
@given(excision=calls, core=calls)
def test_the_outcome_of_signed_labels_is_the_rules_training_label(excision, core):
    patient = make_patient(make_site(make_study()))
    for kind, found in (("excision", excision), ("core", core)):
        for call in found:
            specimen = make_specimen(patient, kind)
            Label.objects.create(specimen=specimen, call=call, status="locked", locked_at=timezone.now())
    rule = training_label(excision=excision, core=core)
    expected = {None: None, "POSITIVE": True, "NEGATIVE": False}[rule]
    assert outcome_of(label_of_record(patient), "asco_cap") is expected


@pytest.mark.parametrize(
    ("rule", "call", "paper", "outcome"),
    [
        ("asco_cap", "POSITIVE", "NEGATIVE", True),
        ("paper", "POSITIVE", "NEGATIVE", False),
        ("asco_cap", "INDETERMINATE", "POSITIVE", None),
        ("paper", "POSITIVE", "UNDEFINED", None),
    ],
)
def test_the_outcome_follows_the_studys_rule(rule, call, paper, outcome):
    assert outcome_of(Label(call=call, paper_label=paper), rule) is outcome


def test_no_label_no_outcome():
    assert outcome_of(None, "asco_cap") is None
