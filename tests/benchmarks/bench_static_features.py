"""The static features against the tools people use: `python -m tests.benchmarks.bench_static_features`.

CPU time (`time.process_time`: all threads of this process, none of other processes), so that what else runs
on the machine matters little; still, a busy machine slows caches and memory for everybody alike. Contestants
take turns, round by round, in one process, on the same frames, all on one thread; each ratio is the median
over the rounds of the ratio within a round.

Contestants, per frame, all 91 features unless said otherwise:

- ours: `static_features.extract(threads=1)` of 300 frames, region plus the margin of `frames.crop_window`;
- classes: pyradiomics' three feature classes called directly and scikit-image's LBP, both on the crop;
- execute: `RadiomicsFeatureExtractor.execute` and scikit-image's LBP on the whole 600 x 800 frame, as most
  people call them; ours is then given whole frames and masks too;
- Nyxus: the 40 first-order and co-occurrence features that Nyxus has too, each at four angles; ours then
  computes its 42 of these two classes.

`--write` also writes docs/benchmarks/static_features.md; `--quick` takes one round of few frames. Where torch
finds a GPU, its frames per second follow.
"""

import argparse
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402 - after the number of threads is set
import SimpleITK as sitk  # noqa: E402
import torch  # noqa: E402
from nyxus import Nyxus  # noqa: E402
from radiomics.featureextractor import RadiomicsFeatureExtractor  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402
from skimage.feature import local_binary_pattern  # noqa: E402

from analysis.pipeline.kernels.feature_backends import Settings  # noqa: E402
from analysis.pipeline.kernels.firstorder import firstorder  # noqa: E402
from analysis.pipeline.kernels.glcm import glcm  # noqa: E402
from analysis.pipeline.kernels.glcm_counts import pair_counts  # noqa: E402
from analysis.pipeline.kernels.levels import Levels, histograms  # noqa: E402
from analysis.pipeline.kernels.packing import pack_clip  # noqa: E402
from analysis.pipeline.kernels.reference import radiomics_features  # noqa: E402
from analysis.pipeline.kernels.runs import find_runs  # noqa: E402
from analysis.pipeline.static_features import extract  # noqa: E402

SIZES = ((100, 150), (180, 240), (300, 400))  # rows, columns of the region
BINNINGS = {"bin width 25": {"bin_width": 25.0}, "bin count 32": {"bin_count": 32}}
FRAME = (600, 800)
MARGIN = 4
TARGETS = {"classes": 40, "execute": 150, "nyxus": 10}
FPS_TARGETS = (1500, 800, 450)
# fmt: off
NYXUS_FEATURES = [
    "P10", "P90", "ENERGY", "ENTROPY", "INTERQUARTILE_RANGE", "KURTOSIS", "MAX", "MEAN",
    "MEAN_ABSOLUTE_DEVIATION", "MEDIAN", "MIN", "RANGE", "ROBUST_MEAN_ABSOLUTE_DEVIATION",
    "ROOT_MEAN_SQUARED", "SKEWNESS", "UNIFORMITY", "VARIANCE", "GLCM_ACOR", "GLCM_CLUPROM", "GLCM_CLUSHADE",
    "GLCM_CLUTEND", "GLCM_CONTRAST", "GLCM_CORRELATION", "GLCM_DIFAVE", "GLCM_DIFENTRO", "GLCM_DIFVAR",
    "GLCM_ID", "GLCM_IDM", "GLCM_IDMN", "GLCM_IDN", "GLCM_INFOMEAS1", "GLCM_INFOMEAS2", "GLCM_IV",
    "GLCM_JAVE", "GLCM_ASM", "GLCM_JE", "GLCM_JMAX", "GLCM_SUMAVERAGE", "GLCM_SUMENTROPY", "GLCM_JVAR",
]
# fmt: on


