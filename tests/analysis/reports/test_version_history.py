"""What became of each version, what it learned from, and two of them side by side."""

import copy

import pytest

from analysis.models import Evaluation, ModelVersion
from analysis.reports.ensemble_card import ensemble_card, left_out_of
from analysis.reports.version_compare import compare_versions, flat
from analysis.reports.version_history import (
    CANDIDATE,
    RECORD,
    RETIRED,
    ROLLED_BACK,
    record_changes,
    snapshot_difference,
    version_rows,
)
from analysis.services.registry import detector_go_back, evaluation_store, version_promote
from studies.models import RoleGrant
from tests.analysis.reports.reported_study import CHOSEN, TRAINING, reported_study
from tests.factories import make_job

pytestmark = pytest.mark.django_db
ENSEMBLE, DETECTOR = ModelVersion.Kind.ENSEMBLE, ModelVersion.Kind.DETECTOR


@pytest.fixture
def reported():
    return reported_study()


def second(reported, *, without: int = 0, **changes) -> ModelVersion:
    """Another version of the same recipe, on fewer patients, with its own stored out-of-fold scores."""
    first = reported.version
    snapshot = copy.deepcopy(first.training_snapshot)
    learned = [str(patient.pk) for patient in reported.patients if str(patient.pk) in snapshot["patients"]]
    kept = {pk: snapshot["patients"][pk] for pk in learned[without:]}
    job = make_job(reported.study, started_by=reported.people["administrator"], status="succeeded",
                   parameters={"effort": "full"})  # fmt: skip
    version = ModelVersion.objects.create(
        kind=ENSEMBLE, study=reported.study, number=2, name=CHOSEN, digest="d" * 64, job=job,
        parameters=first.parameters | changes, training_snapshot=snapshot | {"patients": kept},
        snapshot_digest="c" * 64, summary=first.summary | {"n_training": len(kept), "code": "a" * 64},
    )  # fmt: skip
    row = first.evaluations.get(cohort="oof")
    predictions = copy.deepcopy(row.predictions)
    predictions["scores"] = {
        model: [
            min(1.0, score + 0.1 * label) for score, label in zip(scores, predictions["labels"], strict=True)
        ]
        for model, scores in predictions["scores"].items()
    }
    evaluation_store(
        version=version, cohort=Evaluation.Cohort.OUT_OF_FOLD, look=None, n_positive=row.n_positive,
        n_negative=row.n_negative, results=row.results, predictions=predictions,
    )  # fmt: skip
    return version


def rows_of(reported, kind=ENSEMBLE):
    return version_rows(reported.study, kind, viewer=reported.people["administrator"])


def states(reported, kind=ENSEMBLE):
    return {row.version.number: row.state for row in rows_of(reported, kind)}


def test_a_version_is_candidate_then_of_record_then_retired_or_rolled_back(reported):
    administrator = reported.people["administrator"]
    version = second(reported)
    assert states(reported) == {1: RECORD, 2: CANDIDATE}
    version_promote(actor=administrator, version=version, reason="more patients")
    assert states(reported) == {1: RETIRED, 2: RECORD}
    version_promote(actor=administrator, version=reported.version, reason="calibration was worse")
    assert states(reported) == {1: RECORD, 2: ROLLED_BACK}
    changes = record_changes(reported.study, ENSEMBLE, viewer=administrator)
    assert [(c.number, c.replaced, c.reason) for c in changes] == [
        (1, 2, "calibration was worse"), (2, 1, "more patients"), (1, None, "first"),
    ]  # fmt: skip


def test_going_back_to_the_shipped_detector_rolls_a_detector_back(reported):
    administrator = reported.people["administrator"]
    version = ModelVersion.objects.create(
        kind=DETECTOR, study=reported.study, number=1, name="yolov5n", digest="b" * 64, file="model.onnx"
    )
    version_promote(actor=administrator, version=version, reason="trained here")
    assert states(reported, DETECTOR) == {1: RECORD}
    detector_go_back(actor=administrator, study=reported.study, reason="more false boxes")
    assert states(reported, DETECTOR) == {1: ROLLED_BACK}
    last = record_changes(reported.study, DETECTOR, viewer=administrator)[0]
    assert (last.number, last.replaced, last.actor) == (None, 1, administrator.username)


