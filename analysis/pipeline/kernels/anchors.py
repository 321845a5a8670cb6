"""Anchor boxes for a YOLOv5 head, fitted to the lesions of the training images."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from analysis.pipeline.errors import InvalidInputError

STRIDES = (8, 16, 32)
PER_LAYER = 3
_RESTARTS = 8


def fit_anchors(sides: NDArray[np.float64], rng: np.random.Generator) -> list[list[float]]:
    """Nine anchors by k-means on the logarithms of width and height, smallest first, three a stride.

    sides: (N, 2) float64, w and h in network input pixels. Returns three rows of six numbers (w, h, w, h, w,
    h).
    Raises InvalidInputError when there are fewer boxes than anchors.
    """
    count = len(STRIDES) * PER_LAYER
    if len(sides) < count:
        raise InvalidInputError(
            f"Expected at least {count} lesion boxes to fit anchors, got {len(sides)}; add labelled images."
        )
    points = np.log(np.repeat(sides, 4, axis=0) * np.exp(rng.uniform(-0.3, 0.3, (4 * len(sides), 1))))
    best, best_loss = points[:count], np.inf
    for _ in range(_RESTARTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an emptied cluster: another restart serves
            centres, labels = kmeans2(points, count, iter=30, minit="++", rng=rng)
        loss = float(((points - centres[labels]) ** 2).sum())
        if np.isfinite(centres).all() and len(np.unique(labels)) == count and loss < best_loss:
            best, best_loss = centres, loss
    anchors = np.exp(best[np.argsort(best.sum(axis=1))]).round(1)
    return [[float(v) for v in row] for row in anchors.reshape(len(STRIDES), 2 * PER_LAYER)]
