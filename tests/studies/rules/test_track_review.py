"""Where a reader is needed, what signing asks for, and how two readers agree."""

import pytest

from studies.rules.track_review import (
    ReviewLimits,
    agreement,
    gaps_of,
    iou,
    may_be_signed,
    needs_me,
    next_need,
    signing_checklist,
)
from studies.rules.tracks import Keyframe

SHAPE = (100, 200)


def kf(frame, x=50.0, side=20.0, **fields):
    return Keyframe(frame, x, 40.0, x + side, 40.0 + side, **{"source": "model", **fields})


def reasons(track, n_frames, **options):
    return {need.frame: need.reasons for need in needs_me(track, n_frames, **options)}


def test_a_jump_of_the_centre():
    track = [kf(0), kf(1, 50 + 20.0), kf(2, 50 + 41.0)]
    assert reasons(track, 3) == {2: ("jump",)}
    assert reasons(track, 3, limits=ReviewLimits(jump_px=25)) == {}


def test_a_change_of_area_over_thirty_per_cent():
    grown = 20.0 * 1.3**0.5
    assert reasons([kf(0), kf(1, side=grown - 1e-6)], 2) == {}
    assert reasons([kf(0), kf(1, side=grown + 1e-3)], 2) == {1: ("area_change",)}


def test_low_confidence_of_the_frame_or_of_its_keyframe():
    assert reasons([kf(0, confidence=0.49), kf(3, confidence=0.5)], 5) == {0: ("low_confidence",)}
    assert reasons([kf(0)], 4, confidences=[0.9, None, 0.1, float("nan")]) == {2: ("low_confidence",)}


def test_a_gap_needs_a_person_once_unless_a_person_opened_it():
    assert reasons([kf(0), kf(2, outside=True), kf(6)], 8) == {2: ("gap",)}
    assert reasons([kf(0), kf(2, outside=True, source="human"), kf(6)], 8) == {}


def test_before_the_first_and_after_the_last_box_is_no_gap():
    assert gaps_of([kf(2), kf(4, outside=True)], 8) == ()
    assert gaps_of([kf(1), kf(2, outside=True), kf(4, outside=True), kf(6)], 8) == ((2, 5, False),)


def test_what_a_person_settled_needs_nobody():
    track = [kf(0, source="human"), kf(1, 120.0, source="human"), kf(2, 20.0)]
    assert set(reasons(track, 4, confidences=[0.1] * 4)) == {2, 3}
    between = [kf(0, source="human"), kf(3, 140.0, source="human")]
    assert reasons(between, 4, confidences=[0.1] * 4) == {}


def test_disagreement_with_another_track():
    assert reasons([kf(0)], 3, other=[kf(0), kf(1, 64.0), kf(2, outside=True)]) == {
        1: ("disagreement",),
        2: ("disagreement",),
    }


def test_the_score_is_the_sum_of_the_reasons_and_the_next_one_comes_round():
    needs = needs_me([kf(0), kf(1, 120.0, side=60.0, confidence=0.1), kf(4, 150.0, side=20.0)], 5)
    assert needs[0].score == 2 + 2 + 1
    assert next_need(needs, 0) is needs[0]
    assert next_need(needs, 4) is needs[0]
    assert next_need((), 0) is None


def checklist(track, n_frames=10, excused=()):
    return {item.code: item for item in signing_checklist(track, n_frames, SHAPE, excused)}


def test_a_model_track_may_not_be_signed():
    items = checklist([kf(0), kf(2, outside=True), kf(5, 195.0, side=5.0)])
    assert {code: item.ok for code, item in items.items()} == {
        "no_unexplained_gap": False,
        "human_keyframe": False,
        "truncation_flagged": False,
    }
    assert items["no_unexplained_gap"].frames == (2,)
    assert "frame 3" in items["no_unexplained_gap"].sentence
    assert items["truncation_flagged"].frames == (5, 6, 7, 8, 9)


def test_a_read_track_may_be_signed():
    track = [kf(0, source="human"), kf(2, outside=True, source="human"), kf(5, 180.0, truncated=True)]
    items = signing_checklist(track, 10, SHAPE)
    assert may_be_signed(items)
    assert all(item.frames == () for item in items)


def test_excluded_frames_explain_a_gap_only_if_they_are_all_of_it():
    track = [kf(0, source="human"), kf(2, outside=True), kf(5)]
    assert checklist(track, excused=[2, 3, 4])["no_unexplained_gap"].ok
    assert not checklist(track, excused=[2, 3])["no_unexplained_gap"].ok


def test_a_person_who_only_said_outside_confirmed_no_box():
    assert not checklist([kf(0), kf(5, outside=True, source="human")])["human_keyframe"].ok


@pytest.mark.parametrize(
    ("box", "ok"),
    [
        ((1.0, 40, 30, 60), False),
        ((1.1, 40, 30, 60), True),
        ((50, 40, 199.0, 60), False),
        ((50, 40, 70, 99.5), False),
    ],
)
def test_a_box_within_a_pixel_of_the_border_counts_as_truncated(box, ok):
    assert checklist([Keyframe(0, *box)])["truncation_flagged"].ok is ok
    assert checklist([Keyframe(0, *box, truncated=True)])["truncation_flagged"].ok


def test_agreement_of_equal_tracks():
    track = [kf(0), kf(4, 80.0), kf(6, outside=True)]
    found = agreement(track, track, 10)
    assert (found.mean_iou, found.fraction_both, found.both, found.only_a) == (1.0, 1.0, 6, 0)
    assert found.keyframes_shared == ((0, 0.0), (4, 0.0), (6, 0.0))


def test_agreement_of_different_tracks():
    a = [kf(0), kf(4, outside=True)]
    b = [kf(2, 60.0), kf(4, 60.0)]
    found = agreement(a, b, 6)
    assert (found.both, found.only_a, found.only_b) == (2, 2, 2)
    assert found.fraction_both == pytest.approx(2 / 6)
    assert found.mean_iou == pytest.approx(10 * 20 / (2 * 400 - 200))
    assert (found.keyframes_only_a, found.keyframes_only_b) == ((0,), (2,))
    assert found.keyframes_shared == ((4, None),)


def test_agreement_without_any_common_box():
    found = agreement([kf(0), kf(1, outside=True)], [kf(3)], 5)
    assert found.mean_iou is None
    assert agreement([], [], 5).fraction_both == 1.0


def test_overlap_of_boxes_without_area_is_zero():
    assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0.0
    assert iou((0, 0, 10, 10), (20, 20, 30, 30)) == 0.0
