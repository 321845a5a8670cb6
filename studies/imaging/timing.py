"""Frame rate from what a header says, in the order of SCIENCE 2.5; never a guess."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from pydicom.dataset import Dataset

from studies.imaging.limits import MAX_FPS, MIN_FPS
from studies.imaging.types import NOT_RECORDED, TimingSource

_DISAGREEMENT = 0.05
_IGNORED = "{name} {why}, so it was not used."


@dataclass(frozen=True, slots=True)
class Timing:
    """Frames per second, times of frames in ms from the first (vectors only), source, and what was odd."""

    fps: float | None = None
    frame_times_ms: tuple[float, ...] | None = None
    source: TimingSource = NOT_RECORDED
    defects: tuple[str, ...] = ()


def plausible_fps(fps: float) -> bool:
    """True for a rate that a breast cine can have (1 to 200 frames a second)."""
    return MIN_FPS <= fps <= MAX_FPS


def _numbers(value: Any) -> list[float] | None:
    items = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    try:
        return [float(item) for item in items]
    except (TypeError, ValueError):
        return None


def _single(value: object, to_fps: Callable[[float], float]) -> tuple[float | None, str]:
    """Frames per second of a one-valued element, or None and why not."""
    numbers = _numbers(value)
    if numbers is None or len(numbers) != 1:
        return None, "is not a number"
    if not numbers[0] > 0:
        return None, "is zero or negative"
    fps = to_fps(numbers[0])
    return (fps, "") if plausible_fps(fps) else (None, f"would mean {fps:.4g} frames a second")


def times_of_vector(increments: Sequence[float], n_frames: int) -> tuple[tuple[float, ...] | None, str]:
    """Cumulative times in ms of a FrameTimeVector (0018,1065), first frame at 0; or None and why not."""
    if len(increments) != n_frames:
        return None, f"has {len(increments)} entries for {n_frames} frames"
    if not all(step > 0 for step in increments[1:]):
        return None, "has steps that are zero or negative"
    if not plausible_fps(1000.0 / median(increments[1:])):
        return None, f"would mean {1000.0 / median(increments[1:]):.4g} frames a second"
    times, now = [0.0], 0.0
    for step in increments[1:]:
        now += step
        times.append(now)
    return tuple(times), ""


def _from_vector(value: object, n_frames: int) -> tuple[Timing | None, str]:
    numbers = _numbers(value)
    times, why = times_of_vector(numbers, n_frames) if numbers is not None else (None, "holds no numbers")
    if times is None:
        return None, why
    steps = [b - a for a, b in pairwise(times)]
    return Timing(1000.0 / median(steps), times, "FrameTimeVector"), ""


def _rate_disagreement(header: Dataset) -> list[str]:
    time, cine = header.get("FrameTime"), header.get("CineRate")
    if time is None or cine is None:
        return []
    (a, _), (b, _) = _single(time, lambda ms: 1000.0 / ms), _single(cine, float)
    if a is None or b is None or abs(a - b) <= _DISAGREEMENT * max(a, b) or abs(a - b) < 1:
        return []
    return [f"FrameTime means {a:.4g} frames a second and CineRate says {b:.4g}; FrameTime was used."]


def dicom_timing(header: Dataset, n_frames: int) -> Timing:
    """Timing of a DICOM cine from the first usable element in the order of SCIENCE 2.5."""
    if n_frames < 2:
        return Timing()
    defects: list[str] = []
    vector = header.get("FrameTimeVector")
    if vector is not None and vector != "":
        timing, why = _from_vector(vector, n_frames)
        if timing:
            return timing
        defects.append(_IGNORED.format(name="FrameTimeVector", why=why))
    rules: list[tuple[TimingSource, Callable[[float], float]]] = [
        ("FrameTime", lambda ms: 1000.0 / ms), ("CineRate", float), ("RecommendedDisplayFrameRate", float),
    ]  # fmt: skip
    for name, to_fps in rules:
        value = header.get(name)
        if value is None or value == "":
            continue
        fps, why = _single(value, to_fps)
        if fps is not None:
            if name == "FrameTime":
                defects += _rate_disagreement(header)
            return Timing(fps, None, name, tuple(defects))
        defects.append(_IGNORED.format(name=name, why=why))
    if not defects:
        defects.append("The header gives no time between frames.")
    return Timing(defects=tuple(defects))
