"""``manage.py describe PATH --boxes BOXES.json --out FILE.csv``: the features of one clip, no database."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from analysis.pipeline.describe import describe_clip
from analysis.pipeline.errors import InvalidInputError, PipelineError
from analysis.pipeline.kernels.boxes_file import BoxesFile, read_boxes
from analysis.pipeline.kernels.feature_tables import flat, frame_ranges, write_table
from analysis.pipeline.names import DYNAMIC_FEATURES, STATIC_FEATURES
from analysis.pipeline.tracking import repair, sentences
from analysis.pipeline.types import ClipDescription, DescribeParameters, RepairedTrack
from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_frames
from studies.imaging.types import CineInfo

WRONG_USAGE = 2


class Command(BaseCommand):
    """Repair the track of the boxes, measure every frame, describe the curves, write two tables."""

    help = "Static and dynamic features of one clip. Exit status 1 when the clip or its boxes are refused."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The clip, its boxes, the table, and how to describe."""
        parser.add_argument("path", metavar="PATH", type=Path, help="DICOM file, video or archive of frames")
        parser.add_argument("--boxes", type=Path, required=True, help="boxes as written by detect --json")
        parser.add_argument(
            "--out", type=Path, required=True, help="FILE.csv; the frames go to FILE.frames.csv beside it"
        )
        parser.add_argument("--mask", choices=("rect", "ellipse", "segment"), default="rect")
        parser.add_argument("--bin-width", type=_positive, default=25.0, help="grey levels a bin (25)")
        parser.add_argument(
            "--fmax", type=_positive, default=None, help="upper limit of the frequency descriptors"
        )
        parser.add_argument(
            "--fps",
            type=_positive,
            default=None,
            help="frames a second, where the clip and the boxes say nothing",
        )
        parser.add_argument("--keep-all", action="store_true", help="keep frames with colour or drawn marks")

    def handle(self, *args: object, **options: Any) -> None:
        """Read, describe, write."""
        out: Path = options["out"]
        if not out.parent.is_dir():
            raise CommandError(
                f"--out: there is no folder {out.parent}; make it first.", returncode=WRONG_USAGE
            )
        parameters = DescribeParameters(
            mask_kind=options["mask"],
            bin_width=options["bin_width"],
            fmax=options["fmax"],
            exclude=not options["keep_all"],
        )
        try:
            info, boxes = _inputs(options["path"], options["boxes"])
            track = repair(boxes.detections(), (info.height, info.width))
            described = _describe(options["path"], info, boxes, track, options["fps"], parameters)
        except (RefusedFileError, PipelineError) as error:
            raise CommandError(f"{options['path']}: {error}") from error
        write_tables(out, track, described)
        for sentence in sentences(track.qc):
            self.stderr.write(f"{options['path']}: {sentence}")
        self.stdout.write(
            f"{out}: {described.n_used} of {track.qc['n_frames']} frames described, window "
            f"{described.window[0]} to {described.window[1] - 1}."
        )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"expected a positive number, got {text}")
    return value


def _inputs(path: Path, boxes_path: Path) -> tuple[CineInfo, BoxesFile]:
    """The clip's header and its boxes, which must speak of the same picture size and number of frames."""
    info = inspect_file(path)
    try:
        text = boxes_path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{boxes_path} cannot be read as a text file; write it by detect --json."
        ) from error
    boxes = read_boxes(text)
    said = (boxes.n_frames, boxes.height, boxes.width)
    found = (info.n_frames, info.height, info.width)
    if said != found:
        raise InvalidInputError(
            f"The boxes belong to another clip: expected (frames, height, width) {found}, got {said}; "
            "run detect on this file."
        )
    return info, boxes


def _describe(
    path: Path,
    info: CineInfo,
    boxes: BoxesFile,
    track: RepairedTrack,
    fps: float | None,
    parameters: DescribeParameters,
) -> ClipDescription:
    times = None if info.frame_times_ms is None else np.asarray(info.frame_times_ms) / 1000.0
    return describe_clip(
        iter_frames(path, colour=info.colour),
        track.boxes,
        fps=info.fps or boxes.fps or fps,
        spacing_mm=info.spacing_mm,
        parameters=parameters,
        times_s=times,
    )


def write_tables(out: Path, track: RepairedTrack, described: ClipDescription) -> None:
    """FILE.csv: one row of 2,184 features and the quality record. FILE.frames.csv: a row of 91 a measured
    frame.

    Which frames the rows of the second are stands in the column described_frames of the first.
    """
    record = flat(track.qc) | {
        **{f"described_{key}": value for key, value in flat(described.qc).items()},
        "described_frames": frame_ranges(described.frame_indices.tolist()),
        "fps": described.fps,
        "time_base": described.time_base,
        "resampled": described.resampled,
        "spacing_row": described.spacing_mm[0],
        "spacing_column": described.spacing_mm[1],
        "spacing_base": described.spacing_base,
        "pipeline_version": described.version,
    }
    name = out.name.removesuffix(".csv") + ".frames.csv"
    write_table(out.with_name(name), STATIC_FEATURES, described.static.tolist())
    write_table(out, [*DYNAMIC_FEATURES, *record], [[*described.dynamic.tolist(), *record.values()]])
