"""Drawn marks and flow colours are found, tissue and tinted pictures are not."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.exclusion import (
    COLOUR_DOPPLER,
    GRAPHICS,
    REASON_TEXT,
    ExclusionParameters,
    frame_exclusion,
)
from analysis.pipeline.kernels.cross_marks import cross_contrast
from studies.imaging.cine import iter_frames

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
BOX = (100, 80, 200, 150)
# Stills with a lesion whose marks are plain to the eye.
MARKED = [
    "busi_benign_a0abd53b",
    "busi_benign_13abfca3",
    "busi_malignant_34530473",
    "busi_malignant_b7c3475a",
]


def tissue(seed=0, shape=(240, 320)):
    """Fully developed speckle with a dark lesion and bright fibres."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.normal(size=(*shape, 2)), (0, 0), 1.6)
    level = 20 * np.log10(np.hypot(field[..., 0], field[..., 1]) / 0.2 + 1e-3) * 4 + 120
    y, x = np.mgrid[: shape[0], : shape[1]]
    level[((x - 150) / 50) ** 2 + ((y - 115) / 35) ** 2 < 1] -= 70
    level[np.abs(y - 60 - 6 * np.sin(x / 25)) < 2] += 70
    return level.clip(0, 255).astype(np.uint8)


def cross(image, row, column, arm, value=230, thickness=1, diagonal=False):
    ends = [((-arm, -arm), (arm, arm)), ((-arm, arm), (arm, -arm))] if diagonal else [((-arm, 0), (arm, 0))]
    ends = ends if diagonal else [*ends, ((0, -arm), (0, arm))]
    for a, b in ends:
        start, stop = (column + a[1], row + a[0]), (column + b[1], row + b[0])
        cv2.line(image, start, stop, value if image.ndim == 2 else (value,) * 3, thickness)
    return image


@pytest.mark.parametrize("seed", range(8))
def test_tissue_counts(seed):
    frame = tissue(seed)
    assert frame_exclusion(frame, BOX) == ""
    assert frame_exclusion(np.repeat(frame[..., None], 3, axis=2), BOX) == ""


@pytest.mark.parametrize(("arm", "thickness"), [(5, 1), (7, 2), (10, 3), (14, 4)])
@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("place", [(115, 105), (84, 150), (120, 150)])
def test_a_measurement_cross_over_the_lesion_excludes(arm, thickness, diagonal, place):
    frame = cross(tissue(), *place, arm, thickness=thickness, diagonal=diagonal)
    assert frame_exclusion(frame, BOX) == GRAPHICS


def test_a_cross_elsewhere_does_not_matter():
    assert frame_exclusion(cross(tissue(), 200, 290, 8), BOX) == ""


def test_the_contrast_of_a_clean_cross_is_what_was_drawn():
    image = cross(np.full((60, 60), 50, np.uint8), 30, 30, 8, value=200)
    assert cross_contrast(image) == 150
    assert cross_contrast(image, 150.0) == 150
    assert cross_contrast(np.full((60, 60), 50, np.uint8)) == 0
    line = np.full((60, 60), 50, np.uint8)
    line[30] = 200
    assert cross_contrast(line) == 0


def test_flow_colours_exclude_over_and_beside_the_lesion_but_not_far_away():
    grey = np.repeat(tissue()[..., None], 3, axis=2)
    for centre, expected in (((150, 115), COLOUR_DOPPLER), ((215, 115), COLOUR_DOPPLER), ((300, 225), "")):
        frame = grey.copy()
        cv2.circle(frame, centre, 12, (210, 40, 20), -1)
        assert frame_exclusion(frame, BOX) == expected


def test_thin_coloured_graphics_over_the_lesion_are_graphics():
    frame = np.repeat(tissue()[..., None], 3, axis=2)
    cv2.line(frame, (105, 110), (195, 118), (40, 230, 60), 1)
    assert frame_exclusion(frame, BOX) == GRAPHICS


@pytest.mark.parametrize("tint", [(1.0, 0.92, 0.75), (0.85, 0.95, 1.0), (1.0, 0.85, 0.65)])
def test_a_tinted_picture_counts_and_its_flow_does_not(tint):
    frame = (tissue()[..., None] * np.array(tint)).astype(np.uint8)
    assert frame_exclusion(frame, BOX) == ""
    cv2.circle(frame, (150, 115), 15, (20, 40, 220), -1)
    assert frame_exclusion(frame, BOX) == COLOUR_DOPPLER


