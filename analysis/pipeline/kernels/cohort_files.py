"""The files of a synthetic cohort: tables, truth boxes and the manifest that says that all is simulated."""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cohort_pathology import PathologyRow
from analysis.pipeline.kernels.cohort_table import SyntheticPatient, clinical_strength
from analysis.pipeline.kernels.scene import (
    CALCIFICATIONS_MEAN,
    CALCIFICATIONS_SHIFT,
    PLANTED_EFFECT,
    SceneParameters,
)

CLIP_NAME = "cine_01"
CLINICAL_FILE, PATHOLOGY_FILE, MANIFEST_FILE = "clinical.csv", "pathology.csv", "manifest.json"
CLINICAL_HEADER = ("patient", "age", "size_cm", "menopause", "cT", "cN", "cTNM")
PATHOLOGY_HEADER = tuple(field.name for field in fields(PathologyRow))
GENERATOR = "HER2Web synthesis 1"
NOTICE = "SIMULATED patients. The difference between HER2-positive and -negative is planted, not biology."


@dataclass(frozen=True, slots=True)
class WrittenPatient:
    """What was written for one patient: {relative path: SHA-256} and the scene it was drawn from."""

    code: str
    files: dict[str, str]
    scene: SceneParameters


def video_path(code: str) -> str:
    """Relative path of a patient's cine."""
    return f"videos/{code}/{CLIP_NAME}.dcm"


def truth_path(code: str) -> str:
    """Relative path of a patient's true boxes."""
    return f"truth/{code}.json"


def save(folder: Path, relative: str, content: bytes) -> tuple[str, str]:
    """Write a file under `folder`, making its parents. Returns its relative path and SHA-256."""
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return relative, hashlib.sha256(content).hexdigest()


def prepare_folder(folder: Path, planned: Iterable[str]) -> None:
    """Make `folder` ready: create it, or remove the files of the synthetic cohort that its manifest lists.

    Leaves an unfinished manifest of the planned files, so that an interrupted cohort can be replaced too.

    Raises InvalidInputError when it is a file, or holds anything that no synthetic manifest lists.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"expected a folder to write to, got the file {folder}")
    manifest = folder / MANIFEST_FILE
    if manifest.is_file():
        for relative in _listed_files(manifest):
            _remove(folder / relative)
        manifest.unlink()
    if folder.exists() and any(path.is_file() for path in folder.rglob("*")):
        raise InvalidInputError(
            f"expected a new or empty folder, or an earlier synthetic cohort, got {folder} with other files; "
            "choose another folder"
        )
    unfinished = {"simulated": True, "complete": False, "files": dict.fromkeys(planned, "")}
    save(folder, MANIFEST_FILE, json.dumps(unfinished).encode())


def _remove(path: Path) -> None:
    """Delete a file, and its folder when that is empty then."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _listed_files(manifest: Path) -> list[str]:
    """Relative paths of a synthetic manifest that stay inside its folder; none if it is not one of ours."""
    try:
        content = json.loads(manifest.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError):
        content = None
    files = content.get("files") if isinstance(content, dict) and content.get("simulated") is True else None
    if not isinstance(files, dict):
        raise InvalidInputError(f"expected the manifest of a synthetic cohort, got another {manifest}")
    root = manifest.parent.resolve()
    return [path for path in files if (root / path).resolve().is_relative_to(root)]


def _table(header: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def clinical_csv(patients: Iterable[SyntheticPatient]) -> str:
    """patient,age,size_cm,menopause,cT,cN,cTNM: whole years, cm to 1 mm, 0/1, stages as whole numbers."""
    return _table(CLINICAL_HEADER, ({**asdict(patient), "patient": patient.code} for patient in patients))


def pathology_csv(rows: Iterable[PathologyRow]) -> str:
    """patient,specimen,ihc_score,probe,her2_copies,cep17_copies,ratio,cells: one row a specimen."""
    return _table(PATHOLOGY_HEADER, (asdict(row) for row in rows))


def truth_json(boxes: NDArray[np.float64], fps: float, size: tuple[int, int]) -> str:
    """True boxes in the format of `detect --json`; boxes (T, 4), NaN where absent; size (rows, columns)."""
    frames = [
        {"frame": index, "boxes": [] if np.isnan(box).any() else [[*(float(v) for v in box), 1.0]]}
        for index, box in enumerate(boxes)
    ]
    content = {"fps": fps, "width": size[1], "height": size[0], "n_frames": len(boxes), "frames": frames}
    return json.dumps(content) + "\n"


def manifest_json(
    patients: Sequence[SyntheticPatient],
    seed: int,
    effect: float,
    n_frames: int,
    written: Sequence[WrittenPatient],
    files: Mapping[str, str],
) -> str:
    """Manifest of a cohort: seed, effect, planted table, sets and scenes of the patients, file digests."""
    planted = [asdict(item) for item in PLANTED_EFFECT]
    content = {
        "simulated": True,
        "complete": True,
        "notice": NOTICE,
        "generator": GENERATOR,
        "seed": seed,
        "effect": effect,
        "clinical_association": clinical_strength(effect),
        "n_patients": len(patients),
        "n_frames": n_frames,
        "planted_effect": planted,
        "calcifications": {"mean": CALCIFICATIONS_MEAN, "shift": CALCIFICATIONS_SHIFT},
        "patients": {
            patient.code: {"planned_set": patient.planned_set, "scene": asdict(one.scene)}
            for patient, one in zip(patients, written, strict=True)
        },
        "files": dict(sorted(files.items())),
    }
    return json.dumps(content, indent=1) + "\n"
