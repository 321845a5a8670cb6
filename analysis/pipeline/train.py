"""Train the lesion detector: a YOLOv5 from fresh or given weights, on labelled stills, on one machine,
offline.

One loop serves pre-training, fine-tuning, the command and the job. Everything that is written lies in the run
folder:
``options.json``, ``progress.jsonl`` (one line an epoch), ``last.*`` (to resume) and ``best.safetensors``.
The draw of every batch depends only on the seed, the epoch and the batch, so a resumed run equals an
uninterrupted one.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.pipeline.errors import CancelledError, InvalidInputError, ModelFileError
from analysis.pipeline.kernels import training_state, yolo_compat
from analysis.pipeline.kernels.anchors import fit_anchors
from analysis.pipeline.kernels.augment import AugmentOptions, draw_training_image
from analysis.pipeline.kernels.box_geometry import Letterbox, suppress
from analysis.pipeline.kernels.detection_metrics import (
    JudgedImage,
    at_cutoff,
    average_precision,
    best_cutoff,
    froc,
    judge_image,
)
from analysis.pipeline.kernels.detector_dataset import CachedStill

DrawStill = Callable[[np.random.Generator], tuple[NDArray[np.uint8], NDArray[np.float64]]]
Progress = Callable[[dict[str, float]], None]

CACHE_MARGIN = 1.2  # images are kept this much larger than the network input, for enlarging augmentation
VALIDATION_CONFIDENCE = 0.01
VALIDATION_BOXES = 10
NMS_IOU = 0.45
TARGET_FALSE_POSITIVES = 0.3  # an image: the operating point that the project asks for


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """Everything that decides a run; stored as ``options.json`` beside its weights."""

    size: str = "n"
    image_size: int = 320
    small_sizes: tuple[int, ...] = (224, 256, 288)  # cheaper inputs of the first part of the run
    small_until: float = 0.6  # part of the run that uses them
    mosaic_until: float = 0.75  # mosaic is off in the rest
    epochs: int = 120
    batch: int = 16
    learning_rate: float = 2e-3
    final_learning_rate: float = 0.02  # as a part of the first
    warmup_steps: int = 120
    weight_decay: float = 0.02
    ema_decay: float = 0.998
    synthetic: float = 0.0  # part of every batch that the generator draws
    seed: int = 0
    patience: int = 0  # validations without a gain after which to stop; 0 = run to the end
    validate_every: int = 4
    precision: str = "auto"  # "auto" | "float32" | "bfloat16"
    threads: int = 1
    augment: AugmentOptions = field(default_factory=AugmentOptions)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run reached: files, the best validation mAP@0.5 and its epoch, and the history, one dict an
    epoch."""

    best: Path
    best_map50: float
    best_epoch: int
    history: list[dict[str, float]]


def _check(
    training: Sequence[CachedStill], validation: Sequence[CachedStill], options: TrainingOptions
) -> None:
    if not training or not validation:
        raise InvalidInputError(
            f"Expected images to train and to validate on, got {len(training)} and {len(validation)}: an "
            f"empty data set; add images."
        )
    if not any(len(still.boxes) for still in training) or not any(len(still.boxes) for still in validation):
        raise InvalidInputError(
            "Expected at least one lesion box to train and one to validate on, got none; add labelled images."
        )
    if options.image_size % 32 or any(size % 32 for size in options.small_sizes):
        raise InvalidInputError(
            f"Expected image sizes divisible by 32, got {options.image_size} and {options.small_sizes}."
        )
    if min(options.epochs, options.batch, options.validate_every) < 1 or not 0 <= options.synthetic <= 1:
        raise InvalidInputError(
            "Expected epochs, batch and validate_every of at least 1 and a synthetic part in 0..1."
        )


def _input_sides(stills: Sequence[CachedStill], image_size: int) -> NDArray[np.float64]:
    """Width and height (N, 2) of all lesions in network input pixels."""
    parts = [
        (still.boxes[:, 2:] - still.boxes[:, :2]) * image_size / max(still.image.shape) for still in stills
    ]
    return np.concatenate(parts)


