"""The size of a frame, as callers give it."""

from collections.abc import Sequence

from analysis.pipeline.errors import InvalidInputError


def checked_shape(frame_shape: Sequence[int]) -> tuple[int, int]:
    """Return (height, width) in pixels, each at least 1.

    Raises:
        InvalidInputError: anything but two whole positive numbers.
    """
    try:
        height, width = (int(side) for side in frame_shape)
        whole = (height, width) == tuple(frame_shape)
    except (TypeError, ValueError):
        whole = False
    if not whole or min(height, width) < 1:
        raise InvalidInputError(f"Expected frame_shape as (height, width) in pixels, got {frame_shape!r}.")
    return height, width
