"""What further analyses of an ensemble work on: its training patients, as they were when it was trained."""

import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.models import FeatureSet, Job, ModelVersion
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.learn import LearnedEnsemble, LearnParameters
from analysis.pipeline.types import DescribeParameters, LearningCohort
from analysis.pipeline.variants import RecordScores, record_scores
from analysis.runners.cohort import Case, cases_of, learning_cohort
from analysis.runners.described_otherwise import Otherwise, matrix_of
from analysis.runners.digests import parameters_of
from analysis.runners.her2_classes import RULES, Outcomes, class_of_patient
from analysis.runners.predict import opened_ensemble
from analysis.runners.ticker import JobTicker
from studies.models import Membership, Patient, Revision, Study
from studies.services.labels_of_record import label_of_record, outcome_of

MOST_JOBS = 4
GONE = (
    "{n} patients of this ensemble, or their features, are no longer in the study; train again, then repeat "
    "the analysis."
)
MOVED = (
    "Clinical values or linked patients changed since training, so the scores of the record could not be "
    "repeated exactly; these figures compare with scores fitted on the values of today."
)


class Ticker(Protocol):
    """What further analyses tell of their progress, and ask whether to stop."""

    def begin(self, stage: str, total: int = 0) -> None:
        """Name the stage that starts now."""

    def progress(self, done: int, total: int) -> None:
        """Report that `done` of `total` steps of this stage are finished."""

    def cancelled(self) -> bool:
        """Whether to stop."""


@dataclass(frozen=True, slots=True)
class Relabelled:
    """The training patients that have an outcome under a label rule, and why others have none.

    cohort: makes the arrays; raises InvalidInputError where nobody is left.
    """

    labels: Sequence[int]
    left_out: Mapping[str, int]
    cohort: Callable[[], LearningCohort]


@dataclass
class Bench(ABC):
    """One ensemble with its training patients, in the order of the ensemble.

    settings: those of training, with as many folds at a time as there are cores; cautions: sentences to store
    with whatever is found.
    """

    ensemble: LearnedEnsemble
    cohort: LearningCohort
    settings: LearnParameters
    ticker: Ticker
    cautions: list[str] = field(default_factory=list, init=False)
    _record: RecordScores | None = field(default=None, init=False)

    @property
    @abstractmethod
    def base(self) -> DescribeParameters:
        """How the clips of the record were described."""

    @abstractmethod
    def describe(
        self, otherwise: Otherwise, revisions: Sequence[Revision | None] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, int]]:
        """(n, 2184) features of the patients described otherwise, NaN rows where none, and reasons.

        revisions: other boxes than those of the record.
        """

    @property
    @abstractmethod
    def rule(self) -> str:
        """The label rule of the study."""

    @abstractmethod
    def outcomes(self, rule: str) -> list[bool | None]:
        """Outcomes of the patients under a label rule; None where it gives none."""

    @abstractmethod
    def outcome_pairs(self) -> list[Outcomes]:
        """Outcomes under every rule of all training patients with a reading."""

    @abstractmethod
    def under_rule(self, rule: str) -> Relabelled:
        """The training patients as they would be learned under a label rule."""

    @abstractmethod
    def classes(self) -> NDArray[np.int64]:
        """(n,) 0 zero, 1 low, 2 positive; -1 where the reading does not say."""

    @property
    def chosen(self) -> str:
        """The model of record."""
        return self.ensemble.chosen

    @property
    def size(self) -> dict[str, Any]:
        """What every stored document begins with."""
        labels = self.ensemble.training.labels
        return {"n": int(labels.size), "events": int(labels.sum()), "model": self.chosen}

    def record(self) -> RecordScores:
        """The chosen model fitted again fold by fold, once."""
        if self._record is None:
            self.ticker.begin("fitting the record fold by fold", total=self.settings.outer_folds)
            self._record = record_scores(
                self.cohort,
                self.chosen,
                self.ensemble.cutoffs[self.chosen],
                self.settings,
                progress=self.told,
                cancelled=self.ticker.cancelled,
            )
            if not np.array_equal(self._record.oof[self.chosen], self.ensemble.training.oof[self.chosen]):
                self.cautions.append(MOVED)
        return self._record

    def told(self, done: int, total: int, _stage: str) -> None:
        """Progress of the pipeline, as the ticker takes it."""
        self.ticker.progress(done, total)


