"""Training and judging as jobs: rows in, rows out, and what is stored beside them."""

import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings

from analysis.models import Evaluation, Job, Supplement
from analysis.runners.judge import judge_ensemble
from analysis.runners.learn import learn_ensemble
from analysis.selectors import active_ensemble, supplements_for
from tests.analysis.learning_study import done, learning_study, quick
from tests.factories import make_person

Kind, Cohort = Supplement.Kind, Evaluation.Cohort


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_files")]


def stored(study, role="clinician"):
    return supplements_for(active_ensemble(study), viewer=make_person(study, role))


def test_training_stores_evaluations_and_the_cheap_supplements(trained):
    version = active_ensemble(trained)
    assert {row.cohort for row in version.evaluations.all()} == {Cohort.OUT_OF_FOLD, Cohort.APPARENT}
    found = stored(trained)
    for kind in (Kind.EXPLANATION, Kind.SUBGROUPS, Kind.CONFOUNDERS):
        results = found[kind, Cohort.OUT_OF_FOLD].results
        assert results["n"] == version.summary["n_training"]
        json.dumps(results, allow_nan=False)
    assert not [key for key in found if key[1] == Cohort.TEST]


def test_training_records_what_a_repetition_needs(trained):
    version = active_ensemble(trained)
    found = version.summary["environment"]
    lock = Path(settings.BASE_DIR, "requirements.txt").read_bytes()
    assert found == {
        "requirements": hashlib.sha256(lock).hexdigest(),
        "xgboost_device": "cpu",
        "seed": trained.split_seed,
        "deterministic": True,
    }
    assert version.summary["versions"]["scikit-learn"]
    assert len(version.summary["code"]) == 64


def test_subgroups_divide_everybody_and_mark_the_small(trained):
    results = stored(trained)[Kind.SUBGROUPS, Cohort.OUT_OF_FOLD].results
    families = {family["group"]: family["levels"] for family in results["families"]}
    assert list(families) == [
        "site", "scanner", "age", "cT", "size", "box source", "interpolated frames",
    ]  # fmt: skip
    for levels in families.values():
        assert sum(level["n"] for level in levels) == results["n"]
        assert sum(level["events"] for level in levels) == results["events"]
        assert all(level["small"] == (level["n"] < 20) for level in levels)
    assert [level["name"] for level in families["site"]] == ["A", "B"]
    assert [level["name"] for level in families["scanner"]] == ["Maker One"]
    assert [level["name"] for level in families["interpolated frames"]] == ["not recorded"]
    whole = families["scanner"][0]["evaluation"]
    version = active_ensemble(trained)
    oof = version.evaluations.get(cohort=Cohort.OUT_OF_FOLD).results["evaluations"]
    assert whole["auc"] == pytest.approx(oof[version.summary["chosen"]]["auc"])
    assert whole["cutoff"] == oof[version.summary["chosen"]]["cutoff"]


def test_a_fact_that_is_the_same_for_everybody_tells_nothing(trained):
    rows = {row["name"]: row for row in stored(trained)[Kind.CONFOUNDERS, Cohort.OUT_OF_FOLD].results["rows"]}
    assert rows["fps"]["reason"] == "the same for everybody"
    assert rows["interpolated"]["reason"] == "not recorded"
    assert not any(row["alarm"] for row in rows.values())


def test_the_explanation_speaks_of_textures_and_rhythms(trained):
    results = stored(trained)[Kind.EXPLANATION, Cohort.OUT_OF_FOLD].results
    video, clinical = results["models"][:2]
    assert results["chosen"] == f"fused:{video['model'].split(':')[1]}+{clinical['model'].split(':')[1]}"
    term = video["terms"][0]
    assert term["name"] == f"{term['texture']}__{term['rhythm']}"
    assert term["aspect"]
    assert 0 <= term["folds"] <= video["outer_folds"]
    assert len(video["values"]) == results["n"] == len(video["shares"])
    assert len(video["values"][0]) == len(video["terms"])


def test_a_look_brings_the_same_for_the_test_side(trained):
    coordinator = make_person(trained, "coordinator")
    job = done(trained, Job.Kind.JUDGE, judge_ensemble, actor=coordinator, reason="first look")
    assert job.status == Job.Status.SUCCEEDED, job.message
    found = supplements_for(active_ensemble(trained), viewer=coordinator)
    for kind in (Kind.SUBGROUPS, Kind.CONFOUNDERS):
        row = found[kind, Cohort.TEST]
        assert row.look.number == 1
        assert row.results["n"] == trained.patients.filter(membership__side="test").count()


def test_supplements_are_hidden_from_the_blinded(trained):
    for roles in (("sonographer",), ("pathologist",), ("sonographer", "clinician")):
        assert not supplements_for(active_ensemble(trained), viewer=make_person(trained, *roles))


def test_too_few_labels_fail_with_a_sentence(monkeypatch):
    quick(monkeypatch)
    few = learning_study(9)
    job = done(few, Job.Kind.LEARN, learn_ensemble)
    assert job.status == Job.Status.FAILED
    assert "Label more patients" in job.message
