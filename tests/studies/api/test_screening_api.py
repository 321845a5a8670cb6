"""Screening over the API: the rules of the page, rows that are only added to, views on record."""

import pytest

from studies.models import AuditEvent, CriterionRow, Screening
from tests.factories import (
    logged_in,
    make_clip,
    make_label,
    make_patient,
    make_person,
    make_site,
    make_specimen,
    make_study,
)
from tests.studies.services.test_screening import COMPLETE, GOOD

pytestmark = pytest.mark.django_db
FACTS = {name: str(value) if name.endswith("_on") else value for name, value in GOOD.items()}


@pytest.fixture
def site():
    return make_site(make_study("api"))


@pytest.fixture
def patient(site):
    made = make_patient(site, **COMPLETE)
    make_clip(made)
    return made


@pytest.fixture
def coordinator(site):
    return make_person(site.study, "coordinator", name="screener")


def send(user, method, address, body=None):
    return getattr(logged_in(user), method)(f"/api/v1/{address}", body or {}, content_type="application/json")


def test_facts_are_stored_and_every_criterion_is_recorded(patient, coordinator):
    body = {"patient": str(patient.pk), **FACTS, "note": "Operation list."}
    answer = send(coordinator, "post", "screenings/", body)
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["decision"], answer.json()["reasons"]) == ("included", [])
    rows = send(coordinator, "get", f"criterion-rows/?patient={patient.pk}").json()["results"]
    assert len(rows) == 9
    timing = next(row for row in rows if row["criterion"] == "inclusion_a")
    assert timing["evidence"] == "Days from ultrasound to surgery: 4; suspected lesion: yes."
    assert (timing["verdict"], timing["note"], timing["actor"]) == ("met", "Operation list.", "screener")


def test_what_the_body_does_not_name_stays(patient, coordinator):
    send(coordinator, "post", "screenings/", {"patient": str(patient.pk), **FACTS})
    answer = send(coordinator, "post", "screenings/", {"patient": str(patient.pk), "mass": False})
    assert answer.json()["reasons"] == ["exclusion_f"]
    assert Screening.objects.get().multifocal is False
    assert CriterionRow.objects.filter(criterion="exclusion_f").count() == 2, "the earlier row is still there"


def test_a_verdict_is_taken_back_by_a_newer_row_only(patient, coordinator):
    send(coordinator, "post", "screenings/", {"patient": str(patient.pk), **FACTS})
    body = {"patient": str(patient.pk), "criterion": "exclusion_d", "verdict": "met", "note": "MRI."}
    first = send(coordinator, "post", "criterion-rows/", body).json()
    assert (first["basis"], first["number"]) == ("decided", 2)
    assert Screening.objects.get().reasons == ["exclusion_d"]
    again = send(
        coordinator, "post", "criterion-rows/", {**body, "verdict": "not met", "note": "Same focus."}
    )
    assert again.json()["number"] == 3
    assert Screening.objects.get().decision == "included"
    for method in ("put", "patch", "delete"):
        assert send(coordinator, method, f"criterion-rows/{first['id']}/", body).status_code == 405
    assert CriterionRow.objects.get(pk=first["id"]).note == "MRI."


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"note": ""}, "note"),
        ({"verdict": "perhaps"}, "verdict"),
        ({"criterion": "exclusion_z"}, "criterion"),
        ({"patient": "00000000-0000-0000-0000-000000000000"}, "patient"),
    ],
)
def test_a_wrong_body_names_its_field_and_writes_nothing(patient, coordinator, change, field):
    body = {
        "patient": str(patient.pk),
        "criterion": "exclusion_d",
        "verdict": "met",
        "note": "MRI.",
        **change,
    }
    answer = send(coordinator, "post", "criterion-rows/", body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not CriterionRow.objects.exists()


def test_who_only_corrects_boxes_sees_none_and_who_only_looks_writes_none(site, patient, coordinator):
    send(coordinator, "post", "screenings/", {"patient": str(patient.pk), **FACTS})
    row = CriterionRow.objects.first()
    sonographer = make_person(site.study, "sonographer")
    both = make_person(site.study, "sonographer", "clinician")
    reader = make_person(site.study, "clinician")
    assert send(sonographer, "get", "criterion-rows/").status_code == 403
    assert send(both, "get", "criterion-rows/").json()["count"] == 0
    assert send(both, "get", f"criterion-rows/{row.pk}/").status_code == 404
    assert send(reader, "get", f"criterion-rows/{row.pk}/").status_code == 200
    body = {"patient": str(patient.pk), "criterion": "exclusion_d", "verdict": "met", "note": "MRI."}
    assert send(reader, "post", "criterion-rows/", body).status_code == 403
    assert send(reader, "post", "screenings/", {"patient": str(patient.pk), "mass": False}).status_code == 403


@pytest.mark.parametrize("kind", ["specimens", "labels", "clips", "screenings", "criterion-rows"])
def test_to_look_at_one_row_is_a_view_of_its_patient(site, patient, coordinator, kind):
    send(coordinator, "post", "screenings/", {"patient": str(patient.pk), **FACTS})
    rows = {
        "specimens": make_specimen(patient), "labels": make_label(patient, "POSITIVE"),
        "clips": patient.exams.get().clips.get(), "screenings": Screening.objects.get(),
        "criterion-rows": CriterionRow.objects.first(),
    }  # fmt: skip
    views = AuditEvent.objects.filter(action="patient.view")
    assert send(coordinator, "get", f"{kind}/").status_code == 200
    assert not views.exists(), "a list is no view of a patient"
    assert send(coordinator, "get", f"{kind}/{rows[kind].pk}/").status_code == 200
    event = views.get()
    reasons = {"specimens": "specimen", "labels": "label", "clips": "clip"}
    assert (event.object_id, event.reason) == (str(patient.pk), reasons.get(kind, "screening"))
    assert event.actor == coordinator
