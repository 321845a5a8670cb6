"""The cohort table: values in their cells, acts on ticked rows, saved views, completeness, speed."""

import re

import pytest
from django.urls import reverse

from studies.models import AuditEvent, ClinicalRecord, DataQuery, SavedView
from studies.services.completeness import FIELDS
from tests.factories import (
    logged_in,
    make_clip,
    make_label,
    make_patient,
    make_person,
    make_query,
    make_site,
    make_study,
)
from tests.studies.test_pages import queries_of, text_of

pytestmark = pytest.mark.django_db


def cell(world, name: str) -> str:
    return reverse("clinical-cell", args=[world.patient.pk, name])


def test_a_value_is_entered_in_its_cell(world, coordinator):
    editor = coordinator.get(cell(world, "size_cm"), {"edit": 1}).content.decode()
    assert re.search(r'<input type="number" name="size_cm"', editor)
    saved = coordinator.post(cell(world, "size_cm"), {"size_cm": "2.4", "was": ""})
    assert 'data-cell="size_cm"' in saved.content.decode()
    assert "2.40" in text_of(saved)
    event = AuditEvent.objects.get(action="clinical.save")
    assert event.changes == {"size_cm": [None, "2.4"]}


def test_a_cell_refuses_what_the_form_refuses_and_keeps_it(world, coordinator):
    answer = coordinator.post(cell(world, "age_years"), {"age_years": "300", "was": "50"}).content.decode()
    assert 'value="300"' in answer
    assert "Enter a whole number from 18 to 110" in answer
    assert ClinicalRecord.objects.get(patient=world.patient).age_years == 50
    assert coordinator.get(cell(world, "histology")).status_code == 404


def test_a_change_by_somebody_else_is_not_overwritten_unseen(world, coordinator):
    ClinicalRecord.objects.filter(patient=world.patient).update(age_years=60)
    path = cell(world, "age_years")
    answer = coordinator.post(path, {"age_years": "51", "was": "50"}).content.decode()
    assert "Somebody changed this to “60” meanwhile" in answer
    assert 'name="was" value="60"' in answer
    assert ClinicalRecord.objects.get(patient=world.patient).age_years == 60
    coordinator.post(path, {"age_years": "51", "was": "60"})
    assert ClinicalRecord.objects.get(patient=world.patient).age_years == 51


def test_a_cell_warns_and_says_why_it_is_empty(world, coordinator):
    answer = coordinator.post(cell(world, "menopause"), {"menopause": "0", "was": ""})
    coordinator.post(cell(world, "age_years"), {"age_years": "70", "was": "50"})
    ClinicalRecord.objects.filter(patient=world.patient).update(missing_reasons={"c_t": "unknown"})
    assert "premenopausal" in text_of(answer)
    table = coordinator.get(reverse("cohort", args=["alpha"])).content.decode()
    assert "Premenopausal at 70 years." in table
    assert re.search(r'data-cell="c_t"[^>]*><span class="muted">unknown', table)
    reader = logged_in(world.people["clinician"]).get(reverse("cohort", args=["alpha"])).content.decode()
    assert "data-cell" not in reader


def bulk(client, act: str, *patients, follow: bool = True, **fields):
    data = {"act": act, "patient": [str(patient.pk) for patient in patients], **fields}
    return client.post(reverse("cohort-bulk", args=["alpha"]), data, follow=follow)


def test_a_reason_is_set_where_the_field_is_empty_and_only_there(world, coordinator):
    other = make_patient(world.a2, grade=2)
    answer = bulk(coordinator, "missing", world.patient, other, field="grade", reason="not available")
    assert "The reason was set at 1 patient." in text_of(answer)
    assert ClinicalRecord.objects.get(patient=world.patient).missing_reasons == {"grade": "not available"}
    assert ClinicalRecord.objects.get(patient=other).missing_reasons == {}
    assert "Choose why" in text_of(bulk(coordinator, "missing", world.patient, field="grade", reason="x"))
    assert "takes no reason" in text_of(
        bulk(coordinator, "missing", world.patient, field="id", reason="unknown")
    )


def test_queries_are_raised_on_the_ticked_or_on_all_that_pass(world, coordinator):
    bulk(coordinator, "query", world.patient, field="grade", text="Please look it up.")
    assert DataQuery.objects.get(text="Please look it up.").patient == world.patient
    bulk(coordinator, "query", field="grade", text="All of a2?", all="1", site="a2")
    assert {q.patient.site.code for q in DataQuery.objects.filter(text="All of a2?")} == {"a2"}
    assert "Tick the patients" in text_of(bulk(coordinator, "query", field="grade", text="Nobody?"))
    assert "Write the question." in text_of(
        bulk(coordinator, "query", world.patient, field="grade", text=" ")
    )


