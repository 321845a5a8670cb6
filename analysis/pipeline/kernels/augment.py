"""Augmentation of ultrasound stills for the detector: geometry, mosaic, lesion paste, and the scanner's own
variations.

Lesions travel as a label picture, and their boxes are measured on what is left of it, so that a turned or
bent lesion still gets a tight box. No hue (the image is grey) and no vertical flip (depth has a direction).
Every function takes its random generator.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.kernels.detector_dataset import CachedStill

Image = NDArray[np.uint8]
Boxes = NDArray[np.float64]
_BEND_CELLS = (3, 6)  # coarse cells a side of the random field that bends a picture


@dataclass(frozen=True, slots=True)
class AugmentOptions:
    """Strengths; probabilities in 0..1, scales as the natural logarithm of a factor, greys in levels of
    0..255, rotation in degrees, bend_size as a part of the input side."""

    flip: float = 0.5
    mosaic: float = 0.4
    paste: float = 0.2
    log_scale: float = 0.35
    log_aspect: float = 0.15
    shift: float = 0.15
    rotation: float = 6.0
    bend: float = 0.3
    bend_size: float = 0.03
    log_gamma: float = 0.4
    gain: float = 25.0
    depth_gain: float = 35.0
    speckle: float = 0.35
    blur: float = 0.2
    shadow: float = 0.2
    min_visible: float = 0.35
    min_side_px: float = 5.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture on the way to a batch.

    image: (S, S) uint8; labels: (S, S) uint8, 0 or the 1-based number of a lesion; whole_px: for each lesion,
    how many pixels it would have if all of it were in the picture.
    """

    image: Image
    labels: Image
    whole_px: tuple[float, ...]


