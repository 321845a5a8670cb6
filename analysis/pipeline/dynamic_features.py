"""24 descriptors of each feature curve of a clip: 14 of time, 10 of frequency.

Sources: the machine-condition set of Lei et al. for the time domain; dc, fc and msf of the vibration
literature with the amplitude-shape items for the frequency domain. Definitions, order and the rules for
degenerate curves are written out at each function; the names stand in `names.DYNAMIC_DESCRIPTORS`.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError, UnusableClipError
from analysis.pipeline.kernels.signal import one_sided, residuals
from analysis.pipeline.types import UniformCurves

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Window = Literal["rect", "hann"]
Detrend = Literal["mean", "linear"]

N_DESCRIPTORS = 24
N_TIME = 14
MIN_SAMPLES = 4  # below, all 24 are undefined
MIN_WINDOW_FRAMES = 16  # K = 8 frequency bins; 32 are recommended
MAX_CURVE_GAP = 3  # unreadable frames in a row that are bridged on the curve
MAX_TIME_JITTER = 0.10  # of the median step; beyond, curves are resampled
CONSTANT_RANGE = 1e-10  # max - min below this share of max|x| counts as constant
EMPTY_BAND = 1e-12  # in-band power below this share of the variance counts as none
PEAK_TIE = 1e-9  # powers this close to the highest count as equal: the lowest frequency is taken
BAND_EDGE = 1e-9  # relative slack at fmax, so that a bin that equals fmax is in despite rounding


def describe_curves(
    curves: ArrayLike,
    fps: float,
    *,
    fmax: float | None = None,
    window: Window = "rect",
    detrend: Detrend = "mean",
) -> Float:
    """The 24 descriptors of every curve, in the order of `names.DYNAMIC_DESCRIPTORS`.

    curves: (T, F) float, one uniformly sampled curve a column; fps: samples a second, or 1 for the unit
    cycles/frame; fmax: keep only 0 < f <= fmax (same unit as fps) in the frequency descriptors;
    window, detrend: "rect" and "mean" are the plain transform, for which Σ P = variance holds; "hann" and
    "linear" the robust profile.

    Returns (F, 24) float64. A row is NaN when T < 4 or the curve holds a non-finite value; otherwise every
    number is finite (what exceeds the range of float64 is returned as its largest number).
    Ratios with a zero denominator are 0. A constant curve has variance, deviation, skewness, kurtosis and all
    frequency descriptors but dc equal to 0.

    Raises InvalidInputError for curves that are not a real (T, F) array, fps or fmax that are not
    positive and finite, and an unknown window or detrend.
    """
    values = _checked_curves(curves)
    _check_positive("fps", fps)
    if fmax is not None:
        _check_positive("fmax", fmax)
    _check_choice("window", window, ("rect", "hann"))
    _check_choice("detrend", detrend, ("mean", "linear"))
    described = np.full((values.shape[1], N_DESCRIPTORS), np.nan)
    if values.shape[0] < MIN_SAMPLES:
        return described
    usable = np.isfinite(values).all(axis=0)
    rows = np.ascontiguousarray(values[:, usable].T)
    band = np.inf if fmax is None else fmax / fps
    described[usable] = _describe_rows(rows, float(fps), band, window, detrend)
    return described


def _describe_rows(rows: Float, fps: float, band: float, window: str, detrend: str) -> Float:
    """(F, N) finite curves -> (F, 24). Curves are scaled by a power of two first, which is exact, so that
    squares neither overflow nor vanish; band is the upper limit in cycles a sample."""
    exponent = np.frexp(np.abs(rows).max(axis=1, initial=0.0))[1]
    scaled = np.ldexp(rows, -exponent[:, None])
    centred = residuals(scaled, "mean")
    constant = np.ptp(scaled, axis=1) <= CONSTANT_RANGE * np.abs(scaled).max(axis=1)
    time = _time_domain(scaled, centred, constant)
    trendless = centred if detrend == "mean" else residuals(scaled, detrend)
    frequency = _frequency_domain(trendless, time[:, 5], constant, band, window)
    dc = np.abs(time[:, 2:3])
    return _unscaled(np.concatenate([time, dc, frequency], axis=1), exponent, fps)


def _unscaled(described: Float, exponent: NDArray[np.int32], fps: float) -> Float:
    """Give back the unit of the curve (column-wise) and of time; clip what float64 cannot hold."""
    limit = np.finfo(np.float64).max
    with np.errstate(over="ignore", under="ignore"):
        for column in (0, 1, 2, 3, 4, 6, 9, 14, 21, 22):
            described[:, column] = np.ldexp(described[:, column], exponent)
        described[:, 5] = np.ldexp(described[:, 5], 2 * exponent)
        described[:, [15, 17, 19, 20]] *= fps
        for column in (16, 18):
            described[:, column] = described[:, column] * fps * fps
    return np.clip(described, -limit, limit)


def _ratio(numerator: Float, denominator: Float) -> Float:
    """Element-wise quotient, 0 where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator != 0)


