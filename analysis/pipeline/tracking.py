"""Rejection and interpolation: the detector's candidate boxes -> one lesion box a frame, or why not.

The steps and their numbers are SCIENCE 3.1, the record of a clip and the verdict on it SCIENCE 3.2. Frames
are 0-based, boxes half-open [x1, y1, x2, y2) in pixels. A rejected or missing box inside a short gap is
interpolated; nothing is extrapolated, and no box is invented where the detector was silent for long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.frame_shape import checked_shape
from analysis.pipeline.kernels.track_geometry import boxes_of, paired_iou, robust_lines, states
from analysis.pipeline.kernels.track_quality import (
    TrackEvidence,
    frame_counts,
    longest_segment,
    second_lesion_rate,
    segments,
    share,
    window_figures,
)
from analysis.pipeline.types import RepairedTrack

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Status = NDArray[np.str_]

OK, INTERP, MISSING, LOW_CONF = "ok", "interp", "missing", "low_conf"
JUMP_CENTRE, JUMP_SIZE, LOW_IOU = "jump_centre", "jump_size", "low_iou"
REJECTIONS = (LOW_CONF, JUMP_CENTRE, JUMP_SIZE, LOW_IOU)
STATUS_TEXT: Mapping[str, str] = {
    OK: "Found by the detector.",
    INTERP: "Interpolated between its neighbours.",
    MISSING: "No lesion found.",
    LOW_CONF: "The detector was too uncertain.",
    JUMP_CENTRE: "The box jumped away from the path of its neighbours.",
    JUMP_SIZE: "The box changed its size abruptly.",
    LOW_IOU: "The box overlaps too little with what its neighbours predict.",
}
CONFIDENCE_SLACK = 1e-6  # a float32 confidence may exceed 1 by rounding
SMOOTHING_FRAMES = 5


@dataclass(frozen=True, slots=True)
class TrackingParameters:
    """Every number of the repair; the defaults are those of the specification.

    Confidences and IoUs are in 0..1, sides in pixels, radius and gap in frames; the centre floor is a share
    of √(wh) of the predicted box, the size floor a difference of natural logarithms. With coverage_base
    "span" the coverage counts against the frames between the first and the last detection instead of the
    whole clip.
    """

    drop_confidence: float = 0.10
    min_confidence: float = 0.25
    min_side_px: float = 8.0
    neighbours: int = 10
    min_neighbours: int = 3
    radius: int = 15
    passes: int = 2
    sigmas: float = 3.0
    centre_floor: float = 0.15
    size_floor: float = 0.25
    min_iou: float = 0.30
    alternative_iou: float = 0.50
    max_gap: int = 5
    smooth: bool = False
    second_lesion_confidence: float = 0.50
    second_lesion_iou: float = 0.10
    border_px: float = 1.0
    coverage_base: Literal["clip", "span"] = "clip"

    def __post_init__(self) -> None:
        shares = {"drop_confidence", "min_confidence", "min_iou", "alternative_iou"}
        shares |= {"second_lesion_confidence", "second_lesion_iou"}
        for name in shares:
            _require_number(name, getattr(self, name), 0.0, 1.0)
        for name in ("min_side_px", "sigmas", "centre_floor", "size_floor", "border_px"):
            _require_number(name, getattr(self, name), 0.0, np.finfo(float).max)
        least = {"neighbours": 2, "min_neighbours": 2, "radius": 1, "passes": 0, "max_gap": 0}
        for name, low in least.items():
            _require_number(name, getattr(self, name), low, 10_000, whole=True)
        if self.coverage_base not in ("clip", "span"):
            raise InvalidInputError(f"Expected coverage_base clip or span, got {self.coverage_base!r}.")


@dataclass(frozen=True, slots=True)
class ComplianceLimits:
    """When a clip is not fit for the study; shares in 0..1. The last two only warn."""

    min_used: int = 16
    min_coverage: float = 0.60
    max_reject_rate: float = 0.30
    max_interp_rate: float = 0.20
    min_median_conf: float = 0.35
    warn_second_lesion_rate: float = 0.20
    warn_duplicate_frame_rate: float = 0.50


def repair(
    detections: Sequence[ArrayLike],
    frame_shape: tuple[int, int],
    *,
    duplicate_frames: ArrayLike | None = None,
    **parameters: Any,
) -> RepairedTrack:
    """One box a frame from raw detections, with the reason where there is none.

    detections: per frame a sequence of (x1, y1, x2, y2, confidence), possibly empty; frame_shape: (height,
    width); duplicate_frames: (T,) bool, whether a frame equals its predecessor, for the record only;
    parameters: fields of `TrackingParameters`.

    Dropped before anything else: candidates that, clipped to the frame, have a side under min_side_px (among
    them those with x2 <= x1 or outside the frame), and those under drop_confidence. An interpolated frame has
    the status `interp`; why it was rejected stays counted in `qc["reasons"]`. The window is (0, 0) without
    any box.

    Raises InvalidInputError for a frame shape that is not two positive whole numbers, a detection that is not
    five finite numbers, a confidence outside 0..1, and unknown or impossible parameters.
    """
    chosen = _parameters(parameters)
    height, width = checked_shape(frame_shape)
    candidates = tuple(
        _candidates(t, found, height, width, chosen) for t, found in enumerate(_frames(detections))
    )
    duplicates = _duplicate_rate(duplicate_frames, len(candidates))
    boxes, rejection = _accepted(candidates, chosen)
    confidence = boxes[:, 4].copy()
    final, status = _interpolated(boxes[:, :4], rejection, chosen.max_gap)
    if chosen.smooth:
        final = _smoothed(final)
    window = longest_segment(final, confidence)
    evidence = TrackEvidence(candidates, rejection, status, final, confidence, window, (height, width))
    return RepairedTrack(final, status, window, _record(evidence, duplicates, chosen))


# --- step 1 and 2: candidates ------------------------------------------------------------------------------


def _candidates(t: int, found: ArrayLike, height: int, width: int, chosen: TrackingParameters) -> Float:
    """Usable candidates of one frame, (n, 5) clipped to the frame, by falling confidence (stable)."""
    boxes = _checked_detections(t, found)
    boxes[:, :4] = np.clip(boxes[:, :4], 0.0, [width, height, width, height])
    side = (boxes[:, 2:4] - boxes[:, 0:2]).min(axis=1, initial=np.inf)
    boxes = boxes[(side >= chosen.min_side_px) & (side > 0) & (boxes[:, 4] >= chosen.drop_confidence)]
    return boxes[np.argsort(-boxes[:, 4], kind="stable")]


def _accepted(candidates: tuple[Float, ...], chosen: TrackingParameters) -> tuple[Float, Status]:
    """(T, 5) accepted boxes with confidence, NaN elsewhere, and the (T,) status before interpolation."""
    current = np.full((len(candidates), 5), np.nan)
    status = np.full(len(candidates), MISSING, dtype="U11")
    for t, found in enumerate(candidates):
        if len(found):
            current[t] = found[0]
            status[t] = OK if found[0, 4] >= chosen.min_confidence else LOW_CONF
    for _ in range(chosen.passes):
        if not _reject_outliers(current, status, candidates, chosen):
            break
    current[status != OK] = np.nan
    return current, status


# --- step 3: outliers --------------------------------------------------------------------------------------


def _reject_outliers(
    current: Float, status: Status, candidates: tuple[Float, ...], chosen: TrackingParameters
) -> bool:
    """One pass over the accepted frames, in place; True when it changed anything."""
    ok = np.flatnonzero(status == OK)
    lines = robust_lines(
        ok,
        states(current[ok]),
        neighbours=chosen.neighbours,
        least=chosen.min_neighbours,
        radius=chosen.radius,
    )
    limits = _limits(lines.predicted, lines.sigma, chosen)
    reasons = _reasons(current[ok], lines.predicted, limits, chosen.min_iou)
    for i in np.flatnonzero(reasons != OK):
        t, around = int(ok[i]), (lines.predicted[i], limits[i])
        other = _alternative(candidates[t], current[t], *around, chosen)
        if other is None:
            status[t] = reasons[i]
        else:
            current[t] = other
    return bool((reasons != OK).any())


def _limits(predicted: Float, sigma: Float, chosen: TrackingParameters) -> Float:
    """(N, 4) largest tolerated differences of (cx, cy, ln w, ln h) from the prediction."""
    centre = chosen.centre_floor * np.exp(predicted[:, 2:4].mean(axis=1))
    floor = np.stack([centre, centre, *[np.full(len(centre), chosen.size_floor)] * 2], axis=1)
    return np.maximum(chosen.sigmas * sigma, floor)


def _reasons(boxes: Float, predicted: Float, limits: Float, min_iou: float) -> Status:
    """(N,) why each box disagrees with the prediction, or `ok`; without a prediction it is `ok`."""
    beyond = np.abs(states(boxes) - predicted) > limits
    overlap = paired_iou(boxes, boxes_of(predicted))
    reasons = np.full(len(boxes), OK, dtype="U11")
    reasons[overlap < min_iou] = LOW_IOU
    reasons[beyond[:, 2:].any(axis=1)] = JUMP_SIZE
    reasons[beyond[:, :2].any(axis=1)] = JUMP_CENTRE
    return reasons


def _alternative(
    found: Float, rejected: Float, predicted: Float, limits: Float, chosen: TrackingParameters
) -> Float | None:
    """The most confident other candidate of the frame that agrees with the prediction, or None."""
    others = found[(found[:, 4] >= chosen.min_confidence) & (found != rejected).any(axis=1)]
    overlap = paired_iou(others, boxes_of(predicted[None]))
    agree = _reasons(others, predicted[None], limits[None], chosen.min_iou) == OK
    fitting = others[agree & (overlap >= chosen.alternative_iou)]
    return fitting[0] if len(fitting) else None


# --- step 4: gaps ------------------------------------------------------------------------------------------


def _interpolated(boxes: Float, rejection: Status, max_gap: int) -> tuple[Float, Status]:
    """Fill gaps of at most max_gap frames between accepted ones: centre linearly, sides geometrically."""
    filled, status = boxes.copy(), rejection.copy()
    state = states(boxes)
    for start, stop in segments(rejection != OK):
        if start == 0 or stop == len(boxes) or stop - start > max_gap:
            continue
        weight = (np.arange(start, stop) - start + 1)[:, None] / (stop - start + 1)
        filled[start:stop] = boxes_of((1 - weight) * state[start - 1] + weight * state[stop])
        status[start:stop] = INTERP
    return filled, status


def _smoothed(boxes: Float) -> Float:
    """Running median of five over the states of each contiguous stretch."""
    smooth = boxes.copy()
    for start, stop in segments(np.isfinite(boxes[:, 0])):
        state = median_filter(states(boxes[start:stop]), size=(SMOOTHING_FRAMES, 1), mode="nearest")
        smooth[start:stop] = boxes_of(state)
    return smooth


# --- record and verdict ------------------------------------------------------------------------------------


def _record(
    evidence: TrackEvidence, duplicates: float | None, chosen: TrackingParameters
) -> dict[str, object]:
    """The quality record, JSON-ready, with the verdict under the standard limits."""
    rate = second_lesion_rate(evidence.candidates, chosen.second_lesion_confidence, chosen.second_lesion_iou)
    qc: dict[str, object] = {
        **frame_counts(evidence, REJECTIONS, chosen.coverage_base == "span"),
        **window_figures(evidence, chosen.border_px),
        "duplicate_frame_rate": duplicates,
        "second_lesion_rate": rate,
    }
    failed = non_compliance(qc)
    return {**qc, "compliant": not failed, "non_compliance": list(failed), "warnings": list(warnings(qc))}


def non_compliance(qc: Mapping[str, Any], limits: ComplianceLimits | None = None) -> tuple[str, ...]:
    """Keys of the record that make the clip unfit for the study, in order; empty when it is fit."""
    limits = limits or ComplianceLimits()
    failed = {
        "used": qc["used"] < limits.min_used,
        "coverage": qc["coverage"] < limits.min_coverage,
        "reject_rate": qc["reject_rate"] > limits.max_reject_rate,
        "interp_rate": qc["interp_rate"] > limits.max_interp_rate,
        "median_conf": qc["median_conf"] < limits.min_median_conf,
    }
    return tuple(key for key, bad in failed.items() if bad)


def warnings(qc: Mapping[str, Any], limits: ComplianceLimits | None = None) -> tuple[str, ...]:
    """Keys of the record that deserve a second look but do not exclude the clip."""
    limits = limits or ComplianceLimits()
    raised = {
        "second_lesion_rate": qc["second_lesion_rate"] > limits.warn_second_lesion_rate,
        "duplicate_frame_rate": (qc["duplicate_frame_rate"] or 0.0) > limits.warn_duplicate_frame_rate,
    }
    return tuple(key for key, bad in raised.items() if bad)


def sentences(qc: Mapping[str, Any], limits: ComplianceLimits | None = None) -> tuple[str, ...]:
    """Reasons against the clip, then warnings, as short sentences for people."""
    limits = limits or ComplianceLimits()
    texts = {
        "used": f"Only {qc['used']} frames in a row show the lesion; at least {limits.min_used} are needed.",
        "coverage": f"The lesion is followed in {qc['coverage']:.0%} of the frames; "
        f"at least {limits.min_coverage:.0%} is needed.",
        "reject_rate": f"{qc['reject_rate']:.0%} of the found boxes were rejected; "
        f"at most {limits.max_reject_rate:.0%} is allowed.",
        "interp_rate": f"{qc['interp_rate']:.0%} of the used frames are interpolated; "
        f"at most {limits.max_interp_rate:.0%} is allowed.",
        "median_conf": f"The detector's median confidence is {qc['median_conf']:.2f}; "
        f"at least {limits.min_median_conf:.2f} is needed.",
        "second_lesion_rate": f"A second lesion is seen in {qc['second_lesion_rate']:.0%} of the frames.",
        "duplicate_frame_rate": f"{qc['duplicate_frame_rate'] or 0:.0%} of the frames repeat the one before: "
        "the clip may be frozen.",
    }
    return tuple(texts[key] for key in (*non_compliance(qc, limits), *warnings(qc, limits)))


# --- checks ------------------------------------------------------------------------------------------------


def _parameters(given: Mapping[str, Any]) -> TrackingParameters:
    known = {field.name for field in fields(TrackingParameters)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise InvalidInputError(f"Expected parameters among {sorted(known)}, got {unknown}.")
    return TrackingParameters(**given)


def _require_number(name: str, value: object, low: float, high: float, whole: bool = False) -> None:
    kind = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= float(value) <= high:
        wanted = "a whole number" if whole else "a number"
        raise InvalidInputError(f"Expected {name} as {wanted} from {low:g} to {high:g}, got {value!r}.")


def _frames(detections: Sequence[ArrayLike]) -> list[ArrayLike]:
    try:
        return list(detections)
    except TypeError as error:
        raise InvalidInputError(f"Expected one sequence of boxes a frame, got {detections!r}.") from error


def _checked_detections(t: int, found: ArrayLike) -> Float:
    """(n, 5) float64 copy of one frame's detections; raises InvalidInputError naming the frame."""
    expected = f"frame {t}: expected detections (x1, y1, x2, y2, confidence), finite, confidence in 0..1"
    try:
        boxes = np.array(found, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"{expected}; got {found!r}.") from error
    if boxes.size == 0 and boxes.ndim in (1, 2):
        return np.empty((0, 5))
    if boxes.ndim != 2 or boxes.shape[1] != 5:
        raise InvalidInputError(f"{expected}; got an array of shape {boxes.shape}.")
    confident = (boxes[:, 4] >= 0) & (boxes[:, 4] <= 1 + CONFIDENCE_SLACK)
    if not np.isfinite(boxes).all() or not confident.all():
        raise InvalidInputError(f"{expected}; got {boxes.tolist()}.")
    return boxes


def _duplicate_rate(duplicate_frames: ArrayLike | None, n_frames: int) -> float | None:
    """Share of the frames after the first that equal their predecessor; None when nobody looked."""
    if duplicate_frames is None:
        return None
    flags = np.asarray(duplicate_frames)
    if flags.shape != (n_frames,) or flags.dtype != np.bool_:
        raise InvalidInputError(
            f"Expected duplicate_frames as ({n_frames},) bool, got {flags.dtype} {flags.shape}."
        )
    return share(int(flags[1:].sum()), max(n_frames - 1, 0))
