"""One cohort learned, judged, stored, read back and asked about a patient."""

import io
import json
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from analysis.pipeline import metrics
from analysis.pipeline.controls import learning_curve, shuffle_control
from analysis.pipeline.errors import CancelledError, InvalidInputError, ModelFileError
from analysis.pipeline.kernels.cohort_report import jsonable
from analysis.pipeline.kernels.ensemble import parts_of
from analysis.pipeline.kernels.model_files import MAGIC, SEAL_LENGTH
from analysis.pipeline.kernels.recalibration import recalibrate
from analysis.pipeline.kernels.rhythm import ASPECTS, divided
from analysis.pipeline.learn import (
    FUSED_MODELS,
    MODELS,
    LearnParameters,
    explain,
    explain_all,
    judge,
    learn,
    load_ensemble,
    predict,
    save_ensemble,
    score_all,
)
from analysis.pipeline.names import DYNAMIC_DESCRIPTORS
from analysis.pipeline.splits import PatientGuard, split_patients, subset
from analysis.pipeline.types import CLINICAL_VARIABLES
from tests.pipeline.learning_cohorts import TINY, changed, gaussian_cohort

KEY = b"a secret of this installation"


@pytest.fixture(scope="module")
def sides():
    cohort = gaussian_cohort(110, 100, effect=1.2, seed=2)
    split = split_patients(cohort.patients, cohort.labels, seed=1)
    return subset(cohort, split.training), subset(cohort, split.test)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def learned(sides, told):
    return learn(sides[0], TINY, guard=PatientGuard.of(sides[1]), progress=lambda *step: told.append(step))


@pytest.fixture(scope="module")
def blob(learned):
    return save_ensemble(learned.ensemble, KEY)


def test_all_models_are_there_in_the_papers_order(learned):
    assert len(MODELS) == 24
    assert MODELS[:5] == ("video:SVM", "video:RF", "video:LR", "video:XGBoost", "clinical:SVM")
    assert FUSED_MODELS[14] == "fused:XGBoost+LR"
    for report in (learned.oof, learned.apparent):
        assert set(report.scores) == set(report.evaluations) == set(MODELS)
        assert all(s.shape == (learned.oof.labels.size,) for s in report.scores.values())


def test_a_planted_signal_is_found(learned):
    chosen = learned.oof.evaluations[learned.ensemble.chosen]
    assert chosen.auc_low > 0.5
    assert learned.oof.evaluations["video:LR"].auc > 0.65
    assert learned.apparent.evaluations["video:RF"].auc > learned.oof.evaluations["video:RF"].auc


def test_choice_cutoffs_and_reports_follow_from_out_of_fold_scores(learned):
    oof, ensemble = learned.oof, learned.ensemble
    areas = {model: metrics.auc(oof.labels, oof.scores[model]) for model in FUSED_MODELS}
    assert ensemble.chosen == max(areas, key=areas.get)
    for model in MODELS:
        assert ensemble.cutoffs[model] == metrics.youden_cutoff(oof.labels, oof.scores[model])
        assert oof.evaluations[model].auc == pytest.approx(metrics.auc(oof.labels, oof.scores[model]))
        assert learned.apparent.evaluations[model].cutoff == ensemble.cutoffs[model]
    assert oof.selection.best == ensemble.chosen
    assert oof.selection.corrected < oof.selection.naive
    rivals = [c.second for c in oof.comparisons]
    assert len(rivals) == 17
    assert all(c.p_holm >= c.p for c in oof.comparisons)


def test_out_of_fold_probabilities_are_recalibrated_by_other_folds(learned):
    """A patient's label moves no probability of its own fold; the test set gets the frozen recalibration."""
    oof, chosen, folds = learned.oof, learned.ensemble.chosen, learned.ensemble.training.folds
    expected = np.empty(folds.size)
    for number in range(TINY.outer_folds):
        inside = folds == number
        fitted = recalibrate(oof.scores[chosen][~inside], oof.labels[~inside])
        expected[inside] = fitted.probability(oof.scores[chosen][inside])
    np.testing.assert_array_equal(oof.probability, expected)
    assert oof.evaluations[chosen].calibration == metrics.calibration(oof.labels, expected)


def test_mean_fusion_is_the_mean(learned):
    scores = learned.oof.scores
    np.testing.assert_allclose(
        scores["fused:RF+LR"], (scores["video:RF"] + scores["clinical:LR"]) / 2, atol=1e-12
    )


def test_progress_counts_every_fit(learned, told):
    assert [step[0] for step in told] == list(range(TINY.outer_folds + 2))
    assert {step[1:] for step in told} == {(TINY.outer_folds + 1, "fold")}


