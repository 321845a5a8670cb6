"""The cohort over the API: the same reach as the pages, writes through the services, constant queries."""

import pytest
from django.urls import reverse

from studies.models import AuditEvent, ClinicalRecord, Patient
from tests.factories import (
    logged_in,
    make_membership,
    make_patient,
    make_person,
    make_site,
    make_study,
    make_user,
    make_world,
)

pytestmark = pytest.mark.django_db


def listed(user, plural, **query) -> list[dict]:
    answer = logged_in(user).get(f"/api/v1/{plural}/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def send(user, method, address, body):
    return getattr(logged_in(user), method)(address, body, content_type="application/json")


def test_each_person_lists_the_patients_that_the_predicates_allow():
    world = make_world()
    expected = {
        "coordinator": {"a1", "a2"}, "administrator": {"a1", "a2"}, "sonographer": {"a1"},
        "pathologist": {"a1"}, "clinician": {"a1"}, "outsider": {"b1"}, "neighbour": {"a2"},
        "blinded": {"a1"},
    }  # fmt: skip
    names = {str(site.pk): site.code for site in (world.a1, world.a2, world.b1)}
    for person, sites in expected.items():
        found = {names[row["site"]] for row in listed(world.people[person], "patients")}
        assert found == sites, person


def test_filters_ordering_and_pages():
    site = make_site(make_study())
    user = make_person(site.study, "coordinator")
    for number in range(7):
        make_patient(site, f"P{number}")
    make_membership(Patient.objects.get(code="P3"), "test")
    assert [row["code"] for row in listed(user, "patients", ordering="-code", page_size=2)] == ["P6", "P5"]
    assert [row["code"] for row in listed(user, "patients", page_size=3, page=3)] == ["P6"]
    assert [row["code"] for row in listed(user, "patients", side="test")] == ["P3"]
    assert [row["code"] for row in listed(user, "patients", search="p4")] == ["P4"]
    assert len(listed(user, "patients", study=str(site.study.pk))) == 7
    assert listed(user, "patients", study=str(make_study().pk)) == []
    assert logged_in(user).get("/api/v1/patients/", {"study": "x"}).status_code == 400


def test_a_page_holds_five_hundred_rows_at_most():
    user = make_person(make_study(), "coordinator")
    answer = logged_in(user).get("/api/v1/patients/", {"page_size": 100_000})
    assert answer.status_code == 200
    assert answer.json()["count"] == 0


def test_a_coordinator_opens_a_study_and_fills_it():
    user = make_person(make_study(), "coordinator")
    study = send(user, "post", "/api/v1/studies/", {"slug": "new", "title": "New"}).json()
    site = send(user, "post", "/api/v1/sites/", {"study": study["id"], "code": "x", "name": "X"}).json()
    body = {"site": site["id"], "code": "N-1"}
    answer = send(user, "post", "/api/v1/patients/", body)
    assert answer.status_code == 201
    patient = Patient.objects.get(pk=answer.json()["id"])
    assert (patient.study.slug, patient.exams.count(), patient.lesions.count()) == ("new", 1, 1)
    exam = {"patient": str(patient.pk), "phase": "before_surgery", "performed_on": "2024-05-06"}
    assert send(user, "post", "/api/v1/exams/", exam).json()["number"] == 2
    again = send(user, "post", "/api/v1/patients/", body)
    assert again.status_code == 400
    assert "exists" in str(again.json())
    actions = set(AuditEvent.objects.filter(study=patient.study).values_list("action", flat=True))
    assert actions >= {"study.create", "site.create", "patient.create", "exam.create"}


@pytest.mark.parametrize("code", ["", "Anna Müller", "x" * 33, "=1+1"])
def test_a_code_that_is_none_is_refused_with_the_field_named(code):
    site = make_site(make_study())
    user = make_person(site.study, "coordinator")
    answer = send(user, "post", "/api/v1/patients/", {"site": str(site.pk), "code": code})
    assert (answer.status_code, list(answer.json())) == (400, ["code"])
    assert not Patient.objects.exists()


def test_clinical_values_are_changed_with_their_old_value_kept():
    site = make_site(make_study())
    user, patient = make_person(site.study, "coordinator"), make_patient(site, age_years=50)
    address = reverse("api-clinical-records-detail", args=[patient.clinical.pk])
    answer = send(user, "patch", address, {"age_years": 51, "size_cm": "2.5", "reason": "typing error"})
    assert (answer.status_code, answer.json()["age_years"], answer.json()["size_cm"]) == (200, 51, "2.50")
    event = AuditEvent.objects.get(action="clinical.save")
    assert (event.changes["age_years"], event.reason, event.actor) == ([50, 51], "typing error", user)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("age_years", 5),
        ("age_years", "old"),
        ("size_cm", "0.05"),
        ("size_cm", 21),
        ("c_t", 9),
        ("c_tnm", "X"),
    ],
)
def test_a_clinical_value_out_of_range_is_refused_and_nothing_changes(field, value):
    site = make_site(make_study())
    user, patient = make_person(site.study, "coordinator"), make_patient(site, age_years=50)
    before = ClinicalRecord.objects.filter(pk=patient.clinical.pk).values().get()
    address = reverse("api-clinical-records-detail", args=[patient.clinical.pk])
    answer = send(user, "patch", address, {"age_years": 60, field: value})
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert ClinicalRecord.objects.filter(pk=patient.clinical.pk).values().get() == before


def test_seeing_a_patient_is_audited_and_a_refusal_too():
    world = make_world()
    clinician, address = world.people["clinician"], f"/api/v1/patients/{world.patient.pk}/"
    logged_in(clinician).get(address)
    assert AuditEvent.objects.get(action="patient.view").actor == clinician
    send(clinician, "post", "/api/v1/exams/", {"patient": str(world.patient.pk), "phase": "baseline"})
    denied = AuditEvent.objects.get(action="permission.denied")
    assert (denied.actor, denied.object_id) == (clinician, str(world.patient.pk))


def test_nobody_sees_anything_without_a_grant():
    make_world()
    stranger = logged_in(make_user())
    for plural in ("patients", "clips", "labels", "jobs", "audit-events", "predictions"):
        assert stranger.get(f"/api/v1/{plural}/").status_code == 403
    assert AuditEvent.objects.filter(action="permission.denied").count() == 6


def test_a_superuser_is_an_administrator_everywhere_and_no_more():
    world = make_world()
    root = make_user(is_superuser=True)
    assert len(listed(root, "studies")) == 2
    assert len(listed(root, "patients")) == Patient.objects.count()
    assert len(listed(root, "clips")) == 2
    body = {"site": str(world.a1.pk), "code": "N-1"}
    assert send(root, "post", "/api/v1/patients/", body).status_code == 403


def test_a_rule_that_refuses_answers_with_its_sentence():
    study = make_study()
    user = make_person(study, "coordinator")
    answer = send(user, "post", "/api/v1/looks/", {"study": str(study.pk), "reason": "curious"})
    assert answer.status_code == 400
    assert answer.json() == {
        "detail": "Seal the split before looking at the test side.", "code": "RuleViolationError"
    }  # fmt: skip
