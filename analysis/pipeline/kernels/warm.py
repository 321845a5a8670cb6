"""Compile and cache every kernel of the static features: `python -m analysis.pipeline.kernels.warm`.

Run at set-up, so that nobody waits for a compiler. Machine code is cached beside the sources, for this
processor; where that folder cannot be written, Numba uses the user's cache (`NUMBA_CACHE_DIR` overrides
both).
"""

import sys
from time import perf_counter

import numpy as np

from analysis.pipeline.kernels.feature_backends import Settings, describe_on_cpu
from analysis.pipeline.kernels.packing import pack_clip
from analysis.pipeline.kernels.runs import find_runs


def warm() -> float:
    """Run every kernel once on a small frame; returns the seconds it took."""
    started = perf_counter()
    side = 16
    frames = (np.arange(2 * side * side, dtype=np.int64) * 7 % 251).astype(np.uint8).reshape(2, side, side)
    packed = pack_clip(frames, np.ones(frames.shape, np.bool_))
    runs = find_runs(packed.mask, packed.starts, packed.heights, packed.widths)
    for bin_count in (None, 32):
        describe_on_cpu(packed, runs, Settings((1.0, 1.0), 25.0, bin_count))
    return perf_counter() - started


if __name__ == "__main__":
    sys.stdout.write(f"static feature kernels ready in {warm():.1f} s\n")
