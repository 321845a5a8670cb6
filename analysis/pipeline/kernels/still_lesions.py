"""Lesions and lesion-like distractors drawn into the echo-level map of a pretraining still."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis.pipeline.kernels.fields import Field
from analysis.pipeline.kernels.still_anatomy import FAT_DB, Anatomy, Canvas

ANGLES = 512
HARMONICS = np.arange(2, 12)


@dataclass(frozen=True, slots=True)
class Shape:
    """Outline of a lesion: centre and half axes in mm, tilt in radians, radius factors (512,) by angle.

    body is the outline that a reader would draw; fringe adds spicules, drawn but not in the mask.
    """

    x_mm: float
    y_mm: float
    half_width_mm: float
    half_height_mm: float
    tilt: float
    body: NDArray[np.float64]
    fringe: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """Echo of a lesion, all in dB unless named otherwise; posterior < 0 is a shadow."""

    contrast: float
    heterogeneity: float
    grain_mm: float
    edge_mm: float
    capsule: float
    halo: float
    posterior: float
    edge_shadow: float
    calcifications: int
    ragged_mm: float
    opacity: float


KINDS = ("oval", "lobulated", "irregular", "spiculated", "cyst", "complex")
KIND_WEIGHTS = (0.28, 0.16, 0.22, 0.14, 0.14, 0.06)


def draw_outline(rng: np.random.Generator, kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Radius factors (512,) of the body and of its fringe for one kind of lesion."""
    theta = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
    roughness = {"oval": 0.03, "cyst": 0.025, "lobulated": 0.06, "complex": 0.07}.get(kind, 0.13)
    slope = 1.6 if kind in {"oval", "cyst"} else rng.uniform(0.7, 1.2)
    amplitude = (
        roughness * rng.uniform(0.5, 1.5) * (2.0 / HARMONICS) ** slope * rng.normal(0, 1, len(HARMONICS))
    )
    phase = rng.uniform(0, 2 * np.pi, len(HARMONICS))
    body = 1 + (amplitude[:, None] * np.cos(HARMONICS[:, None] * theta + phase[:, None])).sum(axis=0)
    if kind == "lobulated" or (kind in {"irregular", "complex"} and rng.random() < 0.6):
        body = body * _lobes(rng, theta)
    body = np.clip(body, 0.45, 1.8)
    fringe = body.copy()
    spicules = {"spiculated": rng.integers(6, 18), "irregular": rng.integers(0, 6)}.get(kind, 0)
    for _ in range(int(spicules)):
        offset = np.angle(np.exp(1j * (theta - rng.uniform(0, 2 * np.pi))))
        fringe += rng.uniform(0.1, 0.7) * np.exp(-((np.abs(offset) / rng.uniform(0.03, 0.14)) ** 1.5))
    return body, fringe


