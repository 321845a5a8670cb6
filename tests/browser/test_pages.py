"""The pages in a real browser: axe-core finds no serious fault, nothing runs over the edge, forms answer."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.urls import reverse

from studies.models import Upload
from tests.factories import make_world
from tests.studies.test_pages import FRAGMENTS, PAGES_OF, address, judge

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = "() => axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LOOKED_AT = {
    "coordinator": tuple(page for page in PAGES_OF["coordinator"] if page not in FRAGMENTS),
    "sonographer": ("home", "patient", "worklist"),
    "pathologist": ("home", "patient", "specimen", "specimen-create"),
    "administrator": ("models", "detectors", "people", "audit"),
}
"""Every page once, and those that differ by role; the viewer has tests of its own."""


@pytest.fixture
def world() -> SimpleNamespace:
    world = make_world()
    judge(world)
    return world


def faults(page) -> list[str]:
    """Serious and critical violations, each with the first place where it is."""
    page.add_script_tag(path=AXE)
    found = page.evaluate(RUN_AXE)
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:150]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]


needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci)")


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width", "language"), [("light", 1440, "en"), ("dark", 1024, "zh-hans")])
@pytest.mark.parametrize("role", LOOKED_AT)
def test_no_page_of_a_role_has_a_serious_fault(
    world, open_context, live_server, role, theme, width, language
):
    viewport = {"width": width, "height": 800}
    context = open_context(world.people[role], viewport=viewport, bypass_csp=True)
    cookies = {"theme": theme, "django_language": language}
    context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
    page = context.new_page()
    for name in LOOKED_AT[role]:
        page.goto(address(world, name))
        page.wait_for_load_state("networkidle")
        assert faults(page) == [], name
        assert page.evaluate(OVERFLOW) == 0, name


@needs_axe
def test_the_login_page_has_no_serious_fault(chromium, live_server):
    context = chromium.new_context(base_url=live_server.url, bypass_csp=True)
    page = context.new_page()
    page.goto("/login/")
    assert faults(page) == []
    page.evaluate("document.querySelector('label').remove()")
    assert any("label" in fault for fault in faults(page))  # the look can fail
    context.close()


def test_the_clinical_form_asks_while_a_coordinator_types(world, open_page):
    page = open_page(world.people["coordinator"], reverse("clinical-edit", args=[world.patient.pk]))
    page.get_by_label("cT", exact=True).select_option("2")
    page.get_by_label("cN", exact=True).select_option("0")
    page.get_by_label("cTNM", exact=True).select_option("IIIC")
    page.get_by_text("belong to stage IIA").wait_for()
    page.get_by_label("Keep, because").fill("Staged elsewhere.")
    page.get_by_label("cTNM", exact=True).press("Tab")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The clinical values were saved.").wait_for()
    assert page.get_by_text("Staged elsewhere.").first.is_visible()


def test_the_call_follows_what_a_pathologist_types(world, open_page):
    page = open_page(world.people["pathologist"], reverse("specimen", args=[world.specimen.pk]))
    page.get_by_label("IHC score").select_option("2+")
    page.get_by_text("equivocal: ISH pending").wait_for()
    page.get_by_label("IHC score").select_option("3+")
    page.get_by_text("HER2 positive").first.wait_for()


def test_the_theme_and_the_language_are_remembered(world, open_page):
    page = open_page(world.people["clinician"], "/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="待办事项").wait_for()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("lang") == "zh-hans"


def test_a_keyboard_reaches_the_content_first(world, open_page):
    page = open_page(world.people["coordinator"], reverse("cohort", args=["alpha"]))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_sent_file_keeps_its_name_on_this_computer_only(world, open_page):
    page = open_page(world.people["coordinator"], reverse("upload", args=["alpha"]))
    page.locator("#u-patient").select_option(str(world.patient.pk))
    file = {"name": "Jane Doe.zip", "mimeType": "application/zip", "buffer": b"PK"}
    page.locator("#u-files").set_input_files(file)
    page.locator("#uploads tr").first.get_by_text("Jane Doe.zip").wait_for()
    sent = Upload.objects.latest("created_at")
    assert sent.label.startswith("file ")
    assert "Jane" not in f"{sent.label} {sent.verdict} {sent.spool}"
    page.reload()
    assert page.get_by_text("Jane Doe.zip").count() == 0
