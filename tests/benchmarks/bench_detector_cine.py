"""How steady the detector is over time: before and after the repair of tracks, with and without test-time
options.

Run: ``python -m tests.benchmarks.bench_detector_cine [--data DIR] [--json FILE]``. Synthetic cines carry
their truth; pseudo-cines are held-out real stills that move, zoom and change gain smoothly, truth moving with
them. None of them was used in training.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from analysis.pipeline.detector import Box5, Detector, load_detector
from analysis.pipeline.errors import PipelineError
from analysis.pipeline.kernels.box_geometry import iou_matrix
from analysis.pipeline.kernels.detector_dataset import LabelledStill, heldout, read_grey, read_manifest
from analysis.pipeline.synthesis import draw_scene_parameters, synthesise_cine
from analysis.pipeline.tracking import repair

SYNTHETIC_SEEDS = tuple(range(9001, 9013))
STILLS = 16
FRAMES = 48
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
        box = still.boxes[0] * zoom[t] + np.tile(shift, 2)
        boxes.append(np.clip(box, 0, [width, height] * 2))
    return TruthCine(f"pseudo-{still.file.stem}", np.array(moved, np.uint8), np.array(boxes))


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


def judge(detector: Detector, cine: TruthCine, *, flip: bool) -> dict[str, dict[str, float]]:
    """Figures of one cine before and after the repair."""
    found = detector.detect(list(cine.frames), flip=flip)
    outcome = {"before": figures(best_boxes(found, detector.info.confidence), cine)}
    try:
        repaired = repair(found, cine.frames.shape[1:]).boxes
    except PipelineError:
        repaired = np.full((len(found), 4), np.nan)
    outcome["after"] = figures(repaired, cine)
    return outcome


def cines(data: Path | None) -> Iterator[TruthCine]:
    """The synthetic set, then the pseudo-cines of held-out stills with one lesion that leaves room to
    move."""
    yield from map(synthetic, SYNTHETIC_SEEDS)
    if data is None:
        return
    fitting = [
        still
        for still in heldout(read_manifest(data))
        if len(still.boxes) == 1
        and (still.boxes[0, 2:] - still.boxes[0, :2]).max() < SMALLEST_PSEUDO_PART * still.width
    ]
    order = np.random.default_rng(4).permutation(len(fitting))[:STILLS]
    yield from (pseudo(fitting[i], seed=int(i)) for i in order)


def run(data: Path | None) -> list[dict[str, object]]:
    """Mean figures by kind of cine, option and stage."""
    detector, rows = load_detector(threads=1), []
    outcomes: dict[tuple[str, str], list[dict[str, dict[str, float]]]] = {}
    for cine in cines(data):
        for option in ("plain", "mirrored average"):
            key = (cine.name.partition("-")[0], option)
            outcomes.setdefault(key, []).append(judge(detector, cine, flip=option != "plain"))
    for (kind, option), judged in outcomes.items():
        for stage in ("before", "after"):
            means = {
                name: float(np.nanmean([o[stage][name] for o in judged]))
                for name in ("coverage", "mean_iou", "kept_iou", "right", "jumps_per_100")
            }
            false = [o[stage]["false_frames"] for o in judged if np.isfinite(o[stage]["false_frames"])]
            rows.append(
                {
                    "cines": kind,
                    "n": len(judged),
                    "option": option,
                    "stage": stage,
                    **means,
                    "false_frames": float(np.mean(false)) if false else None,
                }
            )
    return rows


def as_table(rows: list[dict[str, object]]) -> str:
    """Markdown of the rows."""
    lines = [
        "| cines | n | option | repair | coverage | mean IoU | mean IoU of boxes there | IoU ≥ 0.5 "
        "| jumps per 100 | boxes in lesion-free frames |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        false = "–" if row["false_frames"] is None else f"{row['false_frames']:.2f}"
        lines.append(
            f"| {row['cines']} | {row['n']} | {row['option']} | {row['stage']} | {row['coverage']:.3f} | "
            f"{row['mean_iou']:.3f} | {row['kept_iou']:.3f} "
            f"| {row['right']:.3f} | {row['jumps_per_100']:.2f} | {false} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="folder with manifest.csv, for pseudo-cines")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    rows = run(options.data)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(as_table(rows))


if __name__ == "__main__":
    main()
