"""A person changes the password that is also their signature."""

import pytest
from django.urls import reverse

from studies.models import AuditEvent
from tests.factories import logged_in, make_person, make_study

pytestmark = pytest.mark.django_db
NEW = "four blue herons"


@pytest.fixture
def anna():
    return make_person(make_study("one"), "pathologist", name="anna")


def change(client, old: str = "anna", new: str = NEW, again: str = NEW):
    values = {"old_password": old, "new_password1": new, "new_password2": again}
    return client.post(reverse("password"), values, follow=True)


def test_the_new_password_counts_and_the_change_is_written_down(anna):
    client = logged_in(anna)
    assert reverse("password") in client.get("/").content.decode()
    answer = change(client)
    assert "The password was changed." in answer.content.decode()
    anna.refresh_from_db()
    assert anna.check_password(NEW)
    event = AuditEvent.objects.get(action="password.change")
    assert (event.actor, event.object_id, event.changes) == (anna, str(anna.pk), {})


def test_other_sessions_of_the_person_end(anna):
    here, elsewhere = logged_in(anna), logged_in(anna)
    change(here)
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"old": "Anna"}, "This is not the password until now."),
        ({"again": "four blue heron"}, "didn’t match"),
        ({"new": "abc", "again": "abc"}, "too short"),
    ],
)
def test_what_does_not_fit_is_said_and_changes_nothing(anna, values, words):
    answer = change(logged_in(anna), **values)
    assert words in answer.content.decode()
    anna.refresh_from_db()
    assert anna.check_password("anna")


def test_a_wrong_password_cannot_be_tried_without_end(anna):
    client = logged_in(anna)
    for _attempt in range(9):
        assert change(client, old="wrong").status_code == 200
    assert "Too many attempts" in change(client, old="wrong").content.decode()
    assert "Too many attempts" in change(client).content.decode()
