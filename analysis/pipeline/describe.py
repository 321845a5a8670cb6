"""One cine in order: frames and boxes -> masks -> 91 static features a frame -> curves -> 2,184 numbers.

Frames stream through: only crops of the lesion are kept, and only until their chunk is measured, so memory
does not grow with the clip. Decoding (the caller's iterator) and measuring overlap.
"""

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.dynamic_features import (
    analysis_window,
    bridged,
    describe_curves,
    fill_gaps,
    uniform_curves,
)
from analysis.pipeline.errors import CancelledError, InvalidInputError, UnusableClipError
from analysis.pipeline.exclusion import REASON_TEXT, frame_exclusion
from analysis.pipeline.frames import to_grey
from analysis.pipeline.kernels.clip_base import ClipBase
from analysis.pipeline.kernels.clip_ledger import ClipLedger
from analysis.pipeline.kernels.regions import guarded, reach_px, require_region
from analysis.pipeline.masks import box_masks, checked_boxes, crop_masks, crop_windows, ring_masks
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.pipeline.sensitivity import Clip, Condition, Extract
from analysis.pipeline.static_features import BackendName, extract_crops
from analysis.pipeline.static_features import extract as extract_static
from analysis.pipeline.types import ClipDescription, DescribeParameters, StaticFeatures

PIPELINE_VERSION = "1.0.0"  # raise it whenever the same input may give another number

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Frame = NDArray[np.uint8]

UNREADABLE = "The frame could not be read."
CHUNK_FRAMES = {"cpu": 16, "cuda": 64, "pyradiomics": 4}
MAX_THREADS = 4  # more do not help one clip, and each holds a chunk of crops
CROP_PAD_PX = 6  # local binary patterns read four pixels around the mask; the rest absorbs rounding
_SAMPLE = np.s_[::4, ::4]  # enough of a frame to tell whether it repeats the one before