def test_jpeg_does_not_make_colour():
    frame = np.repeat(tissue()[..., None], 3, axis=2)
    coded = cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    assert frame_exclusion(np.ascontiguousarray(coded[..., ::-1]), BOX) == ""


def test_frames_without_a_box_or_with_a_tiny_one_are_left_alone():
    frame = tissue()
    assert frame_exclusion(frame, [np.nan] * 4) == ""
    assert frame_exclusion(frame, [500, 500, 600, 600]) == ""
    assert frame_exclusion(frame, [10, 10, 12, 12]) == ""


def test_every_reason_has_a_sentence():
    assert set(REASON_TEXT) == {COLOUR_DOPPLER, GRAPHICS}


@pytest.mark.parametrize(
    ("frame", "box"),
    [
        (np.zeros((20, 20)), BOX),
        (np.zeros((20, 20, 4), np.uint8), BOX),
        (np.zeros(20, np.uint8), BOX),
        ([[1, 2]], BOX),
        (np.zeros((20, 20), np.uint8), (1, 2, 3)),
        (np.zeros((20, 20), np.uint8), (1, 2, np.inf, 4)),
        (np.zeros((20, 20), np.uint8), "box"),
    ],
)
def test_bad_input_is_refused(frame, box):
    with pytest.raises(InvalidInputError):
        frame_exclusion(frame, box)


@pytest.mark.parametrize(
    "option", [{"mark_contrast": 0}, {"flow_share": -1}, {"reach": 0.5}, {"colour_level": np.nan}]
)
def test_bad_parameters_are_refused(option):
    with pytest.raises(InvalidInputError):
        ExclusionParameters(**option)


# --- real pictures -----------------------------------------------------------------------------------------


def need(folder):
    if not (SHARED / folder).exists():
        pytest.skip(f"../shared/data/{folder} is absent")
    return SHARED / folder


def boxes_of_stills(folder):
    with (folder / "manifest.csv").open() as table:
        return {row["file"]: json.loads(row["boxes_xyxy_px"]) for row in csv.DictReader(table)}


@pytest.mark.real_data
def test_real_stills_with_and_without_marks():
    folder = need("breast_us")
    boxes = boxes_of_stills(folder)
    for name in MARKED:
        frame = np.asarray(Image.open(folder / "images" / f"{name}.png").convert("L"))
        assert any(frame_exclusion(frame, box) == GRAPHICS for box in boxes[f"{name}.png"]), name


@pytest.mark.real_data
def test_of_the_real_stills_about_one_in_seven_carries_marks():
    folder = need("breast_us")
    named = [(name, boxes) for name, boxes in boxes_of_stills(folder).items() if boxes][::4]
    flagged = [
        name
        for name, boxes in named
        if any(
            frame_exclusion(np.asarray(Image.open(folder / "images" / name).convert("L")), box)
            for box in boxes
        )
    ]
    assert 0.10 < len(flagged) / len(named) < 0.18
    breast = [name for name, _ in named if name.startswith("breast_")]
    assert not [name for name in flagged if name in breast]  # the BrEaST collection was taken without marks


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name",
    [
        "cornerstonejs__IM00001.fragmented_no_bot_jpeg_baseline.50.dcm",
        "pydicom__ExplVR_BigEnd.dcm",
        "pydicom__color-pl.dcm",
        "pydicom__examples_jpeg2k.dcm",
        "wearemothership__US-PAL-8-10x-echo.dcm",
    ],
)
def test_real_doppler_frames_are_excluded(name):
    frame = next(iter(iter_frames(need("dicom_us") / name, colour=True)))
    height, width = frame.shape[:2]
    assert frame_exclusion(frame, (0.4 * width, 0.4 * height, 0.6 * width, 0.6 * height)) == COLOUR_DOPPLER


@pytest.mark.real_data
def test_real_cines_without_marks_are_kept():
    for path in sorted(need("cine").glob("us_*")):
        for frame in iter_frames(path, colour=True, stop=12):
            height, width = frame.shape[:2]
            for x in (0.2, 0.5):
                box = (x * width, 0.4 * height, (x + 0.25) * width, 0.6 * height)
                assert frame_exclusion(frame, box) == ""
