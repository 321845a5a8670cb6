"""Frames that do not count: colour Doppler, and measurement marks or other graphics drawn over the lesion.

Both replace tissue by drawn pixels, so texture measured there describes the scanner's software. A frame is
judged at its lesion box; every reason has a code and a sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cross_marks import cross_contrast

Frame = NDArray[np.uint8]
Bool = NDArray[np.bool_]

COLOUR_DOPPLER, GRAPHICS = "colour_doppler", "graphics"
REASON_TEXT: Mapping[str, str] = {
    COLOUR_DOPPLER: "Colour Doppler covers this frame.",
    GRAPHICS: "Measurement marks or other graphics lie over the lesion.",
}
_TINT_LEVEL = 40  # luma above which a pixel tells the tint of the picture
_MAX_TINT = 0.6  # share of the luma; chroma maps of B-mode stay below, flow colours do not
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class ExclusionParameters:
    """When a frame does not count.

    colour_level: grey levels by which a channel leaves the tint of the picture to count as coloured;
    flow_share, graphics_share: coloured share of the surroundings (of the lesion) from which it is flow
    (graphics); mark_contrast: grey levels by which a cross must stand out; surround, reach: size of the
    surroundings, of the region over the lesion, as factors of the box.

    mark_contrast was chosen on the 739 stills with a lesion of the BUSI and BrEaST collections: 104 exceed
    30, and each of them shows drawn marks or letters; no cross was seen among the others, while letters
    remain in a few. Of five real cines without marks (lung, 300 frames) none was excluded.
    """

    colour_level: float = 45.0
    flow_share: float = 0.01
    graphics_share: float = 0.002
    mark_contrast: float = 30.0
    surround: float = 2.0
    reach: float = 1.2

    def __post_init__(self) -> None:
        values = (self.colour_level, self.flow_share, self.graphics_share, self.mark_contrast)
        if not all(0 < value < np.inf for value in (*values, self.surround - 0.999, self.reach - 0.999)):
            raise InvalidInputError(f"Expected positive thresholds and factors of at least 1, got {self}.")


def frame_exclusion(frame: Frame, box: ArrayLike, parameters: ExclusionParameters | None = None) -> str:
    """Why a frame does not count: "colour_doppler", "graphics", or "" when it counts.

    frame: (H, W) grey or (H, W, 3) RGB, uint8; colour can only be found in the latter. box: [x1, y1, x2, y2),
    pixels; a box outside the frame or NaN gives "".

    Raises InvalidInputError for a frame of another shape or dtype and a box that is not four numbers.
    """
    chosen = parameters or ExclusionParameters()
    corners = _checked(frame, box)
    near = _window(frame, corners, chosen.reach)
    if near.size == 0:
        return ""
    if frame.ndim == 3:
        around = np.ascontiguousarray(_window(frame, corners, chosen.surround))
        reason = (
            "" if _is_nearly_neutral(around, chosen.colour_level) else _colour_reason(around, near, chosen)
        )
        if reason:
            return reason
    grey: Frame = near
    if near.ndim == 3:
        grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(near), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    return GRAPHICS if cross_contrast(grey, chosen.mark_contrast) > chosen.mark_contrast else ""


def _colour_reason(around: Frame, near: Frame, chosen: ExclusionParameters) -> str:
    """Flow colours fill areas, also beside the lesion; coloured graphics are thin and matter over it."""
    tint = _tint(around)
    coloured = _coloured(around, tint, chosen.colour_level).astype(np.uint8)
    solid = cv2.erode(coloured, np.ones((3, 3), np.uint8))
    # Erosion takes a rim away, so what is left is grown back before it is counted.
    area = cv2.dilate(solid, np.ones((3, 3), np.uint8))
    if area.mean() >= chosen.flow_share:
        return COLOUR_DOPPLER
    over = _coloured(near, tint, chosen.colour_level)
    return GRAPHICS if over.mean() >= chosen.graphics_share else ""


def _tint(frame: Frame) -> tuple[float, float]:
    """Median (R - G)/Y and (B - G)/Y: not zero where a B-mode picture is shown in a chroma map."""
    pixels = frame[::4, ::4].reshape(-1, 3).astype(np.float32)
    luma = pixels @ _LUMA
    bright = luma >= _TINT_LEVEL
    if not bright.any():
        return 0.0, 0.0
    red = float(np.median((pixels[bright, 0] - pixels[bright, 1]) / luma[bright]))
    blue = float(np.median((pixels[bright, 2] - pixels[bright, 1]) / luma[bright]))
    return (red, blue) if max(abs(red), abs(blue)) <= _MAX_TINT else (0.0, 0.0)


def _coloured(frame: Frame, tint: tuple[float, float], level: float) -> Bool:
    """(H, W) bool: red or blue leaves what the tint of the picture predicts from the luma."""
    pixels = frame.astype(np.float32)
    luma = pixels @ _LUMA
    red = np.abs(pixels[..., 0] - pixels[..., 1] - tint[0] * luma)
    blue = np.abs(pixels[..., 2] - pixels[..., 1] - tint[1] * luma)
    return np.maximum(red, blue) >= level


def _is_nearly_neutral(frame: Frame, level: float) -> bool:
    """Whether no pixel is coloured and none tinted, told quickly: the usual case of grey stored in colour."""
    red, green, blue = cv2.split(frame)
    return max(int(cv2.absdiff(red, green).max()), int(cv2.absdiff(blue, green).max())) < level


def _window(frame: Frame, corners: NDArray[np.float64], factor: float) -> Frame:
    """The part of the frame inside the box enlarged about its centre; empty when there is none."""
    if np.isnan(corners).any():
        return frame[:0]
    height, width = frame.shape[:2]
    centre, half = (corners[:2] + corners[2:]) / 2, (corners[2:] - corners[:2]) / 2 * factor
    low = np.clip(np.floor(centre - half), 0, [width, height]).astype(int)
    high = np.clip(np.ceil(centre + half), 0, [width, height]).astype(int)
    return frame[low[1] : max(high[1], low[1]), low[0] : max(high[0], low[0])]


def _checked(frame: Frame, box: ArrayLike) -> NDArray[np.float64]:
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8:
        raise InvalidInputError(
            f"Expected a frame as uint8 array, got {getattr(frame, 'dtype', type(frame))}."
        )
    if not (frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 3)):
        raise InvalidInputError(f"Expected a frame as (H, W) or (H, W, 3), got {frame.shape}.")
    try:
        corners = np.asarray(box, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"Expected a box as (x1, y1, x2, y2), got {box!r}.") from error
    if corners.shape != (4,) or np.isinf(corners).any():
        raise InvalidInputError(f"Expected a box as four numbers (x1, y1, x2, y2), got {box!r}.")
    return corners
