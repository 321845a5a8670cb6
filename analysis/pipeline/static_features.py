"""The 91 static features of every frame of a clip: (T, H, W) frames and masks -> (T, 91).

Specification: pyradiomics 3.0.1 on float64 input for the first 51 (IBSI reference manual,
arXiv:1612.07003), Ojala, Pietikäinen and Mäenpää (IEEE TPAMI 2002;24:971-987) for the 40 local binary
pattern frequencies; names, order, units and sources in `names`. Frames are neither resampled nor normalised
nor filtered.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral, Real
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.constants import MAX_LEVELS, N_GREY
from analysis.pipeline.kernels.feature_backends import Backend, Settings, describe_on_cpu
from analysis.pipeline.kernels.packing import PackedFrames, pack_clip, pack_crops
from analysis.pipeline.kernels.runs import Runs, find_runs
from analysis.pipeline.names import STATIC_FEATURES
from analysis.pipeline.types import StaticFeatures

DEFAULT_BIN_WIDTH: Final = 25.0  # grey levels; pyradiomics' default, eleven levels at most on 8-bit frames
MIN_PIXELS: Final = 64  # smallest mask whose texture is described
MIN_SIDE_PX: Final = 8  # smallest side of its bounding box
_MIN_BIN_WIDTH: Final = N_GREY / MAX_LEVELS
_FRAMES_AT_A_TIME: Final = {"cpu": 8, "cuda": 64, "pyradiomics": 8}

BackendName = Literal["cpu", "cuda", "pyradiomics"]


def extract(
    frames: NDArray[np.uint8],
    masks: NDArray[np.bool_],
    spacing_mm: tuple[float, float] = (1.0, 1.0),
    *,
    bin_width: float = DEFAULT_BIN_WIDTH,
    bin_count: int | None = None,
    backend: BackendName = "cpu",
    min_pixels: int = MIN_PIXELS,
    min_side_px: int = MIN_SIDE_PX,
    threads: int | None = None,
) -> StaticFeatures:
    """Describe every frame of a clip under its mask.

    frames: (T, H, W) uint8 grey; masks: (T, H, W) bool; spacing_mm: (row, column), 1.0 px where unknown;
    bin_width: grey levels a bin, from 0 upwards; bin_count: this many bins between minimum and maximum
    instead; backend: "cpu" (compiled), "cuda" (torch on a GPU) or "pyradiomics" (the slow reference);
    threads: frames are shared among so many, by default all cores this process may use (CPU back end only).

    A frame whose mask is empty, has fewer than min_pixels pixels, has a bounding box with a side under
    min_side_px, or leaves a feature undefined is invalid: a row of NaN and a reason.

    Raises InvalidInputError for another dtype, shapes that differ, a spacing, bin or minimum that is not
    positive, an unknown back end, or "cuda" without a GPU.
    """
    _check_clip(frames, masks)
    settings = _settings(spacing_mm, bin_width, bin_count)
    return _extract(
        lambda start, stop: pack_clip(frames[start:stop], masks[start:stop]),
        frames.shape[0],
        settings,
        backend,
        (_positive_integer("min_pixels", min_pixels), _positive_integer("min_side_px", min_side_px)),
        threads,
    )


def extract_crops(
    crops: Sequence[NDArray[np.uint8]],
    masks: Sequence[NDArray[np.bool_]],
    spacing_mm: tuple[float, float] = (1.0, 1.0),
    *,
    bin_width: float = DEFAULT_BIN_WIDTH,
    bin_count: int | None = None,
    backend: BackendName = "cpu",
    min_pixels: int = MIN_PIXELS,
    min_side_px: int = MIN_SIDE_PX,
    threads: int | None = None,
) -> StaticFeatures:
    """As `extract`, from one crop and one mask of any size a frame.

    The result equals that of whole frames if every crop keeps four pixels around its mask wherever the
    frame has them (`frames.crop_window`): local binary patterns read that far, and repeat the edge where
    there is no more.
    """
    _check_crops(crops, masks)
    settings = _settings(spacing_mm, bin_width, bin_count)
    return _extract(
        lambda start, stop: pack_crops(crops[start:stop], masks[start:stop]),
        len(crops),
        settings,
        backend,
        (_positive_integer("min_pixels", min_pixels), _positive_integer("min_side_px", min_side_px)),
        threads,
    )


def _extract(
    pack: Callable[[int, int], PackedFrames],
    n_frames: int,
    settings: Settings,
    backend: str,
    minimum: tuple[int, int],
    threads: int | None,
) -> StaticFeatures:
    """Describe a few frames at a time, so that what one loop reads the next finds in the cache."""
    describe = _backend(backend)
    n_threads = _n_threads(threads) if backend == "cpu" else 1
    step = _FRAMES_AT_A_TIME[backend]
    values = np.full((n_frames, len(STATIC_FEATURES)), np.nan)
    reasons = [""] * n_frames

    def fill(start: int) -> None:
        stop = min(start + step, n_frames)
        packed = pack(start, stop)
        runs = find_runs(packed.mask, packed.starts, packed.heights, packed.widths)
        reasons[start:stop] = _refusals(runs, *minimum)
        values[start:stop] = describe(packed, runs, settings)
        _refuse_undefined(values[start:stop], reasons, start)

    starts = range(0, n_frames, step)
    if n_threads == 1 or len(starts) < 2:
        for start in starts:
            fill(start)
    else:
        with ThreadPoolExecutor(min(n_threads, len(starts))) as pool:
            list(pool.map(fill, starts))
    valid = np.array([not reason for reason in reasons], dtype=np.bool_)
    values[~valid] = np.nan
    return StaticFeatures(values=values, valid=valid, reasons=np.array(reasons, dtype=np.str_))


def _refusals(runs: Runs, min_pixels: int, min_side_px: int) -> list[str]:
    """Why each mask is too small, or an empty string."""
    reasons = []
    for (top, left, bottom, right), n in zip(runs.boxes.tolist(), runs.n_pixels.tolist(), strict=True):
        height, width = bottom - top, right - left
        if n == 0:
            reasons.append("empty mask")
        elif n < min_pixels:
            reasons.append(f"mask of {n} pixels, fewer than {min_pixels}")
        elif min(height, width) < min_side_px:
            reasons.append(f"mask of {height} x {width} pixels, a side under {min_side_px}")
        else:
            reasons.append("")
    return reasons


def _refuse_undefined(values: NDArray[np.float64], reasons: list[str], start: int) -> None:
    """Give a reason to each frame with a feature that is not a finite number."""
    for t, column in zip(*np.nonzero(~np.isfinite(values)), strict=True):
        if not reasons[start + t]:
            reasons[start + t] = f"{STATIC_FEATURES[column]} is not defined on this mask"


def _backend(name: str) -> Backend:
    """The function that describes packed frames; heavy libraries are loaded for their own back end only."""
    if name == "cpu":
        return describe_on_cpu
    if name == "pyradiomics":
        from analysis.pipeline.kernels.reference import describe_by_reference  # noqa: PLC0415 - SimpleITK

        return describe_by_reference
    if name == "cuda":
        from analysis.pipeline.kernels.cuda import describe_on_cuda  # noqa: PLC0415 - torch

        return describe_on_cuda
    raise InvalidInputError(f"backend must be 'cpu', 'cuda' or 'pyradiomics', got {name!r}")


def _n_threads(threads: int | None) -> int:
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _positive_integer("threads", threads)


def _settings(spacing_mm: tuple[float, float], bin_width: float, bin_count: int | None) -> Settings:
    if bin_count is not None and _positive_integer("bin_count", bin_count) > MAX_LEVELS:
        raise InvalidInputError(f"bin_count must be at most {MAX_LEVELS}, got {bin_count}")
    width = _positive_number("bin_width", bin_width)
    if width < _MIN_BIN_WIDTH:
        raise InvalidInputError(f"bin_width must be at least {_MIN_BIN_WIDTH} grey levels, got {bin_width!r}")
    try:
        row, column = spacing_mm
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"spacing_mm must be (row, column) in mm, got {spacing_mm!r}") from error
    spacing = _positive_number("spacing_mm", row), _positive_number("spacing_mm", column)
    return Settings(spacing, width, None if bin_count is None else int(bin_count))


def _positive_number(name: str, value: object) -> float:
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_) and 0.0 < float(value) < np.inf:
        return float(value)
    raise InvalidInputError(f"{name} must be a finite number above zero, got {value!r}")


def _positive_integer(name: str, value: object) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0:
        return int(value)
    raise InvalidInputError(f"{name} must be a whole number above zero, got {value!r}")


def _check_array(name: str, array: object, dtype: type, n_axes: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != n_axes:
        got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        axes = "(T, H, W)" if n_axes == 3 else "(H, W)"
        raise InvalidInputError(f"{name} must be a {axes} array of {np.dtype(dtype).name}, got {got}")


def _check_clip(frames: object, masks: object) -> None:
    _check_array("frames", frames, np.uint8, 3)
    _check_array("masks", masks, np.bool_, 3)
    if frames.shape != masks.shape:  # type: ignore[attr-defined]
        raise InvalidInputError(f"frames {frames.shape} and masks {masks.shape} must have one shape")  # type: ignore[attr-defined]


def _check_crops(crops: Sequence[object], masks: Sequence[object]) -> None:
    if len(crops) != len(masks):
        raise InvalidInputError(f"each crop needs one mask, got {len(crops)} crops and {len(masks)} masks")
    for crop, mask in zip(crops, masks, strict=True):
        _check_array("every crop", crop, np.uint8, 2)
        _check_array("every mask", mask, np.bool_, 2)
        if crop.shape != mask.shape:  # type: ignore[attr-defined]
            raise InvalidInputError(f"crop {crop.shape} and mask {mask.shape} must have one shape")  # type: ignore[attr-defined]
