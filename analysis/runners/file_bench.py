"""Further analyses of a study from files: the same as on the Models page, without rows and without jobs."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
from analysis.runners import otherwise as ways
from analysis.runners.bench import Bench, Relabelled, Ticker
from analysis.runners.described_otherwise import Otherwise
from analysis.runners.held_out import LookedAt
from analysis.runners.her2_classes import RULES, UNCLASSED, Outcomes, class_of_reading
from analysis.runners.other_labels import label_rules, three_way_her2
from analysis.runners.otherwise import box_jitter, masks, rings
from analysis.runners.study_files import FilePatient, cohort_of, describe_patient
from analysis.runners.supplement_basics import basics_of_report, basics_of_training
from analysis.runners.supplements import curve, outside, shuffle
from analysis.services.program import code_digest
from studies.models import Revision, Study

Kind, Cohort = Supplement.Kind, Evaluation.Cohort
Documents = dict[tuple[str, str], dict[str, Any]]

QUICK: dict[str, Callable[[Bench], dict[str, Any]]] = {
    Kind.SHUFFLE: shuffle, Kind.LEARNING_CURVE: curve, Kind.LABEL_RULES: label_rules,
    Kind.THREE_WAY: three_way_her2,
}  # fmt: skip
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
    source: "CineSource"

    @property
    def base(self) -> DescribeParameters:
        """The units and the band that all cines of the study meet."""
        return self.source.parameters

    def describe(
        self, otherwise: Otherwise, revisions: Sequence[Revision | None] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, int]]:
        """From the cines; what was computed before is read again."""
        if revisions is not None:
            raise InvalidInputError("A study from files has no boxes of readers.")
        return self.source.describe(self.patients, otherwise, self.ticker)

    @property
    def rule(self) -> str:
        """A study from files is learned by the guideline's call."""
        return str(Study.LabelRule.ASCO_CAP)

    def outcomes(self, rule: str) -> list[bool | None]:
        """From pathology.csv."""
        return [patient.reading.outcome(rule) if patient.reading else None for patient in self.patients]

    def outcome_pairs(self) -> list[Outcomes]:
        """Of the training patients, all of whom have a reading and a cine."""
        return list(zip(*(self.outcomes(rule) for rule in RULES), strict=True))

    def under_rule(self, rule: str) -> Relabelled:
        """The training patients again, with the outcomes of another rule."""
        outcomes = self.outcomes(rule)
        kept = [
            (one, int(value)) for one, value in zip(self.patients, outcomes, strict=True) if value is not None
        ]
        labels = [value for _one, value in kept]
        missing = len(outcomes) - len(kept)

        def cohort() -> LearningCohort:
            found = cohort_of([one for one, _value in kept])
            return replace(found, labels=np.array(labels, dtype=np.int64))

        return Relabelled(labels, {"no final HER2 label": missing} if missing else {}, cohort)

    def classes(self) -> NDArray[np.int64]:
        """By the readings of pathology.csv."""
        return classes_of(self.patients)


@dataclass
class FileLook(LookedAt):
    """Test patients of a study from files."""

    judged: LearningCohort
    patients: Sequence[FilePatient]
    source: "CineSource"
    ticker: BarTicker

    def describe(self, otherwise: Otherwise) -> tuple[NDArray[np.float64], dict[str, int]]:
        """From the cines; what was computed before is read again."""
        return self.source.describe(self.patients, otherwise, self.ticker)

    def cohort(self) -> LearningCohort:
        """As it is judged."""
        return self.judged

    def classes(self) -> NDArray[np.int64]:
        """By the readings of pathology.csv."""
        return classes_of(self.patients)


@dataclass(frozen=True)
class CineSource:
    """Where the cines are, and how they are described."""

    videos: Path
    cache: Path
    detector: Detector
    parameters: DescribeParameters

    def describe(
        self, patients: Sequence[FilePatient], otherwise: Otherwise, ticker: Ticker
    ) -> tuple[NDArray[np.float64], dict[str, int]]:
        """(n, 2184) features of patients described otherwise, NaN rows where none, and reasons."""
        ticker.begin(f"computing features: {otherwise.variant}", total=len(patients))
        rows, reasons = [], []
        for done, patient in enumerate(patients, start=1):
            again, folder = FilePatient(patient.clinical), self.videos / patient.clinical.patient
            describe_patient(again, folder, self.cache, self.detector, otherwise.parameters, otherwise.moved)
            missing = again.dynamic is None
            rows.append(np.full(len(DYNAMIC_FEATURES), np.nan) if missing else again.dynamic)
            reasons.append(again.reason if missing else "")
            ticker.progress(done, len(patients))
        return np.vstack(rows), dict(Counter(reason for reason in reasons if reason))


def classes_of(patients: Iterable[FilePatient]) -> NDArray[np.int64]:
    """(n,) 0 zero, 1 low, 2 positive; -1 where the reading does not say."""
    readings = [patient.reading for patient in patients]
    found = [class_of_reading(one.call, one.category) if one else UNCLASSED for one in readings]
    return np.array(found, dtype=np.int64)


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
    """The further analyses of one effort; what is not possible says why.

    Each is kept under the digest of what it was made from, so that a study that was stopped goes on after it.
    """
    made: Documents = {}
    for kind, analyse in EFFORTS[effort].items():
        stored = bench.source.cache / f"{kind}-{_bench_digest(bench, kind)}.json"
        if not stored.is_file():
            part = stored.with_suffix(".part")
            part.write_text(json.dumps(_document(bench, analyse)), encoding="utf-8")
            part.replace(stored)
        made[str(kind), str(Cohort.OUT_OF_FOLD)] = json.loads(stored.read_text(encoding="utf-8"))
    return made


def _document(bench: FileBench, analyse: Callable[[Bench], dict[str, Any]]) -> dict[str, Any]:
    bench.cautions.clear()
    reason, found = "", bench.size
    try:
        found |= analyse(bench)
    except InvalidInputError as error:
        reason = str(error)
    return jsonable({**found, "reason": reason, "cautions": list(bench.cautions)})


def _bench_digest(bench: FileBench, kind: str) -> str:
    """SHA-256 of the program, the ensemble's scores, the patients with their readings, and the parameters."""
    record = bench.ensemble.training
    settings = replace(bench.settings, jobs=1)  # how many folds at a time changes nothing
    parts = [
        kind, code_digest(), jsonable(settings), asdict(bench.base), bench.source.detector.digest,
        bench.chosen, ways.RINGS_MM, ways.MASK_KINDS, ways.JITTERS, ways.DRAWS,
        [[one.clinical.patient, one.file_digest, asdict(one.reading) if one.reading else None]
         for one in bench.patients],
    ]  # fmt: skip
    total = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode())
    for model in sorted(record.oof):
        total.update(np.ascontiguousarray(record.oof[model]).tobytes())
    total.update(np.ascontiguousarray(bench.cohort.clinical).tobytes())
    return total.hexdigest()


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
