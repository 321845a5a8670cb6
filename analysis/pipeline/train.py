"""Train the lesion detector, in order: pre-training on synthetic stills, training on labelled stills,
operating point, export.

The same code serves the command and the job. Nothing is downloaded or sent, and nothing is written outside
the run folder.
"""

import hashlib
import importlib.metadata
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from analysis.pipeline.detector import load_detector
from analysis.pipeline.errors import CancelledError
from analysis.pipeline.kernels import detector_export
from analysis.pipeline.kernels.detection_metrics import best_cutoff, figures, froc, judge_image
from analysis.pipeline.kernels.detector_dataset import (
    CachedStill,
    LabelledStill,
    assert_disjoint,
    cache_still,
    cache_stills,
    label_lesions,
    read_grey,
)
from analysis.pipeline.kernels.pretraining_still import render_still
from analysis.pipeline.kernels.training_loop import TARGET_FALSE_POSITIVES, Progress, Row, run_training
from analysis.pipeline.kernels.training_options import TrainingOptions
from analysis.pipeline.synthesis import draw_scene_parameters, synthesise_cine

CACHE_MARGIN = 1.2  # images are kept this much larger than the network input, for augmentation that enlarges
CINE_FRAMES, CINE_SAMPLES = 48, 6  # frames of a synthetic cine, and how many of them are taught
SYNTHETIC_SIZES_MM = (5.0, 27.0)
CURVE_CONFIDENCE, CURVE_BOXES = 0.001, 20
STILL_SIDE_PX = 320
_STILL_STREAM, _CINE_STREAM = 11, 12  # branches of the seed


@dataclass(frozen=True, slots=True)
class FitOptions:
    """A whole fit: the main run, and what precedes it.

    pretraining_stills: synthetic stills to pre-train on, 0 for none; pretraining_epochs: passes over them;
    synthetic_cines: cines of the generator of which a few frames join the pool; training.synthetic: the part
    of every batch of the main run that comes from the pool.
    """

    training: TrainingOptions
    pretraining_stills: int = 6000
    pretraining_epochs: int = 8
    synthetic_cines: int = 60
    name: str = "lesion-yolov5n"


@dataclass(frozen=True, slots=True)
class FittedDetector:
    """Exported files, the operating confidence, the validation figures, and one row an epoch."""

    onnx: Path
    weights: Path
    recipe: Path
    confidence: float
    validation: dict[str, float]
    history: list[Row]


def draw_stills(count: int, seed: int, cancelled: Callable[[], bool] | None = None) -> list[CachedStill]:
    """Synthetic stills of many scanners, depths and gains. Raises CancelledError on request."""
    stills = []
    for index in range(count):
        _stop_if(cancelled)
        rng = np.random.default_rng((seed, _STILL_STREAM, index))
        image, boxes, mask = render_still(rng, STILL_SIDE_PX, overlays=True)
        stills.append(CachedStill(image, boxes, label_lesions(image.shape, boxes, mask.astype(np.uint8))))
    return stills


def draw_cine_frames(count: int, seed: int, cancelled: Callable[[], bool] | None = None) -> list[CachedStill]:
    """A few frames each of ``count`` synthetic cines, with and without the planted effect. Raises
    CancelledError on request."""
    frames = []
    for index in range(count):
        _stop_if(cancelled)
        rng = np.random.default_rng((seed, _CINE_STREAM, index))
        scene = draw_scene_parameters(
            rng,
            size_mm=float(rng.uniform(*SYNTHETIC_SIZES_MM)),
            her2_positive=bool(rng.integers(2)),
            effect=float(rng.choice([0.0, 0.35, 1.0])),
            n_frames=CINE_FRAMES,
        )
        cine = synthesise_cine(scene, rng)
        for frame in rng.choice(CINE_FRAMES, CINE_SAMPLES, replace=False):
            box = cine.boxes[frame][None]
            frames.append(
                cache_still(
                    cine.frames[frame], box if np.isfinite(box).all() else np.empty((0, 4)), STILL_SIDE_PX
                )
            )
    return frames


