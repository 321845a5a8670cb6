"""Figures of further analyses, and what is marked in their tables."""

import re

import pytest
from django.urls import reverse

from analysis.models import Supplement
from analysis.reports.figure_list import FIGURES
from tests.analysis.judged_study import csv_rows, judged_study
from tests.analysis.supplement_rows import store_supplements
from tests.factories import logged_in

pytestmark = pytest.mark.django_db
NAMES = tuple(name for name, figure in FIGURES.items() if figure.kind)


@pytest.fixture
def made():
    study = judged_study(n1=24, n0=40)
    store_supplements(study.version)
    return study


def get(made, address, name):
    return logged_in(made.clinician).get(reverse(address, args=[made.study.slug, name]))


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_there_once_its_analysis_is(made, name):
    assert get(made, "figure", name).json()["data"]
    Supplement.objects.all().delete()
    assert get(made, "figure", name).status_code == 404


@pytest.mark.parametrize("name", [name for name in NAMES if FIGURES[name].kind != "explanation"])
def test_an_analysis_without_figures_draws_none(made, name):
    Supplement.objects.update(results={"n": 1, "events": 0, "reason": "Too few.", "families": []})
    assert get(made, "figure", name).status_code == 404


def test_small_subgroups_are_hollow(made):
    large, small = get(made, "figure", "subgroups").json()["data"]
    assert any(label.startswith("scanner: usual") for label in large["y"])
    assert (large["marker"]["symbol"], small["marker"]["symbol"]) == ("circle", "circle-open")
    assert all(int(re.search(r"\((\d+)\)$", label)[1]) < 20 for label in small["y"])
    assert all(int(re.search(r"\((\d+)\)$", label)[1]) >= 20 for label in large["y"])


def test_the_file_of_a_shap_plot_holds_values_and_shares_not_heights(made):
    rows = csv_rows(get(made, "figure-csv", "shap-video"))
    stored = Supplement.objects.get(kind="explanation").results["models"][0]
    first = [float(row["share of the log-odds"]) for row in rows[:64]]
    assert first == pytest.approx([shares[0] for shares in stored["shares"]])
    assert len(rows) == 64 * 4


def test_alarms_and_failed_controls_are_marked(made):
    """Positives come first in the fixture, so the number of frames gives the outcome away."""
    row = Supplement.objects.get(kind="shuffle")
    row.results["control"]["passed"] = False
    row.save()
    html = get(made, "results-part", "further").content.decode()
    marked = re.findall(r'<tr class="[^"]*flagged[^"]*">\s*<td[^>]*>([^<]+?)\s*</td>', html)
    assert "frames of the clip" in marked
    assert "shuffled labels, mean of three" in marked
    assert "frames a second" not in marked


def test_a_variant_stands_beside_the_record_on_the_same_patients(made):
    record, variant = get(made, "figure", "rings").json()["data"]
    stored = Supplement.objects.get(kind="rings").results["rows"][0]
    assert record["x"] == [stored["reference"]["auc"]]
    assert variant["x"] == [stored["evaluation"]["auc"]]
    assert record["y"] == variant["y"] == [f"lesion and ring 1 mm (learned again, {stored['n']})"]


def test_the_confusion_of_three_classes_holds_counts_and_shares(made):
    rows = csv_rows(get(made, "figure-csv", "three-way"))
    report = Supplement.objects.get(kind="three_way").results["report"]
    counts = [int(row["patients"]) for row in rows]
    assert counts == [count for row in report["confusion"] for count in row]
    shares = [float(row["share of the class"]) for row in rows]
    assert sum(shares) == pytest.approx(3)


def test_label_rules_have_their_cross_table(made):
    table = Supplement.objects.get(kind="label_rules")
    table.results["crosstab"] = [
        {"asco_cap": "POSITIVE", "paper": "POSITIVE", "n": 7},
        {"asco_cap": "POSITIVE", "paper": "UNDEFINED", "n": 3},
        {"asco_cap": "NEGATIVE", "paper": "NEGATIVE", "n": 20},
    ]
    table.save()
    client = logged_in(made.clinician)
    rows = csv_rows(client.get(reverse("table-csv", args=[made.study.slug, "label-rules-crosstab"])))
    assert [list(row.values()) for row in rows] == [
        ["positive", "7", "0", "0", "7"],
        ["negative", "0", "20", "0", "20"],
        ["undefined", "3", "0", "0", "3"],
    ]
    html = get(made, "results-part", "further").content.decode()
    assert "The same label under both rules: 27 of 30 training patients." in html