def _placement(
    still: CachedStill, size: int, options: AugmentOptions, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A random scale, aspect, rotation, shift and flip of an image inside a square, as a (2, 3) affine matrix
    between pixel edges."""
    height, width = still.image.shape
    scale = size / max(height, width) * np.exp(rng.uniform(-options.log_scale, options.log_scale))
    aspect = np.exp(rng.uniform(-options.log_aspect, options.log_aspect) / 2)
    angle = np.deg2rad(rng.uniform(-options.rotation, options.rotation))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([scale * aspect, scale / aspect])
    if rng.random() < options.flip:
        linear[:, 0] *= -1
    centre = size / 2 + rng.uniform(-options.shift, options.shift, 2) * size
    return np.column_stack([linear, centre - linear @ np.array([width / 2, height / 2])])


def _between_centres(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same map between pixel centres, as OpenCV counts."""
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return moved


def _warp(
    still: CachedStill, matrix: NDArray[np.float64], size: int, bend: NDArray[np.float32] | None
) -> tuple[Image, Image]:
    """Image and labels under an affine map, after bending the target by a field (2, S, S) of pixels."""
    if bend is None:
        image = cv2.warpAffine(still.image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=0)
        labels = cv2.warpAffine(still.labels, matrix, (size, size), flags=cv2.INTER_NEAREST, borderValue=0)
    else:
        back = cv2.invertAffineTransform(matrix)
        y, x = np.mgrid[:size, :size].astype(np.float32) + bend[::-1]
        map_x = (back[0, 0] * x + back[0, 1] * y + back[0, 2]).astype(np.float32)
        map_y = (back[1, 0] * x + back[1, 1] * y + back[1, 2]).astype(np.float32)
        image = cv2.remap(still.image, map_x, map_y, cv2.INTER_LINEAR, borderValue=0)
        labels = cv2.remap(still.labels, map_x, map_y, cv2.INTER_NEAREST, borderValue=0)
    return np.asarray(image, np.uint8), np.asarray(labels, np.uint8)


def place(still: CachedStill, size: int, options: AugmentOptions, rng: np.random.Generator) -> Drawn:
    """One image somewhere in the square (size, size), turned and bent a little."""
    matrix = _placement(still, size, options, rng)
    bend = None
    if rng.random() < options.bend:
        cells = int(rng.integers(*_BEND_CELLS))
        strength = rng.uniform(0, options.bend_size) * size
        bend = np.stack([_smooth_field(size, cells, rng) for _ in range(2)]) * np.float32(strength)
    image, labels = _warp(still, _between_centres(matrix), size, bend)
    growth = abs(float(np.linalg.det(matrix[:, :2])))
    areas = np.bincount(still.labels.ravel(), minlength=len(still.boxes) + 1)[1:]
    return Drawn(image, labels, tuple((areas * growth).tolist()))


def _joined(parts: Sequence[tuple[Drawn, tuple[slice, slice], tuple[slice, slice]]], size: int) -> Drawn:
    """Windows of several pictures put into one: (picture, window there, window here)."""
    image, labels = np.zeros((size, size), np.uint8), np.zeros((size, size), np.uint8)
    whole: list[float] = []
    for part, there, here in parts:
        image[here] = part.image[there]
        labels[here] = np.where(part.labels[there] > 0, part.labels[there] + len(whole), 0)
        whole += part.whole_px
    return Drawn(image, labels, tuple(whole))


def mosaic(
    stills: Sequence[CachedStill], size: int, options: AugmentOptions, rng: np.random.Generator
) -> Drawn:
    """Four images around a random corner point of the square, each cut to its quarter."""
    corner_x, corner_y = (int(v) for v in rng.uniform(0.3, 0.7, 2) * size)
    windows = (
        (0, 0, corner_x, corner_y),
        (corner_x, 0, size, corner_y),
        (0, corner_y, corner_x, size),
        (corner_x, corner_y, size, size),
    )
    parts = []
    for still, (x1, y1, x2, y2) in zip(stills, windows, strict=True):
        left, top = (x1 + x2 - size) // 2, (y1 + y2 - size) // 2
        there = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
        parts.append((place(still, size, options, rng), there, (slice(y1, y2), slice(x1, x2))))
    return _joined(parts, size)


def paste_lesion(
    drawn: Drawn, donor: CachedStill, options: AugmentOptions, rng: np.random.Generator
) -> Drawn:
    """Blend one lesion of the donor, with a rim of its surroundings, into the picture where no lesion lies
    yet."""
    if not len(donor.boxes):
        return drawn
    size = drawn.image.shape[0]
    number = int(rng.integers(len(donor.boxes)))
    box = donor.boxes[number]
    rim = 0.25 * (box[2:] - box[:2])
    x1, y1 = np.maximum(np.floor(box[:2] - rim), 0).astype(int)
    x2, y2 = np.minimum(np.ceil(box[2:] + rim), donor.image.shape[::-1]).astype(int)
    scale = size / max(donor.image.shape) * np.exp(rng.uniform(-options.log_scale, options.log_scale))
    patch_w, patch_h = round((x2 - x1) * scale), round((y2 - y1) * scale)
    if min(patch_w, patch_h) < 12 or max(patch_w, patch_h) > 0.6 * size:
        return drawn
    left = int(rng.integers(0, size - patch_w + 1))
    depth = (y1 + y2) / 2 / donor.image.shape[0] + rng.uniform(-0.1, 0.1)  # a lesion keeps about its depth
    top = int(np.clip(depth * size - patch_h / 2, 0, size - patch_h))
    here = (slice(top, top + patch_h), slice(left, left + patch_w))
    under = drawn.image[here].astype(np.float32)
    if drawn.labels[here].any() or under.mean() < 12:  # a lesion, or nothing but the black surround there
        return drawn
    shape = (patch_w, patch_h)
    patch = cv2.resize(donor.image[y1:y2, x1:x2], shape, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    marks = (donor.labels[y1:y2, x1:x2] == number + 1).astype(np.uint8)
    marks = np.asarray(cv2.resize(marks, shape, interpolation=cv2.INTER_NEAREST), np.uint8)
    if rng.random() < options.flip:
        patch, marks = patch[:, ::-1], marks[:, ::-1]
    alpha = _rim_ramp(patch_h)[:, None] * _rim_ramp(patch_w)[None]
    rim_shift = float(np.clip((under.mean() - patch.mean()) * 0.5, -25, 25))
    image, labels = drawn.image.copy(), drawn.labels.copy()
    image[here] = np.clip(alpha * (patch + rim_shift) + (1 - alpha) * under, 0, 255)
    labels[here] = marks * np.uint8(len(drawn.whole_px) + 1)
    return Drawn(image, labels, (*drawn.whole_px, float(marks.sum())))


def _rim_ramp(length: int) -> NDArray[np.float32]:
    """Weights (length,) that grow from the ends of a patch to one inside."""
    steps = np.minimum(np.arange(length) + 1, length - np.arange(length))
    return np.clip(steps / (0.15 * length), 0, 1).astype(np.float32)


def boxes_of_labels(drawn: Drawn, options: AugmentOptions) -> Boxes:
    """Tight half-open boxes (N, 4) float64 of the lesions that are left; those too small, or visible by too
    little, get none."""
    found = []
    for number, whole in enumerate(drawn.whole_px, start=1):
        x, y, width, height = cv2.boundingRect((drawn.labels == number).astype(np.uint8))
        seen = np.count_nonzero(drawn.labels[y : y + height, x : x + width] == number)
        if min(width, height) >= options.min_side_px and seen >= options.min_visible * whole:
            found.append((x, y, x + width, y + height))
    return np.array(found, np.float64).reshape(-1, 4)


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
) -> tuple[Image, Boxes, Image]:
    """One augmented training image (size, size) uint8 that starts from ``stills[index]``, with its boxes (N,
    4) float64 and where its lesions are, (size, size) uint8 of 0 and 1."""
    if rng.random() < options.mosaic:
        others = [stills[i] for i in rng.integers(0, len(stills), 3)]
        order = [stills[index], *others]
        drawn = mosaic([order[i] for i in rng.permutation(4)], size, options, rng)
    else:
        drawn = place(stills[index], size, options, rng)
    if rng.random() < options.paste:
        drawn = paste_lesion(drawn, stills[int(rng.integers(len(stills)))], options, rng)
    boxes = boxes_of_labels(drawn, options)
    return vary_scanner(drawn.image, options, rng), boxes, (drawn.labels > 0).astype(np.uint8)
