"""The shipped weights on synthetic cines: they find the lesion, and the repair makes the track no worse."""

import numpy as np
import pytest

from analysis.pipeline.detector import load_detector
from analysis.pipeline.tracking import repair
from tests.benchmarks.bench_detector_cine import best_boxes, figures, pseudo, synthetic

NAMED_SEEDS = (9001, 9002, 9003, 9004, 9005, 9006)
"""The named set: cines of the generator by their seed, none of them seen in training."""

FRAMES = 24


@pytest.fixture(scope="module")
def detector():
    return load_detector(backend="onnxruntime")


@pytest.mark.parametrize("seed", NAMED_SEEDS)
def test_the_lesion_of_a_named_cine_is_found_and_followed(detector, seed):
    cine = synthetic(seed, FRAMES)
    found = detector.detect(list(cine.frames))
    before = figures(best_boxes(found, detector.info.confidence), cine)
    track = repair(found, cine.frames.shape[1:])
    after = figures(track.boxes, cine)
    start, stop = track.window
    assert before["right"] >= 0.8
    assert stop - start >= 14
    assert np.isfinite(cine.boxes[start:stop, 0]).mean() >= 0.9
    assert after["kept_iou"] >= max(0.75, before["kept_iou"] - 0.02)
    assert after["jumps_per_100"] <= before["jumps_per_100"]


def test_figures_count_what_they_say(detector):
    cine = synthetic(9001, 6)
    perfect = figures(cine.boxes, cine)
    assert perfect["mean_iou"] == pytest.approx(1)
    assert perfect["jumps_per_100"] == 0
    nothing = figures(np.full((6, 4), np.nan), cine)
    assert (nothing["coverage"], nothing["mean_iou"], nothing["right"]) == (0, 0, 0)
    jumping = cine.boxes.copy()
    jumping[::2] += 90
    assert figures(jumping, cine)["jumps_per_100"] == 100
    assert pseudo.__doc__
