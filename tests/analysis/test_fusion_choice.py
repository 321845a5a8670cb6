"""The late fusion is chosen before training, kept with the version, and said wherever its figures stand."""

import pytest
from django.urls import reverse

from analysis.models import Job
from analysis.pipeline.kernels.combiner import METHODS
from analysis.reports.document.gather import gather
from analysis.reports.document.methods_model import model_sections
from analysis.runners.learn import FULL, QUICK, learn_ensemble, learn_parameters
from analysis.runners.predict import opened_ensemble
from analysis.selectors import active_ensemble
from studies.models import Study
from tests.analysis.judged_study import judged_study
from tests.analysis.learning_study import done, learning_study, quick
from tests.factories import logged_in, make_person

pytestmark = pytest.mark.django_db
STACK = "a logistic regression on both log-odds, fitted out of fold"


def test_the_administrator_chooses_and_an_unknown_choice_is_the_usual_one():
    study = judged_study().study
    client = logged_in(make_person(study, "administrator"))
    html = client.get(reverse("models", args=[study.slug])).content.decode()
    for method in METHODS:
        assert f'<option value="{method}"' in html
    for asked, kept in (("stack", "stack"), ("astrology", "mean")):
        Job.objects.all().delete()
        client.post(reverse("model-train", args=[study.slug]), {"effort": "full", "fusion": asked})
        assert Job.objects.get(kind="learn").parameters == {"effort": "full", "fusion": kept}


@pytest.mark.parametrize("effort", [QUICK, FULL])
@pytest.mark.parametrize("fusion", METHODS)
def test_the_choice_reaches_the_parameters(effort, fusion):
    found = learn_parameters(effort, 7, fusion)
    assert (found.fusion, found.seed) == (fusion, 7)
    assert learn_parameters(effort, 7).fusion == METHODS[0]


def test_the_version_keeps_it_and_everything_says_it(monkeypatch):
    quick(monkeypatch)
    study = learning_study()
    job = done(study, Job.Kind.LEARN, learn_ensemble, fusion="stack")
    assert job.status == Job.Status.SUCCEEDED, job.message
    version = active_ensemble(study)
    ensemble = opened_ensemble(version)
    assert version.parameters["fusion"] == ensemble.parameters.fusion == "stack"
    assert {combiner.method for combiner in ensemble.combiners.values()} == {"stack"}
    client = logged_in(make_person(study, "clinician"))
    for address in (
        reverse("results", args=[study.slug]),
        reverse("results-part", args=[study.slug, "tables"]),
        reverse("table-csv", args=[study.slug, "models"]),
        reverse("table-tex", args=[study.slug, "models"]),
    ):
        assert STACK in client.get(address).content.decode()
    administrator = logged_in(make_person(study, "administrator"))
    for address in (
        reverse("models", args=[study.slug]),
        reverse("model-card", args=[study.slug, version.pk]),
    ):
        assert STACK in administrator.get(address).content.decode()
    facts = gather(Study.objects.get(pk=study.pk)).facts
    methods = " ".join(text for section in model_sections(facts) for text in section.paragraphs)
    assert f"fused late by {STACK}" in methods
