"""Breast layers around the lesion of a synthetic cine, changing slowly while the probe sweeps."""

import numpy as np

from analysis.pipeline.kernels.fields import Field, ridges, spline_field
from analysis.pipeline.kernels.scene import ROWS, SPACING_MM

SKIN_END_MM = 1.3
SKIN_DB, FAT_DB, GLAND_DB, MUSCLE_DB = 2.0, -13.0, -2.5, -11.0
KEYFRAME_STEP = 5
"""Layers are drawn on every fifth frame and blended in between."""
SLICE_STEP_KEYFRAMES = 5.0
"""Knot distance of the textures along the sweep, in keyframes."""
BORDER_BLUR_MM = 0.25


class Stack:
    """Random fields over (keyframes, rows, columns); distances in mm."""

    def __init__(self, rng: np.random.Generator, n_keyframes: int, n_columns: int) -> None:
        self.rng = rng
        self.shape = (n_keyframes, ROWS, n_columns)
        self.y_mm = (np.arange(ROWS, dtype=np.float32) * np.float32(SPACING_MM))[None, :, None]

    def field(self, depth_mm: float, width_mm: float) -> Field:
        """Unit-variance texture with the given knot distances."""
        steps = (SLICE_STEP_KEYFRAMES, max(depth_mm / SPACING_MM, 1.0), max(width_mm / SPACING_MM, 1.0))
        return spline_field(self.rng, self.shape, steps)

    def border(self, middle_mm: float, wave_mm: float, width_mm: float) -> Field:
        """Wavy border (keyframes, 1, columns) in mm below the skin surface."""
        steps = (SLICE_STEP_KEYFRAMES, width_mm / SPACING_MM)
        wave = wave_mm * spline_field(self.rng, (self.shape[0], self.shape[2]), steps)
        fine = 0.12 * spline_field(self.rng, (self.shape[0], self.shape[2]), (SLICE_STEP_KEYFRAMES, 8.0))
        return (middle_mm + wave + fine)[:, None, :].astype(np.float32)

    def below(self, border_mm: Field) -> Field:
        """Soft step: 0 above the border, 1 below."""
        step: Field = np.float32(0.5) + np.float32(0.5) * np.tanh(
            (self.y_mm - border_mm) / np.float32(BORDER_BLUR_MM)
        )
        return step

    def line(self, border_mm: Field, strength_db: float, thickness_mm: float) -> Field:
        """Bright specular line along a border, its strength changing along it."""
        steps = (SLICE_STEP_KEYFRAMES, 4.0 / SPACING_MM)
        along = 0.7 + 0.5 * spline_field(self.rng, (self.shape[0], self.shape[2]), steps)
        distance = np.minimum(np.abs(self.y_mm - border_mm) / np.float32(thickness_mm), np.float32(6))
        bright: Field = np.exp(np.float32(-0.5) * distance * distance)
        return np.float32(strength_db) * np.maximum(along, 0)[:, None, :].astype(np.float32) * bright


def _fat(stack: Stack) -> Field:
    """Even dark fat with thin bright curved septa."""
    lobes = stack.field(4.0, 11.0)
    strength = np.clip(stack.field(2.0, 5.0) + np.float32(0.3), 0, 1.5)
    return FAT_DB + stack.field(1.2, 3.0) + np.float32(9.0) * ridges(lobes, 0.9) * strength


def _gland(stack: Stack) -> Field:
    """Fibroglandular tissue: patches of 3 x 0.9 mm, bright dashes along the layers, dark ducts."""
    patches = np.float32(3.0) * stack.field(0.9, 3.0)
    dashes = np.maximum(stack.field(0.45, 2.2) - np.float32(0.5), 0)
    ducts = np.maximum(stack.field(0.9, 3.0) - np.float32(1.4), 0)
    return GLAND_DB + patches + np.float32(5.0) * dashes - np.float32(9.0) * ducts


def _muscle(stack: Stack) -> Field:
    """Pectoral muscle: texture of 6 x 0.45 mm with long bright fibres."""
    fibres = np.maximum(stack.field(0.45, 6.0) - np.float32(0.4), 0)
    return MUSCLE_DB + np.float32(2.0) * stack.field(1.5, 7.0) + np.float32(5.5) * fibres


def draw_layers(rng: np.random.Generator, n_keyframes: int, n_columns: int) -> Field:
    """Echo level in dB relative to the display's reference, (keyframes, ROWS, n_columns) float32."""
    stack = Stack(rng, n_keyframes, n_columns)
    fat_end = rng.uniform(4.0, 8.5)
    gland_end = rng.uniform(19.0, 23.0)
    skin = stack.border(SKIN_END_MM, 0.06, 12.0)
    fat_border = stack.border(fat_end, rng.uniform(0.5, 1.3), 8.0)
    gland_border = stack.border(gland_end, rng.uniform(0.3, 0.8), 14.0)
    fascia = stack.border(gland_end + rng.uniform(1.0, 2.5), 0.35, 18.0)
    fat, level = _fat(stack), SKIN_DB + np.float32(2.5) * (stack.field(0.3, 20.0) - np.float32(0.8))
    for tissue, border in (
        (fat, skin),
        (_gland(stack), fat_border),
        (fat, gland_border),
        (_muscle(stack), fascia),
    ):
        level += (tissue - level) * stack.below(border)
    level += stack.line(skin, 5.0, 0.12) + stack.line(fat_border, 3.0, 0.2)
    level += stack.line(fascia, 11.0, 0.2) + stack.line(fascia + np.float32(0.9), 8.0, 0.16)
    return level


def blend(layers: Field, frame_index: int) -> Field:
    """Echo level (ROWS, columns) at one frame, linear between keyframes."""
    position = frame_index / KEYFRAME_STEP
    lower = min(int(position), layers.shape[0] - 1)
    upper = min(lower + 1, layers.shape[0] - 1)
    share = np.float32(position - lower)
    blended: Field = layers[lower] + share * (layers[upper] - layers[lower])
    return blended
