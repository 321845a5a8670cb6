"""A whole study from files, without a database: tables and cines -> features -> ensemble -> reports.

Every described cine is kept in the output folder under the digest of its bytes, so that an interrupted run
goes on where it was.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.describe import describe_clip, digest
from analysis.pipeline.detector import Detector
from analysis.pipeline.errors import InvalidInputError, PipelineError
from analysis.pipeline.kernels.cohort_files import MANIFEST_FILE
from analysis.pipeline.kernels.synthetic_dicom import MANUFACTURER
from analysis.pipeline.tracking import non_compliance, repair, sentences
from analysis.pipeline.types import DescribeParameters, LearningCohort
from studies.errors import StudiesError
from studies.imaging.cine import inspect_file, iter_frames
from studies.imaging.types import CineInfo
from studies.models import Study
from studies.rules.her2 import Ish, amplified, classify, paper_label

CLINICAL_COLUMNS = ("patient", "age", "size_cm", "menopause", "cT", "cN", "cTNM")
PATHOLOGY_COLUMNS = (
    "patient", "specimen", "ihc_score", "probe", "her2_copies", "cep17_copies", "ratio", "cells",
)  # fmt: skip
STAGES = {"I": 1, "II": 2, "III": 3, "IV": 4}
SPECIMEN_ORDER = ("excision", "core")
INPUT_SIZE_PX = 320
FINAL = {"POSITIVE": 1, "NEGATIVE": 0}


@dataclass(frozen=True, slots=True)
class ClinicalRow:
    """One row of clinical.csv; None where a cell is empty."""

    patient: str
    age_years: float | None
    size_cm: float | None
    menopause: float | None
    c_t: float | None
    c_n: float | None
    c_tnm: str

    def vector(self) -> NDArray[np.float64]:
        """(6,) in the order of CLINICAL_VARIABLES, NaN where missing."""
        stage = float(STAGES[self.c_tnm]) if self.c_tnm in STAGES else None
        values = (self.age_years, self.size_cm, self.menopause, self.c_t, self.c_n, stage)
        return np.array([np.nan if value is None else value for value in values])


@dataclass(frozen=True, slots=True)
class FileReading:
    """What the reading of record of one patient says: the call, the paper's literal label, the descriptor."""

    call: str
    paper: str = ""
    category: str = ""

    def outcome(self, rule: str) -> bool | None:
        """True for HER2-positive, False for negative, None where the rule gives no outcome."""
        word = self.call if rule == Study.LabelRule.ASCO_CAP else self.paper
        return {"POSITIVE": True, "NEGATIVE": False}.get(word)


@dataclass(slots=True)
class FilePatient:
    """One patient of a study from files, and why it cannot be used, where it cannot."""

    clinical: ClinicalRow
    reading: FileReading | None = None
    dynamic: NDArray[np.float64] | None = None
    fps: float | None = None
    calibrated: bool = False
    file_digest: str = ""
    scanner: str = ""
    reason: str = ""
    qc: dict[str, object] = field(default_factory=dict)

    @property
    def label(self) -> int | None:
        """1 positive, 0 negative by the call; None without a final one."""
        return None if self.reading is None else FINAL.get(self.reading.call)


