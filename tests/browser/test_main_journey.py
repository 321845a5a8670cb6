"""The main job, end to end, as people do it: a fresh database, a real browser, a real worker.

Coordinator adds a patient and uploads a real and a synthetic cine; the worker finds, follows and describes
the lesion; a sonographer drags a box and the features follow; a pathologist labels; an administrator trains;
the clinician reads the prediction and the results.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pydicom.data import get_testdata_file

from analysis.pipeline.synthesis import draw_cohort, write_cohort
from tests.browser import application
from tests.browser.application import Application
from tests.browser.driving import drag, saved, values

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

STUDY = "/studies/demonstration"
CODE = "NEW001"
WORK_MS = 240_000
SEED = 77
CINE_WIDTH_PX = 256


@pytest.fixture(scope="module")
def app(tmp_path_factory, chromium) -> Iterator[Application]:
    """The application, started once for this module."""
    running = application.start(tmp_path_factory.mktemp("application"))
    yield running
    application.stop(running)


@pytest.fixture(scope="module")
def synthetic_cine(tmp_path_factory) -> Path:
    """One simulated cine of 40 frames."""
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(folder, draw_cohort(5, seed=SEED, effect=0.35), 40, 1)
    return next((folder / "videos").rglob("*.dcm"))


@pytest.fixture
def log_in(app, chromium) -> Iterator[Callable[[str], Page]]:
    """Makes a page of a user, logged in by hand; any script error or broken content policy fails the test."""
    contexts, errors = [], []

    def page_of(role: str) -> Page:
        context = chromium.new_context(base_url=app.url, viewport={"width": 1440, "height": 900})
        context.set_default_timeout(20_000)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        page = context.new_page()
        page.goto("/login/")
        page.get_by_label("User name").fill(role)
        page.get_by_label("Password").fill(app.logins[role])
        page.locator("main").get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="What waits for you")).to_be_visible()
        return page

    yield page_of
    for context in contexts:
        context.close()
    assert errors == []


def patient_page(page: Page) -> None:
    """Open the new patient from the cohort table."""
    page.goto(f"{STUDY}/patients/")
    page.get_by_label("Code contains").fill(CODE)
    page.get_by_role("link", name=CODE).click()
    expect(page.get_by_role("heading", name=CODE, level=1)).to_be_visible()


def test_the_whole_job(app, log_in, synthetic_cine):
    """One test, because each step stands on the one before."""
    coordinator = log_in("coordinator")
    _add_patient(coordinator)
    _upload(coordinator, [Path(get_testdata_file("examples_ybr_color.dcm")), synthetic_cine])
    _wait_for_features(coordinator)

    sonographer = log_in("sonographer")
    expect(sonographer.get_by_text("Clips that need you")).to_be_visible()
    _correct_a_box(sonographer)
    _labels_are_out_of_reach(sonographer)

    _label(log_in("pathologist"), app.logins["pathologist"])
    _screen(coordinator)
    _train(log_in("administrator"))
    _read(log_in("clinician"))


def _add_patient(page: Page) -> None:
    page.goto(f"{STUDY}/patients/")
    page.get_by_role("link", name="Add a patient").click()
    page.get_by_label("Pseudonymous code").fill(CODE)
    page.get_by_role("button", name="Add the patient").click()
    expect(page.get_by_role("heading", name=CODE, level=1)).to_be_visible()
    page.get_by_role("link", name="Complete clinical values").click()
    page.get_by_label("Age (years)", exact=True).fill("54")
    page.get_by_label("Menopausal status", exact=True).select_option("1")
    page.get_by_label("US size (cm)", exact=True).fill("2.3")
    page.get_by_label("cT", exact=True).select_option("2")
    page.get_by_label("cN", exact=True).select_option("0")
    page.get_by_label("cTNM", exact=True).select_option("IIA")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("54 years")).to_be_visible()


def _upload(page: Page, files: list[Path]) -> None:
    page.get_by_role("link", name="Upload a cine").first.click()
    page.locator("#u-files").set_input_files(files)
    rows = page.locator("#uploads tr").filter(has_text=CODE)
    expect(rows).to_have_count(len(files), timeout=WORK_MS)
    expect(rows.get_by_text("accepted")).to_have_count(len(files), timeout=WORK_MS)
    expect(rows.filter(has_text="30 frames").filter(has_text="320 × 240")).to_have_count(1)
    expect(rows.filter(has_text="40 frames")).to_have_count(1)


def _synthetic_clip(page: Page):
    return page.locator("article.clip-row").filter(has_text="40, 256")


def _wait_for_features(page: Page) -> None:
    patient_page(page)
    expect(_synthetic_clip(page).get_by_text("frames used")).to_be_visible(timeout=WORK_MS)
    expect(_synthetic_clip(page).locator(".plot .main-svg").first).to_be_visible()


def _curve(page: Page, clip: str) -> dict:
    answer = page.request.get(f"/clips/{clip}/curves/?feature=shape2D_PixelSurface")
    assert answer.ok
    return answer.json()


def _correct_a_box(page: Page) -> None:
    patient_page(page)
    link = _synthetic_clip(page).get_by_role("link", name=re.compile("Clip")).first
    clip = re.search(r"/clips/([0-9a-f-]+)/", link.get_attribute("href")).group(1)
    before = _curve(page, clip)
    assert before["frames"]
    assert not before["stale"]
    link.click()
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    page.locator("#goto").fill("20")
    page.locator("#goto").press("Enter")
    expect(page.locator("#stage")).to_have_attribute("data-painted", "19")
    _drag_corner(page)
    saved(page)
    _sign(page)
    page.wait_for_timeout(500)
    for _ in range(200):
        after = _curve(page, clip)
        if not after["stale"] and after["revision"] is not None and after["values"] != before["values"]:
            break
        page.wait_for_timeout(500)
    assert not after["stale"]
    area_before = dict(zip(before["frames"], before["values"], strict=True))
    area_after = dict(zip(after["frames"], after["values"], strict=True))
    assert area_after[19] < area_before[19], "a smaller box must give a smaller area"


def _drag_corner(page: Page) -> None:
    """Drag the lower right handle of the box 12 px inwards, with the mouse."""
    _x1, _y1, x2, y2 = values(page)
    picture = page.locator("#picture").bounding_box()
    scale = picture["width"] / CINE_WIDTH_PX
    corner = (picture["x"] + x2 * scale, picture["y"] + y2 * scale)
    drag(page, corner, (corner[0] - 12 * scale, corner[1] - 12 * scale))
    assert values(page)[2] < x2 - 5, "the box must follow the mouse"


def _sign(page: Page) -> None:
    page.get_by_role("button", name="Check and sign").click()
    page.get_by_role("button", name=re.compile("^Sign")).last.click()
    expect(page.get_by_text(re.compile("signed", re.IGNORECASE)).first).to_be_visible(timeout=20_000)


def _labels_are_out_of_reach(page: Page) -> None:
    """A sonographer sees neither labels nor predictions: not in pages, not by address."""
    patient_page(page)
    expect(page.get_by_text("Pathology", exact=True)).to_have_count(0)
    patient = page.url.rstrip("/").rsplit("/", 1)[-1]
    assert page.request.get(f"/patients/{patient}/prediction/").status == 403
    assert page.request.get(f"{STUDY}/results/").status == 403
    assert page.request.get(f"{STUDY}/pathology/").status == 403


def _label(page: Page, password: str) -> None:
    patient_page(page)
    page.get_by_role("link", name="Enter pathology").click()
    page.get_by_label("kind").select_option("excision")
    page.get_by_role("button", name="Register and enter the reading").click()
    page.get_by_label("IHC score").select_option("2+")
    expect(page.locator("#call")).to_contain_text("ISH pending")
    page.get_by_label("IHC score").select_option("3+")
    expect(page.locator("#call")).to_contain_text("HER2 positive")
    page.get_by_label("Your password, as signature").fill(password)
    page.get_by_role("button", name="Sign and lock").click()
    expect(page.get_by_text("The reading is signed and locked.")).to_be_visible()


def _screen(page: Page) -> None:
    """Only the included are trained on."""
    patient_page(page)
    page.get_by_role("link", name="Screen", exact=True).click()
    page.get_by_label("Date of the ultrasound").fill("2019-03-08")
    page.get_by_label("Date of surgery").fill("2019-03-12")
    for label in ("suspected lesion", "Surgery intended", "acquired by the protocol", "Mass lesion"):
        page.get_by_label(label).select_option("True")
    for label in ("Core needle biopsy taken", "Multifocal", "Bilateral"):
        page.get_by_label(label).select_option("False")
    page.get_by_label("Pathology shows").select_option("invasive")
    page.get_by_label("Where this comes from").fill("Operation list of 12 March.")
    page.get_by_role("button", name="Save and record the criteria").click()
    expect(page.get_by_text("Screened: included.")).to_be_visible()


def _train(page: Page) -> None:
    page.goto(f"{STUDY}/models/")
    expect(page.get_by_role("link", name=CODE)).to_be_visible()
    page.get_by_role("button", name=re.compile("^Train version")).click()
    expect(page.locator("#job").get_by_text("done", exact=True)).to_be_visible(timeout=WORK_MS)
    page.get_by_role("link", name="Models").last.click()
    row = page.locator("tbody tr").filter(has_text="candidate")
    expect(row).to_have_count(1)
    row.get_by_text("Promote…").click()
    row.get_by_label("Because…").fill("Includes the newly labelled patient.")
    row.get_by_role("button", name="Make it the one of record").click()
    expect(page.get_by_text("is of record now; predictions come from it")).to_be_visible()


def _read(page: Page) -> None:
    patient_page(page)
    prediction = page.locator("#prediction")
    expect(prediction.get_by_text("probability of HER2-positive")).to_be_visible(timeout=20_000)
    expect(prediction.get_by_text("helped to fit the model").first).to_be_visible()
    page.goto(f"{STUDY}/results/")
    expect(page.get_by_text("Simulated patients").first).to_be_visible()
    expect(page.locator("[data-name$='-roc'][data-drawn]")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Tables", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("Tables 2 to 4"))).to_be_visible()
    assert page.locator("table[data-sortable] tbody tr").count() >= 48


def test_the_same_study_from_files(app, tmp_path):
    """Headless: the demonstration's own files give tables, figures and a resumable run."""
    files, out = app.folder / "demonstration", tmp_path / "out"
    command = [sys.executable, "manage.py", "run_study", "--clinical", str(files / "clinical.csv")]
    command += ["--pathology", str(files / "pathology.csv"), "--videos", str(files / "videos")]
    command += ["--out", str(out), "--analyses", "none"]
    environment = application.environment(tmp_path)
    first = subprocess.run(command, cwd=application.REPOSITORY, env=environment, capture_output=True)
    assert first.returncode in {0, 1}, first.stderr.decode()[-2000:]
    left_out = len(_lines(out / "excluded.csv")) - 1
    assert first.returncode == (1 if left_out else 0)
    assert len(_lines(out / "tables2-4.csv")) == 1 + 24 * 3
    assert {path.stem for path in (out / "figures").glob("*.html")} >= {
        "roc-oof",
        "forest-test",
        "shap-video-oof",
    }
    described = {path.name for path in (out / "work").glob("*.npz")}
    again = subprocess.run(command, cwd=application.REPOSITORY, env=environment, capture_output=True)
    assert again.stdout == first.stdout
    assert {path.name for path in (out / "work").glob("*.npz")} == described


def _lines(path: Path) -> list[str]:
    """Header and rows of a table, below the remarks at its top."""
    return [line for line in path.read_text().splitlines() if not line.startswith(("#", '"#'))]
