"""Compile and cache every kernel: `python -m analysis.pipeline.kernels.warm`.

Run at set-up, so that nobody waits for a compiler. Machine code is cached beside the sources, for this
processor; where that folder cannot be written, Numba uses the user's cache (`NUMBA_CACHE_DIR` overrides
both).
"""

import sys
from time import perf_counter

import numpy as np

from analysis.pipeline.kernels.feature_backends import Settings, describe_on_cpu
from analysis.pipeline.kernels.forest import LEAF, FrozenForest
from analysis.pipeline.kernels.packing import pack_clip
from analysis.pipeline.kernels.runs import find_runs
from analysis.pipeline.kernels.shapley import forest_shapley


def warm() -> float:
    """Run every kernel once on a small frame; returns the seconds it took."""
    started = perf_counter()
    side = 16
    frames = (np.arange(2 * side * side, dtype=np.int64) * 7 % 251).astype(np.uint8).reshape(2, side, side)
    packed = pack_clip(frames, np.ones(frames.shape, np.bool_))
    runs = find_runs(packed.mask, packed.starts, packed.heights, packed.widths)
    for bin_count in (None, 32):
        describe_on_cpu(packed, runs, Settings((1.0, 1.0), 25.0, bin_count))
    forest_shapley(_smallest_forest(), np.zeros((1, 1)))
    return perf_counter() - started


def _smallest_forest() -> FrozenForest:
    """One tree with one split."""
    left, right, feature = (
        np.array(nodes, np.int32) for nodes in ([1, LEAF, LEAF], [2, LEAF, LEAF], [0, -2, -2])
    )
    weight = np.array([2.0, 1.0, 1.0])
    return FrozenForest(np.zeros(1, np.int64), left, right, feature, np.zeros(3), weight / 4.0, weight, 1)


if __name__ == "__main__":
    sys.stdout.write(f"kernels ready in {warm():.1f} s\n")
