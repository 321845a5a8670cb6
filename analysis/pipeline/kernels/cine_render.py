"""Frames of a synthetic cine: layers, lesion, moving speckle, log compression; frame after frame."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from analysis.pipeline.kernels.cine_anatomy import KEYFRAME_STEP, blend, draw_layers
from analysis.pipeline.kernels.cine_lesion import cut_lesion, draw_lesion, elevational_radius_mm
from analysis.pipeline.kernels.fields import Field, decibels, speckle_frames, spline_field
from analysis.pipeline.kernels.scene import COLUMNS, ROWS, SPACING_MM, SceneParameters

SPECKLE_AXIAL_MM, SPECKLE_LATERAL_MM = 0.10, 0.24
LOOKS = 2
TEXTURE_DB, TEXTURE_MM = 1.2, 4.0
"""Slowly varying log-normal strength of the scatterers, which makes the speckle K-like."""
TGC_RESIDUAL_DB = -3.5
DYNAMIC_RANGE_DB = 58.0
REFERENCE_GREY = 0.60
"""Share of the grey scale at 0 dB."""
NOISE_GREY = 1.2
BREATH_HZ = 0.25
TREMOR_MEMORY = 0.9
MIN_BOX_PIXELS = 60
"""A slice of fewer mask pixels has no box."""

Frame = tuple[NDArray[np.uint8], NDArray[np.bool_]]


def lateral_shifts(rng: np.random.Generator, scene: SceneParameters) -> NDArray[np.intp]:
    """Probe motion per frame in whole pixels, (T,): drift, breathing and tremor.

    Whole pixels, because sub-pixel interpolation would low-pass the speckle by an amount that changes with
    the motion and would show up as a signal in every texture curve.
    """
    t = np.arange(scene.n_frames) / scene.fps
    drift = scene.drift_mm * (t / max(t[-1], 1e-9) - 0.5)
    breath = scene.breath_mm * np.sin(2 * np.pi * BREATH_HZ * t + rng.uniform(0, 2 * np.pi))
    innovation = rng.standard_normal(scene.n_frames) * np.sqrt(1 - TREMOR_MEMORY**2)
    tremor = scene.tremor_mm * signal.lfilter([1.0], [1.0, -TREMOR_MEMORY], innovation)
    return np.rint((drift + breath + tremor) / SPACING_MM).astype(np.intp)


def sweep_mm(scene: SceneParameters) -> NDArray[np.float64]:
    """Elevational position of the image plane relative to the lesion's middle, (T,) mm, linear in time."""
    half = 0.5 * scene.sweep_radii
    radii = np.linspace(-half, half, scene.n_frames) if scene.n_frames > 1 else np.zeros(1)
    return (radii + scene.sweep_offset) * elevational_radius_mm(scene)


def to_grey(rng: np.random.Generator, level_db: Field) -> NDArray[np.uint8]:
    """Log-compressed echo with electronic noise as 8-bit grey."""
    grey = np.float32(255) * (np.float32(REFERENCE_GREY) + level_db / np.float32(DYNAMIC_RANGE_DB))
    grey += np.float32(NOISE_GREY) * rng.standard_normal(grey.shape, dtype=np.float32)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def render(scene: SceneParameters, rng: np.random.Generator) -> Iterator[Frame]:
    """Yield every frame (ROWS, COLUMNS) uint8 with the lesion's mask (ROWS, COLUMNS) bool, one at a time."""
    motion_rng, layer_rng, lesion_rng, speckle_rng, scatter_rng, noise_rng, pulse_rng = rng.spawn(7)
    shifts = lateral_shifts(motion_rng, scene)
    pad = int(np.abs(shifts).max()) + 1
    n_columns = COLUMNS + 2 * pad
    layers = draw_layers(layer_rng, (scene.n_frames - 1) // KEYFRAME_STEP + 2, n_columns)
    lesion = draw_lesion(lesion_rng, scene, n_columns)
    step = TEXTURE_MM / SPACING_MM
    static_db = np.float32(TEXTURE_DB) * spline_field(scatter_rng, (ROWS, n_columns), (step, step))
    static_db += np.linspace(0, TGC_RESIDUAL_DB, ROWS, dtype=np.float32)[:, None]
    pulse_phase = pulse_rng.uniform(0, 2 * np.pi)
    sigmas = (scene.ell_frames / 2, SPECKLE_AXIAL_MM / SPACING_MM, SPECKLE_LATERAL_MM / SPACING_MM)
    speckle = speckle_frames(speckle_rng, scene.n_frames, (ROWS, n_columns), sigmas, LOOKS)
    centre_px = scene.centre_x_mm / SPACING_MM + pad
    for index, (z_mm, power) in enumerate(zip(sweep_mm(scene), speckle, strict=True)):
        level = blend(layers, index)
        pulse = scene.pulse_db * np.sin(2 * np.pi * scene.heart_hz * index / scene.fps + pulse_phase)
        cut = cut_lesion(scene, lesion, float(z_mm), level, centre_px, float(pulse))
        if cut is not None:
            level = level + cut.change_db
        start = pad - int(shifts[index])
        view = slice(start, start + COLUMNS)
        echo = decibels(power[:, view]) + static_db[:, view] + level[:, view]
        mask = cut.mask[:, view].copy() if cut is not None else np.zeros((ROWS, COLUMNS), dtype=bool)
        yield to_grey(noise_rng, echo), mask


def tight_box(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Tight half-open box [x1, y1, x2, y2) of a mask, (4,) float64; NaN under MIN_BOX_PIXELS pixels."""
    if int(mask.sum()) < MIN_BOX_PIXELS:
        return np.full(4, np.nan)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)
