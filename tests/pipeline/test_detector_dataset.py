"""The manifest, the grouped splits, and augmentation that keeps boxes on their lesions."""

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from analysis.pipeline.errors import InvalidInputError, LeakageError
from analysis.pipeline.kernels import augment
from analysis.pipeline.kernels.anchors import fit_anchors
from analysis.pipeline.kernels.detector_dataset import (
    CachedStill,
    assert_disjoint,
    cache_still,
    cache_stills,
    heldout,
    is_heldout,
    label_lesions,
    read_grey,
    read_manifest,
    sparse_frames,
    training_split,
)

DATA = Path(__file__).resolve().parents[2] / "../shared/data/breast_us"
HEADER = "file,source,pathology,width,height,boxes_xyxy_px,pixel_size_cm,near_duplicate_group\n"


def _folder(tmp_path: Path, rows: list[str], header: str = HEADER) -> Path:
    (tmp_path / "images").mkdir(exist_ok=True)
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / "images" / name), np.full((40, 60), 90, np.uint8))
    (tmp_path / "manifest.csv").write_text(header + "\n".join(rows), encoding="utf-8")
    return tmp_path


def test_a_manifest_is_read_as_written(tmp_path):
    rows = [
        'a.png,breast,benign,60,40,"[[1.5, 2, 30, 20], [31, 5, 59, 39]]",0.01,g1',
        "b.png,busi,normal,60,40,[],,g2",
    ]
    first, second = read_manifest(_folder(tmp_path, rows))
    assert first.boxes.tolist() == [[1.5, 2, 30, 20], [31, 5, 59, 39]]
    assert (first.source, first.pathology, first.group) == ("breast", "benign", "g1")
    assert second.boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('a.png,s,p,60,40,"[[1, 2, 80, 20]]",,g', "outside"),
        ('a.png,s,p,60,40,"[[-9, 2, 20, 20]]",,g', "outside"),
        ('a.png,s,p,60,40,"[[30, 2, 20, 20]]",,g', "x1 < x2"),
        ('a.png,s,p,60,40,"[[1, 2, 3]]",,g', "boxes as"),
        ("a.png,s,p,60,40,nonsense,,g", "boxes as"),
        ('a.png,s,p,60,40,"[[NaN, 2, 3, 4]]",,g', "x1 < x2"),
        ("missing.png,s,p,60,40,[],,g", "found none"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, words):
    with pytest.raises(InvalidInputError, match="line 2") as error:
        read_manifest(_folder(tmp_path, [row]))
    assert words in str(error.value)


def test_a_missing_or_empty_manifest_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"manifest\.csv"):
        read_manifest(tmp_path)
    with pytest.raises(InvalidInputError, match="empty data set"):
        read_manifest(_folder(tmp_path, []))
    with pytest.raises(InvalidInputError, match="near_duplicate_group"):
        read_manifest(_folder(tmp_path, ["a.png,[]"], header="file,boxes_xyxy_px\n"))


def test_an_image_that_is_none_is_refused(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"not an image")
    with pytest.raises(InvalidInputError, match="decoded"):
        read_grey(path)
    path.write_bytes(b"")
    with pytest.raises(InvalidInputError, match="decoded"):
        read_grey(path)


def test_the_held_out_rule_is_the_published_one():
    for group in (f"g{i:04d}" for i in range(300)):
        assert is_heldout(group) == (int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % 5 == 0)


def test_groups_stay_on_one_side(tmp_path):
    stills = read_manifest(_folder(tmp_path, [f"a.png,s,p,60,40,[],,g{i // 3}" for i in range(300)]))
    training, validation = training_split(stills)
    judged = heldout(stills)
    sides = [{still.group for still in part} for part in (training, validation, judged)]
    assert sum(len(part) for part in (training, validation, judged)) == 300
    assert all(sides)
    assert len(set.union(*sides)) == sum(map(len, sides))
    with pytest.raises(LeakageError):
        assert_disjoint(training, training[:1])


