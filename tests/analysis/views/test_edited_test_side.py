"""HONESTY G7 where people see it: the results pages, every export, and the report name the edit."""

import io

import openpyxl
import pytest
from django.urls import reverse

from analysis.reports.document.gather import gather
from analysis.reports.document.render import LANGUAGES, Front, render
from analysis.views.result_parts import PARTS
from studies.models import ClinicalRecord, Study
from tests.analysis.judged_study import judged_study
from tests.analysis.reports.reported_study import reported_study
from tests.factories import logged_in

pytestmark = pytest.mark.django_db
EDITED = "INVALID: the test side was edited after somebody had looked at it"
FRONT = Front("", "", 1, "d" * 64, "https://her2.example")


@pytest.fixture
def edited():
    """A judged study, of which one test patient was edited afterwards, and that patient's code."""
    made = judged_study(is_simulated=True)
    patient = made.patients["test"][3]
    ClinicalRecord.objects.filter(patient=patient).update(c_n=2)
    return made, patient.code


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_the_results_names_it(edited, name):
    made, code = edited
    page = logged_in(made.clinician).get(reverse("results-part", args=[made.study.slug, name]))
    html = page.content.decode()
    assert "Invalid: the test side was edited" in html
    assert f"{code} (clinical values, after look 1)" in html


def test_without_an_edit_nothing_is_said():
    made = judged_study()
    html = logged_in(made.clinician).get(reverse("results", args=[made.study.slug])).content.decode()
    assert "nvalid" not in html
    assert "stored without digests" not in html


def test_every_file_names_it(edited):
    made, code = edited
    client = logged_in(made.clinician)
    said = {
        "csv": lambda answer: answer.content.decode(),
        "tex": lambda answer: answer.content.decode(),
        "xlsx": lambda answer: str(openpyxl.load_workbook(io.BytesIO(answer.content)).active["A2"].value),
    }
    for kind, read in said.items():
        text = read(client.get(reverse(f"table-{kind}", args=[made.study.slug, "models"])))
        assert EDITED in text
        assert code in text
        assert "SIMULATED PATIENTS" in text
    numbers = client.get(reverse("figure-csv", args=[made.study.slug, "roc"])).content.decode()
    assert EDITED in numbers
    for kind in ("svg", "png"):
        address = reverse("figure", args=[made.study.slug, "roc"])
        drawn = client.get(address, {"export": kind}).json()
        assert EDITED in drawn["export"]["banner"]
        assert code in drawn["export"]["banner"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_says_it_on_top_and_among_the_limits(language):
    made = reported_study()
    patient = made.patients[-1]
    before = render(gather(Study.objects.get(pk=made.study.pk)), FRONT, language)
    assert "✕ INVALID" not in before
    assert "✕ 无效" not in before
    ClinicalRecord.objects.filter(patient=patient).update(c_n=1, age_years=44)
    html = render(gather(Study.objects.get(pk=made.study.pk)), FRONT, language)
    words = EDITED if language == "en" else "无效：测试集在被查看之后又被编辑"
    assert f"✕ {words}" in html
    assert html.count(words) >= 3  # on top, among the limits, in a checklist
    assert patient.code in html


def test_the_api_names_it_too(edited):
    made, code = edited
    client = logged_in(made.clinician)
    row = made.version.evaluations.get(cohort="test")
    answer = client.get(f"/api/v1/evaluations/{row.pk}/").json()
    assert answer["edits_after_look"] == [{"code": code, "part": "clinical", "after": 1, "before": None}]
    inside = made.version.evaluations.get(cohort="oof")
    assert client.get(f"/api/v1/evaluations/{inside.pk}/").json()["edits_after_look"] == []
    type(row).objects.filter(pk=row.pk).update(inputs={})
    assert client.get(f"/api/v1/evaluations/{row.pk}/").json()["edits_after_look"] is None
