"""The order of timing sources and everything that makes one unusable (SCIENCE 2.5)."""

import pytest
from pydicom.dataset import Dataset

from studies.imaging.timing import dicom_timing, times_of_vector


def header(**elements):
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def test_order_of_sources():
    everything = {
        "FrameTimeVector": [0, 50, 50, 50], "FrameTime": 40, "CineRate": 24,
        "RecommendedDisplayFrameRate": 20,
    }  # fmt: skip
    expected = [
        ("FrameTimeVector", 20), ("FrameTime", 25), ("CineRate", 24), ("RecommendedDisplayFrameRate", 20),
    ]  # fmt: skip
    for source, fps in expected:
        timing = dicom_timing(header(**everything), 4)
        assert (timing.source, timing.fps) == (source, pytest.approx(fps))
        del everything[source]
    assert dicom_timing(header(), 4).source == "not recorded"
    assert dicom_timing(header(), 4).fps is None


def test_vector_gives_cumulative_times():
    timing = dicom_timing(header(FrameTimeVector=[0, 40, 50, 40]), 4)
    assert timing.frame_times_ms == (0, 40, 90, 130)
    assert timing.fps == pytest.approx(25)


def test_frame_time_gives_no_times_of_frames():
    assert dicom_timing(header(FrameTime=40), 4).frame_times_ms is None


@pytest.mark.parametrize("value", [0, -33.3, 0.5, 4000, 5.0 - 1e-9])
def test_impossible_frame_time_is_not_recorded_and_named(value):
    timing = dicom_timing(header(FrameTime=value), 4)
    assert timing.source == "not recorded"
    assert timing.fps is None
    assert any("FrameTime" in d for d in timing.defects)


@pytest.mark.parametrize("value", [5, 1000])
def test_the_limits_are_inside(value):
    assert dicom_timing(header(FrameTime=value), 4).source == "FrameTime"


def test_impossible_source_gives_way_to_the_next():
    timing = dicom_timing(header(FrameTime=0, CineRate=30), 4)
    assert (timing.source, timing.fps) == ("CineRate", 30)
    assert any("FrameTime" in d for d in timing.defects)


@pytest.mark.parametrize(
    "vector", [[0, 40, 40], [0, 40, 40, 40, 40], [0, 40, 0, 40], [0, 40, -40, 40], [0, 1, 1, 1]]
)
def test_wrong_vector_is_named_and_not_used(vector):
    timing = dicom_timing(header(FrameTimeVector=vector), 4)
    assert timing.source == "not recorded"
    assert timing.frame_times_ms is None
    assert any("FrameTimeVector" in d for d in timing.defects)


def test_single_valued_vector_of_several_frames_is_wrong():
    assert dicom_timing(header(FrameTimeVector=40), 4).source == "not recorded"


def test_rates_that_disagree_are_named():
    timing = dicom_timing(header(FrameTime=40, CineRate=50), 4)
    assert timing.source == "FrameTime"
    assert any("CineRate" in d for d in timing.defects)
    assert not dicom_timing(header(FrameTime=33.333, CineRate=30), 4).defects


def test_a_still_needs_no_timing():
    assert dicom_timing(header(), 1).defects == ()


def test_nothing_recorded_is_named():
    assert dicom_timing(header(), 4).defects


def test_vector_length_rule_alone():
    assert times_of_vector([0, 40], 3)[0] is None
    assert times_of_vector([7, 40, 40], 3)[0] == (0, 40, 80)
