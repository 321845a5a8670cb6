"""The lesion of a synthetic cine: an ellipsoid with a rough outline, cut by the moving image plane."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis.pipeline.kernels.cine_anatomy import GLAND_DB
from analysis.pipeline.kernels.fields import Field, spline_field
from analysis.pipeline.kernels.scene import ROWS, SPACING_MM, SceneParameters

ANGLES = 720
HARMONICS = np.arange(2, 10)
SOFT_EDGE_MM = 0.3
HALO_DB, HALO_MM = 3.0, 0.8
EDGE_SHADOW_DB = 2.0
SHADOW_BLUR_MM = (0.7, 2.0)
"""Lateral blur of the posterior effect just below the lesion and at the bottom of the frame."""
CALCIFICATION_DB, CALCIFICATION_MM, CALCIFICATION_SLICE_MM = 24.0, 0.25, 1.5
SPLINE_STEP_PER_SIGMA = 1.7


@dataclass(frozen=True, slots=True)
class Lesion:
    """Random textures of one lesion: harmonics of its outline, texture inside, calcifications.

    amplitude, phase, twist: (8,) per harmonic, twist in radians per mm of sweep; texture_db: (ROWS, columns);
    calcifications: (n, 3) x, y, z in units of the half axes.
    """

    amplitude: NDArray[np.float64]
    phase: NDArray[np.float64]
    twist: NDArray[np.float64]
    texture_db: Field
    calcifications: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """One slice of the lesion over the tissue grid: echo change (ROWS, columns) and mask."""

    change_db: Field
    mask: NDArray[np.bool_]


def draw_lesion(rng: np.random.Generator, scene: SceneParameters, n_columns: int) -> Lesion:
    """Draw the random textures; every texture has its own stream, so that one parameter moves one thing."""
    outline_rng, texture_rng, calcification_rng = rng.spawn(3)
    amplitude = scene.spic * (2.0 / HARMONICS) ** 0.8 * outline_rng.standard_normal(len(HARMONICS))
    step = SPLINE_STEP_PER_SIGMA * scene.hetero_mm / SPACING_MM
    texture = spline_field(texture_rng, (ROWS, n_columns), (step, step))
    places = calcification_rng.standard_normal((scene.calcifications, 3))
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    places *= 0.85 * calcification_rng.random((scene.calcifications, 1)) ** (1 / 3)
    return Lesion(
        amplitude=amplitude,
        phase=outline_rng.uniform(0, 2 * np.pi, len(HARMONICS)),
        twist=outline_rng.normal(0, 0.12, len(HARMONICS)),
        texture_db=(scene.hetero_db * texture).astype(np.float32),
        calcifications=places,
    )


def elevational_radius_mm(scene: SceneParameters) -> float:
    """Half length of the lesion along the sweep."""
    return 0.5 * scene.size_mm * scene.elevational_ratio


def outline(lesion: Lesion, z_mm: float) -> Field:
    """Radius factor by angle, (ANGLES,) float32, for the slice at z."""
    theta = np.linspace(-np.pi, np.pi, ANGLES, endpoint=False)
    waves = np.cos(HARMONICS[:, None] * theta + (lesion.phase + lesion.twist * z_mm)[:, None])
    return np.clip(1 + (lesion.amplitude[:, None] * waves).sum(axis=0), 0.5, 1.6).astype(np.float32)


def signed_distance(
    scene: SceneParameters, lesion: Lesion, z_mm: float, centre_x_px: float, n_columns: int
) -> Field | None:
    """Distance in mm to the outline, negative inside, over (ROWS, n_columns); None off the lesion."""
    cut = 1 - (z_mm / elevational_radius_mm(scene)) ** 2
    if cut <= 0:
        return None
    shrink = float(np.sqrt(cut))
    half_width, half_height = shrink * scene.size_mm / 2, shrink * scene.aspect * scene.size_mm / 2
    x = (np.arange(n_columns, dtype=np.float32) + 0.5 - np.float32(centre_x_px)) * np.float32(SPACING_MM)
    y = (np.arange(ROWS, dtype=np.float32) + 0.5) * np.float32(SPACING_MM) - np.float32(scene.centre_y_mm)
    u, v = x[None, :] / np.float32(half_width), y[:, None] / np.float32(half_height)
    angle = (np.arctan2(v, u) + np.float32(np.pi)) * np.float32(ANGLES / (2 * np.pi))
    factor = outline(lesion, z_mm)[np.minimum(angle.astype(np.intp), ANGLES - 1)]
    return (np.sqrt(u * u + v * v) - factor) * np.float32(np.sqrt(half_width * half_height))


def cut_lesion(
    scene: SceneParameters, lesion: Lesion, z_mm: float, level_db: Field, centre_x_px: float, pulse_db: float
) -> Cut | None:
    """Echo change of the slice at z over the tissue grid, or None when the plane misses the lesion.

    level_db: (ROWS, columns) layers; pulse_db: cardiac modulation at this moment.
    """
    distance = signed_distance(scene, lesion, z_mm, centre_x_px, level_db.shape[1])
    if distance is None:
        return None
    alpha = np.float32(0.5) - np.float32(0.5) * np.tanh(distance / np.float32(SOFT_EDGE_MM))
    inside = np.float32(GLAND_DB + scene.lesion_db + pulse_db) + lesion.texture_db
    change = (inside - level_db) * alpha
    change += np.float32(HALO_DB) * np.exp(-(((distance - np.float32(HALO_MM)) / np.float32(HALO_MM)) ** 2))
    change += posterior(scene, alpha, z_mm, centre_x_px)
    _add_calcifications(scene, lesion, z_mm, centre_x_px, change)
    return Cut(change, distance <= 0)


def posterior(scene: SceneParameters, alpha: Field, z_mm: float, centre_x_px: float) -> Field:
    """Shadow or enhancement by the acoustic path through the lesion, and a shadow at either edge, in dB.

    post_db is reached behind the thickest column of the lesion's middle slice.
    """
    path_mm = np.cumsum(alpha, axis=0, dtype=np.float32) * np.float32(SPACING_MM)
    share = path_mm / np.float32(scene.aspect * scene.size_mm)
    near_sigma, far_sigma = (blur / SPACING_MM for blur in SHADOW_BLUR_MM)
    top = max(int((scene.centre_y_mm - 0.6 * scene.aspect * scene.size_mm) / SPACING_MM), 0)
    cast = np.zeros_like(alpha)
    cast[top:] = ndimage.gaussian_filter1d(share[top:], near_sigma, axis=1, truncate=2.5, mode="nearest")
    far = ndimage.gaussian_filter1d(share[-1], far_sigma, truncate=2.5, mode="nearest")
    y_mm = ((np.arange(ROWS, dtype=np.float32) + 0.5) * np.float32(SPACING_MM))[:, None]
    half_height = np.float32(scene.aspect * scene.size_mm / 2)
    depth = np.clip((y_mm - scene.centre_y_mm) / half_height, 0, 1)
    past = np.clip((y_mm - scene.centre_y_mm - half_height) / np.float32(15.0), 0, 1)
    cast += past * (far[None, :] - cast)
    return np.float32(scene.post_db) * cast - _edge_shadows(scene, z_mm, centre_x_px, alpha.shape[1]) * depth


def _edge_shadows(scene: SceneParameters, z_mm: float, centre_x_px: float, n_columns: int) -> Field:
    shrink = np.sqrt(max(1 - (z_mm / elevational_radius_mm(scene)) ** 2, 0))
    x = (np.arange(n_columns, dtype=np.float32) + 0.5 - np.float32(centre_x_px)) * np.float32(SPACING_MM)
    offset = (np.abs(x) - np.float32(shrink * scene.size_mm / 2)) / np.float32(0.7)
    return np.float32(EDGE_SHADOW_DB * shrink) * np.exp(-(offset**2))[None, :]


def _add_calcifications(
    scene: SceneParameters, lesion: Lesion, z_mm: float, centre_x_px: float, change: Field
) -> None:
    """Add the bright specks near this slice to `change`, in place."""
    half = np.array([scene.size_mm / 2, scene.aspect * scene.size_mm / 2, elevational_radius_mm(scene)])
    sigma = CALCIFICATION_MM / SPACING_MM
    reach = int(4 * sigma) + 1
    for x_mm, y_mm, own_z in lesion.calcifications * half:
        strength = CALCIFICATION_DB * np.exp(-0.5 * ((own_z - z_mm) / CALCIFICATION_SLICE_MM) ** 2)
        column, row = centre_x_px + x_mm / SPACING_MM, (scene.centre_y_mm + y_mm) / SPACING_MM
        r0, c0 = max(int(row) - reach, 0), max(int(column) - reach, 0)
        window = change[r0 : int(row) + reach + 1, c0 : int(column) + reach + 1]
        rows, columns = np.ogrid[: window.shape[0], : window.shape[1]]
        square = (rows + r0 + 0.5 - row) ** 2 + (columns + c0 + 0.5 - column) ** 2
        window += (strength * np.exp(-square / (2 * sigma**2))).astype(np.float32)
