"""What pages say of a detector: the card of the shipped one, the figures of a candidate beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analysis.models import ModelVersion
from analysis.reports.tables import Cell

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
SHIPPED = "lesion-yolov5n"
FIGURES = ("mAP50", "recall", "precision", "fp_per_image")
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its 95 % interval, where there is one."""

    value: float
    interval: Interval | None

    @property
    def text(self) -> str:
        """As printed: 0.817 [0.748, 0.881]."""
        low, high = self.interval or (None, None)
        return Cell(self.value, low, high, places=3).text


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """Name, SHA-256 of its file, what it was trained on, and its figures on images that it never saw.

    figures: in the order of ``FIGURES``, None where undefined; empty where nothing was judged.
    """

    name: str
    digest: str
    training_images: int
    n_images: int
    figures: tuple[Figure | None, ...]


@cache
def shipped_card() -> DetectorCard:
    """The card of the detector that comes with the program, read from the recipe beside its weights."""
    recipe = json.loads((WEIGHTS / f"{SHIPPED}.json").read_text(encoding="utf-8"))
    held_out = recipe.get("held_out") or {}
    return DetectorCard(
        name=SHIPPED,
        digest=recipe["files"][f"{SHIPPED}.onnx"],
        training_images=recipe["training"]["images"],
        n_images=held_out.get("n_images", 0),
        figures=_figures(held_out),
    )


def candidate_figures(version: ModelVersion) -> list[tuple[str, DetectorCard]]:
    """A candidate and the shipped detector on the same held-out patients: [("candidate", …), …]."""
    held_out = version.summary.get("held_out") or {}
    frames = int(version.training_snapshot.get("frames", 0))
    return [
        (
            name,
            DetectorCard(name, version.digest, frames, section.get("n_images", 0), _figures(section)),
        )
        for name, section in held_out.items()
    ]


def _figures(section: Mapping[str, Any]) -> tuple[Figure | None, ...]:
    intervals = section.get("intervals") or {}
    return tuple(_figure(section.get(name), intervals.get(name)) for name in FIGURES) if section else ()


def _figure(value: float | None, interval: Sequence[float | None] | None) -> Figure | None:
    if value is None:
        return None
    low, high = interval or (None, None)
    return Figure(value, None if low is None or high is None else (low, high))
