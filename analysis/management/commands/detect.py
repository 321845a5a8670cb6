"""``manage.py detect PATH``: the lesion boxes of a DICOM, video, archive or still, without a database."""

import json
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.pipeline.detector import MAX_BOXES, RAW_CONFIDENCE, Box5, load_detector
from analysis.pipeline.errors import InvalidInputError, PipelineError
from analysis.pipeline.kernels.detector_backends import BACKENDS
from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_luma
from studies.imaging.types import CineInfo

WRONG_USAGE = 2


class Command(BaseCommand):
    """Run the detector over one file and print its boxes."""

    help = "Find the lesion in every frame of a file. Exit status 1 when the file is refused."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and how to look at it."""
        parser.add_argument("path", metavar="PATH", type=Path)
        parser.add_argument("--json", action="store_true", help="boxes of every frame as JSON, nothing else")
        parser.add_argument("--size", type=int, default=320, help="side of the network input in pixels (320)")
        parser.add_argument("--conf", type=float, default=RAW_CONFIDENCE, help="lowest confidence kept")
        parser.add_argument("--max-boxes", type=int, default=MAX_BOXES, help="boxes kept a frame")
        parser.add_argument(
            "--flip",
            action=BooleanOptionalAction,
            default=None,
            help="average with the mirrored frame: twice the time, steadier; by default for stills only",
        )
        parser.add_argument(
            "--weights", type=Path, default=None, help="an exported detector; default: the shipped one"
        )
        parser.add_argument("--backend", choices=BACKENDS, default="auto")

    def handle(self, *args: object, **options: Any) -> None:
        """Inspect, detect, print."""
        path: Path = options["path"]
        try:
            detector = load_detector(options["weights"], backend=options["backend"])
            info = inspect_file(path)
            boxes = detector.detect(
                iter_luma(path),
                size=options["size"],
                conf=options["conf"],
                max_boxes=options["max_boxes"],
                flip=info.n_frames == 1 if options["flip"] is None else options["flip"],
            )
        except RefusedFileError as error:
            raise CommandError(f"{path}: {error}") from error
        except InvalidInputError as error:
            raise CommandError(str(error), returncode=WRONG_USAGE) from error
        except PipelineError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(boxes_document(info, boxes)))
        else:
            self.stdout.write(_summary(path, info, boxes, detector.info.confidence))


def boxes_document(info: CineInfo, boxes: list[list[Box5]]) -> dict[str, object]:
    """The boxes file of the contract: fps (None when not recorded), width, height, n_frames, frames with
    their boxes."""
    frames = [
        {"frame": index, "boxes": [[*(round(v, 2) for v in box[:4]), round(box[4], 4)] for box in found]}
        for index, found in enumerate(boxes)
    ]
    return {
        "fps": info.fps,
        "width": info.width,
        "height": info.height,
        "n_frames": len(boxes),
        "frames": frames,
    }


def _summary(path: Path, info: CineInfo, boxes: list[list[Box5]], cutoff: float) -> str:
    sure = [found[0] for found in boxes if found and found[0][4] >= cutoff]
    lines = [
        f"{path.name}: {len(boxes)} frames of {info.width} x {info.height} px, "
        + (f"{info.fps:g} frames a second" if info.fps else "timing not recorded"),
        f"a lesion in {len(sure)} of {len(boxes)} frames at confidence {cutoff:.2f} or more",
    ]
    if sure:
        x1, y1, x2, y2, confidence = max(sure, key=lambda box: box[4])
        lines.append(
            f"most certain box: x {x1:.0f} to {x2:.0f}, y {y1:.0f} to {y2:.0f}, confidence {confidence:.2f}"
        )
    return "\n".join(lines)
