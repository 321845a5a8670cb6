"""Speed of the detector's back ends, and proof that they give the same boxes.

Run: ``python -m tests.benchmarks.bench_detector [--data DIR] [--write]``. Decoding of files is not included:
frames are in memory. Times are processor seconds (of all threads) beside wall seconds, because other programs
may share the machine; the contestants take turns, round by round. ``--write`` also writes
docs/benchmarks/detector.md, with the figures on cines (``bench_detector_cine``) behind the table.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from analysis.pipeline.detector import Box5, Detector, load_detector
from analysis.pipeline.synthesis import draw_pretraining_still
from tests.benchmarks import bench_detector_cine
from tests.benchmarks.report import machine, write_page

FRAMES = 200
FRAME_SHAPE = (600, 800)  # rows, columns of a usual stored frame
SIZES = (320, 640)
BACKENDS = ("onnxruntime", "openvino", "torch")
EAGER, FIRST = "torch eager, batch 1, 1 thread", "onnxruntime, {} threads"
ROUNDS, LEAST_RATE = 3, 40
PAPER_S = 0.021  # an image, on the card of the paper
LIBRARIES = ("onnxruntime", "openvino", "torch", "numpy", "opencv-python-headless")


def frames(count: int) -> list[np.ndarray]:
    """Synthetic stills of many lesions, each the same shape, in memory."""
    still = [draw_pretraining_still(np.random.default_rng((99, i)), long_side=800)[0] for i in range(8)]
    full = []
    for image in still:
        canvas = np.zeros(FRAME_SHAPE, np.uint8)
        part = image[: FRAME_SHAPE[0], : FRAME_SHAPE[1]]
        canvas[: part.shape[0], : part.shape[1]] = part
        full.append(canvas)
    return [full[i % len(full)] for i in range(count)]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def largest_difference(one: list[list[Box5]], other: list[list[Box5]]) -> float:
    """Largest distance in pixels between corresponding box edges; infinity when a box has no counterpart."""
    worst = 0.0
    for a, b in zip(one, other, strict=True):
        if len(a) != len(b):
            return float("inf")
        if a:
            worst = max(worst, float(np.abs(np.array(a)[:, :4] - np.array(b)[:, :4]).max()))
    return worst


def contestants(threads: int) -> dict[str, Detector]:
    """Each back end on all threads, and eager PyTorch on one thread, one frame after another."""
    found = {name: load_detector(backend=name, threads=threads) for name in BACKENDS}
    named = {f"{detector.backend}, {threads} threads": detector for detector in found.values()}
    return named | {EAGER: load_detector(backend="torch", threads=1)}


def rows_of(size: int, threads: int, images: list[np.ndarray]) -> list[str]:
    """Markdown rows of one input size: medians over rounds, ratios within a round."""
    detectors = contestants(threads)
    expected = load_detector(backend="onnxruntime", threads=1).detect(images[:8], size=size, conf=0.1)
    apart = {
        name: largest_difference(expected, detector.detect(images[:8], size=size, conf=0.1))
        for name, detector in detectors.items()
    }
    rounds = [
        {name: timed(lambda d=d: d.detect(images, size=size)) for name, d in detectors.items()}
        for _ in range(ROUNDS)
    ]
    lines = []
    for name in detectors:
        wall, cpu = (statistics.median(r[name][k] for r in rounds) / len(images) for k in (0, 1))
        faster, cheaper = (statistics.median(r[EAGER][k] / r[name][k] for r in rounds) for k in (0, 1))
        target = f" (≥ {LEAST_RATE})" if (size, name) == (min(SIZES), FIRST.format(threads)) else ""
        lines.append(
            f"| {name} | {size} | {1 / wall:.1f}{target} | {1000 * cpu:.1f} | {faster:.2f} | {cheaper:.2f} "
            f"| {PAPER_S / wall:.1f} | {apart[name]:.4f} |"
        )
    return lines


def table(threads: int, count: int) -> list[str]:
    """The whole table."""
    lines = [
        "| back end | size | frames a second | CPU ms a frame | × eager torch, wall | × eager torch, CPU "
        "| × the paper's 0.021 s | px apart |",
        "|" + " --- |" * 8,
    ]
    for size in SIZES:
        lines += rows_of(size, threads, frames(count if size == min(SIZES) else max(8, count // 4)))
    return lines


def main() -> None:
    """Print the tables, and write the page when told to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/detector.md")
    parser.add_argument("--data", type=Path, default=None, help="labelled stills, for pseudo-cines")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--frames", type=int, default=FRAMES)
    options = parser.parse_args()
    lines = [machine(*LIBRARIES), "", *table(options.threads, options.frames), "", *NOTE.splitlines()]
    print("\n".join(lines), flush=True)
    if options.write or options.data:
        cines = ["", "## Steadiness on cines", "", *bench_detector_cine.page(options.data)]
        print("\n".join(cines))
        lines += cines
    if options.write:
        write_page("detector", "The detector: speed and steadiness", ABOUT, lines)


ABOUT = """Frames of 600 × 800 pixels in memory;
letterbox, network, decoding of its output and suppression included, decoding of files not. Medians of
interleaved rounds; target in brackets for two free cores. Eager PyTorch is to be beaten twice."""
NOTE = """"px apart": largest distance between corresponding box edges of eight frames and ONNX Runtime on one
thread. The default on a processor is ONNX Runtime. OpenVINO's bfloat16 would be faster where the processor
has it, but its boxes were not shown to stay within a pixel, so it is not offered. On a CUDA card torch runs
in half precision, 32 frames at a time; without a card that row is missing."""


if __name__ == "__main__":
    main()
