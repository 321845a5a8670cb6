"""Who trains and who tests: a sealed split by patient, folds, and the guards that keep the two apart.

SCIENCE 4.1 and 4.6, HONESTY D.3. A guard that finds a leak raises LeakageError; its message starts with
the leak's name, one of LEAKS.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from analysis.pipeline.errors import InvalidInputError, LeakageError
from analysis.pipeline.kernels.patient_guard import (
    LABEL_AMONG_PREDICTORS,
    LEAKS,
    ONE_PATIENT_TWO_CODES,
    SELECTION_BEFORE_SPLIT,
    TEST_PATIENT_IN_TRAINING,
    PatientGuard,
    row_hashes,
    some,
)
from analysis.pipeline.kernels.ranks import column_aucs
from analysis.pipeline.kernels.statistics_checks import require_count, require_labels
from analysis.pipeline.types import CLINICAL_VARIABLES, LearningCohort

__all__ = [
    "LABEL_AMONG_PREDICTORS",
    "LEAKS",
    "MINIMUM_PER_CLASS",
    "ONE_PATIENT_TWO_CODES",
    "SELECTION_BEFORE_SPLIT",
    "TEST_PATIENT_IN_TRAINING",
    "TEST_SHARE",
    "PatientGuard",
    "Split",
    "assign_classes",
    "assign_folds",
    "near_duplicates",
    "require_no_leak",
    "require_sound_cohort",
    "row_hashes",
    "split_patients",
    "subset",
]

TEST_SHARE = 5
"""One of so many patients of each class is a test patient, rounded down."""

MINIMUM_PER_CLASS = 5
"""Fewer patients of a class cannot be divided into training, tuning and judging."""

# A column that separates the classes this well carries the label, unless chance alone could do it.
LABEL_ALARM_AUC = 0.999
CHANCE_ALARM = 0.01
# Clips whose standardised features differ by less than this root-mean-square are the same clip twice.
NEAR_DUPLICATE_RMS = 0.02


@dataclass(frozen=True, slots=True)
class Split:
    """A split by patient: row indices of training and test set, ascending, and the seed that drew it."""

    training: NDArray[np.int64]
    test: NDArray[np.int64]
    seed: int


def split_patients(
    patients: Sequence[str],
    labels: ArrayLike,
    *,
    groups: Sequence[str] = (),
    seed: int = 0,
    test_share: int = TEST_SHARE,
) -> Split:
    """Draw a stratified split: of each class one in `test_share`, rounded down, is a test patient.

    143 positive and 302 negative patients give 28 and 60. Patients of one group stay together; where
    groups make the exact number impossible the test set is smaller, never larger. The draw depends on seed
    and patient codes, not on the order of the rows.

    Raises:
        InvalidInputError: lengths that differ, a code twice, one class only, or fewer than `test_share` of
            a class.
    """
    y = require_labels(labels)
    _require_codes(patients, groups, y.size)
    share = require_count(test_share, name="test_share", minimum=2)
    quota = np.array([np.sum(y == 0), np.sum(y == 1)]) // share
    if quota.min() < 1:
        raise InvalidInputError(
            f"labels: expected at least {share} patients of each class to leave one for testing, got "
            f"{np.sum(y == 1)} positive and {np.sum(y == 0)} negative. Collect more, or lower the share."
        )
    test: list[int] = []
    for members in _shuffled_groups(patients, groups, seed):
        counts = np.bincount(y[members], minlength=2)
        if (counts <= quota).all():
            quota = quota - counts
            test.extend(members)
    chosen = np.zeros(y.size, dtype=bool)
    chosen[test] = True
    return Split(np.flatnonzero(~chosen), np.flatnonzero(chosen), seed)


def assign_folds(
    patients: Sequence[str], labels: ArrayLike, folds: int, *, groups: Sequence[str] = (), seed: int = 0
) -> NDArray[np.int64]:
    """Return (n,) fold numbers from 0, stratified, groups kept together; one assignment for all branches.

    The assignment depends on seed and patient codes, not on the order of the rows.

    Raises:
        InvalidInputError: lengths that differ, a code twice, or fewer patients of a class than folds.
    """
    return assign_classes(patients, require_labels(labels), folds, groups=groups, seed=seed)


def assign_classes(
    patients: Sequence[str],
    classes: NDArray[np.int64],
    folds: int,
    *,
    groups: Sequence[str] = (),
    seed: int = 0,
) -> NDArray[np.int64]:
    """Return (n,) fold numbers as `assign_folds` does, each of several classes 0, 1, … spread evenly.

    Raises:
        InvalidInputError: as `assign_folds`.
    """
    _require_codes(patients, groups, classes.size)
    count = require_count(folds, name="folds", minimum=2)
    levels = int(classes.max()) + 1
    smallest = int(np.bincount(classes, minlength=max(levels, 2)).min())
    if smallest < count:
        raise InvalidInputError(
            f"folds: expected at least {count} patients of each class for {count} folds, got {smallest}. "
            "Use fewer folds or collect more patients."
        )
    number = np.empty(classes.size, dtype=np.int64)
    load = np.zeros((count, levels))
    # Linked patients first, while every fold still has room to balance them.
    for members in sorted(_shuffled_groups(patients, groups, seed), key=len, reverse=True):
        counts = np.bincount(classes[members], minlength=levels)
        fold = int(np.lexsort((load.sum(axis=1), load @ counts))[0])
        number[members] = fold
        load[fold] += counts
    if any(len(np.unique(classes[number != fold])) < levels for fold in range(count)):
        raise InvalidInputError(
            "groups: expected every class outside every fold; linked patients prevent it."
        )
    return number


def subset(cohort: LearningCohort, rows: NDArray[np.int64]) -> LearningCohort:
    """Return the cohort's rows, in the order given."""
    return replace(
        cohort,
        patients=tuple(cohort.patients[row] for row in rows),
        labels=cohort.labels[rows],
        dynamic=cohort.dynamic[rows],
        clinical=cohort.clinical[rows],
        groups=tuple(cohort.groups[row] for row in rows) if cohort.groups else (),
    )


