"""One synthetic breast-ultrasound still of a random scanner, with the boxes of its lesions.

For teaching a detector what lesions look like on many machines: gain, depth, frame size, speckle, grey map,
sector shape, borders and overlays are all drawn. Simulated pictures, no patient and no biology behind them.
"""

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from scipy import ndimage

from analysis.pipeline.kernels.fields import Field, decibels, gaussian, speckle_power
from analysis.pipeline.kernels.still_anatomy import Anatomy, Canvas, draw_anatomy
from analysis.pipeline.kernels.still_lesions import (
    KIND_WEIGHTS,
    KINDS,
    add_distractors,
    add_lesion,
    draw_look,
    draw_shape,
)
from analysis.pipeline.kernels.still_overlays import add_overlays

Mask = NDArray[np.bool_]

LESION_COUNTS = (0, 1, 2, 3)
LESION_COUNT_WEIGHTS = (0.18, 0.70, 0.09, 0.03)
MIN_BOX_SIDE_PX = 8
SOFT_BLACK = 0.05
MIN_MASK_SHARE = 0.35
"""A lesion of which less than this share is in the picture gets no box."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """How one machine and its settings turn echoes into grey levels."""

    axial_mm: float
    lateral_mm: float
    looks: int
    speckle_contrast: float
    dynamic_range_db: float
    gland_grey: float
    gamma: float
    tgc_db: tuple[float, float, float]
    smooth_px: float
    sharpen: float
    noise_grey: float


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Draw a machine and its settings."""
    return Scanner(
        axial_mm=float(rng.uniform(0.06, 0.14)),
        lateral_mm=float(rng.uniform(0.18, 0.45)),
        looks=int(rng.integers(1, 3)),
        speckle_contrast=float(rng.uniform(0.35, 0.85)),
        dynamic_range_db=float(rng.uniform(38, 64)),
        gland_grey=float(rng.uniform(0.36, 0.62)),
        gamma=float(rng.uniform(0.8, 1.35)),
        tgc_db=(float(rng.normal(6, 3)), float(rng.normal(2, 2.5)), float(rng.normal(-10, 7))),
        smooth_px=float(rng.uniform(0.4, 0.9)),
        sharpen=float(rng.choice([0.0, rng.uniform(0.2, 0.8)])),
        noise_grey=float(rng.uniform(0.3, 1.3)),
    )


def draw_canvas(rng: np.random.Generator, long_side: int) -> Canvas:
    """Draw the size of the picture in pixels and millimetres."""
    aspect = float(np.clip(np.exp(rng.normal(np.log(1.22), 0.17)), 0.75, 2.0))
    if aspect >= 1:
        columns, rows = long_side, round(long_side / aspect)
    else:
        columns, rows = round(long_side * aspect), long_side
    return Canvas(rows, columns, rows / float(rng.uniform(24, 55)))


def soft_floor(share: Field) -> Field:
    """Bend a share of the grey scale towards black instead of cutting it off, and cut it at white."""
    bend = np.float32(SOFT_BLACK)
    bent: Field = bend * np.log1p(np.exp(np.clip(share / bend, -20, 20)))
    return np.minimum(np.maximum(bent, share), np.float32(1))


def to_grey(rng: np.random.Generator, canvas: Canvas, scanner: Scanner, level_db: Field) -> Field:
    """Speckle, time-gain curve, log compression, grey map and noise: (rows, columns) float32 in [0, 255]."""
    sigmas = (scanner.axial_mm * canvas.px_per_mm, scanner.lateral_mm * canvas.px_per_mm)
    speckle_db = decibels(speckle_power(rng, canvas.shape, sigmas, scanner.looks))
    db = np.float32(scanner.speckle_contrast) * speckle_db + level_db
    t = canvas.y_mm() / np.float32(canvas.depth_mm)
    near, middle, deep = scanner.tgc_db
    db = db + near * (1 - t) ** 2 + middle * 4 * t * (1 - t) + deep * t**2
    grey = soft_floor(scanner.gland_grey + db / np.float32(scanner.dynamic_range_db))
    grey = np.float32(255) * grey ** np.float32(scanner.gamma)
    if scanner.smooth_px:
        grey = gaussian(grey, (scanner.smooth_px, scanner.smooth_px))
    if scanner.sharpen:
        grey = grey + scanner.sharpen * (grey - gaussian(grey, (1.2, 1.2)))
    out: Field = grey + scanner.noise_grey * rng.standard_normal(canvas.shape, dtype=np.float32)
    return out


def draw_scene(rng: np.random.Generator, canvas: Canvas, anatomy: Anatomy) -> tuple[Field, list[Mask]]:
    """Echo levels with distractors and lesions, and the lesions' masks."""
    level = add_distractors(rng, canvas, anatomy, anatomy.level_db)
    masks: list[Mask] = []
    taken = np.zeros(canvas.shape, dtype=bool)
    for _ in range(int(rng.choice(LESION_COUNTS, p=LESION_COUNT_WEIGHTS))):
        kind = str(rng.choice(KINDS, p=KIND_WEIGHTS))
        shape = draw_shape(rng, canvas, anatomy, kind)
        drawn, mask = add_lesion(rng, canvas, level, shape, draw_look(rng, kind))
        if (mask & taken).any():
            continue
        level, taken = drawn, taken | mask
        masks.append(mask)
    return level, masks


