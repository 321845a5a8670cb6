"""The pixel rule of the three masks, crops against whole frames, and the segmentation on known shapes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu

from analysis.pipeline import masks
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.masks import box_masks, crop_masks, crop_windows

STILLS = Path(__file__).resolve().parents[2] / "../shared/data/breast_us"

coordinate = st.floats(-20, 60, width=32)
box = st.tuples(coordinate, coordinate, st.floats(0.125, 50, width=32), st.floats(0.125, 50, width=32)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def plain(b, shape, kind):
    """The rule, pixel by pixel."""
    mask = np.zeros(shape, bool)
    for r in range(shape[0]):
        for c in range(shape[1]):
            x, y = c + 0.5, r + 0.5
            if kind == "rect":
                mask[r, c] = b[0] <= x < b[2] and b[1] <= y < b[3]
            else:
                u = (x - (b[0] + b[2]) / 2) / ((b[2] - b[0]) / 2)
                v = (y - (b[1] + b[3]) / 2) / ((b[3] - b[1]) / 2)
                mask[r, c] = u * u + v * v <= 1
    return mask


@settings(max_examples=60, deadline=None)
@given(box, st.sampled_from(["rect", "ellipse"]))
def test_the_pixel_rule(b, kind):
    mask = box_masks(np.array([b]), (31, 37), kind)
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask[0], plain(b, (31, 37), kind))


def test_windows_are_half_open_and_judged_at_pixel_centres():
    mask = box_masks([[2, 1, 5, 3]], (6, 8))
    assert mask.sum() == 6
    assert mask[0, 1:3, 2:5].all()
    assert box_masks([[2.5, 1, 5.5, 3]], (6, 8))[0, 1:3, 2:5].all()
    assert not box_masks([[2.51, 1, 5.5, 3]], (6, 8))[0, :, 2].any()


def test_an_ellipse_covers_pi_quarters_of_its_box():
    rect, ellipse = (box_masks([[10, 20, 210, 140]], (200, 250), kind)[0] for kind in ("rect", "ellipse"))
    assert ellipse.sum() / rect.sum() == pytest.approx(np.pi / 4, abs=0.002)
    assert not (ellipse & ~rect).any()


@pytest.mark.parametrize("kind", ["rect", "ellipse", "segment"])
def test_no_box_no_mask(kind):
    frames = np.zeros((3, 20, 20), np.uint8)
    boxes = np.full((3, 4), np.nan)
    boxes[1] = [4, 4, 12, 12]
    mask = box_masks(boxes, (20, 20), kind, frames=frames)
    assert list(mask.any(axis=(1, 2))) == [False, True, False]
    assert box_masks(np.empty((0, 4)), (20, 20)).shape == (0, 20, 20)


def test_a_box_outside_the_frame_is_empty_and_one_across_the_border_is_cut():
    assert not box_masks([[30, 30, 40, 40]], (20, 20)).any()
    assert box_masks([[-5, -5, 5, 5]], (20, 20)).sum() == 25


def test_the_margin_grows_about_the_centre():
    np.testing.assert_array_equal(
        box_masks([[10, 10, 20, 30]], (60, 60), margin=2.0), box_masks([[5, 0, 25, 40]], (60, 60))
    )


# --- crops -------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(box, min_size=1, max_size=4), st.sampled_from(["rect", "ellipse", "segment"]), st.integers(0, 7)
)
def test_crops_are_the_same_windows_of_the_whole_masks(boxes, kind, pad):
    shape = (50, 55)
    frames = np.random.default_rng(0).integers(0, 256, (len(boxes), *shape)).astype(np.uint8)
    whole = box_masks(boxes, shape, kind, frames=frames)
    windows = crop_windows(boxes, shape, pad=pad)
    height, width = windows.shape
    cut = [np.s_[r : r + height, c : c + width] for r, c in windows.corners]
    crops = np.stack([frame[where] for frame, where in zip(frames, cut, strict=True)])
    assert crops.shape == (len(boxes), height, width)
    cropped = crop_masks(boxes, windows, kind, crops=crops)
    for i, where in enumerate(cut):
        np.testing.assert_array_equal(cropped[i], whole[i][where])
        assert cropped[i].sum() == whole[i].sum()


def test_windows_keep_the_padding_inside_and_touch_the_border_only_where_the_frame_ends():
    boxes = [[20, 20, 30, 28], [0, 0, 12, 9], [88, 60, 100, 80]]
    windows = crop_windows(boxes, (80, 100), pad=6, dilation=1.0)
    assert windows.shape == (26, 22)
    assert windows.corners.tolist() == [[14, 14], [0, 0], [54, 78]]


def test_a_box_as_large_as_the_frame():
    windows = crop_windows([[0, 0, 100, 80]], (80, 100), pad=6)
    assert windows.shape == (80, 100)
    assert windows.corners.tolist() == [[0, 0]]


# --- segmentation ------------------------------------------------------------------------------------------


def disc(shape=(120, 140), centre=(60.0, 70.0), radius=(25, 35)):
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    return ((y - centre[0]) / radius[0]) ** 2 + ((x - centre[1]) / radius[1]) ** 2 <= 1


def test_a_dark_lesion_on_bright_tissue_is_found():
    lesion = disc()
    rng = np.random.default_rng(0)
    image = np.where(lesion, 40, 140) + rng.normal(0, 15, lesion.shape)
    lesion_box = [30, 30, 110, 90]  # larger than the lesion
    mask = box_masks([lesion_box], lesion.shape, "segment", frames=image.clip(0, 255).astype(np.uint8)[None])[
        0
    ]
    assert (mask & lesion).sum() / (mask | lesion).sum() > 0.97


@pytest.mark.parametrize("image", ["flat", "specks", "all_dark"])
def test_an_implausible_segment_falls_back_to_the_ellipse(image):
    frame = np.full((80, 80), 200, np.uint8)
    if image == "specks":
        frame[::6, ::6] = 10
    if image == "all_dark":
        frame[10:70, 10:70] = 20
    lesion_box = [[20, 20, 60, 50]]
    mask = box_masks(lesion_box, (80, 80), "segment", frames=frame[None])
    np.testing.assert_array_equal(mask, box_masks(lesion_box, (80, 80), "ellipse"))


def test_the_threshold_is_otsus():
    rng = np.random.default_rng(1)
    for _ in range(20):
        values = np.concatenate([rng.normal(60, 20, 400), rng.normal(rng.uniform(100, 200), 25, 300)])
        values = values.clip(0, 255).astype(np.uint8)
        ours = masks.otsu_threshold(values)
        theirs = int(threshold_otsu(values))
        np.testing.assert_array_equal(values <= ours, values <= theirs)
    assert masks.otsu_threshold(np.full(9, 77, np.uint8)) == 77


@pytest.mark.real_data
def test_on_real_stills_segment_beats_the_box():
    if not STILLS.exists():
        pytest.skip("../shared/data/breast_us is absent")
    overlap = []
    for row in real_stills():
        frame, lesion, lesion_box = row
        both = [
            box_masks([lesion_box], frame.shape, k, frames=frame[None])[0]
            for k in ("rect", "ellipse", "segment")
        ]
        overlap.append([(m & lesion).sum() / (m | lesion).sum() for m in both])
    rect, ellipse, segment = np.mean(overlap, axis=0)
    assert rect == pytest.approx(0.71, abs=0.03)
    assert ellipse == pytest.approx(0.80, abs=0.03)
    assert segment > rect + 0.02


def real_stills():
    with (STILLS / "manifest.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if (STILLS / "masks" / row["file"]).exists()]
    for row in rows[::15]:
        frame = np.asarray(Image.open(STILLS / "images" / row["file"]).convert("L"))
        lesion = np.asarray(Image.open(STILLS / "masks" / row["file"])) > 0
        if len(json.loads(row["boxes_xyxy_px"])) == 1 and lesion.any():
            labels, _ = ndimage.label(lesion)
            lesion = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
            y, x = np.nonzero(lesion)
            yield frame, lesion, [x.min(), y.min(), x.max() + 1, y.max() + 1]


# --- rings -------------------------------------------------------------------------------------------------


def test_a_ring_surrounds_its_mask_by_millimetres():
    mask = box_masks([[40, 40, 60, 60], [np.nan] * 4], (100, 100))
    ring = masks.ring_masks(mask, (0.5, 0.25), 2.0)
    assert not (ring & mask).any()
    assert not ring[1].any()
    assert list(np.flatnonzero(ring[0, 50])) == [*range(32, 40), *range(60, 68)]
    assert list(np.flatnonzero(ring[0, :, 50])) == [*range(36, 40), *range(60, 64)]


# --- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "boxes",
    [
        [1, 2, 3, 4],
        [[1, 2, 3]],
        [[1, 2, 3, 4, 0.9]],
        [[5, 2, 3, 4]],
        [[1, 2, 1, 4]],
        [[1, 4, 3, 2]],
        [[1, np.nan, 3, 4]],
        [[1, 2, np.inf, 4]],
        [["a", 2, 3, 4]],
        None,
    ],
)
def test_bad_boxes_are_refused(boxes):
    with pytest.raises(InvalidInputError):
        box_masks(boxes, (20, 20))


@pytest.mark.parametrize("shape", [(0, 5), (5,), (5, 5, 3), (5.5, 4), None])
def test_bad_shapes_are_refused(shape):
    with pytest.raises(InvalidInputError, match="frame_shape"):
        box_masks([[1, 2, 3, 4]], shape)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "circle"},
        {"margin": 0},
        {"margin": -1.0},
        {"margin": np.nan},
        {"margin": "1"},
        {"kind": "segment"},
        {"kind": "segment", "frames": np.zeros((1, 20, 21), np.uint8)},
        {"kind": "segment", "frames": np.zeros((1, 20, 20))},
        {"kind": "segment", "frames": np.zeros((2, 20, 20), np.uint8)},
    ],
)
def test_bad_options_are_refused(options):
    with pytest.raises(InvalidInputError):
        box_masks([[1, 2, 13, 14]], (20, 20), **options)


def test_bad_rings_are_refused():
    with pytest.raises(InvalidInputError):
        masks.ring_masks(np.zeros((2, 5, 5)), (1, 1), 1)
    with pytest.raises(InvalidInputError):
        masks.ring_masks(np.zeros((2, 5, 5), bool), (0, 1), 1)
    with pytest.raises(InvalidInputError):
        crop_windows([[np.nan] * 4], (20, 20))
