"""`manage.py describe` as another program runs it: tables, exit status, refusals, no database."""

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.pipeline.describe import describe_clip
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.boxes_file import read_boxes
from analysis.pipeline.kernels.feature_tables import cell, flat, frame_ranges
from analysis.pipeline.names import DYNAMIC_FEATURES, STATIC_FEATURES
from analysis.pipeline.tracking import repair
from studies.imaging.cine import inspect_file, iter_frames

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "../shared/data"
N, H, W = 40, 96, 128


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """An archive of 40 PNG frames of moving speckle."""
    path = tmp_path_factory.mktemp("clip") / "clip.zip"
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for t in range(N):
            frame = np.clip(cv2.GaussianBlur(rng.normal(size=(H, W)), (0, 0), 1.5) * 150 + 110, 0, 255)
            archive.writestr(f"frame{t:03d}.png", cv2.imencode(".png", frame.astype(np.uint8))[1].tobytes())
    return path


def boxes_document(n=N, height=H, width=W, fps=25.0):
    boxes = [[30 + 0.3 * t, 20.0, 75 + 0.3 * t, 60.0, 0.9] for t in range(n)]
    frames = [{"frame": t, "boxes": [box]} for t, box in enumerate(boxes)]
    return {"fps": fps, "width": width, "height": height, "n_frames": n, "frames": frames}


@pytest.fixture
def boxes(tmp_path):
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(boxes_document()))
    return path


def run(*arguments):
    """A process of its own that could not reach a database if it tried."""
    environment = {**os.environ, "DATABASE_URL": "postgres://nobody:none@127.0.0.1:1/none"}
    command = [sys.executable, "manage.py", "describe", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)


def table(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_two_tables_without_a_database(clip, boxes, tmp_path):
    result = run(clip, "--boxes", boxes, "--out", tmp_path / "features.csv")
    assert result.returncode == 0, result.stderr
    (row,) = table(tmp_path / "features.csv")
    frames = table(tmp_path / "features.frames.csv")
    assert tuple(row)[:2184] == DYNAMIC_FEATURES
    assert tuple(frames[0]) == STATIC_FEATURES
    assert len(frames) == N
    info, document = inspect_file(clip), boxes_document()
    track = repair([frame["boxes"] for frame in document["frames"]], (H, W))
    expected = describe_clip(iter_frames(clip), track.boxes, fps=info.fps or 25.0, spacing_mm=info.spacing_mm)
    np.testing.assert_array_equal([float(row[name]) for name in DYNAMIC_FEATURES], expected.dynamic)
    static = [[float(frame[name]) for name in STATIC_FEATURES] for frame in frames]
    np.testing.assert_array_equal(static, expected.static)
    assert (row["used"], row["coverage"], row["compliant"]) == ("40", "1.0", "True")
    assert row["described_frames"] == "0-39"
    assert (row["fps"], row["time_base"]) == ("25.0", "hz")
    assert row["reasons_jump_centre"] == "0"
    assert {file.name for file in tmp_path.iterdir()} == {"boxes.json", "features.csv", "features.frames.csv"}


def test_a_rejected_box_is_interpolated_and_a_doubtful_clip_says_so(clip, tmp_path, capsys):
    document = boxes_document()
    document["frames"][20]["boxes"] = [[90, 60, 120, 90, 0.9]]
    for t in range(26, 40):
        document["frames"][t]["boxes"] = []
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(document))
    call_command("describe", str(clip), boxes=path, out=tmp_path / "features.csv")
    (row,) = table(tmp_path / "features.csv")
    assert (row["used"], row["interp"], row["reasons_jump_centre"]) == ("26", "1", "1")
    call_command("describe", str(clip), boxes=path, out=tmp_path / "features.csv", mask="ellipse", fmax=6.0)
    (other,) = table(tmp_path / "features.csv")
    assert other["firstorder_Mean__t_mean"] != row["firstorder_Mean__t_mean"]
    assert "26 of 40 frames" in capsys.readouterr().out


