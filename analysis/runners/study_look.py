"""The test side of a stored study, and which further analyses a look at it judges too."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.models import Evaluation, Job, ModelVersion
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.types import LearningCohort
from analysis.runners.bench import StudyBench
from analysis.runners.cohort import Case
from analysis.runners.described_otherwise import Otherwise, matrix_of
from analysis.runners.held_out import HELD_OUT_KINDS, Frozen, LookedAt, freeze
from analysis.runners.her2_classes import class_of_patient
from analysis.runners.ticker import JobTicker


@dataclass
class StudyLook(LookedAt):
    """Test patients from rows."""

    judged: LearningCohort
    cases: list[Case]
    ticker: JobTicker

    def describe(self, otherwise: Otherwise) -> tuple[NDArray[np.float64], dict[str, int]]:
        """From the stored cines; what was computed before is read again."""
        self.ticker.begin(f"computing features: {otherwise.variant}", total=len(self.cases))
        features, reasons = matrix_of(
            [case.features.revision for case in self.cases],
            otherwise,
            progress=self.ticker.progress,
            cancelled=self.ticker.cancelled,
        )
        return features, dict(Counter(reason for reason in reasons if reason))

    def cohort(self) -> LearningCohort:
        """As it is judged."""
        return self.judged

    def classes(self) -> NDArray[np.int64]:
        """By the readings of record."""
        return np.array([class_of_patient(case.patient) for case in self.cases], dtype=np.int64)


def frozen_of(job: Job, ticker: JobTicker, version: ModelVersion, side: LookedAt) -> Frozen:
    """Freeze the further analyses that were made out of fold before this look."""
    stored = stored_out_of_fold(version)
    if not stored:
        return Frozen()
    ticker.begin("collecting the training patients")
    try:
        bench = StudyBench.of(job, ticker, version)
    except InvalidInputError as error:
        return Frozen(reasons=dict.fromkeys(stored, str(error)))
    return freeze(bench, side, stored)


def stored_out_of_fold(version: ModelVersion) -> Mapping[str, Mapping[str, Any]]:
    """Kind to the newest document with figures of those analyses that a look judges too."""
    rows = version.supplements.filter(kind__in=HELD_OUT_KINDS, cohort=Evaluation.Cohort.OUT_OF_FOLD)
    newest = {row.kind: row.results for row in rows.order_by("created_at")}
    return {kind: results for kind, results in newest.items() if not results.get("reason")}