def _time_domain(x: Float, centred: Float, constant: Bool) -> Float:
    """(F, 14): max min mean pp arv var std skew kurt rms wf cf impf mf, population moments (SCIENCE 2.2).

    Kurtosis is not the excess (Gaussian 3). wf = rms/arv, cf = peak/rms, impf = peak/arv and
    mf = peak/(mean √|x|)² with peak = max|x|, arv = mean|x|.
    """
    size = np.abs(x)
    high, low, mean = x.max(axis=1), x.min(axis=1), x.mean(axis=1)
    square = centred * centred
    var = np.where(constant, 0.0, square.mean(axis=1))
    std = np.sqrt(var)
    skew = _ratio((square * centred).mean(axis=1), var * std)
    kurt = _ratio((square * square).mean(axis=1), var * var)
    arv, peak = size.mean(axis=1), size.max(axis=1)
    rms = np.sqrt((x * x).mean(axis=1))
    root = np.sqrt(size).mean(axis=1) ** 2
    ratios = (_ratio(rms, arv), _ratio(peak, rms), _ratio(peak, arv), _ratio(peak, root))
    return np.stack([high, low, mean, high - low, arv, var, std, skew, kurt, rms, *ratios], axis=1)


def _frequency_domain(centred: Float, var: Float, constant: Bool, band: float, window: str) -> Float:
    """(F, 9): fc msf rmsf vf rvf fp ap am se of the bins in the band, frequencies in cycles a sample."""
    spectra = one_sided(centred, window)
    bins = int(np.count_nonzero(spectra.frequency <= band * (1.0 + BAND_EDGE)))
    described = np.zeros((len(centred), N_DESCRIPTORS - N_TIME - 1))
    if bins < 2:
        return described
    power = spectra.power[:, :bins]
    total = power.sum(axis=1)
    alive = ~constant & (total > EMPTY_BAND * var)
    described[alive] = _spectral_shape(
        spectra.frequency[:bins], power[alive] / total[alive, None], spectra.amplitude[alive, :bins]
    )
    return described


def _spectral_shape(frequency: Float, share: Float, amplitude: Float) -> Float:
    """(F, 9) from (K,) frequencies, (F, K) shares of the power (each row sums to 1) and amplitudes.

    fc = Σ f q, msf = Σ f² q, rmsf = √msf, vf = Σ (f - fc)² q, rvf = √vf, fp and ap at the highest power,
    am = mean amplitude, se = -Σ q ln q / ln K (SCIENCE 2.3).
    """
    rows = np.arange(len(share))
    centre = share @ frequency
    mean_square = share @ (frequency * frequency)
    variance = ((frequency - centre[:, None]) ** 2 * share).sum(axis=1)
    peak = np.argmax(share >= (1.0 - PEAK_TIE) * share.max(axis=1, keepdims=True), axis=1)
    logarithm = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy = np.abs((share * logarithm).sum(axis=1)) / np.log(len(frequency))
    return np.stack(
        [
            centre,
            mean_square,
            np.sqrt(mean_square),
            variance,
            np.sqrt(variance),
            frequency[peak],
            amplitude[rows, peak],
            amplitude.mean(axis=1),
            entropy,
        ],
        axis=1,
    )


def uniform_curves(curves: ArrayLike, times_s: ArrayLike) -> UniformCurves:
    """Curves on a uniform time base.

    curves: (T, F) float without gaps; times_s: (T,) time stamps in seconds, strictly increasing, T >= 2.
    When every step is within 10 % of the median step the curves are returned as they are with the mean rate;
    otherwise they are interpolated linearly onto a grid of the median step.

    Raises InvalidInputError for stamps that are not finite and increasing, or of another length.
    """
    values = _checked_curves(curves)
    times = np.asarray(times_s, dtype=np.float64)
    if times.shape != (len(values),) or len(times) < 2:
        raise InvalidInputError(
            f"Expected one time stamp a frame, at least two; got {times.shape} for {len(values)} frames."
        )
    steps = np.diff(times)
    if not np.isfinite(times).all() or (steps <= 0).any():
        raise InvalidInputError("Expected finite, strictly increasing time stamps; check FrameTimeVector.")
    median = float(np.median(steps))
    if np.abs(steps - median).max() <= MAX_TIME_JITTER * median:
        return UniformCurves(values, 1.0 / float(steps.mean()), False)
    count = int(np.floor((times[-1] - times[0]) / median * (1 + 1e-12))) + 1
    grid = times[0] + median * np.arange(count)
    resampled = np.stack([np.interp(grid, times, column) for column in values.T], axis=1)
    return UniformCurves(resampled, 1.0 / median, True)


