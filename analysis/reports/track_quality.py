"""How the lesion was followed through a clip, and which frames do not count, in words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.pipeline.kernels.feature_tables import frame_ranges
from analysis.pipeline.tracking import sentences


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A reason as stored (English), how many frames it holds for, and which: "3–5, 9", counted from 1."""

    reason: str
    count: int
    frames: str


@dataclass(frozen=True, slots=True)
class TrackQuality:
    """Remarks as stored (English), rows of a name and a value, and the frames that do not count."""

    remarks: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    left_out: tuple[LeftOut, ...]


def track_quality(qc: Mapping[str, Any] | None, excluded: Mapping[str, str] | None) -> TrackQuality:
    """qc: the record of the repair (SCIENCE 3.2) or None; excluded: frame index to its stored reason."""
    return TrackQuality(
        remarks=sentences(qc) if qc else (),
        rows=_rows(qc) if qc else (),
        left_out=tuple(_left_out(excluded or {})),
    )


def _rows(qc: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = [
        (_("Frames with a lesion found"), _part(qc["detected"], qc["n_frames"])),
        (_("Boxes rejected"), _part(qc["rejected"], qc["detected"])),
        *(("– " + words, str(qc["reasons"][key])) for key, words in _reasons() if qc["reasons"].get(key)),
        (_("Frames with a box afterwards"), _percent(qc["coverage"])),
        (_("Longest stretch"), _stretch(qc)),
        (_("Interpolated in it"), _part(qc["interp"], qc["used"])),
        (_("Median confidence"), f"{qc['median_conf']:.2f}"),
        (_("Overlap from frame to frame"), f"{qc['mean_step_iou']:.2f}"),
        (_("Box touches the border"), _percent(qc["border_touch_rate"])),
        (_("Frames with a second lesion"), _percent(qc["second_lesion_rate"])),
    ]
    if qc["duplicate_frame_rate"] is not None:
        rows.append((_("Frames that repeat the one before"), _percent(qc["duplicate_frame_rate"])))
    return tuple(rows)


def _reasons() -> tuple[tuple[str, str], ...]:
    return (
        ("low_conf", _("the detector was too uncertain")),
        ("jump_centre", _("away from the path of its neighbours")),
        ("jump_size", _("size changed abruptly")),
        ("low_iou", _("too little overlap with what its neighbours predict")),
    )


def _stretch(qc: Mapping[str, Any]) -> str:
    if not qc["used"]:
        return "–"
    count = ngettext("%(n)s frame", "%(n)s frames", qc["used"]) % {"n": qc["used"]}
    return f"{count} ({qc['start'] + 1}–{qc['stop']})"


def _part(part: int, whole: int) -> str:
    return f"{part} / {whole} ({_percent(part / whole)})" if whole else f"{part} / {whole}"


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _left_out(excluded: Mapping[str, str]) -> list[LeftOut]:
    """One entry a reason, the most frequent first."""
    frames: dict[str, list[int]] = {}
    for frame in sorted(excluded, key=int):
        frames.setdefault(excluded[frame], []).append(int(frame) + 1)
    entries = [
        LeftOut(reason, len(which), frame_ranges(which).replace("-", "–").replace(" ", ", "))
        for reason, which in frames.items()
    ]
    return sorted(entries, key=lambda entry: -entry.count)