def fit_detector(
    training: Sequence[LabelledStill],
    validation: Sequence[LabelledStill],
    run_folder: Path,
    options: FitOptions,
    *,
    extra: Iterable[CachedStill] = (),
    initial_weights: Path | None = None,
    teacher: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> FittedDetector:
    """Fit a detector and export it to ``run_folder`` with its recipe.

    training, validation: labelled stills, split by near-duplicate group; extra: further training images
    already in memory (frames of signed tracks, sampled sparsely); initial_weights: start from an earlier run
    instead of pre-training; teacher: a larger detector of the same anchors, from which the main run learns
    beside the labels; resume: continue the run of this folder; progress: called after every epoch;
    cancelled: asked before every step.
    Raises LeakageError when a group lies on both sides, InvalidInputError for empty sets or bad options,
    ModelFileError for unusable weights or a folder without a run to resume, CancelledError on request.
    """
    assert_disjoint(training, validation)
    main = options.training
    kept = round(main.image_size * CACHE_MARGIN)
    images = cache_stills(training, kept) + [cache_still(still.image, still.boxes, kept) for still in extra]
    truth = cache_stills(validation, max(main.image_size, 640))
    pool = draw_stills(options.pretraining_stills, main.seed, cancelled) if options.pretraining_stills else []
    if initial_weights is None and pool and options.pretraining_epochs:
        initial_weights = _pretrain(pool, truth, run_folder, options, resume, progress, cancelled)
    if options.synthetic_cines:
        pool = pool[: options.synthetic_cines * CINE_SAMPLES] + draw_cine_frames(
            options.synthetic_cines, main.seed, cancelled
        )
    result = run_training(
        images,
        truth,
        main,
        run_folder,
        resume=resume and (run_folder / "last.json").is_file(),
        initial_weights=initial_weights,
        teacher=teacher,
        synthetic=pool if main.synthetic else (),
        progress=progress,
        cancelled=cancelled,
    )
    exported = export_run(result.final, validation, run_folder, options.name, main.image_size)
    recipe = _write_recipe(run_folder, options, training, validation, exported)
    onnx, weights, confidence, figures_there = exported
    return FittedDetector(onnx, weights, recipe, confidence, figures_there, result.history)


def _pretrain(
    pool: list[CachedStill],
    validation: list[CachedStill],
    run_folder: Path,
    options: FitOptions,
    resume: bool,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> Path:
    """Train on the pool in ``run_folder/pretraining``; a finished pre-training is not repeated on resume."""
    folder = run_folder / "pretraining"
    if resume and (folder / "final.safetensors").is_file():
        return folder / "final.safetensors"
    milder = replace(options.training.augment, mosaic=0.25, paste=0.1)
    stage = replace(
        options.training,
        epochs=options.pretraining_epochs,
        synthetic=0.0,
        validate_every=1,
        patience=0,
        augment=milder,
    )
    unfinished = resume and (folder / "last.json").is_file()
    return run_training(
        pool, validation, stage, folder, resume=unfinished, progress=progress, cancelled=cancelled
    ).final


def export_run(
    weights: Path, validation: Sequence[LabelledStill], folder: Path, name: str, image_size: int
) -> tuple[Path, Path, float, dict[str, float]]:
    """Export weights with the operating point that the validation images give, through the detector that will
    be used.

    The point is the lowest confidence with at most 0.3 false positives an image. Returns the ONNX file, the
    safetensors file, the confidence, and the validation figures there.
    """
    onnx, _ = detector_export.export(weights, folder, name, image_size=image_size, confidence=0.5)
    found = load_detector(onnx, backend="onnxruntime", threads=1).detect(
        (read_grey(still.file) for still in validation), conf=CURVE_CONFIDENCE, max_boxes=CURVE_BOXES
    )
    judged = [judge_image(boxes, still.boxes) for boxes, still in zip(found, validation, strict=True)]
    confidence = best_cutoff(judged, max_fp_per_image=TARGET_FALSE_POSITIVES)
    onnx, torch_file = detector_export.export(
        weights, folder, name, image_size=image_size, confidence=confidence
    )
    there = figures(judged, confidence) | {"recall_at_0.3_fp": froc(judged)[TARGET_FALSE_POSITIVES]}
    return onnx, torch_file, confidence, there


def data_digest(stills: Sequence[LabelledStill]) -> str:
    """SHA-256 over file names, contents and boxes: the same for the same data in any order."""
    rows = sorted(
        still.file.name
        + hashlib.sha256(still.file.read_bytes()).hexdigest()
        + json.dumps(still.boxes.tolist())
        for still in stills
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _write_recipe(
    run_folder: Path,
    options: FitOptions,
    training: Sequence[LabelledStill],
    validation: Sequence[LabelledStill],
    exported: tuple[Path, Path, float, dict[str, float]],
) -> Path:
    onnx, weights, confidence, found = exported
    defined = {name: value if math.isfinite(value) else None for name, value in found.items()}
    recipe = {
        "options": asdict(options),
        "training": {"images": len(training), "digest": data_digest(training)},
        "validation": {"images": len(validation), "digest": data_digest(validation), "figures": defined},
        "confidence": confidence,
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (onnx, weights)},
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("torch", "yolov5", "numpy", "opencv-python-headless")
        },
    }
    path = run_folder / f"{options.name}.json"
    path.write_text(json.dumps(recipe, indent=1, allow_nan=False), encoding="utf-8")
    return path


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise CancelledError("Training stopped on request while drawing synthetic images; start it again.")
