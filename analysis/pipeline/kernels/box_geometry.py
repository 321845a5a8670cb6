"""Boxes [x1, y1, x2, y2) in pixels: overlap, suppression, and the letterbox between a frame and the
network's input."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError

STRIDE = 32  # the network's largest stride in pixels: sides of its input are multiples of it
MILD_SHRINK = 0.7  # linear interpolation reads two pixels a side: it skips none until this factor
LETTERBOX_GREY = 0  # what surrounds an ultrasound image on a scanner's screen


def iou_matrix(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of boxes a (N, 4) and b (M, 4), half-open pixels -> (N, M) float64 in 0..1."""
    a, b = np.asarray(a, np.float64).reshape(-1, 1, 4), np.asarray(b, np.float64).reshape(1, -1, 4)
    sides = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0.0, None)
    overlap = sides.prod(axis=-1)
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def suppress(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], iou: float, max_boxes: int
) -> NDArray[np.intp]:
    """Greedy non-maximum suppression.

    boxes: (N, 4); scores: (N,); iou: a box that overlaps a better one by more is dropped; max_boxes: stop
    after so many.
    Returns the indices kept, best score first; equal scores keep their order.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    kept: list[int] = []
    while order.size and len(kept) < max_boxes:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        order = rest[iou_matrix(boxes[best][None], boxes[rest])[0] <= iou]
    return np.array(kept, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a frame of ``width`` x ``height`` lies inside the network's input: scale, then left and top margin
    (pixels).

    The input's longer side is the size asked for; the shorter one is the least multiple of ``STRIDE`` that
    holds the frame, as YOLOv5 does it, so that no time goes into black margins.
    """

    width: int
    height: int
    input_width: int
    input_height: int
    scale_x: float
    scale_y: float
    left: int
    top: int

    @classmethod
    def fit(cls, width: int, height: int, size: int) -> "Letterbox":
        """The largest whole-pixel placement that keeps the aspect ratio, centred.

        Raises InvalidInputError when a side is smaller than one pixel.
        """
        if min(width, height, size) < 1:
            raise InvalidInputError(
                f"Expected sides of at least 1 px, got frame {width}x{height} and input {size}."
            )
        scale = size / max(width, height)
        inner_w, inner_h = max(1, round(width * scale)), max(1, round(height * scale))
        input_w, input_h = (-(-inner // STRIDE) * STRIDE for inner in (inner_w, inner_h))
        left, top = (input_w - inner_w) // 2, (input_h - inner_h) // 2
        return cls(width, height, input_w, input_h, inner_w / width, inner_h / height, left, top)

    @property
    def input_shape(self) -> tuple[int, int]:
        """Rows and columns of the network's input."""
        return self.input_height, self.input_width

    def apply(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize and centre a grey frame (H, W) uint8 -> uint8 of ``input_shape``."""
        inner_w, inner_h = round(self.width * self.scale_x), round(self.height * self.scale_y)
        canvas = np.full(self.input_shape, LETTERBOX_GREY, np.uint8)
        resized = _resized(grey, inner_w, inner_h)
        canvas[self.top : self.top + inner_h, self.left : self.left + inner_w] = resized
        return canvas

    def to_input(self, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
        """Boxes (N, 4) of the frame -> the same boxes in the input."""
        scale, offset = self._affine()
        return np.asarray(boxes, np.float64).reshape(-1, 4) * scale + offset

    def to_frame(self, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
        """Boxes (N, 4) of the input -> frame pixels, clipped to the frame."""
        scale, offset = self._affine()
        limits = np.array([self.width, self.height] * 2, np.float64)
        return np.clip((np.asarray(boxes, np.float64).reshape(-1, 4) - offset) / scale, 0.0, limits)

    def _affine(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.array([self.scale_x, self.scale_y] * 2), np.array([self.left, self.top] * 2, np.float64)


def _resized(grey: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A grey frame (H, W) at another size: halved while both sides halve evenly, then by area when much
    remains to shrink, else by linear interpolation.

    Halving is the mean of four pixels and costs an eighth of the general area filter.
    """
    rows, columns = grey.shape
    while not rows % 2 and not columns % 2 and width <= columns // 2 and height <= rows // 2:
        rows, columns = rows // 2, columns // 2
        grey = np.asarray(cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    way = cv2.INTER_AREA if width < MILD_SHRINK * columns else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (width, height), interpolation=way), np.uint8)
