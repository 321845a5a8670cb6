"""Frozen dataclasses that cross the borders of the pipeline's stages."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StaticFeatures:
    """The 91 static features of every frame of a clip.

    values: (T, 91) float64, a row of NaN where the frame is invalid; valid: (T,) bool;
    reasons: (T,) str, empty where valid.
    """

    values: NDArray[np.float64]
    valid: NDArray[np.bool_]
    reasons: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class RepairedTrack:
    """One lesion box a frame after rejection and interpolation.

    boxes: (T, 4) float64, half-open [x1, y1, x2, y2) in pixels, NaN where there is none;
    status: (T,) str in {ok, interp, missing, low_conf, jump_centre, jump_size, low_iou};
    window: (start, stop), half-open frame indices of the analysis window; qc: the record of one clip.
    """

    boxes: NDArray[np.float64]
    status: NDArray[np.str_]
    window: tuple[int, int]
    qc: dict[str, object]


@dataclass(frozen=True, slots=True)
class UniformCurves:
    """Feature curves on a uniform time base.

    values: (N, F) float64; fps: samples a second; resampled: whether they were interpolated onto a new grid.
    """

    values: NDArray[np.float64]
    fps: float
    resampled: bool
