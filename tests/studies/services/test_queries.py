"""Data queries: raised by rules and people, answered, closed, opened again; nothing of them is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.errors import RuleViolationError
from studies.models import AuditEvent, ClinicalRecord, DataQuery
from studies.selectors import queries_in_reach
from studies.services.audit import audit_first_broken
from studies.services.cohort import clinical_save
from studies.services.pathology import label_save, specimen_create
from studies.services.queries import query_answer, query_close, query_raise, query_reopen
from tests.factories import make_patient, make_person, make_site, make_study, make_world

pytestmark = pytest.mark.django_db
ODD = {"c_t": 2, "c_n": 0, "c_tnm": "IIIC"}
"""T2 N0 is no stage IIIC."""


@pytest.fixture
def patient():
    return make_patient(make_site(make_study()))


@pytest.fixture
def coordinator(patient):
    return make_person(patient.study, "coordinator")


def open_codes(patient) -> list[str]:
    return [query.code for query in patient.data_queries.exclude(status="closed").order_by("code")]


def test_a_contradiction_raises_one_query_and_closes_when_it_is_gone(patient, coordinator):
    clinical_save(actor=coordinator, patient=patient, values=ODD)
    clinical_save(actor=coordinator, patient=patient, values={"histology": "NST"})
    query = patient.data_queries.get()
    assert (query.code, query.field, query.source, query.status) == ("stage_differs", "c_tnm", "rule", "open")
    clinical_save(actor=coordinator, patient=patient, values={"c_tnm": "IIA"})
    query.refresh_from_db()
    assert query.status == "closed"
    assert [note.kind for note in query.notes.all()] == ["raised", "closed"]


def test_a_kept_value_closes_the_query_with_its_reason_and_is_not_asked_again(patient, coordinator):
    clinical_save(actor=coordinator, patient=patient, values=ODD)
    kept = {"kept_warnings": {"stage_differs": "Referred with this stage."}}
    clinical_save(actor=coordinator, patient=patient, values=kept)
    query = patient.data_queries.get()
    assert query.notes.last().text == "Referred with this stage."
    clinical_save(actor=coordinator, patient=patient, values={"age_years": 51})
    assert open_codes(patient) == []
    clinical_save(actor=coordinator, patient=patient, values={"c_tnm": "IV", "kept_warnings": {}})
    assert open_codes(patient) == ["stage_differs"], "other values are a new question"


def test_closing_a_rules_query_writes_the_reason_beside_the_values(patient, coordinator):
    clinical_save(actor=coordinator, patient=patient, values=ODD)
    query_close(actor=coordinator, query=patient.data_queries.get(), text="Confirmed by the surgeon.")
    record = ClinicalRecord.objects.get(patient=patient)
    assert record.kept_warnings == {"stage_differs": "Confirmed by the surgeon."}
    clinical_save(actor=coordinator, patient=patient, values={"age_years": 52})
    assert open_codes(patient) == []


def test_a_persons_query_goes_through_its_thread(patient, coordinator):
    clinician = make_person(patient.study, "clinician")
    query = query_raise(
        actor=clinician, patient=patient, part="clinical", field="age_years", text="Is 17 right?"
    )
    query = query_answer(actor=coordinator, query=query, text="No, 71.")
    with pytest.raises(RuleViolationError, match="moved this question on"):
        query_answer(actor=coordinator, query=query, text="Again.")
    query = query_reopen(actor=clinician, query=query, text="Then correct it.")
    query = query_close(actor=clinician, query=query, text="It is corrected.")
    said = [(note.kind, note.author, note.text) for note in query.notes.all()]
    assert said == [
        ("raised", clinician, "Is 17 right?"),
        ("answered", coordinator, "No, 71."),
        ("reopened", clinician, "Then correct it."),
        ("closed", clinician, "It is corrected."),
    ]
    actions = AuditEvent.objects.filter(object_id=str(query.pk)).order_by("sequence")
    assert [event.action for event in actions] == [
        "query.raised", "query.answered", "query.reopened", "query.closed",
    ]  # fmt: skip
    assert audit_first_broken() is None


@pytest.mark.parametrize("act", [query_answer, query_close])
def test_a_step_without_words_is_refused(patient, coordinator, act):
    query = query_raise(actor=coordinator, patient=patient, part="clinical", field="c_t", text="Why?")
    with pytest.raises(RuleViolationError):
        act(actor=coordinator, query=query, text="  ")
    assert query.notes.count() == 1


def test_what_the_engine_asks_becomes_a_query_on_the_reading(patient):
    pathologist = make_person(patient.study, "pathologist")
    specimen = specimen_create(actor=pathologist, patient=patient, kind="core")
    values = {"ihc_score": "2+", "probe": "dual", "cells": 20, "her2_copies": 4.0, "cep17_copies": 2.0}
    label_save(actor=pathologist, specimen=specimen, values=values | {"ratio": 3.0})
    query = patient.data_queries.get()
    assert (query.code, query.subject, query.label.specimen) == ("ratio_differs", "pathology", specimen)
    label_save(actor=pathologist, specimen=specimen, values=values | {"ratio": 2.0})
    query.refresh_from_db()
    assert query.status == "closed"
    assert set(AuditEvent.objects.filter(object_id=str(query.pk)).values_list("action", flat=True)) == {
        "label.query.raised", "label.query.closed",
    }  # fmt: skip


def test_queries_on_pathology_are_hidden_from_the_blinded_and_from_another_reader():
    world = make_world()
    specimen, first = world.specimen, world.people["pathologist"]
    values = {"ihc_score": "2+", "probe": "dual", "cells": 20, "her2_copies": 4.0, "cep17_copies": 2.0}
    label_save(actor=first, specimen=specimen, values=values | {"ratio": 3.0})
    second = make_person(world.alpha, "pathologist", site=world.a1, name="second")

    def sees(user) -> bool:
        return queries_in_reach(viewer=user).filter(code="ratio_differs").exists()

    seen = {name: sees(user) for name, user in world.people.items() if user is not None}
    assert {name for name, sees_it in seen.items() if sees_it} == {
        "coordinator", "pathologist", "clinician", "administrator",
    }  # fmt: skip
    assert not sees(second), "a second reading stays blind to the first"


STEPS = st.lists(
    st.tuples(st.sampled_from([query_answer, query_close, query_reopen]), st.text(max_size=20)), max_size=8
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_whatever_is_tried_the_thread_tells_how_the_status_came_about(steps):
    patient = make_patient(make_site(make_study()))
    actor = make_person(patient.study, "coordinator")
    query = query_raise(actor=actor, patient=patient, part="clinical", field="c_t", text="Why?")
    for act, text in steps:
        try:
            query = act(actor=actor, query=query, text=text)
        except RuleViolationError:
            continue
    kinds = [note.kind for note in query.notes.all()]
    last = {"raised": "open", "answered": "answered", "closed": "closed", "reopened": "open"}[kinds[-1]]
    assert query.status == DataQuery.objects.get(pk=query.pk).status == last
    assert (query.closed_at is not None) == (last == "closed")
