"""Further analyses of a study from files: the same as on the Models page, without rows and without jobs."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.models import Evaluation, Supplement
from analysis.pipeline.detector import Detector
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cohort_report import CohortReport, jsonable
from analysis.pipeline.kernels.subgroups import PatientFacts
from analysis.pipeline.learn import Learned
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.pipeline.types import DescribeParameters, LearningCohort
from analysis.runners.bench import Bench
from analysis.runners.described_otherwise import Otherwise
from analysis.runners.otherwise import box_jitter, masks, rings
from analysis.runners.study_files import FilePatient, describe_patient
from analysis.runners.supplement_basics import basics_of_report, basics_of_training
from analysis.runners.supplements import curve, outside, shuffle
from studies.models import Revision

Kind, Cohort = Supplement.Kind, Evaluation.Cohort
Documents = dict[tuple[str, str], dict[str, Any]]

QUICK: dict[str, Callable[[Bench], dict[str, Any]]] = {Kind.SHUFFLE: shuffle, Kind.LEARNING_CURVE: curve}
LONG: dict[str, Callable[[Bench], dict[str, Any]]] = {
    **QUICK, Kind.BOX_JITTER: box_jitter, Kind.MASKS: masks, Kind.RINGS: rings, Kind.OUTSIDE: outside,
}  # fmt: skip
EFFORTS: dict[str, dict[str, Callable[[Bench], dict[str, Any]]]] = {"none": {}, "quick": QUICK, "all": LONG}
"""Which further analyses are made; those that need readers' boxes need the application."""


class BarTicker:
    """The progress of further analyses as a bar on the terminal."""

    def __init__(self, bar: Callable[[str], Callable[[int, int], None]]) -> None:
        self._bar = bar
        self._told: Callable[[int, int], None] = lambda done, total: None

    def begin(self, stage: str, total: int = 0) -> None:
        """Start a bar of its own for this stage."""
        self._told = self._bar(stage)

    def progress(self, done: int, total: int) -> None:
        """Move the bar."""
        self._told(done, total)

    def cancelled(self) -> bool:
        """A study from files is stopped with Ctrl+C."""
        return False


@dataclass
class FileBench(Bench):
    """The bench of a study from files; patients in the order of the ensemble."""

    patients: Sequence[FilePatient]
    videos: Path
    cache: Path
    detector: Detector
    parameters: DescribeParameters

    @property
    def base(self) -> DescribeParameters:
        """The units and the band that all cines of the study meet."""
        return self.parameters

    def describe(
        self, otherwise: Otherwise, revisions: Sequence[Revision | None] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, int]]:
        """From the cines; what was computed before is read again."""
        if revisions is not None:
            raise InvalidInputError("A study from files has no boxes of readers.")
        self.ticker.begin(f"computing features: {otherwise.variant}", total=len(self.patients))
        rows, reasons = [], []
        for done, patient in enumerate(self.patients, start=1):
            again = FilePatient(patient.clinical)
            folder = self.videos / patient.clinical.patient
            describe_patient(again, folder, self.cache, self.detector, otherwise.parameters, otherwise.moved)
            missing = again.dynamic is None
            rows.append(np.full(len(DYNAMIC_FEATURES), np.nan) if missing else again.dynamic)
            reasons.append(again.reason if missing else "")
            self.ticker.progress(done, len(self.patients))
        return np.vstack(rows), dict(Counter(reason for reason in reasons if reason))


def facts_of_files(patients: Iterable[FilePatient]) -> dict[str, PatientFacts]:
    """Patient to what is known from the tables and the cine; a study from files has no site."""
    return {patient.clinical.patient: _facts(patient) for patient in patients}


def _facts(patient: FilePatient) -> PatientFacts:
    def number(name: str) -> float | None:
        value = patient.qc.get(name)
        return None if value is None else float(value)  # type: ignore[arg-type]

    clinical = patient.clinical
    return PatientFacts(
        scanner=patient.scanner,
        box_source="model",
        age_years=clinical.age_years,
        size_cm=clinical.size_cm,
        c_t=clinical.c_t,
        interpolated=number("interp_rate"),
        n_frames=number("n_frames"),
        n_used=number("used"),
        fps=patient.fps,
        coverage=number("coverage"),
    )


def basic_documents(
    learned: Learned, training: LearningCohort, test: CohortReport, facts: Mapping[str, PatientFacts]
) -> Documents:
    """What is stored with every training and every look."""
    oof = basics_of_training(learned, training, facts)
    judged = basics_of_report(test, learned.ensemble.chosen, facts)
    return {(str(kind), str(Cohort.OUT_OF_FOLD)): found for kind, found in oof.items()} | {
        (str(kind), str(Cohort.TEST)): found for kind, found in judged.items()
    }


def further_documents(bench: FileBench, effort: str) -> Documents:
    """The further analyses of one effort; what is not possible says why."""
    made: Documents = {}
    for kind, analyse in EFFORTS[effort].items():
        bench.cautions.clear()
        reason, found = "", bench.size
        try:
            found |= analyse(bench)
        except InvalidInputError as error:
            reason = str(error)
        document = {**found, "reason": reason, "cautions": list(bench.cautions)}
        made[str(kind), str(Cohort.OUT_OF_FOLD)] = jsonable(document)
    return made


def in_order(patients: Sequence[FilePatient], wanted: Sequence[str]) -> list[FilePatient]:
    """The patients of an ensemble, in its order."""
    by_code = {patient.clinical.patient: patient for patient in patients}
    return [by_code[code] for code in wanted]


def ordered(cohort: LearningCohort, wanted: Sequence[str]) -> LearningCohort:
    """The cohort's rows in the order of an ensemble."""
    rows = np.array([cohort.patients.index(code) for code in wanted])
    return replace(
        cohort,
        patients=tuple(wanted),
        labels=cohort.labels[rows],
        dynamic=cohort.dynamic[rows],
        clinical=cohort.clinical[rows],
        groups=tuple(cohort.groups[row] for row in rows) if cohort.groups else (),
    )
