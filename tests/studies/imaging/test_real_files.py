"""Real ultrasound files and broken ones: verdicts, pixels against pydicom, time and memory."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut, pixel_array

from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_frames, source_frames
from studies.imaging.guard import quiet
from studies.imaging.pack import write_pack
from studies.imaging.pack_reader import PackReader
from tests.studies.imaging.builders import SHARED

REPO = Path(__file__).resolve().parents[3]
MAX_SECONDS, MAX_MB = 2.0, 300
JPEG_XL = "dcm4che__will-jxl.dcm"
# pydicom takes the big-endian palette for a little-endian one; the same frames exist in the other order
SAME_PIXELS = {"pydicom__OBXXXX1A_expb_2frame.dcm": "pydicom__OBXXXX1A_2frame.dcm"}
WHOLE = "examples_ybr_color.dcm"
CINES = {
    "us_convex_25fps_header260_decoded262.mpeg": (262, 260, 25.0, 370, 370),
    "us_convex_29fps_374f.mp4": (374, 374, 29.04, 386, 386),
    "us_convex_30fps_309f.mov": (309, 309, 29.97, 538, 538),
    "us_linear_19fps_187f.mp4": (187, 187, 19.10, 208, 208),
    "us_linear_19fps_495f.mp4": (495, 495, 19.04, 234, 234),
}


def manifest(folder):
    path = SHARED / folder / "manifest.csv"
    if not path.is_file():
        return []
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def real(folder):
    if not (SHARED / folder).is_dir():
        pytest.skip(f"the real files of {folder} are not here")
    return SHARED / folder


BAD = [(row["file"], row["verdict"]) for row in manifest("dicom_bad")]
GOOD = [row["path"] for row in manifest("dicom_us")]


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "verdict"), BAD or [("absent", "")])
def test_broken_files_get_the_verdict_of_the_manifest(name, verdict, tmp_path):
    path = real("dicom_bad") / name
    started = time.perf_counter()
    info, refusal = taken_in(path, tmp_path / "p")
    assert time.perf_counter() - started < MAX_SECONDS
    if info is None:
        assert verdict in {"refused", "either, in words"}, refusal
        assert refusal.endswith(".")
        assert list(tmp_path.iterdir()) == []
        return
    assert verdict.startswith(("accepted", "either"))
    if "defect named" in verdict:
        assert len(info.defects) > len(inspect_file(Path(get_testdata_file(WHOLE))).defects)
    assert ("timing not recorded" in verdict) == (info.timing_source == "not recorded")
    assert ("spacing not recorded" in verdict) == (info.spacing_source == "not recorded")
    with PackReader(tmp_path / "p") as pack:
        assert pack.n_frames == 30


def taken_in(path, target):
    """Facts of a file after packing it, or the sentence of its refusal."""
    try:
        info = inspect_file(path)
        write_pack(path, target, info=info)
    except RefusedFileError as error:
        return None, str(error)
    return info, ""


@pytest.mark.real_data
def test_broken_files_stay_within_the_memory_limit(tmp_path):
    program = """
import json, sys
from pathlib import Path
from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file
from studies.imaging.pack import write_pack
worst = 0
for path in sorted(Path(sys.argv[1]).glob("*.dcm")):
    try:
        write_pack(path, Path(sys.argv[2]) / "p", info=inspect_file(path))
    except RefusedFileError:
        pass
peak_kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"peak_mb": peak_kb / 1024}))
"""
    args = [sys.executable, "-c", program, str(real("dicom_bad")), str(tmp_path)]
    done = subprocess.run(args, capture_output=True, text=True, cwd=REPO, check=True)
    assert json.loads(done.stdout)["peak_mb"] < MAX_MB


def reference(path):
    """Frames of pydicom's own decoders as 8-bit RGB or grey; its 16-bit colours keep the upper byte."""
    with quiet():
        ds = pydicom.dcmread(path)
        array = pixel_array(ds)
        single = int(ds.get("NumberOfFrames", 1)) == 1
        if ds.PhotometricInterpretation == "PALETTE COLOR":
            array = apply_color_lut(array, ds)
            array = (array >> 8).astype(np.uint8) if array.max() > 255 else array.astype(np.uint8)
        return array[np.newaxis] if single else array


@pytest.mark.real_data
@pytest.mark.parametrize("name", GOOD or ["absent"])
def test_real_files_are_accepted_or_refused_by_name(name):
    path = real("dicom_us") / name
    if name == JPEG_XL:
        with pytest.raises(RefusedFileError, match="JPEG XL"):
            inspect_file(path)
        return
    truth = reference(path.with_name(SAME_PIXELS.get(name, name)))
    frames = list(iter_frames(path, colour=True))
    assert len(frames) == inspect_file(path).n_frames == len(truth)
    tolerance = 3 if "jpeg_baseline" in name or "ybr_color" in name else 0
    for ours, theirs in zip(frames, truth, strict=True):
        expected = theirs if theirs.ndim == 3 else np.repeat(theirs[..., None], 3, axis=2)
        assert np.abs(ours.astype(int) - expected).max() <= tolerance


@pytest.mark.real_data
def test_facts_of_real_files():
    folder = real("dicom_us")
    philips = inspect_file(folder / "pydicom__GREYSCALE_IMAGE.dcm")
    assert philips.burned_in_annotation == "YES"
    assert philips.spacing_mm == pytest.approx((0.0649, 0.0649), abs=1e-4)
    assert philips.acquisition["manufacturer"] == "Philips Medical Systems"
    acuson = inspect_file(folder / "cornerstonejs__IM00001.implicit_little_endian.dcm")
    assert acuson.timing_source == "FrameTimeVector"
    assert len(acuson.frame_times_ms) == 8
    assert any("negative" in d for d in acuson.defects)
    echo = inspect_file(folder / "wearemothership__US-PAL-8-10x-echo.dcm")
    assert (echo.timing_source, echo.fps) == ("FrameTime", pytest.approx(1000 / 76))


def test_the_cine_that_pydicom_carries(tmp_path):
    path = Path(get_testdata_file(WHOLE))
    info = inspect_file(path, original_name=WHOLE)
    assert (info.kind, info.n_frames, info.header_n_frames) == ("dicom", 30, 30)
    assert (info.height, info.width, info.colour) == (240, 320, True)
    assert (info.timing_source, info.fps) == ("FrameTime", pytest.approx(30, abs=0.01))
    assert info.spacing_mm == pytest.approx((0.5105, 0.5105), abs=1e-4)
    assert any("outside" in d for d in info.defects)
    ds = pydicom.dcmread(path)
    fragments = list(generate_frames(ds.PixelData, number_of_frames=30))
    for frame, fragment in zip(source_frames(path), fragments, strict=True):
        assert fragment.startswith(frame.jpeg)  # all but a byte of padding
        assert len(fragment) - len(frame.jpeg) <= 1
    assert write_pack(path, tmp_path / "p", info=info).passed_through == 30


@pytest.mark.real_data
@pytest.mark.parametrize("name", CINES)
def test_real_videos(name):
    path = real("cine") / name
    info = inspect_file(path)
    n, header, fps, height, width = CINES[name]
    assert (info.n_frames, info.header_n_frames, info.height, info.width) == (n, header, height, width)
    assert (info.timing_source, info.fps) == ("container", pytest.approx(fps, abs=0.01))
    assert any(str(header) in d and str(n) in d for d in info.defects) == (header != n)
    last = list(iter_frames(path, start=n - 1))
    assert len(last) == 1
    assert last[0].shape == (height, width)
