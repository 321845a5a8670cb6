"""The detector's confidence of every frame of a track."""

import pytest

from studies.rules.track_confidence import detector_confidences

TRACK = [
    {"frame": 0, "x1": 10, "y1": 10, "x2": 50, "y2": 50, "source": "model", "confidence": 0.9},
    {"frame": 2, "x1": 14, "y1": 10, "x2": 54, "y2": 50, "source": "model", "confidence": 0.8},
    {"frame": 3, "x1": 14, "y1": 10, "x2": 54, "y2": 50, "source": "model", "outside": True},
]


def test_the_raw_box_that_lies_on_the_track_says_it():
    raw = [[[10, 10, 50, 50, 0.9]], [[12, 10, 52, 50, 0.3]], [[14, 10, 54, 50, 0.8]], [[0, 0, 9, 9, 0.7]]]
    assert detector_confidences(TRACK, 4, raw) == [0.9, 0.3, 0.8, None]


def test_a_surer_box_elsewhere_does_not_count():
    raw = [[[200, 10, 240, 50, 0.95], [11, 10, 51, 50, 0.4]], [[200, 10, 240, 50, 0.95]], [], []]
    assert detector_confidences(TRACK, 4, raw) == [0.4, None, None, None]


def test_one_list_a_frame_is_needed():
    with pytest.raises(ValueError, match="zip"):
        detector_confidences(TRACK, 4, [[]])
