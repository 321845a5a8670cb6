"""Variants of the same cohort, judged beside the record: what does not change must not move a figure."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.learn import learn, score_all
from analysis.pipeline.variants import (
    APPLIED,
    LEARNED,
    applied_report,
    applied_scores,
    freeze_variant,
    judge_frozen,
    judge_scores,
    learned_report,
    record_scores,
    together,
    with_holm,
)
from tests.pipeline.learning_cohorts import TINY, gaussian_cohort


@pytest.fixture(scope="module")
def cohort():
    return gaussian_cohort(72, 60, effect=1.3, seed=5)


@pytest.fixture(scope="module", params=["mean", "stack"])
def both(request, cohort):
    """The ensemble as trained, and its chosen model fitted again fold by fold."""
    settings = replace(TINY, fusion=request.param)
    learned = learn(cohort, settings)
    model = learned.ensemble.chosen
    return learned, record_scores(cohort, model, learned.ensemble.cutoffs[model], settings)


@pytest.fixture(scope="module")
def record(cohort):
    return record_scores(cohort, "fused:LR+LR", 0.5, TINY)


def test_the_record_is_fitted_again_bit_for_bit(both):
    learned, record = both
    for model, scores in record.oof.items():
        np.testing.assert_array_equal(scores, learned.oof.scores[model])


def test_the_same_description_gives_the_same_scores(both):
    _, record = both
    scores = applied_scores(record, record.cohort.dynamic)
    for model, values in scores.items():
        np.testing.assert_array_equal(values, record.oof[model])
    report = applied_report(record, "same", record.cohort.dynamic)
    assert report.comparison.difference == 0.0
    assert report.agreement == 1.0
    assert report.flipped == 0
    assert report.reference.auc == report.evaluation.auc
    assert (report.how, report.left_out, report.reason) == (APPLIED, 0, "")


def test_noise_in_the_features_costs_discrimination_and_agreement(record):
    dynamic = record.cohort.dynamic
    noise = dynamic.std(axis=0) * np.random.default_rng(0).normal(size=dynamic.shape)
    reports = [
        applied_report(record, name, dynamic + share * noise)
        for name, share in (("none", 0.0), ("little", 0.1), ("much", 3.0))
    ]
    none, little, much = reports
    assert none.agreement == 1.0
    assert 0.9 < little.agreement < 1.0
    assert much.agreement < little.agreement
    assert much.evaluation.auc < none.evaluation.auc
    assert much.flipped > little.flipped
    adjusted = with_holm(reports)
    assert [one.comparison.p_holm for one in adjusted] == list(
        metrics.holm([one.comparison.p for one in reports])
    )


def test_patients_without_the_variant_are_left_out_on_both_sides(record):
    dynamic = record.cohort.dynamic.copy()
    dynamic[::6] = np.nan
    report = applied_report(record, "some", dynamic)
    assert report.left_out == 12
    assert report.n == 60
    kept = np.isfinite(dynamic[:, 0])
    wanted = metrics.auc(record.cohort.labels[kept], record.oof[record.model][kept])
    assert report.reference.auc == report.evaluation.auc == pytest.approx(wanted)
    learned = learned_report(record, "some", dynamic)
    # Learned from the same 60 patients on both sides, so nothing differs either.
    assert learned.comparison.difference == 0.0
    assert (learned.how, learned.left_out) == (LEARNED, 12)


def test_learning_again_finds_a_signal_that_only_the_variant_has():
    blank = gaussian_cohort(72, 60, effect=0.0, clinical_effect=0.0, seed=5)
    record = record_scores(blank, "fused:LR+LR", 0.5, TINY)
    assert record.oof["fused:LR+LR"].std() > 0
    found = gaussian_cohort(72, 60, effect=1.6, seed=5)
    np.testing.assert_array_equal(found.labels, blank.labels)
    report = learned_report(record, "better", found.dynamic)
    assert report.evaluation.auc_low > 0.5
    assert report.comparison.difference > 0.1
    assert report.evaluation.cutoff != record.cutoff
    wide, names = together(record.cohort, "ring 3 mm", found.dynamic)
    assert wide.shape == (72, 120)
    assert names[60] == f"ring 3 mm:{names[0]}"
    added = learned_report(record, "added", wide, feature_names=names)
    assert added.evaluation.auc_low > 0.5
    with pytest.raises(InvalidInputError):
        together(record.cohort, "x", found.dynamic[:3])


def test_too_few_patients_get_a_reason_and_no_figure(record):
    nobody = np.full(record.cohort.dynamic.shape, np.nan)
    for report in (applied_report(record, "x", nobody), learned_report(record, "x", nobody)):
        assert report.evaluation is None
        assert report.n == 0
        assert "too few to judge" in report.reason
    few = nobody.copy()
    few[:6] = record.cohort.dynamic[:6]
    assert learned_report(record, "x", few).evaluation is None
    alone = np.full(72, np.nan)
    alone[0] = 0.5
    assert "too few to judge" in judge_scores(record, "x", APPLIED, alone, 0.5).reason


def test_a_frozen_variant_meets_new_patients_as_the_ensemble_does(cohort, both):
    """Frozen on the record's own columns, it scores new patients exactly as the trained ensemble."""
    learned, record = both
    frozen = freeze_variant(record, "same", record.cohort.dynamic)
    new = gaussian_cohort(40, 60, effect=1.3, seed=77)
    expected = score_all(learned.ensemble, new.dynamic, new.clinical)[record.model]
    np.testing.assert_array_equal(frozen.fusion.score(new.dynamic, new.clinical), expected)
    np.testing.assert_array_equal(frozen.reference.score(new.dynamic, new.clinical), expected)
    assert frozen.cutoff == learned.ensemble.cutoffs[record.model]
    report = judge_frozen(frozen, new, new.dynamic)
    assert (report.evaluation.cohort, report.reference.cohort) == ("test", "test")
    assert report.evaluation.cutoff == frozen.cutoff
    assert report.comparison.difference == 0.0
    assert (report.n, report.left_out, report.flipped) == (40, 0, 0)


def test_freezing_gives_the_cutoff_that_was_judged_out_of_fold(record):
    dynamic = record.cohort.dynamic.copy()
    dynamic[:6] = np.nan
    stored = learned_report(record, "some", dynamic)
    frozen = freeze_variant(record, "some", dynamic)
    assert frozen.cutoff == stored.evaluation.cutoff
    new = gaussian_cohort(30, 60, effect=1.3, seed=78)
    columns = new.dynamic.copy()
    columns[0] = np.nan
    report = judge_frozen(frozen, new, columns)
    assert (report.n, report.left_out) == (29, 1)
    columns[1:] = np.nan
    assert judge_frozen(frozen, new, columns).reason == (
        "0 positive and 0 negative patients have it: too few to judge"
    )
    with pytest.raises(InvalidInputError, match="too few to judge"):
        freeze_variant(record, "none", np.full_like(dynamic, np.nan))
    with pytest.raises(InvalidInputError, match="fit on everybody"):
        _ = record.frozen
