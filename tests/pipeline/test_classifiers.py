"""The steps before the classifiers, the classifiers themselves, and what they store."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from analysis.pipeline.classifiers import fit_branch, input_columns, preparation
from analysis.pipeline.errors import InvalidInputError, ModelFileError
from analysis.pipeline.kernels.calibration import log_odds
from analysis.pipeline.kernels.clinical_coding import encode_clinical
from analysis.pipeline.kernels.contributions import contributions
from analysis.pipeline.kernels.estimators import (
    ClinicalEncoder,
    ConstantDropper,
    LassoSelector,
    MedianImputer,
    RedundancyFilter,
    Standardiser,
)
from analysis.pipeline.kernels.fitted import KINDS, xgboost_device
from analysis.pipeline.kernels.forest import FrozenForest
from analysis.pipeline.kernels.ranks import column_aucs, rank_auc, stratified_folds
from analysis.pipeline.kernels.recalibration import platt, recalibrate, venn_abers
from tests.pipeline.learning_cohorts import TINY, gaussian_cohort

GRID = TINY.classifiers


@pytest.fixture(scope="module")
def cohort():
    return gaussian_cohort(90, 80, seed=1)


@pytest.fixture(scope="module")
def fitted(cohort):
    inner = stratified_folds(cohort.labels, 3, 0)
    return {
        "video": fit_branch("video", cohort.dynamic, cohort.labels, inner, GRID),
        "clinical": fit_branch("clinical", cohort.clinical, cohort.labels, inner, GRID),
    }


def test_imputer_uses_training_medians_and_drops_sparse_columns():
    X = np.arange(40, dtype=float).reshape(20, 2)
    X[3, 0] = np.nan
    X[:2, 1] = np.inf
    step = MedianImputer(0.05).fit(X)
    assert step.columns_.tolist() == [0]
    expected = np.median(np.delete(X[:, 0], 3))
    assert step.transform(np.array([[np.nan, 5.0]]))[0, 0] == expected
    with pytest.raises(InvalidInputError, match="at most 5% of values missing"):
        MedianImputer(0.05).fit(np.full((10, 3), np.nan))


def test_constant_columns_go_and_nothing_but_constants_is_an_error():
    X = np.column_stack([np.full(9, 3.0), np.arange(9), 1e12 + np.arange(9) * 1e-3, np.zeros(9)])
    assert ConstantDropper().fit(X).columns_.tolist() == [1]
    with pytest.raises(InvalidInputError, match="varies between patients"):
        ConstantDropper().fit(np.ones((5, 4)))


def test_standardiser_equals_sklearn(cohort):
    ours = Standardiser().fit(cohort.dynamic).transform(cohort.dynamic)
    np.testing.assert_allclose(ours, StandardScaler().fit_transform(cohort.dynamic), atol=1e-12)


def test_rank_auc_equals_sklearn(cohort):
    areas = rank_auc(rankdata(cohort.dynamic, axis=0), cohort.labels)
    expected = [roc_auc_score(cohort.labels, column) for column in cohort.dynamic.T]
    np.testing.assert_allclose(areas, expected, atol=1e-12)
    holes = cohort.dynamic[:, :3].copy()
    holes[::4, 1] = np.nan
    holes[:, 2] = np.nan
    rows = np.isfinite(holes[:, 1])
    expected = [areas[0], roc_auc_score(cohort.labels[rows], holes[rows, 1]), 0.5]
    np.testing.assert_allclose(column_aucs(holes, cohort.labels), expected, atol=1e-12)


def test_redundancy_filter_leaves_no_close_pair_and_keeps_the_best(cohort):
    rng = np.random.default_rng(0)
    base = cohort.dynamic[:, :10]
    X = np.hstack([base, base + 0.01 * rng.normal(size=base.shape), np.exp(base[:, :1])])
    step = RedundancyFilter(0.95).fit(X, cohort.labels)
    rho = np.abs(spearmanr(step.transform(X)).statistic)
    np.fill_diagonal(rho, 0.0)
    assert rho.max() <= 0.95
    areas = np.abs(column_aucs(X, cohort.labels) - 0.5)
    assert int(np.argmax(areas)) in step.columns_
    # Every dropped column is close to a kept one that separates at least as well.
    every = np.abs(spearmanr(X).statistic)
    for column in set(range(X.shape[1])) - set(step.columns_.tolist()):
        near = [k for k in step.columns_ if every[column, k] > 0.95]
        assert max(areas[near]) >= areas[column]


def test_lasso_finds_planted_columns_first_and_respects_its_cap():
    rng = np.random.default_rng(3)
    y = (np.arange(120) % 3 == 0).astype(int)
    X = rng.normal(size=(120, 200))
    X[:, [11, 77]] += 2.0 * y[:, np.newaxis]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    step = LassoSelector(most=10).fit(X, y)
    assert set(step.columns_[:2]) == {11, 77}
    assert 2 <= step.columns_.size <= 10
    np.testing.assert_array_equal(step.transform(X), X[:, step.columns_])


def test_lasso_without_signal_still_returns_a_few_columns():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 40))
    step = LassoSelector(fewest=5).fit((X - X.mean(0)) / X.std(0), (np.arange(60) % 3 == 0).astype(int))
    assert step.columns_.size >= 5
    assert len(set(step.columns_)) == step.columns_.size


def test_clinical_stages_are_merged():
    X = np.array([[52.0, 2.3, 1, 3, 2, 3], [50.0, np.nan, 0, 1, 0, 1]])
    found = ClinicalEncoder().fit(X).transform(X)
    assert found[0].tolist() == [52.0, 2.3, 1.0, 2.0, 1.0, 3.0]
    assert np.isnan(found[1, 1])
    with pytest.raises(InvalidInputError, match="6 columns"):
        ClinicalEncoder().fit(X[:, :4])


def test_clinical_records_are_encoded():
    rows = [
        {"age": "52", "size_cm": 2.3, "menopause": 1, "cT": "T2", "cN": "cN1a", "cTNM": "IIA"},
        {"age": None, "size_cm": "", "menopause": "0", "cT": 1, "cN": "0", "cTNM": 1.0},
    ]
    found = encode_clinical(rows)
    assert found[0].tolist() == [52.0, 2.3, 1.0, 2.0, 1.0, 2.0]
    assert np.isnan(found[1, :2]).all()
    for field, value in (
        ("age", "old"),
        ("age", 500),
        ("menopause", 2),
        ("cT", 1.5),
        ("cN", "N9"),
        ("size_cm", "inf"),
    ):
        with pytest.raises(InvalidInputError, match=f"{field}.*row 1"):
            encode_clinical([{**rows[0], field: value}])


def test_every_kind_learns_the_planted_signal(cohort, fitted):
    fresh = gaussian_cohort(300, 80, seed=1)
    for branch in ("video", "clinical"):
        assert tuple(fitted[branch]) == KINDS
    held = fresh.labels[90:], fresh.dynamic[90:]
    for kind, base in fitted["video"].items():
        p = base.probability(cohort.dynamic)
        assert ((p >= 0) & (p <= 1)).all()
        assert roc_auc_score(cohort.labels, p) > 0.75, kind
        assert base.probability(held[1]).shape == held[0].shape


def test_columns_name_the_inputs_that_are_used(cohort, fitted):
    """Changing any other column changes nothing; the guard on events holds."""
    events = int(cohort.labels.sum())
    for kind, base in fitted["video"].items():
        others = np.setdiff1d(np.arange(80), base.columns)
        moved = cohort.dynamic.copy()
        moved[:, others] = 1e6
        np.testing.assert_array_equal(base.probability(moved), base.probability(cohort.dynamic))
        if kind in ("SVM", "LR"):
            assert base.columns.size <= events // 5
    np.testing.assert_array_equal(
        input_columns(fitted["video"]["RF"].prepare)[: fitted["video"]["SVM"].columns.size],
        fitted["video"]["SVM"].columns,
    )


def test_missing_values_at_prediction_are_filled(cohort, fitted):
    holes = cohort.dynamic.copy()
    holes[:, ::2] = np.nan
    for base in fitted["video"].values():
        assert np.isfinite(base.probability(holes)).all()


def test_frozen_forest_equals_sklearn():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(150, 6)), rng.integers(0, 2, 150)
    forest = RandomForestClassifier(40, min_samples_leaf=3, random_state=0).fit(X, y)
    other = rng.normal(size=(200, 6))
    frozen = FrozenForest.of(forest)
    np.testing.assert_allclose(frozen.predict(other), forest.predict_proba(other)[:, 1], rtol=0, atol=1e-12)
    with pytest.raises(ModelFileError):
        FrozenForest(
            frozen.roots,
            frozen.left * 0,
            frozen.right,
            frozen.feature,
            frozen.threshold,
            frozen.share,
            frozen.weight,
            6,
        )


def test_svm_sigmoid_equals_sklearn_around_the_whole_pipeline(cohort):
    """CalibratedClassifierCV(ensemble=False) around every step, selection included, agrees."""
    inner = stratified_folds(cohort.labels, 3, 0)
    base = fit_branch("video", cohort.dynamic, cohort.labels, inner, GRID)["SVM"]
    width = base.columns.size

    class Cut:
        """Keep the leading columns, as the guard on events does."""

        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return X[:, :width]

    pipeline = make_pipeline(
        *[step for _, step in preparation("video", GRID, 0).steps],
        Cut(),
        SVC(C=base.tuned["C"], class_weight="balanced"),
    )
    theirs = CalibratedClassifierCV(pipeline, cv=PredefinedSplit(inner), ensemble=False)
    expected = theirs.fit(cohort.dynamic, cohort.labels).predict_proba(cohort.dynamic)[:, 1]
    np.testing.assert_allclose(base.probability(cohort.dynamic), expected, atol=2e-3)


def test_a_sigmoid_never_turns_the_ranking_round():
    rng = np.random.default_rng(0)
    y = (np.arange(60) % 3 == 0).astype(int)
    for value in (rng.normal(size=60) - 2 * y, rng.normal(size=60), np.full(60, 0.3)):
        sigmoid = platt(value, y)
        assert sigmoid.slope > 0
        assert np.isfinite(sigmoid.of(value)).all()
        assert sigmoid.of(value).mean() == pytest.approx(1 / 3, abs=0.1)


def test_recalibration_interval_covers_the_rate():
    rng = np.random.default_rng(8)
    eta = rng.normal(-0.8, 1.2, 400)
    y = (rng.random(400) < 1 / (1 + np.exp(-eta))).astype(int)
    distorted = 1 / (1 + np.exp(-(2.5 * eta + 1)))
    found = recalibrate(distorted, y)
    for score, true in ((0.5, -0.4), (0.9, None)):
        low, high = found.interval(score)
        assert low < found.probability(np.array([score]))[0] < high
        if true is not None:
            assert low < 1 / (1 + np.exp(-true)) < high
    low, high = venn_abers(0.5, distorted, y)
    assert 0 <= low <= high <= 1
    assert high - low < 0.2


@pytest.mark.parametrize(
    ("kind", "named"),
    [("XGBoost", "tree SHAP"), ("RF", "tree SHAP"), ("LR", "linear SHAP"), ("SVM", "permutation SHAP")],
)
def test_contributions_add_up_and_say_how_they_were_found(cohort, fitted, kind, named):
    base = fitted["video"][kind]
    Z = base.prepared(cohort.dynamic)
    shares, method = contributions(base, Z[:5], Z)
    assert method.startswith(named)
    assert shares.shape == Z[:5].shape
    assert np.isfinite(shares).all()
    total = log_odds(base.probability(cohort.dynamic[:5])) - shares.sum(axis=1)
    # What is left over is the log-odds of an average patient: the same for everybody.
    np.testing.assert_allclose(total, total[0], atol=1e-4)


def test_device_is_known_or_refused():
    assert xgboost_device("cpu") == "cpu"
    assert xgboost_device("auto") in ("cpu", "cuda")
    with pytest.raises(InvalidInputError, match="device"):
        xgboost_device("tpu")


def test_unknown_branch_and_cancelling(cohort):
    inner = stratified_folds(cohort.labels, 3, 0)
    with pytest.raises(InvalidInputError, match="branch"):
        fit_branch("audio", cohort.dynamic, cohort.labels, inner, GRID)

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_branch("video", cohort.dynamic, cohort.labels, inner, GRID, check=stop)
