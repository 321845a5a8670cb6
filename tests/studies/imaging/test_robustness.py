"""Damaged input never raises anything but a refusal, and length costs no memory."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_frames
from studies.imaging.guard import CUT_SHORT, open_guarded
from tests.studies.imaging.builders import (
    archive,
    calibrated,
    jpeg_cine,
    jpegs_of,
    native,
    picture,
    speckle,
    video,
)

REPO = Path(__file__).resolve().parents[3]
ROUNDS = 60
MAX_SECONDS = 2.0


def outcome(path):
    """Number of frames, or None when refused; anything else fails the test."""
    try:
        inspect_file(path)
        return sum(1 for _ in iter_frames(path))
    except RefusedFileError:
        return None


def sources(tmp_path):
    grey = speckle(4)
    return {
        "jpeg": jpeg_cine(tmp_path / "j", grey, fragments=2, **calibrated()),
        "native": native(tmp_path / "n", grey, **calibrated()),
        "video": video(tmp_path / "v.mp4", speckle(4, colour=True)),
        "avi": video(tmp_path / "v.avi", speckle(4, colour=True), codec="mjpeg"),
        "zip": archive(tmp_path / "z", {f"{i}.jpg": j for i, j in enumerate(jpegs_of(grey))}),
        "png": archive(tmp_path / "y", {f"{i}.png": picture(f) for i, f in enumerate(grey)}),
    }


@pytest.mark.parametrize("kind", ["jpeg", "native", "video", "avi", "zip", "png"])
def test_cuts_and_flipped_bytes(tmp_path, kind):
    whole = sources(tmp_path)[kind].read_bytes()
    rng = np.random.default_rng(sum(map(ord, kind)))
    target = tmp_path / "bad"
    for round_ in range(ROUNDS):
        data = bytearray(whole)
        if round_ % 3 == 0:
            data = data[: rng.integers(1, len(data))]
        span = min(len(data), 900 if round_ % 2 else len(data))  # half of the rounds hit the header
        for at in rng.integers(0, span, rng.integers(1, 12)):
            data[at] = rng.integers(0, 256)
        target.write_bytes(data)
        started = time.perf_counter()
        outcome(target)
        assert time.perf_counter() - started < MAX_SECONDS


def test_flipped_bytes_of_a_real_header(tmp_path):
    whole = Path(get_testdata_file("examples_ybr_color.dcm")).read_bytes()
    rng = np.random.default_rng(11)
    for _ in range(ROUNDS):
        data = bytearray(whole)
        for at in rng.integers(132, 2500, 6):
            data[at] = rng.integers(0, 256)
        (tmp_path / "bad").write_bytes(data)
        outcome(tmp_path / "bad")


@pytest.mark.parametrize("value", [0xFFFFFFF0, 0x7FFFFFFF, 0xFFFFFFFF, 0x00FFFFFF])
@pytest.mark.parametrize("tag", [b"\x28\x00\x10\x00US", b"\x18\x00\x63\x10DS", b"\xe0\x7f\x10\x00OB"])
def test_lying_lengths_are_refused_at_once(tmp_path, tag, value):
    data = bytearray(native(tmp_path / "a", speckle(4)).read_bytes())
    at = data.index(tag)
    wide = tag.endswith(b"OB")
    data[at + (8 if wide else 6) : at + (12 if wide else 8)] = (
        value.to_bytes(4, "little") if wide else (value & 0xFFFF).to_bytes(2, "little")
    )
    (tmp_path / "a").write_bytes(data)
    assert outcome(tmp_path / "a") is None


def test_deep_nesting_is_refused(tmp_path):
    data = native(tmp_path / "a", speckle(2)).read_bytes()
    at = data.index(b"\x08\x00\x60\x00CS")
    deep = (b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * 5000
    (tmp_path / "a").write_bytes(data[:at] + deep + data[at:])
    assert outcome(tmp_path / "a") is None


def test_guarded_reading(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789" * 3)
    with open_guarded(tmp_path / "a") as fp:
        assert fp.read_at(25, 5) == b"56789"
        assert fp.read(8) == b""
        for reach in (
            lambda: fp.read_at(25, 6),
            lambda: fp.seek(31),
            lambda: fp.seek(-1),
            lambda: fp.read(1 << 40),
        ):
            with pytest.raises(RefusedFileError) as caught:
                reach()
            assert str(caught.value) == CUT_SHORT


MEASURE = """
import json, resource, sys
from pathlib import Path
from studies.imaging.cine import inspect_file
from studies.imaging.pack import write_pack
from studies.imaging.pack_reader import PackReader
source, target = Path(sys.argv[1]), Path(sys.argv[2])
write_pack(source, target, info=inspect_file(source))
with PackReader(target) as pack:
    total = sum(int(f[0, 0]) for f in pack.iter_grey())
peak_kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"n": pack.n_frames, "mb": peak_kb / 1024}))
"""


def measured(source, target):
    args = [sys.executable, "-c", MEASURE, str(source), str(target)]
    done = subprocess.run(args, capture_output=True, text=True, cwd=REPO, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("build", [native, jpeg_cine])
def test_memory_is_flat_in_the_number_of_frames(tmp_path, build):
    base = np.tile(speckle(1, 240, 320), (600, 1, 1))
    short = measured(build(tmp_path / "short", base[:20]), tmp_path / "p")
    long = measured(build(tmp_path / "long", base), tmp_path / "q")
    assert (short["n"], long["n"]) == (20, 600)
    assert base.nbytes > 40e6
    assert long["mb"] < short["mb"] + 8
    assert long["mb"] < 300


def test_lying_sizes_cost_no_memory(tmp_path):
    """Half a gigabyte of address space beyond a loaded interpreter is all that a lying header may touch."""
    limited = MEASURE.replace(
        "source, target =",
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 29), used + (1 << 29)))\nsource, target =",
    )
    for name, elements in {
        "frames": {"NumberOfFrames": 2_000_000_000}, "size": {"Rows": 65535, "Columns": 65535},
        "both": {"Rows": 8000, "Columns": 8000, "NumberOfFrames": 19_000},
    }.items():  # fmt: skip
        source = native(tmp_path / name, speckle(2), **elements)
        args = [sys.executable, "-c", limited, str(source), str(tmp_path / "p")]
        done = subprocess.run(args, capture_output=True, text=True, cwd=REPO, check=False)
        assert "RefusedFileError" in done.stderr
        assert "MemoryError" not in done.stderr
        assert not (tmp_path / "p").exists()
