"""One-sided spectra of many short curves at once: the arithmetic under the frequency descriptors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spectra:
    """One-sided spectra of F curves over the bins k = 1..K, K = ⌊N/2⌋ (the zero bin is left out).

    frequency: (K,) float64, cycles a sample, k/N; power: (F, K), Σ_k power = population variance for the
    rectangular window (Parseval); amplitude: (F, K), that of a bin-centred sinusoid.
    """

    frequency: Float
    power: Float
    amplitude: Float


def residuals(curves: Float, detrend: str) -> Float:
    """(F, N) curves less their mean ("mean") or less their least-squares line ("linear").

    The mean is taken twice: the second round removes the rounding error of the first, which matters for
    curves that vary by a billionth of their level.
    """
    deviation = curves - curves.mean(axis=1, keepdims=True)
    deviation -= deviation.mean(axis=1, keepdims=True)
    if detrend == "mean":
        return deviation
    n = curves.shape[1]
    time = np.arange(n) - (n - 1) / 2
    slope = deviation @ time / (time @ time)
    return deviation - slope[:, None] * time


def taper(n: int, window: str) -> Float:
    """(N,) weights: ones ("rect") or the periodic Hann window ½(1 − cos 2πn/N) ("hann").

    Source: Harris, Proc. IEEE 66 (1978) 51-83 (the DFT-even form).
    """
    if window == "rect":
        return np.ones(n)
    return 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(n) / n))


def one_sided(centred: Float, window: str) -> Spectra:
    """Spectra of (F, N) curves without their trend; power is divided by mean(w²), amplitude by mean(w).

    P_k = c_k|X_k|²/N², A_k = c_k|X_k|/N with c_k = 2, and 1 at the Nyquist bin of an even N (SCIENCE 2.3).
    """
    n = centred.shape[1]
    weights = taper(n, window)
    magnitude = np.abs(np.fft.rfft(centred * weights, axis=1)[:, 1:]) / n
    sides = np.full(n // 2, 2.0)
    if n % 2 == 0:
        sides[-1] = 1.0
    power = sides * magnitude**2 / np.mean(weights**2)
    amplitude = sides * magnitude / np.mean(weights)
    return Spectra(np.arange(1, n // 2 + 1) / n, power, amplitude)
