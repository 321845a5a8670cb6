"""Time and memory of decoding, packing and reading a cine: `python -m tests.benchmarks.bench_decode`.

Processor seconds, medians of five interleaved rounds. Generated clips of 300 frames of 600 × 800 px, JPEG
baseline: grey, grey stored in colour, and colour (4:2:2, as scanners write); the readers against simplejpeg
(libjpeg-turbo), grey, on the bare fragments. Peak memory is what the process grows by over 300 and over 1,200
frames. `--write` also writes docs/benchmarks/decode.md.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import psutil
import simplejpeg
from scipy import ndimage

from studies.imaging.cine import inspect_file, iter_frames, iter_luma
from studies.imaging.pack import write_pack
from studies.imaging.pack_reader import PackReader
from tests.benchmarks.report import machine, write_page
from tests.studies.imaging.builders import jpeg_cine, jpegs_of, native

FRAMES, HEIGHT, WIDTH, DISTINCT = 300, 600, 800, 12
ROUNDS, TARGET = 5, 1.2
CLIPS = ("grey", "grey in colour", "colour")
LIBRARIES = ("simplejpeg", "numpy", "pydicom")
MIB = 2**20


def pictures(kind: str) -> np.ndarray:
    """``(DISTINCT, 600, 800[, 3])`` uint8: speckle on a dark screen, with a colour bar where asked for."""
    rng = np.random.default_rng(7)
    noise = (ndimage.gaussian_filter(rng.rayleigh(60, (HEIGHT, WIDTH)), (1, 2)) for _ in range(DISTINCT))
    grey = np.stack(list(noise)).clip(0, 255).astype(np.uint8)
    grey[:, :, 700:] = 0
    if kind == "grey":
        return grey
    rgb = np.repeat(grey[..., None], 3, axis=3)
    if kind == "colour":
        rgb[:, 100:300, 720:740] = (255, 60, 0)
    return rgb


def cine(folder: Path, kind: str, count: int = FRAMES) -> tuple[Path, list[bytes]]:
    """A DICOM file of that kind, and its bare JPEG streams."""
    images = pictures(kind)
    jpegs = (jpegs_of(images, quality=90, subsampling="422") * (count // DISTINCT + 1))[:count]
    shape = (count, HEIGHT, WIDTH, *images.shape[3:])
    source = jpeg_cine(folder / f"{kind}-{count}.dcm", np.broadcast_to(np.uint8(0), shape), jpegs=jpegs)
    return source, jpegs


def seconds(work: Callable[[], Iterable[object]]) -> float:
    """Processor seconds to exhaust it once: other work on the machine hardly disturbs them."""
    started = time.process_time()
    for _ in work():
        pass
    return time.process_time() - started


def bench(folder: Path, kind: str) -> list[dict[str, float]]:
    """Seconds of every way to read one clip, a round an entry; the ways take turns."""
    source, jpegs = cine(folder, kind)
    write_pack(source, folder / "p", info=inspect_file(source))
    with PackReader(folder / "p") as pack:
        ways: dict[str, Callable[[], Iterable[object]]] = {
            "bare": lambda: (simplejpeg.decode_jpeg(j, colorspace="GRAY") for j in jpegs),
            "luma of the file": lambda: iter_luma(source),
            "luma of the pack": pack.iter_luma,
            "grey of the file": lambda: iter_frames(source),
            "grey of the pack": pack.iter_grey,
            "colour of the pack": pack.iter_rgb,
        }
        return [{way: seconds(work) for way, work in ways.items()} for _ in range(ROUNDS)]


def growth(path: Path) -> float:
    """What this process grows by, at its peak, while it reads a file frame by frame; MiB."""
    before = psutil.Process().memory_info().rss
    for _ in iter_frames(path):
        pass
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    return max(0.0, (peak - before) / MIB)


def memory_lines(folder: Path) -> list[str]:
    """One line a clip length, each measured in a process of its own."""
    lines = []
    for count in (FRAMES, 4 * FRAMES):
        source, _ = cine(folder, "grey", count)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            grown = pool.apply(growth, (source,))
        lines.append(f"- {count:,} frames ({source.stat().st_size / MIB:.0f} MiB file): {grown:.0f} MiB")
    return lines


def pack_lines(folder: Path) -> list[str]:
    """What it costs to store a cine as a pack: JPEG as it came, and a native one with its viewing copies."""
    lines = []
    images = np.concatenate([pictures("grey")] * 5)
    for name, source in (
        ("JPEG", cine(folder, "grey")[0]),
        ("native", native(folder / "n.dcm", images)),
    ):
        info = inspect_file(source)
        took = seconds(lambda s=source, i=info: [write_pack(s, folder / "p", info=i)])
        size = (folder / "p").stat().st_size / MIB
        lines.append(f"- {name}, {info.n_frames} frames: {took:.2f} CPU s, {size:.1f} MiB")
    return lines


def table(figures: dict[str, list[dict[str, float]]]) -> list[str]:
    """Markdown rows: median seconds and, in brackets, the median over the rounds of times the bare
    decoding."""
    kinds = list(figures)
    lines = ["| CPU s (times bare) | " + " | ".join(kinds) + " |", "| --- |" + " --- |" * len(kinds)]
    for way in figures[kinds[0]][0]:
        cells = []
        for kind in kinds:
            took = statistics.median(r[way] for r in figures[kind])
            ratio = statistics.median(r[way] / r["bare"] for r in figures[kind])
            cells.append(f"{took:.2f} ({ratio:.2f}×)")
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    """Print the tables, and write the page when told to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/decode.md")
    options = parser.parse_args()
    described = machine(*LIBRARIES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [described, "", *table({kind: bench(folder, kind) for kind in CLIPS}), ""]
        lines += [f"Target: {TARGET}× the bare decoding.", "", "Growth of memory while reading:", ""]
        lines += [*memory_lines(folder), "", "Storing as a pack:", "", *pack_lines(folder)]
    print("\n".join(lines))
    if options.write:
        write_page("decode", "Decoding: measured speed", ABOUT, lines)


ABOUT = """300 frames of 600 × 800 px, JPEG baseline 4:2:2 or grey,
medians of five interleaved rounds. "bare" is simplejpeg (libjpeg-turbo), brightness only, on the fragments.
The detector looks at the luma. Features are measured on the grey of SCIENCE 1.2, which equals the luma where
a cine shows no colour (a pack knows); where it does, red, green and blue are decoded, for colour Doppler and
marks are looked for in them anyway."""


if __name__ == "__main__":
    main()
