"""A frame of the study and what of it is measured: the paper's Figure 1, for one of the viewer's cines."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from PIL import Image

from analysis.models import FeatureSet
from analysis.pipeline.masks import box_masks
from analysis.reports.plotting import PALETTE
from analysis.selectors import features_of_record, index_clip
from analysis.services.features import static_of
from studies.imaging.pack_reader import PackReader
from studies.models import Membership, Patient, Study
from studies.permissions import can_view_clip
from studies.selectors import patients_for
from studies.services.video import pack_local_path

MOST_EXAMPLES = 50
HEIGHT_PX = 420


def examples(study: Study, *, viewer: User) -> list[Patient]:
    """Training patients with a measured cine, by code, at the viewer's sites; the test side gives none."""
    if not study.patients.exists():
        return []
    measured = FeatureSet.objects.filter(clip__exam__patient=OuterRef("pk")).exclude(clip__pack="")
    rows = patients_for(study, viewer=viewer).filter(membership__side=Membership.Side.TRAINING)
    return list(rows.filter(Exists(measured))[:MOST_EXAMPLES])


def example_number(asked: Mapping[str, str]) -> int:
    """Which example an address asks for, from 0; nonsense gives the first."""
    text = asked.get("example", "")
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def frame_figure(study: Study, *, viewer: User, number: int) -> dict[str, Any] | None:
    """Original and masked frame of the number-th example; None where nothing can be shown."""
    patients = examples(study, viewer=viewer)
    if not patients:
        return None
    features = _features(patients[number % len(patients)], viewer)
    if features is None:
        return None
    static = static_of(features)
    if len(static.frame_indices) == 0:
        return None
    place = len(static.frame_indices) // 2
    index, box = int(static.frame_indices[place]), static.boxes[place]
    with PackReader(pack_local_path(features.clip)) as reader:
        grey = reader.grey(index)
    mask = mask_of(grey, box, features)
    return _drawn(grey, mask, box, [features.clip.exam.patient.code, index + 1, features.clip.n_frames])


def mask_of(grey: NDArray[np.uint8], box: NDArray[np.float64], features: FeatureSet) -> NDArray[np.bool_]:
    """The mask (H, W) that the features of this frame were computed on."""
    kind = features.parameters.get("mask_kind", "rect")
    margin = float(features.parameters.get("margin", 1.0))
    frames = grey[np.newaxis] if kind == "segment" else None
    return box_masks(box[np.newaxis], grey.shape, kind, frames=frames, margin=margin)[0]


def _features(patient: Patient, viewer: User) -> FeatureSet | None:
    clip = index_clip(patient)
    if clip is None or not clip.pack or not can_view_clip(viewer, clip):
        return None
    return features_of_record(clip)[0]


def _drawn(
    grey: NDArray[np.uint8], mask: NDArray[np.bool_], box: NDArray[np.float64], where: list[object]
) -> dict[str, Any]:
    height, width = grey.shape
    figure = go.Figure()
    words = (_("A: original frame, with its box"), _("B: masked frame"))
    for number, (pixels, title) in enumerate(zip((grey, np.where(mask, grey, 0)), words, strict=True)):
        axis = "" if number == 0 else "2"
        domain = [0.0, 0.485] if number == 0 else [0.515, 1.0]
        figure.update_layout(
            {
                f"xaxis{axis}": {
                    "domain": domain, "range": [0, width], "visible": False, "anchor": f"y{axis}",
                },
                f"yaxis{axis}": {
                    "range": [height, 0], "visible": False, "scaleanchor": f"x{axis}", "anchor": f"x{axis}",
                    "constrain": "domain", "domain": [0, 0.93],
                },
            }
        )  # fmt: skip
        figure.add_layout_image(
            source=_png(pixels.astype(np.uint8)), xref=f"x{axis}", yref=f"y{axis}", x=0, y=0, sizex=width,
            sizey=height, sizing="stretch", layer="below",
        )  # fmt: skip
        figure.add_annotation(
            text=title, showarrow=False, xref="paper", yref="paper", x=domain[0], y=1, xanchor="left",
        )  # fmt: skip
        figure.add_scatter(
            x=[0, width], y=[0, height], xaxis=f"x{axis}", yaxis=f"y{axis}", mode="markers",
            marker={"opacity": 0}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    x1, y1, x2, y2 = (float(number) for number in box)
    figure.add_shape(
        type="rect", x0=x1, y0=y1, x1=x2, y1=y2, xref="x", yref="y", line={"color": PALETTE[4], "width": 2}
    )
    inside = grey[mask]
    header = ["patient", "frame", "frames", "width", "height", "x1", "y1", "x2", "y2"]
    header += ["pixels measured", "mean grey"]
    values = [*where, width, height, x1, y1, x2, y2, int(mask.sum()), round(float(inside.mean()), 3)]
    figure.update_layout(
        template=None,
        height=HEIGHT_PX,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        hovermode=False,
        meta={"lines": [header, values]},
    )
    return figure.to_plotly_json()


def _png(pixels: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
