"""``manage.py evaluate_detector --data DIR``: how good the detector is on labelled stills, with intervals."""

import json
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.pipeline.detector import Detector, load_detector
from analysis.pipeline.errors import InvalidInputError, ModelFileError
from analysis.pipeline.kernels.detector_backends import BACKENDS
from analysis.pipeline.kernels.detector_dataset import LabelledStill, heldout, read_grey, read_manifest
from analysis.pipeline.kernels.detector_report import report

CURVE_CONFIDENCE = 0.001  # low enough for the whole precision-recall curve
CURVE_BOXES = 20


class Command(BaseCommand):
    """Judge a detector on a folder with a manifest."""

    help = (
        "mAP@0.5, recall, precision, overlap and false positives on labelled stills, whole and by subgroup."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The folder, and how to judge."""
        parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and images/")
        parser.add_argument("--split", choices=("heldout", "all"), default="heldout")
        parser.add_argument("--json", action="store_true", help="the report as JSON, nothing else")
        parser.add_argument(
            "--weights", type=Path, default=None, help="an exported detector; default: the shipped one"
        )
        parser.add_argument("--backend", choices=BACKENDS, default="auto")
        parser.add_argument(
            "--size", type=int, default=None, help="side of the network input; default: of training"
        )
        parser.add_argument(
            "--flip",
            action=BooleanOptionalAction,
            default=True,
            help="average with the mirrored image, as detect does for stills (the default)",
        )
        parser.add_argument(
            "--cutoff", type=float, default=None, help="operating confidence; default: of the weights"
        )
        parser.add_argument("--bootstrap", type=int, default=2000, help="draws for the intervals, 0 for none")
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")

    def handle(self, *args: object, **options: Any) -> None:
        """Detect over the split, judge, print."""
        try:
            stills = read_manifest(options["data"])
            chosen = heldout(stills) if options["split"] == "heldout" else stills
            if not chosen:
                raise InvalidInputError(
                    f"Expected images in the held-out part of {options['data']}, found none among "
                    f"{len(stills)}; "
                    "use --split all for a folder that was never trained on."
                )
            detector = load_detector(options["weights"], backend=options["backend"])
            document = _judge(detector, chosen, options)
        except (InvalidInputError, ModelFileError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(document) if options["json"] else as_text(document))


def _judge(detector: Detector, stills: list[LabelledStill], options: dict[str, Any]) -> dict[str, object]:
    """The report of a detector on these stills, with what was run."""
    frames = (read_grey(still.file) for still in stills)
    found = detector.detect(
        frames, size=options["size"], conf=CURVE_CONFIDENCE, max_boxes=CURVE_BOXES, flip=options["flip"]
    )
    cutoff = detector.info.confidence if options["cutoff"] is None else options["cutoff"]
    document = report(stills, found, cutoff, repetitions=options["bootstrap"], seed=options["seed"])
    document["split"] = options["split"]
    document["detector"] = {
        "name": detector.name,
        "digest": detector.digest,
        "backend": detector.backend,
        "size": options["size"] or detector.size,
        "flip": options["flip"],
    }
    return document


def _line(label: str, section: dict[str, Any]) -> str:
    def cell(name: str) -> str:
        value, (low, high) = section[name], section.get("intervals", {}).get(name, (None, None))
        if value is None:
            return "–".ljust(19)
        return (f"{value:.3f}" + (f" [{low:.2f}, {high:.2f}]" if low is not None else "")).ljust(19)

    cells = "".join(cell(name) for name in ("mAP50", "recall", "precision", "mean_iou", "fp_per_image"))
    return f"{label:<24}{section['n_images']:>6}  {cells}"


def as_text(document: dict[str, Any]) -> str:
    """The report as a table for people."""
    head = "".join(name.ljust(19) for name in ("mAP@0.5", "recall", "precision", "mean IoU", "FP an image"))
    lines = [f"{'':<24}{'images':>6}  {head}", _line("all", document)]
    for name in ("by_source", "by_pathology", "by_size"):
        lines += [_line(f"{name[3:]} {word}", section) for word, section in document[name].items()]
    rates = ", ".join(f"{rate}: {recall}" for rate, recall in document["recall_at_fp_per_image"].items())
    lines.append(f"recall at false positives an image: {rates}")
    return "\n".join(lines)