def test_a_row_says_who_when_how_and_on_what(reported):
    second(reported, without=2)
    newest, first = rows_of(reported)
    assert (newest.trained_by, newest.effort, newest.n) == ("reported-administrator", "full", TRAINING - 2)
    assert (newest.code, first.code) == ("a" * 64, "")
    assert first.difference is None
    assert len(newest.difference.removed) == 2
    assert newest.difference.same == TRAINING - 2
    assert first.looks == (1,)
    assert newest.looks == ()
    assert newest.test.value is None
    assert first.out_of_fold.low < first.out_of_fold.value < first.out_of_fold.high


def test_rows_and_changes_are_hidden_from_the_blinded(reported):
    for role in ("sonographer", "pathologist"):
        assert version_rows(reported.study, ENSEMBLE, viewer=reported.people[role]) == []
        assert record_changes(reported.study, ENSEMBLE, viewer=reported.people[role]) == []


def test_snapshots_are_told_apart_patient_by_patient():
    old = {"patients": {"a": ["1", True], "b": ["2", True], "c": ["3", False], "d": ["4", False]}}
    new = {"patients": {"a": ["1", True], "b": ["2", False], "c": ["9", False], "e": ["5", True]}}
    found = snapshot_difference(old, new)
    assert (found.added, found.removed, found.relabelled, found.described, found.same) == (
        ("e",), ("d",), ("b",), ("c",), 1,
    )  # fmt: skip


def test_the_comparison_pairs_the_patients_both_scored(reported):
    second(reported, without=2, seed=99)
    newer, older = rows_of(reported)
    found = compare_versions(older, newer)
    assert {line.cells[0] for line in found.parameters.lines} == {"seed", "code"}
    assert found.n_same_parameters > 20
    cells = found.paired.lines[0].cells
    assert cells[0] == TRAINING
    difference = cells[2]
    assert difference.value > 0  # every positive was moved up
    assert difference.low <= difference.value <= difference.high
    assert found.figures.lines[0].cells == ["Chosen model", "XGBoost + LR", "XGBoost + LR"]


def test_the_comparison_opens_nothing(reported):
    looks = reported.study.looks.count()
    second(reported)
    newer, older = rows_of(reported)
    found = compare_versions(older, newer)
    assert [line.cells[:2] for line in found.test.lines] == [[1, 1]]
    assert found.test_paired is None  # only one of them was judged
    assert reported.study.looks.count() == looks


def test_equal_scores_are_called_so(reported):
    version = second(reported)
    scores = reported.version.evaluations.get(cohort="oof").predictions
    version.evaluations.update(predictions=scores)
    newer, older = rows_of(reported)
    paired = compare_versions(older, newer).paired
    assert paired.lines[0].cells[2].value == 0
    assert "the same scores" in paired.notes[0]


def test_too_few_common_patients_get_a_sentence_instead_of_a_number(reported):
    version = second(reported)
    row = version.evaluations.get()
    strangers = ["nobody"] * len(row.predictions["patients"])
    version.evaluations.update(predictions=row.predictions | {"patients": strangers})
    newer, older = rows_of(reported)
    paired = compare_versions(older, newer).paired
    assert not paired.lines
    assert "too few patients" in paired.empty


def test_the_card_counts_what_is_stored(reported):
    row = rows_of(reported)[0]
    card = ensemble_card(reported.study, row, viewer=reported.people["administrator"])
    assert sum(n for _site, n in card.sites) == TRAINING
    assert card.sources == (("model", TRAINING),)
    assert card.pipelines == ("1.0.0",)
    assert [column.label for column in card.figures.columns] == [
        "Figure", "test, look 1", "training, out of fold", "training, apparent",
    ]  # fmt: skip
    assert card.selected[0] == ("Contrast: mean", 5)
    assert card.n_frames == 2 * TRAINING


def test_the_card_names_only_sites_in_reach(reported):
    clinician = reported.people["clinician"]
    RoleGrant.objects.filter(user=clinician).update(site=reported.sites[0])
    card = ensemble_card(
        reported.study, rows_of(reported)[0], viewer=type(clinician).objects.get(pk=clinician.pk)
    )
    assert dict(card.sites) == {reported.sites[0].code: TRAINING // 2, "elsewhere": TRAINING // 2}


def test_reasons_are_counted_in_words():
    assert left_out_of({"a": "no cine", "b": "cine not compliant: too short", "c": "no cine", "d": "?"}) == (
        ("no cine", 2), ("cine not compliant", 1), ("another reason", 1),
    )  # fmt: skip


def test_nested_parameters_are_flattened():
    assert flat({"a": {"b": [1, 2]}, "c": None}) == {"a.b": "1, 2", "c": "None"}
