"""``manage.py sensitivity PATH… --out FILE.csv``: how much the features move when the lesion does not."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from numpy.typing import NDArray

from analysis.pipeline.describe import static_extractor
from analysis.pipeline.detector import Detector, load_detector
from analysis.pipeline.errors import InvalidInputError, PipelineError
from analysis.pipeline.kernels.boxes_file import read_boxes
from analysis.pipeline.kernels.feature_tables import write_table
from analysis.pipeline.names import STATIC_FEATURES
from analysis.pipeline.sensitivity import Clip, Sensitivity, sensitivity
from analysis.pipeline.tracking import repair
from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_frames, iter_luma

WRONG_USAGE = 2
COLUMNS = ("condition", "feature", "icc_agreement", "icc_consistency", "frames")


class Command(BaseCommand):
    """Describe frames of cines under moved boxes, other masks, other grey levels and recompression."""

    help = (
        "Intraclass correlation of each of the 91 static features under every condition, frames as targets. "
        "Exit status 1 when a file is refused."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The cines, their boxes, how many frames, and the table."""
        parser.add_argument(
            "paths", metavar="PATH", type=Path, nargs="+", help="DICOM files, videos, archives"
        )
        parser.add_argument(
            "--boxes", type=Path, nargs="+", default=None, help="boxes of each PATH by detect --json"
        )
        parser.add_argument("--out", type=Path, required=True, help="FILE.csv")
        parser.add_argument("--every", type=int, default=5, help="take every so many frames with a box (5)")
        parser.add_argument("--seed", type=int, default=0, help="of the moved boxes")

    def handle(self, *args: object, **options: Any) -> None:
        """Read, measure, write; say which condition moves the features most."""
        paths, boxes = options["paths"], options["boxes"]
        if boxes is not None and len(boxes) != len(paths):
            raise CommandError(
                f"--boxes: expected {len(paths)} files, as many as PATHs.", returncode=WRONG_USAGE
            )
        if options["every"] < 1 or not options["out"].parent.is_dir():
            raise CommandError(
                "--every must be 1 or more, and the folder of --out exist.", returncode=WRONG_USAGE
            )
        detector = load_detector() if boxes is None else None
        try:
            clips = [
                _clip(path, None if boxes is None else boxes[i], detector, options["every"])
                for i, path in enumerate(paths)
            ]
            found = sensitivity(clips, static_extractor(), seed=options["seed"], progress=self._progress)
        except (RefusedFileError, PipelineError) as error:
            raise CommandError(str(error)) from error
        write_table(options["out"], COLUMNS, _rows(found))
        for name, agreement in zip(found.conditions, found.agreement, strict=True):
            self.stdout.write(f"{name}: median ICC {np.median(agreement):.3f}")

    def _progress(self, done: int, total: int) -> None:
        self.stderr.write(f"{done} of {total} measurements")


def _clip(path: Path, boxes_path: Path | None, detector: Detector | None, every: int) -> Clip:
    """Every so many frames of the file that have a box after the repair. Raises what reading raises."""
    info = inspect_file(path)
    shape = (info.height, info.width)
    if boxes_path is not None:
        detections: Any = read_boxes(_text(boxes_path)).detections()
    else:
        detections = detector.detect(iter_luma(path)) if detector else []
    track = repair(detections, shape).boxes
    if len(track) != info.n_frames:
        raise InvalidInputError(
            f"{boxes_path}: expected boxes of the {info.n_frames} frames of {path}, got {len(track)}; run "
            "detect on this file."
        )
    chosen = np.flatnonzero(np.isfinite(track[:, 0]))[::every]
    if not chosen.size:
        raise InvalidInputError(f"{path}: no frame has a lesion box; give --boxes, or take another file.")
    return Clip(_frames(path, set(chosen.tolist())), track[chosen], info.fps, info.spacing_mm)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} cannot be read as text; write it by detect --json.") from error


def _frames(path: Path, wanted: set[int]) -> NDArray[np.uint8]:
    return np.stack([frame for t, frame in enumerate(iter_frames(path)) if t in wanted])


def _rows(found: Sensitivity) -> list[tuple[object, ...]]:
    return [
        (condition, feature, float(found.agreement[c, f]), float(found.consistency[c, f]), found.n_targets[c])
        for c, condition in enumerate(found.conditions)
        for f, feature in enumerate(STATIC_FEATURES)
    ]
