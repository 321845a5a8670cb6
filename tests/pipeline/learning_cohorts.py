"""Gaussian cohorts for the learning tests: correlated columns, a planted effect that can be zero."""

from dataclasses import replace

import numpy as np

from analysis.pipeline.learn import ClassifierParameters, LearnParameters
from analysis.pipeline.types import LearningCohort

TINY = LearnParameters(
    ClassifierParameters(
        svm_c=(1.0,),
        lr_c=(0.1, 1.0),
        rf_leaves=(5,),
        rf_trees=12,
        rf_tuning_trees=6,
        xgb_depths=(2,),
        xgb_trees=(15, 30),
        lasso_folds=3,
    ),
    outer_folds=3,
    inner_folds=2,
    replicates=60,
)


def gaussian_cohort(n=60, columns=120, effect=1.0, seed=0, clinical_effect=0.5, prevalence=1 / 3):
    """Return a cohort of n patients; `effect` shifts six of 40 latent factors in positives."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) < round(n * prevalence)).astype(np.int64)
    rng.shuffle(labels)
    latent = rng.normal(size=(n, 40))
    latent[:, :6] += effect * labels[:, np.newaxis]
    mixing = rng.normal(size=(40, columns)) * (rng.random((40, columns)) < 0.08)
    dynamic = latent @ mixing + 0.3 * rng.normal(size=(n, columns))
    clinical = np.column_stack(
        [
            rng.normal(52, 10, n),
            rng.gamma(4.0, 0.6, n),
            rng.integers(0, 2, n),
            rng.integers(1, 4, n),
            np.minimum(2, rng.integers(0, 3, n) + (rng.random(n) < clinical_effect * labels)),
            rng.integers(1, 4, n),
        ]
    ).astype(np.float64)
    names = tuple(f"feature_{i:04d}__t_mean" for i in range(columns))
    return LearningCohort(
        tuple(f"P{i:04d}" for i in range(n)), labels, dynamic, clinical, feature_names=names, catalogue=names
    )


def changed(cohort, **fields):
    """Return the cohort with fields replaced."""
    return replace(cohort, **fields)
