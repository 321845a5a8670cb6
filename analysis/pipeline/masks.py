"""Box -> binary image of the lesion region, for whole frames or for crops of them.

Boxes are half-open [x1, y1, x2, y2) in pixels. A pixel (row r, column c) is judged by its centre
(c + 0.5, r + 0.5): `rect` takes x1 <= c + 0.5 < x2 and y1 <= r + 0.5 < y2, `ellipse` the inscribed ellipse,
`segment` the dark lesion found inside the box by Otsu's threshold (SCIENCE 3.3).
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.frame_shape import checked_shape

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Grey = NDArray[np.uint8]
MaskKind = Literal["rect", "ellipse", "segment"]

DILATION = 1.1  # of the box, before segmentation
# Corners of a box are background, so the lesion is sought inside the ellipse that the dilated box holds. On
# 243 stills of the BUSI and BrEaST collections the overlap with the readers' outlines is 0.74 for exact boxes
# with it, 0.69 without (box 0.71, ellipse 0.80); for sides off by 10 %, 0.68 and 0.66 (0.62, 0.67).
# Of the box: a smaller lesion, or more that is dark, means failure: the ellipse is taken.
MIN_AREA, MAX_AREA = 0.20, 0.95


@dataclass(frozen=True, slots=True)
class CropWindows:
    """Equally large windows inside the frame, one a box.

    corners: (n, 2) int, first row and column; shape: (height, width) of every window, pixels.
    """

    corners: NDArray[np.intp]
    shape: tuple[int, int]


def box_masks(
    boxes: ArrayLike,
    frame_shape: tuple[int, int],
    kind: MaskKind = "rect",
    *,
    frames: Grey | None = None,
    margin: float = 1.0,
) -> Bool:
    """Masks of whole frames: (T, 4) boxes -> (T, H, W) bool; empty where the box is NaN.

    frame_shape: (height, width); frames: (T, H, W) uint8 grey, needed for `segment` only; margin: factor on
    both sides of the box about its centre (1.2 takes in the surroundings of the lesion). What lies outside
    the frame is cut off.

    Raises InvalidInputError for boxes that are not (T, 4), partly NaN, infinite or with x2 <= x1 or y2 <= y1;
    an unknown kind; a margin that is not positive; and frames that are missing or do not fit.
    """
    checked = checked_boxes(boxes)
    height, width = checked_shape(frame_shape)
    windows = CropWindows(np.zeros((len(checked), 2), dtype=np.intp), (height, width))
    return crop_masks(checked, windows, kind, crops=frames, margin=margin)


def crop_windows(
    boxes: ArrayLike,
    frame_shape: tuple[int, int],
    *,
    margin: float = 1.0,
    pad: int = 0,
    dilation: float = DILATION,
) -> CropWindows:
    """Windows of one common size that hold every (enlarged) box and `pad` further pixels of image around it.

    boxes: (n, 4) without NaN. A window is moved, never cut, to lie inside the frame, so a box at the border
    keeps the border of the image as its own; the size is at most that of the frame.
    """
    grown = _scaled(checked_boxes(boxes), _checked_margin(margin) * dilation)
    if np.isnan(grown).any():
        raise InvalidInputError("Expected boxes without NaN; leave out the frames that have none.")
    limits = np.array(checked_shape(frame_shape), dtype=np.intp)
    low = np.floor(grown[:, [1, 0]]).astype(np.intp) - pad
    high = np.ceil(grown[:, [3, 2]]).astype(np.intp) + pad
    low, high = np.clip(low, 0, limits - 1), np.clip(high, 1, limits)
    size = np.max(high - low, axis=0, initial=1)
    return CropWindows(np.clip(low, 0, limits - size), (int(size[0]), int(size[1])))


def crop_masks(
    boxes: ArrayLike,
    windows: CropWindows,
    kind: MaskKind = "rect",
    *,
    crops: Grey | None = None,
    margin: float = 1.0,
) -> Bool:
    """Masks of crops, equal to the same windows cut from `box_masks`: (n, 4) -> (n, h, w) bool.

    crops: (n, h, w) uint8 grey, needed for `segment` only; for equality its windows must hold the dilated
    box. Raises InvalidInputError as `box_masks` does.
    """
    checked = _scaled(checked_boxes(boxes), _checked_margin(margin))
    if kind not in get_args(MaskKind):
        raise InvalidInputError(f"Expected a mask kind among {get_args(MaskKind)}, got {kind!r}.")
    if kind == "segment":
        _check_crops(crops, (len(checked), *windows.shape))
    masks = np.zeros((len(checked), *windows.shape), dtype=bool)
    for i in np.flatnonzero(np.isfinite(checked[:, 0])):
        y, x = _centres(windows, int(i))
        if kind == "rect":
            masks[i] = _rect(checked[i], y, x)
        elif kind == "ellipse" or crops is None:
            masks[i] = _ellipse(checked[i], y, x)
        else:
            masks[i] = _segment(checked[i], y, x, crops[i])
    return masks


def ring_masks(masks: ArrayLike, spacing_mm: tuple[float, float], width_mm: float) -> Bool:
    """The surroundings of each mask up to a distance: (T, H, W) bool -> (T, H, W) bool, without the mask
    itself.

    spacing_mm: (row, column) distance of pixel centres; width_mm: how far the ring reaches, both in mm (or
    both in pixels). Empty where the mask is.
    Raises InvalidInputError for masks that are not (T, H, W) bool and for lengths that are not positive.
    """
    inner = np.asarray(masks)
    if inner.ndim != 3 or inner.dtype != np.bool_:
        raise InvalidInputError(f"Expected masks as (T, H, W) bool, got {inner.dtype} {inner.shape}.")
    if not (np.isfinite([*spacing_mm, width_mm]).all() and min(*spacing_mm, width_mm) > 0):
        raise InvalidInputError(f"Expected positive lengths, got spacing {spacing_mm} and width {width_mm}.")
    rings = np.zeros_like(inner)
    for i in np.flatnonzero(inner.any(axis=(1, 2))):
        distance = ndimage.distance_transform_edt(~inner[i], sampling=spacing_mm)
        rings[i] = (distance > 0) & (distance <= width_mm)
    return rings


def checked_boxes(boxes: ArrayLike) -> Float:
    """(T, 4) float64; every row all NaN or a finite box with x1 < x2 and y1 < y2, else InvalidInputError."""
    expected = (
        "Expected boxes as (T, 4) numbers [x1, y1, x2, y2) with x1 < x2 and y1 < y2, NaN where there is none"
    )
    try:
        values = np.asarray(boxes, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"{expected}; got {boxes!r}.") from error
    if values.ndim != 2 or values.shape[1] != 4:
        raise InvalidInputError(f"{expected}; got shape {values.shape}.")
    finite = np.isfinite(values).all(axis=1) & (values[:, 2:] > values[:, :2]).all(axis=1)
    bad = np.flatnonzero(~finite & ~np.isnan(values).all(axis=1))
    if bad.size:
        raise InvalidInputError(f"{expected}; frame {bad[0]} has {values[bad[0]].tolist()}.")
    return values


# --- the three kinds ---------------------------------------------------------------------------------------


def _rect(box: Float, y: Float, x: Float) -> Bool:
    return ((y >= box[1]) & (y < box[3]))[:, None] & ((x >= box[0]) & (x < box[2]))


def _ellipse(box: Float, y: Float, x: Float) -> Bool:
    """The ellipse inscribed in the box."""
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    rows, columns = ((y - centre[1]) / half[1]) ** 2, ((x - centre[0]) / half[0]) ** 2
    return rows[:, None] + columns <= 1.0


def _segment(box: Float, y: Float, x: Float, image: Grey) -> Bool:
    """The largest dark component in the dilated box, holes filled; the ellipse when it is implausible."""
    ellipse = _ellipse(box, y, x)
    grown = _scaled(box[None], DILATION)[0]
    inside = _rect(grown, y, x)
    if not inside.any():
        return ellipse
    dark = (image <= otsu_threshold(image[inside])) & inside
    labels, _ = ndimage.label(dark & _ellipse(grown, y, x))
    sizes = np.bincount(labels.ravel())[1:]
    if not sizes.size:
        return ellipse
    lesion: Bool = ndimage.binary_fill_holes(labels == 1 + int(np.argmax(sizes)))
    area = int(_rect(box, y, x).sum())
    plausible = lesion.sum() >= MIN_AREA * area and dark.sum() <= MAX_AREA * area
    return lesion if plausible else ellipse


def otsu_threshold(values: Grey) -> int:
    """The grey value t that best separates values <= t from values > t; 8-bit histogram, lowest of equals.

    Source: Otsu, IEEE Trans. Syst. Man Cybern. 9 (1979) 62-66. A single value is its own threshold.
    """
    counts = np.bincount(values.ravel(), minlength=256).astype(np.float64)
    below = np.cumsum(counts)
    total, moment = below[-1], np.cumsum(counts * np.arange(256))
    product = below * (total - below)
    spread = (moment[-1] * below - total * moment) ** 2
    between = np.divide(spread, product, out=np.zeros(256), where=product > 0)
    return int(np.argmax(between)) if between.any() else int(values.max())


# --- helpers and checks ------------------------------------------------------------------------------------


def _centres(windows: CropWindows, i: int) -> tuple[Float, Float]:
    """Row and column coordinates of the pixel centres of window i."""
    (row, column), (height, width) = windows.corners[i], windows.shape
    return row + np.arange(height) + 0.5, column + np.arange(width) + 0.5


def _scaled(boxes: Float, factor: float) -> Float:
    if factor == 1.0:
        return boxes
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2 * factor
    return np.concatenate([centre - half, centre + half], axis=1)


def _checked_margin(margin: float) -> float:
    if (
        isinstance(margin, bool)
        or not isinstance(margin, int | float | np.number)
        or not 0 < float(margin) < np.inf
    ):
        raise InvalidInputError(
            f"Expected a positive margin factor (1 leaves the box as it is), got {margin!r}."
        )
    return float(margin)


def _check_crops(crops: Grey | None, shape: tuple[int, int, int]) -> None:
    if not isinstance(crops, np.ndarray) or crops.shape != shape or crops.dtype != np.uint8:
        got = "nothing" if crops is None else f"{getattr(crops, 'dtype', type(crops))} {np.shape(crops)}"
        raise InvalidInputError(f"Expected frames as {shape} uint8 for the kind segment, got {got}.")
