"""A streamed clip equals its stages done one by one; what does not count, bases, reuse, cancelling."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from analysis.pipeline.describe import PIPELINE_VERSION, describe_clip, digest, unchanged_frames
from analysis.pipeline.dynamic_features import describe_curves, fill_gaps
from analysis.pipeline.errors import CancelledError, InvalidInputError, UnusableClipError
from analysis.pipeline.kernels.regions import guarded
from analysis.pipeline.masks import box_masks, ring_masks
from analysis.pipeline.static_features import extract
from analysis.pipeline.types import DescribeParameters

ROOT = Path(__file__).resolve().parents[2]
T, H, W = 40, 90, 120


def clip(n=T, seed=0):
    """(n, H, W) smooth speckle that changes from frame to frame."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, H, W)).astype(np.float32)
    frames = [cv2.GaussianBlur(frame, (0, 0), 1.5) * 150 + 110 for frame in noise]
    return np.clip(frames, 0, 255).astype(np.uint8)


def track(n=T):
    t = np.arange(n)[:, None]
    return np.array([[30.2, 20.7, 75.9, 58.1]]) + t * [[0.3, 0.1, 0.4, 0.15]]


def describe(frames=None, boxes=None, fps=25.0, spacing=(0.1, 0.2), **options):
    frames = clip() if frames is None else frames
    boxes = track() if boxes is None else boxes
    return describe_clip(frames, boxes, fps=fps, spacing_mm=spacing, **options)


