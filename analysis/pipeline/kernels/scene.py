"""Parameters of one synthetic cine and the effect that is planted between HER2-positive and -negative.

Simulated, not biology: the differences below are chosen so that a working pipeline has something to find.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.pipeline.errors import InvalidInputError

ROWS, COLUMNS = 224, 256
DEPTH_MM = 35.0
"""Imaging depth of the study (Quan et al. 2023, section 2.3)."""
SPACING_MM = DEPTH_MM / ROWS
MAX_RENDERED_MM = 27.0
"""A larger lesion is drawn this wide: the frame shows 40 mm."""
MIN_RENDERED_MM = 4.0
FRAME_RATES = (25.0, 30.0)
DEFAULT_FRAMES = 60


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted parameter: normal with `mean` and `sd`, moved by `shift` times the effect if positive."""

    name: str
    mean: float
    sd: float
    shift: float
    low: float
    high: float
    unit: str
    meaning: str


PLANTED_EFFECT: tuple[Planted, ...] = (
    Planted("lesion_db", -15.0, 2.2, 1.6, -30, -4, "dB", "mean echo of the lesion relative to gland"),
    Planted("hetero_db", 2.2, 0.6, 0.9, 0.2, 8, "dB", "standard deviation of the coarse texture inside"),
    Planted("hetero_mm", 1.6, 0.3, -0.35, 0.5, 4, "mm", "grain of that texture"),
    Planted("post_db", -3.0, 3.0, 4.0, -15, 15, "dB", "posterior shadow (< 0) or enhancement (> 0)"),
    Planted("spic", 0.08, 0.03, -0.02, 0.0, 0.25, "1", "roughness of the outline"),
    Planted("pulse_db", 0.8, 0.3, 0.8, 0.0, 4, "dB", "amplitude of the cardiac modulation of the lesion"),
    Planted("ell_frames", 2.5, 0.5, -0.7, 0.8, 12, "frames", "frames over which speckle decorrelates"),
)
"""Effect 1 is far too easy, 0.35 realistic, 0 the null test. Base means and limits are a choice of ours."""
CALCIFICATIONS_MEAN, CALCIFICATIONS_SHIFT = 2.0, 5.0
"""Micro-calcifications are Poisson with mean 2, plus 5 times the effect if positive."""


@dataclass(frozen=True, slots=True)
class SceneParameters:
    """Everything that one cine is drawn from except its random textures.

    Lengths in mm, echo levels in dB, rates in Hz, positions from the upper left corner of the frame.
    aspect is depth over width; sweep_radii the length of the sweep in elevational radii of the lesion, its
    middle displaced by sweep_offset radii.
    """

    n_frames: int
    fps: float
    size_mm: float
    aspect: float
    elevational_ratio: float
    centre_x_mm: float
    centre_y_mm: float
    lesion_db: float
    hetero_db: float
    hetero_mm: float
    post_db: float
    calcifications: int
    spic: float
    pulse_db: float
    ell_frames: float
    heart_hz: float
    sweep_radii: float
    sweep_offset: float
    drift_mm: float
    breath_mm: float
    tremor_mm: float


def check_effect(effect: float) -> float:
    """The planted effect as a float; raises InvalidInputError unless it is finite and not negative."""
    if not np.isfinite(effect) or effect < 0:
        raise InvalidInputError(f"expected an effect of 0 or more (0.35 is realistic), got {effect}")
    return float(effect)


def draw_planted(rng: np.random.Generator, positive: bool, effect: float) -> dict[str, float]:
    """Draw the planted parameters. The same random numbers are used whatever the label and the effect."""
    move = check_effect(effect) * float(positive)
    normals = rng.standard_normal(len(PLANTED_EFFECT))
    drawn = {
        item.name: float(np.clip(item.mean + item.shift * move + item.sd * z, item.low, item.high))
        for item, z in zip(PLANTED_EFFECT, normals, strict=True)
    }
    rate = CALCIFICATIONS_MEAN + CALCIFICATIONS_SHIFT * move
    drawn["calcifications"] = float(stats.poisson.ppf(rng.random(), rate))
    return drawn


def draw_scene(
    rng: np.random.Generator, size_mm: float, positive: bool, effect: float, n_frames: int
) -> SceneParameters:
    """Draw one scene; see `analysis.pipeline.synthesis.draw_scene_parameters`."""
    size = float(np.clip(size_mm, MIN_RENDERED_MM, MAX_RENDERED_MM))
    planted = draw_planted(rng, positive, effect)
    aspect = float(np.clip(rng.normal(0.68, 0.10), 0.4, 1.0))
    half_height = aspect * size / 2
    middle = float(np.clip(rng.normal(13.5, 1.5), 3.0 + half_height, DEPTH_MM - 6.0 - half_height))
    spare = 0.5 * (COLUMNS * SPACING_MM - size)
    return SceneParameters(
        n_frames=n_frames,
        fps=float(rng.choice(FRAME_RATES)),
        size_mm=size,
        aspect=aspect,
        elevational_ratio=float(np.clip(rng.normal(1.0, 0.12), 0.7, 1.4)),
        centre_x_mm=COLUMNS * SPACING_MM / 2 + float(np.clip(rng.normal(0, 2.0), -0.4 * spare, 0.4 * spare)),
        centre_y_mm=middle,
        lesion_db=planted["lesion_db"],
        hetero_db=planted["hetero_db"],
        hetero_mm=planted["hetero_mm"],
        post_db=planted["post_db"],
        calcifications=int(planted["calcifications"]),
        spic=planted["spic"],
        pulse_db=planted["pulse_db"],
        ell_frames=planted["ell_frames"],
        heart_hz=float(np.clip(rng.normal(1.2, 0.12), 0.8, 1.8)),
        sweep_radii=float(rng.uniform(1.55, 2.3)),
        sweep_offset=float(rng.normal(0, 0.06)),
        drift_mm=float(rng.normal(0, 1.0)),
        breath_mm=float(abs(rng.normal(0.4, 0.2))),
        tremor_mm=float(rng.uniform(0.03, 0.12)),
    )
