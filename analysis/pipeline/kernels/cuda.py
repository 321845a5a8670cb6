"""The batched torch back end: the same counts as the CPU kernels, for a whole batch of frames at once.

Frames are cut to their boxes, padded to one size, and counted on the device by `bincount`; patterns follow
the definition in 64-bit integers, without the narrow weights of the CPU kernel. The shape of a mask costs
its rows, not its pixels, and stays on the host, as does the arithmetic on counts (`feature_backends`).
"""

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.constants import LBP_MARGIN_PX, LBP_RADII, N_GREY
from analysis.pipeline.kernels.feature_backends import Counts, Settings, features_of_counts
from analysis.pipeline.kernels.levels import Levels
from analysis.pipeline.kernels.packing import PackedFrames
from analysis.pipeline.kernels.runs import Runs

_SCALE = 10**5  # sample offsets are rounded to five decimals
_DIAGONAL = {1: 70711, 2: 141421, 3: 212132, 4: 282843}  # R / sqrt(2), rounded, in units of 1 / _SCALE
_FLOOR = -(10**4)  # tolerance of 1e-6 grey values, in units of 1 / _SCALE²
_PAIR_OFFSETS = ((0, 1), (1, 1), (1, 0), (1, -1))


def _cut(packed: PackedFrames, runs: Runs) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Boxes padded to the largest: planes (T, H + 8, W + 8) uint8 with margin, masks (T, H, W) bool."""
    heights = runs.boxes[:, 2] - runs.boxes[:, 0]
    widths = runs.boxes[:, 3] - runs.boxes[:, 1]
    height, width = int(heights.max(initial=0)), int(widths.max(initial=0))
    pad = LBP_MARGIN_PX
    planes = np.zeros((heights.size, height + 2 * pad, width + 2 * pad), np.uint8)
    masks = np.zeros((heights.size, height, width), np.bool_)
    for t in np.nonzero(runs.n_pixels > 0)[0]:
        image, mask = packed.frame(int(t))
        top, left, bottom, right = runs.boxes[t].tolist()
        rows = np.clip(np.arange(top - pad, bottom + pad), 0, image.shape[0] - 1)
        columns = np.clip(np.arange(left - pad, right + pad), 0, image.shape[1] - 1)
        planes[t, : rows.size, : columns.size] = image[rows[:, None], columns]
        masks[t, : bottom - top, : right - left] = mask[top:bottom, left:right]
    return planes, masks


def _moved(planes: torch.Tensor, row: int, column: int) -> torch.Tensor:
    """The planes without their margin, moved so that pixel (y, x) holds (y + row, x + column)."""
    pad = LBP_MARGIN_PX
    height, width = planes.shape[1] - 2 * pad, planes.shape[2] - 2 * pad
    return planes[:, pad + row : pad + row + height, pad + column : pad + column + width]


def _diagonal_bit(planes: torch.Tensor, radius: int, up: int, right: int) -> torch.Tensor:
    """Whether the sample towards (up, right), each +1 or -1, is not darker than the centre (bool)."""
    whole, a = divmod(_DIAGONAL[radius], _SCALE)
    b = _SCALE - a
    near, far = whole, whole + 1
    total = -_SCALE * _SCALE * _moved(planes, 0, 0)
    for row, row_weight in ((near, b), (far, a)):
        for column, column_weight in ((near, b), (far, a)):
            total = total + row_weight * column_weight * _moved(planes, -up * row, right * column)
    return total >= _FLOOR


def _patterns(planes: torch.Tensor, radius: int) -> torch.Tensor:
    """Pattern of each pixel (T, H, W) int64; bit p for sample p, from the right anticlockwise."""
    centre = _moved(planes, 0, 0)
    bits = [
        _moved(planes, 0, radius) >= centre,
        _diagonal_bit(planes, radius, 1, 1),
        _moved(planes, -radius, 0) >= centre,
        _diagonal_bit(planes, radius, 1, -1),
        _moved(planes, 0, -radius) >= centre,
        _diagonal_bit(planes, radius, -1, -1),
        _moved(planes, radius, 0) >= centre,
        _diagonal_bit(planes, radius, -1, 1),
    ]
    return sum((bit.to(torch.int64) << p for p, bit in enumerate(bits)), torch.zeros_like(centre))


def _count(values: torch.Tensor, masks: torch.Tensor, size: int) -> NDArray[np.int64]:
    """(T, size) int64, how often each value 0..size - 1 occurs under each mask."""
    n_frames = values.shape[0]
    frame = torch.arange(n_frames, device=values.device).reshape(-1, 1, 1)
    keys = (values + frame * size)[masks]
    counted: NDArray[np.int64] = torch.bincount(keys, minlength=n_frames * size).cpu().numpy()
    return counted.reshape(n_frames, size)


def _pairs(planes: torch.Tensor, masks: torch.Tensor, levels: Levels) -> NDArray[np.int64]:
    """(T, 4, K + 1, K + 1), see `glcm_counts.pair_counts`."""
    size = int(levels.n_levels.max(initial=0)) + 1
    table = torch.from_numpy(levels.index_of.astype(np.int64)).to(planes.device)
    centre = _moved(planes, 0, 0)
    inside = torch.gather(table, 1, centre.flatten(1)).reshape(centre.shape) * masks
    padded = torch.nn.functional.pad(inside, (LBP_MARGIN_PX,) * 4)
    counted = [
        _count(inside * size + _moved(padded, row, column), masks, size * size)
        for row, column in _PAIR_OFFSETS
    ]
    return np.stack(counted, axis=1).reshape(-1, len(_PAIR_OFFSETS), size, size)


def count_on_torch(packed: PackedFrames, runs: Runs, settings: Settings, device: str) -> Counts:
    """Count on a torch device, which may be "cpu"."""
    cut, inside = _cut(packed, runs)
    planes = torch.from_numpy(cut).to(device).to(torch.int64)
    masks = torch.from_numpy(inside).to(device)
    histograms = _count(_moved(planes, 0, 0), masks, N_GREY)
    levels = Levels(histograms, settings.bin_width, settings.bin_count)
    patterns = [_count(_patterns(planes, radius), masks, N_GREY) for radius in LBP_RADII]
    return Counts(histograms, levels, _pairs(planes, masks, levels), np.stack(patterns, axis=1))


def describe_on_cuda(packed: PackedFrames, runs: Runs, settings: Settings) -> NDArray[np.float64]:
    """(T, 91) float64 of packed frames. Raises InvalidInputError where torch finds no GPU."""
    if not torch.cuda.is_available():
        raise InvalidInputError(
            "backend 'cuda' needs a GPU that torch can use, found none; choose backend 'cpu'"
        )
    return features_of_counts(count_on_torch(packed, runs, settings, "cuda"), runs, settings)
