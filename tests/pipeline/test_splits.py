"""The split, the folds and the checks of a cohort."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.splits import (
    assign_folds,
    near_duplicates,
    require_sound_cohort,
    row_hashes,
    split_patients,
    subset,
)
from tests.pipeline.learning_cohorts import changed, gaussian_cohort


def paper_labels(seed=0):
    labels = np.r_[np.ones(143, int), np.zeros(302, int)]
    np.random.default_rng(seed).shuffle(labels)
    return tuple(f"P{i:03d}" for i in range(445)), labels


def test_the_papers_numbers():
    patients, labels = paper_labels()
    split = split_patients(patients, labels, seed=3)
    assert labels[split.test].sum() == 28
    assert (labels[split.test] == 0).sum() == 60
    assert labels[split.training].sum() == 115
    assert (labels[split.training] == 0).sum() == 242
    assert sorted([*split.training, *split.test]) == list(range(445))


def test_split_follows_the_seed_and_not_the_order_of_rows():
    patients, labels = paper_labels()
    split = split_patients(patients, labels, seed=3)
    order = np.random.default_rng(1).permutation(445)
    moved = split_patients([patients[i] for i in order], labels[order], seed=3)
    assert {patients[i] for i in split.test} == {patients[order[i]] for i in moved.test}
    other = split_patients(patients, labels, seed=4)
    assert set(split.test) != set(other.test)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(5, 60), st.integers(5, 60), st.integers(0, 1000), st.lists(st.integers(0, 119), max_size=30)
)
def test_groups_stay_together_and_quotas_are_never_exceeded(positives, negatives, seed, linked):
    n = positives + negatives
    labels = np.r_[np.ones(positives, int), np.zeros(negatives, int)]
    patients = [f"P{i}" for i in range(n)]
    groups = [""] * n
    for position, row in enumerate(linked):
        groups[row % n] = f"family {position // 3}"
    split = split_patients(patients, labels, groups=groups, seed=seed)
    inside = set(split.test.tolist())
    assert labels[split.test].sum() <= positives // 5
    assert (labels[split.test] == 0).sum() <= negatives // 5
    for family in set(groups) - {""}:
        members = {i for i, g in enumerate(groups) if g == family}
        assert members <= inside or not members & inside
    if not linked:
        assert len(inside) == positives // 5 + negatives // 5


def test_folds_are_stratified_grouped_and_independent_of_order():
    patients, labels = paper_labels()
    groups = ["twins" if i in (0, 1) else "" for i in range(445)]
    folds = assign_folds(patients, labels, 5, groups=groups, seed=2)
    assert folds[0] == folds[1]
    for label in (0, 1):
        sizes = np.bincount(folds[labels == label], minlength=5)
        assert sizes.max() - sizes.min() <= 2
    assert np.ptp(np.bincount(folds)) <= 3
    order = np.random.default_rng(5).permutation(445)
    moved = assign_folds(
        [patients[i] for i in order], labels[order], 5, groups=[groups[i] for i in order], seed=2
    )
    np.testing.assert_array_equal(moved, folds[order])


def test_folds_without_groups_are_even():
    patients, labels = paper_labels()
    folds = assign_folds(patients, labels, 5)
    for label in (0, 1):
        assert np.ptp(np.bincount(folds[labels == label])) <= 1


@pytest.mark.parametrize(
    ("patients", "labels", "groups", "message"),
    [
        (("a", "b"), (0, 1, 1), (), "got 2 codes"),
        (("a", "a", "b"), (0, 1, 1), (), "every code once"),
        (("a", "b", "c"), (0, 1, 1), ("x",), "1 groups"),
        (tuple("abcdefgh"), (1,) * 8, (), "of each class"),
        (tuple("abc"), (0, 1, 1), (), "at least 5 patients"),
    ],
)
def test_impossible_splits_are_refused(patients, labels, groups, message):
    with pytest.raises(InvalidInputError, match=message):
        split_patients(patients, labels, groups=groups)


def test_folds_beyond_the_smaller_class_are_refused():
    with pytest.raises(InvalidInputError, match="for 5 folds, got 3"):
        assign_folds([str(i) for i in range(20)], [1] * 3 + [0] * 17, 5)


def test_subset_keeps_rows_together():
    cohort = changed(gaussian_cohort(12, 8), groups=tuple(f"g{i}" for i in range(12)))
    part = subset(cohort, np.array([3, 1]))
    assert part.patients == ("P0003", "P0001")
    assert part.groups == ("g3", "g1")
    np.testing.assert_array_equal(part.dynamic, cohort.dynamic[[3, 1]])
    np.testing.assert_array_equal(part.labels, cohort.labels[[3, 1]])


def test_row_hashes_ignore_what_storage_rounds_away():
    row = np.array([[1.0, 2.0, np.nan, 0.0]])
    assert row_hashes(row) == row_hashes(row.astype(np.float32).astype(np.float64))
    assert row_hashes(row) == row_hashes(row * np.array([1, 1, 1, -1.0]))
    assert row_hashes(row) != row_hashes(row + 1e-3)


def test_near_duplicates_are_found_whatever_the_units():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 50)) * 10.0 ** rng.integers(-6, 6, 50)
    assert near_duplicates(features) == []
    features[7] = features[20] * (1 + 1e-4)
    features[3, 4] = np.nan
    assert near_duplicates(features) == [(7, 20)]
    assert near_duplicates(np.ones((4, 3))) == []


def test_unsound_cohorts_are_refused():
    cohort = gaussian_cohort(12, 8)
    missing = np.full_like(cohort.dynamic, np.nan)
    one_missing = cohort.dynamic.copy()
    one_missing[4] = np.nan
    for fields, message in (
        ({"dynamic": cohort.dynamic[:, :5]}, "12 patients × 8 columns"),
        ({"dynamic": cohort.dynamic.astype(int)}, "float array"),
        ({"clinical": cohort.clinical[:, :5]}, "6 columns"),
        ({"labels": np.full(12, 2)}, "labels 0"),
        ({"labels": cohort.labels[:5]}, "codes"),
        ({"dynamic": missing}, "only missing values"),
        ({"dynamic": one_missing}, "none for P0004"),
        ({"patients": ("P",) * 12}, "every code once"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            require_sound_cohort(changed(cohort, **fields))
    require_sound_cohort(cohort)
