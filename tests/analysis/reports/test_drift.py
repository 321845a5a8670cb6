"""Drift since training: counted, without the test side, honest about few patients."""

import numpy as np
import pytest
from django.urls import reverse

from analysis.reports.drift import Drift, drift_figure, drift_of, drift_table
from studies.models import Membership
from tests.analysis.reports.reported_study import reported_study
from tests.factories import logged_in, make_person

pytestmark = pytest.mark.django_db


def test_the_difference_is_in_pooled_deviations_with_an_interval_that_shrinks_with_patients():
    rng = np.random.default_rng(1)
    few, many = (Drift("x", rng.normal(size=n), rng.normal(1, 1, size=n)) for n in (8, 400))
    d, low, high = many.difference
    assert low < d < high
    assert d == pytest.approx(1, abs=0.2)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(2 / 400 + d**2 / 1600), rel=1e-3)
    assert few.is_small
    assert not many.is_small
    assert few.difference[2] - few.difference[1] > 4 * (high - low)
    traces = drift_figure([few, many])["data"]
    assert [trace["marker"]["symbol"] for trace in traces] == ["circle", "circle-open"]
    assert list(traces[0]["x"]) == [d]


@pytest.mark.parametrize("since", [[], [1.0]])
def test_with_fewer_than_two_patients_nothing_is_compared(since):
    row = Drift("x", np.arange(9.0), np.array(since))
    assert row.difference is None
    assert "nothing to compare yet" in drift_figure([row])["layout"]["annotations"][0]["text"]
    assert drift_table([row]).lines[0].small


def test_test_patients_are_never_read_and_those_on_no_snapshot_are_the_new_ones():
    made = reported_study()
    found = drift_of(made.study, viewer=make_person(made.study, "clinician"))
    tested = made.study.patients.filter(membership__side=Membership.Side.TEST).count()
    assert tested
    assert found[0].since.size == 0, "only test patients are predicted in this study"
    version = made.study.model_versions.get(is_active=True)
    prediction = version.predictions.first()
    late = made.study.patients.filter(membership__side=Membership.Side.TRAINING).last()
    version.training_snapshot["patients"].pop(str(late.pk))
    version.save()
    prediction.pk, prediction.patient, prediction._state.adding = None, late, True
    prediction.id, prediction.input_digest = late.pk, "b" * 64
    prediction.save()
    found = drift_of(made.study, viewer=make_person(made.study, "clinician"))
    assert (found[0].training.size, found[0].since.size) == (0, 1)


def test_the_models_page_shows_chart_and_table_to_whom_it_may():
    made = reported_study()
    client = logged_in(make_person(made.study, "clinician"))
    html = client.get(reverse("models", args=[made.study.slug])).content.decode()
    assert reverse("figure", args=[made.study.slug, "drift"]) in html
    assert 'id="table-drift"' in html
    assert client.get(reverse("figure", args=[made.study.slug, "drift"])).status_code == 200
    for role in ("sonographer", "pathologist"):
        hidden = logged_in(make_person(made.study, role))
        assert hidden.get(reverse("figure", args=[made.study.slug, "drift"])).status_code == 403
        assert hidden.get(reverse("table-csv", args=[made.study.slug, "drift"])).status_code == 403