def _lobes(rng: np.random.Generator, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outline of a few overlapping discs, the largest in the middle, scaled to a mean radius of 1."""
    outline = np.full(ANGLES, 0.7)
    for _ in range(int(rng.integers(2, 5))):
        offset, radius = rng.uniform(0.25, 0.6), rng.uniform(0.35, 0.65)
        turn = theta - rng.uniform(0, 2 * np.pi)
        inside = radius**2 - (offset * np.sin(turn)) ** 2
        reach = offset * np.cos(turn) + np.sqrt(np.maximum(inside, 0))
        outline = np.where(inside > 0, np.maximum(outline, reach), outline)
    return outline / outline.mean()


def draw_shape(rng: np.random.Generator, canvas: Canvas, anatomy: Anatomy, kind: str) -> Shape:
    """Place a lesion, mostly in the gland, its size spread like that of real boxes (SCIENCE 7.1)."""
    width = canvas.width_mm * np.exp(rng.normal(np.log(0.29), 0.55))
    width = float(np.clip(width, 0.05 * canvas.width_mm, 0.95 * canvas.width_mm))
    aspect = float(np.exp(rng.normal(np.log(0.62), 0.27)))
    if kind in {"irregular", "spiculated"}:
        aspect *= 1.18
    height = min(width * aspect, 0.75 * canvas.depth_mm)
    x = canvas.width_mm * float(np.clip(rng.normal(0.5, 0.16), 0.08, 0.92))
    column = min(int(x * canvas.px_per_mm), canvas.columns - 1)
    top, bottom = float(anatomy.skin_mm[column]), float(anatomy.gland_mm[column])
    y = top + height / 2 + rng.beta(1.6, 1.9) * max(bottom - top - height, 0.1 * canvas.depth_mm)
    tilt = float(rng.normal(0, 0.22))
    body, fringe = draw_outline(rng, kind)
    return Shape(x, float(y), width / 2, height / 2, tilt, body, fringe)


def draw_look(rng: np.random.Generator, kind: str) -> Look:
    """Echo of a lesion of one kind: solid hypoechoic, cyst, or complex, with shadow or enhancement."""
    malignant = kind in {"irregular", "spiculated"}
    contrast = -float(np.clip(rng.normal(14 if malignant else 12, 5), 5.0, 28))
    posterior = float(rng.normal(-10 if malignant else 1.0, 9 if malignant else 4))
    if kind == "cyst":
        contrast, posterior = -float(rng.uniform(22, 45)), float(rng.uniform(2, 14))
    return Look(
        contrast=contrast,
        heterogeneity=float(rng.uniform(0.8, 6.0 if kind in {"complex", "irregular"} else 3.5)),
        grain_mm=float(rng.uniform(0.8, 4.0)),
        edge_mm=float(rng.uniform(0.2, 1.6) if malignant else rng.uniform(0.1, 0.6)),
        capsule=float(rng.uniform(0, 3) if malignant else rng.uniform(0, 9)),
        halo=float(rng.uniform(0, 7) if malignant else rng.uniform(0, 2)),
        posterior=posterior,
        edge_shadow=float(0 if malignant or rng.random() < 0.6 else rng.uniform(0, 7)),
        calcifications=int(rng.poisson(6) if rng.random() < 0.25 else 0),
        ragged_mm=float(rng.uniform(0.1, 1.3) if malignant else rng.uniform(0.0, 0.3)),
        opacity=float(rng.uniform(0.7, 1.0) if malignant else rng.uniform(0.85, 1.0)),
    )


def polar(canvas: Canvas, shape: Shape) -> tuple[Field, NDArray[np.intp]]:
    """Elliptical radius (1 on the plain ellipse) and index into the 512 angles, per pixel."""
    dx = canvas.x_mm() - np.float32(shape.x_mm)
    dy = canvas.y_mm() - np.float32(shape.y_mm)
    cos, sin = np.float32(np.cos(shape.tilt)), np.float32(np.sin(shape.tilt))
    u = (dx * cos + dy * sin) / np.float32(shape.half_width_mm)
    v = (dy * cos - dx * sin) / np.float32(shape.half_height_mm)
    angle = np.arctan2(v, u)
    index = (angle * np.float32(ANGLES / (2 * np.pi))).astype(np.intp) % ANGLES
    return np.sqrt(u * u + v * v), index


def add_lesion(
    rng: np.random.Generator, canvas: Canvas, level_db: Field, shape: Shape, look: Look
) -> tuple[Field, NDArray[np.bool_]]:
    """Draw one lesion with everything it casts below itself.

    level_db: (rows, columns) float32. Returns the new map and the reader's mask (rows, columns) bool.
    """
    radius, index = polar(canvas, shape)
    mean_mm = np.float32(np.sqrt(shape.half_width_mm * shape.half_height_mm))
    body = (radius - shape.body.astype(np.float32)[index]) * mean_mm
    fringe = (radius - shape.fringe.astype(np.float32)[index]) * mean_mm
    edge = np.float32(look.edge_mm)
    ragged = np.float32(look.ragged_mm) * canvas.field(rng, 0.9, 1.1)
    signed = np.minimum(body, fringe + 0.35 * edge) + ragged
    alpha = np.float32(0.5) - np.float32(0.5) * np.tanh(signed / edge)
    mask = body <= 0
    ring = (body > 0.3) & (body < 3.0)
    around = float(level_db[ring].mean()) if ring.any() else 0.0
    inside = (
        around + look.contrast + look.heterogeneity * canvas.field(rng, look.grain_mm, 1.4 * look.grain_mm)
    )
    out = level_db + (inside - level_db) * alpha * np.float32(look.opacity)
    out += look.halo * np.exp(-(((body - 0.8) / 0.9) ** 2))
    specular = np.abs(np.sin(index * np.float32(2 * np.pi / ANGLES))) ** 3
    out += look.capsule * specular * np.exp(-(((body - 0.1) / 0.22) ** 2))
    out += posterior_db(canvas, alpha, shape, look)
    return _calcify(rng, canvas, out, mask, look.calcifications).astype(np.float32), mask


def posterior_db(canvas: Canvas, alpha: Field, shape: Shape, look: Look) -> Field:
    """Shadow or enhancement below a lesion, by the acoustic path through it, and edge shadows."""
    path = np.cumsum(alpha, axis=0, dtype=np.float32)
    path /= np.float32(max(path[-1].max(), 1e-3))
    blur_px = (0.4 + 0.12 * shape.half_width_mm) * canvas.px_per_mm
    narrow = ndimage.gaussian_filter1d(path, blur_px, axis=1, truncate=2.5, mode="nearest")
    wide = ndimage.gaussian_filter1d(path[-1], 2.5 * blur_px, truncate=2.5, mode="nearest")
    past = np.clip(2 * (canvas.y_mm() - shape.y_mm) / np.float32(canvas.depth_mm), 0, 1)
    below_lesion = np.clip((canvas.y_mm() - shape.y_mm) / np.float32(shape.half_height_mm), 0, 1)
    cast = look.posterior * (narrow * (1 - past) + wide[None, :] * past * below_lesion)
    x = canvas.x_mm()[0]
    width = np.float32(0.06 * shape.half_width_mm + 0.3)
    for side in (-0.95, 0.95):
        line = np.exp(-(((x - shape.x_mm - side * shape.half_width_mm) / width) ** 2))
        cast = cast - look.edge_shadow * below_lesion * line[None, :]
    return cast.astype(np.float32)


def _calcify(
    rng: np.random.Generator, canvas: Canvas, level_db: Field, mask: NDArray[np.bool_], count: int
) -> Field:
    """Bright specks of about 0.2 to 0.5 mm at random places inside the mask."""
    rows, columns = np.nonzero(mask)
    for _ in range(count if len(rows) else 0):
        pick = rng.integers(len(rows))
        size = max(rng.uniform(0.12, 0.3) * canvas.px_per_mm, 0.7)
        reach = int(3 * size) + 1
        y0, x0 = max(rows[pick] - reach, 0), max(columns[pick] - reach, 0)
        window = level_db[y0 : rows[pick] + reach + 1, x0 : columns[pick] + reach + 1]
        yy, xx = np.ogrid[: window.shape[0], : window.shape[1]]
        distance = (yy + y0 - rows[pick]) ** 2 + (xx + x0 - columns[pick]) ** 2
        window += (rng.uniform(8, 22) * np.exp(-distance / (2 * size**2))).astype(np.float32)
    return level_db


def add_distractors(rng: np.random.Generator, canvas: Canvas, anatomy: Anatomy, level_db: Field) -> Field:
    """Draw what looks like a lesion and is none: fat lobules, ducts and vessels, ribs, contact shadows."""
    for _ in range(rng.poisson(0.7)):
        level_db = _fat_lobule(rng, canvas, anatomy, level_db)
    for _ in range(rng.poisson(0.8)):
        level_db = _tube(rng, canvas, level_db)
    if rng.random() < 0.22:
        level_db = _rib(rng, canvas, anatomy, level_db)
    for _ in range(rng.poisson(0.8)):
        level_db = level_db - _dark_column(rng, canvas)
    return level_db


def _fat_lobule(rng: np.random.Generator, canvas: Canvas, anatomy: Anatomy, level_db: Field) -> Field:
    body, _ = draw_outline(rng, "oval")
    x = rng.uniform(0, canvas.width_mm)
    column = min(int(x * canvas.px_per_mm), canvas.columns - 1)
    y = anatomy.fat_mm[column] + rng.normal(0, 2.0)
    half = rng.uniform(2, 7)
    shape = Shape(x, float(y), half, half * rng.uniform(0.25, 0.5), float(rng.normal(0, 0.2)), body, body)
    radius, index = polar(canvas, shape)
    mean_mm = np.float32(np.sqrt(shape.half_width_mm * shape.half_height_mm))
    distance = (radius - body.astype(np.float32)[index]) * mean_mm
    alpha = np.float32(0.5) - np.float32(0.5) * np.tanh(distance / np.float32(rng.uniform(0.2, 0.6)))
    inside = FAT_DB + rng.normal(0, 2) + canvas.field(rng, 1.0, 2.0)
    capsule = rng.uniform(1, 8) * np.exp(-(((distance - 0.15) / 0.2) ** 2))
    return level_db + (inside - level_db) * alpha * rng.uniform(0.5, 1) + capsule


def _tube(rng: np.random.Generator, canvas: Canvas, level_db: Field) -> Field:
    """A dark duct or vessel, seen along or across."""
    x, y = rng.uniform(0, canvas.width_mm), rng.uniform(0.15, 0.8) * canvas.depth_mm
    half_length = rng.uniform(0.6, 1.0) if rng.random() < 0.3 else rng.uniform(2, 9)
    half_width = rng.uniform(0.2, 0.75)
    slope, bend = rng.normal(0, 0.25), rng.normal(0, 0.03)
    dx = canvas.x_mm() - np.float32(x)
    middle = y + slope * dx + bend * dx**2
    across = (canvas.y_mm() - middle) / np.float32(half_width)
    along = dx / np.float32(half_length)
    alpha = np.exp(-((across**2 + along**4) ** 1.5))
    wall = np.exp(-(((np.abs(across) - 1.4) / 0.4) ** 2)) * np.exp(-(along**4))
    return level_db - rng.uniform(6, 22) * alpha + rng.uniform(0, 6) * wall


def _rib(rng: np.random.Generator, canvas: Canvas, anatomy: Anatomy, level_db: Field) -> Field:
    """Bright convex line under the muscle with a dense shadow."""
    x, half = rng.uniform(0, canvas.width_mm), rng.uniform(4, 9)
    column = min(int(x * canvas.px_per_mm), canvas.columns - 1)
    top = float(anatomy.muscle_mm[column]) + rng.uniform(1.5, 7)
    dx = (canvas.x_mm()[0] - np.float32(x)) / np.float32(half)
    border = top + rng.uniform(0.1, 0.6) * half * dx**2 * 0.5 + 0.15 * canvas.line(rng, 2.0)
    inside = (1 / (1 + np.exp(np.minimum((np.abs(dx) - 1) * half / rng.uniform(0.3, 1.2), 30))))[None, :]
    distance = canvas.y_mm() - border[None, :]
    line = np.exp(-((distance / 0.35) ** 2)) * inside
    shadow = inside / (1 + np.exp(-np.clip(distance / rng.uniform(0.3, 1.0), -30, 30)))
    fading = np.exp(-np.maximum(distance, 0) / rng.uniform(10, 40))
    return level_db + rng.uniform(6, 18) * line - rng.uniform(5, 22) * shadow * fading


def _dark_column(rng: np.random.Generator, canvas: Canvas) -> Field:
    """Loss of contact or the shadow of a ligament: a dark band from some depth downwards."""
    at_edge = rng.random() < 0.4
    x = rng.choice([0.0, canvas.width_mm]) if at_edge else rng.uniform(0, canvas.width_mm)
    width = rng.uniform(1.5, 8) if at_edge else rng.uniform(0.5, 3.0)
    start = 0 if at_edge else rng.uniform(0.1, 0.6) * canvas.depth_mm
    lean = rng.normal(0, 0.08)
    offset = (canvas.x_mm() - x - lean * (canvas.y_mm() - start)) / np.float32(width)
    onset = 1 / (1 + np.exp(-np.clip((canvas.y_mm() - start) / 1.0, -30, 30)))
    return (rng.uniform(2, 18 if at_edge else 10) * np.exp(-(offset**2)) * onset).astype(np.float32)
