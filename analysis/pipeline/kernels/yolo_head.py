"""From a YOLOv5 head's logits to boxes: the decoding of YOLOv5 v6+, in NumPy."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Boxes = NDArray[np.float64]
Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Head:
    """Strides in pixels, and per stride the anchors as (w, h) pairs in network input pixels."""

    strides: tuple[int, ...]
    anchors: tuple[tuple[tuple[float, float], ...], ...]

    def anchor_count(self, shape: Shape) -> int:
        """Rows of logits for an input of ``shape`` (rows, columns) in pixels."""
        return sum(
            len(pairs) * (shape[0] // stride) * (shape[1] // stride)
            for stride, pairs in zip(self.strides, self.anchors, strict=True)
        )


@lru_cache(maxsize=8)
def _grid(shape: Shape, head: Head) -> tuple[Boxes, Boxes, NDArray[np.intp]]:
    """Cell corners (A, 2) in pixels with their stride's offset, (stride, w, h) rows (A, 3), and each row's
    mirror image (A,)."""
    corners, scales, mirror, start = [], [], [], 0
    for stride, pairs in zip(head.strides, head.anchors, strict=True):
        rows, columns = shape[0] // stride, shape[1] // stride
        y, x = np.mgrid[:rows, :columns]
        for width, height in pairs:
            corners.append(np.stack([x.ravel(), y.ravel()], axis=1) * float(stride))
            scales.append(np.tile([stride, width, height], (rows * columns, 1)))
            mirror.append(start + (y * columns + columns - 1 - x).ravel())
            start += rows * columns
    return np.concatenate(corners), np.concatenate(scales).astype(np.float64), np.concatenate(mirror)


def _sigmoid(x: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(np.asarray(x, np.float64), -60, 60))), np.float64)


def _boxes(logits: Logits, rows: NDArray[np.intp], shape: Shape, head: Head) -> Boxes:
    """Boxes (N, 4) [x1, y1, x2, y2] of the chosen rows: xy = (2 s - 0.5 + cell) stride, wh = (2 s)^2
    anchor."""
    corners, scales, _ = _grid(shape, head)
    unit = _sigmoid(logits[rows, :4]) * 2
    centre = (unit[:, :2] - 0.5) * scales[rows, :1] + corners[rows]
    half = unit[:, 2:] ** 2 * scales[rows, 1:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _scores(logits: Logits) -> NDArray[np.float64]:
    return _sigmoid(logits[:, 4]) * _sigmoid(logits[:, 5])


def decode(logits: Logits, shape: Shape, head: Head, conf: float) -> tuple[Boxes, NDArray[np.float64]]:
    """Boxes (N, 4) in pixels of the input and scores (N,) >= conf, from logits (A, 6).

    shape: rows and columns of the input.
    """
    rows = np.flatnonzero(logits[:, 4] >= np.log(conf / (1 - conf)) if conf < 1 else logits[:, 4] > 0)
    scores = _scores(logits[rows])
    rows, scores = rows[scores >= conf], scores[scores >= conf]
    return _boxes(logits, rows, shape, head), scores


def decode_mirrored(
    logits: Logits, mirrored: Logits, shape: Shape, head: Head, conf: float
) -> tuple[Boxes, NDArray[np.float64]]:
    """The same, averaged with the logits of the input mirrored left to right: scores and boxes are means of
    the two views."""
    turned = mirrored[_grid(shape, head)[2]]
    scores = (_scores(logits) + _scores(turned)) / 2
    rows = np.flatnonzero(scores >= conf)
    # In the mirrored view a cell's x offset counts from the other side; sigmoid(-v) = 1 - sigmoid(v) turns
    # it back.
    turned = turned[rows] * np.array([-1, 1, 1, 1, 1, 1], turned.dtype)
    padded = logits.copy()
    padded[rows] = turned
    return (_boxes(logits, rows, shape, head) + _boxes(padded, rows, shape, head)) / 2, scores[rows]
