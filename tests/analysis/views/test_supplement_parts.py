"""The parts of the results that show what classifiers go by, and the further analyses."""

import pytest

from analysis.models import Job, Supplement
from analysis.runners.judge import judge_ensemble
from analysis.runners.supplements import ANALYSES, supplement_ensemble
from analysis.selectors import active_ensemble
from studies.models import Label
from tests.analysis.learning_study import done, learning_study
from tests.factories import logged_in, make_person

Kind = Supplement.Kind
WITHOUT_CINES = (
    Kind.SHUFFLE, Kind.LEARNING_CURVE, Kind.LABEL_RULES, Kind.THREE_WAY, Kind.BOX_SOURCE, Kind.READERS,
)  # fmt: skip
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_files")]


@pytest.fixture(scope="module")
def study(trained):
    """The trained study with a look before and a look after every analysis that needs no cine."""
    for place, label in enumerate(Label.objects.filter(call="NEGATIVE").order_by("pk")):
        Label.objects.filter(pk=label.pk).update(category="LOW" if place % 2 else "NULL")
    version = str(active_ensemble(trained).pk)
    look(trained)
    job = done(trained, Job.Kind.SUPPLEMENT, supplement_ensemble, version=version, kinds=list(WITHOUT_CINES))
    assert job.status == Job.Status.SUCCEEDED, job.message
    look(trained)
    return trained


def look(study):
    """Judge on the test side."""
    judged = done(
        study, Job.Kind.JUDGE, judge_ensemble, actor=make_person(study, "coordinator"), reason="look"
    )
    assert judged.status == Job.Status.SUCCEEDED, judged.message


def part(study, name, role="clinician"):
    """A part of the results as somebody sees it."""
    return logged_in(make_person(study, role)).get(f"/studies/{study.slug}/results/{name}/")


def test_the_explanation_has_words_figures_and_files(study):
    answer = part(study, "explanation")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "This texture of the lesion" in text
    assert [table.name for table in answer.context["tables"]] == ["themes", "terms-video", "terms-clinical"]
    client = logged_in(make_person(study, "clinician"))
    for name in ("shap-video", "shap-clinical"):
        figure = client.get(f"/studies/{study.slug}/results/figures/{name}/").json()
        n = active_ensemble(study).summary["n_training"]
        assert all(len(trace["x"]) == n for trace in figure["data"])
    for kind in ("csv", "xlsx", "tex"):
        assert client.get(f"/studies/{study.slug}/results/tables/themes.{kind}").status_code == 200


def test_further_analyses_stand_with_what_was_not_run(study):
    answer = part(study, "further")
    names = [table.name for table in answer.context["tables"]]
    assert names == [
        "subgroups-oof", "confounders-oof", "subgroups-test", "confounders-test", "controls", "label-rules",
        "label-rules-crosstab", "box-source", "readers", "three-way", "three-way-questions", "three-way-test",
        "three-way-questions-test", "learning-curve",
    ]  # fmt: skip
    assert {row.kind for row in answer.context["missing"]} == set(ANALYSES) - set(WITHOUT_CINES) - {
        Kind.EXPLANATION, Kind.SUBGROUPS, Kind.CONFOUNDERS,
    }  # fmt: skip
    text = answer.content.decode()
    assert "boxes that a person signed" in text
    assert "small-group" in text
    assert "passed" in text
    client = logged_in(make_person(study, "clinician"))
    for name in names:
        saved = client.get(f"/studies/{study.slug}/results/tables/{name}.csv")
        assert saved.status_code == 200, name
        assert "SIMULATED" in saved.content.decode("utf-8-sig")


def test_both_parts_are_closed_to_the_blinded(study):
    for name in ("explanation", "further"):
        for role in ("sonographer", "pathologist"):
            assert part(study, name, role).status_code == 403


def test_both_parts_say_so_before_there_is_anything():
    empty = learning_study(6)
    assert "Nothing is explained yet" in part(empty, "explanation").content.decode()
    assert "Nothing is judged yet" in part(empty, "further").content.decode()
