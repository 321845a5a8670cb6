"""Frames and masks of a clip, or crops of different sizes, as one flat buffer for compiled loops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PackedFrames:
    """Frames end to end.

    pixels, mask: flat uint8, the mask zeros and ones; starts, heights, widths: (T,) int64, frame t is the
    heights[t] x widths[t] pixels from starts[t] on, row by row.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    starts: NDArray[np.int64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]

    def frame(self, t: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Image (H, W) uint8 and mask (H, W) bool of one frame, as views."""
        shape = int(self.heights[t]), int(self.widths[t])
        part = slice(int(self.starts[t]), int(self.starts[t]) + shape[0] * shape[1])
        return self.pixels[part].reshape(shape), self.mask[part].reshape(shape).view(np.bool_)


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    """One contiguous, writeable row of values; Numba would compile again for read-only arrays."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat if flat.flags.writeable else flat.copy()


def pack_clip(frames: NDArray[np.uint8], masks: NDArray[np.bool_]) -> PackedFrames:
    """Pack (T, H, W) arrays, without a copy if they are contiguous and writeable."""
    n_frames, height, width = frames.shape
    return PackedFrames(
        _flat(frames),
        _flat(masks).view(np.uint8),
        np.arange(n_frames, dtype=np.int64) * (height * width),
        np.full(n_frames, height, np.int64),
        np.full(n_frames, width, np.int64),
    )


def pack_crops(crops: Sequence[NDArray[np.uint8]], masks: Sequence[NDArray[np.bool_]]) -> PackedFrames:
    """Pack (H, W) arrays of any sizes; a crop and its mask have one shape."""
    heights = np.array([crop.shape[0] for crop in crops], np.int64)
    widths = np.array([crop.shape[1] for crop in crops], np.int64)
    ends = np.cumsum(heights * widths)
    return PackedFrames(
        np.concatenate([np.empty(0, np.uint8), *(crop.reshape(-1) for crop in crops)]),
        np.concatenate([np.empty(0, np.bool_), *(mask.reshape(-1) for mask in masks)]).view(np.uint8),
        ends - heights * widths,
        heights,
        widths,
    )