@pytest.mark.real_data
def test_the_real_folder_splits_as_documented():
    if not DATA.is_dir():
        pytest.skip("../shared/data/breast_us is absent")
    stills = read_manifest(DATA)
    training, validation = training_split(stills)
    assert (len(stills), len(heldout(stills)), len(training), len(validation)) == (832, 172, 597, 63)


def test_sparse_frames_are_spaced_and_stay_inside():
    assert sparse_frames([True] * 31, 10) == [5, 15, 25]
    assert sparse_frames([True, False], 10) == [0]
    assert sparse_frames([], 5) == []
    with pytest.raises(InvalidInputError):
        sparse_frames([True], 0)


def test_shrinking_takes_the_boxes_along():
    image = np.zeros((300, 600), np.uint8)
    image[100:200, 150:450] = 255
    small = cache_still(image, np.array([[150.0, 100, 450, 200]]), 200)
    assert small.image.shape == (100, 200)
    rows, columns = np.nonzero(small.image > 127)
    np.testing.assert_allclose(
        small.boxes[0], [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], atol=1
    )


def _bright_still() -> CachedStill:
    """Dark grey with one bright, off-centre block: where the block is, the box must be."""
    image = np.full((180, 240), 60, np.uint8)
    image[30:70, 40:110] = 250
    mask = (image > 155).astype(np.uint8)
    return cache_still(image, np.array([[40.0, 30, 110, 70]]), 240, mask)


@pytest.mark.parametrize("seed", range(25))
def test_geometry_keeps_boxes_on_their_lesions(seed):
    options = augment.AugmentOptions(paste=0.0, bend=0.5)
    drawn = augment.place(_bright_still(), 256, options, np.random.default_rng(seed))
    boxes = augment.boxes_of_labels(drawn, options)
    rows, columns = np.nonzero(drawn.image > 155)
    if len(boxes):
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(boxes[0], found, atol=1.2)
        assert boxes[0, :2].min() >= 0
        assert boxes[0, 2:].max() <= 256


def test_a_lesion_that_is_mostly_outside_has_no_box():
    options = augment.AugmentOptions(bend=0.0, rotation=0.0, flip=0.0, log_scale=0.0, log_aspect=0.0)
    still, kept, dropped = _bright_still(), 0, 0
    for seed in range(200):
        wide = replace(options, shift=0.6)
        drawn = augment.place(still, 240, wide, np.random.default_rng(seed))
        seen = np.count_nonzero(drawn.labels) / (40 * 70)
        if seen > 0.4:
            assert len(augment.boxes_of_labels(drawn, wide)) == 1
            kept += 1
        elif seen < 0.3:
            assert len(augment.boxes_of_labels(drawn, wide)) == 0
            dropped += 1
    assert min(kept, dropped) > 10


def test_a_turned_lesion_has_the_box_of_its_outline_not_of_its_corners():
    """A disc keeps its size under rotation; the box of its turned box would grow."""
    y, x = np.mgrid[:200, :200]
    disc = ((x - 99.5) ** 2 + (y - 99.5) ** 2 <= 40**2).astype(np.uint8)
    still = cache_still(disc * np.uint8(200), np.array([[60.0, 60, 140, 140]]), 200, disc)
    options = augment.AugmentOptions(rotation=45.0, bend=0.0, log_scale=0.0, log_aspect=0.0, shift=0.0)
    for seed in range(10):
        drawn = augment.place(still, 200, options, np.random.default_rng(seed))
        sides = np.diff(augment.boxes_of_labels(drawn, options)[0].reshape(2, 2), axis=0)
        np.testing.assert_allclose(sides, 80, atol=3)


