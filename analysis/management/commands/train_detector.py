"""``manage.py train_detector --data DIR --out RUN``: train the lesion detector on labelled stills."""

import json
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.pipeline.errors import InvalidInputError, PipelineError
from analysis.pipeline.kernels.detector_dataset import read_manifest, training_split
from analysis.pipeline.kernels.training_options import TrainingOptions, check_options
from analysis.pipeline.train import FitOptions, FittedDetector, fit_detector

WRONG_USAGE = 2
DEFAULTS = TrainingOptions()


class Command(BaseCommand):
    """Pre-train, train, choose the operating point on validation images, export."""

    help = "Train a YOLOv5 on a folder with manifest.csv; the held-out fifth of its groups is never read."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The folders, and what decides the run."""
        parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and images/")
        parser.add_argument("--out", type=Path, required=True, help="run folder: everything is written there")
        parser.add_argument("--epochs", type=int, default=DEFAULTS.epochs)
        parser.add_argument("--seed", type=int, default=DEFAULTS.seed)
        parser.add_argument("--resume", action="store_true", help="go on with the run of this folder")
        parser.add_argument("--size", choices=("n", "s"), default=DEFAULTS.size, help="YOLOv5 nano or small")
        parser.add_argument("--image-size", type=int, default=DEFAULTS.image_size)
        parser.add_argument("--batch", type=int, default=DEFAULTS.batch)
        parser.add_argument("--learning-rate", type=float, default=DEFAULTS.learning_rate)
        parser.add_argument(
            "--patience", type=int, default=0, help="validations without a gain before stopping, 0: never"
        )
        parser.add_argument(
            "--pretrain", type=int, default=6000, help="synthetic stills to pre-train on, 0 for none"
        )
        parser.add_argument("--pretrain-epochs", type=int, default=8)
        parser.add_argument(
            "--synthetic", type=float, default=0.125, help="synthetic part of every batch, 0 to below 1"
        )
        parser.add_argument(
            "--synthetic-cines", type=int, default=60, help="synthetic cines that join the pool"
        )
        parser.add_argument(
            "--small-sizes",
            type=int,
            nargs="*",
            default=list(DEFAULTS.small_sizes),
            help="cheaper input sides, drawn at random early in the run",
        )
        parser.add_argument(
            "--small-until", type=float, default=DEFAULTS.small_until, help="part of the run with small sides"
        )
        parser.add_argument(
            "--mosaic-until", type=float, default=DEFAULTS.mosaic_until, help="part of the run with mosaics"
        )
        parser.add_argument(
            "--precision", choices=("auto", "float32", "bfloat16"), default=DEFAULTS.precision
        )
        parser.add_argument("--threads", type=int, default=DEFAULTS.threads)
        parser.add_argument("--init", type=Path, default=None, help="weights (.safetensors) to start from")
        parser.add_argument(
            "--teacher", type=Path, default=None, help="weights (.safetensors) of a larger one to learn from"
        )
        parser.add_argument(
            "--teacher-gain", type=float, default=DEFAULTS.teacher_gain, help="weight of what it says"
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Read, split, fit, print one line of JSON an epoch and the outcome."""
        fit = _fit_options(options)
        try:
            check_options(fit.training)
        except InvalidInputError as error:
            raise CommandError(str(error), returncode=WRONG_USAGE) from error
        try:
            training, validation = training_split(read_manifest(options["data"]))
            fitted = fit_detector(
                training,
                validation,
                options["out"],
                fit,
                initial_weights=options["init"],
                teacher=options["teacher"],
                resume=options["resume"],
                progress=lambda row: self.stdout.write(json.dumps(row)),
            )
        except PipelineError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_outcome(fitted))


def _fit_options(options: dict[str, Any]) -> FitOptions:
    small = tuple(side for side in options["small_sizes"] if side < options["image_size"])
    names = (
        "epochs",
        "seed",
        "size",
        "image_size",
        "batch",
        "learning_rate",
        "patience",
        "synthetic",
        "small_until",
        "mosaic_until",
        "teacher_gain",
        "precision",
        "threads",
    )
    training = replace(DEFAULTS, small_sizes=small, **{name: options[name] for name in names})
    return FitOptions(
        training=training,
        pretraining_stills=options["pretrain"],
        pretraining_epochs=options["pretrain_epochs"],
        synthetic_cines=options["synthetic_cines"] if options["synthetic"] else 0,
        name=f"lesion-yolov5{options['size']}",
    )


def _outcome(fitted: FittedDetector) -> str:
    return json.dumps(
        {
            "onnx": str(fitted.onnx),
            "weights": str(fitted.weights),
            "recipe": str(fitted.recipe),
            "confidence": round(fitted.confidence, 4),
            "validation": {name: round(value, 4) for name, value in fitted.validation.items()},
        }
    )