def describe_clip(
    frames: Iterable[Frame | None],
    boxes: ArrayLike,
    *,
    fps: float | None,
    spacing_mm: tuple[float, float] | None,
    parameters: DescribeParameters | None = None,
    times_s: ArrayLike | None = None,
    known_static: Mapping[int, ArrayLike] | None = None,
    left_out: Mapping[int, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    backend: BackendName = "cpu",
    threads: int | None = None,
) -> ClipDescription:
    """Describe one clip by 91 static features a frame and 2,184 numbers in all.

    frames: T of them in order, (H, W) grey or (H, W, 3) RGB uint8, all of one size; None for one that could
    not be read, or that need not be because its row is known. boxes: (T, 4) float, half-open pixels, NaN
    where there is no lesion. fps: frames a second, None where unknown (the curves then count in cycles a
    frame). spacing_mm: (row, column), None where unknown (then 1 px). times_s: (T,) time stamps; uneven ones
    (over 10 %) are resampled. known_static: frame index to its stored (91,) row, for frames whose box,
    parameters and version did not change: they are not measured again. left_out: frame index to the reason
    why people left it out; it need not be decoded either. progress: called with (frames done,
    T); cancelled: asked before each frame. backend: of the static features; threads: that measure them, at
    most four.

    Frames without a box are missing. Frames with one that are unreadable, excluded or too small are bridged
    on the curve up to three in a row, longer stretches split the clip; the longest part is described.

    Raises InvalidInputError for arguments that do not fit together, CancelledError when `cancelled` says so,
    and UnusableClipError when fewer than 16 frames can be used or the clip lacks what the study's bases
    demand.
    """
    chosen = parameters or DescribeParameters()
    checked = checked_boxes(boxes)
    base = ClipBase.of(fps, spacing_mm, times_s, len(checked), chosen)
    require_region(chosen, spacing_mm)
    ledger = ClipLedger.of(checked, known_static, left_out)
    worker = _Measurer(ledger, checked, base.spacing_mm, chosen, backend, threads, spacing_mm)
    _stream(frames, worker, chosen, progress, cancelled)
    return _described(ledger, base, chosen)


def digest(
    parameters: DescribeParameters, boxes: ArrayLike, clip_digest: str, version: str = PIPELINE_VERSION
) -> str:
    """SHA-256 (hex) of all that a description depends on; two descriptions with one digest are the same.

    boxes: (T, 4), NaN where there is none; clip_digest: the digest of the clip's bytes.
    """
    checked = checked_boxes(boxes) + 0.0  # turns -0.0 into 0.0
    canonical = np.where(np.isnan(checked), np.nan, checked).astype("<f8")
    head = json.dumps([asdict(parameters), clip_digest, version, len(checked)], sort_keys=True)
    return hashlib.sha256(head.encode() + b"\0" + canonical.tobytes()).hexdigest()


def unchanged_frames(before: ArrayLike, after: ArrayLike) -> Bool:
    """(T,) bool: frames with the same box in both tracks, whose stored static row may be used again."""
    old, new = checked_boxes(before), checked_boxes(after)
    if old.shape != new.shape:
        raise InvalidInputError(f"Expected two tracks of one clip, got {len(old)} and {len(new)} frames.")
    return (old == new).all(axis=1)


def static_extractor(threads: int | None = None) -> Extract:
    """What `sensitivity.sensitivity` asks for, with a row of 91 static features a frame."""

    def extract(clip: Clip, condition: Condition) -> Float:
        shape = (clip.frames.shape[1], clip.frames.shape[2])
        masks = box_masks(clip.boxes, shape, condition.mask_kind, frames=clip.frames)
        return extract_static(
            clip.frames,
            masks,
            clip.spacing_mm or (1.0, 1.0),
            bin_width=condition.bin_width,
            bin_count=condition.bin_count,
            threads=threads,
        ).values

    return extract


def dynamic_extractor(parameters: DescribeParameters | None = None) -> Extract:
    """What `sensitivity.sensitivity` asks for, with 2,184 features a clip, NaN where it is unusable."""

    def extract(clip: Clip, condition: Condition) -> Float:
        chosen = replace(
            parameters or DescribeParameters(),
            mask_kind=condition.mask_kind,
            bin_width=condition.bin_width,
            bin_count=condition.bin_count,
        )
        try:
            described = describe_clip(
                clip.frames, clip.boxes, fps=clip.fps, spacing_mm=clip.spacing_mm, parameters=chosen
            )
        except UnusableClipError:
            return np.full(len(DYNAMIC_FEATURES), np.nan)
        return described.dynamic

    return extract


# --- streaming ---------------------------------------------------------------------------------------------


class _Measurer:
    """Takes frames one by one, measures them chunk by chunk in the background."""

    def __init__(
        self,
        ledger: ClipLedger,
        boxes: Float,
        spacing_mm: tuple[float, float],
        chosen: DescribeParameters,
        backend: BackendName,
        threads: int | None,
        known_spacing_mm: tuple[float, float] | None,
    ) -> None:
        self.ledger, self._boxes, self._spacing_mm, self._chosen = ledger, boxes, spacing_mm, chosen
        self._backend, self._known_spacing_mm = backend, known_spacing_mm
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        wanted = available if threads is None else threads
        if wanted < 1 or backend not in CHUNK_FRAMES:
            raise InvalidInputError(
                f"Expected a positive number of threads and a back end among {list(CHUNK_FRAMES)}."
            )
        self._workers = min(wanted, MAX_THREADS) if backend == "cpu" else 1
        self._pool = ThreadPoolExecutor(self._workers)
        self._pending: deque[tuple[list[int], Future[StaticFeatures]]] = deque()
        self._indices: list[int] = []
        self._crops: list[Frame] = []
        self._masks: list[Bool] = []
        self._shape: tuple[int, int] | None = None
        self._last: Frame | None = None

    def take(self, t: int, frame: Frame | None) -> None:
        """Judge and crop frame t; starts a measurement when a chunk is full."""
        if t >= len(self._boxes):
            raise InvalidInputError(f"Expected {len(self._boxes)} frames, as many as boxes; got more.")
        if frame is None:
            self._last = None
            if self.ledger.open(t):
                self.ledger.refuse(t, "unreadable", UNREADABLE)
            return
        self._check(t, frame)
        self._compare(frame)
        if self.ledger.open(t):
            self._crop(t, frame)

    def _crop(self, t: int, frame: Frame) -> None:
        # Marks in a ring count as marks over the lesion do.
        reach = reach_px(self._chosen, self._known_spacing_mm) * np.array([-1.0, -1.0, 1.0, 1.0])
        reason = frame_exclusion(frame, self._boxes[t] + reach) if self._chosen.exclude else ""
        if reason:
            self.ledger.refuse(t, reason, REASON_TEXT[reason])
            return
        crop, mask = self._region(self._boxes[t : t + 1], frame)
        self._indices.append(t)
        self._crops.append(crop)
        self._masks.append(mask)
        if len(self._indices) == CHUNK_FRAMES[self._backend]:
            self._submit()

    def _region(self, box: Float, frame: Frame) -> tuple[Frame, Bool]:
        """The pixels of one (1, 4) box that are measured, as a crop and its mask."""
        chosen, shape = self._chosen, frame.shape[:2]
        if chosen.region == "outside":
            return to_grey(frame[None])[0].copy(), ~box_masks(guarded(box), shape)[0]
        pad = CROP_PAD_PX + reach_px(chosen, self._known_spacing_mm)
        windows = crop_windows(box, shape, margin=chosen.margin, pad=pad)
        (top, left), (height, width) = windows.corners[0], windows.shape
        # A copy, so that the frame itself can go.
        crop = to_grey(frame[None, top : top + height, left : left + width])[0].copy()
        mask = crop_masks(box, windows, chosen.mask_kind, crops=crop[None], margin=chosen.margin)
        if chosen.ring_mm is not None and self._known_spacing_mm is not None:
            mask = ring_masks(mask, self._known_spacing_mm, chosen.ring_mm)
        return crop, mask[0]

    def _submit(self) -> None:
        if not self._indices:
            return
        future = self._pool.submit(
            extract_crops,
            self._crops,
            self._masks,
            self._spacing_mm,
            bin_width=self._chosen.bin_width,
            bin_count=self._chosen.bin_count,
            backend=self._backend,
            min_pixels=self._chosen.min_pixels,
            min_side_px=self._chosen.min_side_px,
            threads=1,
        )
        self._pending.append((self._indices, future))
        self._indices, self._crops, self._masks = [], [], []
        while len(self._pending) > self._workers + 1:
            self._collect()

    def _collect(self) -> None:
        indices, future = self._pending.popleft()
        self.ledger.store(indices, future.result())

    def _check(self, t: int, frame: Frame) -> None:
        usual = isinstance(frame, np.ndarray) and frame.dtype == np.uint8
        if not usual or not (frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 3)):
            got = f"{getattr(frame, 'dtype', type(frame).__name__)} {np.shape(frame)}"
            raise InvalidInputError(f"Frame {t}: expected uint8 (H, W) or (H, W, 3), got {got}.")
        if self._shape is not None and frame.shape[:2] != self._shape:
            raise InvalidInputError(
                f"Frame {t}: expected the size {self._shape} of the others, got {frame.shape[:2]}."
            )
        self._shape = (frame.shape[0], frame.shape[1])

    def _compare(self, frame: Frame) -> None:
        sample = frame[_SAMPLE].copy()
        if self._last is not None:
            self.ledger.compared += 1
            self.ledger.repeats += np.array_equal(sample, self._last)
        self._last = sample

    def finish(self) -> None:
        """Measure what is left."""
        self._submit()
        while self._pending:
            self._collect()

    def close(self) -> None:
        """Drop what is queued; a chunk under way ends by itself, and nobody waits for it."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _stream(
    frames: Iterable[Frame | None],
    worker: _Measurer,
    chosen: DescribeParameters,
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    total, done = len(worker.ledger.present), 0
    step = CHUNK_FRAMES["cpu"]
    try:
        for t, frame in enumerate(frames):
            if cancelled is not None and cancelled():
                raise CancelledError(f"Stopped after {done} of {total} frames, as asked.")
            worker.take(t, frame)
            done = t + 1
            if progress is not None and (done % step == 0 or done == total):
                progress(done, total)
        if done != total:
            raise InvalidInputError(f"Expected {total} frames, as many as boxes; got {done}.")
        worker.finish()
    finally:
        worker.close()


# --- curves ------------------------------------------------------------------------------------------------


def _described(ledger: ClipLedger, base: ClipBase, chosen: DescribeParameters) -> ClipDescription:
    window = analysis_window(ledger.present, ledger.valid, fixed_frames=chosen.fixed_frames)
    curves, fps, resampled = _curves(ledger, window, base)
    if chosen.fmax is not None and chosen.fmax > fps / 2 * (1 + 1e-9):
        raise UnusableClipError(
            f"The study compares frequencies up to {chosen.fmax:g}, but this clip has none over {fps / 2:g}; "
            "leave it out or lower the study's limit."
        )
    dynamic = describe_curves(curves, fps, fmax=chosen.fmax, window=chosen.window, detrend=chosen.detrend)
    measured = np.flatnonzero(ledger.valid)
    n_used = int(ledger.valid[slice(*window)].sum())
    gap = ledger.longest_gap
    return ClipDescription(
        frame_indices=measured.astype(np.int64),
        static=ledger.values[measured],
        reasons=dict(sorted(ledger.reasons.items())),
        window=window,
        fps=fps,
        time_base="hz" if base.hz else "cycles",
        resampled=resampled,
        spacing_mm=base.spacing_mm,
        spacing_base="mm" if base.mm else "px",
        dynamic=dynamic.reshape(len(DYNAMIC_FEATURES)),
        n_used=n_used,
        longest_gap=gap,
        qc=_record(ledger, window, n_used, gap),
        parameters=chosen,
        version=PIPELINE_VERSION,
    )


def _curves(ledger: ClipLedger, window: tuple[int, int], base: ClipBase) -> tuple[Float, float, bool]:
    part = slice(*window)
    curves = fill_gaps(ledger.values[part], ledger.valid[part])
    if base.times_s is None:
        return curves, base.fps, False
    uniform = uniform_curves(curves, base.times_s[part])
    return uniform.values, uniform.fps, uniform.resampled


def _record(ledger: ClipLedger, window: tuple[int, int], n_used: int, gap: int) -> dict[str, object]:
    start, stop = window
    bridges = bridged(ledger.present, ledger.valid)[start:stop]
    return {
        "n_frames": len(ledger.present),
        "with_box": int(ledger.present.sum()),
        "measured": int(ledger.valid.sum()),
        "reused": ledger.reused,
        "not_counted": dict(sorted(ledger.excluded.items())),
        "start": start,
        "stop": stop,
        "n_used": n_used,
        "bridged": int(bridges.sum()),
        "bridge_rate": float(bridges.mean()),
        "longest_gap": gap,
        "duplicate_frame_rate": ledger.repeats / ledger.compared if ledger.compared else None,
    }