@dataclass
class StudyBench(Bench):
    """The bench of a stored version."""

    job: Job
    version: ModelVersion
    cases: list[Case]

    @classmethod
    def of(cls, job: Job, ticker: JobTicker, version: ModelVersion) -> "StudyBench":
        """Collect what the version was trained on.

        Raises:
            InvalidInputError: patients or features that are no longer there.
        """
        ensemble = opened_ensemble(version)
        cases = cases_of_version(version, ensemble)
        cohort, settings = learning_cohort(job.study, cases), with_all_cores(ensemble.parameters)
        return cls(ensemble, cohort, settings, ticker, job, version, cases)

    @property
    def study(self) -> Study:
        """The study of the ensemble."""
        return self.job.study

    @property
    def base(self) -> DescribeParameters:
        """As the study froze it."""
        return parameters_of(self.study)

    def describe(
        self, otherwise: Otherwise, revisions: Sequence[Revision | None] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, int]]:
        """From the stored cines; what was computed before is read again."""
        wanted = [case.features.revision for case in self.cases] if revisions is None else revisions
        self.ticker.begin(f"computing features: {otherwise.variant}", total=len(wanted))
        features, reasons = matrix_of(
            wanted, otherwise, progress=self.ticker.progress, cancelled=self.ticker.cancelled
        )
        return features, dict(Counter(reason for reason in reasons if reason))

    @property
    def rule(self) -> str:
        """As the study froze it."""
        return self.study.label_rule

    def outcomes(self, rule: str) -> list[bool | None]:
        """From the readings of record."""
        return [outcome_of(label_of_record(case.patient), rule) for case in self.cases]

    def outcome_pairs(self) -> list[Outcomes]:
        """Of everybody on the training side whose reading is final, with or without a cine."""
        patients = self.study.patients.filter(membership__side=Membership.Side.TRAINING)
        labels = (label_of_record(one) for one in patients.prefetch_related("specimens__labels"))
        known = [label for label in labels if label is not None]
        return [tuple(outcome_of(label, rule) for rule in RULES) for label in known]

    def under_rule(self, rule: str) -> Relabelled:
        """From the rows as they are now."""
        cases, left_out = cases_of(self.study, Membership.Side.TRAINING, rule=rule)
        labels = [int(case.outcome) for case in cases]
        return Relabelled(labels, Counter(left_out.values()), lambda: learning_cohort(self.study, cases))

    def classes(self) -> NDArray[np.int64]:
        """By the readings of record."""
        return np.array([class_of_patient(case.patient) for case in self.cases], dtype=np.int64)


def with_all_cores(settings: LearnParameters) -> LearnParameters:
    """As many folds at a time as there are cores; the result does not depend on it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return replace(settings, jobs=min(MOST_JOBS, cores))


def cases_of_version(version: ModelVersion, ensemble: LearnedEnsemble) -> list[Case]:
    """The training patients in the ensemble's order, with the features and outcomes they had in training."""
    kept: dict[str, list[Any]] = version.training_snapshot["patients"]
    patients = Patient.objects.filter(pk__in=kept).select_related("clinical", "site", "study", "index_clip")
    by_pk = {str(patient.pk): patient for patient in patients.prefetch_related("specimens__labels")}
    sets = FeatureSet.objects.filter(digest__in=[digest for digest, _ in kept.values()])
    by_digest = {row.digest: row for row in sets.select_related("clip", "revision__track__clip")}
    cases = [
        Case(by_pk[pk], by_digest[kept[pk][0]], bool(kept[pk][1]))
        for pk in ensemble.training.patients
        if pk in by_pk and kept[pk][0] in by_digest
    ]
    if len(cases) < len(ensemble.training.patients):
        raise InvalidInputError(GONE.format(n=len(ensemble.training.patients) - len(cases)))
    return cases
