"""Frozen values that cross the border of the imaging package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["dicom", "video", "archive", "still"]
TimingSource = Literal[
    "FrameTimeVector", "FrameTime", "CineRate", "RecommendedDisplayFrameRate", "container", "not recorded"
]
SpacingSource = Literal["PhysicalDelta", "PixelSpacing", "not recorded"]
Box = tuple[int, int, int, int]
"""``(x1, y1, x2, y2)`` in pixels of the stored frame, half-open, origin top left."""

Frame = NDArray[np.uint8]
"""``(H, W)`` grey or ``(H, W, 3)`` RGB, uint8, 0..255."""

NOT_RECORDED: Literal["not recorded"] = "not recorded"


@dataclass(frozen=True, slots=True)
class Region:
    """One item of the sequence of ultrasound regions (0018,6011), clipped to the image.

    ``box`` is half-open pixels; ``spatial_format`` 1 is 2-D, ``data_type`` 1 is tissue and 2 colour flow
    (PS3.3 C.8.5.5); ``delta_mm`` is (row, column) in mm per pixel, None where it is not a usable length.
    """

    box: Box
    spatial_format: int | None
    data_type: int | None
    delta_mm: tuple[float, float] | None
    frequency_khz: float | None = None
    outside: bool = False

    @property
    def is_2d_image(self) -> bool:
        """True for a 2-D tissue or colour-flow region: where the picture of the breast is."""
        return self.spatial_format == 1 and self.data_type in {1, 2}


@dataclass(frozen=True, slots=True)
class CineInfo:
    """What one file holds, without anything that names a person.

    ``n_frames`` is the number of frames really there, ``header_n_frames`` what the header claims (None when
    silent). ``colour`` is True when frames carry three channels (a grey picture may be stored so).
    ``frame_times_ms`` are cumulative from the first frame and present only when every frame has its own.
    ``spacing_mm`` is (row, column) in mm. ``defects`` are sentences. ``acquisition`` holds whitelisted facts
    only, ``identifier_digests`` keyed digests only (empty without a key).
    """

    kind: Kind
    n_frames: int
    header_n_frames: int | None
    height: int
    width: int
    colour: bool
    fps: float | None
    frame_times_ms: tuple[float, ...] | None
    timing_source: TimingSource
    spacing_mm: tuple[float, float] | None
    spacing_source: SpacingSource
    source_sha256: str
    source_bytes: int
    source_format: str
    regions: tuple[Region, ...] = ()
    defects: tuple[str, ...] = ()
    transfer_syntax: str | None = None
    sop_class: str | None = None
    photometric: str | None = None
    burned_in_annotation: str | None = None
    laterality: str | None = None
    acquisition: Mapping[str, str | float] = field(default_factory=lambda: MappingProxyType({}))
    identifier_digests: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_still(self) -> bool:
        """True for a single picture: kept and shown, but not described over time."""
        return self.n_frames == 1


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """One frame on its way from a source: JPEG bytes that may pass as they are, or pixels.

    Exactly one of the two is set. ``jpeg`` is already free of every segment that could carry text.
    """

    jpeg: bytes | None = None
    pixels: Frame | None = None


@dataclass(frozen=True, slots=True)
class PackInfo:
    """What was written into a frame pack. ``blanked`` are the boxes really wiped (JPEG: whole blocks)."""

    n_frames: int
    height: int
    width: int
    colour: bool
    stored_as: str
    passed_through: int
    blanked: tuple[Box, ...]
    n_bytes: int
    sha256: str
    decoder: str
    format_version: int
