"""The command that tells how steady each feature is."""

import csv
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.pipeline.names import STATIC_FEATURES
from analysis.pipeline.sensitivity import CONDITIONS
from analysis.pipeline.synthesis import draw_scene_parameters, synthesise_cine
from tests.studies.imaging.builders import jpeg_cine


@pytest.fixture(scope="module")
def cine(tmp_path_factory):
    """A small cine, its path and its boxes file."""
    folder, rng = tmp_path_factory.mktemp("sensitivity"), np.random.default_rng(5)
    scene = draw_scene_parameters(rng, size_mm=14.0, her2_positive=False, effect=0.0, n_frames=24)
    made = synthesise_cine(scene, rng)
    path = jpeg_cine(folder / "c.dcm", made.frames, FrameTime="40")
    frames = [
        {"frame": t, "boxes": [[*box.tolist(), 0.9]] if np.isfinite(box).all() else []}
        for t, box in enumerate(made.boxes)
    ]
    height, width = made.frames.shape[1:]
    document = {"fps": 25.0, "width": width, "height": height, "n_frames": 24, "frames": frames}
    (folder / "boxes.json").write_text(json.dumps(document))
    return path, folder / "boxes.json"


@pytest.mark.parametrize("given", [True, False])
def test_the_table_has_every_feature_under_every_condition(cine, tmp_path, given, capsys):
    path, boxes = cine
    options = {"boxes": [boxes]} if given else {}
    call_command("sensitivity", path, out=tmp_path / "icc.csv", every=4, **options)
    rows = list(csv.DictReader((tmp_path / "icc.csv").read_text().splitlines()))
    assert len(rows) == len(CONDITIONS) * len(STATIC_FEATURES)
    assert {row["feature"] for row in rows} == set(STATIC_FEATURES)
    agreement = {(row["condition"], row["feature"]): float(row["icc_agreement"]) for row in rows}
    assert all(value <= 1 for value in agreement.values())
    assert agreement["32 bins", "firstorder_Mean"] == 1.0  # no grey level is changed by the bins
    assert agreement["JPEG 95", "firstorder_Mean"] > 0.99
    assert agreement["box ±10 %", "shape2D_PixelSurface"] < 1
    assert "box ±5 %: median ICC" in capsys.readouterr().out


def test_what_does_not_fit_is_refused(cine, tmp_path):
    path, boxes = cine
    out = tmp_path / "icc.csv"
    with pytest.raises(CommandError, match="as many as PATHs"):
        call_command("sensitivity", path, path, boxes=[boxes], out=out)
    with pytest.raises(CommandError, match="every"):
        call_command("sensitivity", path, out=out, every=0)
    document = json.loads(boxes.read_text())
    document |= {"n_frames": 3, "frames": document["frames"][:3]}
    (tmp_path / "other.json").write_text(json.dumps(document))
    with pytest.raises(CommandError, match="run detect"):
        call_command("sensitivity", path, boxes=[tmp_path / "other.json"], out=out)
    document = json.loads(boxes.read_text())
    for frame in document["frames"]:
        frame["boxes"] = []
    (tmp_path / "none.json").write_text(json.dumps(document))
    with pytest.raises(CommandError, match="no frame has a lesion box"):
        call_command("sensitivity", path, boxes=[tmp_path / "none.json"], out=out)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("sensitivity", path, boxes=[tmp_path / "absent.json"], out=out)
    assert not out.exists()