def test_the_ticked_are_exported_and_acts_end_at_the_reach(world, coordinator):
    answer = bulk(coordinator, "export", world.patient, world.other.patient, follow=False, format="csv")
    assert answer["Content-Type"] == "application/zip"
    assert AuditEvent.objects.get(action="export.cohort").changes["patients"] == [None, 1]
    neighbour = logged_in(world.people["neighbour"])
    bulk(neighbour, "missing", world.patient, field="grade", reason="unknown")
    assert ClinicalRecord.objects.get(patient=world.patient).missing_reasons == {}
    clinician = logged_in(world.people["clinician"])
    assert bulk(clinician, "missing", world.patient, field="grade", reason="unknown").status_code == 403
    assert bulk(coordinator, "delete", world.patient).status_code == 403


def test_views_are_saved_shared_and_deleted(world, coordinator):
    path, table = reverse("cohort-views", args=["alpha"]), reverse("cohort", args=["alpha"])
    coordinator.post(
        path, {"name": "No grade", "missing": "grade", "sort": "-age", "page": "3", "shared": "1"}
    )
    view = SavedView.objects.get()
    assert view.parameters == {"missing": "grade", "sort": "-age"}
    other = logged_in(world.people["clinician"])
    html = other.get(table).content.decode()
    assert "No grade" in html
    links = ("?missing=grade&amp;sort=-age", "?sort=-age&amp;missing=grade")  # PostgreSQL orders the keys
    assert any(link in html for link in links)
    other.post(path, {"delete": str(view.pk)})
    assert SavedView.objects.exists(), "only the owner deletes"
    coordinator.post(path, {"name": "No grade"})
    assert "No grade" not in other.get(table).content.decode(), "saved again, no longer shared"
    coordinator.post(path, {"delete": str(view.pk)})
    assert not SavedView.objects.exists()
    assert "Give the view a name." in text_of(coordinator.post(path, {"name": " "}, follow=True))


def test_the_table_filters_by_an_empty_field_and_by_open_queries(world, coordinator):
    table = reverse("cohort", args=["alpha"])
    make_patient(world.a1, "FULL", grade=2, histology="NST")

    def rows(**filters: str) -> set[str]:
        html = coordinator.get(table, filters).content.decode()
        return set(re.findall(r"<tr data-href.*?>([A-Z][A-Z0-9]+)</a></td><td>a", html, re.DOTALL))

    assert "FULL" in rows()
    assert "FULL" not in rows(missing="grade")
    assert "FULL" not in rows(missing="histology")
    assert rows(show="queries") == {world.patient.code}


def test_completeness_counts_values_reasons_and_blanks_by_site(world, coordinator):
    study = make_study("whole")
    one, two = make_site(study, "x1"), make_site(study, "x2")
    make_patient(one, age_years=50, histology="NST")
    make_patient(one, missing_reasons={"age_years": "unknown"})
    make_patient(two)
    client = logged_in(make_person(study, "coordinator"))
    page = client.get(reverse("completeness", args=["whole"]))
    found = {field.name: (field.filled, field.explained, field.empty) for field in page.context["fields"]}
    assert found["age_years"] == (1, 1, 1)
    assert found["histology"] == (1, 0, 2)
    assert set(found) == set(FIELDS)
    assert "?missing=age_years" in page.content.decode()
    second = client.get(reverse("completeness", args=["whole"]), {"site": "x2"})
    assert second.context["fields"][0].total == 1


def test_a_limit_on_acts_is_said_before_somebody_meets_it(monkeypatch):
    study = make_study("many")
    site, user = make_site(study), make_person(study, "coordinator")
    for _ in range(3):
        make_patient(site)
    monkeypatch.setattr("studies.views.cohort_table.PAGE_SIZE", 1)
    address = reverse("cohort", args=["many"])
    said = "at most 2 patients at once, so narrow the filter"
    assert "at most" not in text_of(logged_in(user).get(address))
    monkeypatch.setattr("studies.views.cohort.MOST_AT_ONCE", 2)
    monkeypatch.setattr("studies.views.cohort_acts.MOST_AT_ONCE", 2)
    assert said in text_of(logged_in(user).get(address))
    body = {"act": "missing", "field": "grade", "reason": "unknown", "all": "1"}
    answer = logged_in(user).post(reverse("cohort-bulk", args=["many"]), body, follow=True)
    assert "At most 2 patients at once; narrow the filter." in text_of(answer)
    assert not ClinicalRecord.objects.exclude(missing_reasons={}).exists()


def test_a_page_takes_as_many_queries_for_a_few_as_for_a_full_page():
    study = make_study("pages")
    site, user = make_site(study), make_person(study, "coordinator")
    counts = []
    for wanted in (3, 120):
        while study.patients.count() < wanted:
            patient = make_patient(site, age_years=50)
            make_query(patient)
            if study.patients.count() % 10 in (0, 1):
                make_clip(patient)
                make_label(patient, "NEGATIVE")
        counts.append(queries_of(user, reverse("cohort", args=["pages"])))
    assert counts[0] == counts[1]
    assert counts[0] < 30
