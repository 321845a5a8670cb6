"""Back ends of the static features behind one interface: packed frames and their runs in, (T, 91) out.

The CPU and CUDA back ends only count pixels (grey values, pairs of levels, patterns), in whole numbers; the
arithmetic that follows is one code for both, so that they cannot drift apart.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.kernels.firstorder import firstorder
from analysis.pipeline.kernels.glcm import glcm
from analysis.pipeline.kernels.glcm_counts import pair_counts
from analysis.pipeline.kernels.lbp import lbp, pattern_counts
from analysis.pipeline.kernels.levels import Levels, histograms
from analysis.pipeline.kernels.packing import PackedFrames
from analysis.pipeline.kernels.runs import Runs
from analysis.pipeline.kernels.shape2d import shape2d
from analysis.pipeline.names import STATIC_FEATURES

_FIRSTORDER, _SHAPE, _GLCM, _LBP = slice(0, 18), slice(18, 27), slice(27, 51), slice(51, 91)


class Settings(NamedTuple):
    """spacing_mm: (row, column); bins of fixed width, or of fixed count where bin_count is given."""

    spacing_mm: tuple[float, float]
    bin_width: float
    bin_count: int | None


class Counts(NamedTuple):
    """What is counted under the masks of T frames.

    histograms: (T, 256) int64; levels: their discretisation; pairs: (T, 4, K + 1, K + 1), see `glcm_counts`;
    patterns: (T, 4, 256), see `lbp`.
    """

    histograms: NDArray[np.int64]
    levels: Levels
    pairs: NDArray[np.integer]
    patterns: NDArray[np.integer]


Backend = Callable[[PackedFrames, Runs, Settings], NDArray[np.float64]]


def count_on_cpu(packed: PackedFrames, runs: Runs, settings: Settings) -> Counts:
    """Count with compiled loops on one core, without the interpreter's lock."""
    counted = histograms(packed.pixels, packed.starts, packed.widths, runs.runs, runs.first)
    levels = Levels(counted, settings.bin_width, settings.bin_count)
    pairs = pair_counts(packed.pixels, packed.starts, packed.widths, runs, levels)
    patterns = pattern_counts(packed.pixels, packed.starts, packed.heights, packed.widths, runs)
    return Counts(counted, levels, pairs, patterns)


def features_of_counts(counts: Counts, runs: Runs, settings: Settings) -> NDArray[np.float64]:
    """(T, 91) float64 in the order of `STATIC_FEATURES`; NaN where a feature is not defined."""
    values = np.full((counts.histograms.shape[0], len(STATIC_FEATURES)), np.nan)
    firstorder(counts.histograms, counts.levels, settings.spacing_mm, values[:, _FIRSTORDER])
    shape2d(runs, settings.spacing_mm, values[:, _SHAPE])
    glcm(counts.pairs, counts.levels, values[:, _GLCM])
    lbp(counts.patterns, runs.n_pixels, values[:, _LBP])
    return values


def describe_on_cpu(packed: PackedFrames, runs: Runs, settings: Settings) -> NDArray[np.float64]:
    """(T, 91) float64 of packed frames."""
    return features_of_counts(count_on_cpu(packed, runs, settings), runs, settings)
