"""Synthetic breast ultrasound: cines, cohorts and stills with a planted, adjustable effect.

Nothing here is biology. The difference between HER2-positive and HER2-negative patients is the one written in
`PLANTED_EFFECT` and can be set to zero.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.pretraining_still import render_still

MIN_LONG_SIDE_PX = 128


def draw_pretraining_still(
    rng: np.random.Generator, *, long_side: int = 320, overlays: bool = True
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Draw one still of a random scanner, patient and view, for teaching a detector.

    rng: source of all randomness; long_side: pixels of the longer side; overlays: callipers and words.
    Returns image (H, W) uint8 and boxes (n, 4) float64, half-open [x1, y1, x2, y2) in pixels, n from 0 to 3.

    Raises InvalidInputError for a long side under 128 pixels.
    """
    if long_side < MIN_LONG_SIDE_PX:
        raise InvalidInputError(f"expected long_side of at least {MIN_LONG_SIDE_PX} pixels, got {long_side}")
    return render_still(rng, long_side, overlays)
