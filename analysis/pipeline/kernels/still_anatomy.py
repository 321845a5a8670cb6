"""Breast layers and lesion-like structures of the pretraining stills, as echo-level maps in decibels."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from analysis.pipeline.kernels.fields import Field, ridges, spline_field

FAT_DB = -12.0
MUSCLE_DB = -9.0


@dataclass(frozen=True, slots=True)
class Canvas:
    """Pixel grid of one still: rows, columns and pixels per millimetre (square pixels)."""

    rows: int
    columns: int
    px_per_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def depth_mm(self) -> float:
        """Depth of the lowest row."""
        return self.rows / self.px_per_mm

    @property
    def width_mm(self) -> float:
        """Width of the imaged strip."""
        return self.columns / self.px_per_mm

    def field(self, rng: np.random.Generator, depth_mm: float, width_mm: float) -> Field:
        """Smooth field with the given knot distances in millimetres."""
        floor = 1.2
        return spline_field(
            rng, self.shape, (max(depth_mm * self.px_per_mm, floor), max(width_mm * self.px_per_mm, floor))
        )

    def line(self, rng: np.random.Generator, width_mm: float) -> Field:
        """Smooth curve over the columns, unit variance."""
        return spline_field(rng, (self.columns,), (max(width_mm * self.px_per_mm, 2.0),))

    def y_mm(self) -> Field:
        """(rows, 1) depth of the rows."""
        return (np.arange(self.rows, dtype=np.float32) / np.float32(self.px_per_mm))[:, None]

    def x_mm(self) -> Field:
        """(1, columns) lateral position of the columns."""
        return (np.arange(self.columns, dtype=np.float32) / np.float32(self.px_per_mm))[None, :]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Echo level (rows, columns) float32 in dB relative to gland, and where the layers end (columns,)."""

    level_db: Field
    skin_mm: Field
    fat_mm: Field
    gland_mm: Field
    muscle_mm: Field


def below(canvas: Canvas, border_mm: Field, blur_mm: float) -> Field:
    """Soft step in [0, 1]: 1 below the border."""
    distance = (canvas.y_mm() - border_mm[None, :]) / np.float32(max(blur_mm, 0.02))
    step: Field = np.float32(0.5) + np.float32(0.5) * np.tanh(distance)
    return step


def draw_borders(rng: np.random.Generator, canvas: Canvas) -> tuple[Field, Field, Field, Field]:
    """Depth of the lower borders of skin, subcutaneous fat, gland and retromammary fat, (columns,) mm."""
    depth = canvas.depth_mm
    calm = rng.uniform(0.2, 1.0)
    skin = rng.uniform(0.5, 2.2) + rng.uniform(0.02, 0.15) * canvas.line(rng, 12.0)
    fat = skin + depth * rng.choice([rng.uniform(0.03, 0.12), rng.uniform(0.1, 0.4)])
    fat = fat + calm * rng.uniform(0.4, 1.8) * canvas.line(rng, rng.uniform(7, 18))
    fat = fat + rng.uniform(0.1, 0.5) * canvas.line(rng, 3.0) + rng.uniform(0.05, 0.3) * canvas.line(rng, 1.0)
    thick = depth * rng.uniform(0.2, 0.6)
    gland = (
        np.maximum(fat, skin) + thick + calm * rng.uniform(0.3, 1.4) * canvas.line(rng, rng.uniform(9, 25))
    )
    gland = gland + rng.normal(0, 0.1) * (canvas.x_mm()[0] - canvas.width_mm / 2)
    gland = gland + rng.uniform(0.05, 0.4) * canvas.line(rng, 2.0)
    muscle = gland + depth * rng.uniform(0.02, 0.12) + 0.25 * canvas.line(rng, 10.0)
    return (
        skin.astype(np.float32),
        np.maximum(fat, skin + np.float32(0.3)).astype(np.float32),
        gland.astype(np.float32),
        muscle.astype(np.float32),
    )


def follow(texture: Field, rows_px: Field) -> Field:
    """Shift every column of a texture down by a curve, so that streaks follow the layers."""
    shift = np.rint(rows_px - rows_px.min()).astype(np.intp)
    height = texture.shape[0]
    index = (np.arange(height)[:, None] - shift[None, :]) % height
    return np.take_along_axis(texture, index, axis=0)


def streaks(rng: np.random.Generator, canvas: Canvas, width_mm: float) -> Field:
    """Short bright specular dashes: the upper tail of a fine field that is long across the beam."""
    fine = canvas.field(rng, rng.uniform(0.25, 0.5), width_mm)
    return np.maximum(fine - np.float32(rng.uniform(0.2, 0.9)), 0) ** 1.5


def gland_texture(rng: np.random.Generator, canvas: Canvas, wave_px: Field) -> Field:
    """Fibroglandular texture in dB: patches, streaks, bright fibres and dark ducts along the layers."""
    coarse = rng.uniform(1.5, 4.5) * canvas.field(rng, rng.uniform(1.0, 2.5), rng.uniform(3.0, 8.0))
    fine = rng.uniform(1.0, 3.5) * canvas.field(rng, rng.uniform(0.35, 0.8), rng.uniform(1.0, 3.0))
    fibres = ridges(canvas.field(rng, rng.uniform(0.9, 1.8), rng.uniform(7, 16)), 0.12 * canvas.px_per_mm)
    broken = np.maximum(canvas.field(rng, 1.0, 3.0) - 0.4, 0)
    ducts = np.maximum(canvas.field(rng, rng.uniform(0.6, 1.1), rng.uniform(1.5, 4.0)) - 1.2, 0)
    texture = coarse + fine + rng.uniform(2, 8) * fibres * broken - rng.uniform(0, 14) * ducts
    texture += rng.uniform(1, 8) * streaks(rng, canvas, rng.uniform(1.2, 3.5))
    return follow(texture, wave_px)


