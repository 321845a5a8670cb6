"""Time and memory of decoding, packing and reading a cine: ``python -m tests.benchmarks.bench_decode``.

Processor seconds (``pack_s``: seconds by the clock). A generated clip of 300 frames of 600 × 800 px, JPEG
baseline, grey and colour: the reader against simplejpeg on the bare fragments, the price of a pack, and peak
memory.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import numpy as np
import simplejpeg
from scipy import ndimage

from studies.imaging.cine import inspect_file, iter_frames, source_frames
from studies.imaging.pack import write_pack
from studies.imaging.pack_reader import PackReader
from tests.studies.imaging.builders import jpeg_cine, jpegs_of, native

FRAMES, HEIGHT, WIDTH, DISTINCT = 300, 600, 800, 12
REPEATS = 3


def cine(*, colour: bool) -> np.ndarray:
    """``(DISTINCT, 600, 800[, 3])`` uint8: speckle on a dark screen, with a colour bar where asked for."""
    rng = np.random.default_rng(7)
    grey = np.stack(
        [ndimage.gaussian_filter(rng.rayleigh(60, (HEIGHT, WIDTH)), (1, 2)) for _ in range(DISTINCT)]
    )
    grey = grey.clip(0, 255).astype(np.uint8)
    grey[:, :, 700:] = 0
    if not colour:
        return grey
    rgb = np.repeat(grey[..., None], 3, axis=3)
    rgb[:, 100:300, 720:740] = (255, 60, 0)
    return rgb


def seconds(work) -> float:
    """Processor seconds, best of a few runs: other work on the machine hardly disturbs them."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.process_time()
        for _ in work():
            pass
        best = min(best, time.process_time() - started)
    return best


def bench(folder: Path, *, colour: bool) -> dict[str, float | str]:
    """Figures of one clip."""
    few = jpegs_of(cine(colour=colour), quality=90, subsampling="422")
    jpegs = (few * FRAMES)[:FRAMES]
    shape = (FRAMES, HEIGHT, WIDTH, 3) if colour else (FRAMES, HEIGHT, WIDTH)
    source = jpeg_cine(folder / f"{colour}.dcm", np.broadcast_to(np.uint8(0), shape), jpegs=jpegs)
    space = "RGB" if colour else "GRAY"
    bare_grey = seconds(lambda: (simplejpeg.decode_jpeg(j, colorspace="GRAY") for j in jpegs))
    bare_full = seconds(lambda: (simplejpeg.decode_jpeg(j, colorspace=space) for j in jpegs))
    info = inspect_file(source)
    started = time.perf_counter()
    packed = write_pack(source, folder / "p", info=info)
    write = time.perf_counter() - started
    with PackReader(folder / "p") as pack:
        read = seconds(pack.iter_grey)
    return {
        "clip": "colour" if colour else "grey",
        "frames": FRAMES,
        "bare_grey_s": bare_grey,
        "bare_full_s": bare_full,
        "inspect_s": seconds(lambda: iter([inspect_file(source)])),
        "iter_grey_s": seconds(lambda: iter_frames(source)),
        "streams_s": seconds(lambda: source_frames(source)),
        "pack_s": write,
        "pack_mb": packed.n_bytes / 1e6,
        "read_grey_s": read,
        "read_over_bare_grey": read / bare_grey,
        "read_over_bare_full": read / bare_full,
    }


def bench_png(folder: Path) -> dict[str, float | str]:
    """A native clip: what the lossless form and its viewing copies cost."""
    frames = np.concatenate([cine(colour=False)] * 5)
    source = native(folder / "n.dcm", frames)
    started = time.perf_counter()
    packed = write_pack(source, folder / "p", info=inspect_file(source))
    write = time.perf_counter() - started
    with PackReader(folder / "p") as pack:
        read = seconds(pack.iter_grey)
        views = sum(len(pack.view(i)[0]) for i in range(pack.n_frames))
    return {
        "clip": "native grey",
        "frames": len(frames),
        "source_mb": source.stat().st_size / 1e6,
        "pack_s": write,
        "pack_mb": packed.n_bytes / 1e6,
        "of_which_views_mb": views / 1e6,
        "read_grey_s": read,
    }


def peak_mb() -> float:
    """Largest resident memory of this process so far, MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    """Print one JSON object a clip."""
    with tempfile.TemporaryDirectory() as folder:
        for figures in (
            bench(Path(folder), colour=False), bench(Path(folder), colour=True), bench_png(Path(folder)),
        ):  # fmt: skip
            figures["peak_mb"] = peak_mb()
            print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}))


if __name__ == "__main__":
    main()
