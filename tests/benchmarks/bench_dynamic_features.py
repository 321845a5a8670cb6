"""Time of the 24 descriptors of 91 curves: `python -m tests.benchmarks.bench_dynamic_features`.

CPU milliseconds, best of many calls, plain and robust profile; beside them the printed formulas written curve
by curve with NumPy, which is what the vectorised form saves. `--write` also writes
docs/benchmarks/dynamic_features.md.
"""

import argparse
import time

import numpy as np

from analysis.pipeline.dynamic_features import describe_curves
from tests.benchmarks.report import machine, write_page

CURVES, FRAMES, TARGET_MS = 91, (32, 100, 300, 1000, 2000), 5.0


def milliseconds(work, repeats: int = 50) -> float:
    """Least CPU time of one call, milliseconds."""
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return 1000 * best


def one_by_one(curves: np.ndarray, fps: float) -> np.ndarray:
    """The same numbers, a curve at a time (without the rules for degenerate curves)."""
    return np.stack([_one(curve, fps) for curve in curves.T])


def _one(x: np.ndarray, fps: float) -> np.ndarray:
    n, mean, size = len(x), x.mean(), np.abs(x)
    d = x - mean
    var, arv, rms, peak = (d**2).mean(), size.mean(), np.sqrt((x**2).mean()), size.max()
    time_part = [x.max(), x.min(), mean, np.ptp(x), arv, var, np.sqrt(var), (d**3).mean() / var**1.5]
    time_part += [
        (d**4).mean() / var**2,
        rms,
        rms / arv,
        peak / rms,
        peak / arv,
        peak / np.sqrt(size).mean() ** 2,
    ]
    magnitude = np.abs(np.fft.rfft(d))[1:] / n
    sides = np.where((np.arange(1, n // 2 + 1) * 2 == n), 1.0, 2.0)
    f, power, amplitude = np.arange(1, n // 2 + 1) * fps / n, sides * magnitude**2, sides * magnitude
    q = power / power.sum()
    fc, msf = (f * q).sum(), (f**2 * q).sum()
    vf, top = ((f - fc) ** 2 * q).sum(), power.argmax()
    entropy = -(q[q > 0] * np.log(q[q > 0])).sum() / np.log(len(q))
    shape = [fc, msf, np.sqrt(msf), vf, np.sqrt(vf), f[top], amplitude[top], amplitude.mean(), entropy]
    return np.array([*time_part, abs(mean), *shape])


def main() -> None:
    """Print one row a clip length, and write the page when told to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/dynamic_features.md")
    options = parser.parse_args()
    lines = [machine("numpy"), "", *rows()]
    print("\n".join(lines))
    if options.write:
        about = f"24 descriptors of {CURVES} curves; CPU milliseconds, best of many calls."
        write_page("dynamic_features", "Dynamic descriptors: measured speed", about, lines)


def rows() -> list[str]:
    """Markdown table, one row a clip length."""
    rng = np.random.default_rng(0)
    lines = ["| frames | plain, ms | linear + Hann, ms | curve by curve, ms | ratio |", "|" + " --- |" * 5]
    for n in FRAMES:
        curves = rng.gamma(4.0, 20.0, (n, CURVES))
        np.testing.assert_allclose(describe_curves(curves, 25.0), one_by_one(curves, 25.0), rtol=1e-8)
        plain = milliseconds(lambda c=curves: describe_curves(c, 25.0))
        robust = milliseconds(lambda c=curves: describe_curves(c, 25.0, window="hann", detrend="linear"))
        naive = milliseconds(lambda c=curves: one_by_one(c, 25.0), repeats=5)
        target = f" (< {TARGET_MS:g})" if n == 300 else ""
        lines.append(f"| {n:,} | {plain:.2f}{target} | {robust:.2f} | {naive:.1f} | {naive / plain:.1f}× |")
    return lines


if __name__ == "__main__":
    main()
