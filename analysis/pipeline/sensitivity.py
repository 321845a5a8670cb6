"""How much features move when nothing about the lesion does: other boxes, masks, discretisation, compression.

Every condition is measured against the reference on the same targets (frames or clips), and each feature gets
its intraclass correlation: 1 when it ranks and sizes the targets as before, near 0 when the change drowns
them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from analysis.pipeline.errors import CancelledError, InvalidInputError

Float = NDArray[np.float64]
Frames = NDArray[np.uint8]
MIN_TARGETS = 3  # an intraclass correlation of fewer says nothing


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to describe a clip; the defaults are the reference.

    box_jitter: share of the box's side by which each edge moves at most, anew in every frame; repeats: how
    many times; mask_kind, bin_width, bin_count: see `masks` and `static_features`; jpeg_quality: frames are
    encoded and decoded before anything else.
    """

    name: str
    box_jitter: float = 0.0
    repeats: int = 1
    mask_kind: Literal["rect", "ellipse", "segment"] = "rect"
    bin_width: float = 25.0
    bin_count: int | None = None
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.box_jitter < 0.5 or self.repeats < 1:
            raise InvalidInputError(
                f"Expected a box jitter from 0 to below 0.5 and at least one repeat, got {self}."
            )
        if self.jpeg_quality is not None and not 1 <= self.jpeg_quality <= 100:
            raise InvalidInputError(f"Expected a JPEG quality from 1 to 100, got {self.jpeg_quality}.")


REFERENCE = Condition("reference")
CONDITIONS = (
    Condition("box ±5 %", box_jitter=0.05, repeats=3),
    Condition("box ±10 %", box_jitter=0.10, repeats=3),
    Condition("mask ellipse", mask_kind="ellipse"),
    Condition("mask segment", mask_kind="segment"),
    Condition("bin width 8", bin_width=8.0),
    Condition("32 bins", bin_count=32),
    Condition("JPEG 95", jpeg_quality=95),
    Condition("JPEG 75", jpeg_quality=75),
)


@dataclass(frozen=True, slots=True)
class Clip:
    """What is described: frames (T, H, W) uint8 grey; boxes (T, 4) half-open pixels, NaN where there is none;
    fps and (row, column) spacing in mm, None where unknown."""

    frames: Frames
    boxes: Float
    fps: float | None = None
    spacing_mm: tuple[float, float] | None = None


Extract = Callable[[Clip, Condition], Float]
"""(clip, condition) -> (n, F): a row a frame, or one row a clip; NaN where it could not be measured. The clip
comes
with moved boxes and recompressed frames; mask and discretisation are for the callee to follow."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Intraclass correlations of every feature under every condition.

    conditions: (C,) names; agreement: (C, F) ICC(A,1), absolute; consistency: (C, F) ICC(C,1), which forgives
    a shift of all targets; n_targets: (C,) rows that could be measured in all repeats; both at most 1.
    """

    conditions: tuple[str, ...]
    agreement: Float
    consistency: Float
    n_targets: tuple[int, ...]


