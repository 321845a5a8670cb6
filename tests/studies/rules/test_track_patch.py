"""Patches and the three-way merge; malformed patches stand in the shared vectors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.rules.track_patch import apply_patch, diff, inverse, merge_three_way, resolve
from studies.rules.tracks import Keyframe, TrackError

N, SHAPE = 12, (100, 100)


@st.composite
def tracks(draw, least=1):
    frames = sorted(draw(st.sets(st.integers(0, N - 1), min_size=least, max_size=5)))
    return tuple(Keyframe(f, draw(st.integers(0, 3)), 0, 50, 50, outside=draw(st.booleans())) for f in frames)


@settings(max_examples=150, deadline=None)
@given(tracks(), tracks())
def test_a_difference_leads_there_and_its_inverse_back(before, after):
    patch = diff(before, after)
    assert apply_patch(before, patch, N, SHAPE) == after
    assert apply_patch(after, inverse(before, patch), N, SHAPE) == before


@settings(max_examples=200, deadline=None)
@given(tracks(), tracks(), tracks())
def test_every_keyframe_of_a_merge_is_somebodys_and_every_clash_is_listed(base, mine, theirs):
    merged, conflicts = merge_three_way(base, mine, theirs)
    b, m, t, out = ({k.frame: k for k in side} for side in (base, mine, theirs, merged))
    listed = {conflict.frame: conflict for conflict in conflicts}
    for frame in range(N):
        old, my, their, got = (side.get(frame) for side in (b, m, t, out))
        if my != old and their != old and my != their:
            assert frame in listed
        if frame in listed:
            assert (listed[frame].base, listed[frame].mine, listed[frame].theirs) == (old, my, their)
            assert got == their
        else:
            assert got == (my if their == old else their)
    assert merged
    mirrored = merge_three_way(base, theirs, mine)[1]
    assert [conflict.frame for conflict in mirrored] == sorted(listed)


@settings(max_examples=100, deadline=None)
@given(tracks(), tracks())
def test_a_side_that_changed_nothing_loses_nothing(base, other):
    assert merge_three_way(base, base, other) == (other, ())
    assert merge_three_way(base, other, base) == (other, ())
    assert merge_three_way(base, other, other) == (other, ())


def test_mutual_deletion_is_a_conflict_and_leaves_the_saved_track():
    a, b = Keyframe(1, 0, 0, 9, 9), Keyframe(5, 0, 0, 9, 9)
    merged, conflicts = merge_three_way([a, b], [a], [b])
    assert merged == (b,)
    assert [conflict.frame for conflict in conflicts] == [1, 5]
    assert resolve(merged, conflicts, [1, 5]) == (a,)
    assert resolve(merged, conflicts, [1]) == (a, b)


def test_a_refused_patch_changes_nothing():
    track = [Keyframe(1, 0, 0, 9, 9)]
    patch = {"update": [{"frame": 1, "x1": 3}], "delete": [7]}
    with pytest.raises(TrackError, match="no keyframe at frame 7"):
        apply_patch(track, patch, N, SHAPE)
    assert track == [Keyframe(1, 0, 0, 9, 9)]
    assert patch == {"update": [{"frame": 1, "x1": 3}], "delete": [7]}


def test_the_inverse_of_a_patch_that_does_not_fit_is_refused():
    with pytest.raises(TrackError, match=r"delete\[0\]"):
        inverse([Keyframe(1, 0, 0, 9, 9)], {"delete": [2]})
