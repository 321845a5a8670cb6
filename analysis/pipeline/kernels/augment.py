"""Augmentation of ultrasound stills for the detector: geometry, mosaic, lesion paste, and the scanner's own
variations.

No hue (the image is grey) and no vertical flip (depth has a direction). Every function takes its random
generator.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.kernels.detector_dataset import CachedStill

Image = NDArray[np.uint8]
Boxes = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AugmentOptions:
    """Strengths; probabilities in 0..1, scales as the natural logarithm of a factor, greys in levels of
    0..255."""

    flip: float = 0.5
    mosaic: float = 0.4
    paste: float = 0.2
    log_scale: float = 0.35
    log_aspect: float = 0.15
    shift: float = 0.15
    log_gamma: float = 0.4
    gain: float = 25.0
    depth_gain: float = 35.0
    speckle: float = 0.35
    blur: float = 0.2
    shadow: float = 0.2
    min_visible: float = 0.35
    min_side_px: float = 5.0


def _placement(
    still: CachedStill, size: int, options: AugmentOptions, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A random scale, aspect, shift and flip of an image inside a square, as a (2, 3) affine matrix."""
    height, width = still.image.shape
    scale = size / max(height, width) * np.exp(rng.uniform(-options.log_scale, options.log_scale))
    aspect = np.exp(rng.uniform(-options.log_aspect, options.log_aspect) / 2)
    scale_x, scale_y = scale * aspect, scale / aspect
    centre = size / 2 + rng.uniform(-options.shift, options.shift, 2) * size
    matrix = np.array(
        [[scale_x, 0, centre[0] - scale_x * width / 2], [0, scale_y, centre[1] - scale_y * height / 2]]
    )
    if rng.random() < options.flip:
        matrix[0] = [-matrix[0, 0], 0, size - matrix[0, 2]]
    return matrix


def _warp_boxes(boxes: Boxes, matrix: NDArray[np.float64]) -> Boxes:
    """Boxes (N, 4) under an axis-aligned affine matrix; a flip swaps the sides back into order."""
    moved = boxes * np.array([matrix[0, 0], matrix[1, 1]] * 2) + np.array([matrix[0, 2], matrix[1, 2]] * 2)
    return np.concatenate(
        [np.minimum(moved[:, :2], moved[:, 2:]), np.maximum(moved[:, :2], moved[:, 2:])], axis=1
    )