@pytest.mark.parametrize("kind", ["rect", "ellipse", "segment"])
def test_streaming_equals_the_stages_on_whole_frames(kind):
    frames, boxes = clip(), track()
    boxes[5] = [-4, -3, 40, 30]  # across the border
    boxes[6] = [90, 60, 140, 100]
    described = describe(frames, boxes, parameters=DescribeParameters(mask_kind=kind, margin=1.1))
    masks = box_masks(boxes, (H, W), kind, frames=frames, margin=1.1)
    static = extract(frames, masks, (0.1, 0.2))
    np.testing.assert_allclose(described.static, static.values, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(described.dynamic, describe_curves(described.static, 25.0).ravel())
    assert described.window == (0, T)
    assert described.n_used == T
    assert described.longest_gap == 0
    assert described.reasons == {}
    assert described.version == PIPELINE_VERSION
    assert (described.time_base, described.spacing_base) == ("hz", "mm")


def test_colour_frames_are_described_by_their_luma():
    grey = clip()
    np.testing.assert_array_equal(
        describe(np.repeat(grey[..., None], 3, axis=3)).static, describe(grey).static
    )


def test_any_iterator_does_and_threads_do_not_matter():
    frames = clip()
    one, two = describe(iter(frames), threads=1), describe((f for f in frames), threads=3)
    np.testing.assert_array_equal(one.dynamic, two.dynamic)


# --- frames that do not count ------------------------------------------------------------------------------


def test_short_gaps_are_bridged_on_the_curve_and_long_ones_split():
    frames, boxes = list(clip(60)), track(60)
    for t in (20, 21, 22):
        frames[t] = None
    described = describe(frames, boxes)
    assert described.window == (0, 60)
    assert described.n_used == 57
    assert described.longest_gap == 3
    assert sorted(described.reasons) == [20, 21, 22]
    assert described.qc["not_counted"] == {"unreadable": 3}
    assert 20 not in described.frame_indices
    curves = np.full((60, 91), np.nan)
    curves[described.frame_indices] = described.static
    expected = describe_curves(fill_gaps(curves, np.isfinite(curves[:, 0])), 25.0)
    np.testing.assert_array_equal(described.dynamic, expected.ravel())
    frames[23] = None
    split = describe(frames, boxes)
    assert split.window == (24, 60)
    assert split.longest_gap == 4


def test_a_frame_without_a_box_splits_and_is_no_reason():
    boxes = track(60)
    boxes[25] = np.nan
    described = describe(clip(60), boxes)
    assert described.window == (26, 60)
    assert described.reasons == {}
    assert described.qc["with_box"] == 59


def test_colour_doppler_and_marks_are_left_out_with_their_reason():
    frames, boxes = np.repeat(clip()[..., None], 3, axis=3), track()
    cv2.circle(frames[10], (50, 40), 8, (220, 30, 10), -1)
    cv2.line(frames[20], (45, 40), (61, 40), (250, 250, 250), 1)
    cv2.line(frames[20], (53, 32), (53, 48), (250, 250, 250), 1)
    described = describe(frames, boxes)
    assert set(described.reasons) == {10, 20}
    assert "Doppler" in described.reasons[10]
    assert "marks" in described.reasons[20]
    assert described.qc["not_counted"] == {"colour_doppler": 1, "graphics": 1}
    assert describe(frames, boxes, parameters=DescribeParameters(exclude=False)).n_used == T


def test_a_box_that_is_too_small_is_not_measured():
    boxes = track()
    boxes[7] = [10, 10, 17, 40]
    described = describe(boxes=boxes)
    assert "side" in described.reasons[7]
    assert described.n_used == T - 1


def test_a_box_outside_the_frame_is_not_measured():
    boxes = track()
    boxes[7] = [500, 500, 540, 540]
    assert describe(boxes=boxes).reasons == {7: "empty mask"}


def test_repeated_frames_are_counted():
    frames = clip()
    frames[10:20] = frames[9]
    assert describe(frames).qc["duplicate_frame_rate"] == pytest.approx(10 / 39)


@pytest.mark.parametrize("n", [0, 1, 15])
def test_fewer_than_sixteen_frames_are_unusable(n):
    with pytest.raises(UnusableClipError, match="at least 16"):
        describe(clip(n), track(n))


def test_a_clip_without_any_box_is_unusable():
    with pytest.raises(UnusableClipError, match="0 frames"):
        describe(boxes=np.full((T, 4), np.nan))


# --- bases -------------------------------------------------------------------------------------------------


def test_an_unknown_rate_counts_in_cycles_a_frame_and_unknown_spacing_in_pixels():
    described = describe(fps=None, spacing=None)
    assert (described.fps, described.time_base) == (1.0, "cycles")
    assert (described.spacing_mm, described.spacing_base) == ((1.0, 1.0), "px")
    np.testing.assert_array_equal(described.dynamic, describe_curves(described.static, 1.0).ravel())
    pinned = describe(parameters=DescribeParameters(time_base="cycles", spacing_base="px"))
    np.testing.assert_array_equal(pinned.dynamic, described.dynamic)


@pytest.mark.parametrize(
    ("options", "parameters", "what"),
    [
        ({"fps": None}, {"time_base": "hz"}, "frame rate"),
        ({"spacing": None}, {"spacing_base": "mm"}, "pixel spacing"),
        ({"fps": 20.0}, {"fmax": 12.5}, "12.5"),
        ({}, {"fixed_frames": 41}, "41"),
    ],
)
def test_a_clip_that_cannot_meet_the_bases_of_the_study_is_unusable(options, parameters, what):
    with pytest.raises(UnusableClipError, match=what):
        describe(parameters=DescribeParameters(**parameters), **options)


def test_uneven_time_stamps_are_resampled_and_even_ones_give_the_rate():
    times = np.arange(T) * 0.04
    even = describe(fps=None, times_s=times)
    assert (even.fps, even.time_base, even.resampled) == (pytest.approx(25.0), "hz", False)
    times[20:] += 0.04
    uneven = describe(fps=25.0, times_s=times)
    assert uneven.resampled
    assert uneven.fps == pytest.approx(25.0)
    assert np.isfinite(uneven.dynamic).all()


def test_parameters_reach_their_stage():
    base = describe()
    changed = {
        "bin_width": 8.0,
        "bin_count": 32,
        "fmax": 6.0,
        "window": "hann",
        "detrend": "linear",
        "fixed_frames": 20,
        "mask_kind": "ellipse",
        "margin": 1.2,
    }
    for name, value in changed.items():
        parameters = replace(DescribeParameters(), **{name: value})
        other = describe(parameters=parameters)
        assert other.parameters == parameters
        assert not np.array_equal(other.dynamic, base.dynamic), name
    assert describe(parameters=DescribeParameters(fixed_frames=20)).window == (10, 30)


# --- reuse -------------------------------------------------------------------------------------------------


def test_after_an_edit_only_the_changed_frames_are_measured():
    frames, before = clip(), track()
    first = describe(frames, before)
    after = before.copy()
    after[12:15] += 2.0
    same = unchanged_frames(before, after)
    assert list(np.flatnonzero(~same)) == [12, 13, 14]
    stored = dict(zip(first.frame_indices.tolist(), first.static, strict=True))
    known = {t: row for t, row in stored.items() if same[t]}
    needed = [frame if t not in known else None for t, frame in enumerate(frames)]
    again, fresh = describe(needed, after, known_static=known), describe(frames, after)
    np.testing.assert_array_equal(again.static, fresh.static)
    np.testing.assert_array_equal(again.dynamic, fresh.dynamic)
    assert again.qc["reused"] == 37
    assert again.reasons == {}


def test_a_known_row_without_a_box_is_ignored_and_a_bad_one_refused():
    boxes = track()
    boxes[39] = np.nan
    assert describe(boxes=boxes, known_static={39: np.zeros(91)}).n_used == 39
    for known in ({0: np.zeros(90)}, {0: np.full(91, np.nan)}, {40: np.zeros(91)}, {-1: np.zeros(91)}):
        with pytest.raises(InvalidInputError, match="known rows"):
            describe(known_static=known)


def test_frames_that_people_left_out_keep_their_reason():
    frames = list(clip())
    frames[10] = None
    known = {11: np.ones(91)}
    described = describe(frames, left_out={10: "Blurred.", 11: "Freehand shake."}, known_static=known)
    assert described.reasons == {10: "Blurred.", 11: "Freehand shake."}
    assert described.qc["not_counted"] == {"left_out": 2}
    assert described.qc["reused"] == 0
    assert described.n_used == T - 2
    for wrong in ({T: "late"}, {3: ""}):
        with pytest.raises(InvalidInputError):
            describe(left_out=wrong)


def test_the_digest_tells_every_difference_and_nothing_else():
    boxes = track()
    boxes[3] = np.nan
    base = digest(DescribeParameters(), boxes, "abc")
    assert len(base) == 64
    assert base == digest(DescribeParameters(), boxes.copy(order="F"), "abc")
    negative_zero, other_nan = np.where(boxes == 0, -0.0, boxes), np.where(np.isnan(boxes), -np.nan, boxes)
    assert (
        base
        == digest(DescribeParameters(), negative_zero, "abc")
        == digest(DescribeParameters(), other_nan, "abc")
    )
    moved = boxes.copy()
    moved[0, 0] += 1e-9
    others = {
        digest(DescribeParameters(mask_kind="ellipse"), boxes, "abc"),
        digest(DescribeParameters(fmax=12.0), boxes, "abc"),
        digest(DescribeParameters(), moved, "abc"),
        digest(DescribeParameters(), boxes[:-1], "abc"),
        digest(DescribeParameters(), boxes, "abd"),
        digest(DescribeParameters(), boxes, "abc", "0.9.0"),
    }
    assert len(others) == 6
    assert base not in others


def test_tracks_of_two_clips_cannot_be_compared():
    with pytest.raises(InvalidInputError):
        unchanged_frames(track(10), track(11))


# --- progress, cancelling, memory --------------------------------------------------------------------------


def test_progress_reaches_the_end_and_never_goes_back():
    seen = []
    describe(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(16, T), (32, T), (40, T)]


def test_cancelling_stops_within_a_second_even_in_a_long_clip():
    frame, stop = clip(1)[0], time.monotonic() + 0.3

    def endless():
        while True:
            yield frame

    with pytest.raises(CancelledError):
        describe(endless(), np.tile(track(1), (30_000, 1)), cancelled=lambda: time.monotonic() > stop)
    assert time.monotonic() - stop < 1.0


def test_an_error_of_the_source_passes_through():
    def broken():
        yield from clip(20)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        describe(broken())


MEMORY = """
import resource, sys
import cv2
import numpy as np
from analysis.pipeline.describe import describe_clip

noise = np.random.default_rng(0).normal(110, 100, (3, 600, 800))
frames = np.stack([cv2.GaussianBlur(frame, (0, 0), 1.5) for frame in noise]).clip(0, 255).astype(np.uint8)
rgb = np.repeat(frames[..., None], 3, axis=3)

def peak_mb(n):
    boxes = np.tile([[250.0, 200.0, 490.0, 380.0]], (n, 1)) + np.arange(n)[:, None] % 40
    describe_clip((rgb[t % 3].copy() for t in range(n)), boxes, fps=25.0, spacing_mm=None)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

baseline = peak_mb(20)
print(peak_mb(2000) - baseline)
"""


@pytest.mark.slow
def test_two_thousand_frames_need_less_than_300_mb_more():
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, cwd=ROOT)
    assert float(run.stdout) < 150


