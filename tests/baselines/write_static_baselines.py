"""Write the baselines of the static features: `python -m tests.baselines.write_static_baselines`.

Source of the first 51 rows: pyradiomics 3.0.1 called class by class on float64 input. Source of the 40 rows
of local binary patterns: the definition (Ojala 2002) in exact fractions, pixel by pixel. Neither uses the
kernels under test. One row a feature, one column a case; values are written so that they read back as the
same float64.
"""

import csv
from fractions import Fraction
from functools import cache
from math import cos, floor, pi, sin
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.kernels.feature_backends import Settings
from analysis.pipeline.kernels.reference import radiomics_features
from analysis.pipeline.names import STATIC_FEATURES

BASELINES = Path(__file__).with_name("static_features.csv")


class Case(NamedTuple):
    """One frame with its mask, spacing in mm (row, column) and discretisation."""

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    settings: Settings


def _speckle(height: int, width: int) -> NDArray[np.uint8]:
    """A rough texture from whole-number arithmetic, the same on every machine and with every NumPy."""
    state, values = 12345, []
    for _ in range(height * width):
        state = (1103515245 * state + 12345) % 2**31
        values.append(state >> 23)
    return np.array(values, np.uint8).reshape(height, width)


def _smooth(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    return ((y * y // 3 + 5 * x + (x * y) % 7) % 256).astype(np.uint8)


def _rectangle(shape: tuple[int, int], top: int, left: int, bottom: int, right: int) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def _ellipse(shape: tuple[int, int]) -> NDArray[np.bool_]:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (2 * y + 1 - shape[0]) ** 2 * shape[1] ** 2 + (2 * x + 1 - shape[1]) ** 2 * shape[0] ** 2 <= (
        shape[0] * shape[1]
    ) ** 2


def cases() -> dict[str, Case]:
    """The cases by name."""
    rough, smooth = _speckle(24, 31), _smooth(26, 33)
    whole = np.ones(rough.shape, np.bool_)
    two = _rectangle(smooth.shape, 1, 2, 10, 13) | _rectangle(smooth.shape, 14, 18, 25, 33)
    holes = whole & (rough % 5 != 0)
    width_25, width_8, count_32 = (25.0, None), (8.0, None), (25.0, 32)
    square, oblong = (1.0, 1.0), (0.07, 0.11)
    return {
        "rectangle": Case(rough, _rectangle(rough.shape, 4, 5, 20, 26), Settings(square, *width_25)),
        "rectangle_w8": Case(rough, _rectangle(rough.shape, 4, 5, 20, 26), Settings(oblong, *width_8)),
        "rectangle_n32": Case(rough, _rectangle(rough.shape, 4, 5, 20, 26), Settings(oblong, *count_32)),
        "ellipse_to_the_border": Case(smooth, _ellipse(smooth.shape), Settings(oblong, *width_25)),
        "two_components": Case(smooth, two, Settings(square, *width_25)),
        "two_components_n32": Case(smooth, two, Settings(oblong, *count_32)),
        "full_frame": Case(rough, whole, Settings(oblong, *width_25)),
        "ragged_with_holes": Case(rough, holes, Settings(square, *width_8)),
        "constant": Case(np.full((16, 18), 77, np.uint8), _ellipse((16, 18)), Settings(square, *width_25)),
    }


@cache
def _samples(radius: int) -> tuple[tuple[tuple[int, int, Fraction], ...], ...]:
    """For each of the eight samples its pixels and weights (row, column, weight), weights over zero."""
    samples = []
    for p in range(8):
        row = Fraction(round(-radius * sin(2 * pi * p / 8) * 10**5), 10**5)
        column = Fraction(round(radius * cos(2 * pi * p / 8) * 10**5), 10**5)
        y, x = floor(row), floor(column)
        shares = ((y, 1 - (row - y)), (y + 1, row - y)), ((x, 1 - (column - x)), (x + 1, column - x))
        pixels = [(i, j, a * b) for i, a in shares[0] for j, b in shares[1] if a * b]
        samples.append(tuple(pixels))
    return tuple(samples)


def _code(image: list[list[int]], y: int, x: int, radius: int) -> int:
    """riu2 code of one pixel; pixels beyond the image repeat its edge."""
    height, width = len(image), len(image[0])
    bits = []
    for sample in _samples(radius):
        value = sum(
            weight * image[min(max(y + i, 0), height - 1)][min(max(x + j, 0), width - 1)]
            for i, j, weight in sample
        )
        bits.append(value - image[y][x] >= Fraction(-1, 10**6))
    changes = sum(bits[p] != bits[p - 1] for p in range(8))
    return sum(bits) if changes <= 2 else 9


def lbp_by_fractions(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> dict[str, float]:
    """The 40 pattern frequencies of one frame by exact arithmetic; slow."""
    grey = image.tolist()
    features = {}
    for radius in (1, 2, 3, 4):
        codes = [_code(grey, int(y), int(x), radius) for y, x in zip(*np.nonzero(mask), strict=True)]
        features.update({f"lbp_R{radius}_bin{b}": codes.count(b) / len(codes) for b in range(10)})
    return features


def write(path: Path = BASELINES) -> None:
    """Compute every case and write the table."""
    found = {
        name: radiomics_features(*case) | lbp_by_fractions(case.image, case.mask)
        for name, case in cases().items()
    }
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["feature", *found])
        for feature in STATIC_FEATURES:
            writer.writerow([feature, *(repr(float(features[feature])) for features in found.values())])


if __name__ == "__main__":
    write()