def read_rows(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a CSV. Raises InvalidInputError for a missing file or column, or a wrong encoding."""
    if not path.is_file():
        raise InvalidInputError(f"Expected the table {path}, found none; check the path.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            rows = list(reader)
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{path.name}: expected UTF-8, byte {error.start} is none; save it again."
        ) from error
    if missing:
        raise InvalidInputError(f"{path.name}: the columns {', '.join(missing)} are missing; add them.")
    return rows


def read_clinical(path: Path) -> dict[str, ClinicalRow]:
    """Patients by code. Raises InvalidInputError naming line and column of a cell that cannot be read."""
    rows: dict[str, ClinicalRow] = {}
    for line, row in enumerate(read_rows(path, CLINICAL_COLUMNS), start=2):
        code = row["patient"].strip()
        if not code or code in rows:
            raise InvalidInputError(f"{path.name} line {line}: the patient code is empty or there twice.")

        def number(name: str, row: dict[str, str] = row, line: int = line) -> float | None:
            text = (row[name] or "").strip()
            try:
                return float(text) if text else None
            except ValueError as error:
                raise InvalidInputError(
                    f"{path.name} line {line}, column {name}: expected a number, got {text!r}."
                ) from error

        stage = (row["cTNM"] or "").strip().rstrip("ABC")
        stage = {"1": "I", "2": "II", "3": "III", "4": "IV"}.get(stage, stage)
        rows[code] = ClinicalRow(
            code, number("age"), number("size_cm"), number("menopause"), number("cT"), number("cN"), stage
        )
    return rows


def read_readings(path: Path) -> dict[str, FileReading]:
    """Code -> the reading of record: the first final one, excision before core."""
    found: dict[str, dict[str, FileReading]] = {}
    for line, row in enumerate(read_rows(path, PATHOLOGY_COLUMNS), start=2):
        try:
            reading = _reading(row)
        except (StudiesError, ValueError) as error:
            raise InvalidInputError(f"{path.name} line {line}: {error}") from error
        found.setdefault(row["patient"].strip(), {}).setdefault(row["specimen"].strip(), reading)
    readings = {}
    for code, by_kind in found.items():
        known = [by_kind[kind] for kind in SPECIMEN_ORDER if kind in by_kind]
        final = [reading for reading in known if reading.call in FINAL]
        readings[code] = final[0] if final else next(iter(by_kind.values()))
    return readings


def _reading(row: dict[str, str]) -> FileReading:
    """One specimen through the rule engine: ASCO/CAP and the paper's literal rule."""
    score, ish = row["ihc_score"] or None, _ish(row)
    result = classify(ihc_score=score, ish=ish)
    literal = paper_label(ihc_score=score, amplified=amplified(ish) if ish else None)
    return FileReading(str(result.call), str(literal), str(result.category or ""))


def _ish(row: dict[str, str]) -> Ish | None:
    if not row["probe"]:
        return None
    copies = {
        name: float(row[name]) if row[name] else None for name in ("her2_copies", "cep17_copies", "ratio")
    }
    return Ish(probe=row["probe"], cells=int(row["cells"]) if row["cells"] else None, **copies)  # type: ignore[arg-type]


Moved = Callable[[str, NDArray[np.float64]], NDArray[np.float64]]
"""What is done to the boxes (T, 4) of a cine, named by its digest, before they are described."""


def describe_patient(
    patient: FilePatient,
    folder: Path,
    cache: Path,
    detector: Detector,
    parameters: DescribeParameters,
    moved: Moved | None = None,
) -> None:
    """Describe the first usable cine of a patient's folder; what was described before is read again."""
    files = sorted(item for item in folder.iterdir() if item.is_file()) if folder.is_dir() else []
    patient.reason = "no cine" if not files else ""
    for file in files:
        try:
            info = inspect_file(file)
            if info.is_still:
                patient.reason = "only a still image"
                continue
            _describe_file(patient, file, info, cache, detector, parameters, moved)
        except (StudiesError, PipelineError) as error:
            patient.reason = str(error)
            continue
        return


def _describe_file(
    patient: FilePatient,
    file: Path,
    info: CineInfo,
    cache: Path,
    detector: Detector,
    parameters: DescribeParameters,
    moved: Moved | None,
) -> None:
    patient.file_digest, patient.fps = info.source_sha256, info.fps
    patient.calibrated, patient.scanner = info.spacing_mm is not None, scanner_of(info.acquisition)
    boxes, qc = _track(file, info, cache, detector)
    if moved is not None:
        boxes = moved(info.source_sha256, boxes)
    stored = cache / f"{digest(parameters, boxes, info.source_sha256)}.npz"
    if not stored.is_file():
        described = describe_clip(
            iter_frames(file, colour=info.colour),
            boxes,
            fps=info.fps,
            spacing_mm=info.spacing_mm,
            times_s=None if info.frame_times_ms is None else np.asarray(info.frame_times_ms) / 1000.0,
            parameters=parameters,
        )
        _save(stored, dynamic=described.dynamic, qc=np.array(json.dumps(qc)))
    with np.load(stored, allow_pickle=False) as data:
        patient.dynamic, patient.qc = data["dynamic"], json.loads(str(data["qc"]))
    if non_compliance(patient.qc):
        patient.reason = "not compliant: " + " ".join(sentences(patient.qc))


def _track(
    file: Path, info: CineInfo, cache: Path, detector: Detector
) -> tuple[NDArray[np.float64], dict[str, object]]:
    """The repaired boxes (T, 4) of a cine and their record; the detector runs once a cine."""
    stored = cache / f"track-{_digest(info.source_sha256, detector.digest)}.npz"
    if not stored.is_file():
        found = detector.detect(iter_frames(file), size=INPUT_SIZE_PX)
        track = repair(found, (info.height, info.width))
        _save(stored, boxes=track.boxes, qc=np.array(json.dumps(dict(track.qc))))
    with np.load(stored, allow_pickle=False) as data:
        return data["boxes"], json.loads(str(data["qc"]))


def _save(path: Path, **arrays: NDArray[np.generic]) -> None:
    """Write arrays so that the file appears only when it is whole."""
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
    part.replace(path)


def scanner_of(acquisition: Mapping[str, object]) -> str:
    """Maker and model of the machine, as far as the file says."""
    return " ".join(str(acquisition[name]) for name in ("manufacturer", "model") if acquisition.get(name))


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def common_parameters(patients: Iterable[FilePatient]) -> DescribeParameters:
    """The units that every cine can meet, and the common band (SCIENCE 2.5)."""
    known = [patient for patient in patients if patient.dynamic is not None]
    rates = [patient.fps for patient in known]
    timed = bool(rates) and all(rate is not None for rate in rates)
    calibrated = bool(known) and all(patient.calibrated for patient in known)
    return DescribeParameters(
        time_base="hz" if timed else "cycles",
        spacing_base="mm" if calibrated else "px",
        fmax=min(rate for rate in rates if rate is not None) / 2 if timed else None,
    )


def usable(patients: Iterable[FilePatient]) -> list[FilePatient]:
    """Patients with compliant features and a final label."""
    return [p for p in patients if p.dynamic is not None and not p.reason and p.label is not None]


def is_simulated(patients: Iterable[FilePatient], *places: Path) -> bool:
    """Whether a cine was drawn by `synthesise`, or a manifest beside the tables or the videos says so."""
    if any(patient.scanner.startswith(MANUFACTURER) for patient in patients):
        return True
    return any(_says_simulated(place.parent / MANIFEST_FILE) for place in places)


def _says_simulated(manifest: Path) -> bool:
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("simulated") is True


def cohort_of(patients: list[FilePatient]) -> LearningCohort:
    """Assemble the arrays; patients who share a file share a group."""
    if not patients:
        raise InvalidInputError(
            "No patient can be used: each needs a compliant cine, a clinical row and a final HER2 label. "
            "The file excluded.csv says what is missing for whom."
        )
    return LearningCohort(
        patients=tuple(p.clinical.patient for p in patients),
        labels=np.array([p.label for p in patients], dtype=np.int64),
        dynamic=np.vstack([p.dynamic for p in patients]),  # type: ignore[misc]
        clinical=np.vstack([p.clinical.vector() for p in patients]),
        groups=tuple(p.file_digest for p in patients),
    )


def describe_all(
    patients: list[FilePatient],
    videos: Path,
    cache: Path,
    detector: Detector,
    progress: Callable[[int, int], None],
) -> DescribeParameters:
    """Describe every cine, freeze the common base, and describe again on it what was described on another."""
    cache.mkdir(parents=True, exist_ok=True)
    first = DescribeParameters()
    for number, patient in enumerate(patients, start=1):
        describe_patient(patient, videos / patient.clinical.patient, cache, detector, first)
        progress(number, 2 * len(patients))
    chosen = common_parameters(patients)
    for number, patient in enumerate(patients, start=1):
        describe_patient(patient, videos / patient.clinical.patient, cache, detector, chosen)
        progress(len(patients) + number, 2 * len(patients))
    return chosen
