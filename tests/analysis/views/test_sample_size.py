"""The page to look at before training starts: precision, patients needed, events per candidate."""

import pytest
from django.urls import reverse

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError
from analysis.reports.sample_size import Design, design_of, sides_of
from studies.models import Look
from tests.analysis.judged_study import csv_rows
from tests.factories import (
    logged_in,
    make_label,
    make_membership,
    make_patient,
    make_person,
    make_site,
    make_study,
)

pytestmark = pytest.mark.django_db
PAPER = {"area": 0.81, "sensitivity": 18 / 28, "specificity": 55 / 60, "prevalence": 28 / 88}


def labelled_study(sealed: bool = False, **counts):
    """A study with (positive, negative) patients on each side."""
    seal = {"sealed_at": "2026-01-01T00:00Z", "seal_hash": "f" * 64} if sealed else {}
    study = make_study(**seal)
    site = make_site(study)
    for side, (positive, negative) in counts.items():
        for number in range(positive + negative):
            patient = make_patient(site)
            make_label(patient, "POSITIVE" if number < positive else "NEGATIVE")
            if side in ("training", "test"):
                make_membership(patient, side)
    return study


def table(study, person, name, **query) -> list[dict[str, str]]:
    answer = logged_in(person).get(reverse("table-csv", args=[study.slug, name]), query)
    return csv_rows(answer)


def test_the_papers_design_needs_what_was_computed_for_it():
    study = make_study()
    rows = table(study, make_person(study, "clinician"), "needed", **PAPER)
    needed = {(row["figure"], row["precision"]): (int(row["patients"]), int(row["events"])) for row in rows}
    assert [needed["AUC", half] for half in ("±0.1", "±0.075", "±0.05")] == [(99, 32), (175, 56), (389, 124)]
    assert needed["Sensitivity", "±0.1"][1] == 89
    assert needed["Sensitivity", "±0.05"][1] == 353
    assert needed["Observed : expected", "SE of ln(O:E) 0.1"][0] == 215


def test_rileys_criteria_for_the_papers_candidates():
    study = make_study()
    person = make_person(study, "coordinator")
    rows = {row["parameters"]: row for row in table(study, person, "development", **PAPER)}
    assert list(rows) == ["7", "20", "91", "2184"]
    assert (rows["7"]["shrinkage"], rows["20"]["shrinkage"]) == ("553", "1580")
    assert int(rows["2184"]["shrinkage"]) == pytest.approx(172_000, rel=0.005)
    assert rows["91"]["mean error"] == ""
    more = table(study, person, "development", **PAPER, candidates=40)
    assert "40" in [row["parameters"] for row in more]


def test_the_precision_of_this_studys_own_patients():
    study = labelled_study(training=(9, 16), test=(3, 5), none=(1, 0))
    rows = {row["side"]: row for row in table(study, make_person(study, "clinician"), "precision")}
    assert (rows["training side"]["n"], rows["training side"]["events"]) == ("25", "9")
    assert (rows["all"]["n"], rows["all"]["events"]) == ("34", "13")
    assert rows["on no side yet"]["AUC half-width"] == ""
    expected = metrics.auc_half_width(0.81, 9, 16)
    assert rows["training side"]["AUC half-width"] == f"±{expected:.3f}"
    assert float(rows["training side"]["events per candidate"]) == pytest.approx(9 / 2184, abs=1e-5)


def test_sealed_test_labels_are_not_counted_for_who_trains():
    study = labelled_study(sealed=True, training=(3, 4), test=(2, 3))
    administrator, coordinator = make_person(study, "administrator"), make_person(study, "coordinator")
    assert [side.n for side in sides_of(study, viewer=administrator)] == [7]
    assert [side.n for side in sides_of(study, viewer=coordinator)] == [7, 5, 12]
    address = reverse("results-part", args=[study.slug, "sample-size"])
    assert "nobody has looked at it yet" in logged_in(administrator).get(address).content.decode()
    assert "nobody has looked at it yet" not in logged_in(coordinator).get(address).content.decode()
    Look.objects.create(study=study, number=1, reason="r", seal_hash="f" * 64)
    assert [side.n for side in sides_of(study, viewer=administrator)] == [7, 5, 12]


def test_the_page_starts_from_the_studys_own_share_of_positives():
    study = labelled_study(training=(3, 9))
    person = make_person(study, "clinician")
    address = reverse("results-part", args=[study.slug, "sample-size"])
    html = logged_in(person).get(address).content.decode()
    assert 'name="prevalence" value="0.25"' in html
    changed = logged_in(person).get(address, {"prevalence": 0.5}).content.decode()
    assert 'name="prevalence" value="0.5"' in changed
    assert "prevalence=0.5" in changed  # the files are of what is on the page


@pytest.mark.parametrize("asked", [{"area": "2"}, {"prevalence": "x"}, {"candidates": "0"}])
def test_nonsense_is_kept_and_named(asked):
    study = make_study()
    address = reverse("results-part", args=[study.slug, "sample-size"])
    html = logged_in(make_person(study, "clinician")).get(address, asked).content.decode()
    assert "errorlist" in html
    assert f'value="{next(iter(asked.values()))}"' in html
    assert design_of(asked) == Design()


def test_the_figure_needs_no_model():
    study = labelled_study(training=(3, 9))
    person = make_person(study, "clinician")
    drawn = logged_in(person).get(reverse("figure", args=[study.slug, "precision"])).json()
    assert [trace["text"] for trace in drawn["data"] if "text" in trace] == [["training side"]]


def test_half_widths():
    assert metrics.auc_half_width(0.81, 32, 67) == pytest.approx(0.1, abs=0.0015)
    low, high = metrics.wilson(18, 28)
    assert metrics.proportion_half_width(18 / 28, 28) == pytest.approx((high - low) / 2)
    assert metrics.observed_expected_error(68, 215) == pytest.approx(0.1, abs=0.001)
    for wrong in (lambda: metrics.auc_half_width(0.8, 1, 9), lambda: metrics.proportion_half_width(1.0, 5)):
        with pytest.raises(InvalidInputError):
            wrong()