@pytest.mark.parametrize("seed", range(25))
def test_mosaics_keep_boxes_on_their_lesions(seed):
    options = augment.AugmentOptions(paste=0.0, rotation=0.0, bend=0.0)
    drawn = augment.mosaic([_bright_still()] * 4, 256, options, np.random.default_rng(seed))
    for x1, y1, x2, y2 in augment.boxes_of_labels(drawn, options).astype(int):
        inside = drawn.image[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2]
        assert inside.size == 0 or (inside > 155).mean() > 0.95


def test_a_pasted_lesion_brings_its_box():
    rng, donor = np.random.default_rng(2), _bright_still()
    options = augment.AugmentOptions()
    grey, nothing = np.full((256, 256), 60, np.uint8), np.zeros((256, 256), np.uint8)
    pasted = 0
    for _ in range(20):
        drawn = augment.paste_lesion(augment.Drawn(grey, nothing, ()), donor, options, rng)
        for x1, y1, x2, y2 in augment.boxes_of_labels(drawn, options).astype(int):
            pasted += 1
            assert drawn.image[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4].mean() > 120
    assert pasted >= 10
    assert not nothing.any()


def test_depth_keeps_its_direction():
    image = np.repeat(np.linspace(20, 220, 200).astype(np.uint8)[:, None], 200, axis=1)
    options = augment.AugmentOptions()
    for seed in range(10):
        still = cache_still(image, np.empty((0, 4)), 200)
        placed = augment.place(still, 200, options, np.random.default_rng(seed)).image
        column = placed[:, 100][placed[:, 100] > 0].astype(int)[2:-2]  # not the blended rim
        assert (np.diff(column) >= 0).all()


def test_lesions_are_labelled_by_mask_and_without_one_by_ellipse():
    boxes = np.array([[10.0, 10, 50, 30], [60, 10, 80, 50]])
    mask = np.zeros((64, 100), np.uint8)
    mask[12:28, 10:50] = 255
    labels = label_lesions(mask.shape, boxes, mask)
    np.testing.assert_array_equal(labels == 1, mask > 0)
    assert (labels == 2).sum() == pytest.approx(np.pi / 4 * 20 * 40, rel=0.05)
    rows, columns = np.nonzero(labels == 2)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (60, 10, 80, 50)


def test_a_small_lesion_before_a_large_one_keeps_its_pixels():
    boxes = np.array([[20.0, 20, 40, 40], [0, 0, 60, 60]])
    labels = label_lesions((60, 60), boxes)
    assert labels[30, 30] == 1
    assert labels[10, 30] == 2


def test_a_mask_of_another_size_is_refused(tmp_path):
    still = read_manifest(_folder(tmp_path, ["a.png,s,p,60,40,[],,g"]))[0]
    mask = tmp_path / "wrong.png"
    cv2.imwrite(str(mask), np.zeros((3, 5), np.uint8))
    with pytest.raises(InvalidInputError, match="5x3"):
        cache_stills([replace(still, mask=mask)], 64)


def test_scanner_variation_keeps_the_surround_black_and_is_seeded():
    image = np.zeros((128, 128), np.uint8)
    image[20:100, 10:120] = 120
    first = augment.vary_scanner(image, augment.AugmentOptions(), np.random.default_rng(8))
    again = augment.vary_scanner(image, augment.AugmentOptions(), np.random.default_rng(8))
    np.testing.assert_array_equal(first, again)
    assert not first[image == 0].any()
    assert first.dtype == np.uint8
    assert (first[image > 0] != 120).any()


def test_anchors_cover_the_sizes_they_were_fitted_to():
    rng = np.random.default_rng(0)
    sides = np.exp(rng.normal([4.4, 4.0], [0.5, 0.4], (300, 2)))
    anchors = np.array(fit_anchors(sides, np.random.default_rng(1))).reshape(9, 2)
    worst = np.minimum(sides[:, None] / anchors, anchors / sides[:, None]).min(2).max(1)
    assert (worst > 0.5).mean() > 0.9
    assert (np.diff(anchors.prod(axis=1)) > 0).mean() >= 0.75
    with pytest.raises(InvalidInputError):
        fit_anchors(sides[:5], rng)
