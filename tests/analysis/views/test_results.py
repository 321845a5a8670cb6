"""The results pages: what each part shows, figures and tables as files, and what is written down of it."""

import csv
import io
import json
import re

import openpyxl
import pytest
from django.urls import reverse

from analysis.reports.figure_list import FIGURES
from analysis.views.result_files import TABLES
from analysis.views.result_parts import PARTS
from studies.models import AuditEvent
from tests.analysis.judged_study import CHOSEN, csv_rows, judged_study
from tests.analysis.supplement_rows import store_supplements
from tests.factories import logged_in, make_person, make_study

pytestmark = pytest.mark.django_db
ELSEWHERE = {"frame", "her2-status", "drift"}
"""Figures that need a cine or labels (test_pictures.py), or newcomers (reports/test_drift.py)."""
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def made():
    made = judged_study(is_simulated=True)
    store_supplements(made.version)
    return made


def part(made, name, **query):
    address = reverse("results-part", args=[made.study.slug, name])
    return logged_in(made.clinician).get(address, query)


def file(made, kind, name, **query):
    return logged_in(made.clinician).get(reverse(kind, args=[made.study.slug, name]), query)


@pytest.mark.parametrize("name", PARTS)
def test_every_part_is_a_page_in_both_languages(made, name):
    client = logged_in(made.clinician)
    address = reverse("results-part", args=[made.study.slug, name])
    for language in ("en", "zh-CN"):
        answer = client.get(address, headers={"Accept-Language": language})
        assert answer.status_code == 200
        body = re.sub(r"<(script|head)\b.*?</\1>|<[^>]*>", "", answer.content.decode(), flags=re.DOTALL)
        assert bool(CHINESE.search(body.replace("中文", ""))) is (language == "zh-CN")
    html = answer.content.decode()
    assert f'id="tab-{name}"' in html
    assert html.count('aria-current="page"') >= 2


def test_an_unknown_part_is_not_there(made):
    assert part(made, "nonsense").status_code == 404


@pytest.mark.parametrize("name", PARTS)
def test_a_study_without_a_model_says_what_to_do(name):
    study = make_study()
    person = make_person(study, "coordinator")
    answer = logged_in(person).get(reverse("results-part", args=[study.slug, name]))
    assert answer.status_code == 200


def test_the_summary_names_looks_seal_and_the_corrected_best(made):
    text = part(made, "summary").content.decode()
    assert "The test side was looked at once." in text
    assert "AUC corrected for choosing among 16" in text
    assert "12 HER2-positive patients judge this model" in text
    assert made.version.digest in text


def test_figures_of_the_side_and_model_asked_for(made):
    html = part(made, "performance", cohort="oof", model="clinical:RF").content.decode()
    assert "cohort=oof&amp;model=clinical%3ARF" in html
    assert re.search(r'<option value="clinical:RF" selected>', html)
    fallback = part(made, "performance", cohort="nonsense", model="nonsense").content.decode()
    assert "cohort=test" in fallback


# --- figures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in ELSEWHERE])
@pytest.mark.parametrize("cohort", ["test", "oof"])
def test_every_figure_is_drawn_and_leaves_its_numbers(made, name, cohort):
    drawn = json.loads(file(made, "figure", name, cohort=cohort).content)
    assert drawn["data"]
    lines = list(
        csv.reader(io.StringIO(file(made, "figure-csv", name, cohort=cohort).content.decode("utf-8-sig")))
    )
    assert lines[0][0].startswith("# SIMULATED PATIENTS")
    assert lines[1][0] in {"series", "box", "step", "class"}
    assert len(lines) >= 4


def test_a_figure_to_save_carries_title_and_banner_and_is_written_down(made):
    drawn = json.loads(file(made, "figure", "roc", export="svg").content)
    assert drawn["export"]["banner"].startswith("SIMULATED PATIENTS")
    assert "ROC" in drawn["export"]["title"]
    event = AuditEvent.objects.get(action="export.figure")
    assert (event.reason, event.actor) == ("roc.svg", made.clinician)
    file(made, "figure", "roc")
    file(made, "figure", "roc", export="exe")
    assert AuditEvent.objects.filter(action="export.figure").count() == 1


def test_figures_that_are_not_there(made):
    assert file(made, "figure", "nonsense").status_code == 404
    assert file(made, "figure-csv", "nonsense").status_code == 404