def runs(usable: ArrayLike) -> list[tuple[int, int]]:
    """Half-open [start, stop) index ranges of the contiguous True stretches of a (T,) mask, in order."""
    padded = np.concatenate([[0], np.asarray(usable, dtype=bool).astype(np.int8), [0]])
    edges = np.diff(padded)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def bridged(present: ArrayLike, valid: ArrayLike, max_gap: int = MAX_CURVE_GAP) -> Bool:
    """Which invalid frames may be interpolated on the curve.

    present: (T,) bool, the frame has a box; valid: (T,) bool, and its features could be measured.
    A stretch of at most max_gap invalid frames between two valid ones is bridged when every frame of it has a
    box. Ends are never extrapolated. Returns (T,) bool, False where valid.
    """
    has_box, good = np.asarray(present, dtype=bool), np.asarray(valid, dtype=bool)
    filled = np.zeros_like(good)
    for start, stop in runs(~good):
        inside = start > 0 and stop < len(good)
        if inside and stop - start <= max_gap and has_box[start:stop].all():
            filled[start:stop] = True
    return filled


def fill_gaps(curves: ArrayLike, valid: ArrayLike) -> Float:
    """(T, F) curves whose invalid rows are replaced by linear interpolation between the valid ones.

    Rows before the first and after the last valid one become NaN: nothing is extrapolated.
    """
    values, good = _checked_curves(curves), np.asarray(valid, dtype=bool)
    index = np.arange(len(values))
    filled = np.full_like(values, np.nan)
    if not good.any():
        return filled
    first, last = np.flatnonzero(good)[[0, -1]]
    span = slice(first, last + 1)
    for column in range(values.shape[1]):
        filled[span, column] = np.interp(index[span], index[good], values[good, column])
    filled[good] = values[good]
    return filled


def analysis_window(
    present: ArrayLike,
    valid: ArrayLike,
    *,
    max_gap: int = MAX_CURVE_GAP,
    minimum: int = MIN_WINDOW_FRAMES,
    fixed_frames: int | None = None,
) -> tuple[int, int]:
    """The half-open frame range that the curves are taken from.

    The longest stretch of valid or bridged frames (see `bridged`); of equal stretches the one with more valid
    frames, then the earlier. With fixed_frames its central part of exactly that many frames.

    Raises UnusableClipError when the window has fewer than `minimum` valid frames, or fewer frames than
    fixed_frames; InvalidInputError when fixed_frames is below the minimum.
    """
    good = np.asarray(valid, dtype=bool)
    if fixed_frames is not None and fixed_frames < minimum:
        raise InvalidInputError(f"Expected fixed_frames of at least {minimum}, got {fixed_frames}.")
    stretches = runs(good | bridged(present, good, max_gap))
    best = max(stretches, key=lambda r: (r[1] - r[0], int(good[r[0] : r[1]].sum()), -r[0]), default=(0, 0))
    if fixed_frames is not None:
        best = _central(best, fixed_frames)
    count = int(good[best[0] : best[1]].sum())
    if count < minimum:
        raise UnusableClipError(
            f"The longest usable stretch has {count} frames with a measured lesion; at least {minimum} are "
            "needed. Correct the boxes or choose another clip."
        )
    return best


def _central(window: tuple[int, int], frames: int) -> tuple[int, int]:
    start, stop = window
    if stop - start < frames:
        raise UnusableClipError(
            f"The longest usable stretch has {stop - start} frames; the study compares {frames} of every "
            "clip. Correct the boxes, choose another clip or a smaller number of frames."
        )
    start += (stop - start - frames) // 2
    return start, start + frames


def _checked_curves(curves: ArrayLike) -> Float:
    values = np.asarray(curves)
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise InvalidInputError(
            f"Expected curves as a real (T, F) array, one curve a column; got {values.dtype} {values.shape}."
        )
    return values.astype(np.float64, copy=False)


def _check_positive(name: str, value: object) -> None:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not 0 < float(value) < np.inf:  # type: ignore[arg-type]  # NaN fails the comparison
        raise InvalidInputError(
            f"Expected {name} as a positive finite number, got {value!r}; use fps=1 for cycles a frame."
        )


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidInputError(f"Expected {name} in {choices}, got {value!r}.")
