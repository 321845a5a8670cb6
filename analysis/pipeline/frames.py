"""Frames before anything is measured on them: grey conversion and cropping. No resampling, no filtering."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.constants import LBP_MARGIN_PX

# ITU-R BT.601 luma of R, G, B; the last number lifts exact halves, and nothing else, to the next whole number
# (a test tries all 2**24 colours).
_LUMA: Final = np.array([[0.299, 0.587, 0.114, 0.0005]])


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open rows [top, bottom) and columns [left, right) of a frame, whole pixels."""

    top: int
    bottom: int
    left: int
    right: int

    def cut(self, image: NDArray[np.generic]) -> NDArray[np.generic]:
        """The window of an (H, W) array, as a view."""
        return image[self.top : self.bottom, self.left : self.right]


def to_grey(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey frames of a clip or a still: (T, H, W) or (T, H, W, 3) uint8 -> (T, H, W) uint8.

    Colour becomes luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded half up, which leaves pixels
    with R = G = B as they are.

    Raises InvalidInputError for another dtype or shape.
    """
    is_frames = isinstance(frames, np.ndarray) and frames.dtype == np.uint8
    if is_frames and frames.ndim == 3:
        return frames
    if not is_frames or frames.ndim != 4 or frames.shape[3] != 3:
        got = f"{frames.dtype} {frames.shape}" if isinstance(frames, np.ndarray) else type(frames).__name__
        raise InvalidInputError(f"frames must be uint8 of shape (T, H, W) or (T, H, W, 3), got {got}")
    grey = np.empty(frames.shape[:3], np.uint8)
    for t, frame in enumerate(frames if grey.size else ()):
        grey[t] = cv2.transform(np.ascontiguousarray(frame), _LUMA)
    return grey


def crop_window(
    box: NDArray[np.float64], frame_shape: tuple[int, int], margin_px: int = LBP_MARGIN_PX
) -> Window:
    """The window of a frame that holds every pixel of a box and a margin around it, cut at the frame's
    border.

    box: half-open (x1, y1, x2, y2) in pixels; frame_shape: (H, W). With the default margin, features of the
    crop equal features of the frame (`static_features.extract_crops`). A box outside the frame gives an
    empty window.

    Raises InvalidInputError for a box that is not four finite numbers, or a negative margin.
    """
    corners = np.asarray(box, dtype=np.float64)
    if corners.shape != (4,) or not np.isfinite(corners).all() or margin_px < 0:
        raise InvalidInputError(
            f"box must be four finite numbers x1, y1, x2, y2, margin_px at least 0; got {box!r}, {margin_px}"
        )
    height, width = frame_shape
    left, top = np.floor(corners[:2]).astype(int) - margin_px
    right, bottom = np.ceil(corners[2:]).astype(int) + margin_px
    top, left = min(max(int(top), 0), height), min(max(int(left), 0), width)
    return Window(top, max(top, min(int(bottom), height)), left, max(left, min(int(right), width)))
