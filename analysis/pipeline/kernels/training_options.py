"""What decides a training run of the detector, and the learning rate at each of its steps."""

import math
from dataclasses import dataclass

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels import yolo_compat
from analysis.pipeline.kernels.training_batches import BatchOptions

PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, slots=True)
class TrainingOptions(BatchOptions):
    """Everything that decides a run; stored as ``options.json`` beside its weights.

    size: "n" or "s"; learning_rate: AdamW, reached after warmup_steps, then half a cosine down to
    final_learning_rate (a part of it); ema_decay: of the weight average that is validated and kept;
    mask_gain: weight of the lesion-mask loss beside YOLOv5's own, 0 = none;
    teacher_gain: weight of a teacher's answers beside the labels; patience: validations without a gain after
    which the run stops, 0 = never; precision: "auto", "float32", "bfloat16".
    """

    size: str = "n"
    learning_rate: float = 1.5e-3
    final_learning_rate: float = 0.02
    warmup_steps: int = 80
    weight_decay: float = 0.02
    ema_decay: float = 0.998
    mask_gain: float = 0.05
    teacher_gain: float = 1.0
    patience: int = 0
    validate_every: int = 4
    precision: str = "auto"
    threads: int = 1


def check_options(options: TrainingOptions) -> None:
    """Raise InvalidInputError for options that no run can have."""
    if options.image_size % 32 or any(size % 32 for size in options.small_sizes):
        raise InvalidInputError(
            f"Expected image sizes divisible by 32, got {options.image_size} and {options.small_sizes}."
        )
    if min(options.epochs, options.batch, options.validate_every) < 1 or not 0 <= options.synthetic < 1:
        raise InvalidInputError(
            "Expected epochs, batch, validate_every of at least 1 and a synthetic part in [0, 1)."
        )
    if options.precision not in PRECISIONS or options.size not in yolo_compat.SIZES:
        raise InvalidInputError(
            f"Expected precision in {PRECISIONS} and size in {yolo_compat.SIZES}, "
            f"got {options.precision!r} and {options.size!r}."
        )


def learning_rate(step: int, total: int, options: TrainingOptions) -> float:
    """Linear warm-up (of a short run a tenth at most), then half a cosine down to the final rate."""
    warmup = min(options.warmup_steps, max(1, total // 10))
    if step < warmup:
        return options.learning_rate * (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    low = options.final_learning_rate
    return options.learning_rate * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * done)))
