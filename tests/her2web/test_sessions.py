"""A session that ended, a page that is too old, an address that takes no visit: each leads back."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import logged_in, make_person, make_study

pytestmark = pytest.mark.django_db


def test_after_a_lost_session_the_login_leads_back_to_the_form(client):
    page = "/studies/one/models/?v=1"
    answer = client.post(
        reverse("model-train", args=["one"]), headers={"Referer": f"http://testserver{page}"}
    )
    assert answer.status_code == 302
    assert answer.url == "/login/?next=%2Fstudies%2Fone%2Fmodels%2F%3Fv%3D1"
    elsewhere = client.post(
        reverse("model-train", args=["one"]), headers={"Referer": "https://evil.example/x"}
    )
    assert elsewhere.url == "/login/?next=%2F"


def test_a_visit_still_leads_back_to_itself(client):
    answer = client.get(reverse("models", args=["one"]))
    assert answer.url == "/login/?next=/studies/one/models/"


def test_a_part_of_a_page_gets_a_status_and_no_login_page(client):
    answer = client.get(reverse("jobs-summary", args=["one"]), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_page_older_than_the_login_says_so():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_person(make_study("one"), "administrator"))
    page = "/studies/one/models/"
    answer = client.post(
        reverse("model-train", args=["one"]), headers={"Referer": f"http://testserver{page}"}
    )
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "Nothing was saved" in text
    assert f'href="{page}"' in text
    assert "data-keep-draft" in text


def test_an_address_of_a_form_is_not_mute():
    client = logged_in(make_person(make_study("one"), "administrator"))
    answer = client.get(reverse("model-train", args=["one"]))
    assert answer.status_code == 405
    assert "only takes what a form sends" in answer.content.decode()
