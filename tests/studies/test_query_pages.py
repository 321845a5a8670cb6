"""The pages of data queries: who sees what, filter and count, the thread, and closing several at once."""

import re

import pytest
from django.urls import reverse

from studies.models import DataQuery
from studies.services.cohort import clinical_save
from tests.factories import (
    logged_in,
    make_patient,
    make_person,
    make_query,
    make_site,
    make_study,
)
from tests.studies.test_pages import queries_of, text_of

pytestmark = pytest.mark.django_db


def test_the_list_filters_sorts_and_counts(world):
    clinical_save(actor=None, patient=world.patient, values={"c_t": 1, "size_cm": 9, "c_n": 0, "c_tnm": "IA"})
    client, path = logged_in(world.people["coordinator"]), reverse("queries", args=["alpha"])
    text = text_of(client.get(path))
    assert "2 queries" in text
    assert "The US size of 90 mm does not fit cT1, even with 2 mm of tolerance." in text
    assert "1 query" in text_of(client.get(path, {"status": "", "field": "size_cm"}))
    assert "1 query" in text_of(client.get(path, {"status": "", "source": "person"}))
    assert "No query passes these filters" in text_of(client.get(path, {"q": "NOBODY"}))
    chinese = client.get(path, headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "cT1" in chinese
    assert "does not fit" not in chinese


def test_the_dashboard_counts_queries_by_site(world):
    make_query(make_patient(world.a2))
    make_query(make_patient(world.a2), status="closed", closed_at=world.event.at)
    client = logged_in(world.people["coordinator"])
    for page in (reverse("home"), reverse("study", args=["alpha"])):
        text = text_of(client.get(page))
        assert re.search(r"2 Data queries not settled a1: 1 · a2: 1", text), page
    table = client.get(reverse("queries", args=["alpha"])).content.decode()
    assert re.search(r'a2</a></td><td class="num">1</td><td class="num">0</td><td class="num">1</td>', table)


def test_a_neighbour_sees_neither_queries_nor_counts_of_another_site(world):
    text = text_of(logged_in(world.people["neighbour"]).get(reverse("queries", args=["alpha"])))
    assert world.patient.code not in text
    assert "0 queries" in text


def test_a_query_is_asked_answered_and_closed_on_its_page(world):
    clinician, coordinator = (logged_in(world.people[name]) for name in ("clinician", "coordinator"))
    ask = reverse("query-create", args=[world.patient.pk])
    assert (
        'value="clinical.size_cm" selected'
        in clinician.get(ask, {"about": "clinical.size_cm"}).content.decode()
    )
    page = clinician.post(ask, {"about": "clinical.size_cm", "text": "Really 9 cm?"})["Location"]
    assert "Really 9 cm?" in text_of(clinician.get(page))
    refused = coordinator.post(page, {"act": "answer", "text": " "})
    assert "Write the answer." in text_of(refused)
    coordinator.post(page, {"act": "answer", "text": "0.9 cm."})
    clinician.post(page, {"act": "close", "text": "Corrected."})
    text = text_of(clinician.get(page))
    assert "0.9 cm." in text
    assert "Corrected." in text
    assert DataQuery.objects.get(text="Really 9 cm?").status == "closed"


def test_a_blinded_reader_cannot_ask_about_pathology(world):
    ask = reverse("query-create", args=[world.patient.pk])
    client = logged_in(world.people["blinded"])
    assert "her2_copies" not in client.get(ask).content.decode()
    assert client.post(ask, {"about": "pathology.ratio", "text": "Why?"}).status_code == 200
    assert not DataQuery.objects.filter(subject="pathology").exists()


def test_several_queries_are_closed_with_one_reason(world):
    rows = [world.query, make_query(world.patient, "c_t"), make_query(world.other.patient)]
    client, path = logged_in(world.people["coordinator"]), reverse("queries", args=["alpha"])
    answer = client.post(path, {"query": [str(row.pk) for row in rows], "text": "Checked."}, follow=True)
    assert "2 queries were closed." in text_of(answer)
    assert [DataQuery.objects.get(pk=row.pk).status for row in rows] == ["closed", "closed", "open"]
    assert "Tick the queries" in text_of(client.post(path, {"text": "Checked."}, follow=True))
    assert "Say what settles" in text_of(
        client.post(path, {"query": [str(make_query(world.patient).pk)], "text": ""}, follow=True)
    )


def test_the_patient_page_shows_what_is_in_question(world):
    text = text_of(logged_in(world.people["coordinator"]).get(reverse("patient", args=[world.patient.pk])))
    assert "Is age_years right?" in text


def test_the_number_of_database_queries_does_not_grow_with_the_list():
    study = make_study("many")
    site, user = make_site(study), make_person(study, "coordinator")
    path, counts = reverse("queries", args=["many"]), []
    for wanted in (3, 30):
        while DataQuery.objects.count() < wanted:
            make_query(make_patient(site), raised_by=user)
        counts.append(queries_of(user, path))
    assert counts[0] == counts[1]
