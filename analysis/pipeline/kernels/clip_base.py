"""The base of a clip's numbers: Hz or cycles a frame, millimetres or pixels; never mixed within a study."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError, UnusableClipError
from analysis.pipeline.types import DescribeParameters

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClipBase:
    """Units of time and length that one clip is described in.

    fps: samples a second, 1 when hz is False (frequencies in cycles a frame); times_s: (T,) stamps, only with
    hz; spacing_mm: (row, column), (1, 1) when mm is False.
    """

    fps: float
    hz: bool
    times_s: Float | None
    spacing_mm: tuple[float, float]
    mm: bool

    @classmethod
    def of(
        cls,
        fps: float | None,
        spacing_mm: tuple[float, float] | None,
        times_s: ArrayLike | None,
        n_frames: int,
        chosen: DescribeParameters,
    ) -> "ClipBase":
        """The base that the parameters demand, or that the clip offers where they say "auto".

        Raises InvalidInputError for lengths that are not positive or stamps of another number;
        UnusableClipError when the clip lacks what is demanded.
        """
        lengths = [value for value in (fps, *(spacing_mm or ())) if value is not None]
        if not all(0 < value < np.inf for value in lengths) or len(spacing_mm or (1, 1)) != 2:
            raise InvalidInputError(
                f"Expected a positive frame rate and (row, column) spacing, or None; got {fps}, {spacing_mm}."
            )
        times = None if times_s is None else np.asarray(times_s, dtype=np.float64)
        if times is not None and times.shape != (n_frames,):
            raise InvalidInputError(f"Expected {n_frames} time stamps, one a frame; got {times.shape}.")
        hz = _use("time_base", chosen.time_base, "hz", "cycles", fps is not None or times is not None)
        mm = _use("spacing_base", chosen.spacing_base, "mm", "px", spacing_mm is not None)
        rate = fps if hz and fps is not None else 1.0
        return cls(rate, hz, times if hz else None, spacing_mm if mm and spacing_mm else (1.0, 1.0), mm)


def _use(name: str, wanted: str, unit: str, fallback: str, known: bool) -> bool:
    """Whether the physical unit is used; raises UnusableClipError when it is demanded but unknown."""
    if wanted not in ("auto", unit, fallback):
        raise InvalidInputError(f"Expected {name} auto, {unit} or {fallback}, got {wanted!r}.")
    if wanted == unit and not known:
        what = "frame rate" if unit == "hz" else "pixel spacing"
        raise UnusableClipError(
            f"The study counts in {unit}, but the {what} of this clip is not known; "
            f"state it or describe the whole study in {fallback}."
        )
    return known and wanted != fallback
