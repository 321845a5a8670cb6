"""How steady the detector is over time: before and after the repair of tracks, with and without test-time
options.

Run: ``python -m tests.benchmarks.bench_detector_cine [--data DIR] [--split SPLIT]``. Synthetic cines carry
their truth; pseudo-cines are held-out real stills that move, zoom and change gain smoothly, truth moving with
them. None of them was used in training.

``--split validation`` takes validation stills and other synthetic seeds instead, and compares thresholds of
the repair: choices are made there, never on the held-out part.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from analysis.pipeline.detector import Box5, Detector, load_detector
from analysis.pipeline.kernels.box_geometry import iou_matrix
from analysis.pipeline.kernels.detector_dataset import (
    LabelledStill,
    heldout,
    read_grey,
    read_manifest,
    training_split,
)
from analysis.pipeline.synthesis import draw_scene_parameters, synthesise_cine
from analysis.pipeline.tracking import non_compliance, repair

SYNTHETIC_SEEDS = {"heldout": tuple(range(9001, 9013)), "validation": tuple(range(8001, 8013))}
STILLS = {"heldout": 16, "validation": 51}
FREE_CINES_A_STILL = 3  # pseudo-cines of a still without lesion
FRAMES = 48
MIN_CONFIDENCES = {"heldout": (0.25,), "validation": (0.25, 0.19, 0.15, 0.10)}
SMALLEST_PSEUDO_PART = 0.6  # of a still that stays in view
STEADY_IOU, JUMP_IOU = 0.7, 0.3  # truth moved little, boxes moved much


@dataclass(frozen=True, slots=True)
class TruthCine:
    """Frames (T, H, W) uint8 and truth boxes (T, 4), NaN where there is no lesion."""

    name: str
    frames: np.ndarray
    boxes: np.ndarray


def synthetic(seed: int, frames: int = FRAMES) -> TruthCine:
    """One named synthetic cine: the seed is the name."""
    rng = np.random.default_rng(seed)
    scene = draw_scene_parameters(
        rng, size_mm=float(rng.uniform(8, 25)), her2_positive=bool(seed % 2), effect=0.35, n_frames=frames
    )
    cine = synthesise_cine(scene, rng)
    return TruthCine(f"synthetic-{seed}", cine.frames, cine.boxes)


def _smooth(rng: np.random.Generator, frames: int, strength: float) -> np.ndarray:
    """A smooth random course (T,) in -strength..strength: two slow sines."""
    t = np.arange(frames) / frames * 2 * np.pi
    waves = [np.sin(t * rng.uniform(0.5, 2) + rng.uniform(0, 2 * np.pi)) for _ in range(2)]
    return strength * (waves[0] + waves[1]) / 2


def pseudo(still: LabelledStill, seed: int, frames: int = FRAMES) -> TruthCine:
    """A real still that the probe seems to move over: pan, zoom, gain, fresh noise in every frame."""
    rng, image = np.random.default_rng(seed), read_grey(still.file)
    height, width = image.shape
    pan_x, pan_y = _smooth(rng, frames, 0.08) * width, _smooth(rng, frames, 0.05) * height
    zoom, gain = np.exp(_smooth(rng, frames, 0.12)), _smooth(rng, frames, 18)
    moved, boxes = [], []
    for t in range(frames):
        shift = np.array([pan_x[t] + (1 - zoom[t]) * width / 2, pan_y[t] + (1 - zoom[t]) * height / 2])
        matrix = np.array([[zoom[t], 0, shift[0]], [0, zoom[t], shift[1]]])
        frame = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR).astype(np.float32)
        noise = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 1.2)
        moved.append(np.clip((frame + gain[t]) * (1 + 0.25 * noise), 0, 255) * (frame > 0))
        box = still.boxes[0] * zoom[t] + np.tile(shift, 2) if len(still.boxes) else np.full(4, np.nan)
        boxes.append(np.clip(box, 0, [width, height] * 2))
    kind = "pseudo" if len(still.boxes) else "pseudo without lesion"
    return TruthCine(f"{kind}-{still.file.stem}", np.array(moved, np.uint8), np.array(boxes))


def figures(boxes: np.ndarray, cine: TruthCine) -> dict[str, float]:
    """Figures of the boxes of one cine.

    coverage: part of the frames with a lesion that have a box; mean_iou: over frames with a lesion, 0 without
    a box; kept_iou: over frames with both; right: part of the frames with a lesion with an overlap of at
    least 0.5; jumps_per_100: pairs of frames in which the box moved far though the lesion did not;
    false_frames: part of the frames without a lesion that have a box.
    """
    ill, found = np.isfinite(cine.boxes[:, 0]), np.isfinite(boxes[:, 0])
    both = ill & found
    overlap = np.zeros(len(boxes))
    overlap[both] = [
        iou_matrix(a[None], b[None])[0, 0] for a, b in zip(boxes[both], cine.boxes[both], strict=True)
    ]
    pairs = [
        t for t in range(len(boxes) - 1) if both[t] and both[t + 1] and _iou(cine.boxes, t) >= STEADY_IOU
    ]
    jumps = sum(_iou(boxes, t) < JUMP_IOU for t in pairs)
    return {
        "coverage": float(both.sum() / max(1, ill.sum())),
        "mean_iou": float(overlap[ill].mean()) if ill.any() else float("nan"),
        "kept_iou": float(overlap[both].mean()) if both.any() else float("nan"),
        "right": float((overlap[ill] >= 0.5).mean()) if ill.any() else float("nan"),
        "jumps_per_100": 100 * jumps / max(1, len(pairs)),
        "false_frames": float((found & ~ill).sum() / max(1, (~ill).sum())) if (~ill).any() else float("nan"),
    }


def _iou(boxes: np.ndarray, t: int) -> float:
    return float(iou_matrix(boxes[t][None], boxes[t + 1][None])[0, 0])


def best_boxes(found: list[list[Box5]], cutoff: float) -> np.ndarray:
    """The most certain box of each frame at or above the cut-off, (T, 4), NaN where there is none."""
    return np.array([list(b[0][:4]) if b and b[0][4] >= cutoff else [np.nan] * 4 for b in found])


Outcome = dict[tuple[str, float], dict[str, float]]


def judge(detector: Detector, cine: TruthCine, *, flip: bool, confidences: tuple[float, ...]) -> Outcome:
    """Figures of one cine before the repair, and after it with each least confidence."""
    found = detector.detect(list(cine.frames), flip=flip)
    cutoff = detector.info.confidence
    outcome = {("before", cutoff): figures(best_boxes(found, cutoff), cine)}
    for least in confidences:
        repaired = repair(found, cine.frames.shape[1:], min_confidence=least)
        compliant = float(not non_compliance(repaired.qc))
        outcome["after", least] = figures(repaired.boxes, cine) | {"compliant": compliant}
    return outcome


def cines(data: Path | None, split: str) -> Iterator[TruthCine]:
    """The synthetic set, then pseudo-cines of stills with one lesion that leaves room to move, and of those
    without any."""
    yield from map(synthetic, SYNTHETIC_SEEDS[split])
    if data is None:
        return
    stills = read_manifest(data)
    stills = heldout(stills) if split == "heldout" else training_split(stills)[1]
    fitting = [
        still
        for still in stills
        if len(still.boxes) == 1
        and (still.boxes[0, 2:] - still.boxes[0, :2]).max() < SMALLEST_PSEUDO_PART * still.width
    ]
    order = np.random.default_rng(4).permutation(len(fitting))[: STILLS[split]]
    yield from (pseudo(fitting[i], seed=int(i)) for i in order)
    free = [still for still in stills if not len(still.boxes)]
    yield from (
        pseudo(still, seed=1000 * turn + i)
        for i, still in enumerate(free)
        for turn in range(FREE_CINES_A_STILL)
    )


def run(data: Path | None, split: str = "heldout") -> list[dict[str, object]]:
    """Mean figures by kind of cine, option and stage."""
    detector = load_detector(threads=1)
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    for cine in cines(data, split):
        for option in ("plain", "mirrored average"):
            key = (cine.name.partition("-")[0], option)
            judged = judge(detector, cine, flip=option != "plain", confidences=MIN_CONFIDENCES[split])
            outcomes.setdefault(key, []).append(judged)
    return [
        {"cines": kind, "n": len(judged), "option": option, "stage": stage, "least": least, **means}
        for (kind, option), judged in outcomes.items()
        for stage, least in judged[0]
        for means in [_means([outcome[stage, least] for outcome in judged])]
    ]


def _means(rows: list[dict[str, float]]) -> dict[str, float | None]:
    """Mean of each figure over the cines that have it, None where none has."""
    means: dict[str, float | None] = {}
    for name in FIGURES:
        values = [row[name] for row in rows if np.isfinite(row.get(name, np.nan))]
        means[name] = float(np.mean(values)) if values else None
    return means


FIGURES = {
    "coverage": "coverage",
    "mean_iou": "mean IoU",
    "kept_iou": "mean IoU of boxes there",
    "right": "IoU ≥ 0.5",
    "jumps_per_100": "jumps per 100",
    "false_frames": "boxes in lesion-free frames",
    "compliant": "compliant",
}


def as_table(rows: list[dict[str, object]]) -> list[str]:
    """Markdown of the rows."""
    names = ["cines", "n", "option", "repair", "confidence from", *FIGURES.values()]
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in rows:
        cells = [f"{row['cines']} | {row['n']} | {row['option']} | {row['stage']} | {row['least']:.2f}"]
        cells += ["–" if row[name] is None else f"{row[name]:.3f}" for name in FIGURES]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def page(data: Path | None) -> list[str]:
    """The section of the detector's page."""
    return [*ABOUT.splitlines(), "", *as_table(run(data))]


ABOUT = """Means over synthetic cines (seeds 9001 to 9012, not seen in training), pseudo-cines (held-out real
stills with one lesion that pan, zoom, change gain and carry fresh noise in every frame) and such cines of
held-out stills without a lesion; 48 frames each. Before: the most certain box from the operating point on.
After: the repaired track. Compliant: share of the cines that the repair finds fit for a study. Real cines
with boxes were not available."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="folder with manifest.csv, for pseudo-cines")
    parser.add_argument("--split", choices=tuple(STILLS), default="heldout")
    options = parser.parse_args()
    print("\n".join(as_table(run(options.data, options.split))))


if __name__ == "__main__":
    main()
