"""A coordinator screens: one patient, many at once, and finds in the flow why somebody is out."""

from types import SimpleNamespace

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from studies.models import Screening
from studies.services.screening import screening_save
from tests.browser.looking import look
from tests.browser.test_pages import OVERFLOW, faults, needs_axe
from tests.factories import (
    make_clip,
    make_label,
    make_membership,
    make_patient,
    make_person,
    make_site,
    make_study,
)
from tests.studies.services.test_screening import COMPLETE, GOOD, ready

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cohort() -> SimpleNamespace:
    """Forty patients like the paper's: most included, each criterion excludes somebody, a few undecided."""
    study = make_study("cohort", is_simulated=True)
    site = make_site(study, "A")
    coordinator = make_person(study, "coordinator", name="coordinator")
    reasons = [
        {"biopsied": True, "biopsy_on": GOOD["ultrasound_on"].replace(day=1)}, {"multifocal": True},
        {"mass": False}, {"tissue": "benign"}, {"acquisition_compliant": False}, {"surgery_intended": False},
    ]  # fmt: skip
    for number in range(40):
        patient = make_patient(site, f"P{number:03d}", **COMPLETE)
        if number >= 36:
            continue
        make_clip(patient)
        values = GOOD | (reasons[number % 6] if 17 <= number < 27 else {})
        screening_save(actor=coordinator, patient=patient, values=values, note="Operation list.")
        if number < 17 or number >= 27:
            make_label(patient, "POSITIVE" if number % 3 == 0 else "NEGATIVE", kind="excision")
            make_membership(patient, "test" if number % 5 == 0 else "training")
    return SimpleNamespace(study=study, site=site, coordinator=coordinator)


@needs_axe
@pytest.mark.parametrize(
    ("theme", "width", "language"), [("light", 1440, "en"), ("dark", 1024, "en"), ("light", 1024, "zh-hans")]
)
def test_the_pages_of_screening(cohort, open_context, live_server, theme, width, language):
    context = open_context(cohort.coordinator, viewport={"width": width, "height": 900}, bypass_csp=True)
    cookies = {"theme": theme, "django_language": language}
    context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
    page = context.new_page()
    patient = cohort.study.patients.get(code="P017")
    for name, path in (
        ("overview", reverse("study", args=["cohort"])),
        ("screening", reverse("screening", args=["cohort"])),
        ("patient-screening", reverse("patient-screening", args=[patient.pk])),
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        look(page, f"{name}-{theme}-{width}-{language}")
        assert faults(page) == [], name
        assert page.evaluate(OVERFLOW) == 0, name


def test_why_is_patient_17_excluded(cohort, open_page):
    """From the overview by one click, and by the code."""
    page = open_page(cohort.coordinator, reverse("study", args=["cohort"]))
    page.locator("svg.flow a", has_text="Core needle biopsy").click()
    row = page.get_by_role("row").filter(has_text="P018")
    expect(row).to_contain_text("Biopsy on 2019-03-01, ultrasound on 2019-03-08.")
    expect(row).to_contain_text("Operation list.")
    page.get_by_role("link", name="Show all patients").click()
    page.get_by_label("Patient code").fill("P017")
    page.get_by_label("Patient code").press("Enter")
    row = page.get_by_role("row").filter(has_text="P017")
    expect(row).to_contain_text("Surgery intended: no.")
    expect(row).to_contain_text("coordinator")


def test_a_coordinator_screens_one_patient_and_sees_it_before_saving(cohort, open_page):
    patient = ready(cohort.site)
    page = open_page(cohort.coordinator, reverse("patient-screening", args=[patient.pk]))
    page.get_by_label("Date of the ultrasound").fill("2019-03-08")
    page.get_by_label("Date of surgery").fill("2019-03-12")
    for label in ("suspected lesion", "Surgery intended", "acquired by the protocol", "Mass lesion"):
        page.get_by_label(label).select_option("True")
    for label in ("Core needle biopsy taken", "Multifocal", "Bilateral"):
        page.get_by_label(label).select_option("False")
    page.get_by_label("Pathology shows").select_option("invasive")
    criteria = page.locator("#criteria")
    expect(criteria.locator("h2")).to_contain_text("included")
    expect(criteria).to_contain_text("Nothing is stored yet.")
    assert not Screening.objects.filter(patient=patient).exists()
    page.get_by_label("Where this comes from").fill("Operation list of 12 March.")
    page.get_by_role("button", name="Save and record the criteria").click()
    page.get_by_text("Screened: included.").wait_for()
    assert Screening.objects.get(patient=patient).decision == "included"
    item = page.locator("#criteria li").filter(has_text="exclusion (d)")
    item.get_by_text("Decide by hand").click()
    item.get_by_label("Verdict").select_option("met")
    item.get_by_label("Evidence").fill("Second focus on MRI.")
    item.get_by_role("button", name="Decide").click()
    page.get_by_text("Decided by hand: exclusion (d).").wait_for()
    assert Screening.objects.get(patient=patient).reasons == ["exclusion_d"]


def test_a_coordinator_screens_many_at_once(cohort, open_page):
    page = open_page(cohort.coordinator, reverse("screening", args=["cohort"]) + "?show=undecided")
    page.get_by_label("Choose all patients of this page").check()
    page.get_by_text("Screen the chosen patients together").click()
    page.get_by_role("button", name="Screen them").click()
    assert page.evaluate("document.querySelectorAll('input:invalid').length") == 1  # the note is asked for
    page.get_by_label("Mass lesion").select_option("False")
    page.get_by_label("Where this comes from").fill("Reports of the ultrasound department.")
    page.get_by_role("button", name="Screen them").click()
    page.get_by_text("4 patients screened, 4 with a new decision.").wait_for()
    assert Screening.objects.filter(decision="excluded", reason="exclusion_f").count() >= 4


def test_the_flow_is_saved_as_a_picture(cohort, open_page):
    page = open_page(cohort.coordinator, reverse("study", args=["cohort"]))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PNG").click()
    head = download.value.path().read_bytes()
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(head) > 20_000
    with page.expect_download() as download:
        page.get_by_role("link", name="Download SVG").click()
    text = download.value.path().read_text()
    assert "Simulated patients" in text
    assert "style=" not in text
