"""The slow reference: pyradiomics 3.0.1 for 51 features, the definition of LBP in plain NumPy for 40.

What pyradiomics must be spared: 8-bit input (its bin edges wrap under NumPy 2), a true 2-D image (it drops
directions; hence one slice of a 3-D image), a mask without background (it finds no label; hence a border of
one pixel), and a flat region with a fixed bin count (its range is widened arbitrarily; here one level).
"""

import logging
import warnings
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from radiomics.firstorder import RadiomicsFirstOrder
from radiomics.glcm import RadiomicsGLCM
from radiomics.shape2D import RadiomicsShape2D

from analysis.pipeline.kernels.constants import LBP_BINS, LBP_RADII
from analysis.pipeline.kernels.feature_backends import Settings
from analysis.pipeline.kernels.packing import PackedFrames
from analysis.pipeline.kernels.runs import Runs
from analysis.pipeline.names import STATIC_FEATURES

_CLASSES = (
    ("firstorder", RadiomicsFirstOrder),
    ("shape2D", RadiomicsShape2D),
    ("glcm", RadiomicsGLCM),
)
_TOLERANCE = 1e-6  # a sample this much darker than the centre still counts as not darker
_SAMPLES = 8

logging.getLogger("radiomics").setLevel(
    logging.CRITICAL
)  # it warns at each call that SumAverage is redundant


def _slice_of(array: NDArray[Any], spacing_mm: tuple[float, float]) -> sitk.Image:
    image = sitk.GetImageFromArray(array[None])
    image.SetSpacing((spacing_mm[1], spacing_mm[0], 1.0))  # type: ignore[no-untyped-call]
    return image


def _crop_with_background(
    image: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """The mask's bounding box with a border of one pixel on each side, as float64 and 0/1."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.pad(image[box].astype(np.float64), 1), np.pad(mask[box].astype(np.uint8), 1)


def radiomics_features(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], settings: Settings
) -> dict[str, float]:
    """The 51 features of pyradiomics of one frame; image (H, W) uint8, mask (H, W) bool with a pixel set."""
    values, inside = _crop_with_background(image, mask)
    flat = image[mask].min() == image[mask].max()
    bins: dict[str, Any] = {"binWidth": settings.bin_width}
    if settings.bin_count is not None and not flat:
        bins["binCount"] = settings.bin_count
    pictures = _slice_of(values, settings.spacing_mm), _slice_of(inside, settings.spacing_mm)
    features = {}
    for prefix, feature_class in _CLASSES:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # means of empty slices, answered as NaN
            found = feature_class(*pictures, force2D=True, force2Ddimension=0, **bins).execute()
        features.update({f"{prefix}_{name}": float(value) for name, value in found.items()})
    return features


def _sample(padded: NDArray[np.float64], shape: tuple[int, int], pad: int, row: float, column: float) -> Any:
    """The image moved by (row, column) with bilinear interpolation; padded by `pad` on every side."""
    whole_row, whole_column = int(np.floor(row)), int(np.floor(column))
    share_row, share_column = row - whole_row, column - whole_column

    def moved(extra_row: int, extra_column: int) -> NDArray[np.float64]:
        top, left = pad + whole_row + extra_row, pad + whole_column + extra_column
        return padded[top : top + shape[0], left : left + shape[1]]

    upper = (1.0 - share_column) * moved(0, 0) + share_column * moved(0, 1)
    lower = (1.0 - share_column) * moved(1, 0) + share_column * moved(1, 1)
    return (1.0 - share_row) * upper + share_row * lower


def lbp_codes(image: NDArray[np.uint8], radius: int) -> NDArray[np.int64]:
    """riu2 codes 0..9 of every pixel of an image (H, W), by the definition (Ojala 2002, P = 8)."""
    pad = radius + 1
    padded = np.pad(image.astype(np.float64), pad, mode="edge")
    centre = image.astype(np.float64)
    bits = []
    for p in range(_SAMPLES):
        angle = 2.0 * np.pi * p / _SAMPLES
        row, column = round(-radius * np.sin(angle), 5), round(radius * np.cos(angle), 5)
        bits.append(_sample(padded, image.shape, pad, row, column) - centre >= -_TOLERANCE)
    signs = np.array(bits)
    transitions = (signs != np.roll(signs, 1, axis=0)).sum(axis=0)
    return np.where(transitions <= 2, signs.sum(axis=0), LBP_BINS - 1)


def lbp_features(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> dict[str, float]:
    """The 40 pattern frequencies of one frame."""
    features = {}
    for radius in LBP_RADII:
        counts = np.bincount(lbp_codes(image, radius)[mask], minlength=LBP_BINS)
        features.update({f"lbp_R{radius}_bin{b}": counts[b] / counts.sum() for b in range(LBP_BINS)})
    return features


def describe_by_reference(packed: PackedFrames, runs: Runs, settings: Settings) -> NDArray[np.float64]:
    """(T, 91) float64 of packed frames; NaN where a mask is empty or pyradiomics answers NaN."""
    values = np.full((packed.starts.size, len(STATIC_FEATURES)), np.nan)
    for t in np.nonzero(runs.n_pixels > 0)[0]:
        image, mask = packed.frame(int(t))
        features = radiomics_features(image, mask, settings) | lbp_features(image, mask)
        values[t] = [features[name] for name in STATIC_FEATURES]
    return values
