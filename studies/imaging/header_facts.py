"""What is kept of a header: a list of what may stay, everything else is dropped.

Identifiers leave only as keyed digests (HMAC-SHA256), so that the same examination can be recognised within
one installation and by nobody else.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

_TEXT_FACTS = {
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "software": "SoftwareVersions",
    "transducer": "TransducerData",
    "transducer_type": "TransducerType",
    "body_part": "BodyPartExamined",
    "lossy_compression": "LossyImageCompression",
}
_NUMBER_FACTS = {
    "mechanical_index": "MechanicalIndex",
    "soft_tissue_thermal_index": "SoftTissueThermalIndex",
    "depth_of_scan_field_mm": "DepthOfScanField",
}
_IDENTIFIERS = {
    "sop_instance_uid": "SOPInstanceUID",
    "series_instance_uid": "SeriesInstanceUID",
    "study_instance_uid": "StudyInstanceUID",
    "patient_id": "PatientID",
}
_MAX_TEXT = 64
_SAFE_TEXT = re.compile(r"[^\w .,;:/()+\-]", re.ASCII)
_LATERALITY = {"L", "R", "B", "U"}


def _clean_text(value: object) -> str:
    first = value if isinstance(value, str) or not hasattr(value, "__iter__") else next(iter(value), "")
    return _SAFE_TEXT.sub("", str(first)).strip()[:_MAX_TEXT]


def acquisition_facts(
    header: Dataset, *, depth_mm: float | None, frequency_khz: float | None
) -> Mapping[str, str | float]:
    """Whitelisted facts of the acquisition: machine, probe, depth in mm, frequency in kHz."""
    facts: dict[str, str | float] = {}
    for name, keyword in _TEXT_FACTS.items():
        text = _clean_text(header.get(keyword) or "")
        if text:
            facts[name] = text
    for name, keyword in _NUMBER_FACTS.items():
        try:
            facts[name] = float(header[keyword].value)
        except (KeyError, TypeError, ValueError):
            continue
    if depth_mm is not None:
        facts["depth_mm"] = depth_mm
    if frequency_khz:
        facts["frequency_khz"] = frequency_khz
    return MappingProxyType(facts)


def identifier_digests(header: Dataset, key: bytes | None) -> Mapping[str, str]:
    """HMAC-SHA256 (hex) of the identifiers under ``key``; empty without a key."""
    if not key:
        return MappingProxyType({})
    digests = {}
    for name, keyword in _IDENTIFIERS.items():
        value = str(header.get(keyword) or "").strip()
        if value:
            digests[name] = hmac.new(key, f"{name}:{value}".encode(), hashlib.sha256).hexdigest()
    return MappingProxyType(digests)


def laterality(header: Dataset) -> str | None:
    """L, R, B or U, None when the header does not say."""
    value = str(header.get("ImageLaterality") or header.get("Laterality") or "").strip().upper()
    return value if value in _LATERALITY else None


def burned_in_annotation(header: Dataset) -> str | None:
    """YES, NO or None when not recorded (0028,0301)."""
    value = str(header.get("BurnedInAnnotation") or "").strip().upper()
    return value if value in {"YES", "NO"} else None


def identity_defects(header: Dataset) -> list[str]:
    """Sentences about identifiers that contradict each other (no identifier is quoted)."""
    sop, study = header.get("SOPInstanceUID"), header.get("StudyInstanceUID")
    if sop and study and str(sop) == str(study):
        return [
            "The recording carries the same identifier as its examination, so it cannot be told apart by it."
        ]
    return []
