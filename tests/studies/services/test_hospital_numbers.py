"""The link to a hospital number in the application: audited, and nowhere in clear."""

import json
import logging

import pytest
from django.db import connection
from django.urls import reverse

from studies.errors import RuleViolationError
from studies.models import AuditEvent, HospitalLink
from studies.services.cohort import patient_create
from studies.services.hospital_numbers import (
    hospital_number_find,
    hospital_number_remove,
    hospital_number_reveal,
    hospital_number_set,
)
from tests.factories import logged_in, make_patient, make_person, make_site, make_study

pytestmark = pytest.mark.django_db
NUMBER = "MRN-7734521"


@pytest.fixture
def site():
    return make_site(make_study("linked"), "s1")


@pytest.fixture
def coordinator(site):
    return make_person(site.study, "coordinator", name="keeper")


def test_a_number_is_stored_sealed_and_found_by_its_whole_self(site, coordinator):
    patient, other = make_patient(site), make_patient(site)
    hospital_number_set(actor=coordinator, patient=patient, number=NUMBER)
    hospital_number_set(actor=coordinator, patient=other, number="MRN-1")
    find = {"viewer": coordinator, "study": site.study}
    assert list(hospital_number_find(number="mrn-7734521", **find)) == [patient]
    assert list(hospital_number_find(number="MRN-773452", **find)) == []
    assert hospital_number_reveal(actor=coordinator, patient=patient, reason="call the ward") == NUMBER


def test_no_table_holds_the_number_in_clear(site, coordinator):
    patient_create(actor=coordinator, study=site.study, site=site, code="P1", hospital_number=NUMBER)
    patient = site.study.patients.get(code="P1")
    hospital_number_find(viewer=coordinator, study=site.study, number=NUMBER)
    hospital_number_reveal(actor=coordinator, patient=patient, reason="check")
    hospital_number_remove(actor=coordinator, patient=patient, reason="asked to forget")
    hospital_number_set(actor=coordinator, patient=patient, number=NUMBER)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith("studies_"):
                cursor.execute(f"SELECT * FROM {table}")
                assert NUMBER not in json.dumps(cursor.fetchall(), default=str), table


def test_every_use_leaves_an_audit_row_without_number_or_hash(site, coordinator):
    patient = make_patient(site)
    link = hospital_number_set(actor=coordinator, patient=patient, number=NUMBER)
    hospital_number_set(actor=coordinator, patient=patient, number="MRN-2", reason="typing error")
    hospital_number_reveal(actor=coordinator, patient=patient, reason="call the ward")
    hospital_number_remove(actor=coordinator, patient=patient, reason="asked to forget")
    events = AuditEvent.objects.filter(action__startswith="hospital_number.").order_by("sequence")
    assert [(event.action, event.reason) for event in events] == [
        ("hospital_number.set", ""),
        ("hospital_number.set", "typing error"),
        ("hospital_number.reveal", "call the ward"),
        ("hospital_number.remove", "asked to forget"),
    ]
    assert link.fingerprint not in json.dumps([event.changes for event in events])
    assert not HospitalLink.objects.exists()


def test_changing_opening_and_cutting_need_a_reason(site, coordinator):
    patient = make_patient(site)
    with pytest.raises(RuleViolationError, match="no hospital number"):
        hospital_number_reveal(actor=coordinator, patient=patient, reason="why")
    hospital_number_set(actor=coordinator, patient=patient, number=NUMBER)
    hospital_number_set(actor=coordinator, patient=patient, number=NUMBER.lower())  # the same: nothing to say
    for act in (hospital_number_reveal, hospital_number_remove):
        with pytest.raises(RuleViolationError, match="the reason is kept"):
            act(actor=coordinator, patient=patient, reason=" ")
    with pytest.raises(RuleViolationError, match="the reason is kept"):
        hospital_number_set(actor=coordinator, patient=patient, number="MRN-2")
    assert AuditEvent.objects.filter(action="hospital_number.set").count() == 1


def test_a_search_ends_at_the_viewers_sites(site):
    far = make_site(site.study, "s2")
    here, there = make_patient(site), make_patient(far)
    near = make_person(site.study, "coordinator", site=site)
    for patient in (here, there):
        hospital_number_set(actor=None, patient=patient, number=NUMBER)
    assert list(hospital_number_find(viewer=near, study=site.study, number=NUMBER)) == [here]


def test_pages_show_the_number_once_and_lists_and_logs_never(site, coordinator, caplog):
    client, patient = logged_in(coordinator), make_patient(site)
    page = reverse("hospital-number", args=[patient.pk])
    with caplog.at_level(logging.DEBUG):
        client.post(page, {"act": "set", "number": NUMBER})
        for address in (page, reverse("patient", args=[patient.pk]), reverse("cohort", args=["linked"])):
            assert NUMBER not in client.get(address).content.decode()
        shown = client.post(page, {"act": "reveal", "reason": "call the ward"})
        found = client.post(reverse("hospital-find", args=["linked"]), {"number": NUMBER})
    assert NUMBER in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert patient.code in found.content.decode()
    assert NUMBER not in found.content.decode()
    assert NUMBER not in client.get(page).content.decode()
    assert NUMBER not in "".join(record.getMessage() for record in caplog.records)


def test_a_refused_number_stays_typed_and_says_why(site, coordinator):
    client, patient = logged_in(coordinator), make_patient(site)
    hospital_number_set(actor=None, patient=patient, number=NUMBER)
    page = reverse("hospital-number", args=[patient.pk])
    answer = client.post(page, {"act": "set", "number": "MRN-2"}).content.decode()
    assert "Say why the hospital number changes" in answer
    assert 'value="MRN-2"' in answer
