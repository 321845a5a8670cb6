"""Edits of a track: each changes the frames that it names, and no other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.rules import track_edits as edits
from studies.rules.track_patch import apply_patch, inverse
from studies.rules.tracks import Keyframe, TrackError, box_at, boxes

N, SHAPE = 16, (120, 160)


def kf(frame, x=0.0, **flags):
    return Keyframe(frame, x, 10.0, x + 20.0, 40.0, **flags)


@st.composite
def tracks(draw):
    frames = sorted(draw(st.sets(st.integers(0, N - 1), min_size=1, max_size=6)))
    found = []
    for frame in frames:
        x, y = draw(st.floats(0, 130)), draw(st.floats(0, 90))
        found.append(
            Keyframe(
                frame,
                x,
                y,
                x + draw(st.floats(4, 30)),
                y + draw(st.floats(4, 30)),
                outside=draw(st.booleans()),
                source=draw(st.sampled_from(["model", "human"])),
            )
        )
    return tuple(found)


def after(track, patch):
    result = apply_patch(track, patch, N, SHAPE)
    assert apply_patch(result, inverse(track, patch), N, SHAPE) == tuple(track)
    return result


def said(track):
    return [found and found.box for found in boxes(track, N)]


def same(found, expected):
    if found is None or expected is None:
        return found is expected
    return found == pytest.approx(expected, abs=1e-6)


def assert_unchanged(before, now, frames):
    old, new = said(before), said(now)
    for frame in frames:
        assert same(new[frame], old[frame]), frame


@settings(max_examples=120, deadline=None)
@given(tracks(), st.integers(0, N - 1))
def test_rejecting_a_frame_empties_it_alone(track, frame):
    if box_at(track, frame, N) is None:
        with pytest.raises(TrackError, match=r"no box|begins after"):
            edits.reject_frame(track, frame, N)
        return
    now = after(track, edits.reject_frame(track, frame, N))
    assert box_at(now, frame, N) is None
    assert_unchanged(track, now, set(range(N)) - {frame})


@settings(max_examples=120, deadline=None)
@given(tracks(), st.integers(0, N - 1), st.integers(0, N - 1))
def test_propagating_changes_the_range_alone(track, frame, to_frame):
    box = box_at(track, frame, N)
    if box is None or frame == to_frame:
        with pytest.raises(TrackError):
            edits.propagate(track, frame, to_frame, N)
        return
    now = after(track, edits.propagate(track, frame, to_frame, N))
    touched = range(min(frame, to_frame), max(frame, to_frame) + 1)
    assert all(box_at(now, f, N) == box for f in touched)
    assert_unchanged(track, now, set(range(N)) - set(touched))


@settings(max_examples=120, deadline=None)
@given(tracks(), st.integers(0, N - 1))
def test_deleting_from_a_frame_leaves_what_came_before(track, frame):
    if frame <= track[0].frame:
        with pytest.raises(TrackError, match="whole track"):
            edits.delete_from(track, frame, N)
        return
    now = after(track, edits.delete_from(track, frame, N))
    assert said(now)[frame:] == [None] * (N - frame)
    assert_unchanged(track, now, range(frame))


@settings(max_examples=120, deadline=None)
@given(tracks(), st.integers(0, N - 1))
def test_the_two_parts_of_a_split_are_the_track(track, frame):
    try:
        left, right = edits.split(track, frame, N)
    except TrackError:
        assert frame <= track[0].frame or all(box is None for box in said(track)[frame:])
        return
    assert said(after(track, left))[frame:] == [None] * (N - frame)
    assert_unchanged(track, after(track, left), range(frame))
    assert_unchanged(track, right, range(frame, N))
    assert not any(said(right)[:frame])


@settings(max_examples=120, deadline=None)
@given(tracks(), tracks())
def test_merging_takes_the_other_track_where_this_one_has_nothing(track, other):
    now = said(after(track, edits.merge(track, other, N)))
    for mine, theirs, merged in zip(said(track), said(other), now, strict=True):
        assert same(merged, mine if mine is not None else theirs)


@settings(max_examples=100, deadline=None)
@given(tracks(), st.integers(0, N - 1))
def test_accepting_a_frame_changes_no_box(track, frame):
    if box_at(track, frame, N) is None:
        return
    now = after(track, edits.accept_frame(track, frame, N))
    assert_unchanged(track, now, range(N))
    assert next(k for k in now if k.frame == frame).source == "human"


def test_accepting_the_track_makes_every_keyframe_a_persons():
    track = (kf(0, source="model", confidence=0.4), kf(4, source="model"))
    now = after(track, edits.accept_track(track))
    assert [k.source for k in now] == ["human", "human"]
    assert now[0].confidence == 0.4
    assert said(now) == said(track)


def test_drawing_on_a_frame_makes_it_a_keyframe_with_the_flags_that_stood():
    track = (kf(0, occluded=True, source="model", confidence=0.9), kf(8))
    now = after(track, edits.set_box(track, 4, (-5, 5, 30, 500), N, SHAPE))
    drawn = now[1]
    assert drawn == Keyframe(4, 0, 5, 30, 120, occluded=True, source="human")


def test_drawing_before_the_first_keyframe_and_over_an_outside_one():
    track = (kf(4, outside=True),)
    now = after(track, edits.set_box(track, 1, (1, 1, 9, 9), N, SHAPE))
    assert [k.frame for k in now] == [1, 4]
    now = after(track, edits.set_box(track, 4, (1, 1, 9, 9), N, SHAPE))
    assert now == (Keyframe(4, 1, 1, 9, 9),)


def test_too_small_a_box_is_refused():
    with pytest.raises(TrackError, match="3 x 3"):
        edits.set_box((kf(0),), 1, (5, 5, 7, 50), N, SHAPE)


def test_toggling_a_keyframe_off_interpolates_again_and_on_keeps_the_box():
    track = (kf(0), kf(4, 100.0), kf(8, 80.0))
    off = after(track, edits.toggle_keyframe(track, 4, N))
    assert box_at(off, 4, N)[0] == 40.0
    on = after(off, edits.toggle_keyframe(off, 4, N))
    assert on[1].box == (40.0, 10.0, 60.0, 40.0)
    assert said(on) == said(off)


def test_the_only_keyframe_cannot_be_removed():
    with pytest.raises(TrackError, match="only keyframe"):
        edits.toggle_keyframe((kf(3),), 3, N)


def test_outside_and_in_view_again_keep_the_coordinates():
    track = (kf(0), kf(8, 80.0))
    out = after(track, edits.toggle_outside(track, 2, N))
    assert [box_at(out, f, N) is None for f in (1, 2, 7, 8)] == [False, True, True, False]
    back = after(out, edits.toggle_outside(out, 5, N))
    assert back[2] == kf(5, 20.0)
    with pytest.raises(TrackError, match="draw a box first"):
        edits.toggle_outside((kf(4),), 2, N)


def test_a_flag_holds_until_the_next_keyframe():
    track = (kf(0), kf(8))
    now = after(track, edits.toggle_occluded(track, 3, N))
    assert [f for f, b in enumerate(boxes(now, N)) if b.carried.occluded] == [3, 4, 5, 6, 7]
    assert after(now, edits.toggle_occluded(now, 3, N)) == (kf(0), kf(3), kf(8))
    with pytest.raises(TrackError, match="flag must be"):
        edits.toggle_flag(track, 3, "outside", N)


def test_interpolation_is_switched_off_and_on_again():
    track = (kf(0), kf(8, 80.0))
    off = after(track, edits.toggle_interpolation(track, 5, N))
    assert [f for f, box in enumerate(said(off)) if box is None] == [1, 2, 3, 4, 5, 6, 7]
    assert after(off, edits.toggle_interpolation(off, 5, N)) == track
    for frame, lonely in ((12, track), (0, (kf(0), kf(1))), (3, (kf(2, outside=True), kf(5)))):
        with pytest.raises(TrackError, match="both sides"):
            edits.toggle_interpolation(lonely, frame, N)


def test_interpolation_of_the_whole_track():
    track = (kf(0), kf(4, outside=True), kf(8), kf(12, outside=True))
    filled = after(track, edits.toggle_all_interpolation(track, N))
    assert filled == (kf(0), kf(8), kf(12, outside=True))
    emptied = after(filled, edits.toggle_all_interpolation(filled, N))
    assert [f for f, box in enumerate(said(emptied)) if box is None] == [1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15]


def test_guards_are_not_a_persons_confirmation():
    track = (kf(0, source="model"), kf(10, 100.0, source="model"))
    now = after(track, edits.propagate(track, 4, 6, N))
    assert [(k.frame, k.source) for k in now] == [
        (0, "model"), (4, "human"), (6, "human"), (7, "model"), (10, "model"),
    ]  # fmt: skip
