"""Late fusion of two branches."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.fusion import METHODS, fit_combiner, out_of_fold_fusion, pairs


@pytest.fixture(scope="module")
def branches():
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.32).astype(int)
    video = expit(0.9 * y + rng.normal(-0.7, 1, 400))
    clinical = expit(0.6 * y + rng.normal(-0.7, 1, 400))
    return y, video, clinical


def test_sixteen_pairs_in_the_papers_order():
    kinds = ("SVM", "RF", "LR", "XGBoost")
    found = pairs(kinds)
    assert len(found) == 16
    assert found[:5] == (("SVM", "SVM"), ("SVM", "RF"), ("SVM", "LR"), ("SVM", "XGBoost"), ("RF", "SVM"))


def test_mean_and_logit_mean_are_what_they_say(branches):
    y, video, clinical = branches
    np.testing.assert_allclose(
        fit_combiner("mean", video, clinical, y).combine(video, clinical), (video + clinical) / 2
    )
    np.testing.assert_allclose(
        fit_combiner("logit_mean", video, clinical, y).combine(video, clinical),
        expit((logit(video) + logit(clinical)) / 2),
        atol=1e-9,
    )


@pytest.mark.parametrize("method", METHODS)
def test_fusing_two_informative_branches_helps(branches, method):
    y, video, clinical = branches
    fused = out_of_fold_fusion(method, video, clinical, y, np.arange(400) % 5)
    assert ((fused >= 0) & (fused <= 1)).all()
    assert roc_auc_score(y, fused) > max(roc_auc_score(y, video), roc_auc_score(y, clinical))


@pytest.mark.parametrize("method", ["stack", "weighted"])
def test_an_empty_branch_gets_little_weight(branches, method):
    y, video, _ = branches
    noise = np.random.default_rng(1).random(400)
    combiner = fit_combiner(method, video, noise, y)
    assert combiner.video > 5 * abs(combiner.clinical)


def test_weighted_prefers_an_even_weight_among_equals():
    y = np.array([0, 0, 1, 1])
    p = np.array([0.1, 0.2, 0.8, 0.9])
    assert fit_combiner("weighted", p, p, y).video == 0.5


def test_out_of_fold_fusion_never_uses_a_patients_own_label(branches):
    y, video, clinical = branches
    folds = np.arange(400) % 5
    before = out_of_fold_fusion("stack", video, clinical, y, folds)
    flipped = y.copy()
    flipped[folds == 2] = 1 - flipped[folds == 2]
    after = out_of_fold_fusion("stack", video, clinical, flipped, folds)
    np.testing.assert_array_equal(before[folds == 2], after[folds == 2])
    assert not np.array_equal(before[folds != 2], after[folds != 2])


def test_bad_input_is_refused(branches):
    y, video, clinical = branches
    for arguments in (
        ("median", video, clinical, y),
        ("stack", video + 1, clinical, y),
        ("stack", video[:5], clinical, y),
        ("stack", video, clinical, np.zeros_like(y)),
        ("mean", np.full(400, np.nan), clinical, y),
    ):
        with pytest.raises(InvalidInputError):
            fit_combiner(*arguments)
