"""How good boxes are: average precision, recall, precision, overlap, false positives, FROC, and bootstrap
intervals.

A detection is right when it overlaps a lesion of its image by at least half (intersection over union) that no
better-scored detection has taken (the rule of the PASCAL VOC challenge, Everingham et al., IJCV 2010).
"""

from collections.abc import Sequence
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

    scores: (N,) float64, detections best first; right: (N,) bool; n_lesions: lesions of truth; top_iou:
    overlap of the best-scored detection with the lesion it overlaps most, 0 without a detection.
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


@dataclass(frozen=True, slots=True)
class _Pool:
    """All detections of many images, best first, and what each image counts; for figures under image
    weights."""

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    image: NDArray[np.intp]
    lesions: NDArray[np.int64]
    top_iou: NDArray[np.float64]
    top_score: NDArray[np.float64]

    @classmethod
    def of(cls, images: Sequence[JudgedImage]) -> "_Pool":
        scores = np.concatenate([np.empty(0), *(image.scores for image in images)])
        right = np.concatenate([np.empty(0, bool), *(image.right for image in images)])
        owner = np.repeat(np.arange(len(images)), [len(image.scores) for image in images])
        order = np.argsort(-scores, kind="stable")
        return cls(
            scores[order],
            right[order],
            owner[order],
            np.array([image.n_lesions for image in images], np.int64),
            np.array([image.top_iou for image in images], np.float64),
            np.array([image.scores[0] if image.scores.size else -1.0 for image in images], np.float64),
        )

    def counts(self, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Number of the chosen detections in each image."""
        return np.bincount(self.image[chosen], minlength=len(self.lesions)).astype(np.float64)

    def average_precision(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Area under the precision-recall curve with the precision envelope, one value a row of weights (B,
        images)."""
        each = weights[:, self.image]
        hits = np.cumsum(each * self.right, axis=1)
        precision = _ratio(hits, np.cumsum(each, axis=1), empty=0.0)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        return _ratio((each * self.right * envelope).sum(axis=1), weights @ self.lesions)


def _ratio(
    part: NDArray[np.float64], whole: NDArray[np.float64], *, empty: float = np.nan
) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(part, empty, dtype=np.float64), where=whole > 0)


def _figures(pool: _Pool, weights: NDArray[np.float64], cutoff: float) -> dict[str, NDArray[np.float64]]:
    """Every figure of ``FIGURES``, one value a row of weights (B, images)."""
    above = pool.scores >= cutoff
    hits, wrong = weights @ pool.counts(above & pool.right), weights @ pool.counts(above & ~pool.right)
    diseased, free = (pool.lesions > 0).astype(np.float64), (pool.lesions == 0).astype(np.float64)
    overlap = pool.top_iou * diseased * (pool.top_score >= cutoff)
    return {
        "mAP50": pool.average_precision(weights),
        "recall": _ratio(hits, weights @ pool.lesions),
        "precision": np.where(weights @ pool.lesions > 0, _ratio(hits, hits + wrong), np.nan),
        "mean_iou": _ratio(weights @ overlap, weights @ diseased),
        "fp_per_image": _ratio(wrong, weights.sum(axis=1)),
        "fp_per_lesion_free_image": _ratio(
            weights @ (free * pool.counts(above & ~pool.right)), weights @ free
        ),
    }


FIGURES = ("mAP50", "recall", "precision", "mean_iou", "fp_per_image", "fp_per_lesion_free_image")


def figures(images: Sequence[JudgedImage], cutoff: float) -> dict[str, float]:
    """The figures of ``FIGURES``; NaN where a denominator is zero.

    mAP50: area under the precision-recall curve (all points, precision envelope) of all detections. The
    others count detections with confidence >= cutoff. mean_iou: over images with a lesion, the overlap of the
    best-scored detection, 0 where there is none above the cut-off.
    """
    pool = _Pool.of(images)
    return {
        name: float(value[0]) for name, value in _figures(pool, np.ones((1, len(images))), cutoff).items()
    }


def average_precision(images: Sequence[JudgedImage]) -> float:
    """mAP@0.5 of one class; NaN without a lesion."""
    return float(_Pool.of(images).average_precision(np.ones((1, len(images))))[0])


def _steps(pool: _Pool) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Right and wrong detections above each distinct score, and that score, highest first."""
    last = np.append(pool.scores[1:] != pool.scores[:-1], True) if len(pool.scores) else np.empty(0, bool)
    return np.cumsum(pool.right)[last], np.cumsum(~pool.right)[last], pool.scores[last]


def froc(images: Sequence[JudgedImage], rates: Sequence[float] = FROC_RATES) -> dict[float, float]:
    """Recall at each rate of false positives an image: the best cut-off that keeps at most so many; NaN
    without a lesion."""
    pool = _Pool.of(images)
    hits, wrong, _ = _steps(pool)
    lesions = int(pool.lesions.sum())
    reached = {rate: hits[wrong <= rate * len(images)].max(initial=0) for rate in rates}
    return {rate: float(value) / lesions if lesions else float("nan") for rate, value in reached.items()}


def best_cutoff(images: Sequence[JudgedImage], *, max_fp_per_image: float) -> float:
    """The lowest confidence that keeps at most so many false positives an image: an operating point.

    To be chosen on validation images, never on those that are reported.
    """
    _, wrong, scores = _steps(_Pool.of(images))
    return float(scores[wrong <= max_fp_per_image * len(images)].min(initial=1.0))


def bootstrap_intervals(
    images: Sequence[JudgedImage],
    groups: Sequence[str],
    cutoff: float,
    *,
    repetitions: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of every figure, resampling whole near-duplicate groups; NaN where no draw has a
    value.

    Raises InvalidInputError when images and groups differ in number or are empty.
    """
    if not images or len(images) != len(groups):
        raise InvalidInputError(
            f"Expected one group an image and at least one, got {len(groups)} and {len(images)}."
        )
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    draws = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), repetitions
    )
    values = _figures(_Pool.of(images), draws[:, member].astype(np.float64), cutoff)
    tails = (50 * (1 - level), 50 * (1 + level))
    return {name: _interval(value[np.isfinite(value)], tails) for name, value in values.items()}


def _interval(values: NDArray[np.float64], tails: tuple[float, float]) -> tuple[float, float]:
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.percentile(values, tails)
    return float(low), float(high)