def fat_texture(rng: np.random.Generator, canvas: Canvas, wave_px: Field) -> Field:
    """Fat in dB: even, with thin bright curved septa between lobules and a few dashes."""
    lobes = canvas.field(rng, rng.uniform(2.5, 5), rng.uniform(8, 18))
    septa = ridges(lobes, rng.uniform(0.08, 0.2) * canvas.px_per_mm)
    strength = np.clip(canvas.field(rng, 1.5, 3.5) + rng.uniform(-0.4, 0.6), 0, 1.6)
    texture = 1.2 * canvas.field(rng, 1.2, 3.0) + rng.uniform(4, 13) * septa * strength
    texture += rng.uniform(0.0, 2.5) * lobes + rng.uniform(0, 7) * streaks(rng, canvas, 1.5)
    return follow(texture, wave_px * np.float32(0.5))


def muscle_texture(rng: np.random.Generator, canvas: Canvas, wave_px: Field) -> Field:
    """Pectoral muscle in dB: long thin bright fibres parallel to the fascia."""
    texture = 2.0 * canvas.field(rng, 0.5, 6.0) + 2.0 * canvas.field(rng, 3.0, 8.0)
    texture += rng.uniform(2, 12) * streaks(rng, canvas, rng.uniform(3, 8))
    fibres = ridges(canvas.field(rng, rng.uniform(0.8, 1.8), rng.uniform(12, 30)), 0.11 * canvas.px_per_mm)
    texture += rng.uniform(0, 10) * fibres * np.maximum(canvas.field(rng, 1.5, 5.0) - 0.3, 0)
    return follow(texture, wave_px)


def draw_anatomy(rng: np.random.Generator, canvas: Canvas) -> Anatomy:
    """Draw the layers of one breast: skin, fat, gland, retromammary fat, fascia, muscle, sometimes a rib."""
    skin, fat, gland, muscle = draw_borders(rng, canvas)
    wave = ndimage.gaussian_filter1d(gland + rng.uniform(0, 1) * fat, 2.0 * canvas.px_per_mm, mode="nearest")
    wave = (wave - wave.mean()) * np.float32(canvas.px_per_mm)
    fat_map = FAT_DB + rng.normal(0, 3.0) + fat_texture(rng, canvas, wave)
    gland_map = rng.normal(0, 2.0) + gland_texture(rng, canvas, wave)
    if rng.random() < 0.4:
        gland_map += (fat_map - gland_map) * _islands(rng, canvas)
    muscle_map = MUSCLE_DB + rng.normal(0, 3.0) + muscle_texture(rng, canvas, wave)
    skin_db = rng.uniform(-8, 5) + 2.0 * canvas.field(rng, 0.3, 4.0) + 3.0 * canvas.field(rng, 0.25, 30.0)
    level = skin_db
    level += (fat_map - level) * below(canvas, skin, 0.1)
    level += (gland_map - level) * below(canvas, fat, rng.uniform(0.1, 0.8))
    level += (fat_map - level) * below(canvas, gland, rng.uniform(0.1, 0.6))
    level += (muscle_map - level) * below(canvas, muscle, 0.15)
    level += _interface(rng, canvas, skin, (2, 9), 0.12)
    level += _interface(rng, canvas, fat, (0, 8), 0.18)
    level += _interface(rng, canvas, muscle, (4, 15), 0.2)
    if rng.random() < 0.6:
        level += _interface(rng, canvas, muscle + np.float32(rng.uniform(0.6, 1.5)), (2, 10), 0.15)
    level += rng.uniform(0.5, 4) * canvas.field(rng, 10.0, 9.0)
    return Anatomy(level.astype(np.float32), skin, fat, gland, muscle)


def _islands(rng: np.random.Generator, canvas: Canvas) -> Field:
    """Patches of fat inside gland, soft mask in [0, 1]."""
    field = canvas.field(rng, rng.uniform(1.5, 3.0), rng.uniform(5, 12)) + 0.3 * canvas.field(rng, 0.6, 1.5)
    return np.clip((field - np.float32(rng.uniform(0.2, 1.2))) * np.float32(rng.uniform(0.8, 2)), 0, 1)


def _interface(
    rng: np.random.Generator,
    canvas: Canvas,
    border_mm: Field,
    strength_db: tuple[float, float],
    thickness_mm: float,
) -> Field:
    """Bright specular line along a border, its strength changing along the line."""
    along = np.clip(rng.uniform(0, 0.8) + 0.7 * canvas.line(rng, 3.5), 0, 2).astype(np.float32)
    distance = (canvas.y_mm() - border_mm[None, :]) / np.float32(thickness_mm)
    line = np.exp(np.float32(-0.5) * np.minimum(distance * distance, np.float32(40)))
    return np.float32(rng.uniform(*strength_db)) * along[None, :] * line
