"""The sparse fit: never further off than epsilon, and nothing where there was nothing."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.rules.track_fit import fit_track
from studies.rules.tracks import TrackError, boxes

dense_box = st.tuples(*[st.floats(0, 500)] * 4)


def worst_error(dense, track):
    errors = [0.0]
    for given_box, found in zip(dense, boxes(track, len(dense)), strict=True):
        assert (given_box is None) == (found is None)
        if found is not None:
            errors.append(float(np.max(np.abs(np.subtract(found.box, given_box)))))
    return max(errors)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.none() | dense_box, min_size=1, max_size=40), st.sampled_from([0.0, 0.5, 2.0, 30.0]))
def test_within_epsilon_on_every_frame_and_missing_where_missing(dense, epsilon):
    assert worst_error(dense, fit_track(dense, epsilon_px=epsilon)) <= epsilon


def test_a_smooth_sweep_needs_few_keyframes():
    frame = np.arange(300)
    centre = 300 + 100 * np.sin(frame / 60)
    dense = np.stack([centre - 40, 100 + frame * 0.2, centre + 40, 180 + frame * 0.2], axis=1)
    track = fit_track(dense)
    assert len(track) < 25
    assert worst_error(list(dense), track) <= 2.0


def test_a_straight_line_is_two_keyframes():
    dense = [(float(f), 0.0, f + 20.0, 30.0) for f in range(50)]
    assert [keyframe.frame for keyframe in fit_track(dense)] == [0, 49]


def test_each_run_ends_with_an_outside_keyframe():
    dense = np.full((12, 4), np.nan)
    dense[2:5] = (1, 2, 30, 40)
    dense[8:12] = (5, 2, 35, 40)
    track = fit_track(dense, np.linspace(0, 1, 12))
    assert [(k.frame, k.outside) for k in track] == [
        (2, False),
        (4, False),
        (5, True),
        (8, False),
        (11, False),
    ]
    assert track[2].box == track[1].box
    assert all(keyframe.source == "model" for keyframe in track)
    assert track[0].confidence == pytest.approx(2 / 11)
    assert track[2].confidence is None


def test_a_single_frame_between_gaps():
    track = fit_track([None, (1, 2, 30, 40), None])
    assert [(k.frame, k.outside) for k in track] == [(1, False), (2, True)]


def test_nothing_found_gives_no_keyframes():
    assert fit_track([None, None]) == ()
    assert fit_track([]) == ()


def test_interpolated_frames_have_no_confidence():
    track = fit_track([(0, 0, 9, 9), (50, 0, 59, 9), (0, 0, 9, 9)], [0.5, float("nan"), None])
    assert [keyframe.confidence for keyframe in track] == [0.5, None, None]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (([(1, 2, 3)],), "boxes[0]"),
        (([(1, 2, 3, float("inf"))],), "boxes[0]"),
        (([None, None], [0.5]), "confidences"),
        (([None], None, -1), "epsilon_px"),
        (([None], None, float("nan")), "epsilon_px"),
    ],
)
def test_what_is_refused(arguments, field):
    with pytest.raises(TrackError) as caught:
        fit_track(*arguments)
    assert caught.value.field == field


def test_a_long_jittery_clip_is_fitted_in_reasonable_time():
    rng = np.random.default_rng(3)
    dense = 200 + rng.normal(0, 3, (1000, 4)).cumsum(axis=0) / 4
    start = time.perf_counter()
    track = fit_track(dense)
    assert time.perf_counter() - start < 5
    assert worst_error(list(dense), track) <= 2.0