def changed(**changes):
    return json.dumps({**boxes_document(), **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[1, 2]", "one JSON object"),
        ("[" * 100_000, "not JSON"),
        (changed(n_frames=41), "another clip"),
        (changed(width=127), "another clip"),
        (changed(n_frames=10**12), "another clip"),
        (changed(n_frames=-1), "n_frames"),
        (changed(n_frames="40"), "n_frames"),
        (changed(height=None), "height"),
        (changed(fps=0), "fps"),
        (changed(fps="25"), "fps"),
        (changed(frames=None), "frames"),
        (changed(frames=[{"frame": 40, "boxes": []}]), "0 to 39"),
        (changed(frames=[{"frame": 1.5, "boxes": []}]), "0 to 39"),
        (changed(frames=[[0, []]]), "0 to 39"),
        (changed(frames=[{"frame": 0, "boxes": []}] * 2), "twice"),
        (changed(frames=[{"frame": 0, "boxes": [[1, 2, 3, 4]]}]), "frame 0"),
        (changed(frames=[{"frame": 0, "boxes": [[1, 2, 3, 4, "0.9"]]}]), "frame 0"),
        (changed(frames=[{"frame": 0, "boxes": [[1, 2, 30, 40, float("nan")]]}]), "frame 0"),
        (changed(frames=[{"frame": 0, "boxes": [[1, 2, 30, 10**400, 0.9]]}]), "frame 0"),
        (changed(frames=[{"frame": 0, "boxes": [[1, 2, 30, 40, 1.9]]}]), "frame 0"),
        (changed(frames=[]), "at least 16"),
    ],
)
def test_bad_boxes_are_refused_and_leave_nothing_behind(clip, tmp_path, text, message):
    path = tmp_path / "boxes.json"
    path.write_text(text)
    with pytest.raises(CommandError, match=message) as refusal:
        call_command("describe", str(clip), boxes=path, out=tmp_path / "features.csv")
    assert refusal.value.returncode == 1
    assert [file.name for file in tmp_path.iterdir()] == ["boxes.json"]


def test_exit_status_1_for_a_file_that_is_not_there(boxes, tmp_path):
    result = run(tmp_path / "absent.dcm", "--boxes", boxes, "--out", tmp_path / "features.csv")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_boxes_file_that_cannot_be_read_is_refused(clip, tmp_path, content):
    path = tmp_path / "absent.json"
    if content:
        path.write_bytes(content)
    with pytest.raises(CommandError, match="cannot be read") as refusal:
        call_command("describe", str(clip), boxes=path, out=tmp_path / "features.csv")
    assert refusal.value.returncode == 1


def test_exit_status_2_for_wrong_usage(clip):
    result = run(clip, "--out", "features.csv")
    assert result.returncode == 2
    assert "--boxes" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "wrong", [["--mask", "circle"], ["--bin-width", "0"], ["--fps", "nan"], ["--fmax", "x"]]
)
def test_wrong_options_are_wrong_usage(clip, boxes, tmp_path, wrong):
    with pytest.raises(CommandError, match=wrong[0]):
        call_command("describe", str(clip), "--boxes", boxes, "--out", tmp_path / "features.csv", *wrong)


def test_a_folder_that_does_not_exist_is_wrong_usage(clip, boxes, tmp_path):
    with pytest.raises(CommandError, match="folder") as refusal:
        call_command("describe", str(clip), boxes=boxes, out=tmp_path / "absent" / "features.csv")
    assert refusal.value.returncode == 2


@pytest.mark.real_data
def test_a_real_cine_with_its_own_time_base(tmp_path):
    path = SHARED / "cine/us_linear_19fps_187f.mp4"
    if not path.exists():
        pytest.skip("../shared/data/cine is absent")
    info = inspect_file(path)
    entries = [{"frame": t, "boxes": [[60, 60, 140, 120, 0.8]]} for t in range(info.n_frames)]
    document = {"fps": None, "width": info.width, "height": info.height, "n_frames": info.n_frames}
    (tmp_path / "boxes.json").write_text(json.dumps({**document, "frames": entries}))
    call_command("describe", str(path), boxes=tmp_path / "boxes.json", out=tmp_path / "features.csv")
    (row,) = table(tmp_path / "features.csv")
    assert float(row["fps"]) == pytest.approx(19.1, abs=0.1)
    assert np.isfinite([float(row[name]) for name in DYNAMIC_FEATURES]).all()
    assert int(row["described_n_used"]) == info.n_frames


# --- the two small formats ---------------------------------------------------------------------------------


def test_frames_that_are_not_listed_have_no_box():
    document = {**boxes_document(5), "frames": [{"frame": 3, "boxes": [[1, 2, 3, 4, 0.5]]}]}
    read = read_boxes(json.dumps(document))
    assert read.detections() == [[], [], [], [[1, 2, 3, 4, 0.5]], []]
    assert (read.fps, read.width, read.height) == (25.0, W, H)
    with pytest.raises(InvalidInputError):
        read_boxes(json.dumps({**document, "frames": [{"boxes": []}]}))


def test_records_become_columns_and_floats_read_back():
    assert flat({"a": {"b": 1, "c": 2}, "d": ["x", "y"], "e": None}) == {
        "a_b": 1,
        "a_c": 2,
        "d": "x y",
        "e": None,
    }
    assert [cell(v) for v in (None, True, 3, "x", 0.1 + 0.2)] == ["", "True", "3", "x", "0.30000000000000004"]
    assert cell(np.float64(1 / 3)) == repr(1 / 3)
    assert frame_ranges([0, 1, 2, 5, 7, 8]) == "0-2 5 7-8"
    assert frame_ranges([]) == ""
