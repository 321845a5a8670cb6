"""How sure the detector was of a track, frame by frame: the raw box that lies on the track's box says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from studies.rules.track_review import iou
from studies.rules.tracks import Box, boxes

SAME_BOX_IOU = 0.5
"""A raw box that overlaps the track's box by less belongs to something else (our convention)."""


def detector_confidences(
    keyframes: Iterable[Any], n_frames: int, raw: Sequence[Sequence[Sequence[float]]]
) -> list[float | None]:
    """Confidence in [0, 1] of each frame; None where the track has no box or no raw box lies on it.

    The keyframes of a fitted track tell the confidence of their own frames only; this tells it of all.

    Args:
        keyframes: the track, in pixels of the stored frame.
        n_frames: frames of the clip.
        raw: per frame the detector's boxes, (x1, y1, x2, y2, confidence).

    Raises:
        TrackError: as `tracks.boxes`.
    """
    found = boxes(keyframes, n_frames)
    return [
        None if here is None else _on_box(here.box, list(there))
        for here, there in zip(found, raw, strict=True)
    ]


def _on_box(box: Box, raw: Sequence[Sequence[float]]) -> float | None:
    overlaps = [(iou(box, (r[0], r[1], r[2], r[3])), r[4]) for r in raw]
    overlap, confidence = max(overlaps, default=(0.0, 0.0))
    return confidence if overlap >= SAME_BOX_IOU else None
