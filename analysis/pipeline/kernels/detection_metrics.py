"""How good boxes are: average precision, recall, precision, overlap, false positives, FROC, and bootstrap
intervals.

A detection is right when it overlaps a lesion of its image by at least half (intersection over union) that no
better-scored
detection has taken (the rule of the PASCAL VOC challenge, Everingham et al., IJCV 2010).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.box_geometry import iou_matrix

RIGHT_IOU = 0.5
FROC_RATES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
Box5 = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """One image after matching.

    scores: (N,) float64, detections best first; right: (N,) bool; n_lesions: lesions of truth;
    top_iou: overlap of the best-scored detection with the lesion it overlaps most, 0 without a detection.
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    n_lesions: int
    top_iou: float


def judge_image(
    detections: Sequence[Box5], truth: NDArray[np.float64], *, iou: float = RIGHT_IOU
) -> JudgedImage:
    """Match the detections (x1, y1, x2, y2, confidence) of one image with its lesions (N, 4)."""
    found = np.array(detections, np.float64).reshape(-1, 5)
    found = found[np.argsort(-found[:, 4], kind="stable")]
    truth = np.asarray(truth, np.float64).reshape(-1, 4)
    overlaps = iou_matrix(found[:, :4], truth)
    right, taken = np.zeros(len(found), bool), np.zeros(len(truth), bool)
    for row, overlap in enumerate(overlaps):
        free = np.where(taken, -1.0, overlap)
        if free.size and free.max() >= iou:
            right[row] = taken[int(free.argmax())] = True
    return JudgedImage(found[:, 4], right, len(truth), float(overlaps[0].max()) if overlaps.size else 0.0)


def _pooled(images: Sequence[JudgedImage]) -> tuple[NDArray[np.bool_], NDArray[np.float64], int]:
    """All detections best first: right (N,), scores (N,); and the number of lesions."""
    scores = np.concatenate([image.scores for image in images]) if images else np.empty(0)
    right = np.concatenate([image.right for image in images]) if images else np.empty(0, bool)
    order = np.argsort(-scores, kind="stable")
    return right[order], scores[order], sum(image.n_lesions for image in images)


def average_precision(images: Sequence[JudgedImage]) -> float:
    """Area under the precision-recall curve with the precision envelope, all points; NaN without a lesion."""
    right, _, lesions = _pooled(images)
    if not lesions:
        return float("nan")
    hits = np.cumsum(right)
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float(precision[right].sum() / lesions)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Counts-based figures at one confidence cut-off; NaN where a denominator is zero."""

    recall: float
    precision: float
    fp_per_image: float
    fp_per_lesion_free_image: float
    mean_iou: float


def at_cutoff(images: Sequence[JudgedImage], cutoff: float) -> OperatingPoint:
    """Recall, precision, false positives an image (all, and lesion-free only) of detections with confidence
    >= cutoff.

    mean_iou: over images with a lesion, the overlap of the best-scored detection, 0 where there is none above
    the cut-off.
    """
    hits = sum(int((image.right & (image.scores >= cutoff)).sum()) for image in images)
    wrong = [int((~image.right & (image.scores >= cutoff)).sum()) for image in images]
    lesions = sum(image.n_lesions for image in images)
    free = [count for count, image in zip(wrong, images, strict=True) if not image.n_lesions]
    overlap = [
        image.top_iou if image.scores.size and image.scores[0] >= cutoff else 0.0
        for image in images
        if image.n_lesions
    ]
    return OperatingPoint(
        recall=_ratio(hits, lesions),
        precision=_ratio(hits, hits + sum(wrong)),
        fp_per_image=_ratio(sum(wrong), len(images)),
        fp_per_lesion_free_image=_ratio(sum(free), len(free)),
        mean_iou=_ratio(sum(overlap), len(overlap)),
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def froc(images: Sequence[JudgedImage], rates: Sequence[float] = FROC_RATES) -> dict[float, float]:
    """Recall at each rate of false positives an image: the best cut-off that keeps at most so many."""
    right, scores, lesions = _pooled(images)
    last = np.append(scores[1:] != scores[:-1], True) if len(scores) else np.empty(0, bool)
    hits, wrong = np.cumsum(right)[last], np.cumsum(~right)[last]
    allowed = {rate: hits[wrong <= rate * len(images)] for rate in rates}
    return {
        rate: _ratio(int(reached.max()) if reached.size else 0, lesions) for rate, reached in allowed.items()
    }


def best_cutoff(images: Sequence[JudgedImage], *, max_fp_per_image: float) -> float:
    """The lowest confidence that keeps at most so many false positives an image: the operating point, for
    validation images only."""
    right, scores, _ = _pooled(images)
    wrong = np.cumsum(~right)
    last = np.append(scores[1:] != scores[:-1], True) if len(scores) else np.empty(0, bool)
    usable = scores[last & (wrong <= max_fp_per_image * len(images))]
    return float(usable.min()) if usable.size else 1.0


def bootstrap_interval(
    images: Sequence[JudgedImage],
    groups: Sequence[str],
    statistic: Callable[[Sequence[JudgedImage]], dict[str, float]],
    *,
    repetitions: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of every figure that ``statistic`` returns, resampling whole near-duplicate
    groups.

    Raises InvalidInputError when images and groups differ in number or are empty.
    """
    if not images or len(images) != len(groups):
        raise InvalidInputError(
            f"Expected one group an image and at least one image, got {len(groups)} and {len(images)}."
        )
    members: dict[str, list[JudgedImage]] = {}
    for image, group in zip(images, groups, strict=True):
        members.setdefault(group, []).append(image)
    blocks, rng = list(members.values()), np.random.default_rng(seed)
    draws = [
        statistic([image for i in rng.integers(0, len(blocks), len(blocks)) for image in blocks[i]])
        for _ in range(repetitions)
    ]
    tails = (50 * (1 - level), 50 * (1 + level))
    intervals = {}
    for name in draws[0]:
        values = np.array([draw[name] for draw in draws])
        finite = values[np.isfinite(values)]
        low, high = np.percentile(finite, tails) if finite.size else (float("nan"), float("nan"))
        intervals[name] = (float(low), float(high))
    return intervals
