"""Patches of a track: what one command changes, its inverse, and two people's changes brought together.

A patch is plain JSON: `{"create": [keyframe...], "update": [keyframe...], "delete": [frame...]}`, keyed by
    frame.
Twin: `static/js/viewer/track_patch.js`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from studies.rules.tracks import (
    KEYFRAME_FIELDS,
    REQUIRED_FIELDS,
    Keyframe,
    TrackError,
    as_keyframes,
    clamped,
    frame_number,
)


class Patch(TypedDict):
    """Changes of one track; see the module."""

    create: list[dict[str, Any]]
    update: list[dict[str, Any]]
    delete: list[int]


PATCH_KEYS = ("create", "update", "delete")


def apply_patch(
    keyframes: Iterable[Any], patch: Any, n_frames: int, frame_shape: tuple[int, int]
) -> tuple[Keyframe, ...]:
    """The track after *patch*; the track given stays as it is.

    Boxes are clamped to the image. An update may name only the fields that change.

    Args:
        keyframes: the track, frames strictly increasing.
        patch: see the module; keys may be left out.
        n_frames: frames of the clip.
        frame_shape: (height, width) in pixels.

    Raises:
        TrackError: a malformed patch (its `field` names the place, such as `create[0].x1`), a frame
            created twice, updated or deleted where there is none, named twice, past the clip, a box under
            3 x 3 px, or a patch that would leave no keyframe.
    """
    track = {keyframe.frame: keyframe for keyframe in as_keyframes(keyframes, n_frames)}
    parts = _parts(patch)
    named: set[int] = set()
    for i, frame in enumerate(parts["delete"]):
        field = f"delete[{i}]"
        _named_once(frame_number(frame, field, n_frames), field, named)
        _must_exist(frame, field, track)
    for i, item in enumerate(parts["update"]):
        _update(item, f"update[{i}]", track, named, n_frames, frame_shape)
    for i, item in enumerate(parts["create"]):
        _create(item, f"create[{i}]", track, named, n_frames, frame_shape)
    kept = sorted(set(track) - set(parts["delete"]))
    if not kept:
        raise TrackError(
            "A track keeps at least one keyframe; delete the whole track instead.",
            field="delete" if parts["delete"] else "create",
        )
    return tuple(track[frame] for frame in kept)


def _parts(patch: Any) -> dict[str, list[Any]]:
    if not isinstance(patch, Mapping):
        raise TrackError(f"A patch is an object with create, update, delete; got {patch!r}.", field="patch")
    for key in patch:
        if key not in PATCH_KEYS:
            raise TrackError(f"A patch has create, update and delete only; got {key!r}.", field=str(key))
    parts = {key: patch.get(key, []) for key in PATCH_KEYS}
    for key, value in parts.items():
        if not isinstance(value, (list, tuple)):
            raise TrackError(f"{key} must be a list, got {value!r}.", field=key)
    return {key: list(value) for key, value in parts.items()}


def _named_once(frame: int, field: str, named: set[int]) -> None:
    if frame in named:
        raise TrackError(f"{field}: frame {frame} is named twice in one patch.", field=field)
    named.add(frame)


def _must_exist(frame: int, field: str, track: Mapping[int, Keyframe]) -> None:
    if frame not in track:
        raise TrackError(f"{field}: there is no keyframe at frame {frame}.", field=field)


def _fields(item: Any, field: str) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise TrackError(f"{field} must be an object, got {item!r}.", field=field)
    for name in item:
        if name not in KEYFRAME_FIELDS:
            raise TrackError(f"{field}.{name} is no field of a keyframe.", field=f"{field}.{name}")
    return dict(item)


def _frame_of(item: Any, field: str) -> int:
    return frame_number(_fields(item, field).get("frame"), f"{field}.frame")


def _update(
    item: Any,
    field: str,
    track: dict[int, Keyframe],
    named: set[int],
    n_frames: int,
    frame_shape: tuple[int, int],
) -> None:
    values = _fields(item, field)
    frame = frame_number(values.get("frame"), f"{field}.frame", n_frames)
    _named_once(frame, f"{field}.frame", named)
    _must_exist(frame, f"{field}.frame", track)
    whole = {**track[frame].as_dict(), **values}
    track[frame] = _checked(whole, field, n_frames, frame_shape)


def _create(
    item: Any,
    field: str,
    track: dict[int, Keyframe],
    named: set[int],
    n_frames: int,
    frame_shape: tuple[int, int],
) -> None:
    values = _fields(item, field)
    for name in REQUIRED_FIELDS:
        if name not in values:
            raise TrackError(f"{field}.{name} is missing.", field=f"{field}.{name}")
    frame = frame_number(values["frame"], f"{field}.frame", n_frames)
    _named_once(frame, f"{field}.frame", named)
    if frame in track:
        message = f"{field}: there is a keyframe at frame {frame} already; update it instead."
        raise TrackError(message, field=f"{field}.frame")
    track[frame] = _checked(values, field, n_frames, frame_shape)


def _checked(values: dict[str, Any], field: str, n_frames: int, frame_shape: tuple[int, int]) -> Keyframe:
    try:
        return clamped(Keyframe(**values), n_frames, frame_shape)
    except TrackError as error:
        raise TrackError(f"{field}: {error}", field=f"{field}.{error.field}") from error


def diff(before: Iterable[Any], after: Iterable[Any]) -> Patch:
    """The patch that leads from one state of a track to another (an edit, or a revision restored)."""
    old = {keyframe.frame: keyframe for keyframe in as_keyframes(before)}
    new = {keyframe.frame: keyframe for keyframe in as_keyframes(after)}
    return {
        "create": [new[frame].as_dict() for frame in sorted(new) if frame not in old],
        "update": [
            new[frame].as_dict() for frame in sorted(new) if frame in old and new[frame] != old[frame]
        ],
        "delete": [frame for frame in sorted(old) if frame not in new],
    }


def inverse(keyframes: Iterable[Any], patch: Any) -> Patch:
    """The patch that undoes *patch*, which is about to be applied to *keyframes* (the state before).

    Raises:
        TrackError: *patch* updates or deletes a keyframe that is not there.
    """
    track = {keyframe.frame: keyframe for keyframe in as_keyframes(keyframes)}
    parts = _parts(patch)
    updated = [_frame_of(item, f"update[{i}]") for i, item in enumerate(parts["update"])]
    created = [_frame_of(item, f"create[{i}]") for i, item in enumerate(parts["create"])]
    for name, frames in (("update", updated), ("delete", parts["delete"])):
        for i, frame in enumerate(frames):
            _must_exist(frame, f"{name}[{i}]", track)
    return {
        "create": [track[frame].as_dict() for frame in sorted(parts["delete"])],
        "update": [track[frame].as_dict() for frame in sorted(updated)],
        "delete": sorted(created),
    }


@dataclass(frozen=True)
class Conflict:
    """A frame whose keyframe two people changed in different ways; None stands for "no keyframe here"."""

    frame: int
    base: Keyframe | None
    mine: Keyframe | None
    theirs: Keyframe | None


def merge_three_way(
    base: Iterable[Any], mine: Iterable[Any], theirs: Iterable[Any]
) -> tuple[tuple[Keyframe, ...], tuple[Conflict, ...]]:
    """Bring two edits of one track together, keyframe by keyframe.

    A keyframe that only one side changed is taken from that side; the same change on both sides is taken
    once. Where both changed it differently, the merged track holds theirs (it is saved already) and a
    Conflict is listed. Where no keyframe is free of conflict (each side deleted what the other kept), every
    difference is a conflict, and the merged track is theirs.

    Args:
        base: the revision that both started from.
        mine: the edit not yet saved.
        theirs: the edit saved meanwhile.

    Returns:
        (merged keyframes, conflicts), both in the order of frames.
    """
    b, m, t = ({k.frame: k for k in as_keyframes(side)} for side in (base, mine, theirs))
    merged: dict[int, Keyframe] = {}
    conflicts: list[Conflict] = []
    for frame in sorted({*b, *m, *t}):
        old, my, their = b.get(frame), m.get(frame), t.get(frame)
        if my not in (old, their) and their != old:
            conflicts.append(Conflict(frame, old, my, their))
        chosen = my if their == old else their
        if chosen is not None:
            merged[frame] = chosen
    if not set(merged) - {conflict.frame for conflict in conflicts}:
        differing = sorted(frame for frame in {*b, *m, *t} if m.get(frame) != t.get(frame))
        conflicts = [Conflict(frame, b.get(frame), m.get(frame), t.get(frame)) for frame in differing]
        merged = t
    return tuple(merged[frame] for frame in sorted(merged)), tuple(conflicts)


def resolve(
    merged: Sequence[Keyframe], conflicts: Sequence[Conflict], mine_frames: Iterable[int]
) -> tuple[Keyframe, ...]:
    """The merged track with my keyframe at each frame of *mine_frames*, and theirs at the other conflicts."""
    track = {keyframe.frame: keyframe for keyframe in as_keyframes(merged)}
    wanted = set(mine_frames)
    for conflict in conflicts:
        chosen = conflict.mine if conflict.frame in wanted else conflict.theirs
        track.pop(conflict.frame, None)
        if chosen is not None:
            track[conflict.frame] = chosen
    return tuple(track[frame] for frame in sorted(track))
