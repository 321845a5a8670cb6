"""Frozen dataclasses that cross the borders of the pipeline's stages."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.names import DYNAMIC_FEATURES


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


CLINICAL_VARIABLES = ("age", "size_cm", "menopause", "cT", "cN", "cTNM")


@dataclass(frozen=True, slots=True)
class LearningCohort:
    """Patients with everything that learning may see of them, one row a patient.

    patients: (n,) study codes; labels: (n,) 0 and 1; dynamic: (n, p) float64 of the index clips, NaN where a
    value is missing; clinical: (n, 6) float64 in the order of CLINICAL_VARIABLES (years, cm, 0/1, and
    stages as numbers), NaN where missing; groups: (n,) patients that share a value belong together (the
    same hospital number, near-duplicate clips), empty means everybody alone; feature_names: (p,) columns
    of `dynamic`; catalogue: all columns that were measured, which must be the same: choosing among them
    belongs inside folds.
    """

    patients: tuple[str, ...]
    labels: NDArray[np.int64]
    dynamic: NDArray[np.float64]
    clinical: NDArray[np.float64]
    groups: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = DYNAMIC_FEATURES
    catalogue: tuple[str, ...] = DYNAMIC_FEATURES