def test_the_operating_point_lies_on_the_curve_with_its_intervals(made):
    drawn = json.loads(file(made, "figure", "roc", cohort="test").content)
    point = next(trace for trace in drawn["data"] if trace.get("error_x"))
    stored = made.version.evaluations.get(cohort="test").results["evaluations"][CHOSEN]["metrics"]
    assert point["x"] == [pytest.approx(1 - stored["SPC"]["value"])]
    assert point["y"] == [pytest.approx(stored["SEN"]["value"])]
    assert point["y"][0] + point["error_y"]["array"][0] == pytest.approx(stored["SEN"]["high"])
    assert point["x"][0] - point["error_x"]["arrayminus"][0] == pytest.approx(1 - stored["SPC"]["high"])


def test_the_forest_shows_the_best_corrected_for_the_choice(made):
    drawn = json.loads(file(made, "figure", "forest").content)
    corrected = next(trace for trace in drawn["data"] if "16" in trace["y"][0])
    selection = made.version.evaluations.get(cohort="test").results["selection"]
    assert corrected["x"] == [pytest.approx(selection["corrected"])]
    assert sum(len(trace["y"]) for trace in drawn["data"]) == 25


def test_the_decision_curve_compares_with_the_clinical_part(made):
    for cohort in ("test", "oof", "apparent"):
        drawn = json.loads(file(made, "figure", "decision", cohort=cohort).content)
        names = [trace["name"] for trace in drawn["data"]]
        assert any(name.startswith("clinical part alone (LR)") for name in names)
        assert "call nobody positive" in names


def test_heat_maps_hold_every_pair_of_fused_models(made):
    for name in ("published-auc", "pairs-yi"):
        drawn = json.loads(file(made, "figure", name).content)
        cells = drawn["data"][0]["z"]
        assert (len(cells), len(cells[0])) == (16, 16)
        assert all(cells[row][row] is None for row in range(16))
        assert all(0 <= cells[0][column] <= 1 for column in range(1, 16))


# --- tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in TABLES if name != "temporal"])  # test_temporal_test.py
def test_every_table_leaves_as_csv_excel_and_latex(made, name):
    lines = list(csv.reader(io.StringIO(file(made, "table-csv", name).content.decode("utf-8-sig"))))
    assert lines[0][0].startswith("# SIMULATED PATIENTS")
    header = next(line for line in lines if not line[0].startswith("# "))
    book = openpyxl.load_workbook(io.BytesIO(file(made, "table-xlsx", name).content))
    sheet = book.active
    assert sheet["A2"].value.startswith("SIMULATED PATIENTS")
    assert [cell.value for cell in sheet[4]] == header
    text = file(made, "table-tex", name).content.decode()
    assert text.startswith("% SIMULATED PATIENTS")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
    columns = re.search(r"\\begin{tabular}{(\w+)}", text)[1]
    rows = [row for row in body.splitlines() if row.endswith(r"\\")]
    assert rows or name == "precision"  # nobody has a label here
    assert all(len(re.findall(r"(?<!\\)&", row)) == len(columns) - 1 for row in rows)
    reasons = set(AuditEvent.objects.filter(action="export.table").values_list("reason", flat=True))
    assert reasons == {f"{name}.csv", f"{name}.xlsx", f"{name}.tex"}


def test_the_file_holds_what_the_page_shows(made):
    lines = csv_rows(file(made, "table-csv", "models"))
    rows = [line for line in lines if line["model"] == "XGBoost + LR" and line["side"] == "test"]
    stored = made.version.evaluations.get(cohort="test").results["evaluations"][CHOSEN]
    assert len(rows) == 1
    assert float(rows[0]["AUC (%)"]) == pytest.approx(100 * stored["auc"], abs=1e-3)
    assert rows[0]["SEN (%) counts"] == "{numerator}/{denominator}".format(**stored["metrics"]["SEN"])
    assert rows[0]["SEN (%) interval"] == "Wilson"
    sheet = openpyxl.load_workbook(io.BytesIO(file(made, "table-xlsx", "models").content)).active
    assert isinstance(sheet.cell(5, 4).value, int)


def test_tables_that_are_not_there(made):
    assert file(made, "table-csv", "nonsense").status_code == 404
    study = make_study()
    person = make_person(study, "coordinator")
    assert logged_in(person).get(reverse("table-csv", args=[study.slug, "models"])).status_code == 404
