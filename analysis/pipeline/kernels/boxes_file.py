"""The JSON file of a clip's boxes: written by detection, corrected by hand or by other programs, read for
description.

`{"fps", "width", "height", "n_frames", "frames": [{"frame": 0, "boxes": [[x1, y1, x2, y2, confidence]]}]}`;
frames that are not listed have no box.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.pipeline.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class BoxesFile:
    """What the file says; `found` maps 0-based frames to their boxes [x1, y1, x2, y2, confidence]."""

    fps: float | None
    width: int
    height: int
    n_frames: int
    found: Mapping[int, list[list[float]]]

    def detections(self) -> list[list[list[float]]]:
        """One list of boxes a frame, empty where there is none."""
        return [self.found.get(t, []) for t in range(self.n_frames)]


def read_boxes(text: str) -> BoxesFile:
    """Parse and check the file; nothing is allocated by its claims.

    Raises InvalidInputError naming the field that is missing, of another type, out of range or given twice.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"The boxes file is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise InvalidInputError(
            "The boxes file must be one JSON object with fps, width, height, n_frames, frames."
        )
    width, height, n_frames = (_count(document, name) for name in ("width", "height", "n_frames"))
    return BoxesFile(_rate(document.get("fps")), width, height, n_frames, _found(document, n_frames))


def _count(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidInputError(f"Boxes file: expected {name} as a positive whole number, got {value!r}.")
    return value


def _rate(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise InvalidInputError(f"Boxes file: expected fps as a positive number or null, got {value!r}.")
    return float(value)


def _found(document: dict[str, Any], n_frames: int) -> dict[int, list[list[float]]]:
    frames = document.get("frames")
    if not isinstance(frames, list):
        raise InvalidInputError(f"Boxes file: expected frames as a list, got {type(frames).__name__}.")
    found: dict[int, list[list[float]]] = {}
    for entry in frames:
        t, boxes = _entry(entry, n_frames)
        if t in found:
            raise InvalidInputError(f"Boxes file: frame {t} is listed twice.")
        found[t] = boxes
    return found


def _entry(entry: object, n_frames: int) -> tuple[int, list[list[float]]]:
    t = entry.get("frame") if isinstance(entry, dict) else None
    if not isinstance(t, int) or isinstance(t, bool) or not 0 <= t < n_frames:
        raise InvalidInputError(
            f"Boxes file: expected entries with a frame from 0 to {n_frames - 1}, got {entry!r:.200}."
        )
    boxes = entry.get("boxes") if isinstance(entry, dict) else None
    if not isinstance(boxes, list) or not all(_is_box(box) for box in boxes):
        raise InvalidInputError(
            f"Boxes file: frame {t}: expected a list of [x1, y1, x2, y2, confidence], got {boxes!r:.200}."
        )
    return t, boxes


def _is_box(box: object) -> bool:
    numbers = isinstance(box, list) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in box
    )
    return numbers and isinstance(box, list) and len(box) == 5
