"""Tokens: what they open, and what stops guessing."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_person, make_study, make_user

pytestmark = pytest.mark.django_db


def ask(name, password, **headers):
    return Client().post(
        reverse("api-token"),
        {"username": name, "password": password},
        content_type="application/json",
        headers=headers,
    )


def test_a_token_opens_the_api_with_the_rights_of_its_user():
    study = make_study("mine")
    make_study("theirs")
    make_person(study, "clinician", name="clara")
    token = ask("clara", "clara").json()["token"]
    answer = Client().get("/api/v1/studies/", headers={"Authorization": f"Token {token}"})
    assert [row["slug"] for row in answer.json()["results"]] == ["mine"]
    assert ask("clara", "clara").json()["token"] == token


def test_a_wrong_password_a_missing_one_and_a_closed_account_get_none():
    make_user("paul")
    make_user("gone", is_active=False)
    assert ask("paul", "wrong").status_code == 403
    assert ask("nobody", "x").status_code == 403
    assert ask("gone", "gone").status_code == 403
    assert ask("paul", "").status_code == 400


def test_a_token_of_a_closed_account_opens_nothing():
    user = make_person(make_study(), "clinician")
    token = ask(user.username, user.username).json()["token"]
    user.is_active = False
    user.save()
    answer = Client().get("/api/v1/studies/", headers={"Authorization": f"Token {token}"})
    assert answer.status_code == 403


def test_the_eleventh_attempt_in_a_minute_is_slowed_down_whatever_address_it_claims(settings):
    settings.AXES_ENABLED = False
    make_user("paul")
    answers = [ask("paul", "wrong", **{"X-Forwarded-For": f"10.0.0.{i}"}).status_code for i in range(11)]
    assert answers == [403] * 10 + [429]


def test_too_many_failures_lock_the_account_even_for_the_right_password(settings):
    settings.AXES_FAILURE_LIMIT = 3
    make_user("paul")
    for _attempt in range(3):
        ask("paul", "wrong")
    answer = ask("paul", "paul")
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/json")
    assert "quarter of an hour" in answer.json()["detail"]
