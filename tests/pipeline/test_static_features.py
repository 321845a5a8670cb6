"""The public face of the static features: what goes in, what is refused, what is invalid and why."""

import numpy as np
import pytest
import torch

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.frames import crop_window
from analysis.pipeline.kernels.lbp import _count_patterns
from analysis.pipeline.kernels.runs import _find_runs
from analysis.pipeline.names import STATIC_FEATURES
from analysis.pipeline.static_features import extract, extract_crops

T, H, W = 20, 40, 50


@pytest.fixture
def clip() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (T, H, W)).astype(np.uint8)
    masks = np.zeros((T, H, W), np.bool_)
    for t in range(T):
        masks[t, 5 + t % 5 : 30, 8 : 30 + t] = True
    return frames, masks


def test_shapes_and_types(clip) -> None:
    found = extract(*clip)
    assert found.values.shape == (T, 91)
    assert found.values.dtype == np.float64
    assert found.valid.dtype == np.bool_
    assert found.valid.all()
    assert found.reasons.shape == (T,)
    assert not any(found.reasons)
    assert np.isfinite(found.values).all()


def test_threads_batches_and_memory_layout_do_not_matter(clip) -> None:
    frames, masks = clip
    expected = extract(frames, masks, threads=1).values
    np.testing.assert_array_equal(extract(frames, masks, threads=3).values, expected)
    one_by_one = [extract(frames[t : t + 1], masks[t : t + 1]).values[0] for t in range(T)]
    np.testing.assert_array_equal(one_by_one, expected)
    fortran = np.asfortranarray(frames), np.asfortranarray(masks)
    np.testing.assert_array_equal(extract(*fortran).values, expected)
    doubled = np.repeat(frames, 2, axis=2), np.repeat(masks, 2, axis=2)
    np.testing.assert_array_equal(extract(doubled[0][:, :, ::2], doubled[1][:, :, ::2]).values, expected)


def test_read_only_input_works_without_compiling_again(clip) -> None:
    expected = extract(*clip).values
    compiled = [len(kernel.signatures) for kernel in (_find_runs, _count_patterns)]
    for array in clip:
        array.setflags(write=False)
    np.testing.assert_array_equal(extract(*clip).values, expected)
    assert [len(kernel.signatures) for kernel in (_find_runs, _count_patterns)] == compiled


def test_crops_equal_whole_frames_also_at_the_border(clip) -> None:
    frames, _ = clip
    boxes = [(8, 5, 30, 30), (0, 0, 20, 15), (30, 20, 50, 40), (0, 0, 50, 40), (2, 3, 48, 37)]
    masks = np.zeros((len(boxes), H, W), np.bool_)
    crops, crop_masks = [], []
    for t, (x1, y1, x2, y2) in enumerate(boxes):
        masks[t, y1:y2, x1:x2] = True
        window = crop_window(np.array(boxes[t], float), (H, W))
        crops.append(window.cut(frames[t]))
        crop_masks.append(window.cut(masks[t]))
    whole = extract(frames[: len(boxes)], masks)
    cut = extract_crops(crops, crop_masks)
    np.testing.assert_array_equal(cut.values, whole.values)
    assert cut.valid.all()


def test_full_frame_masks_work_in_both_cpu_back_ends(clip) -> None:
    frames = clip[0][:2]
    masks = np.ones(frames.shape, np.bool_)
    ours, theirs = extract(frames, masks), extract(frames, masks, backend="pyradiomics")
    np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-9, atol=1e-7)


def test_unusable_masks_are_invalid_frames_with_a_reason(clip) -> None:
    frames, masks = clip[0][:6], np.zeros((6, H, W), np.bool_)
    masks[1, 3, 4] = True
    masks[2, 3:10, 4:40] = True
    masks[3, 3:11, 4:12] = True
    masks[4, ::2, ::2] = True
    masks[5, 3:11, 4:12] = True
    masks[5, 3, 4] = False
    found = extract(frames, masks)
    assert found.valid.tolist() == [False, False, False, True, False, False]
    assert found.reasons[0] == "empty mask"
    assert found.reasons[1] == "mask of 1 pixels, fewer than 64"
    assert found.reasons[2] == "mask of 7 x 36 pixels, a side under 8"
    assert "glcm_" in found.reasons[4]
    assert found.reasons[5] == "mask of 63 pixels, fewer than 64"
    assert np.isnan(found.values[~found.valid]).all()
    assert np.isfinite(found.values[found.valid]).all()


