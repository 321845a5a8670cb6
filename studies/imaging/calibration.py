"""Ultrasound regions and pixel spacing: (0018,6011) first, else (0028,0030); never a guess (SCIENCE 1.2)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from studies.imaging.limits import MAX_SPACING_MM, MIN_SPACING_MM
from studies.imaging.types import NOT_RECORDED, Region, SpacingSource

_CENTIMETRE = 3
_MM_PER_CM = 10.0
_AGREEMENT = 0.01
_EDGE_TOLERANCE_PX = 1


@dataclass(frozen=True, slots=True)
class Calibration:
    """Regions, (row, column) spacing in mm, depth of the 2-D picture in mm, and what was odd."""

    regions: tuple[Region, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    source: SpacingSource = NOT_RECORDED
    depth_mm: float | None = None
    defects: tuple[str, ...] = ()


def _number(item: Dataset, keyword: str) -> float | None:
    try:
        return float(item[keyword].value)
    except Exception:  # pydicom raises a dozen kinds for one garbled value, which then counts as absent
        return None


def _integer(item: Dataset, keyword: str) -> int | None:
    value = _number(item, keyword)
    return None if value is None or value != value or abs(value) > 2**32 else int(value)


def _delta(item: Dataset, defects: list[str]) -> tuple[float, float] | None:
    """(row, column) mm per pixel of one region; its sign is a direction (PS3.3 C.8.5.5)."""
    units = _integer(item, "PhysicalUnitsXDirection"), _integer(item, "PhysicalUnitsYDirection")
    dy, dx = _number(item, "PhysicalDeltaY"), _number(item, "PhysicalDeltaX")
    if dy is None or dx is None:
        return None
    if units != (_CENTIMETRE, _CENTIMETRE):
        defects.append("The region of the picture is not calibrated in centimetres.")
        return None
    if dx < 0 or dy < 0:
        defects.append("A pixel size is negative (it tells a direction); its absolute value was used.")
    row, column = abs(dy) * _MM_PER_CM, abs(dx) * _MM_PER_CM
    if not all(MIN_SPACING_MM <= v <= MAX_SPACING_MM for v in (row, column)):
        defects.append(f"The pixel size of {row:.4g} × {column:.4g} mm is impossible, so it was not used.")
        return None
    return row, column


def _region(item: Dataset, height: int, width: int, defects: list[str]) -> tuple[Region, int] | None:
    """One region clipped to the image, and its own height in pixels before clipping."""
    found = [_integer(item, f"RegionLocation{c}") for c in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
    corners = [c for c in found if c is not None]
    if len(corners) != 4:
        return None
    x1, y1, x2, y2 = corners[0], corners[1], corners[2] + 1, corners[3] + 1  # the header's are inclusive
    box = (min(max(x1, 0), width), min(max(y1, 0), height), min(max(x2, 0), width), min(max(y2, 0), height))
    outside = x1 < 0 or y1 < 0 or x2 > width + _EDGE_TOLERANCE_PX or y2 > height + _EDGE_TOLERANCE_PX
    spatial, data = _integer(item, "RegionSpatialFormat"), _integer(item, "RegionDataType")
    image = spatial == 1 and data in {1, 2}
    delta = _delta(item, defects) if image else None
    region = Region(box, spatial, data, delta, _number(item, "TransducerFrequency"), outside)
    return region, max(y2 - y1, 0)


def _pixel_spacing(header: Dataset) -> tuple[float, float] | None:
    value = header.get("PixelSpacing")
    try:
        row, column = (float(v) for v in value)
    except (TypeError, ValueError):
        return None
    return (row, column) if all(MIN_SPACING_MM <= v <= MAX_SPACING_MM for v in (row, column)) else None


def _same(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(abs(x - y) <= _AGREEMENT * max(x, y) for x, y in zip(a, b, strict=True))


def _choose(regions: list[Region], defects: list[str]) -> tuple[float, float] | None:
    """Spacing of the tissue regions, else of the colour-flow ones; None when they contradict each other."""
    for data_type in (1, 2):
        found = [r.delta_mm for r in regions if r.is_2d_image and r.data_type == data_type and r.delta_mm]
        if not found:
            continue
        if all(_same(found[0], other) for other in found):
            return found[0]
        defects.append("The regions of the picture have different pixel sizes, so none was used.")
        return None
    return None


def calibrate(header: Dataset, height: int, width: int) -> Calibration:
    """Regions and spacing of an image of ``height`` × ``width`` pixels."""
    defects: list[str] = []
    items = header.get("SequenceOfUltrasoundRegions") or []
    pairs = [p for p in (_region(item, height, width, defects) for item in items) if p]
    regions = [r for r, _ in pairs]
    if any(r.outside for r in regions if r.is_2d_image):
        defects.append(
            "A region of the header lies partly outside the picture, so the picture may have been resized or "
            "cropped after it was calibrated; check the pixel size."
        )
    spacing = _choose(regions, defects)
    source: SpacingSource = "PhysicalDelta" if spacing else NOT_RECORDED
    fallback = _pixel_spacing(header)
    if spacing is None and fallback:
        spacing, source = fallback, "PixelSpacing"
    elif spacing and fallback and not _same(spacing, fallback):
        defects.append("The two pixel sizes of the header differ; that of the ultrasound region was used.")
    depths = [rows * r.delta_mm[0] for r, rows in pairs if r.is_2d_image and r.delta_mm]
    depth = round(max(depths), 2) if depths and source == "PhysicalDelta" else None
    return Calibration(tuple(regions), spacing, source, depth, tuple(dict.fromkeys(defects)))