# --- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (clip().astype(float), "uint8"),
        (np.zeros((T, H, W, 4), np.uint8), "uint8"),
        (clip()[:30], "40 frames"),
        (clip(41), "more"),
        ([*clip(39), np.zeros((H, W + 1), np.uint8)], "size"),
        ([*clip(39), "frame"], "uint8"),
    ],
)
def test_bad_frames_are_refused(frames, message):
    with pytest.raises(InvalidInputError, match=message):
        describe(frames)


@pytest.mark.parametrize(
    "options",
    [
        {"fps": 0.0},
        {"fps": -25.0},
        {"fps": np.nan},
        {"spacing": (0.0, 0.1)},
        {"spacing": (0.1,)},
        {"spacing": (np.inf, 0.1)},
        {"times_s": np.arange(T - 1)},
        {"times_s": np.zeros(T)},
        {"threads": 0},
        {"backend": "tpu"},
        {"boxes": np.zeros((T, 5))},
        {"boxes": np.zeros((T, 4))},
        {"parameters": DescribeParameters(mask_kind="circle")},
        {"parameters": DescribeParameters(time_base="seconds")},
        {"parameters": DescribeParameters(bin_width=-1.0)},
        {"parameters": DescribeParameters(window="hamming")},
    ],
)
def test_bad_arguments_are_refused(options):
    with pytest.raises(InvalidInputError):
        describe(**options)


