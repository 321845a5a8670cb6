"""The results in a real browser: parts, figures, files, and no fault for axe in either theme and language."""

from pathlib import Path

import pytest
from django.urls import reverse

from analysis.views.result_parts import PARTS
from tests.analysis.judged_study import judged_study
from tests.analysis.supplement_rows import store_supplements
from tests.browser.test_pages import OVERFLOW, faults, needs_axe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DRAWN = "[data-plot-url][data-drawn]"
WAITING = "[data-plot-url]:not([data-drawn])"
MISPRINT = (
    "table,row,cohort,metric,value,low,high,n_pos,n_neg\n"
    "A,m1,test,SEN,64.3,46.5,82.0,28,60\nA,m1,test,SPC,91.7,84.7,98.7,28,60\nA,m1,test,ACC,84.1,,,28,60\n"
)


@pytest.fixture
def made():
    study = judged_study(is_simulated=True)
    store_supplements(study.version)
    return study


def results(made, name="summary") -> str:
    return reverse("results-part", args=[made.study.slug, name])


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width", "language"), [("light", 1440, "en"), ("dark", 1024, "zh-hans")])
def test_no_part_has_a_serious_fault(made, open_context, live_server, theme, width, language):
    context = open_context(made.clinician, viewport={"width": width, "height": 900}, bypass_csp=True)
    cookies = {"theme": theme, "django_language": language}
    context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
    page = context.new_page()
    for name in PARTS:
        page.goto(results(made, name))
        page.wait_for_load_state("networkidle")
        assert faults(page) == [], name
        assert page.evaluate(OVERFLOW) == 0, name


@pytest.mark.slow
def test_every_figure_is_drawn_within_the_content_policy(made, open_page):
    """`open_page` fails the test for any breach of the policy; Plotly sets styles that would be one."""
    page = open_page(made.clinician, results(made))
    for name in PARTS:
        page.goto(results(made, name))
        for holder in page.locator("[data-plot-url]").all():
            holder.scroll_into_view_if_needed()
        page.wait_for_function(f"() => !document.querySelector('{WAITING}')", timeout=60_000)


def test_parts_change_without_a_new_page_and_keep_the_keyboard(made, open_page):
    page = open_page(made.clinician, results(made))
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="Performance", exact=True).press("Enter")
    page.get_by_text("every figure at the frozen cut-off").wait_for()
    assert page.evaluate("window.stayed") is True
    assert page.url.endswith("/performance/")
    assert page.evaluate("document.activeElement.id") == "tab-performance"
    page.locator(DRAWN).first.wait_for(timeout=30_000)
    page.get_by_label("Side").select_option("oof")
    page.get_by_text("training, out of fold: every figure").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Results").wait_for()


def test_figures_leave_as_svg_and_png_with_the_banner(made, open_page, tmp_path):
    page = open_page(made.clinician, results(made, "performance"))
    page.locator(f"{DRAWN}[data-name$='-roc']").wait_for(timeout=30_000)
    section = page.locator("section", has=page.locator("[data-name$='-roc']"))
    for kind in ("SVG", "PNG", "CSV"):
        with page.expect_download() as download:
            section.locator("[data-tools]").get_by_text(kind, exact=True).click()
        saved = tmp_path / f"roc.{kind.lower()}"
        download.value.save_as(saved)
        assert download.value.suggested_filename.endswith(f"-roc.{kind.lower()}")
        content = Path(saved).read_bytes()
        if kind == "SVG":
            text = content.decode()
            assert "SIMULATED PATIENTS" in text
            assert "ROC curve with the frozen operating point" in text
        if kind == "PNG":
            assert content.startswith(b"\x89PNG")


def test_predictive_values_follow_the_slider(made, open_page):
    page = open_page(made.clinician, results(made, "performance"))
    slider = page.get_by_label("HER2-positive where the test is used, %")
    slider.focus()
    before = page.locator("#predictive strong").first.inner_text()
    for _press in range(3):
        slider.press("PageUp")
    page.get_by_text("18 %", exact=True).wait_for(state="detached")
    assert page.locator("#predictive strong").first.inner_text() != before


def test_the_table_of_models_sorts_and_filters(made, open_page):
    page = open_page(made.clinician, results(made, "tables"))
    count = page.locator("[data-count=models]")
    assert "72 / 72" in count.inner_text()
    page.get_by_label("Table", exact=True).select_option("4")
    page.get_by_label("Side", exact=True).select_option(label="test")
    assert "16 / 72" in count.inner_text()
    heading = page.locator("#table-models th", has_text="AUC").first
    heading.press("Enter")
    cells = page.locator("#table-models tbody tr:not([hidden]) td:nth-child(7)")
    shown = [float(text.split(" ")[0]) for text in cells.all_inner_texts()]
    assert shown == sorted(shown)
    assert heading.get_attribute("aria-sort") == "ascending"


def test_a_table_is_audited_on_the_page(made, open_page, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(MISPRINT)
    page = open_page(made.clinician, results(made, "as-published"))
    page.get_by_label("Table as CSV").set_input_files(path)
    page.get_by_role("button", name="Audit", exact=True).click()
    page.get_by_text("73/88 gives 83.0").first.wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the verdict as CSV").click()
    assert download.value.suggested_filename.endswith("-audit.csv")
