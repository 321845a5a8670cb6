"""Figures of further analyses, and what is marked in their tables."""

import re

import pytest
from django.urls import reverse

from analysis.models import Supplement
from tests.analysis.judged_study import csv_rows, judged_study
from tests.analysis.supplement_rows import store_supplements
from tests.factories import logged_in

pytestmark = pytest.mark.django_db
NAMES = ("subgroups", "learning-curve", "influence", "shap-video", "shap-clinical")


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


@pytest.mark.parametrize("name", ["subgroups", "learning-curve"])
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
