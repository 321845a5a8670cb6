"""One clip from file to features: `python -m tests.benchmarks.bench_describe [--quick] [--write]`.

A generated clip of 300 frames of 600 x 800 px as JPEG-baseline DICOM. The contestants take turns, round by
round, each in a process of its own:

- ours: decode, detect at 320 px, repair the track, describe (2,184 features); frames are kept in between;
- ours, twice: the same, but nothing is kept and the file is decoded once for each stage, as the two jobs of
  the application do, so that memory does not grow with the clip;
- careful: the same steps with pydicom `iter_pixels`, ONNX Runtime, pyradiomics' classes called directly on
  the crop and scikit-image's LBP on the crop; the same repair and the same descriptors.

Printed are CPU seconds (all threads), wall seconds and peak memory (VmHWM of the process), medians of the
rounds, and the median over the rounds of the ratio within a round. Starting Python and loading libraries and
weights are left out of the times, but not of the memory.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from analysis.pipeline.describe import describe_clip
from analysis.pipeline.detector import load_detector
from analysis.pipeline.tracking import repair
from analysis.pipeline.types import DescribeParameters
from studies.imaging.cine import inspect_file, iter_frames, iter_luma
from tests.benchmarks.report import machine, write_page

FRAMES, HEIGHT, WIDTH, SIZE = 300, 600, 800, 320
ABOUT = """Its first lines say what the contestants do.
Medians of three interleaved rounds, each contestant in a process of its own. Targets in brackets hold for two
free cores; the load average says how free they were."""
CONTESTANTS = {"ours": "ours", "twice": "ours, twice", "careful": "careful"}
LIBRARIES = (
    "numpy",
    "numba",
    "onnxruntime",
    "openvino",
    "pyradiomics",
    "scikit-image",
    "pydicom",
    "simplejpeg",
)
LONG, MOST_ABOVE_MB = (300, 1000, 2000), 300
TARGETS = {"cpu_s": 3.5, "wall_s": 2.5, "peak_mb": 500.0, "ratio": 5.0}


def cine(n_frames: int = FRAMES) -> np.ndarray:
    """(n_frames, 600, 800) uint8: a synthetic lesion swept to and fro, enlarged to a usual stored frame."""
    from analysis.pipeline.synthesis import draw_scene_parameters, synthesise_cine  # noqa: PLC0415 - not for contestants

    scene = draw_scene_parameters(np.random.default_rng(9004), size_mm=18.0, her2_positive=False, effect=0.0)
    small = synthesise_cine(scene, 9004).frames
    scale = min(HEIGHT / small.shape[1], WIDTH / small.shape[2])
    size = (int(small.shape[2] * scale), int(small.shape[1] * scale))
    left = (WIDTH - size[0]) // 2
    large = np.zeros((len(small), HEIGHT, WIDTH), np.uint8)
    for t, frame in enumerate(small):
        large[t, : size[1], left : left + size[0]] = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
    middle = large[len(large) // 5 : -len(large) // 5]
    there_and_back = [*range(len(middle)), *range(len(middle) - 2, 0, -1)]
    order = (there_and_back * (n_frames // len(there_and_back) + 1))[:n_frames]
    return middle[order]


def ours(path: Path, backend: str = "auto") -> dict[str, float]:
    """File to features by this project."""
    detector = load_detector(backend=backend)
    _warm(detector)
    clock = Clock()
    info = inspect_file(path)
    frames: list[np.ndarray] = []
    found = detector.detect(_kept(iter_frames(path), frames), size=SIZE)
    track = repair(found, (info.height, info.width))
    described = describe_clip(frames, track.boxes, fps=info.fps, spacing_mm=info.spacing_mm)
    return clock.stop() | {"used": described.n_used, "sum": float(described.dynamic.sum())}


def twice(path: Path) -> dict[str, float]:
    """File to features by this project, decoded once for each stage."""
    detector = load_detector()
    _warm(detector)
    clock = Clock()
    info = inspect_file(path)
    track = repair(detector.detect(iter_luma(path), size=SIZE), (info.height, info.width))
    described = describe_clip(iter_frames(path), track.boxes, fps=info.fps, spacing_mm=info.spacing_mm)
    return clock.stop() | {"used": described.n_used, "sum": float(described.dynamic.sum())}


def careful(path: Path) -> dict[str, float]:
    """File to features by the libraries that people use, each called as cheaply as it allows."""
    detector = load_detector(backend="onnxruntime")
    _warm(detector)
    clock = Clock()
    info = inspect_file(path)
    frames: list[np.ndarray] = []
    found = detector.detect(_kept(_by_pydicom(path), frames), size=SIZE)
    track = repair(found, (info.height, info.width))
    described = describe_clip(
        frames,
        track.boxes,
        fps=info.fps,
        spacing_mm=info.spacing_mm,
        parameters=DescribeParameters(exclude=False),  # nobody looks for marks there
        backend="pyradiomics",
    )
    return clock.stop() | {"used": described.n_used, "sum": float(described.dynamic.sum())}


def _kept(frames: Iterator[np.ndarray], into: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Pass frames on and keep them, so that decoding and detection overlap and nothing is decoded twice."""
    for frame in frames:
        into.append(frame)
        yield frame


