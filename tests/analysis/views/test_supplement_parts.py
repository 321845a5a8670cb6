"""The parts of the results that show what classifiers go by, and the further analyses."""

import pytest

from analysis.models import Job, Supplement
from analysis.runners.judge import judge_ensemble
from analysis.runners.learn import learn_ensemble
from analysis.runners.supplements import ANALYSES, supplement_ensemble
from analysis.selectors import active_ensemble
from studies.models import Label
from tests.analysis.learning_study import done, kept, learning_study, quick, storages
from tests.factories import logged_in, make_person

Kind = Supplement.Kind
WITHOUT_CINES = (
    Kind.SHUFFLE, Kind.LEARNING_CURVE, Kind.LABEL_RULES, Kind.THREE_WAY, Kind.BOX_SOURCE, Kind.READERS,
)  # fmt: skip
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Where the files of all tests are."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(autouse=True)
def _same_files(settings, files):
    settings.STORAGES = storages(files)


@pytest.fixture(scope="module")
def study(django_db_setup, django_db_blocker, files):
    """A study with an ensemble, a look, and every analysis that needs no cine."""
    with pytest.MonkeyPatch.context() as patch, kept(django_db_blocker, files):
        quick(patch)
        made = learning_study()
        for place, label in enumerate(Label.objects.filter(call="NEGATIVE").order_by("pk")):
            Label.objects.filter(pk=label.pk).update(category="LOW" if place % 2 else "NULL")
        assert done(made, Job.Kind.LEARN, learn_ensemble).status == Job.Status.SUCCEEDED
        coordinator = make_person(made, "coordinator")
        judged = done(made, Job.Kind.JUDGE, judge_ensemble, actor=coordinator, reason="look")
        assert judged.status == Job.Status.SUCCEEDED, judged.message
        version = str(active_ensemble(made).pk)
        job = done(made, Job.Kind.SUPPLEMENT, supplement_ensemble, version=version, kinds=list(WITHOUT_CINES))
        assert job.status == Job.Status.SUCCEEDED, job.message
        yield made


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
        "box-source", "readers", "three-way", "learning-curve",
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