def clip_boxes(boxes: Boxes, window: tuple[float, float, float, float], options: AugmentOptions) -> Boxes:
    """Boxes cut to a window (x1, y1, x2, y2); those left too small, or visible by too little, are dropped."""
    low, high = np.array(window[:2] * 2), np.array(window[2:] * 2)
    cut = np.clip(boxes, low, high)
    sides, whole = cut[:, 2:] - cut[:, :2], (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    keep = (sides.min(axis=1) >= options.min_side_px) & (sides.prod(axis=1) >= options.min_visible * whole)
    return cut[keep]


def place(
    still: CachedStill, size: int, options: AugmentOptions, rng: np.random.Generator
) -> tuple[Image, Boxes]:
    """One image somewhere in the square (size, size), with its boxes."""
    matrix = _placement(still, size, options, rng)
    centred = matrix.copy()  # boxes count from pixel edges, OpenCV from pixel centres
    centred[:, 2] += (np.diag(matrix) - 1) / 2
    image = cv2.warpAffine(still.image, centred, (size, size), flags=cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(image, np.uint8), clip_boxes(
        _warp_boxes(still.boxes, matrix), (0, 0, size, size), options
    )


def mosaic(
    stills: Sequence[CachedStill], size: int, options: AugmentOptions, rng: np.random.Generator
) -> tuple[Image, Boxes]:
    """Four images around a random corner point of the square, each cut to its quarter."""
    image = np.zeros((size, size), np.uint8)
    corner_x, corner_y = (int(v) for v in rng.uniform(0.3, 0.7, 2) * size)
    windows = (
        (0, 0, corner_x, corner_y),
        (corner_x, 0, size, corner_y),
        (0, corner_y, corner_x, size),
        (corner_x, corner_y, size, size),
    )
    kept = []
    for still, (x1, y1, x2, y2) in zip(stills, windows, strict=True):
        part, boxes = place(still, size, options, rng)
        offset_x, offset_y = int(x1 + x2 - size) // 2, int(y1 + y2 - size) // 2
        image[y1:y2, x1:x2] = part[y1 - offset_y : y2 - offset_y, x1 - offset_x : x2 - offset_x]
        kept.append(clip_boxes(boxes + np.array([offset_x, offset_y] * 2), (x1, y1, x2, y2), options))
    return image, np.concatenate(kept)


def paste_lesion(
    image: Image, boxes: Boxes, donor: CachedStill, options: AugmentOptions, rng: np.random.Generator
) -> tuple[Image, Boxes]:
    """Blend one lesion of the donor, with a rim of its surroundings, into the image where no box lies yet."""
    if not len(donor.boxes):
        return image, boxes
    size = image.shape[0]
    box = donor.boxes[rng.integers(len(donor.boxes))]
    rim = 0.25 * (box[2:] - box[:2])
    x1, y1 = np.maximum(np.floor(box[:2] - rim), 0).astype(int)
    x2, y2 = np.minimum(np.ceil(box[2:] + rim), donor.image.shape[::-1]).astype(int)
    scale = size / max(donor.image.shape) * np.exp(rng.uniform(-options.log_scale, options.log_scale))
    patch_w, patch_h = round((x2 - x1) * scale), round((y2 - y1) * scale)
    if min(patch_w, patch_h) < 12 or max(patch_w, patch_h) > 0.6 * size:
        return image, boxes
    left = int(rng.integers(0, size - patch_w + 1))
    depth = (y1 + y2) / 2 / donor.image.shape[0] + rng.uniform(-0.1, 0.1)  # a lesion keeps about its depth
    top = int(np.clip(depth * size - patch_h / 2, 0, size - patch_h))
    inner = np.array([left, top] * 2) + (box - np.array([x1, y1] * 2)) * scale
    outer = np.array([left, top, left + patch_w, top + patch_h], np.float64)
    if (
        len(boxes)
        and (np.minimum(boxes[:, 2:], outer[2:]) > np.maximum(boxes[:, :2], outer[:2])).all(axis=1).any()
    ):
        return image, boxes
    patch = cv2.resize(donor.image[y1:y2, x1:x2], (patch_w, patch_h), interpolation=cv2.INTER_LINEAR).astype(
        np.float32
    )
    if rng.random() < options.flip:
        patch = patch[:, ::-1]
        inner[[0, 2]] = 2 * left + patch_w - inner[[2, 0]]
    ramp_x = np.clip(
        np.minimum(np.arange(patch_w) + 1, patch_w - np.arange(patch_w)) / (0.15 * patch_w), 0, 1
    )
    ramp_y = np.clip(
        np.minimum(np.arange(patch_h) + 1, patch_h - np.arange(patch_h)) / (0.15 * patch_h), 0, 1
    )
    alpha = (ramp_y[:, None] * ramp_x[None]).astype(np.float32)
    under = image[top : top + patch_h, left : left + patch_w].astype(np.float32)
    if under.mean() < 12:  # nothing but the black surround there
        return image, boxes
    rim_shift = float(np.clip((under.mean() - patch.mean()) * 0.5, -25, 25))
    out = image.copy()
    out[top : top + patch_h, left : left + patch_w] = np.clip(
        alpha * (patch + rim_shift) + (1 - alpha) * under, 0, 255
    )
    return out, np.concatenate([boxes, inner[None]])


def _smooth_field(size: int, cells: int, rng: np.random.Generator) -> NDArray[np.float32]:
    coarse = rng.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)


def vary_scanner(image: Image, options: AugmentOptions, rng: np.random.Generator) -> Image:
    """Gain, depth gain, dynamic range (gamma), speckle, blur and acoustic shadow of another scanner or hand.

    The black surround (grey 0) stays black.
    """
    size = image.shape[0]
    signal = image > 2
    gamma = np.exp(rng.uniform(-options.log_gamma, options.log_gamma))
    table = 255.0 * (np.arange(256) / 255.0) ** gamma + rng.uniform(-options.gain, options.gain)
    out = cv2.LUT(image, table.astype(np.float32))
    depth = np.linspace(-1, 1, size, dtype=np.float32)
    out = out + (rng.uniform(-options.depth_gain, options.depth_gain) * depth)[:, None]
    if rng.random() < options.speckle:
        cells = int(rng.integers(size // 3, size))
        out = out * (1 + rng.uniform(0.03, 0.18) * _smooth_field(size, cells, rng))
    if rng.random() < 0.5:
        out = out + rng.uniform(2, 10) * _smooth_field(size, int(rng.integers(3, 9)), rng)
    if rng.random() < options.shadow:
        centre, width = rng.uniform(0, size), rng.uniform(0.03, 0.12) * size
        lateral = np.exp(-0.5 * ((np.arange(size) - centre) / width) ** 2).astype(np.float32)
        below = np.clip((np.arange(size) / size - rng.uniform(0, 0.7)) * 4, 0, 1).astype(np.float32)
        out = out * (1 - rng.uniform(0.3, 0.8) * below[:, None] * lateral[None])
    if rng.random() < options.blur:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.2)))
    return np.asarray(np.where(signal, np.clip(out, 0, 255), image), np.uint8)


def draw_training_image(
    stills: Sequence[CachedStill], index: int, size: int, options: AugmentOptions, rng: np.random.Generator
) -> tuple[Image, Boxes]:
    """One augmented training image (size, size) uint8 that starts from ``stills[index]``, with its boxes (N,
    4) float64."""
    if rng.random() < options.mosaic:
        others = [stills[i] for i in rng.integers(0, len(stills), 3)]
        order = [stills[index], *others]
        image, boxes = mosaic([order[i] for i in rng.permutation(4)], size, options, rng)
    else:
        image, boxes = place(stills[index], size, options, rng)
    if rng.random() < options.paste:
        image, boxes = paste_lesion(image, boxes, stills[int(rng.integers(len(stills)))], options, rng)
    return vary_scanner(image, options, rng), boxes