def test_a_ring_is_measured_as_on_whole_frames():
    frames, boxes = clip(), track()
    boxes[5] = [-4, -3, 40, 30]  # across the border: the ring is cut off with the picture
    chosen = DescribeParameters(mask_kind="ellipse", region="ring", ring_mm=1.0)
    described = describe(frames, boxes, parameters=chosen)
    rings = ring_masks(box_masks(boxes, (H, W), "ellipse"), (0.1, 0.2), 1.0)
    static = extract(frames, rings, (0.1, 0.2))
    np.testing.assert_allclose(described.static, static.values, rtol=1e-12, atol=1e-12)
    in_pixels = replace(chosen, spacing_base="px")
    np.testing.assert_allclose(
        describe(frames, boxes, parameters=in_pixels).static, extract(frames, rings).values, rtol=1e-12
    )


def test_the_outside_holds_nothing_of_the_lesion():
    frames, boxes = clip(), track()
    chosen = DescribeParameters(region="outside")
    described = describe(frames, boxes, parameters=chosen)
    outside = ~box_masks(guarded(boxes), (H, W))
    np.testing.assert_allclose(
        described.static, extract(frames, outside, (0.1, 0.2)).values, rtol=1e-12, atol=1e-12
    )
    repainted = frames.copy()
    repainted[box_masks(boxes, (H, W))] = 255
    np.testing.assert_array_equal(describe(repainted, boxes, parameters=chosen).dynamic, described.dynamic)
    assert not np.array_equal(describe(repainted, boxes).dynamic, describe(frames, boxes).dynamic)


def test_marks_in_the_ring_leave_a_frame_out():
    frames, boxes = clip(), track()
    cv2.drawMarker(frames[7], (16, 40), 255, cv2.MARKER_CROSS, 9, 1)
    assert describe(frames, boxes).reasons == {}
    ring = DescribeParameters(region="ring", ring_mm=3.0)
    assert list(describe(frames, boxes, parameters=ring).reasons) == [7]


def test_regions_that_cannot_be_are_refused():
    with pytest.raises(UnusableClipError, match="pixel spacing of this clip is not known"):
        describe(spacing=None, parameters=DescribeParameters(region="ring", ring_mm=1.0))
    for wrong in ({"region": "ring"}, {"region": "ring", "ring_mm": -1.0}, {"ring_mm": 2.0}, {"region": "x"}):
        with pytest.raises(InvalidInputError):
            describe(parameters=DescribeParameters(**wrong))
