"""The quality record of a repaired track: plain numbers that can be stored as JSON (SCIENCE 3.2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.kernels.track_geometry import paired_iou

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Status = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class TrackEvidence:
    """What the record is computed from.

    candidates: per frame (n, 5) boxes with confidence, best first; rejection: (T,) status before
    interpolation; status: (T,) after it; boxes: (T, 4) final, NaN where none; confidence: (T,) of accepted
    boxes, NaN elsewhere; window: half-open; frame_shape: (height, width).
    """

    candidates: tuple[Float, ...]
    rejection: Status
    status: Status
    boxes: Float
    confidence: Float
    window: tuple[int, int]
    frame_shape: tuple[int, int]


def segments(present: Bool) -> list[tuple[int, int]]:
    """Half-open ranges of the contiguous True stretches of a (T,) mask, in order."""
    edges = np.diff(np.concatenate([[0], present.astype(np.int8), [0]]))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def longest_segment(boxes: Float, confidence: Float) -> tuple[int, int]:
    """The longest stretch of frames with a box; of equal ones that with the larger sum of confidences."""
    weight = np.nan_to_num(confidence)
    stretches = segments(np.isfinite(boxes[:, 0]))
    return max(stretches, key=lambda r: (r[1] - r[0], float(weight[r[0] : r[1]].sum())), default=(0, 0))


def share(part: int, whole: int) -> float:
    """part / whole, 0 when there is nothing to share."""
    return part / whole if whole else 0.0


def frame_counts(evidence: TrackEvidence, reasons: tuple[str, ...], over_span: bool) -> dict[str, object]:
    """Detection, rejection and coverage over the clip (or, for the coverage, first to last detection)."""
    n_frames = len(evidence.status)
    seen = np.flatnonzero(evidence.rejection != "missing")
    tally = {reason: int((evidence.rejection == reason).sum()) for reason in reasons}
    rejected = sum(tally.values())
    span = int(seen[-1] - seen[0] + 1) if over_span and seen.size else n_frames
    present = np.isfinite(evidence.boxes[:, 0])
    return {
        "n_frames": n_frames,
        "detected": int(seen.size),
        "detect_rate": share(int(seen.size), n_frames),
        "rejected": rejected,
        "reject_rate": share(rejected, int(seen.size)),
        "reasons": tally,
        "coverage": share(int(present.sum()), span),
        "segments": len(segments(present)),
    }


def window_figures(evidence: TrackEvidence, border_px: float) -> dict[str, object]:
    """Length, interpolation, confidence, steadiness and border contact inside the window."""
    start, stop = evidence.window
    used = stop - start
    boxes = evidence.boxes[start:stop]
    confidence = evidence.confidence[start:stop]
    accepted = confidence[np.isfinite(confidence)]
    interp = int((evidence.status[start:stop] == "interp").sum())
    height, width = evidence.frame_shape
    touching = (boxes[:, :2] < border_px).any(axis=1) | (
        boxes[:, 2:] > [width - border_px, height - border_px]
    ).any(axis=1)
    return {
        "start": start,
        "stop": stop,
        "used": used,
        "interp": interp,
        "interp_rate": share(interp, used),
        "median_conf": float(np.median(accepted)) if accepted.size else 0.0,
        "mean_step_iou": float(paired_iou(boxes[1:], boxes[:-1]).mean()) if used > 1 else 0.0,
        "border_touch_rate": share(int(touching.sum()), used),
    }


def second_lesion_rate(candidates: tuple[Float, ...], confidence: float, iou: float) -> float:
    """Share of the clip's frames with a confident box beside the best one (IoU with it under iou)."""
    frames = 0
    for found in candidates:
        others = found[1:][found[1:, 4] >= confidence] if len(found) > 1 else found[:0]
        frames += bool(len(others)) and bool((paired_iou(others, found[:1]) < iou).any())
    return share(frames, len(candidates))