def require_sound_cohort(cohort: LearningCohort) -> None:
    """Check shapes, types and values of a cohort.

    Raises:
        InvalidInputError: arrays that do not fit together, labels other than 0 and 1, codes twice, a patient
            without any feature, or nothing but missing values.
    """
    n = len(cohort.patients)
    require_labels(cohort.labels, name="labels")
    _require_codes(cohort.patients, cohort.groups, int(np.size(cohort.labels)))
    for name, matrix, columns in (
        ("dynamic", cohort.dynamic, len(cohort.feature_names)),
        ("clinical", cohort.clinical, len(CLINICAL_VARIABLES)),
    ):
        if not isinstance(matrix, np.ndarray) or matrix.dtype.kind != "f" or matrix.shape != (n, columns):
            raise InvalidInputError(
                f"{name}: expected a float array of {n} patients × {columns} columns, got "
                f"{getattr(matrix, 'shape', type(matrix).__name__)} of {getattr(matrix, 'dtype', '?')}."
            )
    empty = ~np.isfinite(cohort.dynamic).any(axis=1)
    if empty.all():
        raise InvalidInputError(
            "dynamic: expected features, got only missing values. Describe the clips first."
        )
    if empty.any():
        codes = [cohort.patients[row] for row in np.flatnonzero(empty)]
        raise InvalidInputError(
            f"dynamic: expected features for every patient, got none for {some(codes)}. "
            "Describe their clips, or leave them out and count them in the flow diagram."
        )


def require_no_leak(cohort: LearningCohort) -> None:
    """Look for the planted and the accidental leak inside one cohort.

    Raises:
        LeakageError: columns chosen beforehand, one patient under two codes, or the label among the
            predictors.
    """
    _require_whole_catalogue(cohort)
    _require_distinct_patients(cohort)
    _require_no_label(cohort.dynamic, cohort.labels, cohort.feature_names)
    _require_no_label(cohort.clinical, cohort.labels, CLINICAL_VARIABLES)