def sector_map(rng: np.random.Generator, canvas: Canvas) -> tuple[NDArray[np.float32], Mask]:
    """Source coordinates (2, rows, columns) of a convex or trapezoid view, and where it shows tissue."""
    half_angle, apex = rng.uniform(0.15, 0.5), rng.uniform(0.5, 2.0) * canvas.rows
    straight_top = rng.random() < 0.5
    y = np.arange(canvas.rows, dtype=np.float32)[:, None]
    x = np.arange(canvas.columns, dtype=np.float32)[None, :] - np.float32(canvas.columns / 2)
    angle = np.arctan2(x, y + np.float32(apex))
    depth = np.hypot(x, y + np.float32(apex)) - (apex / np.cos(angle) if straight_top else apex)
    scale = canvas.columns / 2 / half_angle
    source = np.stack([depth, angle * np.float32(scale) + np.float32(canvas.columns / 2)])
    inside = (np.abs(angle) <= half_angle) & (depth >= 0) & (depth < canvas.rows)
    return source.astype(np.float32), inside


def through_sector(
    rng: np.random.Generator, canvas: Canvas, grey: Field, masks: list[Mask]
) -> tuple[Field, list[Mask]]:
    """Bend a rectangular picture and its masks into a sector with black around it."""
    source, inside = sector_map(rng, canvas)
    bent = ndimage.map_coordinates(grey, source, order=1, mode="nearest") * inside
    rows = np.clip(np.rint(source[0]), 0, canvas.rows - 1).astype(np.intp)
    columns = np.clip(np.rint(source[1]), 0, canvas.columns - 1).astype(np.intp)
    return bent, [mask[rows, columns] & inside for mask in masks]


def black_borders(
    rng: np.random.Generator, canvas: Canvas, grey: Field, masks: list[Mask]
) -> tuple[Field, list[Mask]]:
    """Blank the sides, the bottom or a corner, as crops of a scanner's screen leave them."""
    shown = np.zeros(canvas.shape, dtype=bool)
    cut = (rng.uniform(0, 0.12, 4) * (rng.random(4) < 0.5)) * [
        canvas.rows,
        canvas.rows,
        canvas.columns,
        canvas.columns,
    ]
    top, bottom, left, right = cut.astype(int)
    shown[top // 4 : canvas.rows - bottom, left : canvas.columns - right] = True
    if rng.random() < 0.3:
        reach = rng.uniform(0.1, 0.4) * canvas.rows
        x, y = np.arange(canvas.columns)[None, :], np.arange(canvas.rows)[:, None]
        shown &= (canvas.columns - 1 - x) + y * 0.5 > reach * 0.5
    return grey * shown, [mask & shown for mask in masks]


def box_of(mask: Mask) -> tuple[float, float, float, float]:
    """Tight half-open box [x1, y1, x2, y2) of a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def boxes_of(masks: list[Mask], whole_px: list[int]) -> NDArray[np.float64]:
    """Boxes (n, 4) float64 of the masks that are mostly in the picture and not tiny."""
    kept = [
        box_of(mask)
        for mask, whole in zip(masks, whole_px, strict=True)
        if mask.any() and mask.sum() >= MIN_MASK_SHARE * whole
    ]
    sides = [min(x2 - x1, y2 - y1) for x1, y1, x2, y2 in kept]
    kept = [box for box, side in zip(kept, sides, strict=True) if side >= MIN_BOX_SIDE_PX]
    return np.array(kept, dtype=np.float64).reshape(-1, 4)


def render_still(
    rng: np.random.Generator, long_side: int, overlays: bool
) -> tuple[NDArray[np.uint8], NDArray[np.float64], Mask]:
    """Draw one still; see `analysis.pipeline.synthesis.draw_pretraining_still`. The last value is where its
    lesions are."""
    canvas = draw_canvas(rng, long_side)
    anatomy = draw_anatomy(rng, canvas)
    level, masks = draw_scene(rng, canvas, anatomy)
    whole = [int(mask.sum()) for mask in masks]
    grey = to_grey(rng, canvas, draw_scanner(rng), level)
    view = rng.random()
    if view < 0.12:
        grey, masks = through_sector(rng, canvas, grey, masks)
    elif view < 0.4:
        grey, masks = black_borders(rng, canvas, grey, masks)
    image = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    boxes = boxes_of(masks, whole)
    if overlays:
        image = add_overlays(rng, image, boxes)
    if rng.random() < 0.5:
        image = _recompress(rng, image)
    lesions = np.zeros(canvas.shape, dtype=bool)
    for mask in masks:
        lesions |= mask
    return np.ascontiguousarray(image), boxes, lesions


def _recompress(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pass the picture through JPEG, as many real stills went."""
    data = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image[..., None]), quality=int(rng.integers(60, 97)), colorspace="GRAY"
    )
    decoded: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colorspace="GRAY")[..., 0]
    return decoded
