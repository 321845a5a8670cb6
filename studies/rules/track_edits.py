"""What a reader does to a track, as pure functions: each looks at the track and returns the patch of the act.

The caller applies the patch with `track_patch.apply_patch` and keeps `track_patch.inverse` for undo.
Frames that an act does not name keep their boxes: where a neighbouring line would bend, a guard keyframe
    holds it.
Twin: `static/js/viewer/track_edits.js`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from studies.rules.track_patch import Patch, diff
from studies.rules.tracks import (
    Box,
    Keyframe,
    TrackError,
    as_keyframes,
    boxes,
    clamped,
    frame_box_at,
    frame_number,
)

Track = tuple[Keyframe, ...]
CARRIED_FLAGS = ("occluded", "truncated", "uncertain")


def set_box(
    keyframes: Iterable[Any], frame: int, box: Box, n_frames: int, frame_shape: tuple[int, int]
) -> Patch:
    """Draw, move or resize: the frame becomes a person's keyframe with this box, clamped, flags as they
    stood.

    Raises:
        TrackError: a frame past the clip, a box under 3 x 3 px inside the image.
    """
    track = as_keyframes(keyframes, n_frames)
    frame_number(frame, "frame", n_frames)
    governing = _governing(track, frame)
    flags = {} if governing is None else {name: getattr(governing, name) for name in CARRIED_FLAGS}
    drawn = clamped(Keyframe(frame, *box, **flags), n_frames, frame_shape)
    return diff(track, _put(track, drawn))


def toggle_keyframe(keyframes: Iterable[Any], frame: int, n_frames: int) -> Patch:
    """K: a keyframe is removed and its frame interpolated again; any other frame becomes a keyframe as it
    stands.

    Raises:
        TrackError: the only keyframe of a track cannot be removed; before the first there is nothing to keep.
    """
    track = as_keyframes(keyframes, n_frames)
    without = tuple(keyframe for keyframe in track if keyframe.frame != frame)
    if len(without) == len(track):
        return diff(track, _put(track, _confirmed(track, frame, n_frames)))
    if not without:
        message = "The only keyframe of a track cannot be removed; delete the whole track instead."
        raise TrackError(message, field="frame")
    return diff(track, without)


def toggle_outside(keyframes: Iterable[Any], frame: int, n_frames: int) -> Patch:
    """O: from this frame on the lesion is out of view, or in view again; the coordinates stay.

    Raises:
        TrackError: the frame lies before the first keyframe.
    """
    track = as_keyframes(keyframes, n_frames)
    here = _confirmed(track, frame, n_frames)
    return diff(track, _put(track, replace(here, outside=not here.outside)))


def toggle_flag(keyframes: Iterable[Any], frame: int, flag: str, n_frames: int) -> Patch:
    """Q, U, J: switch "occluded", "truncated" or "uncertain" from this frame on, until the next keyframe.

    Raises:
        TrackError: another flag, or a frame without a box.
    """
    if flag not in CARRIED_FLAGS:
        raise TrackError(f"flag must be one of {', '.join(CARRIED_FLAGS)}, got {flag!r}.", field="flag")
    track = as_keyframes(keyframes, n_frames)
    here = _with_box(track, frame, n_frames)
    flipped = Keyframe(**{**here.as_dict(), flag: not getattr(here, flag)})
    return diff(track, _put(track, flipped))


def toggle_occluded(keyframes: Iterable[Any], frame: int, n_frames: int) -> Patch:
    """Q: `toggle_flag` for "occluded"."""
    return toggle_flag(keyframes, frame, "occluded", n_frames)


def accept_frame(keyframes: Iterable[Any], frame: int, n_frames: int) -> Patch:
    """Shift+A: a person confirms the box of this frame as it stands.

    Raises:
        TrackError: a frame without a box.
    """
    track = as_keyframes(keyframes, n_frames)
    return diff(track, _put(track, _with_box(track, frame, n_frames)))


def accept_track(keyframes: Iterable[Any]) -> Patch:
    """A: a person confirms every keyframe of the track."""
    track = as_keyframes(keyframes)
    return diff(track, tuple(replace(keyframe, source="human") for keyframe in track))


def reject_frame(keyframes: Iterable[Any], frame: int, n_frames: int) -> Patch:
    """G: this frame has no box; all others keep theirs.

    Raises:
        TrackError: a frame without a box.
    """
    track = as_keyframes(keyframes, n_frames)
    out = replace(_with_box(track, frame, n_frames), outside=True)
    return diff(track, _rewritten(track, frame, frame, (out,), n_frames))


def propagate(keyframes: Iterable[Any], frame: int, to_frame: int, n_frames: int) -> Patch:
    """Ctrl+B: the box of *frame* on every frame up to and including *to_frame*, forward or backward.

    Raises:
        TrackError: *frame* has no box, or the frames are the same.
    """
    track = as_keyframes(keyframes, n_frames)
    frame_number(to_frame, "to_frame", n_frames)
    here = _with_box(track, frame, n_frames)
    if to_frame == frame:
        raise TrackError("to_frame must differ from frame.", field="to_frame")
    copied = replace(here, frame=to_frame, confidence=None)
    inside = (here, copied) if to_frame > frame else (copied, here)
    return diff(track, _rewritten(track, inside[0].frame, inside[1].frame, inside, n_frames))


def delete_from(keyframes: Iterable[Any], frame: int, n_frames: int) -> Patch:
    """Del, "this frame from here": nothing from this frame to the end of the clip.

    Raises:
        TrackError: nothing would be left before the frame; delete the whole track instead.
    """
    track = as_keyframes(keyframes, n_frames)
    frame_number(frame, "frame", n_frames)
    before = tuple(keyframe for keyframe in track if keyframe.frame < frame)
    if not before:
        message = "The track does not begin before this frame; delete the whole track instead."
        raise TrackError(message, field="frame")
    if before[-1].outside:
        return diff(track, before)
    return diff(track, (*before, replace(_confirmed(track, frame, n_frames), outside=True)))


def remove_boxes(keyframes: Iterable[Any], n_frames: int) -> Patch:
    """Shift+G: no box on any frame, as a person's statement; one keyframe out of view is left at frame 0.

    The caller sends the reason beside it (`studies.rules.no_lesion`). A track without keyframes stays so.
    """
    track = as_keyframes(keyframes, n_frames)
    if not track:
        return diff(track, track)
    return diff(track, (Keyframe(0, *track[0].box, outside=True, source="human"),))


def toggle_interpolation(keyframes: Iterable[Any], frame: int, n_frames: int) -> Patch:
    """I: fill the gap that holds this frame with the straight line, or empty the stretch up to the next
    keyframe.

    Raises:
        TrackError: there is no keyframe with a box on both sides, or no frame between the two.
    """
    track = as_keyframes(keyframes, n_frames)
    frame_number(frame, "frame", n_frames)
    before = [keyframe for keyframe in track if keyframe.frame <= frame]
    after = [keyframe for keyframe in track if keyframe.frame > frame]
    if before and before[-1].outside:
        filled = _without_gap(before, after)
        if filled is not None:
            return diff(track, filled)
    elif before and after and after[0].frame - before[-1].frame > 1:
        return diff(track, _put(track, _emptied(before[-1], track, n_frames)))
    raise TrackError("Interpolation needs a keyframe with a box on both sides of the frame.", field="frame")


def toggle_all_interpolation(keyframes: Iterable[Any], n_frames: int) -> Patch:
    """Ctrl+I: fill every gap of the track; where there is none, empty every stretch between keyframes."""
    track = as_keyframes(keyframes, n_frames)
    inside = [keyframe.frame for keyframe in track if not keyframe.outside]
    if not inside:
        return diff(track, track)
    filled = tuple(k for k in track if not k.outside or not inside[0] < k.frame < inside[-1])
    if filled != track:
        return diff(track, filled)
    emptied = track
    for a, b in pairwise(track):
        if b.frame - a.frame > 1 and not a.outside and not b.outside:
            emptied = _put(emptied, _emptied(a, track, n_frames))
    return diff(track, emptied)


def merge(keyframes: Iterable[Any], other: Iterable[Any], n_frames: int) -> Patch:
    """M: what the other track has where this one has nothing; where both have a box, this one's stays.

    The caller deletes the other track in the same revision.
    """
    track, second = as_keyframes(keyframes, n_frames), as_keyframes(other, n_frames)
    merged = track
    mine, theirs = boxes(track, n_frames), boxes(second, n_frames)
    missing = [mine[f] is None and theirs[f] is not None for f in range(n_frames)]
    for start, stop in _stretches(missing):
        merged = _rewritten(merged, start, stop, _cut(second, start, stop, n_frames), n_frames)
    return diff(track, merged)


def split(keyframes: Iterable[Any], frame: int, n_frames: int) -> tuple[Patch, Track]:
    """Alt+M: the track ends before *frame*; what follows becomes the keyframes of a new track.

    Raises:
        TrackError: there would be nothing on one of the two sides.
    """
    track = as_keyframes(keyframes, n_frames)
    left = delete_from(track, frame, n_frames)
    later = [keyframe for keyframe in track if keyframe.frame >= frame]
    here = frame_box_at(track, frame, n_frames)
    if here is not None and here.kind != "keyframe":
        later.insert(0, _standing(track, frame, n_frames))
    while later and later[0].outside:
        later.pop(0)
    if not later:
        raise TrackError("The track has no box from this frame on; there is nothing to split.", field="frame")
    return left, tuple(later)


def _governing(track: Sequence[Keyframe], frame: int) -> Keyframe | None:
    """The keyframe at or before *frame*."""
    return next((keyframe for keyframe in reversed(track) if keyframe.frame <= frame), None)


def _standing(track: Sequence[Keyframe], frame: int, n_frames: int) -> Keyframe:
    """The track at *frame* as a keyframe, source as it was; outside where it has no box there.

    Raises:
        TrackError: the frame lies before the first keyframe, or past the clip.
    """
    frame_number(frame, "frame", n_frames)
    governing = _governing(track, frame)
    if governing is None:
        message = f"The track begins after frame {frame + 1}; draw a box first."
        raise TrackError(message, field="frame")
    if governing.frame == frame:
        return governing
    here = frame_box_at(track, frame, n_frames)
    x1, y1, x2, y2 = governing.box if here is None else here.box
    return replace(governing, frame=frame, x1=x1, y1=y1, x2=x2, y2=y2, confidence=None)


def _confirmed(track: Sequence[Keyframe], frame: int, n_frames: int) -> Keyframe:
    return replace(_standing(track, frame, n_frames), source="human")


def _with_box(track: Sequence[Keyframe], frame: int, n_frames: int) -> Keyframe:
    here = _confirmed(track, frame, n_frames)
    if here.outside:
        raise TrackError(f"The track has no box at frame {frame + 1}.", field="frame")
    return here


def _put(track: Sequence[Keyframe], keyframe: Keyframe) -> Track:
    """The track with *keyframe* in its place, instead of the one at that frame if any."""
    others = [other for other in track if other.frame != keyframe.frame]
    return tuple(sorted([*others, keyframe], key=lambda item: item.frame))


def _rewritten(
    track: Sequence[Keyframe], start: int, stop: int, inside: Sequence[Keyframe], n_frames: int
) -> Track:
    """The track with *inside* on the frames start to stop (both included) and every other frame as it was."""
    left = [keyframe for keyframe in track if keyframe.frame < start]
    right = [keyframe for keyframe in track if keyframe.frame > stop]
    if left and not left[-1].outside and left[-1].frame < start - 1:
        here = frame_box_at(track, start, n_frames)
        if here is None or here.box != inside[0].box:
            left.append(_standing(track, start - 1, n_frames))
    if stop + 1 < n_frames and not (right and right[0].frame == stop + 1):
        following = _after(track, stop + 1, inside[-1], n_frames)
        right = right if following is None else [following, *right]
    return (*left, *inside, *right)


def _after(track: Sequence[Keyframe], frame: int, last: Keyframe, n_frames: int) -> Keyframe | None:
    """The guard at *frame*, right of rewritten frames that end with *last*; None where none is needed."""
    if frame_box_at(track, frame, n_frames) is not None:
        return _standing(track, frame, n_frames)
    if last.outside:
        return None
    return replace(last, frame=frame, outside=True, confidence=None)


def _emptied(keyframe: Keyframe, track: Sequence[Keyframe], n_frames: int) -> Keyframe:
    """The outside keyframe, right after *keyframe*, that empties the stretch up to the next one."""
    return replace(_confirmed(track, keyframe.frame + 1, n_frames), outside=True)


def _without_gap(before: Sequence[Keyframe], after: Sequence[Keyframe]) -> Track | None:
    """The track without the outside keyframes of the gap between the two; None where a side has no box."""
    left, right = list(before), list(after)
    while left and left[-1].outside:
        left.pop()
    while right and right[0].outside:
        right.pop(0)
    return (*left, *right) if left and right else None


def _stretches(wanted: Sequence[bool]) -> list[tuple[int, int]]:
    """(first, last) of every run of frames that are wanted."""
    found: list[tuple[int, int]] = []
    for frame, want in enumerate(wanted):
        if want and found and found[-1][1] == frame - 1:
            found[-1] = (found[-1][0], frame)
        elif want:
            found.append((frame, frame))
    return found


def _cut(track: Sequence[Keyframe], start: int, stop: int, n_frames: int) -> Track:
    """Keyframes that say of the frames start to stop what *track*, which has a box on all of them, says."""
    ends = {frame: _standing(track, frame, n_frames) for frame in (start, stop)}
    within = {keyframe.frame: keyframe for keyframe in track if start < keyframe.frame < stop}
    found = {**ends, **within}
    return tuple(found[frame] for frame in sorted(found))
