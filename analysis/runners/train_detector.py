"""Train a detector of the study's own: signed tracks of training patients -> stills -> a candidate."""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.conf import settings

from analysis.models import Job, ModelVersion
from analysis.pipeline.detector import DEFAULT_WEIGHTS, load_detector
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.detector_dataset import (
    heldout,
    read_grey,
    read_manifest,
    sparse_frames,
    training_split,
)
from analysis.pipeline.kernels.detector_report import report
from analysis.pipeline.kernels.training_options import TrainingOptions
from analysis.pipeline.train import FitOptions, FittedDetector, fit_detector
from analysis.runners.boxes import dense_boxes, excluded_by_people, head_of
from analysis.runners.ticker import JobTicker
from analysis.selectors import MIN_SIGNED_CINES, signed_training_clips
from analysis.services.links import linked_patients
from analysis.services.program import code_digest
from analysis.services.registry import detector_store
from studies.imaging.pack_reader import PackReader
from studies.models import Clip, Study
from studies.selectors import track_of_record
from studies.services.video import pack_local_path

EVERY_FRAMES = 10
DEFAULT_EPOCHS = 20
LEARNING_RATE = 5e-4  # a third of that from fresh weights: the shipped ones are refined, not replaced
COLUMNS = ("file", "source", "width", "height", "boxes_xyxy_px", "near_duplicate_group")
TOO_FEW = (
    "There are {n} signed cines of training patients; at least {needed} are needed. "
    "Let the readers sign more."
)


def train_study_detector(job: Job, ticker: JobTicker) -> dict[str, Any]:
    """Fine-tune the shipped detector on what readers signed; test patients are never read."""
    folder = Path(settings.VAR_DIR) / "runs" / str(job.pk)
    ticker.begin("collecting signed tracks")
    clips = signed_training_clips(job.study)
    if len(clips) < MIN_SIGNED_CINES:
        raise InvalidInputError(TOO_FEW.format(n=len(clips), needed=MIN_SIGNED_CINES))
    if not (folder / "data" / "manifest.csv").is_file():
        write_stills(job.study, clips, folder / "data")
    stills = read_manifest(folder / "data")
    training, validation = training_split(stills)
    epochs = int(job.parameters.get("epochs", DEFAULT_EPOCHS))
    ticker.begin("training", total=epochs)
    done: list[object] = []

    def progress(row: object) -> None:
        done.append(row)
        ticker.progress(min(len(done), epochs), epochs)

    options = FitOptions(
        replace(TrainingOptions(), epochs=epochs, learning_rate=LEARNING_RATE, seed=job.study.split_seed),
        pretraining_stills=0,
        synthetic_cines=0,
    )
    fitted = fit_detector(
        training,
        validation,
        folder / "run",
        options,
        initial_weights=DEFAULT_WEIGHTS.with_suffix(".safetensors"),
        resume=(folder / "run" / "last.json").is_file(),
        progress=progress,
        cancelled=ticker.cancelled,
    )
    ticker.begin("judging on held-out patients")
    version = _store(job, fitted, stills, len(clips), epochs)
    shutil.rmtree(folder, ignore_errors=True)  # the registry keeps the weights and the recipe
    return {
        "model_version": str(version.pk),
        "message": f"Detector candidate {version.number}: {len(stills)} frames of {len(clips)} signed cines. "
        "An administrator decides whether it becomes the one of record.",
    }


def write_stills(study: Study, clips: list[Clip], folder: Path) -> None:
    """Write every tenth frame of each track with its box, in the form that the training command reads."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    links = linked_patients(study)
    rows = [row for clip in clips for row in _stills_of(clip, links, folder / "images")]
    part = folder / "manifest.part"
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(folder / "manifest.csv")


def _stills_of(clip: Clip, links: dict[object, str], folder: Path) -> Iterator[dict[str, object]]:
    track = track_of_record(clip)
    revision = head_of(track)  # type: ignore[arg-type]
    boxes, excluded = dense_boxes(revision, clip.n_frames), excluded_by_people(revision)
    with PackReader(pack_local_path(clip)) as pack:
        for frame in sparse_frames(np.isfinite(boxes[:, 0]).tolist(), EVERY_FRAMES):
            if frame in excluded:
                continue
            name = f"{clip.pk}_{frame:05d}.png"
            cv2.imwrite(str(folder / name), pack.grey(frame))
            found = boxes[frame] if np.isfinite(boxes[frame, 0]) else None
            yield {
                "file": name,
                "source": "signed track",
                "width": clip.width_px,
                "height": clip.height_px,
                "boxes_xyxy_px": json.dumps([] if found is None else [found.tolist()]),
                "near_duplicate_group": links[clip.exam.patient_id],
            }


def _store(job: Job, fitted: FittedDetector, stills: list, n_clips: int, epochs: int) -> ModelVersion:
    """Judge the candidate and the shipped detector on the same held-out patients, and store the candidate."""
    aside = heldout(stills)
    judged = {}
    if aside:
        for name, path in (("candidate", fitted.onnx), ("shipped", None)):
            detector = load_detector(path)
            found = detector.detect(read_grey(still.file) for still in aside)
            judged[name] = report(aside, found, detector.info.confidence)
    recipe = json.loads(fitted.recipe.read_text(encoding="utf-8"))
    return detector_store(
        job=job,
        blob=fitted.onnx.read_bytes(),
        digest=load_detector(fitted.onnx).digest,
        parameters={"epochs": epochs, "every_frames": EVERY_FRAMES, "recipe": recipe},
        snapshot={"frames": len(stills), "clips": n_clips, "seal_hash": job.study.seal_hash},
        summary={
            "validation": recipe["validation"]["figures"],
            "held_out": judged,
            "n_held_out": len(aside),
            "confidence": fitted.confidence,
            "code": code_digest(),
        },
    )
