"""The negative controls: silent where there is nothing, loud where something outside the lesion predicts."""

import numpy as np
import pytest

from analysis.pipeline.controls import outside_control
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.learn import learn
from tests.pipeline.learning_cohorts import TINY, gaussian_cohort


@pytest.fixture(scope="module")
def lesion():
    """A cohort whose lesions carry the outcome, and what the record says of them."""
    cohort = gaussian_cohort(80, 60, effect=1.3, seed=8)
    return cohort, learn(cohort, TINY).ensemble.training.oof


def test_tissue_without_a_signal_passes(lesion):
    cohort, oof = lesion
    outside = np.random.default_rng(1).normal(size=cohort.dynamic.shape)
    found = outside_control(cohort, outside, oof, TINY)
    assert found.passed
    assert abs(found.mean - 0.5) <= found.tolerance
    assert [one.model for one in found.models] == ["video:SVM", "video:RF", "video:LR", "video:XGBoost"]
    assert all(one.difference == pytest.approx(one.auc - one.lesion_auc) for one in found.models)
    assert max(one.difference for one in found.models) < 0


def test_a_burned_in_mark_is_caught(lesion):
    """A few columns outside the lesion that follow the outcome, as a mark drawn for positives would."""
    cohort, oof = lesion
    outside = np.random.default_rng(1).normal(size=cohort.dynamic.shape)
    outside[:, :3] += 2.0 * cohort.labels[:, np.newaxis]
    outside[5] = np.nan
    found = outside_control(cohort, outside, oof, TINY)
    assert not found.passed
    assert found.mean > 0.5 + found.tolerance
    assert (found.n, found.left_out) == (79, 1)


def test_an_outside_that_nobody_has_is_refused(lesion):
    cohort, oof = lesion
    with pytest.raises(InvalidInputError):
        outside_control(cohort, np.full(cohort.dynamic.shape, np.nan), oof, TINY)
