"""Which pixels of a frame are measured: the lesion, a ring around it, or everything outside.

Rings reach 1, 3 and 5 mm from the mask of the lesion and need the pixel spacing; the inner border is always
the mask itself, so a wider ring holds every narrower one. The outside is the whole frame without the box
grown by a guard: the negative control (HONESTY D.3, G8), in which burned-in text, marks and machine settings
stay visible.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError, UnusableClipError
from analysis.pipeline.types import DescribeParameters

Float = NDArray[np.float64]
Spacing = tuple[float, float]

# The outside begins where neither the box nor what local binary patterns read around its pixels is left.
GUARD_FACTOR = 1.2
GUARD_PX = 5.0
REGIONS = ("lesion", "ring", "outside")


def require_region(chosen: DescribeParameters, spacing_mm: Spacing | None) -> None:
    """Refuse a region that is unknown, or that this clip cannot have.

    Raises:
        InvalidInputError: an unknown region, or a ring without a positive width.
        UnusableClipError: a ring where the pixel spacing is not known.
    """
    if chosen.region not in REGIONS:
        raise InvalidInputError(f"region: expected one of {', '.join(REGIONS)}, got {chosen.region!r}.")
    if chosen.region != "ring":
        if chosen.ring_mm is not None:
            raise InvalidInputError(f"ring_mm: expected None for the region {chosen.region}.")
        return
    if chosen.ring_mm is None or not 0.0 < chosen.ring_mm < np.inf:
        raise InvalidInputError(f"ring_mm: expected a positive width in mm, got {chosen.ring_mm!r}.")
    if spacing_mm is None:
        raise UnusableClipError(
            "A ring is measured in mm, but the pixel spacing of this clip is not known; state its spacing or "
            "leave the clip out of this analysis."
        )


def reach_px(chosen: DescribeParameters, spacing_mm: Spacing | None) -> int:
    """Return how many pixels beyond the lesion's own crop the region needs."""
    if chosen.ring_mm is None or spacing_mm is None:
        return 0
    return ceil(chosen.ring_mm / min(spacing_mm)) + 1


def guarded(box: Float) -> Float:
    """Return (1, 4) boxes grown by the guard, outside of which the outside begins."""
    side = box[:, 2:] - box[:, :2]
    grow = np.maximum(side * (GUARD_FACTOR - 1.0) / 2.0, GUARD_PX)
    return np.hstack([box[:, :2] - grow, box[:, 2:] + grow])
