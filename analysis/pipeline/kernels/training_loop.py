"""The training loop of the detector: one run in one folder, seeded, resumable, offline.

Everything that is written lies in the run folder: ``options.json``, ``progress.jsonl`` (one line an epoch),
``last.*`` (to resume), ``best.safetensors`` (best validation mAP@0.5) and ``final.safetensors`` (end of the
run). The draw of every batch depends only on the seed, the epoch and the step, so a resumed run equals an
uninterrupted one.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.pipeline.errors import CancelledError, InvalidInputError, ModelFileError
from analysis.pipeline.kernels import training_state, yolo_compat
from analysis.pipeline.kernels.anchors import fit_anchors
from analysis.pipeline.kernels.box_geometry import Letterbox, suppress
from analysis.pipeline.kernels.detection_metrics import JudgedImage, best_cutoff, figures, froc, judge_image
from analysis.pipeline.kernels.detector_dataset import CachedStill
from analysis.pipeline.kernels.distillation import Teacher, distillation_loss
from analysis.pipeline.kernels.mask_supervision import MaskSupervision
from analysis.pipeline.kernels.training_batches import Batch, Batches
from analysis.pipeline.kernels.training_options import TrainingOptions, check_options, learning_rate

Row = dict[str, float]
Progress = Callable[[Row], None]

VALIDATION_CONFIDENCE = 0.01
VALIDATION_BOXES = 10
NMS_IOU = 0.45
TARGET_FALSE_POSITIVES = 0.3  # an image: the operating point that the project asks for
GRADIENT_LIMIT = 10.0  # YOLOv5's own clipping, for a loss that is summed over the batch


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run reached: weights of the best validation and of the end, the best mAP@0.5, its epoch, one row
    an epoch."""

    best: Path
    final: Path
    best_map50: float
    best_epoch: int
    history: list[Row]


def _check(
    training: Sequence[CachedStill], validation: Sequence[CachedStill], options: TrainingOptions
) -> None:
    if not training or not validation:
        raise InvalidInputError(
            f"Expected images to train and to validate on, got {len(training)} and {len(validation)}: "
            "an empty data set; add images."
        )
    if not any(len(still.boxes) for still in training) or not any(len(still.boxes) for still in validation):
        raise InvalidInputError(
            "Expected a lesion box to train and one to validate on, got none; add labelled images."
        )
    check_options(options)


def _input_sides(stills: Sequence[CachedStill], image_size: int) -> NDArray[np.float64]:
    """Width and height (N, 2) of all lesions in network input pixels."""
    parts = [
        (still.boxes[:, 2:] - still.boxes[:, :2]) * image_size / max(still.image.shape) for still in stills
    ]
    return np.concatenate(parts)


def _autocast_dtype(precision: str) -> torch.dtype | None:
    if precision == "auto":
        return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else None
    return torch.bfloat16 if precision == "bfloat16" else None


@torch.inference_mode()
def judge_model(model: torch.nn.Module, stills: Sequence[CachedStill], image_size: int) -> list[JudgedImage]:
    """Run a model in inference mode over stills, decoded by YOLOv5's own head, and match its boxes with the
    truth."""
    model.eval()
    judged = []
    for still in stills:
        height, width = still.image.shape
        fit = Letterbox.fit(width, height, image_size)
        pixels = torch.from_numpy(fit.apply(still.image))[None, None].float().div_(255)
        rows = model(pixels.contiguous(memory_format=torch.channels_last))[0][0].numpy()
        scores = rows[:, 4] * rows[:, 5]
        rows, scores = rows[scores >= VALIDATION_CONFIDENCE], scores[scores >= VALIDATION_CONFIDENCE]
        corners = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1)
        kept = suppress(corners, scores, NMS_IOU, VALIDATION_BOXES)
        placed = zip(fit.to_frame(corners[kept]).tolist(), scores[kept].tolist(), strict=True)
        judged.append(
            judge_image([(x1, y1, x2, y2, score) for (x1, y1, x2, y2), score in placed], still.boxes)
        )
    return judged