def sensitivity(
    clips: Sequence[Clip],
    extract: Extract,
    *,
    reference: Condition = REFERENCE,
    conditions: Sequence[Condition] = CONDITIONS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sensitivity:
    """Measure every clip under the reference and all conditions, and correlate.

    seed: of the box jitter; the same seed moves the same boxes alike, whatever else is measured. progress:
    called with (measurements done, all of them).

    Raises InvalidInputError for no clip, clips that do not fit together, rows that differ between conditions
    or fewer than three comparable targets; CancelledError when `cancelled` says so.
    """
    for clip in clips:
        _check(clip)
    if not clips or not conditions:
        raise InvalidInputError("Expected at least one clip and one condition.")
    tasks = [(condition, turn) for condition in (reference, *conditions) for turn in range(condition.repeats)]
    measured: list[Float] = []
    for done, (condition, turn) in enumerate(tasks):
        measured.append(_measure(clips, extract, condition, (seed, turn), cancelled))
        if progress is not None:
            progress(done + 1, len(tasks))
    base, rest = measured[: reference.repeats], measured[reference.repeats :]
    outcomes = []
    for condition in conditions:
        raters, rest = [*base, *rest[: condition.repeats]], rest[condition.repeats :]
        outcomes.append(_correlate(condition.name, raters))
    agreement, consistency, counts = zip(*outcomes, strict=True)
    return Sensitivity(
        tuple(condition.name for condition in conditions), np.array(agreement), np.array(consistency), counts
    )


def intraclass(ratings: Float) -> tuple[Float, Float]:
    """ICC(A,1) and ICC(C,1) of (n targets, k raters, F) ratings, (F,) each.

    Two-way model, single rating, absolute agreement and consistency. Ratings that are all equal agree: 1.
    Source: McGraw and Wong, Psychological Methods 1 (1996) 30-46; ICC(2,1) and ICC(3,1) of Shrout and Fleiss
    1979.
    """
    n, k, _ = ratings.shape
    grand = ratings.mean(axis=(0, 1))
    targets, raters = ratings.mean(axis=1) - grand, ratings.mean(axis=0) - grand
    between = k * (targets**2).sum(axis=0) / (n - 1)
    columns = n * (raters**2).sum(axis=0) / (k - 1)
    residual = ratings - grand - targets[:, None] - raters[None]
    error = (residual**2).sum(axis=(0, 1)) / ((n - 1) * (k - 1))
    single = between + (k - 1) * error
    same = np.ptp(ratings, axis=1).max(axis=0) == 0
    agreement = _quotient(between - error, single + k * (columns - error) / n)
    consistency = _quotient(between - error, single)
    return np.where(same, 1.0, agreement), np.where(same, 1.0, consistency)


def jittered(boxes: Float, share: float, rng: np.random.Generator) -> Float:
    """(T, 4) boxes whose edges moved by at most that share of the box's side, uniformly and independently."""
    side = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    return boxes + rng.uniform(-share, share, boxes.shape) * side


def recompressed(frames: Frames, quality: int) -> Frames:
    """Frames (T, H, W) after one round of JPEG at that quality."""
    decoded = np.empty_like(frames)
    for t, frame in enumerate(np.ascontiguousarray(frames)):
        coded = simplejpeg.encode_jpeg(frame[..., None], quality=quality, colorspace="GRAY")
        decoded[t] = simplejpeg.decode_jpeg(coded, colorspace="GRAY")[..., 0]
    return decoded


def _measure(
    clips: Sequence[Clip],
    extract: Extract,
    condition: Condition,
    seed: tuple[int, int],
    cancelled: Callable[[], bool] | None,
) -> Float:
    """(n, F) rows of all clips under one condition."""
    rows = []
    for index, clip in enumerate(clips):
        if cancelled is not None and cancelled():
            raise CancelledError(
                f"Stopped before clip {index + 1} of {len(clips)} ({condition.name}), as asked."
            )
        rng = np.random.default_rng((*seed, index))
        changed = clip
        if condition.box_jitter:
            changed = replace(changed, boxes=jittered(clip.boxes, condition.box_jitter, rng))
        if condition.jpeg_quality is not None:
            changed = replace(changed, frames=recompressed(clip.frames, condition.jpeg_quality))
        rows.append(np.atleast_2d(np.asarray(extract(changed, condition), dtype=np.float64)))
    if len({part.shape[1] for part in rows}) != 1:
        raise InvalidInputError("Expected the same features of every clip from extract.")
    return np.concatenate(rows)


def _correlate(name: str, raters: list[Float]) -> tuple[Float, Float, int]:
    if len({rater.shape for rater in raters}) != 1:
        shapes = [rater.shape for rater in raters]
        raise InvalidInputError(
            f"{name}: expected the same rows under every condition from extract, got {shapes}."
        )
    ratings = np.stack(raters, axis=1)
    ratings = ratings[np.isfinite(ratings).all(axis=(1, 2))]
    if len(ratings) < MIN_TARGETS:
        raise InvalidInputError(
            f"{name}: expected {MIN_TARGETS} or more targets measured every time, got {len(ratings)}."
        )
    return (*intraclass(ratings), len(ratings))


def _quotient(numerator: Float, denominator: Float) -> Float:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def _check(clip: Clip) -> None:
    frames, boxes = clip.frames, clip.boxes
    fits = isinstance(frames, np.ndarray) and frames.ndim == 3 and frames.dtype == np.uint8
    if not fits or not isinstance(boxes, np.ndarray) or boxes.shape != (len(frames), 4):
        raise InvalidInputError(
            "Expected clips of (T, H, W) uint8 frames and (T, 4) boxes, got "
            f"{getattr(frames, 'dtype', type(frames))} {np.shape(frames)} and {np.shape(boxes)}."
        )
