"""Intraclass correlations against published numbers, and the batch on clips whose answer is known."""

import cv2
import numpy as np
import pytest

from analysis.pipeline import sensitivity as sv
from analysis.pipeline.describe import dynamic_extractor, static_extractor
from analysis.pipeline.errors import CancelledError, InvalidInputError
from analysis.pipeline.names import STATIC_FEATURES
from analysis.pipeline.sensitivity import Clip, Condition, intraclass, sensitivity

# Shrout and Fleiss (1979), table 2: six targets, four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
BOX = np.array([20.0, 16.0, 60.0, 50.0])


def clip(seed, n=4):
    """Frames whose texture inside the box differs from clip to clip."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, 70, 90))
    grain = rng.uniform(0.8, 3.0)
    frames = np.stack(
        [cv2.GaussianBlur(frame, (0, 0), grain) * grain * rng.uniform(40, 90) for frame in noise]
    )
    return Clip((frames + rng.uniform(60, 160)).clip(0, 255).astype(np.uint8), np.tile(BOX, (n, 1)))


def test_intraclass_correlations_of_shrout_and_fleiss():
    agreement, consistency = intraclass(SHROUT_FLEISS[..., None])
    assert agreement[0] == pytest.approx(0.29, abs=0.005)
    assert consistency[0] == pytest.approx(0.71, abs=0.005)


def test_a_shift_of_all_targets_costs_agreement_only():
    base = np.arange(10.0)
    agreement, consistency = intraclass(np.stack([base, base + 20], axis=1)[..., None])
    assert consistency[0] == pytest.approx(1.0)
    assert agreement[0] < 0.1
    same = intraclass(np.stack([base, base], axis=1)[..., None])
    assert (same[0][0], same[1][0]) == (1.0, 1.0)


def test_degenerate_ratings_give_numbers():
    constant = np.full((5, 2, 1), 3.0)
    assert intraclass(constant)[0][0] == 1.0
    opposite = np.stack([np.arange(5.0), -np.arange(5.0)], axis=1)[..., None]
    assert intraclass(opposite)[1][0] <= 0
    no_targets = np.tile([[1.0, 2.0]], (5, 1))[..., None]
    assert intraclass(no_targets)[0][0] == 0.0


def test_what_each_condition_changes_reaches_extract():
    seen = []

    def extract(clip, condition):
        seen.append((condition, clip.frames.copy(), clip.boxes.copy()))
        return np.random.default_rng(len(seen)).normal(size=(len(clip.frames), 2))

    one = clip(0)
    result = sensitivity([one], extract)
    assert result.conditions == tuple(c.name for c in sv.CONDITIONS)
    assert result.agreement.shape == (8, 2)
    assert len(seen) == 1 + 3 + 3 + 6
    by_name = {}
    for condition, frames, boxes in seen:
        by_name.setdefault(condition.name, []).append((condition, frames, boxes))
    np.testing.assert_array_equal(by_name["reference"][0][2], one.boxes)
    for name, share in (("box ±5 %", 0.05), ("box ±10 %", 0.10)):
        moves = np.array([boxes - one.boxes for _, _, boxes in by_name[name]]) / [40, 34, 40, 34]
        assert share * 0.6 < np.abs(moves).max() <= share
        assert not np.array_equal(moves[0], moves[1])
    assert by_name["mask ellipse"][0][0].mask_kind == "ellipse"
    assert by_name["32 bins"][0][0].bin_count == 32
    assert 0 < np.abs(by_name["JPEG 95"][0][1].astype(int) - one.frames).mean() < 3
    softer = np.abs(by_name["JPEG 75"][0][1].astype(int) - one.frames).mean()
    assert softer > np.abs(by_name["JPEG 95"][0][1].astype(int) - one.frames).mean()


def test_the_batch_on_real_features():
    clips = [clip(seed) for seed in range(8)]
    steps = []
    result = sensitivity(clips, static_extractor(), progress=lambda done, total: steps.append((done, total)))
    icc = dict(zip(result.conditions, result.agreement, strict=True))
    column = {name: i for i, name in enumerate(STATIC_FEATURES)}
    assert result.agreement.shape == (8, 91)
    assert np.isfinite(result.agreement).all()
    assert np.isfinite(result.consistency).all()
    assert result.agreement.max() <= 1
    assert result.n_targets[0] == 32
    mean, energy = column["firstorder_Mean"], column["firstorder_Energy"]
    assert icc["JPEG 95"][mean] > 0.99
    assert icc["bin width 8"][mean] == 1.0  # the mean does not know about bins
    assert icc["bin width 8"][column["glcm_JointEntropy"]] < 0.9
    assert icc["box ±5 %"][energy] > icc["box ±10 %"][energy]
    assert icc["mask ellipse"][column["shape2D_MeshSurface"]] < 0.5
    assert np.median(icc["box ±5 %"]) > np.median(icc["box ±10 %"])
    assert steps == [(k, 13) for k in range(1, 14)]


def test_the_seed_decides_the_jitter():
    def edges(clip, condition):
        return clip.boxes

    conditions = [Condition("box", box_jitter=0.1)]
    runs = [
        sensitivity([clip(0), clip(1)], edges, conditions=conditions, seed=s).agreement for s in (1, 1, 2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_targets_that_could_not_be_measured_are_left_out():
    def extract(clip, condition):
        rows = np.arange(8.0).reshape(4, 2) + clip.frames[0, 0, 0]
        if condition.name == "mask segment":
            rows[1] = np.nan
        return rows

    result = sensitivity([clip(0), clip(1)], extract)
    assert result.n_targets == (8, 8, 8, 6, 8, 8, 8, 8)


def test_one_row_a_clip_is_enough():
    result = sensitivity(
        [clip(s) for s in range(4)], lambda clip, _: np.array([clip.frames.mean(), clip.frames.std()])
    )
    assert result.n_targets[0] == 4


def test_cancelling():
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(CancelledError):
        sensitivity([clip(0), clip(1)], lambda clip, _: clip.boxes, cancelled=cancelled)


@pytest.mark.parametrize(
    "clips",
    [
        [],
        [Clip(np.zeros((4, 20, 20)), np.zeros((4, 4)))],
        [Clip(np.zeros((4, 20, 20), np.uint8), np.zeros((3, 4)))],
        [Clip(np.zeros((20, 20), np.uint8), np.zeros((20, 4)))],
    ],
)
def test_bad_clips_are_refused(clips):
    with pytest.raises(InvalidInputError):
        sensitivity(clips, lambda clip, _: clip.boxes)


@pytest.mark.parametrize(
    "extract",
    [
        lambda clip, condition: clip.boxes[:2],  # two targets are too few
        lambda clip, condition: clip.boxes[: 3 if condition.jpeg_quality == 75 else 4],
        lambda clip, condition: np.full((4, 2), np.nan),
    ],
)
def test_rows_that_do_not_compare_are_refused(extract):
    with pytest.raises(InvalidInputError):
        sensitivity([clip(0)], extract)


def test_clips_with_different_features_are_refused():
    pair = [clip(0), clip(1, n=5)]
    with pytest.raises(InvalidInputError, match="same features"):
        sensitivity(pair, lambda clip, _: np.zeros((4, len(clip.frames))))


def test_dynamic_features_of_a_batch():
    clips = [
        Clip(*(getattr(clip(seed, n=18), name) for name in ("frames", "boxes")), 25.0) for seed in range(4)
    ]
    clips.append(clip(9, n=6))  # too short, left out
    result = sensitivity(clips, dynamic_extractor(), conditions=[Condition("box", box_jitter=0.05)])
    assert result.agreement.shape == (1, 2184)
    assert result.n_targets == (4,)
    assert np.isfinite(result.agreement).all()


@pytest.mark.parametrize(
    "wrong", [{"box_jitter": 0.5}, {"box_jitter": -0.1}, {"repeats": 0}, {"jpeg_quality": 0}]
)
def test_bad_conditions_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        Condition("wrong", **wrong)
