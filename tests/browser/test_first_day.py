"""A coordinator's first day in a real browser: open a study, add a site, import a table after its dry run,
settle a query, and work in the cohort table by keyboard alone."""

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from studies.models import ClinicalRecord, DataQuery, Patient, SavedView, Study, TableImport
from studies.services.imports import import_run
from tests.factories import make_patient, make_person, make_site, make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TABLE = (
    "编号,年龄,绝经状态,超声大小mm,cT,cN,cTNM,her2_ihc_score,her2_copy_number,mrn\n"
    "P001,51,绝经后,21,T2,N0,IIA,2+,>6.0,MRN-1\n"
    "P002,34,绝经前,14,T1,N0,IIIC,1+,,MRN-2\n"
    "P003,300,绝经后,30,T2,N1,IIB,3+,,MRN-3\n"
)
SHOTS = os.environ.get("SCREENSHOTS", "")
"""A folder for pictures of the pages, to be looked at."""


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def work() -> None:
    """What the worker would do: the table that waits."""
    import_run(import_id=str(TableImport.objects.get().pk))


def test_from_an_empty_study_to_a_settled_query(open_page, tmp_path):
    starter = make_person(make_study("other"), "coordinator", name="starter")
    page = open_page(starter, reverse("study-create"))
    page.get_by_label("Title").fill("First day")
    page.get_by_label("Short name").fill("first-day")
    page.get_by_role("button", name="Open the study").click()
    page.locator("#id_code").fill("s1")
    page.locator("#id_name").fill("Hospital one")
    page.get_by_role("button", name="Add site").click()
    expect(page.get_by_text("The site was added.")).to_be_visible()

    page.goto(reverse("cohort", args=["first-day"]))
    page.get_by_role("link", name="Import a table").first.click()
    _upload(page, tmp_path, TABLE.encode("gb18030"), coding="utf-8")
    expect(page.get_by_role("alert")).to_contain_text("The file is not UTF-8 here")
    _upload(page, tmp_path, TABLE.encode("gb18030"), coding="gb18030")
    expect(page.get_by_label("年龄")).to_have_value("clinical.age_years")
    expect(page.get_by_label("mrn")).to_have_value("patient.hospital_number")
    shot(page, "import-mapping")
    page.get_by_role("button", name="Check every row").click()
    expect(page.get_by_role("heading", name="being checked")).to_be_visible()
    work()
    expect(page.get_by_text("1 row is refused").first).to_be_visible(timeout=15_000)
    expect(page.get_by_text("300 lies outside the allowed 18 to 110.")).to_be_visible()
    assert not Patient.objects.exists(), "the check writes nothing"
    shot(page, "import-verdicts")
    page.get_by_label("When rows are refused").select_option("good")
    page.get_by_role("button", name="Check again").click()
    work()
    page.get_by_role("button", name="Import the good rows").click(timeout=15_000)
    work()
    expect(page.get_by_text("Imported: 2 rows with new patients")).to_be_visible(timeout=15_000)
    shot(page, "import-done")
    assert set(Patient.objects.values_list("code", flat=True)) == {"P001", "P002"}
    _settle(page)


def _upload(page: Page, folder: Path, content: bytes, *, coding: str) -> None:
    path = folder / "table.csv"
    path.write_bytes(content)
    page.get_by_label("Table").set_input_files(path)
    page.get_by_label("Coding of a CSV").select_option(coding)
    page.get_by_role("button", name="Upload and look at it").click()


def _settle(page: Page) -> None:
    """Correct the value that a rule asks about, and close by hand what only a person can."""
    page.goto(reverse("queries", args=["first-day"]))
    shot(page, "queries")
    page.get_by_role("link", name="Stage IIIC was entered").click()
    page.get_by_role("link", name="Correct the value").click()
    page.get_by_label("cTNM").first.select_option("IA")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The clinical values were saved.")).to_be_visible()
    assert DataQuery.objects.get(code="stage_differs").status == "closed"
    page.goto(reverse("queries", args=["first-day"]))
    page.get_by_role("link", name="is a bound or an estimate").click()
    page.get_by_label("Answer, or what settles it").fill("Asked the laboratory.")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("answered").first).to_be_visible()
    shot(page, "query")
    assert DataQuery.objects.get(code="bound_not_a_value").status == "answered"
    page.goto(reverse("home"))
    expect(page.get_by_text("Data queries not settled").first).to_be_visible()


@pytest.fixture
def study() -> Study:
    study = make_study("grid")
    site = make_site(study, "s1")
    for code in ("P1", "P2", "P3"):
        make_patient(site, code)
    return study


@pytest.fixture
def page(study, open_page) -> Page:
    return open_page(make_person(study, "coordinator", name="typist"), reverse("cohort", args=["grid"]))


def stored(code: str) -> ClinicalRecord:
    return ClinicalRecord.objects.get(patient__code=code)


def test_values_are_entered_by_keyboard_alone(page):
    cell = page.locator("tbody tr").first.locator('[data-cell="age_years"]')
    cell.focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("age (years), P1")
    expect(field).to_be_focused()
    page.keyboard.type("51")
    page.keyboard.press("Enter")
    expect(cell).to_have_text("51")
    expect(cell).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator("tbody tr").nth(1).locator('[data-cell="menopause"]')).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("menopausal status, P2").select_option("1")
    expect(page.locator("tbody tr").nth(1).locator('[data-cell="menopause"]')).to_have_text("postmenopausal")
    assert (stored("P1").age_years, stored("P2").menopause) == (51, 1)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("tbody tr").nth(1).locator('[data-cell="menopause"]')).to_have_text("postmenopausal")


def test_an_impossible_value_stays_in_its_cell_with_the_reason(page):
    page.locator("tbody tr").first.locator('[data-cell="age_years"]').dblclick()
    field = page.get_by_label("age (years), P1")
    field.fill("300")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="110")).to_be_visible()
    expect(field).to_have_value("300")
    assert stored("P1").age_years is None


def test_rows_are_ticked_and_a_reason_is_set(page):
    expect(page.locator("#bulk-form")).to_be_hidden()
    page.get_by_label("Tick P1").check()
    page.get_by_label("Tick P3").click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("3")
    shot(page, "cohort")
    page.get_by_label("Tick P2").uncheck()
    page.locator("#b-field").select_option("grade")
    page.locator("#b-reason").select_option("not available")
    page.get_by_role("button", name="Set where empty").click()
    expect(page.get_by_text("The reason was set at 2 patients.")).to_be_visible()
    assert [bool(stored(code).missing_reasons) for code in ("P1", "P2", "P3")] == [True, False, True]


def test_a_view_remembers_the_filters_as_they_are_now(page):
    page.get_by_label("Field is empty").select_option("grade")
    page.wait_for_url("**missing=grade**")
    page.get_by_label("Name of the view").fill("No grade")
    page.locator("[data-view-form]").get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="No grade")).to_be_visible()
    assert SavedView.objects.get().parameters == {"missing": "grade", "sort": "code"}
