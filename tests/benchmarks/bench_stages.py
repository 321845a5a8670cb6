"""Seconds and memory of each stage of the main job, on one simulated cine of 300 frames.

`python -m tests.benchmarks.bench_stages`: CPU and wall seconds are medians of three rounds; memory is
what the process grew by at its peak while the stage ran, each stage in a process of its own. `--write` also
writes docs/benchmarks/stages.md.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from analysis.pipeline.describe import describe_clip
from analysis.pipeline.detector import load_detector
from analysis.pipeline.synthesis import draw_cohort, write_cohort
from analysis.pipeline.tracking import repair
from studies.imaging.cine import inspect_file
from studies.imaging.pack import write_pack
from studies.imaging.pack_reader import PackReader
from tests.benchmarks.report import machine, write_page

FRAMES, ROUNDS, SEED = 300, 3, 5
STAGES = ("simulate", "check and store", "detect", "follow", "describe")
MIB = 2**20


def main() -> None:
    """Print the table, and write the page when told to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/stages.md")
    options = parser.parse_args()
    lines = [machine("numpy", "numba", "onnxruntime"), "", *rows()]
    print("\n".join(lines))
    if options.write:
        about = f"One simulated cine of {FRAMES} frames, 256 × 224 px, grey JPEG; medians of {ROUNDS} rounds."
        write_page("stages", "Stages of the main job", about, lines)


def rows() -> list[str]:
    """Markdown table, one row a stage."""
    context = multiprocessing.get_context("spawn")
    lines = [
        "| stage | CPU s | wall s | frames/s (wall) | peak memory above start, MiB |",
        "|---|---|---|---|---|",
    ]
    for stage in STAGES:
        rounds = []
        for _ in range(ROUNDS):
            with context.Pool(1) as pool:
                rounds.append(pool.apply(measure, (stage,)))
        cpu, wall, memory = (statistics.median(values) for values in zip(*rounds, strict=True))
        lines.append(f"| {stage} | {cpu:.2f} | {wall:.2f} | {FRAMES / wall:,.0f} | {memory:.0f} |")
    return lines


def measure(stage: str) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and growth of peak memory (MiB) of one stage in this process."""
    with tempfile.TemporaryDirectory() as folder:
        work = prepared(stage, Path(folder))
        process = psutil.Process()
        before = process.memory_info().rss
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
        return cpu, wall, max(0, peak - before) / MIB


def prepared(stage: str, folder: Path) -> Callable[[], object]:
    """Do everything that comes before a stage, and return the stage itself."""
    cohort = draw_cohort(1, seed=SEED, effect=0.35)
    if stage == "simulate":
        return lambda: write_cohort(folder, cohort, FRAMES, 1)
    write_cohort(folder, cohort, FRAMES, 1)
    cine, pack = next((folder / "videos").rglob("*.dcm")), folder / "frames.pack"
    info = inspect_file(cine)
    if stage == "check and store":
        return lambda: write_pack(cine, pack, info=inspect_file(cine))
    write_pack(cine, pack, info=info)
    frames, detector = PackReader(pack), load_detector()
    if stage == "detect":
        list(detector.detect(iter([frames.grey(0)])))
        return lambda: detector.detect(frames.iter_luma(), size=320)
    found = detector.detect(frames.iter_luma(), size=320)
    if stage == "follow":
        return lambda: repair(found, (info.height, info.width))
    boxes = repair(found, (info.height, info.width)).boxes
    return lambda: describe_clip(frames.iter_grey(), boxes, fps=info.fps, spacing_mm=info.spacing_mm)


if __name__ == "__main__":
    main()
