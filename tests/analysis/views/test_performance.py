"""The performance page: one model in full, calls with nobody left out, predictive values, exploration."""

import re

import pytest
from django.urls import reverse

from analysis.models import Prediction
from tests.analysis.judged_study import CHOSEN, csv_rows, judged_study
from tests.factories import (
    logged_in,
    make_clip,
    make_feature_set,
    make_label,
    make_model_track,
    make_patient,
    make_prediction,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    return judged_study()


def table(made, name, **query):
    return csv_rows(logged_in(made.clinician).get(reverse("table-csv", args=[made.study.slug, name]), query))


def slider(made, **query) -> str:
    address = reverse("predictive", args=[made.study.slug])
    return logged_in(made.clinician).get(address, query).content.decode()


def test_every_figure_of_a_model_with_counts_and_method(made):
    rows = table(made, "figures", cohort="test")
    stored = made.version.evaluations.get(cohort="test").results["evaluations"][CHOSEN]
    by_name = {row["figure"]: row for row in rows}
    assert float(by_name["Sensitivity"]["estimate"]) == pytest.approx(
        stored["metrics"]["SEN"]["value"], abs=1e-4
    )
    assert by_name["Likelihood ratio of a positive call"]["method"].startswith("log (Simel)")
    assert by_name["Reference: everybody called the commoner class"]["estimate counts"] == "20/32"
    slope = by_name["Calibration slope (1 is best)"]
    assert float(slope["estimate"]) == pytest.approx(stored["calibration"]["slope"], abs=1e-3)
    assert float(slope["estimate low"]) < float(slope["estimate"]) < float(slope["estimate high"])
    assert [row["figure"] for row in rows].count("AUC") == 2  # DeLong and bootstrap


def test_predictive_values_follow_the_share_of_positives(made):
    low, high = slider(made, share=5), slider(made, share=60)
    shown = [float(re.search(r"PPV</dt><dd><strong>([\d.]+) \[", html)[1]) for html in (low, high)]
    c = made.version.evaluations.get(cohort="test").results["evaluations"][CHOSEN]["counts"]
    sensitivity, specificity = c["tp"] / 12, c["tn"] / 20
    for share, ppv in zip((0.05, 0.6), shown, strict=True):
        expected = share * sensitivity / (share * sensitivity + (1 - share) * (1 - specificity))
        assert ppv == pytest.approx(100 * expected, abs=0.06)
    assert "Of 1,000 such patients" in low


@pytest.mark.parametrize(("asked", "shown"), [("0", "1 %"), ("100", "80 %"), ("x", "18 %"), ("inf", "18 %")])
def test_the_slider_keeps_its_bounds(made, asked, shown):
    assert f"<dd>{shown}</dd>" in slider(made, share=asked)


def test_a_model_that_calls_nobody_has_no_predictive_values(made):
    row = made.version.evaluations.get(cohort="test")
    row.results["evaluations"][CHOSEN]["counts"] = {"tp": 0, "fp": 0, "tn": 20, "fn": 12}
    row.save()
    assert "there are no predictive values" in slider(made)


def test_without_a_model_there_is_no_slider(made):
    made.version.is_active = False
    made.version.save()
    address = reverse("predictive", args=[made.study.slug])
    assert logged_in(made.clinician).get(address).status_code == 404


def test_nobody_is_left_out_of_the_calls(made):
    """A patient without a final label keeps the model's call; one without a prediction is counted."""
    site = made.patients["test"][0].site
    pending = make_patient(site)
    make_label(pending, "PENDING_ISH")
    make_prediction(make_feature_set(make_model_track(make_clip(pending))), made.version)
    make_patient(site)  # no label, no prediction
    rows = {row["label"]: row for row in table(made, "calls", cohort="test")}
    judged = [rows[f"HER2-{word}"] for word in ("positive", "negative")]
    c = made.version.evaluations.get(cohort="test").results["evaluations"][CHOSEN]["counts"]
    assert [(r["called positive"], r["called negative"]) for r in judged] == [
        (str(c["tp"]), str(c["fn"])), (str(c["fp"]), str(c["tn"])),
    ]  # fmt: skip
    outside = rows["on no side of the split, no final label"]
    assert (outside["called positive"], outside["not judged"], outside["patients"]) == ("1", "1", "2")


def test_a_label_that_was_taken_back_moves_to_its_own_row(made):
    row = made.version.evaluations.get(cohort="test")
    dropped = made.patients["test"][0]
    predictions = row.predictions
    row.predictions = {
        "patients": predictions["patients"][1:],
        "labels": predictions["labels"][1:],
        "probability": predictions["probability"][1:],
        "scores": {model: scores[1:] for model, scores in predictions["scores"].items()},
    }
    row.save()
    make_prediction(make_feature_set(make_model_track(make_clip(dropped))), made.version)
    Prediction.objects.update(call="NEGATIVE")
    rows = {line["label"]: line for line in table(made, "calls", cohort="test")}
    unlabelled = rows["no final label (indeterminate, pending, disagreeing)"]
    assert (unlabelled["called negative"], unlabelled["patients"]) == ("1", "1")


def test_the_flattering_cutoff_stays_in_a_drawer_with_its_optimism(made):
    address = reverse("results-part", args=[made.study.slug, "performance"])
    html = logged_in(made.clinician).get(address).content.decode()
    drawer = re.search(r"<details[^>]*>(?:(?!<details).)*?Exploratory.*?</details>", html, re.DOTALL)[0]
    assert " open" not in drawer[:30]
    figures = [float(number) for number in re.findall(r"<dd>(-?\d\.\d+)</dd>", drawer)]
    youden, optimism, remains = figures
    assert optimism == pytest.approx(youden - remains, abs=0.0011)
    assert youden > remains
