"""A coordinator's first day in a real browser: an administrator opens the study; the coordinator adds a site,
imports a table with mistakes after its dry run, settles queries, screens, draws the split and seals it; and
works in the cohort table by keyboard alone."""

import os
from collections import Counter
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from studies.models import (
    ClinicalRecord,
    DataQuery,
    Label,
    Membership,
    Patient,
    SavedView,
    Screening,
    Study,
    TableImport,
)
from studies.services.imports import import_run
from tests.factories import make_clip, make_patient, make_person, make_site, make_study, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HEADER = "编号,年龄,绝经状态,超声大小mm,cT,cN,cTNM,her2_ihc_score,her2_copy_number,检查日期,手术日期,mrn\n"
DATES = "2019-03-08,2019-03-12"
TABLE = HEADER + "".join([
    f"P001,51,绝经后,21,T2,N0,IIA,2+,>6.0,{DATES},MRN-1\n",
    f"P002,34,绝经前,14,T1,N0,IIIC,1+,,{DATES},MRN-2\n",
    f"P003,300,绝经后,30,T2,N1,IIB,3+,,{DATES},MRN-3\n",
    *(f"P{n:03d},52,绝经后,14,T1,N0,IA,{'3+' if n < 9 else '0'},,{DATES},MRN-{n}\n" for n in range(4, 14)),
])  # fmt: skip
"""Thirteen patients: a bound in place of a number, a stage that contradicts T and N, an impossible age."""
SHOTS = os.environ.get("SCREENSHOTS", "")
"""A folder for pictures of the pages, to be looked at."""


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def work() -> None:
    """What the worker would do: the table that waits."""
    import_run(import_id=str(TableImport.objects.get().pk))


def test_from_an_empty_study_to_the_seal(open_page, tmp_path):
    page = _opened_by_the_administrator(open_page)
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
    expect(page.get_by_text("Imported: 12 rows with new patients")).to_be_visible(timeout=15_000)
    shot(page, "import-done")
    codes = set(Patient.objects.values_list("code", flat=True))
    assert codes == {f"P{n:03d}" for n in range(1, 14)} - {"P003"}
    _settle(page)
    _others_do_their_part()
    _screen(page)
    _split_and_seal(page)


def _opened_by_the_administrator(open_page) -> Page:
    """The administrator opens the study and lets the coordinator in; returns the coordinator's page."""
    coordinator = make_user("coordinator")
    page = open_page(make_user("head", is_superuser=True, is_staff=True), reverse("study-create"))
    page.get_by_label("Title").fill("First day")
    page.get_by_label("Short name").fill("first-day")
    page.get_by_role("button", name="Open the study").click()
    expect(page.get_by_text("The study is open.")).to_be_visible()
    page.goto(reverse("people", args=["first-day"]))
    page.get_by_label("User name").fill("coordinator")
    page.locator("#id_role").select_option("coordinator")
    page.get_by_role("button", name="Grant", exact=True).click()
    expect(page.get_by_text("The role was granted.")).to_be_visible()
    return open_page(coordinator, reverse("study", args=["first-day"]))


def _others_do_their_part() -> None:
    """A cine of everybody arrives, and the pathologist signs what the table brought."""
    for patient in Patient.objects.all():
        make_clip(patient)
    for label in Label.objects.filter(call__in=("POSITIVE", "NEGATIVE")):
        label.status, label.locked_at = Label.Status.LOCKED, timezone.now()
        label.save()


def _screen(page: Page) -> None:
    """One patient is out for a reason that is kept, all others are in; the flow leads to who is out."""
    page.goto(reverse("screening", args=["first-day"]))
    page.get_by_label("Choose P013").check()
    page.get_by_text("Screen the chosen patients together").click()
    page.get_by_label("Mass lesion").select_option("False")
    page.get_by_label("Where this comes from").fill("Report of the ultrasound department.")
    page.get_by_role("button", name="Screen them").click()
    expect(page.get_by_text("1 patient screened, 1 with a new decision.")).to_be_visible()
    page.goto(reverse("screening", args=["first-day"]) + "?show=undecided")
    page.get_by_label("Choose all patients of this page").check()
    page.get_by_text("Screen the chosen patients together").click()
    for name in ("suspected lesion", "Surgery intended", "acquired by the protocol", "Mass lesion"):
        page.get_by_label(name).select_option("True")
    for name in ("Core needle biopsy taken", "Multifocal", "Bilateral"):
        page.get_by_label(name).select_option("False")
    page.get_by_label("Where this comes from").fill("Operation list of 12 March.")
    page.get_by_role("button", name="Screen them").click()
    expect(page.get_by_text("11 patients screened, 11 with a new decision.")).to_be_visible()
    assert Screening.objects.filter(decision="included").count() == 11
    page.goto(reverse("study", args=["first-day"]))
    shot(page, "flow")
    page.locator("svg.flow a", has_text="Non-mass lesion").click()
    row = page.get_by_role("row").filter(has_text="P013")
    expect(row).to_contain_text("Mass lesion: no.")
    expect(row).to_contain_text("Report of the ultrasound department.")
    expect(page.locator("#patients tbody tr")).to_have_count(1)


def _split_and_seal(page: Page) -> None:
    """Drawn once, with the rule for who comes later, then sealed; nothing of it can be done again."""
    page.goto(reverse("split", args=["first-day"]))
    page.get_by_role("button", name="Draw the split").click()
    expect(page.get_by_text("The split is drawn: 10 patients have a side.")).to_be_visible()
    page.get_by_label("new patients join the training side").check()
    page.get_by_role("button", name="Store the rule").click()
    expect(page.get_by_text("Stored: new patients join the training side.")).to_be_visible()
    page.get_by_role("button", name="Seal the split").click()
    expect(page.get_by_text("The split is sealed.")).to_be_visible()
    shot(page, "sealed")
    expect(page.get_by_role("button", name="Draw the split")).to_have_count(0)
    expect(page.get_by_role("button", name="Store the rule")).to_have_count(0)
    sides = Membership.objects.values_list("patient__code", "side")
    assert Counter(side for _code, side in sides) == {"training": 8, "test": 2}
    assert not {"P001", "P013"} & {code for code, _side in sides}, "one has no label, one is excluded"
    assert Study.objects.get(slug="first-day").seal_hash


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
    expect(page.get_by_label("menopausal status, P2")).to_be_focused()
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
