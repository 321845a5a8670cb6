"""What must hold before a reader signs a track, and which frames need a person at all (VIEWER B10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from studies.rules.tracks import FrameBox, Keyframe, as_keyframes, boxes

BORDER_PX = 1.0
"""A box whose edge is this near to the image border is cut by it."""
EXCLUSION_REASONS = ("blurred", "frozen", "overlay", "probe_moved", "shadow", "other")
"""Short list of reasons why a frame does not count (VIEWER B1)."""

Code = Literal["has_box", "confirmed", "gaps", "truncation"]


@dataclass(frozen=True)
class Check:
    """One line of the checklist: whether it holds, and the frames (0-based) where it does not."""

    code: Code
    holds: bool
    frames: tuple[int, ...] = ()


def checklist(
    keyframes: Iterable[Any],
    n_frames: int,
    frame_shape: tuple[int, int],
    excluded: Collection[int] = (),
) -> tuple[Check, ...]:
    """The checks before signing, in the order shown.

    A gap is explained where a person set it (the keyframe that ended the box is a person's) or where the
    frame is excluded with a reason. Truncation is flagged where the box touches the border and its keyframe
    says so.

    Args:
        keyframes: the track. n_frames: frames of the clip. frame_shape: (height, width) in pixels.
        excluded: frames that do not count.

    Raises:
        TrackError: a broken track.
    """
    track = as_keyframes(keyframes, n_frames)
    shown = boxes(track, n_frames)
    gaps = unexplained_gaps(track, shown, excluded)
    cut = tuple(
        frame
        for frame, found in enumerate(shown)
        if found is not None and frame not in excluded and _touches(found, frame_shape)
        if not found.carried.truncated
    )
    return (
        Check("has_box", any(found is not None for found in shown)),
        Check("confirmed", any(k.source == "human" and not k.outside for k in track)),
        Check("gaps", not gaps, gaps),
        Check("truncation", not cut, cut),
    )


def unexplained_gaps(
    track: Sequence[Keyframe], shown: Sequence[FrameBox | None], excluded: Collection[int] = ()
) -> tuple[int, ...]:
    """Frames without a box that no person answers for."""
    by_frame: Mapping[int, Keyframe] = {keyframe.frame: keyframe for keyframe in track}
    governing: Keyframe | None = None
    found: list[int] = []
    for frame, here in enumerate(shown):
        governing = by_frame.get(frame, governing)
        explained = governing is not None and governing.outside and governing.source == "human"
        if here is None and not explained and frame not in excluded:
            found.append(frame)
    return tuple(found)


def _touches(found: FrameBox, frame_shape: tuple[int, int]) -> bool:
    height, width = frame_shape
    x1, y1, x2, y2 = found.box
    return x1 <= BORDER_PX or y1 <= BORDER_PX or x2 >= width - BORDER_PX or y2 >= height - BORDER_PX
