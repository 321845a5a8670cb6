"""Random regions for the static features: every kind of mask on every kind of image."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MASK_KINDS = ("full", "rectangle", "sparse", "ellipse", "two", "tiny", "ragged_at_border")
IMAGE_KINDS = ("noise", "ramp", "coarse", "constant", "smooth")
BINNINGS = (
    {"bin_width": 25.0},
    {"bin_count": 32},
    {"bin_width": 8.0},
    {"bin_count": 7},
    {"bin_width": 2.7},
)
SPACINGS = ((1.0, 1.0), (0.13, 0.21))


class Roi(NamedTuple):
    """One frame, its mask and how to describe it."""

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    spacing_mm: tuple[float, float]
    binning: dict[str, float]
    label: str


def _image(kind: str, height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    noise = rng.integers(0, 256, (height, width))
    if kind == "ramp":
        noise = y * rng.integers(0, 9) + x * rng.integers(0, 9) + rng.integers(0, 200)
    elif kind == "coarse":
        noise = noise // 64 * 40
    elif kind == "constant":
        noise = np.full((height, width), rng.integers(0, 256))
    elif kind == "smooth":
        noise = 128 + 100 * np.sin(y / rng.uniform(2, 9)) * np.cos(x / rng.uniform(2, 9))
    return np.asarray(noise % 256).astype(np.uint8)


def _mask(kind: str, height: int, width: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), np.bool_)
    y, x = np.mgrid[:height, :width]
    if kind == "full":
        mask[:] = True
    elif kind == "rectangle":
        top, left = rng.integers(0, height // 2), rng.integers(0, width // 2)
        mask[top : rng.integers(top + 2, height + 1), left : rng.integers(left + 2, width + 1)] = True
    elif kind == "sparse":
        mask = rng.random((height, width)) < rng.uniform(0.2, 0.9)
    elif kind == "ellipse":
        mask = ((2 * y + 1 - height) / height) ** 2 + ((2 * x + 1 - width) / width) ** 2 <= 1
    elif kind == "two":
        mask[: height // 3, : width // 3] = True
        mask[2 * height // 3 :, width // 2 :] = True
    elif kind == "tiny":
        mask[1:4, 1:4] = True
    else:
        mask[height // 2 :] = rng.random((height - height // 2, width)) < 0.8
    return mask


def rois(n: int, seed: int, largest: int = 40) -> list[Roi]:
    """n regions, kinds of masks, images, binnings and spacings in turn, sides 6 to `largest` pixels."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(n):
        height, width = (int(side) for side in rng.integers(6, largest, 2))
        mask_kind, image_kind = MASK_KINDS[k % 7], IMAGE_KINDS[(k // 7) % 5]
        mask = _mask(mask_kind, height, width, rng)
        image = _image(image_kind, height, width, rng)
        label = f"{k}: {mask_kind} on {image_kind}, {height} x {width}"
        found.append(Roi(image, mask, SPACINGS[k % 2], BINNINGS[(k // 3) % 5], label))
    return found