def _validation_row(judged: Sequence[JudgedImage]) -> Row:
    cutoff = best_cutoff(judged, max_fp_per_image=TARGET_FALSE_POSITIVES)
    found = figures(judged, cutoff)
    row = {"map50": found["mAP50"], "recall": froc(judged)[TARGET_FALSE_POSITIVES], "cutoff": cutoff}
    return row | {name: found[name] for name in ("mean_iou", "fp_per_image")}


def _parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay for convolution kernels, none for biases and batch norms."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


class _Trainer:
    """One run: model, shadow model (EMA), optimiser, and where it stands."""

    def __init__(
        self,
        training: Sequence[CachedStill],
        options: TrainingOptions,
        initial: Path | None,
        teacher: Path | None,
    ) -> None:
        torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.options = options
        self.dtype = _autocast_dtype(options.precision)
        if initial is None:
            self.anchors = fit_anchors(
                _input_sides(training, options.image_size), np.random.default_rng(options.seed)
            )
            self.model = yolo_compat.build_model(options.size, self.anchors, channels=1)
        else:
            self.model, self.anchors = training_state.load_weights(initial, expected_size=options.size)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.gains = yolo_compat.loss_gains(options.image_size)
        self.loss = yolo_compat.build_loss(self.model, self.gains)
        self.teacher = None if teacher is None else Teacher(teacher, self.anchors, self.dtype)
        self.shadow = training_state.Shadow(self.model, options.ema_decay)
        self.masks = MaskSupervision(self.model) if options.mask_gain else None
        learned = torch.nn.ModuleList([self.model] if self.masks is None else [self.model, self.masks])
        self.optimiser = torch.optim.AdamW(
            _parameter_groups(learned, options.weight_decay), lr=options.learning_rate
        )
        self.epoch, self.step, self.best_map50, self.best_epoch, self.stale = 0, 0, -1.0, -1, 0
        self.history: list[Row] = []

    def run_epoch(self, batches: Batches, cancelled: Callable[[], bool] | None) -> Row:
        """One pass over the training images; the row of the epoch without its validation."""
        self.model.train()
        started, total, parts, rate = time.process_time(), batches.per_epoch * self.options.epochs, [], 0.0
        for batch in batches.epoch(self.epoch):
            if cancelled is not None and cancelled():
                raise CancelledError(
                    f"Training stopped in epoch {self.epoch} on request; resume to go on from there."
                )
            rate = learning_rate(self.step, total, self.options)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            parts.append(self._step(batch))
            self.step += 1
        box, objectness, mask = (float(value) for value in np.mean(parts, axis=0))
        row = {"epoch": float(self.epoch), "box": box, "objectness": objectness, "rate": rate}
        if self.masks is not None:
            row["mask"] = mask
        return row | {"cpu_s": round(time.process_time() - started, 1)}

    def _step(self, batch: Batch) -> tuple[float, float, float]:
        with torch.autocast("cpu", dtype=self.dtype or torch.bfloat16, enabled=self.dtype is not None):
            predictions = self.model(batch.pixels)
        predictions = [layer.float() for layer in predictions]
        loss, parts = self.loss(predictions, batch.targets)
        if self.teacher is not None:
            taught = distillation_loss(
                predictions,
                self.teacher.answer(batch.pixels),
                box_gain=self.gains["box"],
                objectness_gain=self.gains["obj"],
            )
            loss = loss + self.options.teacher_gain * len(batch.pixels) * taught
        outline = loss.new_zeros(())
        if self.masks is not None:
            outline = self.masks(batch.masks)
            loss = loss + self.options.mask_gain * len(batch.pixels) * outline  # YOLOv5 sums over the batch
        if not torch.isfinite(loss):
            raise InvalidInputError(
                f"Training diverged at step {self.step} (loss {float(loss)}); lower the learning rate."
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=GRADIENT_LIMIT * self.options.batch)
        self.optimiser.step()
        self.shadow.update(self.model)
        return float(parts[0]), float(parts[1]), float(outline.detach())

    def validate(self, validation: Sequence[CachedStill], run_folder: Path) -> Row:
        """Judge the weight average; keep it when it is the best so far."""
        row = _validation_row(judge_model(self.shadow.model, validation, self.options.image_size))
        better = row["map50"] > self.best_map50
        self.stale = 0 if better else self.stale + 1
        if better:
            self.best_map50, self.best_epoch = row["map50"], self.epoch
            self.keep(run_folder / "best.safetensors")
        return row

    def keep(self, path: Path) -> None:
        """Write the weight average."""
        training_state.save_weights(path, self.shadow.model, self.anchors, self.options.size)

    def save(self, run_folder: Path, row: Row) -> None:
        """Write the checkpoint and the row of the epoch."""
        with (run_folder / "progress.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        state = {
            name: getattr(self, name)
            for name in ("epoch", "step", "best_map50", "best_epoch", "stale", "history")
        }
        state["shadow_updates"] = self.shadow.updates
        training_state.save_checkpoint(
            run_folder / "last.safetensors",
            self.model,
            self.shadow.model,
            self.optimiser,
            self.anchors,
            self.options.size,
            masks=self.masks,
        )
        temporary = run_folder / "last.json.part"
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(run_folder / "last.json")

    def resume(self, run_folder: Path) -> None:
        """Continue from the checkpoint of a folder. Raises ModelFileError when there is none or the options
        differ."""
        if not (run_folder / "last.json").is_file():
            raise ModelFileError(
                f"Expected a run to resume in {run_folder}, found no last.json; start without resuming."
            )
        stored = json.loads((run_folder / "options.json").read_text(encoding="utf-8"))
        if stored != json.loads(json.dumps(asdict(self.options))):
            raise ModelFileError(
                f"Expected the options of the run in {run_folder}, got others; resume with the same options."
            )
        state = json.loads((run_folder / "last.json").read_text(encoding="utf-8"))
        training_state.load_checkpoint(
            run_folder / "last.safetensors", self.model, self.shadow.model, self.optimiser, masks=self.masks
        )
        for name in ("epoch", "step", "best_map50", "best_epoch", "stale", "history"):
            setattr(self, name, state[name])
        self.shadow.updates = state["shadow_updates"]