def _by_pydicom(path: Path) -> Iterator[np.ndarray]:
    from pydicom.pixels import iter_pixels  # noqa: PLC0415 - only the contestant needs it

    for frame in iter_pixels(path):
        yield np.ascontiguousarray(frame if frame.ndim == 2 else frame[..., 0])


def _warm(detector) -> None:
    """Compile and load what a server has loaded long before."""
    rng = np.random.default_rng(0)
    frame = cv2.GaussianBlur(rng.normal(110, 60, (HEIGHT, WIDTH)), (0, 0), 2).clip(0, 255).astype(np.uint8)
    detector.detect([frame] * 4, size=SIZE)
    describe_clip([frame] * 20, np.tile([[200.0, 200, 300, 280]], (20, 1)), fps=25.0, spacing_mm=None)


class Clock:
    """CPU and wall seconds since it was made, and the peak memory of the process."""

    def __init__(self) -> None:
        self._resident = memory_mb("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts here
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def stop(self) -> dict[str, float]:
        """The figures."""
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        peak = memory_mb("VmHWM")
        return {"cpu_s": cpu, "wall_s": wall, "peak_mb": peak, "above_mb": peak - self._resident}


def memory_mb(name: str) -> float:
    """A line of /proc/self/status in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def in_a_process(contestant: str, path: Path) -> dict[str, float]:
    """Run one contestant in a fresh interpreter."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_describe", "--contestant", contestant, str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(run.stdout.splitlines()[-1])


def table(rounds: list[dict[str, dict[str, float]]]) -> list[str]:
    """Markdown rows: medians of each contestant and the ratio."""
    rows = ["| | CPU s | wall s | peak MB |", "| --- | --- | --- | --- |"]
    for name in rounds[0]:
        middle = {
            key: statistics.median(r[name][key] for r in rounds) for key in ("cpu_s", "wall_s", "peak_mb")
        }
        limits = {key: f" (≤ {TARGETS[key]:g})" if name != "careful" else "" for key in middle}
        figures = {"cpu_s": f"{middle['cpu_s']:.2f}", "wall_s": f"{middle['wall_s']:.2f}"}
        figures["peak_mb"] = f"{middle['peak_mb']:.0f}"
        rows.append(
            f"| {CONTESTANTS[name]} | " + " | ".join(figures[key] + limits[key] for key in middle) + " |"
        )
    if "careful" in rounds[0]:
        cpu, wall = (
            statistics.median(r["careful"][key] / r["ours"][key] for r in rounds)
            for key in ("cpu_s", "wall_s")
        )
        rows += ["", f"careful / ours: {cpu:.1f}× CPU (≥ {TARGETS['ratio']:g}), {wall:.1f}× wall."]
    return rows


def long_clips(lengths: tuple[int, ...]) -> list[str]:
    """Markdown rows: what longer clips cost when nothing is kept."""
    from tests.studies.imaging.builders import jpeg_cine, jpegs_of  # noqa: PLC0415 - not for contestants

    rows = ["| frames | CPU s | wall s | peak above the loaded process, MB |", "| --- | --- | --- | --- |"]
    for n_frames in lengths:
        with tempfile.TemporaryDirectory() as folder:
            path, frames = Path(folder) / "clip.dcm", cine(n_frames)
            jpeg_cine(path, frames, jpegs=jpegs_of(frames, quality=90), FrameTime="40")
            del frames
            found = in_a_process("twice", path)
        limit = f"{found['above_mb']:.0f} (≤ {MOST_ABOVE_MB})"
        rows.append(f"| {n_frames:,} | {found['cpu_s']:.2f} | {found['wall_s']:.2f} | {limit} |")
    return ['Longer clips, "ours, twice":', "", *rows]


def main() -> None:
    """Run and print; with --write, write docs/benchmarks/describe.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one round, without the other contestant")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/describe.md")
    parser.add_argument("--contestant", nargs=2, metavar=("NAME", "PATH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contestant:
        name, path = arguments.contestant
        print(json.dumps({"ours": ours, "twice": twice, "careful": careful}[name](Path(path))))
        return
    from tests.studies.imaging.builders import jpeg_cine, jpegs_of  # noqa: PLC0415 - not for contestants

    with tempfile.TemporaryDirectory() as folder:
        frames = cine()
        path = Path(folder) / "clip.dcm"
        jpeg_cine(path, frames, jpegs=jpegs_of(frames, quality=90), FrameTime="40")
        contestants = ("ours", "twice") if arguments.quick else tuple(CONTESTANTS)
        rounds = [
            {name: in_a_process(name, path) for name in contestants}
            for _ in range(1 if arguments.quick else 3)
        ]
    lines = [machine(*LIBRARIES), "", *table(rounds), "", *long_clips(LONG[:1] if arguments.quick else LONG)]
    print("\n".join(lines))
    if arguments.write:
        write_page("describe", "One clip, from file to features: measured speed", ABOUT, lines)


if __name__ == "__main__":
    main()
