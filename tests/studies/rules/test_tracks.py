"""The box of a track at a frame: VIEWER B6 sentence by sentence, an exact oracle, and what is refused."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.rules.tracks import Keyframe, TrackError, as_keyframes, box_at, boxes, clamped, frame_box_at

coordinate = st.floats(-1000, 1000, allow_nan=False)


def kf(frame, x=0.0, **flags):
    return Keyframe(frame, x, 10.0, x + 20.0, 40.0, **flags)


@st.composite
def tracks(draw, n_frames=20):
    frames = sorted(draw(st.sets(st.integers(0, n_frames - 1), max_size=6)))
    return [
        Keyframe(frame, *(draw(coordinate) for _ in range(4)), outside=draw(st.booleans()))
        for frame in frames
    ]


def exact(track, frame):
    """B6 in exact arithmetic, written from its text."""
    before = [k for k in track if k.frame <= frame]
    after = [k for k in track if k.frame > frame]
    if not before or before[-1].outside:
        return None
    a = before[-1]
    if a.frame == frame or not after:
        return tuple(Fraction(value) for value in a.box)
    t = Fraction(frame - a.frame, after[0].frame - a.frame)
    return tuple(
        Fraction(p) + (Fraction(q) - Fraction(p)) * t for p, q in zip(a.box, after[0].box, strict=True)
    )


@settings(max_examples=150, deadline=None)
@given(tracks())
def test_every_frame_agrees_with_exact_arithmetic(track):
    for frame, found in enumerate(boxes(track, 20)):
        expected = exact(track, frame)
        assert (found is None) == (expected is None)
        if found is not None:
            assert found.box == pytest.approx([float(value) for value in expected], abs=1e-9)
            assert box_at(track, frame, 20) == found.box


def test_nothing_before_the_first_and_held_after_the_last():
    track = [kf(3), kf(5, 8.0)]
    assert [box_at(track, f, 9) for f in (0, 2)] == [None, None]
    assert box_at(track, 8, 9) == (8.0, 10.0, 28.0, 40.0)
    assert frame_box_at(track, 8, 9).kind == "held"


def test_a_line_between_two_keyframes():
    track = [kf(2), kf(6, 8.0)]
    assert [box_at(track, f, 9)[0] for f in range(2, 7)] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert [b.kind for b in boxes(track, 7)[2:]] == [
        "keyframe", "interpolated", "interpolated", "interpolated", "keyframe",
    ]  # fmt: skip


def test_nothing_after_an_outside_keyframe_even_if_the_next_is_inside():
    track = [kf(0), kf(2, outside=True), kf(5, 8.0)]
    assert [box_at(track, f, 7) is None for f in range(7)] == [False, False, True, True, True, False, False]


def test_the_line_goes_on_towards_an_outside_keyframe():
    track = [kf(0), kf(4, 8.0, outside=True)]
    assert box_at(track, 3, 6)[0] == 6.0
    assert box_at(track, 4, 6) is None
    assert box_at(track, 5, 6) is None


def test_flags_are_carried_from_the_keyframe_before():
    track = [kf(0, occluded=True), kf(4, 8.0), kf(6, truncated=True)]
    assert [b.carried.occluded for b in boxes(track, 8)] == [True] * 4 + [False] * 4
    assert frame_box_at(track, 7, 8).carried.truncated


def test_no_keyframes_no_boxes():
    assert boxes([], 3) == (None, None, None)


def test_mappings_and_rows_are_read_alike():
    @dataclass
    class Row:
        frame: int
        x1: float
        y1: float
        x2: float
        y2: float
        outside: bool
        id: int = 7

    row = Row(1, 0.0, 1.0, 10.0, 11.0, False)
    mapping = {"frame": 1, "x1": 0, "y1": 1, "x2": 10, "y2": 11, "id": 7}
    numpy_mapping = {k: np.float32(v) if k != "frame" else np.int64(v) for k, v in mapping.items()}
    expected = (0.0, 1.0, 10.0, 11.0)
    for item in (row, mapping, numpy_mapping, Keyframe(1, 0, 1, 10, 11)):
        found = box_at([item], np.int64(2), 3)
        assert found == expected
        assert all(type(value) is float for value in found)


@pytest.mark.parametrize(
    ("frames", "field"),
    [([5, 2], "keyframes[1].frame"), ([5, 5], "keyframes[1].frame"), ([1, 9], "keyframes[1].frame")],
)
def test_unsorted_duplicate_or_late_frames_are_refused(frames, field):
    with pytest.raises(TrackError, match="frame") as caught:
        box_at([kf(frame) for frame in frames], 0, 9)
    assert caught.value.field == field


@pytest.mark.parametrize("frame", [-1, 9, 1.0, "1", True, None])
def test_a_frame_that_the_clip_does_not_have_is_refused(frame):
    with pytest.raises(ValueError, match="frame_index"):
        box_at([kf(0)], frame, 9)


@pytest.mark.parametrize("n_frames", [0, -1, 1.5, True, None])
def test_a_clip_without_frames_is_refused(n_frames):
    with pytest.raises(TrackError, match="n_frames"):
        boxes([], n_frames)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"x1": float("nan")}, "x1"),
        ({"y2": float("inf")}, "y2"),
        ({"x2": 1e300}, "x2"),
        ({"x1": "3"}, "x1"),
        ({"y1": True}, "y1"),
        ({"frame": -1}, "frame"),
        ({"frame": 1.0}, "frame"),
        ({"outside": 1}, "outside"),
        ({"occluded": None}, "occluded"),
        ({"source": "robot"}, "source"),
        ({"confidence": 1.01}, "confidence"),
        ({"confidence": float("nan")}, "confidence"),
    ],
)
def test_a_broken_keyframe_is_refused_and_named(changes, field):
    values = {"frame": 0, "x1": 0, "y1": 0, "x2": 9, "y2": 9, **changes}
    with pytest.raises(TrackError) as caught:
        as_keyframes([values])
    assert caught.value.field == f"keyframes[0].{field}"


def test_a_missing_coordinate_is_named():
    with pytest.raises(TrackError, match=r"keyframes\[0\].y2 is missing"):
        box_at([{"frame": 0, "x1": 0, "y1": 0, "x2": 9}], 0, 3)


def test_clamping_keeps_the_part_inside_the_image():
    found = clamped(Keyframe(0, -5, -5, 500, 30), 3, (100, 200))
    assert found.box == (0.0, 0.0, 200.0, 30.0)


@pytest.mark.parametrize(
    "box", [(0, 0, 2.9, 50), (0, 0, 50, 2.9), (-20, 0, 2, 50), (198, 0, 260, 50), (9, 9, 3, 3)]
)
def test_less_than_three_pixels_inside_is_refused(box):
    with pytest.raises(TrackError, match="at least 3 x 3 px"):
        clamped(Keyframe(0, *box), 3, (100, 200))


def test_exactly_three_pixels_is_accepted():
    assert clamped(Keyframe(0, 0, 0, 3, 3), 3, (100, 200)).box == (0.0, 0.0, 3.0, 3.0)
