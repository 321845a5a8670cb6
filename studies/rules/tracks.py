"""The one track model: a lesion's box over time, kept as a few keyframes.

Viewer (through its twin `static/js/viewer/tracks.js`), export and feature extraction all read a track with
`box_at`. Coordinates are pixel edges of the stored frame, origin top left, half-open `[x1, x2) x [y1, y2)`;
frames are 0-based. The arithmetic is written in one fixed order, so that both languages give the same doubles
(`docs/tracks.md`, proved by `tests/baselines/track_vectors.json`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, Literal

from studies.errors import StudiesError

Box = tuple[float, float, float, float]
Source = Literal["model", "human"]
Kind = Literal["keyframe", "interpolated", "held"]

MIN_SIDE_PX = 3.0
"""Smallest box a person may leave (VIEWER B3)."""
ROUNDING_PX = 1e-6
"""Interpolating between two boxes of 3 px may give 3 px less a rounding error: that is no smaller box."""
MAX_COORDINATE_PX = 1e6
"""No image is as large; beyond it a coordinate is refused, so that interpolation cannot overflow."""
COORDINATES = ("x1", "y1", "x2", "y2")
FLAGS = ("outside", "occluded", "truncated", "uncertain")
SOURCES = ("model", "human")


class TrackError(StudiesError, ValueError):
    """A track, keyframe or patch breaks a rule. `field` names the culprit, such as `keyframes[3].x1`."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Keyframe:
    """One stored box of a track.

    `frame` is 0-based; coordinates are pixels; `outside` says that the lesion has left the view from this
    frame on; `occluded`, `truncated` (cut by the image border) and `uncertain` hold until the next keyframe;
    `confidence` is the detector's, in [0, 1], or None.

    Raises:
        TrackError: a frame that is no integer >= 0, a coordinate that is no number of pixels, an unknown
            source, a flag that is no boolean, a confidence outside [0, 1].
    """

    frame: int
    x1: float
    y1: float
    x2: float
    y2: float
    outside: bool = False
    occluded: bool = False
    source: Source = "human"
    confidence: float | None = None
    truncated: bool = False
    uncertain: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", frame_number(self.frame, "frame"))
        for name in COORDINATES:
            object.__setattr__(self, name, _finite(getattr(self, name), name))
        for name in FLAGS:
            object.__setattr__(self, name, _flag(getattr(self, name), name))
        if self.source not in SOURCES:
            raise TrackError(f"source must be 'model' or 'human', got {self.source!r}.", field="source")
        if self.confidence is not None:
            object.__setattr__(self, "confidence", _confidence(self.confidence))

    @property
    def box(self) -> Box:
        """(x1, y1, x2, y2) in pixels."""
        return (self.x1, self.y1, self.x2, self.y2)

    def as_dict(self) -> dict[str, Any]:
        """The keyframe as plain JSON values, every field present."""
        return asdict(self)


KEYFRAME_FIELDS = tuple(field.name for field in fields(Keyframe))
REQUIRED_FIELDS = ("frame", *COORDINATES)


@dataclass(frozen=True)
class FrameBox:
    """What a track says of one frame: the box, how it came about, and the keyframe that governs it.

    `carried` is the keyframe at or before the frame: its flags hold here (a step, never blended).
    """

    box: Box
    kind: Kind
    carried: Keyframe


