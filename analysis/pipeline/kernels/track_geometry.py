"""Boxes as states, overlap of paired boxes, and robust lines through the neighbours of a frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

MAD_TO_SIGMA = 1.4826  # of a normal distribution


def states(boxes: Float) -> Float:
    """(N, 4) boxes [x1, y1, x2, y2) -> (N, 4) states (cx, cy, ln w, ln h); NaN stays NaN."""
    size = boxes[:, 2:4] - boxes[:, 0:2]
    return np.concatenate([(boxes[:, 0:2] + boxes[:, 2:4]) / 2, np.log(size)], axis=1)


def boxes_of(state: Float) -> Float:
    """(N, 4) states (cx, cy, ln w, ln h) -> (N, 4) boxes [x1, y1, x2, y2)."""
    half = np.exp(state[:, 2:4]) / 2
    return np.concatenate([state[:, 0:2] - half, state[:, 0:2] + half], axis=1)


def paired_iou(a: Float, b: Float) -> Float:
    """Intersection over union of box i of a with box i of b, (N, 4) each or broadcastable -> (N,) in 0..1.

    NaN where either box is.
    """
    side = np.minimum(a[:, 2:4], b[:, 2:4]) - np.maximum(a[:, 0:2], b[:, 0:2])
    overlap = np.clip(side, 0.0, None).prod(axis=1)
    union = (a[:, 2:4] - a[:, 0:2]).prod(axis=1) + (b[:, 2:4] - b[:, 0:2]).prod(axis=1) - overlap
    return overlap / union


@dataclass(frozen=True, slots=True)
class RobustLines:
    """For every sample what the line through its neighbours says there.

    predicted, sigma: (N, C) value and spread, NaN where there are too few neighbours.
    """

    predicted: Float
    sigma: Float


def robust_lines(
    frames: NDArray[np.intp], values: Float, *, neighbours: int, least: int, radius: int
) -> RobustLines:
    """Theil-Sen line through the nearest other samples of each sample.

    frames: (N,) increasing frame indices; values: (N, C); neighbours: the most that are used, nearest first,
    of two equally near the earlier; least: fewer leave NaN; radius: how far in frames a neighbour may be.
    sigma = 1.4826 · median absolute deviation of the neighbours' residuals.
    Source: Theil 1950; Sen, J. Am. Stat. Assoc. 63 (1968) 1379-1389.
    """
    predicted, sigma = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    index, count = _nearest(frames, neighbours, radius)
    for used in range(max(least, 2), neighbours + 1):
        rows = np.flatnonzero(count == used)
        if rows.size:
            chosen = index[rows, :used]
            offset = (frames[chosen] - frames[rows, None]).astype(np.float64)
            predicted[rows], sigma[rows] = _theil_sen(offset, values[chosen])
    return RobustLines(predicted, sigma)


def _nearest(
    frames: NDArray[np.intp], neighbours: int, radius: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(N, neighbours) indices of the nearest other samples, (N,) how many of them are within the radius."""
    n = len(frames)
    steps = np.array([sign * k for k in range(1, neighbours + 1) for sign in (-1, 1)])
    index = np.arange(n)[:, None] + steps
    exists = (index >= 0) & (index < n)
    index = np.clip(index, 0, max(n - 1, 0))
    offset = frames[index] - frames[:, None]
    rank = np.where(exists & (np.abs(offset) <= radius), 2 * np.abs(offset) + (offset > 0), 2 * radius + 2)
    order = np.argsort(rank, axis=1, kind="stable")[:, :neighbours]
    count = (np.take_along_axis(rank, order, axis=1) < 2 * radius + 2).sum(axis=1)
    return np.take_along_axis(index, order, axis=1), count


def _theil_sen(offset: Float, values: Float) -> tuple[Float, Float]:
    """offset (n, m) distinct along m, values (n, m, C) -> value at offset 0 and spread, (n, C) each."""
    i, j = np.triu_indices(offset.shape[1], 1)
    slope = np.median((values[:, j] - values[:, i]) / (offset[:, j] - offset[:, i])[..., None], axis=1)
    level = values - slope[:, None] * offset[..., None]
    intercept = np.median(level, axis=1)
    return intercept, MAD_TO_SIGMA * np.median(np.abs(level - intercept[:, None]), axis=1)
