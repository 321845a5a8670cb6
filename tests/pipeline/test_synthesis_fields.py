"""Random fields and speckle statistics against closed forms."""

import numpy as np
import pytest
from scipy.special import gamma

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.fields import (
    decibels,
    filtered_variance,
    gaussian,
    ridges,
    speckle_frames,
    speckle_power,
    spline_field,
)

SIGMAS = (0.64, 1.54)


def test_spline_field_has_unit_variance_at_every_phase_and_the_wanted_smoothness() -> None:
    rng = np.random.default_rng(0)
    stack = np.stack([spline_field(rng, (40, 50), (6.0, 9.5)) for _ in range(1500)])
    assert stack.shape == (1500, 40, 50)
    assert stack.dtype == np.float32
    assert np.abs(stack.mean(axis=0)).max() < 0.15
    assert np.abs(stack.var(axis=0) - 1).max() < 0.2
    near, far = ((stack[:, 0, 0] * stack[:, row, 0]).mean() for row in (1, 30))
    assert near > 0.9
    assert abs(far) < 0.1


@pytest.mark.parametrize("step", [(0.0, 4.0), (3.0,)])
def test_spline_field_refuses_senseless_steps(step: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInputError):
        spline_field(np.random.default_rng(0), (8, 8), step)


@pytest.mark.parametrize("looks", [1, 2, 4])
def test_envelope_is_that_of_fully_developed_speckle(looks: int) -> None:
    """Nakagami envelope of L looks: SNR = mean / SD, 1.913 for one look and near 1.91 sqrt(L) for more."""
    power = speckle_power(np.random.default_rng(looks), (400, 600), SIGMAS, looks)
    envelope = np.sqrt(power)
    mean = gamma(looks + 0.5) / gamma(looks) / np.sqrt(looks)
    assert power.mean() == pytest.approx(1, rel=0.02)
    assert envelope.mean() / envelope.std() == pytest.approx(mean / np.sqrt(1 - mean**2), rel=0.02)
    assert envelope.mean() / envelope.std() == pytest.approx(1.91 * np.sqrt(looks), rel=0.05)


def test_speckle_cell_has_the_filter_s_correlation() -> None:
    """Intensity correlation of a Gaussian-filtered complex field over k pixels: exp(-k^2 / (2 sigma^2))."""
    power = speckle_power(np.random.default_rng(5), (600, 800), (1.2, 2.0), 1)
    for lag in (1, 2, 3):
        along = np.corrcoef(power[:, :-lag].ravel(), power[:, lag:].ravel())[0, 1]
        assert along == pytest.approx(np.exp(-(lag**2) / (2 * 2.0**2)), abs=0.03)


@pytest.mark.parametrize("ell", [2.0, 4.0])
def test_speckle_decorrelates_over_ell_frames(ell: float) -> None:
    """sigma_t = ell / 2 frames: intensity correlation over k frames is exp(-2 k^2 / ell^2)."""
    frames = np.stack(list(speckle_frames(np.random.default_rng(1), 12, (150, 200), (ell / 2, *SIGMAS), 1)))
    assert frames.mean() == pytest.approx(1, rel=0.03)
    for lag in (1, 2, 3):
        pairs = np.corrcoef(frames[:-lag].ravel(), frames[lag:].ravel())[0, 1]
        assert pairs == pytest.approx(np.exp(-2 * lag**2 / ell**2), abs=0.04)


def test_streamed_speckle_has_the_statistics_of_one_look_count() -> None:
    frames = np.stack(list(speckle_frames(np.random.default_rng(2), 6, (150, 200), (2.0, *SIGMAS), 2)))
    envelope = np.sqrt(frames)
    assert envelope.mean() / envelope.std() == pytest.approx(2.755, rel=0.03)


@pytest.mark.parametrize("looks", [0, -1])
def test_speckle_refuses_no_looks(looks: int) -> None:
    with pytest.raises(InvalidInputError):
        speckle_power(np.random.default_rng(0), (8, 8), SIGMAS, looks)
    with pytest.raises(InvalidInputError):
        next(speckle_frames(np.random.default_rng(0), 3, (8, 8), (1.0, *SIGMAS), looks))


def test_filtered_variance_is_what_white_noise_keeps() -> None:
    noise = np.random.default_rng(3).standard_normal((500, 500), dtype=np.float32)
    assert gaussian(noise, SIGMAS).var() == pytest.approx(filtered_variance(SIGMAS), rel=0.03)
    assert filtered_variance((0.0, 0.0)) == 1


def test_ridges_lie_on_the_zero_level_set() -> None:
    field = np.tile(np.linspace(-10, 10, 41, dtype=np.float32), (5, 1))
    lines = ridges(field, 1.0)
    assert lines[2].argmax() == 20
    assert lines[2, 20] == pytest.approx(1)
    assert lines[2, 21] == pytest.approx(np.exp(-0.5), rel=1e-3)


def test_decibels_of_the_envelope() -> None:
    assert decibels(np.array([1.0, 100.0, 0.0], dtype=np.float32)) == pytest.approx(
        [0.0, 20.0, -60.0], abs=1e-4
    )
