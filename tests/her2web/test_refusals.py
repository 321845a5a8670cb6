"""What a rule refuses is a sentence on a page, whether or not a form had thought of it."""

import pytest
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from django.urls import reverse

from her2web.refusals import RefusalMiddleware
from studies.errors import RuleViolationError
from studies.models import Patient
from tests.factories import logged_in, make_person, make_site, make_study

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("code", ["Müller Anna", "-1", "a b", "=1+1"])
def test_a_code_that_is_none_is_refused_in_the_form(code):
    study = make_study("one")
    site = make_site(study)
    client = logged_in(make_person(study, "coordinator"))
    answer = client.post(reverse("patient-create", args=["one"]), {"code": code, "site": site.pk})
    assert answer.status_code == 200
    assert "letters, digits, dots, dashes and underscores" in answer.content.decode()
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    "refusal",
    [RuleViolationError("The split is drawn already."), ValidationError({"code": ["Taken already."]})],
)
def test_a_refusal_that_no_view_caught_is_said(refusal):
    middleware = RefusalMiddleware(lambda _request: None)
    request = RequestFactory().post("/form/", headers={"Referer": "http://testserver/form/?a=1"})
    answer = middleware.process_exception(request, refusal)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "already." in text
    assert 'href="/form/?a=1"' in text
    assert "data-keep-draft" in text


def test_a_fault_of_the_program_stays_one():
    middleware = RefusalMiddleware(lambda _request: None)
    assert middleware.process_exception(RequestFactory().post("/form/"), KeyError("x")) is None
    assert middleware.process_exception(RequestFactory().get("/form/"), ValidationError("x")) is None
