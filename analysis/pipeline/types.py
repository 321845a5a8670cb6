"""Frozen dataclasses that cross the borders of the pipeline's stages."""

from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class DescribeParameters:
    """How a clip is described. Every number that can move a feature is here, so that results can go stale.

    mask_kind, margin: see `masks.box_masks`; bin_width in grey levels, or bin_count levels instead; fmax:
    upper limit of the frequency descriptors, in Hz or cycles a frame as the time base says; window, detrend:
    of the spectra; fixed_frames: compare this many central frames of every clip; time_base: "hz" needs a
    known rate, "cycles" never uses it, "auto" takes what there is (never mix within a study); spacing_base:
    "mm", "px" or "auto" likewise; exclude: leave out frames with colour Doppler or drawn marks over the
    lesion; region: measure the lesion, a ring of ring_mm around its mask, or everything outside its box.
    """

    mask_kind: Literal["rect", "ellipse", "segment"] = "rect"
    margin: float = 1.0
    bin_width: float = 25.0
    bin_count: int | None = None
    min_pixels: int = 64
    min_side_px: int = 8
    fmax: float | None = None
    window: Literal["rect", "hann"] = "rect"
    detrend: Literal["mean", "linear"] = "mean"
    fixed_frames: int | None = None
    time_base: Literal["auto", "hz", "cycles"] = "auto"
    spacing_base: Literal["auto", "mm", "px"] = "auto"
    exclude: bool = True
    region: Literal["lesion", "ring", "outside"] = "lesion"
    ring_mm: float | None = None


@dataclass(frozen=True, slots=True)
class ClipDescription:
    """Everything that was computed of one clip.

    frame_indices: (n_valid,) 0-based frames whose lesion was measured; static: (n_valid, 91) float64, their
    rows; reasons: frame index to why a frame with a box does not count; window: half-open frame range of the
    curves; fps: samples a second of the curves, 1 when time_base is "cycles" (frequencies in cycles a frame),
    else time_base is "hz"; resampled: the time stamps were uneven and the curves interpolated; spacing_mm:
    (row, column), (1, 1) when spacing_base is "px"; dynamic: (2184,) float64; n_used: measured frames in the
    window, longest_gap: frames, most in a row without a measurement between the first and the last one; qc:
    the record of the clip, JSON-ready; parameters and version: with what it was computed.
    """

    frame_indices: NDArray[np.int64]
    static: NDArray[np.float64]
    reasons: dict[int, str]
    window: tuple[int, int]
    fps: float
    time_base: Literal["hz", "cycles"]
    resampled: bool
    spacing_mm: tuple[float, float]
    spacing_base: Literal["mm", "px"]
    dynamic: NDArray[np.float64]
    n_used: int
    longest_gap: int
    qc: dict[str, object]
    parameters: DescribeParameters
    version: str
