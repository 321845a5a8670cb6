"""The 24 descriptors against their definitions, against SciPy, and every identity as a property."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis.pipeline import dynamic_features as df
from analysis.pipeline.dynamic_features import describe_curves
from analysis.pipeline.errors import InvalidInputError, UnusableClipError
from analysis.pipeline.kernels.signal import one_sided, residuals
from analysis.pipeline.names import DYNAMIC_DESCRIPTORS

NAMES = [
    "t_max",
    "t_min",
    "t_mean",
    "t_pp",
    "t_arv",
    "t_var",
    "t_std",
    "t_skew",
    "t_kurt",
    "t_rms",
    "t_wf",
    "t_cf",
    "t_impf",
    "t_mf",
    "f_dc",
    "f_fc",
    "f_msf",
    "f_rmsf",
    "f_vf",
    "f_rvf",
    "f_fp",
    "f_ap",
    "f_am",
    "f_se",
]
TIME, FREQUENCY = NAMES[:14], NAMES[15:]
SCALED = ["t_max", "t_min", "t_mean", "t_pp", "t_arv", "t_std", "t_rms", "f_dc", "f_ap", "f_am"]

finite = st.floats(-1e4, 1e4, allow_nan=False, width=32)
curves = st.integers(4, 70).flatmap(lambda n: arrays(np.float64, n, elements=finite))
rates = st.floats(0.5, 120)
property_test = settings(max_examples=120, deadline=None)


def one(x, fps=25.0, **options):
    return dict(zip(NAMES, describe_curves(np.asarray(x, float)[:, None], fps, **options)[0], strict=True))


def naive(x, fps, fmax=None):
    """The printed formulas with plain sums and a Fourier matrix, for curves that are not degenerate."""
    n = len(x)
    mean, size = sum(x) / n, np.abs(x)
    moment = [sum((x - mean) ** p) / n for p in range(5)]
    var, rms, arv, peak = moment[2], (sum(x**2) / n) ** 0.5, sum(size) / n, max(size)
    time = [
        max(x),
        min(x),
        mean,
        max(x) - min(x),
        arv,
        var,
        var**0.5,
        moment[3] / var**1.5,
        moment[4] / var**2,
    ]
    time += [rms, rms / arv, peak / rms, peak / arv, peak / (sum(size**0.5) / n) ** 2]
    f, p, a = [], [], []
    for k in range(1, n // 2 + 1):
        if fmax is not None and k * fps / n > fmax:
            continue
        side = 1 if 2 * k == n else 2
        magnitude = abs(sum((x - mean) * np.exp(-2j * np.pi * k * np.arange(n) / n)))
        f.append(k * fps / n)
        p.append(side * magnitude**2 / n**2)
        a.append(side * magnitude / n)
    f, p, a = np.array(f), np.array(p), np.array(a)
    q = p / p.sum()
    fc, msf = (f * q).sum(), (f**2 * q).sum()
    vf = ((f - fc) ** 2 * q).sum()
    entropy = -sum(v * np.log(v) for v in q if v > 0) / np.log(len(q))
    return np.array(
        [*time, abs(mean), fc, msf, msf**0.5, vf, vf**0.5, f[p.argmax()], a[p.argmax()], a.mean(), entropy]
    )


def test_the_order_is_that_of_the_names():
    assert tuple(NAMES) == DYNAMIC_DESCRIPTORS


@pytest.mark.parametrize("n", [5, 6, 16, 31, 64])
@pytest.mark.parametrize("fmax", [None, 12.0])
def test_the_printed_formulas(n, fmax):
    x = np.random.default_rng(n).gamma(2.0, 10.0, (n, 5))
    expected = np.stack([naive(column, 25.0, fmax) for column in x.T])
    np.testing.assert_allclose(describe_curves(x, 25.0, fmax=fmax), expected, rtol=1e-10)


def test_moments_against_scipy():
    x = np.random.default_rng(1).exponential(3.0, 200)
    d = one(x)
    assert d["t_skew"] == pytest.approx(stats.skew(x))
    assert d["t_kurt"] == pytest.approx(stats.kurtosis(x, fisher=False))
    assert d["t_var"] == pytest.approx(np.var(x))


def test_the_worked_example():
    """x = 1, 2, 3, 4 at 4 Hz, by hand."""
    d = one([1, 2, 3, 4], 4.0)
    assert [d["t_max"], d["t_min"], d["t_mean"], d["t_pp"], d["t_arv"], d["t_var"]] == [
        4,
        1,
        2.5,
        3,
        2.5,
        1.25,
    ]
    assert d["t_kurt"] == pytest.approx(1.64)
    assert d["t_cf"] == pytest.approx(4 / 7.5**0.5)
    # X_1 = -2+2i, X_2 = -2: P = (1, 1/4), A = (√2, 1/2)
    assert d["f_fc"] == pytest.approx(1.2)
    assert d["f_msf"] == pytest.approx(1.6)
    assert d["f_vf"] == pytest.approx(0.16)
    assert d["f_ap"] == pytest.approx(2**0.5)
    assert d["f_am"] == pytest.approx((2**0.5 + 0.5) / 2)
    assert d["f_se"] == pytest.approx(-(0.8 * np.log(0.8) + 0.2 * np.log(0.2)) / np.log(2))


# --- identities (SCIENCE 2.4) ------------------------------------------------------------------------------


def near_constant(x):
    return np.ptp(x) <= 1e-6 * np.abs(x).max()


@property_test
@given(curves, rates)
def test_identities_of_one_curve(x, fps):
    d = one(x, fps)
    assert np.isfinite(list(d.values())).all()
    scale = np.abs(x).max()
    assert d["f_dc"] == pytest.approx(abs(d["t_mean"]), rel=1e-12, abs=1e-300)
    assert d["t_rms"] ** 2 == pytest.approx(d["t_mean"] ** 2 + d["t_var"], rel=1e-9, abs=1e-9 * scale**2)
    assert d["t_impf"] == pytest.approx(d["t_cf"] * d["t_wf"], rel=1e-12)
    assert d["t_std"] ** 2 == pytest.approx(d["t_var"], rel=1e-12, abs=1e-300)
    assert d["f_vf"] == pytest.approx(d["f_msf"] - d["f_fc"] ** 2, rel=1e-9, abs=1e-9 * fps**2)
    assert d["f_rmsf"] ** 2 == pytest.approx(d["f_msf"], rel=1e-12)
    assert d["f_rvf"] ** 2 == pytest.approx(d["f_vf"], rel=1e-12)
    assert 0 <= d["f_fc"] <= fps / 2 * (1 + 1e-12)
    assert 0 <= d["f_se"] <= 1 + 1e-12
    assert d["t_pp"] == pytest.approx(d["t_max"] - d["t_min"])


@property_test
@given(curves)
def test_parseval_the_powers_sum_to_the_variance(x):
    power = one_sided(residuals(x[None], "mean"), "rect").power
    assert power.sum() == pytest.approx(np.var(x), rel=1e-9, abs=1e-12 * np.abs(x).max() ** 2)


def assert_same(a, b, names=NAMES, scale=1.0):
    """Equal up to rounding; a tie of two highest powers may fall to either side and is left out."""
    for name in names:
        if name in ("f_fp", "f_ap") and a["f_fp"] != b["f_fp"]:
            assert a["f_ap"] == pytest.approx(b["f_ap"], rel=1e-6)
            continue
        assert a[name] == pytest.approx(b[name], rel=1e-6, abs=1e-6 * scale), name


@property_test
@given(curves, st.integers(0, 100))
def test_time_reversal_and_circular_shift_change_nothing(x, shift):
    if near_constant(x):
        return
    d, scale = one(x), np.abs(x).max()
    assert_same(one(x[::-1]), d, scale=max(1, scale))
    assert_same(one(np.roll(x, shift)), d, scale=max(1, scale))


@property_test
@given(curves, st.floats(0.01, 100))
def test_scaling_the_curve(x, a):
    if near_constant(x):
        return
    d, e = one(x), one(a * x)
    for name in SCALED:
        assert e[name] == pytest.approx(a * d[name], rel=1e-9, abs=1e-9 * a * np.abs(x).max()), name
    assert e["t_var"] == pytest.approx(a * a * d["t_var"], rel=1e-9)
    rest = [n for n in NAMES if n not in SCALED and n not in ("t_var", "f_fp")]
    assert_same(d, e, rest)


@property_test
@given(curves, st.floats(0.01, 100))
def test_scaling_the_rate(x, c):
    d, e = one(x, 25.0), one(x, 25.0 * c)
    for name in ("f_fc", "f_rmsf", "f_rvf", "f_fp"):
        assert e[name] == pytest.approx(c * d[name], rel=1e-12), name
    for name in ("f_msf", "f_vf"):
        assert e[name] == pytest.approx(c * c * d[name], rel=1e-12), name
    for name in [*TIME, "f_dc", "f_ap", "f_am", "f_se"]:
        assert e[name] == d[name], name


def test_permuting_the_frames_keeps_the_14_and_changes_the_spectrum():
    rng = np.random.default_rng(3)
    x = 10 + np.cumsum(rng.normal(size=64))
    d, e = one(x), one(rng.permutation(x))
    for name in [*TIME, "f_dc"]:
        assert e[name] == pytest.approx(d[name], rel=1e-10), name
    for name in ("f_fc", "f_msf", "f_vf", "f_ap", "f_am", "f_se"):
        assert abs(e[name] / d[name] - 1) > 0.01, name


@property_test
@given(st.integers(9, 200), st.floats(-50, 50), st.floats(0.1, 20), rates, st.data())
def test_a_sinusoid_on_a_bin(n, c, a, fps, data):
    k0 = data.draw(st.integers(1, (n - 1) // 2))
    if (4 * k0) % n == 0 or (3 * k0) % n == 0:
        return  # the fourth moment of a sampled sinusoid aliases there
    d = one(c + a * np.sin(2 * np.pi * k0 * np.arange(n) / n), fps)
    frequency = k0 * fps / n
    assert d["f_fc"] == pytest.approx(frequency, rel=1e-9)
    assert d["f_fp"] == pytest.approx(frequency, rel=1e-12)
    assert d["f_vf"] == pytest.approx(0, abs=1e-9 * fps**2)
    assert d["f_ap"] == pytest.approx(a, rel=1e-9)
    assert d["f_se"] == pytest.approx(0, abs=1e-9)
    assert d["t_var"] == pytest.approx(a * a / 2, rel=1e-9)
    assert d["t_kurt"] == pytest.approx(1.5, rel=1e-7)


# --- degenerate curves -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_short_is_all_nan(n):
    assert np.isnan(describe_curves(np.ones((n, 2)), 25.0)).all()
    assert describe_curves(np.ones((n, 2)), 25.0).shape == (2, 24)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_non_finite_curve_is_nan_and_leaves_its_neighbours_alone(bad):
    x = np.random.default_rng(0).normal(size=(20, 3))
    expected = describe_curves(x, 25.0)
    x[7, 1] = bad
    described = describe_curves(x, 25.0)
    assert np.isnan(described[1]).all()
    np.testing.assert_array_equal(described[[0, 2]], expected[[0, 2]])


@pytest.mark.parametrize("level", [-3.7, 0.1, 255.0, 1e-200, 1e200])
def test_a_constant_curve(level):
    ripple = level * (1 + 4e-11 * np.random.default_rng(0).uniform(-1, 1, 30))
    for x in (np.full(30, level), ripple):
        d = one(x)
        for name in ["t_var", "t_std", "t_skew", "t_kurt", *FREQUENCY]:
            assert d[name] == 0, name
        assert d["f_dc"] == pytest.approx(abs(level))
        assert d["t_cf"] == pytest.approx(1)


def test_just_above_the_constant_rule_there_is_a_spectrum():
    x = np.full(30, 5.0)
    x[::2] += 5.0 * 3e-10
    assert one(x)["f_fp"] == pytest.approx(12.5)


def test_zeros_give_zeros():
    assert set(one(np.zeros(10)).values()) == {0.0}


@pytest.mark.parametrize("scale", [1e-308, 1e-160, 1e150, 1e307])
def test_extreme_scales_stay_finite_and_keep_the_ratios(scale):
    x = np.random.default_rng(5).uniform(0.1, 9, 40)
    d, e = one(x), one(x * scale)
    assert np.isfinite(list(e.values())).all()
    for name in ("t_skew", "t_kurt", "t_wf", "t_cf", "t_impf", "t_mf", "f_fc", "f_se"):
        assert e[name] == pytest.approx(d[name], rel=1e-6), name


@property_test
@given(arrays(np.float64, (12, 3), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_a_finite_curve_never_gives_nan_or_inf(x):
    for options in ({}, {"window": "hann", "detrend": "linear"}, {"fmax": 4.0}):
        assert np.isfinite(describe_curves(x, 25.0, **options)).all()


def test_a_band_with_fewer_than_two_bins_or_no_power_is_zero():
    n = 32
    x = 5 + np.sin(2 * np.pi * 12 * np.arange(n) / n)
    for fmax in (0.5, 1.0, 4.0):  # no bin, one bin, four bins without power
        d = one(x, 32.0, fmax=fmax)
        assert [d[name] for name in FREQUENCY] == [0.0] * 9
    assert one(x, 32.0, fmax=12.0)["f_fp"] == 12.0  # the edge of the band belongs to it
    assert d["f_dc"] == pytest.approx(5)


def test_the_band_edge_survives_rounding():
    x = np.random.default_rng(0).normal(size=(30, 1))
    np.testing.assert_array_equal(
        describe_curves(x, 29.97, fmax=29.97 / 2),
        describe_curves(x, 29.97),
        "fmax at Nyquist keeps every bin",
    )


def test_the_lowest_of_equal_peaks_is_taken():
    n = np.arange(64)
    x = np.sin(2 * np.pi * 20 * n / 64) + np.cos(2 * np.pi * 7 * n / 64) + np.sin(2 * np.pi * 25 * n / 64)
    assert one(x, 64.0)["f_fp"] == 7.0


# --- options -----------------------------------------------------------------------------------------------


def test_linear_detrending_removes_a_ramp_from_the_spectrum_only():
    ramp = 2.0 + 0.3 * np.arange(40)
    d = one(ramp, detrend="linear")
    assert [d[name] for name in FREQUENCY] == [0.0] * 9
    assert d["t_var"] == pytest.approx(np.var(ramp))


def test_hann_keeps_the_amplitude_and_the_power_of_a_sinusoid():
    n = np.arange(128)
    d = one(3 + 2 * np.sin(2 * np.pi * 16 * n / 128), 128.0, window="hann")
    assert d["f_fp"] == 16.0
    assert d["f_ap"] == pytest.approx(2.0, rel=1e-9)
    assert d["f_fc"] == pytest.approx(16.0, rel=1e-9)
    noise = np.random.default_rng(0).normal(size=(4096, 1))
    total = one_sided(residuals(noise.T, "mean"), "hann").power.sum()
    assert total == pytest.approx(noise.var(), rel=0.05)


def test_inputs_are_left_unchanged_and_integers_are_welcome():
    x = np.random.default_rng(0).integers(0, 255, (20, 4))
    before = x.copy()
    np.testing.assert_array_equal(describe_curves(x, 25), describe_curves(x.astype(float), 25.0))
    np.testing.assert_array_equal(x, before)
    y = np.asfortranarray(x.astype(float))
    np.testing.assert_array_equal(describe_curves(y, 25), describe_curves(x, 25))


@pytest.mark.parametrize(
    ("x", "fps", "options"),
    [
        (np.ones(10), 25.0, {}),
        (np.ones((2, 5, 5)), 25.0, {}),
        (np.ones((10, 2), complex), 25.0, {}),
        (np.full((10, 2), "a"), 25.0, {}),
        (np.ones((10, 2)), 0.0, {}),
        (np.ones((10, 2)), -25.0, {}),
        (np.ones((10, 2)), np.nan, {}),
        (np.ones((10, 2)), np.inf, {}),
        (np.ones((10, 2)), None, {}),
        (np.ones((10, 2)), 25.0, {"fmax": 0.0}),
        (np.ones((10, 2)), 25.0, {"fmax": np.nan}),
        (np.ones((10, 2)), 25.0, {"window": "hamming"}),
        (np.ones((10, 2)), 25.0, {"detrend": "cubic"}),
    ],
)
def test_bad_input_is_refused(x, fps, options):
    with pytest.raises(InvalidInputError):
        describe_curves(x, fps, **options)


# --- time base, gaps and window ----------------------------------------------------------------------------


def test_small_jitter_leaves_the_samples_alone():
    x = np.random.default_rng(0).normal(size=(30, 2))
    times = np.cumsum([0, *([0.033, 0.033, 0.034] * 10)])[:30]
    uniform = df.uniform_curves(x, times)
    assert not uniform.resampled
    np.testing.assert_array_equal(uniform.values, x)
    assert uniform.fps == pytest.approx(30.0, rel=0.01)


def test_large_jitter_is_resampled_onto_the_median_step():
    times = np.array([0.0, 0.04, 0.08, 0.16, 0.20, 0.24, 0.28])  # one frame was dropped
    uniform = df.uniform_curves(np.stack([times, 2 - 3 * times], axis=1), times)
    assert uniform.resampled
    assert uniform.fps == pytest.approx(25.0)
    grid = np.arange(8) * 0.04
    np.testing.assert_allclose(uniform.values, np.stack([grid, 2 - 3 * grid], axis=1), atol=1e-12)


@pytest.mark.parametrize("times", [[0, 1, 1, 2], [0, 2, 1, 3], [0, 1, np.nan, 3], [0, 1, 2]])
def test_bad_time_stamps_are_refused(times):
    with pytest.raises(InvalidInputError):
        df.uniform_curves(np.ones((4, 2)), times)


def mask(text):
    return np.array([c == "1" for c in text])


@pytest.mark.parametrize(
    ("present", "valid", "expected"),
    [
        ("1111111111", "1110001111", "0001110000"),
        ("1111111111", "1110000111", "0000000000"),  # four in a row: too long
        ("1111011111", "1110001111", "0000000000"),  # one of them has no box
        ("1111111111", "0011111100", "0000000000"),  # ends are not extrapolated
        ("1111111111", "1010101011", "0101010100"),
    ],
)
def test_which_gaps_are_bridged(present, valid, expected):
    np.testing.assert_array_equal(df.bridged(mask(present), mask(valid)), mask(expected))


def test_gaps_are_filled_linearly_and_ends_stay_empty():
    x = np.array([[9, 9], [0, 10], [7, 7], [7, 7], [3, 40], [9, 9.0]])
    filled = df.fill_gaps(x, mask("010010"))
    np.testing.assert_allclose(filled[1:5], [[0, 10], [1, 20], [2, 30], [3, 40]])
    assert np.isnan(filled[[0, 5]]).all()
    assert np.isnan(df.fill_gaps(x, mask("000000"))).all()


def test_the_window_is_the_longest_stretch_split_at_long_gaps():
    valid = mask("1" * 18 + "0" * 4 + "1" * 10 + "00" + "1" * 10)
    assert df.analysis_window(np.ones(44, bool), valid) == (22, 44)
    box = np.ones(44, bool)
    box[33] = False
    assert df.analysis_window(box, valid) == (0, 18)


def test_of_equal_stretches_the_fuller_then_the_earlier_one():
    valid = mask("1" * 9 + "0" + "1" * 10 + "0000" + "1" * 20 + "0000" + "1" * 20)
    assert df.analysis_window(np.ones(68, bool), valid) == (24, 44)


def test_fixed_frames_are_central():
    assert df.analysis_window(np.ones(41, bool), np.ones(41, bool), fixed_frames=20) == (10, 30)
    with pytest.raises(UnusableClipError, match="41"):
        df.analysis_window(np.ones(41, bool), np.ones(41, bool), fixed_frames=50)
    with pytest.raises(InvalidInputError):
        df.analysis_window(np.ones(41, bool), np.ones(41, bool), fixed_frames=8)


def test_fewer_than_sixteen_measured_frames_are_unusable():
    assert df.analysis_window(np.ones(16, bool), np.ones(16, bool)) == (0, 16)
    for valid in ("1" * 15, "1" * 14 + "0" + "1", "", "0" * 40):
        with pytest.raises(UnusableClipError, match="16"):
            df.analysis_window(np.ones(len(valid), bool), mask(valid))
