"""The bytes of a frame pack: where things lie. Written once, never changed, read by offset.

| part | bytes |
|---|---|
| magic | 8 |
| format version, length of the front header | 4 + 4 (little endian) |
| front header | JSON, UTF-8: the facts of the cine |
| frames | stored and viewed pictures, one after the other |
| index | one entry of 60 bytes a frame |
| tail header | JSON, UTF-8: what was found while writing |
| footer | offsets of index and tail, length of the tail, SHA-256 of headers and index, magic |
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any

from studies.errors import StudiesError
from studies.imaging.types import CineInfo, Region

MAGIC = b"H2WPACK\n"
VERSION = 1
HEAD = struct.Struct("<8sII")
ENTRY = struct.Struct("<QQIIBBxx32s")
FOOTER = struct.Struct("<QQI32s8s")
MAX_JSON_BYTES = 64 * 1024**2

JPEG, PNG = 1, 2
CONTENT_TYPES = {JPEG: "image/jpeg", PNG: "image/png"}
_NOT_STORED = {"identifier_digests"}


class PackError(StudiesError):
    """A stored pack is cut short, altered, or not a pack."""


class PackCancelledError(StudiesError):
    """The writing of a pack was cancelled; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Place of one frame: the stored picture that analysis decodes, and the one for viewing."""

    offset: int
    view_offset: int
    length: int
    view_length: int
    codec: int
    view_codec: int
    digest: bytes

    def pack(self) -> bytes:
        """The 60 bytes of the index."""
        return ENTRY.pack(
            self.offset,
            self.view_offset,
            self.length,
            self.view_length,
            self.codec,
            self.view_codec,
            self.digest,
        )


def info_to_json(info: CineInfo) -> dict[str, Any]:
    """Facts of a cine as JSON values; keyed digests of identifiers stay out of the pack."""
    values = {f.name: getattr(info, f.name) for f in fields(info) if f.name not in _NOT_STORED}
    values["regions"] = [asdict(region) for region in info.regions]
    values["acquisition"] = dict(info.acquisition)
    return values


def _region_from_json(values: Mapping[str, Any]) -> Region:
    delta = values["delta_mm"]
    box = tuple(int(v) for v in values["box"])
    return Region(**{**values, "box": box, "delta_mm": None if delta is None else tuple(delta)})


def info_from_json(values: Mapping[str, Any]) -> CineInfo:
    """The facts that :func:`info_to_json` wrote."""
    kept = dict(values)
    kept["regions"] = tuple(_region_from_json(r) for r in kept["regions"])
    kept["defects"] = tuple(kept["defects"])
    kept["acquisition"] = MappingProxyType(dict(kept["acquisition"]))
    for name in ("frame_times_ms", "spacing_mm"):
        kept[name] = None if kept[name] is None else tuple(kept[name])
    return CineInfo(**kept)


def to_bytes(values: Mapping[str, Any]) -> bytes:
    """Canonical JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def seal(front: bytes, index: bytes, tail: bytes) -> bytes:
    """SHA-256 of headers and index, which in turn hold the SHA-256 of every stored frame."""
    return hashlib.sha256(
        b"".join((struct.pack("<QQQ", len(front), len(index), len(tail)), front, index, tail))
    ).digest()