def test_learning_from_more_patients_is_not_worse(sides, learned):
    points = learning_curve(sides[0], "fused:LR+LR", TINY, shares=(0.3, 1.0))
    assert [point.share for point in points] == [0.3, 1.0]
    assert points[0].n < points[1].n
    assert points[1].auc == pytest.approx(learned.oof.evaluations["fused:LR+LR"].auc)
    assert points[0].auc < points[1].auc + 0.1
    for model, shares in (("video:LR", (1.0,)), ("fused:LR+LR", (0.0,)), ("fused:LR+LR", (1.5,))):
        with pytest.raises(InvalidInputError):
            learning_curve(sides[0], model, TINY, shares=shares)


def test_the_test_set_is_judged_at_the_frozen_cutoffs(sides, learned):
    report = judge(learned.ensemble, sides[1])
    assert report.cohort == "test"
    assert report.patients == sides[1].patients
    for model in MODELS:
        evaluation = report.evaluations[model]
        assert evaluation.cutoff == learned.ensemble.cutoffs[model]
        called = report.scores[model] >= evaluation.cutoff
        assert evaluation.counts.tp == int(np.sum(called & (sides[1].labels == 1)))
    assert ((report.probability > 0) & (report.probability < 1)).all()
    order = np.argsort(report.scores[learned.ensemble.chosen])
    assert (np.diff(report.probability[order]) >= 0).all()


def test_same_seed_same_result_whatever_the_order_of_rows_or_threads(sides, learned):
    order = np.random.default_rng(0).permutation(len(sides[0].patients))
    again = learn(subset(sides[0], order), replace(TINY, jobs=2))
    assert again.ensemble.chosen == learned.ensemble.chosen
    assert again.ensemble.training.patients == learned.ensemble.training.patients
    for model in MODELS:
        np.testing.assert_array_equal(again.oof.scores[model], learned.oof.scores[model])
        np.testing.assert_array_equal(again.apparent.scores[model], learned.apparent.scores[model])


def test_held_out_patients_do_not_touch_their_own_prediction(sides, learned):
    """Changing the features of one fold changes the other folds' training, never the fits that predict it."""
    cohort = sides[0]
    record = learned.ensemble.training
    row = cohort.patients.index(record.patients[0])
    dynamic = cohort.dynamic.copy()
    dynamic[row] += 50.0
    moved = learn(changed(cohort, dynamic=dynamic), TINY)
    same_fold = record.folds == record.folds[0]
    same_fold[0] = False
    for model in MODELS:
        np.testing.assert_array_equal(moved.oof.scores[model][same_fold], record.oof[model][same_fold])


def test_stored_ensembles_predict_identically(sides, learned, blob):
    loaded = load_ensemble(blob, KEY)
    before = score_all(learned.ensemble, sides[1].dynamic, sides[1].clinical)
    after = score_all(loaded, sides[1].dynamic, sides[1].clinical)
    for model in MODELS:
        np.testing.assert_array_equal(before[model], after[model])
    assert loaded.cutoffs == learned.ensemble.cutoffs
    assert loaded.parameters == TINY
    assert loaded.guard == learned.ensemble.guard
    old = predict(learned.ensemble, sides[1].dynamic[0], sides[1].clinical[0])
    assert predict(loaded, sides[1].dynamic[0], sides[1].clinical[0]) == old


def test_the_file_holds_no_pickle(blob):
    body = blob[len(MAGIC) + SEAL_LENGTH + 1 :]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = archive.namelist()
        assert all(re.search(r"\.(json|npz|skops|ubj)$", name) for name in names)
        for name in names:
            data = archive.read(name)
            assert not re.match(rb"\x80[\x02-\x05]", data)
            if name.endswith(".skops"):
                with zipfile.ZipFile(io.BytesIO(data)) as inner:
                    assert all(part.endswith((".json", ".npy")) for part in inner.namelist())


