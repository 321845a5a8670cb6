"""`manage.py run_study`: tables and cines in, every table and figure out, and the second run goes on."""

import json
import re
from dataclasses import replace
from io import StringIO

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from analysis.pipeline.learn import load_ensemble
from analysis.pipeline.synthesis import draw_cohort, write_cohort
from analysis.runners import otherwise
from analysis.runners.file_bench import EFFORTS
from tests.pipeline.learning_cohorts import TINY

PATIENTS, FRAMES = 44, 18
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A simulated cohort whose lesions tell."""
    folder = tmp_path_factory.mktemp("files")
    write_cohort(folder, draw_cohort(PATIENTS, seed=5, effect=1.0), FRAMES, 2)
    return folder


class SteadyDetector:
    """Finds the same box in the middle of every frame, so that every cine is compliant at once."""

    digest = "steady"

    def detect(self, frames, size=0):
        """One sure box a frame."""
        found = []
        for frame in frames:
            height, width = frame.shape[:2]
            box = (0.35 * width, 0.25 * height, 0.65 * width, 0.6 * height, 0.9)
            found.append([box])
        return found


@pytest.fixture(autouse=True)
def _steady(monkeypatch):
    command = "analysis.management.commands.run_study.load_detector"
    monkeypatch.setattr(command, lambda weights: SteadyDetector())


def run(files, out, monkeypatch, *more):
    """Run the command with the smallest grids; return what it said on both channels, and its exit status."""
    found = "analysis.management.commands.run_study.learn_parameters"
    monkeypatch.setattr(found, lambda effort, seed, fusion: replace(TINY, seed=seed, fusion=fusion))
    said, bars, status = StringIO(), StringIO(), 0
    inputs = ["--clinical", files / "clinical.csv", "--pathology", files / "pathology.csv"]
    words = [str(word) for word in (*inputs, "--videos", files / "videos", "--out", out, *more)]
    try:
        call_command("run_study", *words, stdout=said, stderr=bars)
    except SystemExit as left_out:
        status = left_out.code
    return said.getvalue(), bars.getvalue(), status


def test_a_whole_study_from_files_and_again(files, tmp_path, monkeypatch):
    out = tmp_path / "out"
    said, bars, status = run(files, out, monkeypatch, "--analyses", "quick")
    assert "AUC" in said
    for stage in ("describing", "learning", "learning from shuffled labels", "learning positive, low and"):
        assert stage in bars
    excluded = (out / "excluded.csv").read_text().splitlines()[2:]
    assert status == (1 if excluded else 0)
    for name in (
        "table1", "tables2-4", "tables/subgroups-oof", "tables/subgroups-test", "tables/themes",
        "tables/label-rules", "tables/label-rules-crosstab", "tables/three-way",
    ):  # fmt: skip
        for kind in ("csv", "xlsx", "tex"):
            assert (out / f"{name}.{kind}").stat().st_size > 0, (name, kind)
    for name in (
        "roc-oof", "roc-test", "forest-test", "calibration-oof", "decision-test", "shap-video-oof",
        "subgroups-oof", "subgroups-test", "learning-curve-oof", "influence-oof", "label-rules-oof",
    ):  # fmt: skip
        assert (out / "figures" / f"{name}.html").is_file(), name
        assert len((out / "figures" / f"{name}.csv").read_text().splitlines()) > 2
    assert_says_simulated(out)
    further = {(one["kind"], one["side"]): one for one in documents(out)}
    assert len(further["shuffle", "oof"]["control"]["aucs"]) == 3
    assert {side for kind, side in further if kind == "subgroups"} == {"oof", "test"}
    assert (
        sum(row["n"] for row in further["label_rules", "oof"]["crosstab"])
        == further["label_rules", "oof"]["n"]
    )
    assert "three_way" in {kind for kind, side in further}
    assert load_ensemble((out / "ensemble.zip").read_bytes()).chosen in said
    predictions = (out / "predictions.csv").read_text()

    works = {path.name: path.stat().st_mtime_ns for path in (out / "work").iterdir()}
    again, _bars, status_again = run(files, out, monkeypatch, "--analyses", "none")
    assert status_again == status
    assert again == said
    assert "Look 1 at the test side" in said
    assert (out / "predictions.csv").read_text() == predictions
    assert {path.name: path.stat().st_mtime_ns for path in (out / "work").iterdir()} == works

    monkeypatch.setattr(otherwise, "RINGS_MM", (1.0,))
    monkeypatch.setattr(otherwise, "MASK_KINDS", ("ellipse",))
    monkeypatch.setattr(otherwise, "JITTERS", (0.05,))
    monkeypatch.setattr(otherwise, "DRAWS", 1)
    only = {kind: EFFORTS["all"][kind] for kind in ("box_jitter", "rings", "outside", "label_rules")}
    monkeypatch.setitem(EFFORTS, "all", only)
    kept = {path: path.stat().st_mtime_ns for path in (out / "work").glob("label_rules-*.json")}
    run(files, out, monkeypatch, "--analyses", "all")
    assert kept
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # what was done is not done again
    found = {(one["kind"], one["side"]): one for one in documents(out)}
    further = {kind: one for (kind, side), one in found.items() if side == "oof"}
    judged = found["rings", "test"]
    assert [row["name"] for row in judged["rows"]] == [row["name"] for row in further["rings"]["rows"]]
    for before, after in zip(further["rings"]["rows"], judged["rows"], strict=True):
        assert after["evaluation"]["cohort"] == "test"
        assert after["evaluation"]["cutoff"] == before["evaluation"]["cutoff"]
    assert (out / "figures" / "rings-test.html").is_file()
    assert len((out / "looks.csv").read_text().splitlines()) == 3  # banner, header, one look
    rings = [row["name"] for row in further["rings"]["rows"]]
    assert rings == ["ring 1 mm alone", "lesion and ring 1 mm"]
    assert all(row["reference"] for row in further["box_jitter"]["rows"])
    assert (out / "tables" / "rings.csv").is_file()
    assert (out / "tables" / "controls.tex").is_file()


def documents(out):
    """The stored further analyses."""
    return json.loads((out / "further.json").read_text())["analyses"]


def assert_says_simulated(out):
    """Every file that leaves says that nobody is real."""
    said = "SIMULATED PATIENTS: no finding here says anything about real disease. Research use only."
    kinds = set()
    for path in out.rglob("*"):
        kind = path.suffix
        if path.parent.name == "work" or kind in ("", ".zip", ".js"):
            continue
        kinds.add(kind)
        if kind == ".png":  # a picture of the figure page beside it, banner included
            page = path.with_suffix(".html").read_text(encoding="utf-8")
            assert said in " ".join(re.sub(r"<[^>]*>", " ", page).split()), path
            with Image.open(path) as picture:
                assert min(picture.size) > 300, path
        elif kind == ".xlsx":
            assert openpyxl.load_workbook(path).active["A2"].value == said, path
        else:
            text = " ".join(re.sub(r"<[^>]*>", " ", path.read_text(encoding="utf-8")).split())
            assert said in text, path
    assert kinds - {".png"} == {".csv", ".xlsx", ".tex", ".html", ".svg", ".json"}


def test_bad_tables_get_a_sentence(files, tmp_path, monkeypatch):
    lines = (files / "clinical.csv").read_text().splitlines()
    few = tmp_path / "few.csv"
    few.write_text("\n".join(lines[:4]))
    with pytest.raises(CommandError):
        run_with(few, files, tmp_path, monkeypatch)
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join([lines[0], lines[1].replace(lines[1].split(",")[1], "old", 1)]))
    with pytest.raises(CommandError, match=r"line 2, column age: expected a number, got 'old'"):
        run_with(broken, files, tmp_path, monkeypatch)
    with pytest.raises(CommandError, match="There is no folder"):
        call_command(
            "run_study", "--clinical", str(few), "--pathology", str(few), "--videos", str(tmp_path / "none"),
            "--out", str(tmp_path / "out"),
        )  # fmt: skip


def run_with(clinical, files, tmp_path, monkeypatch):
    """Run with another clinical table."""
    call_command(
        "run_study", "--clinical", str(clinical), "--pathology", str(files / "pathology.csv"),
        "--videos", str(files / "videos"), "--out", str(tmp_path / "out"), stderr=StringIO(),
    )  # fmt: skip
