"""The page of the API's documentation in a real browser: it works under the content policy of all pages."""

import pytest

from tests.factories import make_person, make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_operations_are_shown_and_open(open_page):
    page = open_page(make_person(make_study(), "clinician"), "/api/docs/")
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() > 60
    page.locator("#operations-patients-patients_list .opblock-summary-control").click()
    page.locator("#operations-patients-patients_list .opblock-body").wait_for()