def test_minimum_size_is_a_keyword(clip) -> None:
    frames, masks = clip[0][:1], np.zeros((1, H, W), np.bool_)
    masks[0, 4:8, 6:11] = True
    assert not extract(frames, masks).valid[0]
    assert extract(frames, masks, min_pixels=20, min_side_px=4).valid[0]
    assert not extract(frames, masks, min_pixels=21, min_side_px=4).valid[0]
    assert not extract(frames, masks, min_pixels=20, min_side_px=5).valid[0]


def test_no_frames_give_an_empty_table() -> None:
    found = extract(np.empty((0, 5, 5), np.uint8), np.empty((0, 5, 5), np.bool_))
    assert found.values.shape == (0, 91)
    assert found.valid.shape == found.reasons.shape == (0,)
    assert extract_crops([], []).values.shape == (0, 91)


def test_spacing_scales_lengths_and_areas_by_row_and_column(clip) -> None:
    frames, masks = clip[0][:1], clip[1][:1]
    names = {"shape2D_PixelSurface": 0.2 * 0.5, "firstorder_TotalEnergy": 0.2 * 0.5}
    one, other = extract(frames, masks), extract(frames, masks, (0.2, 0.5))
    from_names = dict(zip(STATIC_FEATURES, zip(one.values[0], other.values[0], strict=True), strict=True))
    for name, factor in names.items():
        before, after = from_names[name]
        assert after == pytest.approx(before * factor, rel=1e-12)
    assert from_names["firstorder_Mean"][0] == from_names["firstorder_Mean"][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": np.zeros((2, 9, 9), np.float64)}, "frames must be a"),
        ({"frames": np.zeros((2, 9, 9), np.int16)}, "uint8"),
        ({"frames": np.zeros((9, 9), np.uint8)}, "frames must be a"),
        ({"frames": [[1]]}, "got list"),
        ({"masks": np.zeros((2, 9, 9), np.uint8)}, "masks must be a"),
        ({"masks": np.zeros((2, 9, 8), np.bool_)}, "one shape"),
        ({"masks": np.zeros((1, 9, 9), np.bool_)}, "one shape"),
        ({"spacing_mm": (0.0, 1.0)}, "spacing_mm"),
        ({"spacing_mm": (1.0, -1.0)}, "spacing_mm"),
        ({"spacing_mm": (float("nan"), 1.0)}, "spacing_mm"),
        ({"spacing_mm": (float("inf"), 1.0)}, "spacing_mm"),
        ({"spacing_mm": (1.0, 1.0, 1.0)}, "spacing_mm"),
        ({"spacing_mm": None}, "spacing_mm"),
        ({"spacing_mm": ("a", "b")}, "spacing_mm"),
        ({"bin_width": 0.0}, "bin_width"),
        ({"bin_width": 0.1}, "bin_width"),
        ({"bin_width": float("nan")}, "bin_width"),
        ({"bin_count": 0}, "bin_count"),
        ({"bin_count": 5000}, "bin_count"),
        ({"bin_count": 3.5}, "bin_count"),
        ({"min_pixels": 0}, "min_pixels"),
        ({"min_side_px": -1}, "min_side_px"),
        ({"threads": 0}, "threads"),
        ({"backend": "gpu"}, "backend"),
    ],
)
def test_wrong_input_gets_a_typed_error(change: dict, words: str) -> None:
    arguments = {"frames": np.zeros((2, 9, 9), np.uint8), "masks": np.ones((2, 9, 9), np.bool_)} | change
    with pytest.raises(InvalidInputError, match=words):
        extract(**arguments)


def test_crops_need_masks_of_their_shape() -> None:
    crop, mask = np.zeros((9, 9), np.uint8), np.ones((9, 9), np.bool_)
    with pytest.raises(InvalidInputError, match="one mask"):
        extract_crops([crop], [mask, mask])
    with pytest.raises(InvalidInputError, match="one shape"):
        extract_crops([crop], [mask[:8]])
    with pytest.raises(InvalidInputError, match="every crop"):
        extract_crops([crop.astype(float)], [mask])


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_says_what_to_do(clip) -> None:
    with pytest.raises(InvalidInputError, match="choose backend 'cpu'"):
        extract(*clip, backend="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cuda_equals_cpu(clip) -> None:
    for binning in ({}, {"bin_count": 32}):
        gpu, cpu = extract(*clip, backend="cuda", **binning), extract(*clip, **binning)
        np.testing.assert_allclose(gpu.values, cpu.values, rtol=1e-6)