def test_damaged_foreign_and_forged_files_are_refused(blob):
    for broken in (blob[:-1], blob[: len(blob) // 2], b"", b"PK\x03\x04", blob[:-10] + b"0123456789"):
        with pytest.raises(ModelFileError):
            load_ensemble(broken, KEY)
    with pytest.raises(ModelFileError, match="seal"):
        load_ensemble(blob, b"another key")


def test_a_prediction_explains_itself(sides, learned):
    ensemble = learned.ensemble
    found = predict(ensemble, sides[1].dynamic[3], sides[1].clinical[3])
    assert found.model == ensemble.chosen
    assert found.call == ("POSITIVE" if found.score >= found.cutoff else "NEGATIVE")
    assert found.interval[0] < found.probability < found.interval[1]
    assert 0 <= found.venn_abers[0] <= found.venn_abers[1] <= 1
    assert set(found.parts) == set(MODELS)
    assert len(found.interval_method) <= 200
    assert {term.branch for term in found.contributions} == {"video", "clinical"}
    sizes = [abs(term.log_odds) for term in found.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert len(found.neighbours) == 5
    distances = [n.distance for n in found.neighbours]
    assert distances == sorted(distances)
    json.dumps(jsonable(found), allow_nan=False)


def test_a_training_patient_is_its_own_nearest_case_unless_left_out(sides, learned):
    training = sides[0]
    nearest = predict(learned.ensemble, training.dynamic[7], training.clinical[7]).neighbours[0]
    assert nearest.patient == training.patients[7]
    assert nearest.distance == pytest.approx(0, abs=1e-9)
    others = predict(
        learned.ensemble, training.dynamic[7], training.clinical[7], exclude=training.patients[7]
    )
    assert training.patients[7] not in [n.patient for n in others.neighbours]


def test_terms_of_a_prediction_stand_beside_the_training_patients(sides, learned):
    """The percentile of a column is that of the patient's raw value among the training patients."""
    patient = 3
    found = predict(learned.ensemble, sides[1].dynamic[patient], sides[1].clinical[patient])
    training = sides[0]
    for term in [t for t in found.contributions if t.branch == "video"][:5]:
        column = training.feature_names.index(term.name)
        assert term.raw == sides[1].dynamic[patient, column]
        assert term.percentile == pytest.approx(np.mean(training.dynamic[:, column] < term.raw), abs=1e-9)


@pytest.mark.parametrize("model", MODELS[:8])
def test_every_base_classifier_explains_a_cohort(sides, learned, model):
    found = explain(learned.ensemble, model, sides[1].dynamic, sides[1].clinical)
    n = len(sides[1].patients)
    assert found.values.shape == found.shares.shape == (n, len(found.names))
    influence = np.abs(found.shares).mean(axis=0)
    assert (np.diff(influence) <= 1e-12).all()
    known = sides[1].feature_names if model.startswith("video") else CLINICAL_VARIABLES
    assert set(found.names) <= set(known)
    with pytest.raises(InvalidInputError, match="expected one of"):
        explain(learned.ensemble, "fused:LR+LR", sides[1].dynamic, sides[1].clinical)


def test_all_classifiers_are_explained_down_to_textures_and_rhythms(sides, learned):
    ensemble = learned.ensemble
    record = ensemble.training
    rows = [sides[0].patients.index(code) for code in record.patients]
    found = explain_all(ensemble, sides[0].dynamic[rows], sides[0].clinical[rows], learned.selected)
    assert {one.model for one in found} == set(MODELS[:8])
    assert {one.model for one in found[:2]} == set(parts_of(ensemble.chosen))
    assert [one.values is not None for one in found] == [True, True, *[False] * 6]
    for one in found:
        sizes = [term.mean_abs for term in one.terms]
        assert sizes == sorted(sizes, reverse=True)
        assert all(term.direction is None or -1 <= term.direction <= 1 for term in one.terms)
        is_video = one.model.startswith("video")
        assert all((term.folds is not None) == is_video for term in one.terms)
        if is_video:
            assert sum(theme.influence for theme in one.themes) == pytest.approx(1.0)
            assert sorted(name for theme in one.themes for name in theme.terms) == sorted(
                term.name for term in one.terms
            )
            assert {term.aspect for term in one.terms} == {"level"}
    json.dumps(jsonable(found), allow_nan=False)


def test_every_descriptor_has_one_aspect():
    named = [descriptor for names in ASPECTS.values() for descriptor in names]
    assert sorted(named) == sorted(DYNAMIC_DESCRIPTORS)
    assert divided("glcm_Contrast__f_fc") == ("glcm_Contrast", "f_fc", "pace")
    assert divided("age") == ("age", "", "")


def test_predicting_nothing_is_refused(sides, learned):
    with pytest.raises(InvalidInputError, match="only missing values"):
        predict(learned.ensemble, np.full(100, np.nan), sides[1].clinical[0])
    with pytest.raises(InvalidInputError, match=r"\(n, 100\) video features"):
        predict(learned.ensemble, np.zeros(99), sides[1].clinical[0])
    with pytest.raises(InvalidInputError, match="columns trained on"):
        judge(learned.ensemble, changed(sides[1], feature_names=sides[1].feature_names[::-1]))


def test_reports_become_json(learned):
    document = json.loads(json.dumps(jsonable(learned.oof), allow_nan=False))
    assert document["evaluations"]["fused:RF+LR"]["metrics"]["SEN"]["method"] == "Wilson"
    assert document["evaluations"]["fused:RF+LR"]["bootstrap"]["replicates"] == TINY.replicates


def test_selected_features_are_counted_over_folds(learned, sides):
    assert set(learned.selected) <= set(sides[0].feature_names)
    assert max(learned.selected.values()) <= TINY.outer_folds
    assert list(learned.selected.values()) == sorted(learned.selected.values(), reverse=True)


def test_cancelling_stops_between_fits(sides):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 3

    for jobs in (1, 2):
        asked.clear()
        with pytest.raises(CancelledError):
            learn(sides[0], replace(TINY, jobs=jobs), cancelled=cancelled if jobs == 1 else lambda: True)


def test_without_a_signal_nothing_is_found():
    """Effect 0: the mean out-of-fold AUC of the sixteen stays near one half, over cohorts nearer still."""
    areas = []
    for seed in (11, 12, 13):
        cohort = gaussian_cohort(100, 60, effect=0.0, clinical_effect=0.0, seed=seed)
        oof = learn(cohort, replace(TINY, replicates=0)).oof
        areas.append(np.mean([oof.evaluations[model].auc for model in FUSED_MODELS]))
    # Standard error of one null AUC with 33 and 67 patients: .062.
    assert max(np.abs(np.subtract(areas, 0.5))) < 0.15
    assert abs(np.mean(areas) - 0.5) < 0.09


def test_shuffled_labels_learn_nothing(sides):
    control = shuffle_control(sides[0], TINY, repeats=1)
    assert control.passed
    assert abs(control.aucs[0] - 0.5) <= control.tolerance
    assert control.tolerance >= 0.07


def test_missing_values_and_constant_columns_are_survived():
    cohort = gaussian_cohort(45, 40, seed=9)
    dynamic, clinical = cohort.dynamic.copy(), cohort.clinical.copy()
    dynamic[:, 3] = 7.0
    dynamic[:, 5] = np.nan
    dynamic[::7, 8] = np.nan
    dynamic[2, 11] = np.inf
    clinical[:, 1] = np.nan
    clinical[4] = np.nan
    found = learn(changed(cohort, dynamic=dynamic, clinical=clinical), replace(TINY, fusion="stack"))
    assert all(np.isfinite(s).all() for s in found.oof.scores.values())
    assert not {"feature_0003__t_mean", "feature_0005__t_mean", "feature_0008__t_mean"} & set(found.selected)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("one class", "at least 5 patients of each class"),
        ("three patients", "at least 5 patients of each class"),
        ("all missing", "only missing values"),
        ("all constant", "varies between patients"),
        ("clinical all missing", "values missing"),
        ("no patient", "non-empty"),
    ],
)
def test_bad_cohorts_get_a_clear_error(case, message):
    cohort = gaussian_cohort(30, 20)
    if case == "one class":
        cohort = changed(cohort, labels=np.zeros(30, np.int64))
    elif case == "three patients":
        cohort = subset(cohort, np.arange(3))
    elif case == "all missing":
        cohort = changed(cohort, dynamic=np.full((30, 20), np.nan))
    elif case == "all constant":
        cohort = changed(cohort, dynamic=np.ones((30, 20)))
    elif case == "clinical all missing":
        cohort = changed(cohort, clinical=np.full((30, 6), np.nan))
    else:
        cohort = subset(cohort, np.arange(0))
    with pytest.raises(InvalidInputError, match=message):
        learn(cohort, TINY)


@pytest.mark.parametrize(
    "fields", [{"fusion": "median"}, {"outer_folds": 1}, {"inner_folds": 0}, {"jobs": 0}, {"replicates": -1}]
)
def test_impossible_parameters_are_refused(fields):
    with pytest.raises(InvalidInputError, match=next(iter(fields))):
        replace(TINY, **fields)


def test_full_parameters_are_those_of_the_design():
    full = LearnParameters.full()
    assert (full.outer_folds, full.inner_folds, full.fusion) == (5, 5, "mean")
    assert full.classifiers.rf_trees == 500
    assert full.classifiers.svm_c == (0.1, 1.0, 10.0)
    assert full.classifiers.xgb_trees == (200, 400)


def test_what_if_is_what_the_model_says_of_the_changed_patient(sides, learned):
    dynamic, clinical = sides[1].dynamic[3], sides[1].clinical[3].copy()
    clinical[1] = np.nan
    found = predict(learned.ensemble, dynamic, clinical)
    assert found.changes
    sizes = [abs(change.moved) for change in found.changes]
    assert sizes == sorted(sizes, reverse=True)
    assert not [change for change in found.changes if change.name == "size_cm"]
    for change in found.changes:
        video, other = dynamic.copy(), clinical.copy()
        if change.branch == "video":
            column = sides[1].feature_names.index(change.name)
            assert change.after == pytest.approx(np.median(sides[0].dynamic[:, column]))
            video[column] = change.after
        else:
            other[CLINICAL_VARIABLES.index(change.name)] = change.after
        again = predict(learned.ensemble, video, other)
        assert again.score - found.score == pytest.approx(change.moved, abs=1e-9)
