"""The kernels against oracles that are not pyradiomics: whole numbers, geometry, NumPy and scikit-image."""

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from analysis.pipeline.kernels import lbp, levels, shape2d, warm
from analysis.pipeline.kernels.feature_backends import Settings, describe_on_cpu
from analysis.pipeline.kernels.firstorder import firstorder
from analysis.pipeline.kernels.glcm import _maximal_correlation
from analysis.pipeline.kernels.levels import Levels
from analysis.pipeline.kernels.packing import pack_clip, pack_crops
from analysis.pipeline.kernels.reference import lbp_codes
from analysis.pipeline.kernels.runs import find_runs
from analysis.pipeline.names import SHAPE_FEATURES, STATIC_FEATURES
from tests.pipeline.static_rois import rois

SCALE = 10**5


def _runs(*masks: np.ndarray):
    packed = pack_crops([np.zeros(mask.shape, np.uint8) for mask in masks], masks)
    return find_runs(packed.mask, packed.starts, packed.heights, packed.widths)


@pytest.mark.parametrize(("radius", "fraction"), [(1, 70711), (2, 41421), (3, 12132), (4, 82843)])
def test_narrow_weights_decide_as_the_definition_does_on_every_triple(radius: int, fraction: int) -> None:
    """For each pair of far differences, the lowest near difference that sets the bit is the same."""
    a, b = fraction, SCALE - fraction
    sides = np.arange(-510, 511, dtype=np.int64)[:, None]
    far = np.arange(-255, 256, dtype=np.int64)[None, :]
    exact = -((10**4 + a * b * sides + a * a * far) // (b * b))
    _, n, s, f, floor = lbp.DIAGONAL_WEIGHTS[radius]
    narrow = -((s * sides + f * far - floor) // n)
    np.testing.assert_array_equal(np.clip(narrow, -255, 256), np.clip(exact, -255, 256))
    assert (n + 2 * s + f) * 255 < 2**31


def test_pattern_codes_fold_58_uniform_patterns() -> None:
    codes, counts = np.unique(lbp.FOLD, return_counts=True)
    assert codes.tolist() == list(range(10))
    assert counts.tolist() == [1, 8, 8, 8, 8, 8, 8, 8, 1, 198]


def test_patterns_are_close_to_those_of_scikit_image() -> None:
    """Rounding there turns exact ties of smooth patches into zeros, hence a tolerance."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (60, 80)).astype(np.uint8)
    for radius in (1, 2, 3, 4):
        theirs = local_binary_pattern(np.pad(image, radius + 1, mode="edge"), 8, radius, "uniform")
        cut = slice(radius + 1, -radius - 1)
        assert np.mean(theirs[cut, cut] != lbp_codes(image, radius)) <= 2e-3


def test_runs_rebuild_their_masks() -> None:
    masks = [roi.mask for roi in rois(70, seed=5)]
    masks[3] = np.zeros((7, 300), np.bool_)
    masks.append(np.ones((3, 1000), np.bool_))
    found = _runs(*masks)
    for t, mask in enumerate(masks):
        rebuilt = np.zeros(mask.shape, np.bool_)
        for row, start, stop in found.runs[found.first[t] : found.first[t + 1]]:
            rebuilt[row, start:stop] = True
        np.testing.assert_array_equal(rebuilt, mask)
        assert found.n_pixels[t] == mask.sum()
        if mask.any():
            rows, columns = np.nonzero(mask)
            box = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
            assert found.boxes[t].tolist() == box


@pytest.mark.parametrize(
    ("bin_width", "bin_count"), [(25.0, None), (8.0, None), (2.7, None), (0.3, None), (1.0, 32), (1.0, 7)]
)
def test_levels_are_those_of_numpy(bin_width: float, bin_count: int | None) -> None:
    rng = np.random.default_rng(6)
    for _ in range(30):
        low, high = sorted(rng.choice(256, 2, replace=False))
        values = np.unique(rng.integers(low, high + 1, 40)).astype(np.float64)
        if values.size < 2:
            continue
        if bin_count is None:
            edges = np.arange(values[0] - values[0] % bin_width, values[-1] + 2 * bin_width, bin_width)
        else:
            edges = np.histogram_bin_edges(values, bin_count)
            edges[-1] += 1
        expected = np.digitize(values, edges)
        histogram = np.zeros((1, 256), np.int64)
        histogram[0, values.astype(int)] = 1
        found = Levels(histogram, bin_width, bin_count)
        index = found.index_of[0, values.astype(int)].astype(int) - 1
        np.testing.assert_array_equal(found.value_of[0][index], expected)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 64, 777])
def test_percentiles_are_bitwise_those_of_numpy(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.integers(0, 256, n)
    histogram = np.bincount(values, minlength=256)[None].astype(np.int64)
    out = np.full((1, 18), np.nan)
    firstorder(histogram, Levels(histogram, 25.0, None), (1.0, 1.0), out)
    p10, p25, p50, p75, p90 = np.percentile(values.astype(np.float64), [10, 25, 50, 75, 90])
    assert out[0, [0, 1, 4, 9]].tolist() == [p10, p90, p75 - p25, p50]


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 31), (40, 12)])
def test_shape_of_a_rectangle_is_known(height: int, width: int) -> None:
    mask = np.zeros((60, 60), np.bool_)
    mask[7 : 7 + height, 11 : 11 + width] = True
    sy, sx = 0.2, 0.3
    out = np.empty((1, 9))
    shape2d.shape2d(_runs(mask), (sy, sx), out)
    found = dict(zip(SHAPE_FEATURES, out[0], strict=True))
    cut_corner = np.hypot(sy / 2, sx / 2)
    perimeter = 2 * (height - 1) * sy + 2 * (width - 1) * sx + 4 * cut_corner
    area = (height * width - 0.5) * sy * sx
    longest = max(np.hypot(height * sy, (width - 1) * sx), np.hypot((height - 1) * sy, width * sx))
    axes = sorted([4 * sy * np.sqrt((height**2 - 1) / 12), 4 * sx * np.sqrt((width**2 - 1) / 12)])
    assert found["shape2D_Perimeter"] == pytest.approx(perimeter, rel=1e-12)
    assert found["shape2D_MeshSurface"] == pytest.approx(area, rel=1e-12)
    assert found["shape2D_MaximumDiameter"] == pytest.approx(longest, rel=1e-12)
    assert found["shape2D_PixelSurface"] == pytest.approx(height * width * sy * sx, rel=1e-12)
    assert found["shape2D_MinorAxisLength"] == pytest.approx(axes[0], rel=1e-12)
    assert found["shape2D_MajorAxisLength"] == pytest.approx(axes[1], rel=1e-12)
    assert found["shape2D_Elongation"] == pytest.approx(axes[0] / axes[1], rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 7, 11, 32, 100])
def test_maximal_correlation_is_the_second_largest_eigenvalue(n: int) -> None:
    rng = np.random.default_rng(n)
    p = rng.random((n, n)) ** 3
    p = (p + p.T) / (2 * p.sum())
    px = p.sum(axis=1)
    scaled = p / np.sqrt(np.outer(px, px) + 2.0**-52)
    expected = np.sort(np.abs(np.linalg.eigvalsh(scaled)))[-2]
    work = np.empty((n, n)), np.empty(n), np.empty(n + 1), np.empty(n), np.empty(n)
    assert _maximal_correlation(p, px, n, *work) == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_values_of_a_constant_region() -> None:
    """SCIENCE: Skewness and Kurtosis 0, Correlation and MCC 1, all patterns 'eight not darker'."""
    frames = np.full((1, 12, 12), 90, np.uint8)
    packed = pack_clip(frames, np.ones(frames.shape, np.bool_))
    runs = find_runs(packed.mask, packed.starts, packed.heights, packed.widths)
    expected = {
        **dict.fromkeys(["firstorder_Skewness", "firstorder_Kurtosis", "glcm_Contrast", "glcm_Imc1"], 0.0),
        **dict.fromkeys(["glcm_Imc2", "glcm_InverseVariance", "firstorder_Variance"], 0.0),
        **dict.fromkeys(["firstorder_Uniformity", "glcm_Correlation", "glcm_MCC", "glcm_JointAverage"], 1.0),
        **dict.fromkeys(["glcm_Id", "glcm_Idm", "glcm_Idmn", "glcm_Idn", "glcm_JointEnergy"], 1.0),
        **{f"lbp_R{radius}_bin{b}": float(b == 8) for radius in (1, 2, 3, 4) for b in range(10)},
    }
    for bin_count in (None, 32):
        row = describe_on_cpu(packed, runs, Settings((1.0, 1.0), 25.0, bin_count))[0]
        found = dict(zip(STATIC_FEATURES, row, strict=True))
        assert {name: found[name] for name in expected} == expected
        assert found["firstorder_Entropy"] == pytest.approx(0.0, abs=1e-15)


def test_warming_runs_every_kernel() -> None:
    assert warm.warm() > 0
    kernels = (lbp._count_patterns, levels._levels, shape2d._shape2d)
    assert all(kernel.signatures for kernel in kernels)
