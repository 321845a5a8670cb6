"""`manage.py synthesise`: the files it writes, and that they can be read back."""

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
import simplejpeg
from django.core.management import CommandError, call_command
from PIL import Image
from pydicom.encaps import generate_frames

from analysis.pipeline import synthesis
from analysis.pipeline.synthesis import draw_cohort, patient_scene, synthesise_cine

PATIENTS, FRAMES, SEED = 3, 6, 5


def synthesise(out: Path, **options: object) -> str:
    """Run the command in this process and return what it prints."""
    printed = io.StringIO()
    chosen = {"patients": PATIENTS, "seed": SEED, "effect": 0.35, "frames": FRAMES, "workers": 1} | options
    call_command("synthesise", out=out, stdout=printed, **chosen)
    return printed.getvalue()


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file by relative path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written cohort of three patients."""
    folder = tmp_path_factory.mktemp("synthetic") / "cohort"
    synthesise(folder)
    return folder


def test_every_frame_reads_with_pydicom_simplejpeg_and_pillow(cohort: Path) -> None:
    files = sorted((cohort / "videos").glob("*/*.dcm"))
    assert len(files) == PATIENTS
    for path in files:
        data = pydicom.dcmread(path)
        pixels = data.pixel_array
        fragments = list(generate_frames(data.PixelData, number_of_frames=FRAMES))
        assert pixels.shape == (FRAMES, 224, 256)
        assert len(fragments) == FRAMES
        for fragment, frame in zip(fragments, pixels, strict=True):
            assert simplejpeg.decode_jpeg_header(fragment)[:3] == (224, 256, "Gray")
            assert np.array_equal(simplejpeg.decode_jpeg(fragment, colorspace="GRAY")[..., 0], frame)
            assert np.array_equal(np.asarray(Image.open(io.BytesIO(fragment))), frame)


def test_headers_say_what_the_cine_is(cohort: Path) -> None:
    uids = set()
    for path in sorted((cohort / "videos").glob("*/*.dcm")):
        data = pydicom.dcmread(path)
        assert data.file_meta.MediaStorageSOPClassUID.name == "Ultrasound Multi-frame Image Storage"
        assert data.file_meta.TransferSyntaxUID.name.startswith("JPEG Baseline")
        assert (data.NumberOfFrames, data.PhotometricInterpretation) == (FRAMES, "MONOCHROME2")
        assert data.PatientID == path.parent.name
        assert data.Manufacturer == "HER2Web synthetic"
        assert data.ImageType[0] == "DERIVED"
        assert "SIMULATED" in data.ImageComments
        assert "SIMULATED" in data.SeriesDescription
        region = data.SequenceOfUltrasoundRegions[0]
        assert (region.PhysicalUnitsXDirection, region.PhysicalUnitsYDirection) == (3, 3)
        assert region.PhysicalDeltaY * data.Rows == pytest.approx(3.5)
        assert region.PhysicalDeltaX == region.PhysicalDeltaY
        assert 1000 / float(data.FrameTime) == pytest.approx(float(data.CineRate), rel=1e-13)
        uids |= {data.SOPInstanceUID, data.SeriesInstanceUID, data.StudyInstanceUID}
    assert len(uids) == 3 * PATIENTS
    assert all(uid.is_valid for uid in uids)


def test_file_holds_the_drawn_cine_and_truth_its_boxes(cohort: Path) -> None:
    drawn = draw_cohort(PATIENTS, SEED, 0.35)
    scene, rng = patient_scene(drawn, 1, FRAMES)
    cine = synthesise_cine(scene, rng)
    code = drawn.patients[1].code
    stored = pydicom.dcmread(cohort / "videos" / code / "cine_01.dcm")
    truth = json.loads((cohort / "truth" / f"{code}.json").read_text())
    error = stored.pixel_array.astype(float) - cine.frames
    assert np.sqrt((error**2).mean()) < 3  # JPEG at quality 95
    assert 1000 / float(stored.FrameTime) == pytest.approx(cine.fps, rel=1e-13)
    assert set(truth) == {"fps", "width", "height", "n_frames", "frames"}
    assert (truth["fps"], truth["width"], truth["height"], truth["n_frames"]) == (cine.fps, 256, 224, FRAMES)
    for index, frame in enumerate(truth["frames"]):
        box = cine.boxes[index]
        assert frame["frame"] == index
        assert frame["boxes"] == ([] if np.isnan(box).any() else [[*box.tolist(), 1.0]])


def test_tables_have_the_agreed_headers_and_every_patient(cohort: Path) -> None:
    codes = [patient.code for patient in draw_cohort(PATIENTS, SEED, 0.35).patients]
    clinical, pathology = rows(cohort / "clinical.csv"), rows(cohort / "pathology.csv")
    assert list(clinical[0]) == ["patient", "age", "size_cm", "menopause", "cT", "cN", "cTNM"]
    assert list(pathology[0]) == [
        "patient", "specimen", "ihc_score", "probe", "her2_copies", "cep17_copies", "ratio", "cells",
    ]  # fmt: skip
    assert [row["patient"] for row in clinical] == codes
    assert {row["patient"] for row in pathology if row["specimen"] == "excision"} == set(codes)
    assert {path.name for path in (cohort / "videos").iterdir()} == set(codes)


def test_manifest_says_simulated_and_lists_every_file(cohort: Path) -> None:
    manifest = json.loads((cohort / "manifest.json").read_text())
    assert manifest["simulated"] is True
    assert (manifest["seed"], manifest["effect"]) == (SEED, 0.35)
    found = digests(cohort)
    del found["manifest.json"]
    assert manifest["files"] == found


def test_same_seed_same_bytes_whatever_the_workers(cohort: Path, tmp_path: Path) -> None:
    synthesise(tmp_path / "again", workers=2)
    assert digests(tmp_path / "again") == digests(cohort)


def test_another_seed_or_effect_changes_the_cines_and_no_effect_is_allowed(
    cohort: Path, tmp_path: Path
) -> None:
    first = digests(cohort)
    for name, change in (("seed", {"seed": 6}), ("effect", {"effect": 0.0})):
        synthesise(tmp_path / name, **change)
        other = digests(tmp_path / name)
        assert set(other) == set(first)
        assert all(other[path] != first[path] for path in first if path.startswith("videos"))


def test_an_earlier_cohort_is_replaced_whole(tmp_path: Path) -> None:
    synthesise(tmp_path / "out", patients=2, frames=2)
    synthesise(tmp_path / "out", patients=1, frames=2)
    synthesise(tmp_path / "fresh", patients=1, frames=2)
    assert digests(tmp_path / "out") == digests(tmp_path / "fresh")
    assert [path.name for path in (tmp_path / "out" / "videos").iterdir()] == ["SIM0001"]


def test_an_interrupted_cohort_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Exception):
        pass

    def stop(*_: object) -> None:
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(synthesis, "clinical_csv", stop)
        with pytest.raises(Interrupted):
            synthesise(tmp_path / "out", patients=2, frames=1)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["complete"] is False
    synthesise(tmp_path / "out", patients=1, frames=1)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["complete"] is True
    assert len(digests(tmp_path / "out")) == 5


@pytest.mark.parametrize("name", ["clinical.csv", "videos/P1/real.dcm", "manifest.json"])
def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, name: str) -> None:
    other = tmp_path / name
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text("{}")
    with pytest.raises(CommandError) as refusal:
        synthesise(tmp_path)
    assert refusal.value.returncode == 2
    assert digests(tmp_path) == {name: hashlib.sha256(b"{}").hexdigest()}


def test_a_manifest_cannot_make_it_delete_files_elsewhere(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text(json.dumps({"simulated": True, "files": {"../precious.txt": ""}}))
    synthesise(out, patients=1, frames=1)
    assert precious.read_text() == "keep"


@pytest.mark.parametrize(
    "wrong",
    [
        {"patients": 0},
        {"seed": -1},
        {"effect": -1.0},
        {"effect": float("nan")},
        {"frames": 0},
        {"workers": 0},
    ],
)
def test_senseless_options_are_wrong_usage(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(CommandError, match="expected") as refusal:
        synthesise(tmp_path / "out", **wrong)
    assert refusal.value.returncode == 2
    assert not (tmp_path / "out").exists()


def test_json_prints_one_object_and_nothing_else(tmp_path: Path) -> None:
    summary = json.loads(synthesise(tmp_path / "out", patients=1, frames=1, json=True))
    assert summary["simulated"] is True
    assert (summary["patients"], summary["frames"], summary["files"]) == (1, 1, 5)


def test_text_output_says_simulated(tmp_path: Path) -> None:
    assert "SIMULATED" in synthesise(tmp_path / "out", patients=1, frames=1)
