"""Figures as PNG without a page: the modules of the results pages in a Chromium, or a sentence why not."""

import io

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from analysis.management import pictures
from analysis.management.pictures import NoPictureError, chromium_path, pngs_of
from analysis.reports.plotting import finished

SIMULATED = "Research use only. SIMULATED PATIENTS."
needs_chromium = pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine")


def drawn(banner: str = SIMULATED, height: int = 300) -> dict:
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1]))
    return {**finished(figure, height=height), "export": {"title": "A line", "banner": banner}}


@needs_chromium
def test_every_figure_becomes_a_png_as_large_as_the_pages_make_it_with_its_banner():
    found = pngs_of({"roc-test": drawn(), "forest-oof": drawn(banner="", height=400)})
    sizes = {name: Image.open(io.BytesIO(content)).size for name, content in found.items()}
    assert sizes == {"roc-test": (2000, 2 * 366), "forest-oof": (2000, 2 * 466)}
    line = np.asarray(Image.open(io.BytesIO(found["roc-test"])).convert("L"))
    assert line[:132].min() < 120, "title and banner stand in the room above the figure"
    assert line[-1, -1] == 255, "on white, whatever the theme"


@needs_chromium
def test_a_figure_that_cannot_be_drawn_is_named():
    with pytest.raises(NoPictureError, match=r"odd could not be drawn .TypeError"):
        pngs_of({"odd": {"data": 7, "export": {"title": "", "banner": ""}}})


def test_a_chromium_that_stops_is_not_waited_for(monkeypatch, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setattr(pictures, "chromium_path", lambda: str(broken))
    with pytest.raises(NoPictureError, match="stopped with status 7"):
        pngs_of({"roc-test": drawn()})


def test_without_a_chromium_a_sentence_says_what_there_is_instead(monkeypatch):
    monkeypatch.setattr(pictures, "chromium_path", lambda: None)
    with pytest.raises(NoPictureError, match="Every page in figures/ saves one"):
        pngs_of({"roc-test": drawn()})
    assert pngs_of({}) == {}
