"""A detector that errs in known ways, for testing rejection and interpolation against the truth."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]

MISS_RATE, OUTLIER_RATE, JITTER, FALSE_POSITIVE_RATE = 0.07, 0.06, 0.03, 0.10
OUTLIER_SCALES = (0.45, 1.9)
FAR_OUTLIER_SHARE = 0.5
TRUE_CONFIDENCE, OUTLIER_CONFIDENCE, FALSE_CONFIDENCE = (0.75, 0.10), (0.50, 0.12), (0.35, 0.10)


def simulate(boxes: Boxes, frame_shape: tuple[int, int], rng: np.random.Generator) -> list[Boxes]:
    """Detections per frame, each (k, 5) float64 [x1, y1, x2, y2, confidence], k 0 or 1.

    boxes: (T, 4) truth, NaN where absent. 7 % misses, 6 % outliers (a far box, or one scaled by 0.45 or 1.9),
    jitter of 3 % of the size, a false box in 10 % of the empty frames.
    """
    return [_detect(box, frame_shape, rng) for box in boxes]


def _detect(box: Boxes, frame_shape: tuple[int, int], rng: np.random.Generator) -> Boxes:
    if np.isnan(box).any():
        if rng.random() >= FALSE_POSITIVE_RATE:
            return np.empty((0, 5))
        return _clip(_far_box(rng, frame_shape, np.array([30.0, 22.0])), frame_shape, rng, FALSE_CONFIDENCE)
    kind = rng.random()
    if kind < MISS_RATE:
        return np.empty((0, 5))
    size = box[2:] - box[:2]
    if kind >= MISS_RATE + OUTLIER_RATE:
        return _clip(
            box + JITTER * rng.standard_normal(4) * np.tile(size, 2), frame_shape, rng, TRUE_CONFIDENCE
        )
    if rng.random() < FAR_OUTLIER_SHARE:
        return _clip(_far_box(rng, frame_shape, size), frame_shape, rng, OUTLIER_CONFIDENCE)
    middle, scale = (box[:2] + box[2:]) / 2, rng.choice(OUTLIER_SCALES)
    scaled = np.concatenate([middle - scale * size / 2, middle + scale * size / 2])
    return _clip(scaled, frame_shape, rng, OUTLIER_CONFIDENCE)


def _far_box(rng: np.random.Generator, frame_shape: tuple[int, int], size: Boxes) -> Boxes:
    """A box of this size anywhere in the frame."""
    limit = np.maximum(np.array(frame_shape[::-1]) - size, 0)
    corner = rng.random(2) * limit
    return np.concatenate([corner, corner + size])


def _clip(
    box: Boxes, frame_shape: tuple[int, int], rng: np.random.Generator, confidence: tuple[float, float]
) -> Boxes:
    height, width = frame_shape
    inside = np.clip(box, 0, [width, height, width, height])
    return np.append(inside, np.clip(rng.normal(*confidence), 0.05, 0.99))[None, :]
