"""Whether a clip was taken by the paper's protocol (section 2.3), rule by rule, each with its evidence.

The coordinator decides on exclusion (c) with these rows in view; nothing that the file does not say is
assumed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from studies.rules.sentences import Sentence, decimals, gettext_noop
from studies.rules.tracks import Box
from studies.rules.verdicts import Verdict, together

FREQUENCY_MHZ = (7.0, 13.0)
DEPTH_MM = 35.0
GAIN_PERCENT = 49.0
"""The paper's settings, section 2.3."""
DEPTH_TOLERANCE_MM = 1.0
"""Depth follows from rows and calibration, which round (our convention)."""
GAIN_TOLERANCE_PERCENT = 0.5
CENTRE_TOLERANCE = 0.25
"""The lesion's centre lies within a quarter of width and height from the image centre (our convention)."""


@dataclass(frozen=True)
class AcquisitionRow:
    """One rule of the protocol for one clip: its name, what it asks, whether it holds, and why."""

    code: str
    rule: Sentence
    verdict: Verdict
    evidence: Sentence


def acquisition_rows(facts: Mapping[str, Any]) -> tuple[AcquisitionRow, ...]:
    """Check one clip.

    Args:
        facts: what is known, by name; a name that is absent, None or unreadable is not recorded:
            `transducer_type` (DICOM 0018,6031), `frequency_khz`, `depth_mm` (from rows and calibration) or
            else `depth_of_scan_field_mm` (DICOM 0018,5050), `gain_percent`, `lesion_centre` (x, y as
            fractions of the image, see `lesion_centre`), `source_format` ("DICOM, ..."), `n_frames`,
            `no_lesion` (true where the reader states that none is seen).
    """
    rows = []
    for code, rule, check in _RULES:
        verdict, evidence = check(facts)
        rows.append(AcquisitionRow(code, Sentence(rule), verdict, evidence))
    return tuple(rows)


def acquisition_verdict(rows: Iterable[AcquisitionRow]) -> Verdict:
    """All rules together; met only where every single one is."""
    return together(row.verdict for row in rows)


def lesion_centre(boxes: Iterable[Box | None], frame_shape: tuple[int, int]) -> tuple[float, float] | None:
    """Median centre of a lesion's boxes as fractions (x, y) of a (height, width) image; None: no box."""
    present = [box for box in boxes if box is not None]
    if not present:
        return None
    height, width = frame_shape
    x = median((box[0] + box[2]) / 2 for box in present)
    y = median((box[1] + box[3]) / 2 for box in present)
    return (x / width, y / height)


_Checked = tuple[Verdict, Sentence]
_ABSENT = gettext_noop("The file does not record it.")


def _number(facts: Mapping[str, Any], name: str) -> float | None:
    value = facts.get(name)
    if value is None or isinstance(value, (bool, str)):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _judged(holds: bool, template: str, **values: Any) -> _Checked:
    return (Verdict.MET if holds else Verdict.NOT_MET), Sentence(template, **values)


def _absent() -> _Checked:
    return Verdict.NOT_RECORDED, Sentence(_ABSENT)


def _linear(facts: Mapping[str, Any]) -> _Checked:
    kind = facts.get("transducer_type")
    if not isinstance(kind, str) or not kind.strip():
        return _absent()
    words = kind.upper().replace("_", " ").split()
    holds = "LINEAR" in words and "CURVED" not in words
    return _judged(holds, gettext_noop("Transducer type “%(kind)s”."), kind=kind.strip())


def _frequency(facts: Mapping[str, Any]) -> _Checked:
    kilohertz = _number(facts, "frequency_khz")
    if kilohertz is None or kilohertz <= 0:
        return _absent()
    low, high = FREQUENCY_MHZ
    megahertz = kilohertz / 1000.0
    template = gettext_noop("Transducer frequency %(value)s MHz.")
    return _judged(low <= megahertz <= high, template, value=decimals(megahertz))


def _depth(facts: Mapping[str, Any]) -> _Checked:
    depth = _number(facts, "depth_mm")
    template = gettext_noop("Image depth %(value)s mm, from rows and calibration.")
    if depth is None or depth <= 0:
        depth = _number(facts, "depth_of_scan_field_mm")
        template = gettext_noop("Depth of scan field %(value)s mm.")
    if depth is None or depth <= 0:
        return _absent()
    return _judged(abs(depth - DEPTH_MM) <= DEPTH_TOLERANCE_MM, template, value=decimals(depth))


def _gain(facts: Mapping[str, Any]) -> _Checked:
    gain = _number(facts, "gain_percent")
    if gain is None:
        return _absent()
    holds = abs(gain - GAIN_PERCENT) <= GAIN_TOLERANCE_PERCENT
    return _judged(holds, gettext_noop("Gain %(value)s %%."), value=decimals(gain))


def _centred(facts: Mapping[str, Any]) -> _Checked:
    centre = facts.get("lesion_centre")
    if facts.get("no_lesion"):
        return Verdict.NOT_RECORDED, Sentence(gettext_noop("A reader states that no lesion is seen."))
    if not isinstance(centre, (tuple, list)) or len(centre) != 2:
        return Verdict.NOT_RECORDED, Sentence(gettext_noop("No box of the lesion is known yet."))
    x, y = (_number({"v": value}, "v") for value in centre)
    if x is None or y is None:
        return Verdict.NOT_RECORDED, Sentence(gettext_noop("No box of the lesion is known yet."))
    holds = abs(x - 0.5) <= CENTRE_TOLERANCE and abs(y - 0.5) <= CENTRE_TOLERANCE
    template = gettext_noop("The lesion's centre lies at %(x)d %% of the width and %(y)d %% of the height.")
    return _judged(holds, template, x=round(100 * x), y=round(100 * y))


def _dicom_cine(facts: Mapping[str, Any]) -> _Checked:
    kind, n_frames = facts.get("source_format"), _number(facts, "n_frames")
    if not isinstance(kind, str) or not kind.strip() or n_frames is None:
        return _absent()
    holds = kind.strip().upper().startswith("DICOM") and n_frames > 1
    return _judged(holds, gettext_noop("%(kind)s, %(count)d frames."), kind=kind.strip(), count=int(n_frames))


_RULES: tuple[tuple[str, str, Callable[[Mapping[str, Any]], _Checked]], ...] = (
    ("linear_array", gettext_noop("Linear array transducer"), _linear),
    ("frequency", gettext_noop("Frequency of 7 to 13 MHz"), _frequency),
    ("depth", gettext_noop("Depth of 3.5 cm"), _depth),
    ("gain", gettext_noop("Gain of 49 %%"), _gain),
    ("lesion_centred", gettext_noop("Lesion in the middle of the image"), _centred),
    ("dicom_cine", gettext_noop("Stored as a DICOM cine"), _dicom_cine),
)