def frame_number(value: Any, field: str = "frame", n_frames: int | None = None) -> int:
    """*value* as a 0-based frame index.

    Raises:
        TrackError: not an integer (True and 3.0 are none), negative, or not below *n_frames*.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TrackError(f"{field} must be a whole number, got {value!r}.", field=field)
    number = int(value)
    if number < 0 or (n_frames is not None and number >= n_frames):
        upper = "" if n_frames is None else f" and below the {n_frames} frames of the clip"
        raise TrackError(f"{field} must be at least 0{upper}, got {value}.", field=field)
    return number


def _finite(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not abs(float(value)) <= MAX_COORDINATE_PX:
        raise TrackError(f"{field} must be a finite number of pixels, got {value!r}.", field=field)
    return float(value)


def _flag(value: Any, field: str) -> bool:
    if type(value).__name__ not in ("bool", "bool_"):  # Python's, or NumPy's without importing it
        raise TrackError(f"{field} must be true or false, got {value!r}.", field=field)
    return bool(value)


def _confidence(value: Any) -> float:
    number = _finite(value, "confidence")
    if not 0.0 <= number <= 1.0:
        raise TrackError(f"confidence must lie in [0, 1], got {value!r}.", field="confidence")
    return number


def as_keyframe(item: Any, field: str = "keyframe") -> Keyframe:
    """A Keyframe from a Keyframe, a mapping, or any object with the same attributes (a row).

    Raises:
        TrackError: a required field is missing or a value is wrong; the message and `field` name it.
    """
    if isinstance(item, Keyframe):
        return item
    if isinstance(item, Mapping):
        values = {name: item[name] for name in KEYFRAME_FIELDS if name in item}
    else:
        values = {name: getattr(item, name) for name in KEYFRAME_FIELDS if hasattr(item, name)}
    missing = [name for name in REQUIRED_FIELDS if name not in values]
    if missing:
        raise TrackError(f"{field}.{missing[0]} is missing, got {item!r}.", field=f"{field}.{missing[0]}")
    try:
        return Keyframe(**values)
    except TrackError as error:
        raise TrackError(f"{field}: {error}", field=f"{field}.{error.field}") from error


def as_keyframes(items: Iterable[Any], n_frames: int | None = None) -> tuple[Keyframe, ...]:
    """All keyframes of one track, checked: frames strictly increasing and, where known, inside the clip.

    Raises:
        TrackError: unsorted or duplicate frames, a frame past the clip, or a broken keyframe.
    """
    keyframes = tuple(as_keyframe(item, f"keyframes[{i}]") for i, item in enumerate(items))
    for i, keyframe in enumerate(keyframes):
        field = f"keyframes[{i}].frame"
        frame_number(keyframe.frame, field, n_frames)
        if i and keyframe.frame <= keyframes[i - 1].frame:
            previous = keyframes[i - 1].frame
            raise TrackError(
                f"{field} must be greater than {previous}, the frame before it, got {keyframe.frame}; "
                "sort the keyframes and keep one a frame.",
                field=field,
            )
    return keyframes


def _clip_length(n_frames: Any) -> int:
    if isinstance(n_frames, bool) or not isinstance(n_frames, Integral) or int(n_frames) < 1:
        raise TrackError(
            f"n_frames must be a whole number of at least 1, got {n_frames!r}.", field="n_frames"
        )
    return int(n_frames)


def interpolate(a: Keyframe, b: Keyframe, frame: int) -> Box:
    """The box at *frame* on the straight line from *a* to *b*.

    Per coordinate `a + ((b - a) * (f - f0)) / (f1 - f0)`. This order of operations is part of the format:
    the twin in JavaScript uses it too.
    """
    step, span = frame - a.frame, b.frame - a.frame
    x1, y1, x2, y2 = (p + ((q - p) * step) / span for p, q in zip(a.box, b.box, strict=True))
    return (x1, y1, x2, y2)


def _frame_box(keyframes: Sequence[Keyframe], index: int, frame: int) -> FrameBox | None:
    """What the track says of *frame*, governed by `keyframes[index]` (-1: before the first)."""
    if index < 0 or keyframes[index].outside:
        return None
    governing = keyframes[index]
    if governing.frame == frame:
        return FrameBox(governing.box, "keyframe", governing)
    if index + 1 == len(keyframes):
        return FrameBox(governing.box, "held", governing)
    return FrameBox(interpolate(governing, keyframes[index + 1], frame), "interpolated", governing)


def frame_box_at(keyframes: Iterable[Any], frame_index: int, n_frames: int) -> FrameBox | None:
    """As `box_at`, with the kind of the box and the keyframe that governs it."""
    track = as_keyframes(keyframes, _clip_length(n_frames))
    frame = frame_number(frame_index, "frame_index", n_frames)
    index = bisect_right([keyframe.frame for keyframe in track], frame) - 1
    return _frame_box(track, index, frame)


def box_at(keyframes: Iterable[Any], frame_index: int, n_frames: int) -> Box | None:
    """The box of a track at one frame: (x1, y1, x2, y2) in pixels, or None where the track has none.

    At a keyframe its own box; between two, a straight line per coordinate, also towards an outside keyframe;
    nothing from an outside keyframe on until the next one that is not; after the last, its box held to the
    end of the clip; before the first, nothing (VIEWER B6).

    Args:
        keyframes: Keyframes, mappings or rows, frames strictly increasing.
        frame_index: 0-based.
        n_frames: frames of the clip.

    Raises:
        TrackError: unsorted or duplicate frames, frames outside the clip, values that are no finite numbers.
    """
    found = frame_box_at(keyframes, frame_index, n_frames)
    return None if found is None else found.box


def boxes(keyframes: Iterable[Any], n_frames: int) -> tuple[FrameBox | None, ...]:
    """`box_at` for every frame of the clip, in one pass: a FrameBox or None a frame.

    Raises:
        TrackError: as `box_at`.
    """
    track = as_keyframes(keyframes, _clip_length(n_frames))
    found: list[FrameBox | None] = []
    index = -1
    for frame in range(n_frames):
        if index + 1 < len(track) and track[index + 1].frame == frame:
            index += 1
        found.append(_frame_box(track, index, frame))
    return tuple(found)


def clamped(keyframe: Any, n_frames: int, frame_shape: tuple[int, int]) -> Keyframe:
    """The keyframe with its box cut to the image.

    Args:
        keyframe: a Keyframe, mapping or row.
        n_frames: frames of the clip.
        frame_shape: (height, width) in pixels.

    Raises:
        TrackError: the frame lies past the clip, or less than 3 x 3 pixels of the box lie inside the image.
    """
    checked = as_keyframe(keyframe)
    frame_number(checked.frame, "frame", n_frames)
    height, width = frame_shape
    x1, x2 = (min(max(x, 0.0), float(width)) for x in (checked.x1, checked.x2))
    y1, y2 = (min(max(y, 0.0), float(height)) for y in (checked.y1, checked.y2))
    for side, low, high in (("x2", x1, x2), ("y2", y1, y2)):
        if high - low < MIN_SIDE_PX - ROUNDING_PX:
            raise TrackError(
                f"The box at frame {checked.frame + 1} measures {x2 - x1:g} x {y2 - y1:g} px inside the "
                f"{width} x {height} image; it must measure at least 3 x 3 px. Draw a larger box.",
                field=side,
            )
    return Keyframe(**{**checked.as_dict(), "x1": x1, "y1": y1, "x2": x2, "y2": y2})
