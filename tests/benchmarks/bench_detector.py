"""Speed of the detector's back ends, and proof that they give the same boxes.

Run: ``python -m tests.benchmarks.bench_detector [--json FILE]``. Decoding of files is not included: frames
are in memory. Times are processor seconds (of all threads) beside wall seconds, because other programs may
share the machine.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from analysis.pipeline.detector import Box5, Detector, load_detector
from analysis.pipeline.synthesis import draw_pretraining_still

FRAMES = 200
FRAME_SHAPE = (600, 800)  # rows, columns of a usual stored frame
SIZES = (320, 640)
BACKENDS = ("onnxruntime", "openvino", "torch")


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


def measure(detector: Detector, images: list[np.ndarray], size: int) -> dict[str, float]:
    """Frames a second by wall clock, and processor milliseconds a frame, letterbox and suppression
    included."""
    detector.detect(images[:8], size=size)
    best = min(
        (timed(lambda: detector.detect(images, size=size)) for _ in range(3)), key=lambda pair: pair[1]
    )
    return {"fps_wall": len(images) / best[0], "cpu_ms": 1000 * best[1] / len(images)}


def eager_torch(images: list[np.ndarray], size: int) -> dict[str, float]:
    """PyTorch, eager, batch 1, one thread, one frame after another: the reference to beat."""
    return measure(load_detector(backend="torch", threads=1), images, size)


def largest_difference(one: list[list[Box5]], other: list[list[Box5]]) -> float:
    """Largest distance in pixels between corresponding box edges; infinity when a box has no counterpart."""
    worst = 0.0
    for a, b in zip(one, other, strict=True):
        if len(a) != len(b):
            return float("inf")
        if a:
            worst = max(worst, float(np.abs(np.array(a)[:, :4] - np.array(b)[:, :4]).max()))
    return worst


def run(threads: int, count: int) -> dict[str, object]:
    """The whole table."""
    images = frames(count)
    rows = []
    for size in SIZES:
        some = images if size == min(SIZES) else images[: max(8, count // 4)]
        reference = eager_torch(some[: max(8, len(some) // 4)], size)
        expected = load_detector(backend="onnxruntime", threads=1).detect(some[:8], size=size, conf=0.1)
        for backend in BACKENDS:
            detector = load_detector(backend=backend, threads=threads)
            row = {
                "backend": detector.backend,
                "size": size,
                "threads": threads,
                **measure(detector, some, size),
            }
            row["times_eager"] = reference["cpu_ms"] / row["cpu_ms"]
            row["difference_px"] = largest_difference(
                expected, detector.detect(some[:8], size=size, conf=0.1)
            )
            rows.append(row)
        rows.append(
            {"backend": "torch eager, batch 1", "size": size, "threads": 1, **reference, "times_eager": 1.0}
        )
    return {
        "machine": platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "rows": rows,
    }


def as_table(document: dict[str, object]) -> str:
    """Markdown of the document."""
    lines = [
        "| back end | size | threads | frames a second (wall) | CPU ms a frame | × eager torch (CPU) | px "
        "apart |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in document["rows"]:
        apart = f"{row['difference_px']:.4f}" if "difference_px" in row else "–"
        lines.append(
            f"| {row['backend']} | {row['size']} | {row['threads']} | {row['fps_wall']:.1f} | "
            f"{row['cpu_ms']:.1f} "
            f"| {row['times_eager']:.2f} | {apart} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--frames", type=int, default=FRAMES)
    options = parser.parse_args()
    document = run(options.threads, options.frames)
    if options.json:
        options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    print(as_table(document))


if __name__ == "__main__":
    main()