def _require_whole_catalogue(cohort: LearningCohort) -> None:
    if tuple(cohort.feature_names) != tuple(cohort.catalogue):
        missing = len(set(cohort.catalogue) - set(cohort.feature_names))
        raise LeakageError(
            f"{SELECTION_BEFORE_SPLIT}: expected all {len(cohort.catalogue)} measured columns in order, "
            f"got {len(cohort.feature_names)} ({missing} left out). Pass every column: choosing happens "
            "inside the folds."
        )


def _require_distinct_patients(cohort: LearningCohort) -> None:
    groups = cohort.groups or ("",) * len(cohort.patients)
    for first, second in near_duplicates(cohort.dynamic):
        if not groups[first] or groups[first] != groups[second]:
            raise LeakageError(
                f"{ONE_PATIENT_TWO_CODES}: {cohort.patients[first]} and {cohort.patients[second]} have the "
                "same features. Merge the codes, or give both one group so that no fold can divide them."
            )


def near_duplicates(features: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return pairs of rows whose standardised values differ by a root mean square below NEAR_DUPLICATE_RMS.

    Columns are standardised by their own spread; constant columns and missing values are left out of account.
    """
    finite = np.where(np.isfinite(features), features, np.nan)
    usable = np.isfinite(finite).all(axis=0)
    values = finite[:, usable]
    spread = values.std(axis=0)
    varying = spread > 1e-12 * np.abs(values).max(axis=0, initial=0.0)
    if not varying.any():
        return []
    z = (values[:, varying] - values[:, varying].mean(axis=0)) / spread[varying]
    norms = (z**2).sum(axis=1)
    distance = (norms[:, np.newaxis] + norms - 2.0 * z @ z.T) / z.shape[1]
    close = np.argwhere(np.triu(distance < NEAR_DUPLICATE_RMS**2, k=1))
    return [(int(a), int(b)) for a, b in close]


def _require_no_label(features: NDArray[np.float64], y: NDArray[np.int64], names: Sequence[str]) -> None:
    """Raise where a column separates the classes (almost) perfectly, beyond what chance could do."""
    positives, negatives = int(y.sum()), int((1 - y).sum())
    if min(positives, negatives) == 0:
        return
    separation = np.abs(column_aucs(features, y) - 0.5) + 0.5
    deviation = np.sqrt((positives + negatives + 1) / (12.0 * positives * negatives))
    by_chance = 2.0 * norm.sf((LABEL_ALARM_AUC - 0.5) / deviation) * len(names)
    alarmed = np.flatnonzero(separation >= LABEL_ALARM_AUC)
    if alarmed.size and by_chance < CHANCE_ALARM:
        raise LeakageError(
            f"{LABEL_AMONG_PREDICTORS}: {some([names[int(c)] for c in alarmed])} divide the classes "
            "perfectly. Leave out what is known only with the label, such as pathology."
        )


def _shuffled_groups(patients: Sequence[str], groups: Sequence[str], seed: int) -> Iterable[list[int]]:
    """Return lists of rows that belong together, in an order drawn from the seed and the patient codes."""
    together: dict[str, list[int]] = {}
    for row in sorted(range(len(patients)), key=lambda r: patients[r]):
        key = f"group {groups[row]}" if groups and groups[row] else f"patient {patients[row]}"
        together.setdefault(key, []).append(row)
    lists = list(together.values())
    order = np.random.default_rng(seed).permutation(len(lists))
    return [lists[i] for i in order]


def _require_codes(patients: Sequence[str], groups: Sequence[str], n: int) -> None:
    if len(patients) != n or (groups and len(groups) != n):
        raise InvalidInputError(
            f"expected one code, label and group a patient, got {len(patients)} codes, {n} labels "
            f"and {len(groups)} groups."
        )
    if len(set(patients)) != n:
        twice = sorted({code for code in patients if list(patients).count(code) > 1})
        raise InvalidInputError(f"patients: expected every code once, got {some(twice)} more than once.")
