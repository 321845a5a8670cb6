"""A sparse track from dense boxes: few keyframes for a person to move, no frame further off than epsilon."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from studies.rules.tracks import Box, Keyframe, Source, TrackError, interpolate

EPSILON_PX = 2.0
"""Largest error of a coordinate at any frame (VIEWER B6: about 2 px)."""


def fit_track(
    boxes: Sequence[Any],
    confidences: Sequence[float | None] | None = None,
    epsilon_px: float = EPSILON_PX,
    *,
    source: Source = "model",
) -> tuple[Keyframe, ...]:
    """Fit keyframes to one box a frame (Ramer-Douglas-Peucker over time, on the four coordinates together).

    `box_at` of the result differs from the given box by at most *epsilon_px* in every coordinate of every
    frame, and gives None exactly where the given box is missing: each run of boxes ends with an outside
    keyframe, so that nothing is held past it.

    Args:
        boxes: (T, 4) pixels, (x1, y1, x2, y2) a frame; None, or a row with NaN, where there is no box.
        confidences: the detector's, one a frame, in [0, 1]; None or NaN where there is none.
        epsilon_px: at least 0.
        source: who made the boxes.

    Raises:
        TrackError: a row that is not four numbers, infinite values, lengths that differ, a negative epsilon.
    """
    if not (isinstance(epsilon_px, (int, float)) and epsilon_px >= 0):
        raise TrackError(f"epsilon_px must be at least 0, got {epsilon_px!r}.", field="epsilon_px")
    if confidences is not None and len(confidences) != len(boxes):
        message = f"confidences must have one entry a frame ({len(boxes)}), got {len(confidences)}."
        raise TrackError(message, field="confidences")
    dense = [_box(row, frame) for frame, row in enumerate(boxes)]
    fitted: list[Keyframe] = []
    for start, stop in _runs(dense):
        run = [_keyframe(dense, confidences, frame, source) for frame in range(start, stop)]
        fitted += _simplified(run, float(epsilon_px))
        if stop < len(dense):
            last = run[-1]
            fitted.append(Keyframe(stop, *last.box, outside=True, source=source))
    return tuple(fitted)


def _box(row: Any, frame: int) -> Box | None:
    if row is None:
        return None
    values = [float(value) for value in row]
    if len(values) != 4 or any(math.isinf(value) for value in values):
        message = f"boxes[{frame}] must be four finite numbers, or None; got {row!r}."
        raise TrackError(message, field=f"boxes[{frame}]")
    if any(math.isnan(value) for value in values):
        return None
    return (values[0], values[1], values[2], values[3])


def _runs(dense: Sequence[Box | None]) -> Iterator[tuple[int, int]]:
    """(start, stop) of every run of frames that have a box."""
    start = None
    for frame, box in enumerate([*dense, None]):
        if box is not None and start is None:
            start = frame
        elif box is None and start is not None:
            yield start, frame
            start = None


def _keyframe(
    dense: Sequence[Box | None], confidences: Sequence[float | None] | None, frame: int, source: Source
) -> Keyframe:
    box = dense[frame]
    assert box is not None
    confidence = None if confidences is None else confidences[frame]
    if confidence is not None and math.isnan(confidence):
        confidence = None
    return Keyframe(frame, *box, source=source, confidence=confidence)


def _simplified(run: Sequence[Keyframe], epsilon: float) -> list[Keyframe]:
    """The fewest points that the halving needs: first, last, and the worst frame of every piece still off."""
    kept = {0, len(run) - 1}
    pieces = [(0, len(run) - 1)]
    while pieces:
        first, last = pieces.pop()
        worst, error = _worst(run, first, last)
        if error > epsilon:
            kept.add(worst)
            pieces += [(first, worst), (worst, last)]
    return [run[i] for i in sorted(kept)]


def _worst(run: Sequence[Keyframe], first: int, last: int) -> tuple[int, float]:
    """The frame between *first* and *last* that the straight line misses most, and by how many pixels."""
    worst, error = first, 0.0
    for i in range(first + 1, last):
        line = interpolate(run[first], run[last], run[i].frame)
        off = max(abs(p - q) for p, q in zip(line, run[i].box, strict=True))
        if off > error:
            worst, error = i, off
    return worst, error
