"""The report on a detector over labelled stills: figures with intervals, whole and by source, pathology and
size of lesion."""

from collections.abc import Callable, Sequence

import numpy as np

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.detection_metrics import (
    Box5,
    JudgedImage,
    bootstrap_intervals,
    figures,
    froc,
    judge_image,
)
from analysis.pipeline.kernels.detector_dataset import LabelledStill

# Side of a square of the largest lesion's area, as a part of the image's longer side.
SMALL_BELOW, LARGE_FROM = 0.15, 0.30
SIZES = ("small", "medium", "large", "no lesion")


def size_class(still: LabelledStill) -> str:
    """ "small", "medium", "large" by the largest lesion, or "no lesion"."""
    if not len(still.boxes):
        return "no lesion"
    area = float((still.boxes[:, 2:] - still.boxes[:, :2]).prod(axis=1).max())
    part = np.sqrt(area) / max(still.width, still.height)
    return "small" if part < SMALL_BELOW else "medium" if part < LARGE_FROM else "large"


def _jsonable(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _section(
    images: Sequence[JudgedImage], groups: Sequence[str], cutoff: float, repetitions: int, seed: int
) -> dict[str, object]:
    """Figures and intervals of one set of images."""
    section: dict[str, object] = {name: _jsonable(value) for name, value in figures(images, cutoff).items()}
    section["n_images"] = len(images)
    section["n_lesions"] = sum(image.n_lesions for image in images)
    if repetitions:
        intervals = bootstrap_intervals(images, groups, cutoff, repetitions=repetitions, seed=seed)
        section["intervals"] = {
            name: [_jsonable(low), _jsonable(high)] for name, (low, high) in intervals.items()
        }
    return section


def report(
    stills: Sequence[LabelledStill],
    detections: Sequence[Sequence[Box5]],
    cutoff: float,
    *,
    repetitions: int = 2000,
    seed: int = 0,
) -> dict[str, object]:
    """Figures over all stills (keys mAP50, recall, precision, mean_iou, fp_per_image, …) and breakdowns.

    detections: of every still, confident or not, so that the curve is whole; cutoff: operating confidence for
    the counts; repetitions: bootstrap draws of near-duplicate groups, 0 for none. Undefined figures are None.
    Raises InvalidInputError when there is no still or the numbers differ.
    """
    if not stills or len(stills) != len(detections):
        raise InvalidInputError(
            f"Expected detections of at least one image, got {len(detections)} for {len(stills)} images: "
            f"an empty data set?"
        )
    judged = [judge_image(found, still.boxes) for found, still in zip(detections, stills, strict=True)]
    groups = [still.group for still in stills]
    whole = _section(judged, groups, cutoff, repetitions, seed)
    whole["cutoff"] = round(cutoff, 4)
    whole["recall_at_fp_per_image"] = {
        f"{rate:g}": _jsonable(recall) for rate, recall in froc(judged).items()
    }
    keys: dict[str, Callable[[LabelledStill], str]] = {
        "by_source": lambda still: still.source,
        "by_pathology": lambda still: still.pathology,
        "by_size": size_class,
    }
    for name, key in keys.items():
        whole[name] = _breakdown(stills, judged, key, cutoff, repetitions, seed)
    return whole


def _breakdown(
    stills: Sequence[LabelledStill],
    judged: Sequence[JudgedImage],
    key: Callable[[LabelledStill], str],
    cutoff: float,
    repetitions: int,
    seed: int,
) -> dict[str, object]:
    members: dict[str, list[int]] = {}
    for index, still in enumerate(stills):
        members.setdefault(key(still) or "not stated", []).append(index)
    return {
        word: _section([judged[i] for i in rows], [stills[i].group for i in rows], cutoff, repetitions, seed)
        for word, rows in sorted(members.items())
    }
