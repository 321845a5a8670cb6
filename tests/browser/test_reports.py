"""Reports in a real browser: the page with everything opened, a printed report, and an invalid test side."""

import re

import pytest
from django.urls import reverse

from analysis.reports.document.gather import gather
from analysis.reports.document.render import Front, render
from analysis.services.reports import statement_save
from studies.models import ClinicalRecord, Study
from tests.analysis.reports.reported_study import reported_study
from tests.analysis.supplement_rows import store_supplements
from tests.browser.test_pages import OVERFLOW, faults, needs_axe
from tests.factories import make_report

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OPEN_ALL = "() => document.querySelectorAll('details').forEach((part) => { part.open = true; })"
LOOKS = [("light", 1440, "en"), ("dark", 1024, "zh-hans")]


@pytest.fixture
def made():
    made = reported_study(is_simulated=True)
    store_supplements(made.version)
    coordinator = made.people["coordinator"]
    statement_save(actor=coordinator, study=made.study, topic="ethics", text="Approved by the board.")
    return made


@pytest.fixture
def opened(open_context, live_server):
    """A page of this person in one theme, width and language; axe may be put into it."""

    def open_it(person, theme, width, language):
        context = open_context(person, viewport={"width": width, "height": 900}, bypass_csp=True)
        cookies = {"theme": theme, "django_language": language}
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        return context.new_page()

    return open_it


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width", "language"), LOOKS)
def test_the_page_of_reports_has_no_serious_fault(made, opened, theme, width, language):
    make_report(made.study)
    page = opened(made.people["coordinator"], theme, width, language)
    page.goto(reverse("reports", args=[made.study.slug]))
    page.wait_for_load_state("networkidle")
    page.locator("#report-checklists .checklist").first.wait_for(state="attached")
    page.evaluate(OPEN_ALL)
    assert faults(page) == []
    assert page.evaluate(OVERFLOW) == 0


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_printed_report_with_every_analysis_has_no_serious_fault(made, opened, live_server, language):
    front = Front("", "", 1, "d" * 64, live_server.url)
    html = render(gather(Study.objects.get(pk=made.study.pk)), front, language)
    assert len(re.findall("<h3>", html)) > 20
    page = opened(made.people["coordinator"], "light", 1440, "en")
    page.set_content(html)
    assert faults(page) == []
    assert page.evaluate(OVERFLOW) == 0


@needs_axe
@pytest.mark.parametrize(("theme", "width", "language"), LOOKS)
def test_an_invalid_test_side_is_said_first_and_without_a_fault(made, opened, theme, width, language):
    patient = made.patients[-1]
    ClinicalRecord.objects.filter(patient=patient).update(c_n=3)
    page = opened(made.people["clinician"], theme, width, language)
    page.goto(reverse("results", args=[made.study.slug]))
    said = page.locator(".alert-danger")
    said.wait_for()
    assert patient.code in said.inner_text()
    assert faults(page) == []
    assert page.evaluate(OVERFLOW) == 0
