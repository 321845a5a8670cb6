"""The detector's commands: exactly what the contract says, exit statuses included."""

import csv
import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.pipeline.detector import DEFAULT_WEIGHTS
from analysis.pipeline.kernels.detector_dataset import is_heldout
from analysis.pipeline.synthesis import draw_pretraining_still

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"


def _call(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def still_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("still") / "still.png"
    cv2.imwrite(str(path), draw_pretraining_still(np.random.default_rng((2026, 3)))[0])
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Thirty synthetic stills with a manifest, thirty groups, two sources."""
    path = tmp_path_factory.mktemp("set")
    (path / "images").mkdir()
    with (path / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["file", "source", "pathology", "width", "height", "boxes_xyxy_px", "near_duplicate_group"]
        )
        for i in range(30):
            image, boxes = draw_pretraining_still(
                np.random.default_rng((77, i)), long_side=160, overlays=False
            )
            cv2.imwrite(str(path / "images" / f"{i}.png"), image)
            kind = "benign" if len(boxes) else "normal"
            writer.writerow(
                [
                    f"{i}.png",
                    "ab"[i % 2],
                    kind,
                    image.shape[1],
                    image.shape[0],
                    json.dumps(boxes.tolist()),
                    f"g{i}",
                ]
            )
    return path


def test_detect_prints_the_boxes_file_and_nothing_else(still_file):
    document = json.loads(_call("detect", still_file, "--json"))
    assert list(document) == ["fps", "width", "height", "n_frames", "frames"]
    height, width = cv2.imread(str(still_file), cv2.IMREAD_GRAYSCALE).shape
    assert (document["fps"], document["width"], document["height"], document["n_frames"]) == (
        None,
        width,
        height,
        1,
    )
    (frame,) = document["frames"]
    assert list(frame) == ["frame", "boxes"]
    assert frame["frame"] == 0
    for x1, y1, x2, y2, confidence in frame["boxes"]:
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert 0.05 <= confidence <= 1


def test_detect_speaks_to_people_too(still_file):
    text = _call("detect", still_file)
    assert "1 frames" in text
    assert "timing not recorded" in text


def test_a_still_is_looked_at_from_both_sides_and_a_cine_once(still_file, tmp_path):
    boxes = {
        option: json.loads(_call("detect", still_file, "--json", *option))["frames"]
        for option in ((), ("--flip",), ("--no-flip",))
    }
    assert boxes[()] == boxes["--flip",] != boxes["--no-flip",]
    cine = tmp_path / "two.zip"
    with zipfile.ZipFile(cine, "w") as archive:
        for name in ("1.png", "2.png"):
            archive.write(still_file, name)
    found = json.loads(_call("detect", cine, "--json"))["frames"]
    assert [frame["boxes"] for frame in found] == [boxes["--no-flip",][0]["boxes"]] * 2


def test_detect_reads_an_archive_of_numbered_frames(tmp_path, still_file):
    archive = tmp_path / "clip.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        for i in range(3):
            stream.write(still_file, f"{i:03d}.png")
    document = json.loads(_call("detect", archive, "--json", "--size", 256))
    assert [frame["frame"] for frame in document["frames"]] == [0, 1, 2]
    assert document["frames"][0]["boxes"] == document["frames"][2]["boxes"]


def test_a_refused_file_ends_with_status_one(tmp_path):
    empty = tmp_path / "empty.dcm"
    empty.write_bytes(b"")
    for path in (empty, tmp_path / "none.dcm", tmp_path):
        with pytest.raises(CommandError) as error:
            _call("detect", path, "--json")
        assert error.value.returncode == 1


@pytest.mark.parametrize("wrong", [("--size", 100), ("--size", 0), ("--conf", 2), ("--max-boxes", 0)])
def test_wrong_usage_ends_with_status_two(still_file, wrong):
    with pytest.raises(CommandError) as error:
        _call("detect", still_file, *wrong)
    assert error.value.returncode == 2


def test_damaged_weights_are_named(tmp_path, still_file):
    damaged = tmp_path / "w.onnx"
    damaged.write_bytes(DEFAULT_WEIGHTS.read_bytes()[:-1])
    with pytest.raises(CommandError, match="damaged") as error:
        _call("detect", still_file, "--weights", damaged)
    assert error.value.returncode == 1


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("dicom_us/pydicom__examples_ybr_color.dcm", 30),
        ("dicom_us/cornerstonejs__IM00001.fragmented_no_bot_jpeg_baseline.50.dcm", 8),
        ("dicom_us/pydicom__OBXXXX1A_rle_2frame.dcm", 2),
        ("cine/us_convex_25fps_header260_decoded262.mpeg", 262),
    ],
)
def test_real_files_give_boxes_for_every_frame(name, frames):
    if not (SHARED / name).is_file():
        pytest.skip(f"../shared/data/{name} is absent")
    document = json.loads(_call("detect", SHARED / name, "--json", "--size", 128))
    assert document["n_frames"] == len(document["frames"]) == frames


def test_evaluation_has_the_figures_of_the_contract(folder):
    document = json.loads(
        _call("evaluate_detector", "--data", folder, "--split", "all", "--json", "--bootstrap", 50)
    )
    for name in ("mAP50", "recall", "precision", "mean_iou"):
        low, high = document["intervals"][name]
        assert 0 <= low <= document[name] <= high <= 1
    assert document["fp_per_image"] >= 0
    assert document["n_images"] == 30
    assert set(document["by_source"]) == {"a", "b"}
    assert sum(part["n_images"] for part in document["by_size"].values()) == 30
    assert document["detector"]["name"] == "lesion-yolov5n"


def test_the_held_out_part_is_the_default(folder):
    document = json.loads(_call("evaluate_detector", "--data", folder, "--json", "--bootstrap", 0))
    assert document["split"] == "heldout"
    assert document["n_images"] == sum(is_heldout(f"g{i}") for i in range(30))
    table = _call("evaluate_detector", "--data", folder, "--bootstrap", 20)
    assert "mAP@0.5" in table
    assert "source a" in table


def test_evaluation_refuses_what_it_cannot_judge(tmp_path):
    with pytest.raises(CommandError, match=r"manifest\.csv"):
        _call("evaluate_detector", "--data", tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "manifest.csv").write_text("file,boxes_xyxy_px,near_duplicate_group\n")
    with pytest.raises(CommandError, match="empty data set") as error:
        _call("evaluate_detector", "--data", tmp_path)
    assert error.value.returncode == 1
    cv2.imwrite(str(tmp_path / "images/a.png"), np.zeros((40, 40), np.uint8))
    (tmp_path / "manifest.csv").write_text(
        'file,boxes_xyxy_px,near_duplicate_group\na.png,"[[1, 1, 90, 20]]",g\n'
    )
    with pytest.raises(CommandError, match="outside"):
        _call("evaluate_detector", "--data", tmp_path, "--split", "all")
    other = next(f"g{i}" for i in range(99) if not is_heldout(f"g{i}"))
    (tmp_path / "manifest.csv").write_text(f"file,boxes_xyxy_px,near_duplicate_group\na.png,[],{other}\n")
    with pytest.raises(CommandError, match="--split all"):
        _call("evaluate_detector", "--data", tmp_path)


def test_training_by_command_ends_in_a_detector(folder, tmp_path, still_file):
    run = tmp_path / "run"
    small = {"--epochs": 1, "--image-size": 96, "--batch": 8, "--precision": "float32", "--pretrain": 12}
    mixed = {"--pretrain-epochs": 1, "--synthetic": 0.25, "--synthetic-cines": 1}
    arguments = ["train_detector", "--data", folder, "--out", run]
    arguments += [word for pair in (small | mixed).items() for word in pair]
    outcome = json.loads(_call(*arguments).splitlines()[-1])
    assert {path.parent for path in map(Path, (outcome["onnx"], outcome["weights"], outcome["recipe"]))} == {
        run
    }
    recipe = json.loads(Path(outcome["recipe"]).read_text())
    assert recipe["training"]["images"] + recipe["validation"]["images"] == sum(
        not is_heldout(f"g{i}") for i in range(30)
    )
    document = json.loads(_call("detect", still_file, "--json", "--weights", outcome["onnx"], "--size", 96))
    assert document["n_frames"] == 1
    resumed = json.loads(_call(*arguments, "--resume").splitlines()[-1])
    assert resumed["validation"] == outcome["validation"]


@pytest.mark.parametrize("wrong", [("--image-size", 100), ("--epochs", 0), ("--synthetic", 1.5)])
def test_impossible_options_are_wrong_usage(folder, tmp_path, wrong):
    with pytest.raises(CommandError) as error:
        _call("train_detector", "--data", folder, "--out", tmp_path / "run", *wrong)
    assert error.value.returncode == 2
    assert not (tmp_path / "run").exists()


def test_training_refuses_an_empty_set(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "manifest.csv").write_text("file,boxes_xyxy_px,near_duplicate_group\n")
    with pytest.raises(CommandError, match="empty data set"):
        _call("train_detector", "--data", tmp_path, "--out", tmp_path / "run")