def run_training(
    training: Sequence[CachedStill],
    validation: Sequence[CachedStill],
    options: TrainingOptions,
    run_folder: Path,
    *,
    resume: bool = False,
    initial_weights: Path | None = None,
    teacher: Path | None = None,
    synthetic: Sequence[CachedStill] = (),
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train one detector and leave its weights in ``run_folder``.

    training, validation: images in memory (group-split by the caller); initial_weights: a ``.safetensors`` of
    an earlier run to start from; resume: continue the run of this folder; teacher: ``.safetensors`` of a
    trained, larger detector to learn from beside the labels; synthetic: pool for the synthetic part of every
    batch; progress: called after every epoch with its row; cancelled: asked before every step.
    Raises InvalidInputError for empty sets or bad options, ModelFileError for weights of another architecture
    or a folder without such a run to resume, CancelledError on request.
    """
    _check(training, validation, options)
    run_folder.mkdir(parents=True, exist_ok=True)
    trainer = _Trainer(training, options, initial_weights, teacher)
    if resume:
        trainer.resume(run_folder)
    else:
        (run_folder / "options.json").write_text(json.dumps(asdict(options), indent=1), encoding="utf-8")
        (run_folder / "progress.jsonl").write_text("", encoding="utf-8")
    batches = Batches(training, synthetic, options)
    while trainer.epoch < options.epochs and not (options.patience and trainer.stale >= options.patience):
        row = trainer.run_epoch(batches, cancelled)
        if (trainer.epoch + 1) % options.validate_every == 0 or trainer.epoch + 1 == options.epochs:
            row |= trainer.validate(validation, run_folder)
        trainer.history.append(row)
        trainer.epoch += 1
        trainer.save(run_folder, row)
        if progress is not None:
            progress(row)
    trainer.keep(run_folder / "final.safetensors")
    return TrainingResult(
        run_folder / "best.safetensors",
        run_folder / "final.safetensors",
        trainer.best_map50,
        trainer.best_epoch,
        trainer.history,
    )
