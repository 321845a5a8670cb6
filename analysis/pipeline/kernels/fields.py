"""Random fields and speckle, the raw material of every synthetic image.

Everything here is elementwise NumPy or `scipy.ndimage`, so that a seed gives the same bytes whatever the
number of threads or worker processes.
"""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis.pipeline.errors import InvalidInputError

Field = NDArray[np.float32]

FILTER_REACH = 3.0
"""Gaussian filters are cut at this many standard deviations."""
DB_PER_DECADE = 20.0
ENVELOPE_FLOOR = 1e-3
"""Smallest envelope relative to its mean, so that the logarithm stays finite (-60 dB)."""


def spline_weights(n_pixels: int, step_px: float, phase: float) -> tuple[NDArray[np.intp], Field]:
    """First knot and the four cubic B-spline weights of every pixel along one axis.

    Returns (n_pixels,) int indices and (4, n_pixels) float32 weights whose squares sum to 1 at every pixel,
    so that independent unit-variance coefficients give a field of unit variance everywhere.
    """
    position = np.arange(n_pixels, dtype=np.float64) / step_px + phase
    knot = np.floor(position).astype(np.intp)
    t = position - knot
    weights = np.stack(
        [
            (1.0 - t) ** 3,
            3.0 * t**3 - 6.0 * t**2 + 4.0,
            -3.0 * t**3 + 3.0 * t**2 + 3.0 * t + 1.0,
            t**3,
        ]
    )
    weights /= np.sqrt((weights**2).sum(axis=0))
    return knot, weights.astype(np.float32)


def _interpolate(coefficients: Field, n_pixels: int, step_px: float, phase: float) -> Field:
    """Spread coefficients along their first axis over n_pixels."""
    knot, weights = spline_weights(n_pixels, step_px, phase)
    column = (slice(None),) + (None,) * (coefficients.ndim - 1)
    out = weights[0][column] * coefficients[knot]
    for tap in (1, 2, 3):
        part = coefficients[knot + tap]
        part *= weights[tap][column]
        out += part
    return out


def spline_field(
    rng: np.random.Generator, shape: tuple[int, ...], step_px: tuple[float, ...]
) -> NDArray[np.float32]:
    """Smooth Gaussian random field, zero mean, unit variance at every pixel.

    shape: pixels per axis; step_px: knot distance per axis in pixels, about 1.7 standard deviations of the
    equivalent Gaussian smoothing kernel. Returns float32 of that shape.

    Raises InvalidInputError for a step that is not positive or of another length than shape.
    """
    if len(shape) != len(step_px) or min(step_px) <= 0:
        raise InvalidInputError(f"expected one positive step per axis of {shape}, got {step_px}")
    phases = rng.random(len(shape))
    knots = [int(np.floor(n / step + 1.0)) + 4 for n, step in zip(shape, step_px, strict=True)]
    field = rng.standard_normal(knots, dtype=np.float32)
    # The smallest result first: interpolate from the last axis backwards, moving each to the front.
    for axis in reversed(range(len(shape))):
        moved = np.moveaxis(field, axis, 0)
        field = np.moveaxis(_interpolate(moved, shape[axis], step_px[axis], phases[axis]), 0, axis)
    return np.ascontiguousarray(field)


def ridges(field: Field, width_px: float) -> Field:
    """Soft lines along the zero-level sets of a smooth field (..., rows, columns), in [0, 1].

    The distance to the level set is taken as |field| / |gradient|; width_px is the standard deviation
    of the line's profile in pixels.
    """
    dy, dx = np.gradient(field, axis=(-2, -1))
    slope = np.hypot(dy, dx) + np.float32(1e-6)
    distance = np.minimum(np.abs(field) / (slope * np.float32(width_px)), np.float32(6.0))
    lines: Field = np.exp(np.float32(-0.5) * distance * distance)
    return lines


def gaussian(field: Field, sigmas: tuple[float, ...]) -> Field:
    """Separable Gaussian FIR filter, cut at 3 standard deviations; axes with sigma 0 are left alone."""
    for axis, sigma in enumerate(sigmas):
        if sigma > 0:
            field = ndimage.gaussian_filter1d(field, sigma, axis=axis, mode="wrap", truncate=FILTER_REACH)
    return field


def speckle_power(
    rng: np.random.Generator, shape: tuple[int, ...], sigmas: tuple[float, ...], looks: int
) -> NDArray[np.float32]:
    """Mean intensity of `looks` independent fully developed speckle patterns, mean 1.

    Each look is a circular complex Gaussian field filtered by a Gaussian of the given sigmas (pixels per
    axis; cyclic at the borders), so that one look has an exponential intensity and a Rayleigh envelope.
    Source: Goodman, Speckle Phenomena in Optics, 2007, chapters 3 and 4. Returns float32 of `shape`.
    """
    if looks < 1:
        raise InvalidInputError(f"expected at least one look, got {looks}")
    power = np.zeros(shape, dtype=np.float32)
    for _ in range(2 * looks):
        part = gaussian(rng.standard_normal(shape, dtype=np.float32), sigmas)
        power += part * part
    power /= np.float32(2 * looks * filtered_variance(sigmas))
    return power


def speckle_frames(
    rng: np.random.Generator,
    n_frames: int,
    shape: tuple[int, int],
    sigmas: tuple[float, float, float],
    looks: int,
) -> Iterator[Field]:
    """Speckle intensity frame after frame: `speckle_power` filtered along time too, in constant memory.

    sigmas: Gaussian widths in frames, rows and columns. The complex field of one pixel has the
    autocorrelation exp(-k**2 / (4 sigma_t**2)) over k frames, the intensity its square. Yields n_frames
    arrays (rows, columns) float32 with mean 1.
    """
    if looks < 1 or n_frames < 1:
        raise InvalidInputError(f"expected at least one look and one frame, got {looks} and {n_frames}")
    weights = gaussian_kernel(sigmas[0])
    scale = np.float32(1.0 / (2 * looks * filtered_variance(sigmas)))

    def draw() -> Field:
        return gaussian(rng.standard_normal((2 * looks, *shape), dtype=np.float32), (0.0, *sigmas[1:]))

    window = deque((draw() for _ in range(len(weights) - 1)), maxlen=len(weights))
    total, part = np.empty((2, 2 * looks, *shape), dtype=np.float32)
    for _ in range(n_frames):
        window.append(draw())
        total.fill(0)
        for weight, field in zip(weights, window, strict=True):
            np.multiply(field, weight, out=part)
            total += part
        yield (total * total).sum(axis=0) * scale


def gaussian_kernel(sigma: float) -> Field:
    """Weights of the Gaussian FIR filter that `gaussian` applies, float32 with sum 1; [1] for sigma 0."""
    reach = int(FILTER_REACH * sigma + 0.5)
    taps = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (taps / sigma) ** 2) if sigma > 0 else np.ones(1)
    return (kernel / kernel.sum()).astype(np.float32)


def filtered_variance(sigmas: tuple[float, ...]) -> float:
    """Variance that unit white noise keeps after `gaussian`: the product of the squared kernels' sums."""
    variance = 1.0
    for sigma in sigmas:
        variance *= float((gaussian_kernel(sigma).astype(np.float64) ** 2).sum())
    return variance


def decibels(power: Field) -> Field:
    """20 log10 of the envelope of a speckle intensity, floored at -60 dB."""
    db: Field = np.float32(DB_PER_DECADE / 2) * np.log10(np.maximum(power, np.float32(ENVELOPE_FLOOR**2)))
    return db