def _autocast_dtype(precision: str) -> torch.dtype | None:
    if precision not in ("auto", "float32", "bfloat16"):
        raise InvalidInputError(f"Expected precision auto, float32 or bfloat16, got {precision!r}.")
    if precision == "auto":
        fast = torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()
        return torch.bfloat16 if fast else None
    return torch.bfloat16 if precision == "bfloat16" else None


class _Batches:
    """Draws augmented batches in one background thread, each from its own seed."""

    def __init__(
        self, stills: Sequence[CachedStill], draw: DrawStill | None, options: TrainingOptions
    ) -> None:
        self.stills, self.draw, self.options = stills, draw, options
        self.real = round(options.batch * (1 - options.synthetic)) if draw is not None else options.batch
        self.per_epoch = (
            math.ceil(len(stills) / max(1, self.real))
            if self.real
            else math.ceil(len(stills) / options.batch)
        )

    def epoch(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = np.random.default_rng((self.options.seed, epoch)).permutation(len(self.stills))
        with ThreadPoolExecutor(1) as pool:
            waiting = [pool.submit(self._draw, epoch, step, order) for step in range(min(2, self.per_epoch))]
            for step in range(self.per_epoch):
                batch = waiting.pop(0).result()
                if step + 2 < self.per_epoch:
                    waiting.append(pool.submit(self._draw, epoch, step + 2, order))
                yield batch

    def _draw(self, epoch: int, step: int, order: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        options, rng = self.options, np.random.default_rng((self.options.seed, epoch, step))
        done = epoch / options.epochs
        size = (
            int(rng.choice(options.small_sizes))
            if options.small_sizes and done < options.small_until
            else options.image_size
        )
        strengths = options.augment if done < options.mosaic_until else replace(options.augment, mosaic=0.0)
        images, targets = [], []
        for slot in range(options.batch):
            if slot < self.real:
                index = int(order[(step * self.real + slot) % len(order)])
                image, boxes = draw_training_image(self.stills, index, size, strengths, rng)
            else:
                image, boxes = self._draw_synthetic(size, strengths, rng)
            images.append(image)
            targets.append(_targets(slot, boxes, size))
        pixels = torch.from_numpy(np.stack(images)[:, None]).float().div_(255)
        return pixels.contiguous(memory_format=torch.channels_last), torch.from_numpy(np.concatenate(targets))

    def _draw_synthetic(
        self, size: int, strengths: AugmentOptions, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        if self.draw is None:
            raise InvalidInputError(
                "Expected a generator of synthetic stills for the synthetic part of a batch, got none."
            )
        still = CachedStill(*self.draw(rng))
        mild = replace(strengths, mosaic=0.0, paste=0.0)
        image, boxes = draw_training_image([still], 0, size, mild, rng)
        return image, boxes


def _targets(slot: int, boxes: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Boxes as rows [image, class, cx, cy, w, h] in 0..1."""
    rows = np.zeros((len(boxes), 6), np.float32)
    rows[:, 0] = slot
    rows[:, 2:4] = (boxes[:, :2] + boxes[:, 2:]) / (2 * size)
    rows[:, 4:6] = (boxes[:, 2:] - boxes[:, :2]) / size
    return rows


@torch.inference_mode()
def judge_model(model: torch.nn.Module, stills: Sequence[CachedStill], image_size: int) -> list[JudgedImage]:
    """Run a model in inference mode over stills and match its boxes with the truth."""
    model.eval()
    judged = []
    for still in stills:
        height, width = still.image.shape
        box = Letterbox.fit(width, height, image_size)
        pixels = torch.from_numpy(box.apply(still.image))[None, None].float().div_(255)
        rows = model(pixels.contiguous(memory_format=torch.channels_last))[0][0].numpy()
        scores = rows[:, 4] * rows[:, 5]
        rows, scores = rows[scores >= VALIDATION_CONFIDENCE], scores[scores >= VALIDATION_CONFIDENCE]
        corners = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1)
        kept = suppress(corners, scores, NMS_IOU, VALIDATION_BOXES)
        frame = box.to_frame(corners[kept])
        judged.append(
            judge_image(
                [(*map(float, b), float(s)) for b, s in zip(frame, scores[kept], strict=True)], still.boxes
            )
        )
    return judged


def _validation_row(judged: Sequence[JudgedImage]) -> dict[str, float]:
    cutoff = best_cutoff(judged, max_fp_per_image=TARGET_FALSE_POSITIVES)
    point = at_cutoff(judged, cutoff)
    return {
        "map50": average_precision(judged),
        "recall": froc(judged)[TARGET_FALSE_POSITIVES],
        "mean_iou": point.mean_iou,
        "fp_per_image": point.fp_per_image,
        "cutoff": cutoff,
    }


class _Trainer:
    """One run: model, shadow model (EMA), optimiser, and where it stands."""

    def __init__(
        self, training: Sequence[CachedStill], options: TrainingOptions, initial: Path | None
    ) -> None:
        torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.options = options
        self.dtype = _autocast_dtype(options.precision)
        if initial is None:
            anchors = fit_anchors(
                _input_sides(training, options.image_size), np.random.default_rng(options.seed)
            )
            self.model = yolo_compat.build_model(options.size, anchors, channels=1)
        else:
            self.model, anchors = training_state.load_weights(initial, expected_size=options.size)
        self.anchors = anchors
        self.model.to(memory_format=torch.channels_last)
        self.loss = yolo_compat.build_loss(self.model, yolo_compat.loss_gains(options.image_size))
        self.optimiser = torch.optim.AdamW(
            _parameter_groups(self.model, options.weight_decay), lr=options.learning_rate
        )
        self.shadow = training_state.Shadow(self.model, options.ema_decay)
        self.epoch, self.step, self.best_map50, self.best_epoch = 0, 0, -1.0, -1
        self.history: list[dict[str, float]] = []

    def run_epoch(self, batches: _Batches, cancelled: Callable[[], bool] | None) -> dict[str, float]:
        self.model.train()
        started, total, parts = time.process_time(), batches.per_epoch * self.options.epochs, []
        for pixels, targets in batches.epoch(self.epoch):
            if cancelled is not None and cancelled():
                raise CancelledError(
                    f"Training stopped at epoch {self.epoch} on request; resume continues from the last "
                    f"epoch."
                )
            rate = _learning_rate(self.step, total, self.options)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            parts.append(self._step(pixels, targets))
            self.step += 1
        box, objectness = np.mean(parts, axis=0)
        seconds = time.process_time() - started
        return {
            "epoch": self.epoch,
            "box": float(box),
            "objectness": float(objectness),
            "rate": rate,
            "cpu_s": round(seconds, 1),
        }

    def _step(self, pixels: torch.Tensor, targets: torch.Tensor) -> tuple[float, float]:
        with torch.autocast("cpu", dtype=self.dtype or torch.bfloat16, enabled=self.dtype is not None):
            predictions = self.model(pixels)
        loss, parts = self.loss([p.float() for p in predictions], targets)
        if not torch.isfinite(loss):
            raise InvalidInputError(
                f"Training diverged at step {self.step}: the loss is {float(loss)}; lower the learning rate."
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=10.0 * self.options.batch)
        self.optimiser.step()
        self.shadow.update(self.model)
        return float(parts[0]), float(parts[1])


def _parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay for convolution kernels, none for biases and batch norms."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _learning_rate(step: int, total: int, options: TrainingOptions) -> float:
    """Linear warm-up, then half a cosine down to the final rate."""
    if step < options.warmup_steps:
        return options.learning_rate * (step + 1) / options.warmup_steps
    done = min(1.0, (step - options.warmup_steps) / max(1, total - options.warmup_steps))
    low = options.final_learning_rate
    return options.learning_rate * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * done)))


def train(
    training: Sequence[CachedStill],
    validation: Sequence[CachedStill],
    options: TrainingOptions,
    run_folder: Path,
    *,
    resume: bool = False,
    initial_weights: Path | None = None,
    draw_synthetic: DrawStill | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train a detector and leave its weights in ``run_folder``.

    training, validation: images in memory (group-split by the caller); initial_weights: a ``.safetensors`` of
    an earlier run to
    start from; resume: continue the run of this folder; draw_synthetic: draws one synthetic still with its
    boxes; progress: called
    after every epoch with its row; cancelled: asked before every step.
    Raises InvalidInputError for empty sets or bad options, ModelFileError for weights of another architecture
    or a folder without
    a run to resume, CancelledError on request.
    """
    _check(training, validation, options)
    run_folder.mkdir(parents=True, exist_ok=True)
    trainer = _Trainer(training, options, initial_weights)
    if resume:
        _resume(trainer, run_folder)
    else:
        (run_folder / "options.json").write_text(json.dumps(asdict(options), indent=1), encoding="utf-8")
        (run_folder / "progress.jsonl").write_text("", encoding="utf-8")
    batches = _Batches(training, draw_synthetic, options)
    stale = 0
    while trainer.epoch < options.epochs:
        row = trainer.run_epoch(batches, cancelled)
        if (trainer.epoch + 1) % options.validate_every == 0 or trainer.epoch + 1 == options.epochs:
            judged = judge_model(trainer.shadow.model, validation, options.image_size)
            row |= _validation_row(judged)
            better = row["map50"] > trainer.best_map50
            stale = 0 if better else stale + 1
            if better:
                trainer.best_map50, trainer.best_epoch = row["map50"], trainer.epoch
                training_state.save_weights(
                    run_folder / "best.safetensors", trainer.shadow.model, trainer.anchors, options.size
                )
        trainer.history.append(row)
        trainer.epoch += 1
        _save(trainer, run_folder, row)
        if progress is not None:
            progress(row)
        if options.patience and stale >= options.patience:
            break
    return TrainingResult(
        run_folder / "best.safetensors", trainer.best_map50, trainer.best_epoch, trainer.history
    )


def _save(trainer: _Trainer, run_folder: Path, row: dict[str, float]) -> None:
    with (run_folder / "progress.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
    state = {
        "epoch": trainer.epoch,
        "step": trainer.step,
        "best_map50": trainer.best_map50,
        "best_epoch": trainer.best_epoch,
        "history": trainer.history,
        "shadow_updates": trainer.shadow.updates,
        "options": json.loads(json.dumps(asdict(trainer.options))),
    }
    training_state.save_checkpoint(
        run_folder / "last.safetensors",
        trainer.model,
        trainer.shadow.model,
        trainer.optimiser,
        trainer.anchors,
        trainer.options.size,
    )
    temporary = run_folder / "last.json.part"
    temporary.write_text(json.dumps(state), encoding="utf-8")
    temporary.replace(run_folder / "last.json")


def _resume(trainer: _Trainer, run_folder: Path) -> None:
    if not (run_folder / "last.json").is_file():
        raise ModelFileError(
            f"Expected a run to resume in {run_folder}, found no last.json; start without --resume."
        )
    state = json.loads((run_folder / "last.json").read_text(encoding="utf-8"))
    training_state.load_checkpoint(
        run_folder / "last.safetensors", trainer.model, trainer.shadow.model, trainer.optimiser
    )
    trainer.epoch, trainer.step = int(state["epoch"]), int(state["step"])
    trainer.best_map50, trainer.best_epoch = float(state["best_map50"]), int(state["best_epoch"])
    trainer.history, trainer.shadow.updates = list(state["history"]), int(state["shadow_updates"])
