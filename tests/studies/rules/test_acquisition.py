"""The protocol of section 2.3: each rule at its limits, and nothing assumed."""

import pytest

from studies.rules.acquisition import acquisition_rows, acquisition_verdict, lesion_centre
from studies.rules.verdicts import Verdict

GOOD = {
    "transducer_type": "LINEAR",
    "frequency_khz": 10000.0,
    "depth_mm": 35.0,
    "gain_percent": 49,
    "lesion_centre": (0.5, 0.4),
    "source_format": "DICOM, JPEG Baseline",
    "n_frames": 120,
}


def verdict(code, **facts):
    return {row.code: row.verdict for row in acquisition_rows(facts)}[code]


def test_a_clip_by_the_protocol():
    rows = acquisition_rows(GOOD)
    assert {row.verdict for row in rows} == {"met"}
    assert acquisition_verdict(rows) == "met"
    assert [row.code for row in rows] == [
        "linear_array", "frequency", "depth", "gain", "lesion_centred", "dicom_cine",
    ]  # fmt: skip
    assert rows[2].evidence == "Image depth 35 mm, from rows and calibration."


def test_nothing_recorded_is_never_compliant():
    rows = acquisition_rows({})
    assert {row.verdict for row in rows} == {"not recorded"}
    assert acquisition_verdict(rows) is Verdict.NOT_RECORDED
    assert acquisition_verdict(()) is Verdict.NOT_RECORDED


@pytest.mark.parametrize("name", GOOD)
def test_one_rule_not_recorded_leaves_the_whole_open(name):
    rows = acquisition_rows({**GOOD, name: None})
    assert acquisition_verdict(rows) == "not recorded"
    assert sum(row.verdict == "not recorded" for row in rows) == 1


@pytest.mark.parametrize(
    ("facts", "code", "expected"),
    [
        ({"frequency_khz": 7000}, "frequency", "met"),
        ({"frequency_khz": 13000}, "frequency", "met"),
        ({"frequency_khz": 6999}, "frequency", "not met"),
        ({"frequency_khz": 13001}, "frequency", "not met"),
        ({"frequency_khz": 0}, "frequency", "not recorded"),
        ({"frequency_khz": "10 MHz"}, "frequency", "not recorded"),
        ({"frequency_khz": float("nan")}, "frequency", "not recorded"),
        ({"depth_mm": 36.0}, "depth", "met"),
        ({"depth_mm": 36.01}, "depth", "not met"),
        ({"depth_mm": 33.9}, "depth", "not met"),
        ({"depth_mm": None, "depth_of_scan_field_mm": 35}, "depth", "met"),
        ({"depth_mm": 40, "depth_of_scan_field_mm": 35}, "depth", "not met"),
        ({"gain_percent": 49.5}, "gain", "met"),
        ({"gain_percent": 50}, "gain", "not met"),
        ({"transducer_type": "CURVED LINEAR"}, "linear_array", "not met"),
        ({"transducer_type": "SECTOR_PHASED"}, "linear_array", "not met"),
        ({"transducer_type": "linear"}, "linear_array", "met"),
        ({"transducer_type": " "}, "linear_array", "not recorded"),
        ({"lesion_centre": (0.25, 0.75)}, "lesion_centred", "met"),
        ({"lesion_centre": (0.24, 0.5)}, "lesion_centred", "not met"),
        ({"lesion_centre": (0.5,)}, "lesion_centred", "not recorded"),
        ({"lesion_centre": (0.5, None)}, "lesion_centred", "not recorded"),
        ({"source_format": "MP4"}, "dicom_cine", "not met"),
        ({"n_frames": 1}, "dicom_cine", "not met"),
    ],
)
def test_every_limit(facts, code, expected):
    assert verdict(code, **{**GOOD, **facts}) == expected


def test_one_broken_rule_breaks_the_whole():
    rows = acquisition_rows({**GOOD, "gain_percent": 60, "depth_mm": None})
    assert acquisition_verdict(rows) is Verdict.NOT_MET


def test_the_centre_of_a_lesion_is_the_median_over_its_boxes():
    boxes = [None, (0, 0, 20, 20), (40, 20, 60, 40), (90, 90, 110, 110), None]
    assert lesion_centre(boxes, (100, 200)) == (0.25, 0.3)
    assert lesion_centre([None], (100, 200)) is None