def speckle(n_frames: int, shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    """(T, H, W) uint8, fully developed speckle, log-compressed over 58 dB."""
    rng = np.random.default_rng(seed)
    frames = np.empty((n_frames, *shape), np.uint8)
    for frame in frames:
        parts = [gaussian_filter(rng.normal(size=shape), (1.0, 1.8)) for _ in range(2)]
        decibel = 20.0 * np.log10(np.hypot(*parts) + 1e-6)
        frame[:] = np.clip((decibel - decibel.max() + 58.0) / 58.0 * 255.0, 0, 255)
    return frames


def cut(frames: np.ndarray, size: tuple[int, int], margin: int) -> tuple[np.ndarray, np.ndarray]:
    """The central region with a margin, and its mask."""
    top, left = (FRAME[0] - size[0]) // 2, (FRAME[1] - size[1]) // 2
    rows = slice(top - margin, top + size[0] + margin)
    columns = slice(left - margin, left + size[1] + margin)
    crops = np.ascontiguousarray(frames[:, rows, columns])
    masks = np.zeros(crops.shape, np.bool_)
    masks[:, margin : margin + size[0], margin : margin + size[1]] = True
    return crops, masks


def repeated(array: np.ndarray, n_frames: int) -> np.ndarray:
    """n_frames frames that repeat the given ones."""
    return array[np.arange(n_frames) % array.shape[0]]


def seconds_per_frame(work: Callable[[], object], n_frames: int) -> float:
    """CPU seconds of this process for one frame."""
    started = time.process_time()
    work()
    return (time.process_time() - started) / n_frames


def lbp_by_skimage(image: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """The 40 frequencies as one gets them from scikit-image."""
    codes = [local_binary_pattern(image, 8, radius, "uniform")[mask] for radius in (1, 2, 3, 4)]
    return [np.bincount(code.astype(int), minlength=10) / code.size for code in codes]


def by_classes(crops: np.ndarray, masks: np.ndarray, binning: dict) -> None:
    """pyradiomics' classes on the crop, LBP on the crop."""
    settings = Settings((1.0, 1.0), binning.get("bin_width", 25.0), binning.get("bin_count"))
    for image, mask in zip(crops, masks, strict=True):
        radiomics_features(image, mask, settings)
        lbp_by_skimage(image, mask)


def extractor_of(binning: dict) -> RadiomicsFeatureExtractor:
    """An extractor of the same 51 features."""
    names = {"bin_width": "binWidth", "bin_count": "binCount"}
    settings = {names[name]: value for name, value in binning.items()}
    extractor = RadiomicsFeatureExtractor(force2D=True, force2Ddimension=0, **settings)
    extractor.disableAllFeatures()
    for name in ("firstorder", "shape2D", "glcm"):
        extractor.enableFeatureClassByName(name)
    return extractor


def by_execute(extractor: RadiomicsFeatureExtractor, frames: np.ndarray, masks: np.ndarray) -> None:
    """The extractor and LBP on whole frames."""
    for image, mask in zip(frames, masks, strict=True):
        picture = sitk.GetImageFromArray(image[None].astype(np.float64))
        extractor.execute(picture, sitk.GetImageFromArray(mask[None].astype(np.uint8)))
        lbp_by_skimage(image, mask)


def ours_shared(crops: np.ndarray, masks: np.ndarray, binning: dict) -> None:
    """Our first-order and co-occurrence features alone, a few frames at a time as `extract` does."""
    out = np.empty((8, 42))
    for start in range(0, crops.shape[0], 8):
        packed = pack_clip(crops[start : start + 8], masks[start : start + 8])
        runs = find_runs(packed.mask, packed.starts, packed.heights, packed.widths)
        counted = histograms(packed.pixels, packed.starts, packed.widths, runs.runs, runs.first)
        levels = Levels(counted, binning.get("bin_width", 25.0), binning.get("bin_count"))
        pairs = pair_counts(packed.pixels, packed.starts, packed.widths, runs, levels)
        firstorder(counted, levels, (1.0, 1.0), out[: counted.shape[0], :18])
        glcm(pairs, levels, out[: counted.shape[0], 18:])


class Contest:
    """All contestants on one region size and one discretisation; `round` times each once."""

    def __init__(self, frames: np.ndarray, size: tuple[int, int], binning: dict, few: int) -> None:
        self.binning = binning
        self.few = few
        self.crops, self.masks = (repeated(array, 300) for array in cut(frames, size, MARGIN))
        self.whole = repeated(frames, 2 * frames.shape[0])
        tight_mask = np.zeros(FRAME, np.bool_)
        top, left = (FRAME[0] - size[0]) // 2, (FRAME[1] - size[1]) // 2
        tight_mask[top : top + size[0], left : left + size[1]] = True
        self.whole_masks = np.repeat(tight_mask[None], self.whole.shape[0], axis=0)
        self.extractor = extractor_of(binning)
        self.nyxus = Nyxus(
            NYXUS_FEATURES, n_feature_calc_threads=1, coarse_gray_depth=binning.get("bin_count", 11)
        )

    def round(self) -> dict[str, float]:
        """CPU seconds a frame of every contestant."""
        crops, masks, few = self.crops, self.masks, self.few
        some = crops[: 4 * few].astype(np.uint32), masks[: 4 * few].astype(np.uint32)
        whole, whole_masks = self.whole, self.whole_masks
        timed = seconds_per_frame
        return {
            "ours": timed(lambda: extract(crops, masks, threads=1, **self.binning), len(crops)),
            "classes": timed(lambda: by_classes(crops[:few], masks[:few], self.binning), few),
            "ours_whole": timed(lambda: extract(whole, whole_masks, threads=1, **self.binning), len(whole)),
            "execute": timed(lambda: by_execute(self.extractor, whole[:few], whole_masks[:few]), few),
            "ours_shared": timed(lambda: ours_shared(crops, masks, self.binning), len(crops)),
            "nyxus": timed(lambda: self.nyxus.featurize(*some), 4 * few),
        }


def median_ratio(rounds: list[dict[str, float]], slow: str, fast: str) -> float:
    """Median over rounds of slow / fast."""
    return statistics.median(one[slow] / one[fast] for one in rounds)


def contest_rows(n_rounds: int, few: int) -> list[str]:
    """Lines of the table of ratios."""
    frames = speckle(12, FRAME)
    rows = []
    for size, fps_target in zip(SIZES, FPS_TARGETS, strict=True):
        for label, binning in BINNINGS.items():
            contest = Contest(frames, size, binning, few)
            contest.round()  # compile, load, fill caches
            rounds = [contest.round() for _ in range(n_rounds)]
            ours = statistics.median(one["ours"] for one in rounds)
            rows.append(
                f"| {size[1]} × {size[0]} | {label} | {ours * 1e3:.3f} | {1 / ours:,.0f} (≥ {fps_target:,}) "
                f"| {median_ratio(rounds, 'classes', 'ours'):.0f}× (≥ {TARGETS['classes']}) "
                f"| {median_ratio(rounds, 'execute', 'ours_whole'):.0f}× (≥ {TARGETS['execute']}) "
                f"| {median_ratio(rounds, 'nyxus', 'ours_shared'):.0f}× (≥ {TARGETS['nyxus']}) |"
            )
            print(rows[-1], flush=True)
    return rows


def slope_of(points: list[tuple[int, float]]) -> float:
    """Exponent of cost against amount: the slope of a line through the logarithms; 1 is linear."""
    amounts, costs = np.log(np.array(points)).T
    return float(np.polyfit(amounts, costs, 1)[0])


def fastest(crops: np.ndarray, masks: np.ndarray, n_rounds: int) -> float:
    """Least CPU seconds of a whole clip over a few runs."""
    return min(seconds_per_frame(lambda: extract(crops, masks, threads=1), 1) for _ in range(n_rounds + 2))


def linearity_rows(n_rounds: int) -> list[str]:
    """Lines about how cost grows with frames and with pixels."""
    frames = speckle(4, FRAME, seed=2)
    by_frames, by_pixels = [], []
    for n_frames in (50, 100, 200, 400):
        crops, masks = (repeated(array, n_frames) for array in cut(frames, (180, 240), MARGIN))
        by_frames.append((n_frames, fastest(crops, masks, n_rounds)))
    for height, width in ((150, 200), (212, 283), (300, 400), (424, 566), (560, 760)):
        crops, masks = (repeated(array, 40) for array in cut(frames, (height, width), MARGIN))
        by_pixels.append((height * width, fastest(crops, masks, n_rounds)))
    per_pixel = np.polyfit(*np.array(by_pixels).T, 1)[0] / 40 * 1e9
    return [
        f"- frames 50 to 400 of 240 × 180: exponent {slope_of(by_frames):.3f}, "
        f"{by_frames[-1][1] / by_frames[-1][0] * 1e3:.3f} ms a frame (1 = linear)",
        f"- region 30,000 to 425,600 pixels: exponent {slope_of(by_pixels):.3f}, {per_pixel:.2f} ns a pixel",
    ]


def gpu_rows() -> list[str]:
    """Frames per second of the CUDA back end, wall clock, transfers included; none without a GPU."""
    if not torch.cuda.is_available():
        return ["- GPU: none on this machine, not measured"]
    rows = []
    for size in SIZES:
        crops, masks = (repeated(array, 1024) for array in cut(speckle(4, FRAME), size, MARGIN))
        extract(crops[:64], masks[:64], backend="cuda")
        started = time.perf_counter()
        extract(crops, masks, backend="cuda")
        rate = len(crops) / (time.perf_counter() - started)
        rows.append(f"- {torch.cuda.get_device_name()}, {size[1]} × {size[0]}: {rate:,.0f} frames a second")
    return rows


def machine() -> str:
    """Processor and versions, one line each."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = f"{names[0]}, {len(names)} cores" if names else cpu
    packages = ("numba", "numpy", "pyradiomics", "SimpleITK", "scikit-image", "nyxus")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"Machine: {cpu}; load average {load}.\nPython {platform.python_version()}, {versions}."


HEADER = (
    "| region | discretisation | ours, ms a frame | frames a second and core "
    "| pyradiomics classes + LBP on crop | extractor.execute + LBP on frame | Nyxus, shared features |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)
PREAMBLE = """# Static features: measured speed

Written by `python -m tests.benchmarks.bench_static_features --write`; the first lines of that script say
what the contestants do. CPU time, one thread each, 300 frames, medians of {n_rounds} interleaved rounds,
targets in brackets. Other programs were running on the machine.
"""


def main() -> None:
    """Run and print; with --write, write the document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/static_features.md")
    parser.add_argument("--quick", action="store_true", help="one round of few frames")
    arguments = parser.parse_args()
    n_rounds, few = (1, 2) if arguments.quick else (5, 4)
    warnings.simplefilter("ignore")
    described = machine()
    print(described, HEADER, sep="\n", flush=True)
    rows = contest_rows(n_rounds, few)
    slopes = linearity_rows(n_rounds) + gpu_rows()
    print(*slopes, sep="\n")
    if arguments.write:
        lines = described.replace("\n", "  \n")
        text = [
            PREAMBLE.format(n_rounds=n_rounds),
            lines,
            "",
            HEADER,
            *rows,
            "",
            "How cost grows, and the GPU:",
            "",
            *slopes,
        ]
        Path("docs/benchmarks/static_features.md").write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
