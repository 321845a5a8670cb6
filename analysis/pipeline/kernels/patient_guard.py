"""The guard between training and test patients: it knows them only as hashes (HONESTY D.3, G1).

A guard that finds a leak raises LeakageError; its message starts with the leak's name, one of LEAKS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import LeakageError
from analysis.pipeline.types import LearningCohort

TEST_PATIENT_IN_TRAINING = "test_patient_in_training"
ONE_PATIENT_TWO_CODES = "one_patient_two_codes"
LABEL_AMONG_PREDICTORS = "label_among_predictors"
SELECTION_BEFORE_SPLIT = "selection_before_split"
LEAKS = (TEST_PATIENT_IN_TRAINING, ONE_PATIENT_TWO_CODES, LABEL_AMONG_PREDICTORS, SELECTION_BEFORE_SPLIT)

# Rows are compared after rounding to single precision, the coarsest form in which features are stored.
STORED_AS = np.float32
# Patients or columns named in one message.
NAMED = 5


@dataclass(frozen=True, slots=True)
class PatientGuard:
    """Knows patients only as hashes: of their codes, of their groups, and of their feature rows."""

    codes: frozenset[str]
    groups: frozenset[str]
    rows: frozenset[str]

    @classmethod
    def of(cls, cohort: LearningCohort) -> "PatientGuard":
        """Remember the patients of a cohort."""
        return cls(
            codes=frozenset(hash_text(code) for code in cohort.patients),
            groups=frozenset(hash_text(group) for group in cohort.groups),
            rows=frozenset(row_hashes(cohort.dynamic)),
        )

    def require_absent(self, cohort: LearningCohort, purpose: str) -> None:
        """Raise LeakageError where a remembered patient is in the cohort, under the same code or another.

        purpose: what the cohort is about to be used for, named in the message.
        """
        known = [code for code in cohort.patients if hash_text(code) in self.codes]
        if known:
            raise LeakageError(
                f"{TEST_PATIENT_IN_TRAINING}: {purpose} must not see patients of the other set, got "
                f"{some(known)}. Keep every patient on the side of the sealed split."
            )
        pairs = zip(cohort.patients, cohort.groups or ("",) * len(cohort.patients), strict=True)
        linked = [code for code, group in pairs if group and hash_text(group) in self.groups]
        rows = zip(cohort.patients, row_hashes(cohort.dynamic), strict=True)
        copied = [code for code, row in rows if row in self.rows]
        if linked or copied:
            raise LeakageError(
                f"{ONE_PATIENT_TWO_CODES}: {purpose} met {some(linked or copied)}, who share a hospital "
                "number or identical features with a patient of the other set. Merge the codes, split again."
            )


def row_hashes(features: NDArray[np.float64]) -> tuple[str, ...]:
    """Return a hash of every row's values, equal for rows that are equal in single precision."""
    with np.errstate(over="ignore"):
        stored = np.ascontiguousarray(features.astype(STORED_AS)) + STORED_AS(0.0)
    return tuple(sha256(row.tobytes()).hexdigest() for row in stored)


def hash_text(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()


def some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
