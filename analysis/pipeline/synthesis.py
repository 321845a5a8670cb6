"""Synthetic breast ultrasound: cines, cohorts and stills with a planted, adjustable effect.

Nothing here is biology. What differs between HER2-positive and HER2-negative patients is written in
`analysis.pipeline.kernels.scene.PLANTED_EFFECT` and can be set to zero. See docs/synthetic.md.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cine_render import render, tight_box
from analysis.pipeline.kernels.cohort_files import (
    CLINICAL_FILE,
    CLIP_NAME,
    MANIFEST_FILE,
    PATHOLOGY_FILE,
    WrittenPatient,
    clinical_csv,
    manifest_json,
    pathology_csv,
    prepare_folder,
    save,
    truth_json,
    truth_path,
    video_path,
)
from analysis.pipeline.kernels.cohort_pathology import PathologyRow, draw_pathology
from analysis.pipeline.kernels.cohort_table import SyntheticPatient, draw_table
from analysis.pipeline.kernels.pretraining_still import render_still
from analysis.pipeline.kernels.scene import (
    COLUMNS,
    DEFAULT_FRAMES,
    MAX_RENDERED_MM,
    ROWS,
    SPACING_MM,
    SceneParameters,
    check_effect,
    draw_scene,
)
from analysis.pipeline.kernels.simulated_detector import simulate
from analysis.pipeline.kernels.synthetic_dicom import ClipLabel, dicom_bytes, encode_frames

MIN_LONG_SIDE_PX = 128
MM_PER_CM = 10.0
SCENE_STREAM, CINE_STREAM, PATHOLOGY_STREAM = 1, 2, 3
"""Branches of the seed; branch 0 is the clinical table."""


@dataclass(frozen=True, slots=True)
class SyntheticCine:
    """One simulated cine with its truth.

    frames: (T, H, W) uint8; masks: (T, H, W) bool, the lesion; boxes: (T, 4) float64, tight half-open
    [x1, y1, x2, y2) pixels, NaN where there is no lesion; fps: frames per second; spacing_mm: (row, column).
    """

    frames: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    boxes: NDArray[np.float64]
    fps: float
    spacing_mm: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SyntheticCohort:
    """A simulated cohort: who, with which seed and which planted effect."""

    patients: tuple[SyntheticPatient, ...]
    seed: int
    effect: float


def draw_scene_parameters(
    rng: np.random.Generator,
    *,
    size_mm: float,
    her2_positive: bool,
    effect: float,
    n_frames: int = DEFAULT_FRAMES,
) -> SceneParameters:
    """Draw the parameters of one cine with the planted effect.

    The same random numbers are used for either label and any effect, so effect 0 gives exactly the same
    scene for both, and an effect moves the planted parameters only. size_mm: transverse diameter, drawn
    between 4 and 27 mm.

    Raises InvalidInputError for an effect or size that is negative or not finite, or fewer than one frame.
    """
    if not np.isfinite(size_mm) or size_mm <= 0:
        raise InvalidInputError(f"expected a lesion size above 0 mm, got {size_mm}")
    if n_frames < 1:
        raise InvalidInputError(f"expected at least one frame, got {n_frames}")
    return draw_scene(rng, size_mm, her2_positive, effect, n_frames)


def iterate_cine(
    scene: SceneParameters, rng: np.random.Generator | int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """Yield frame (H, W) uint8 and mask (H, W) bool one by one, without holding the cine in memory."""
    return render(scene, np.random.default_rng(rng))


def synthesise_cine(scene: SceneParameters, rng: np.random.Generator | int) -> SyntheticCine:
    """Draw one cine: layers, lesion, shadow, moving speckle (SCIENCE section 7.1).

    rng: generator or seed; the same seed gives the same bytes whatever the number of threads.
    """
    frames, masks = zip(*iterate_cine(scene, rng), strict=True)
    boxes = np.array([tight_box(mask) for mask in masks])
    return SyntheticCine(np.stack(frames), np.stack(masks), boxes, scene.fps, (SPACING_MM, SPACING_MM))


def simulated_detections(cine: SyntheticCine, rng: np.random.Generator | int) -> list[NDArray[np.float64]]:
    """What a detector with known faults would say: per frame (k, 5) [x1, y1, x2, y2, confidence].

    7 % misses, 6 % outliers (far box, or scaled by 0.45 or 1.9), jitter of 3 % of the size, a false box in
    10 % of the frames without a lesion.
    """
    height, width = cine.frames.shape[1:]
    return simulate(cine.boxes, (height, width), np.random.default_rng(rng))


def draw_cohort(n: int, seed: int, effect: float) -> SyntheticCohort:
    """Draw the clinical table of n patients and their HER2 status (SCIENCE section 7.3).

    At n = 445 every count, mean and SD of the paper's Table 1 is met, in training, test and total; otherwise
    the counts are proportional by largest remainder. HER2 follows the clinical table with a planted strength
    that is full from effect 0.35 on and zero at effect 0.

    Raises InvalidInputError for n < 1, a negative seed, or an effect that is negative or not finite.
    """
    if seed < 0:
        raise InvalidInputError(f"expected a seed of 0 or more, got {seed}")
    return SyntheticCohort(draw_table(n, seed, effect), seed, check_effect(effect))


def _stream(cohort: SyntheticCohort, branch: int, index: int) -> np.random.Generator:
    """Random numbers of one patient, independent of every other patient and of the order of work."""
    return np.random.default_rng(np.random.SeedSequence(cohort.seed, spawn_key=(branch, index)))


def patient_scene(
    cohort: SyntheticCohort, index: int, n_frames: int = DEFAULT_FRAMES
) -> tuple[SceneParameters, np.random.Generator]:
    """Scene of the patient at `index` of the cohort, and the generator to draw her cine with."""
    patient = cohort.patients[index]
    scene = draw_scene_parameters(
        _stream(cohort, SCENE_STREAM, index),
        size_mm=min(patient.size_cm * MM_PER_CM, MAX_RENDERED_MM),
        her2_positive=patient.her2_positive,
        effect=cohort.effect,
        n_frames=n_frames,
    )
    return scene, _stream(cohort, CINE_STREAM, index)


def patient_pathology(cohort: SyntheticCohort, index: int) -> tuple[PathologyRow, ...]:
    """Pathology rows of the patient at `index` that lead to her HER2 status under the ASCO/CAP rules."""
    patient = cohort.patients[index]
    return draw_pathology(_stream(cohort, PATHOLOGY_STREAM, index), patient.code, patient.her2_positive)


def write_patient(out: Path, cohort: SyntheticCohort, index: int, n_frames: int) -> WrittenPatient:
    """Draw one patient and write videos/<code>/cine_01.dcm and truth/<code>.json under `out`."""
    patient = cohort.patients[index]
    scene, rng = patient_scene(cohort, index, n_frames)
    jpegs, boxes = [], []
    for frame, mask in iterate_cine(scene, rng):
        jpegs += encode_frames([frame])
        boxes.append(tight_box(mask))
    label = ClipLabel(patient.code, CLIP_NAME, f"her2web/{cohort.seed}/{cohort.effect!r}/{n_frames}")
    video = dicom_bytes(jpegs, (ROWS, COLUMNS), scene.fps, SPACING_MM, label)
    truth = truth_json(np.array(boxes), scene.fps, (ROWS, COLUMNS))
    files = dict(
        [
            save(out, video_path(patient.code), video),
            save(out, truth_path(patient.code), truth.encode()),
        ]
    )
    return WrittenPatient(patient.code, files, scene)


def write_cohort(
    out: Path,
    cohort: SyntheticCohort,
    n_frames: int = DEFAULT_FRAMES,
    workers: int = 1,
    on_patient: Callable[[int], None] | None = None,
) -> dict[str, str]:
    """Write a cohort: videos, truth, clinical.csv, pathology.csv and, last, manifest.json.

    The same cohort and number of frames give the same bytes, whatever the number of worker processes.
    on_patient: called with the number of patients written so far. Returns {relative path: SHA-256}.

    Raises InvalidInputError for fewer than one frame or worker, or an `out` that holds anything but an
    earlier synthetic cohort (which is replaced).
    """
    if n_frames < 1 or workers < 1:
        raise InvalidInputError(f"expected at least one frame and one worker, got {n_frames} and {workers}")
    codes = [patient.code for patient in cohort.patients]
    planned = [path(code) for code in codes for path in (video_path, truth_path)]
    prepare_folder(out, [*planned, CLINICAL_FILE, PATHOLOGY_FILE])
    written: list[WrittenPatient] = []
    for patient in _write_all(out, cohort, n_frames, min(workers, len(cohort.patients))):
        written.append(patient)
        if on_patient:
            on_patient(len(written))
    rows = [row for index in range(len(cohort.patients)) for row in patient_pathology(cohort, index)]
    files = {path: digest for patient in written for path, digest in patient.files.items()}
    files.update([save(out, CLINICAL_FILE, clinical_csv(cohort.patients).encode())])
    files.update([save(out, PATHOLOGY_FILE, pathology_csv(rows).encode())])
    manifest = manifest_json(cohort.patients, cohort.seed, cohort.effect, n_frames, written, files)
    save(out, MANIFEST_FILE, manifest.encode())
    return files


def _write_all(out: Path, cohort: SyntheticCohort, n_frames: int, workers: int) -> Iterator[WrittenPatient]:
    """Write every patient in order, here or in spawned processes."""
    indices = range(len(cohort.patients))
    if workers == 1:
        yield from (write_patient(out, cohort, index, n_frames) for index in indices)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(write_patient, repeat(out), repeat(cohort), indices, repeat(n_frames))


def draw_pretraining_still(
    rng: np.random.Generator, *, long_side: int = 320, overlays: bool = True
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Draw one still of a random scanner, patient and view, for teaching a detector.

    rng: source of all randomness; long_side: pixels of the longer side; overlays: callipers and words.
    Returns image (H, W) uint8 and boxes (n, 4) float64, half-open [x1, y1, x2, y2) in pixels, n from 0 to 3.

    Raises InvalidInputError for a long side under 128 pixels.
    """
    if long_side < MIN_LONG_SIDE_PX:
        raise InvalidInputError(f"expected long_side of at least {MIN_LONG_SIDE_PX} pixels, got {long_side}")
    return render_still(rng, long_side, overlays)[:2]
