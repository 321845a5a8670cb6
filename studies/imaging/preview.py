"""Small pictures of a cine for lists, and a fingerprint that finds the same cine stored in another way."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studies.imaging.pack_reader import PackReader
from studies.imaging.types import Box, Frame

Format = Literal["JPEG", "WEBP"]
CONTENT_TYPES = {"JPEG": "image/jpeg", "WEBP": "image/webp"}
_QUALITY = 80
_HASH_SIDE = 8
_HASH_PARTS = (0.1, 0.3, 0.5, 0.7, 0.9)
NEAR_DUPLICATE = 0.12
"""Distance at or below which two cines count as one (docs/ingest.md); the split keeps them on one side."""


@contextmanager
def _reading(pack: PackReader | Path) -> Iterator[PackReader]:
    if isinstance(pack, PackReader):
        yield pack
        return
    with PackReader(pack) as reader:
        yield reader


def _picture(reader: PackReader, frame_index: int, width: int, kind: Format) -> bytes:
    image = Image.fromarray(reader.rgb(frame_index) if reader.colour else reader.grey(frame_index))
    image.thumbnail((width, reader.height), Image.Resampling.BOX, reducing_gap=None)
    out = io.BytesIO()
    image.save(out, kind, quality=_QUALITY)
    return out.getvalue()


def thumbnail(
    pack: PackReader | Path, *, frame_index: int | None = None, width: int = 320, kind: Format = "JPEG"
) -> bytes:
    """One frame (the middle one by default) no wider than ``width`` pixels, in its own proportions."""
    with _reading(pack) as reader:
        index = reader.n_frames // 2 if frame_index is None else frame_index
        return _picture(reader, index, width, kind)


def thumbnails(
    pack: PackReader | Path, count: int = 5, *, width: int = 160, kind: Format = "JPEG"
) -> list[bytes]:
    """Pictures of ``count`` frames spread evenly over the cine (fewer for shorter cines)."""
    with _reading(pack) as reader:
        places = np.linspace(0, reader.n_frames - 1, min(count, reader.n_frames)).round()
        return [_picture(reader, int(i), width, kind) for i in places]


def frame_hash(grey: Frame, box: Box | None = None) -> str:
    """Difference hash of an ``(H, W)`` frame: 64 bits as 16 hex digits.

    Each bit tells whether a cell of a 9 × 8 grid of mean grey levels is darker than its right neighbour, so
    brightness and coding hardly matter.
    """
    x1, y1, x2, y2 = box or (0, 0, grey.shape[1], grey.shape[0])
    cells = Image.fromarray(np.ascontiguousarray(grey[y1:y2, x1:x2])).resize(
        (_HASH_SIDE + 1, _HASH_SIDE), Image.Resampling.BOX
    )
    means = np.asarray(cells, dtype=int)
    return np.packbits(means[:, :-1] < means[:, 1:]).tobytes().hex()


def perceptual_hash(pack: PackReader | Path) -> str:
    """Fingerprint of a cine: the hashes of five frames spread over it, 80 hex digits.

    Only the largest 2-D ultrasound region counts where the header gives one, so that blanking around it does
    not change the fingerprint.
    """
    with _reading(pack) as reader:
        boxes = [r.box for r in reader.info.regions if r.is_2d_image and not r.outside]
        box = max(boxes, key=lambda b: (b[2] - b[0]) * (b[3] - b[1])) if boxes else None
        last = reader.n_frames - 1
        return "".join(frame_hash(reader.grey(round(part * last)), box) for part in _HASH_PARTS)


def hash_distance(a: str, b: str) -> float:
    """Part of the bits in which two fingerprints differ, 0 (same) to about 0.5 (unrelated).

    Raises ValueError for fingerprints of different lengths.
    """
    if len(a) != len(b) or not a:
        raise ValueError(f"expected two fingerprints of one length, got {len(a)} and {len(b)} digits")
    return (int(a, 16) ^ int(b, 16)).bit_count() / (4 * len(a))


def near_duplicates(fingerprints: Sequence[str], distance: float = NEAR_DUPLICATE) -> list[tuple[int, int]]:
    """Places (i, j), i < j, of fingerprints that differ in at most *distance* of their bits.

    Fingerprints of different lengths are never compared, and one without any bit set (flat frames) is like
    no other. n fingerprints take n steps of one array operation each.

    Raises:
        ValueError: a fingerprint that is not written in hex digits.
    """
    by_length: dict[int, list[int]] = {}
    for place, text in enumerate(fingerprints):
        if text.strip("0"):
            by_length.setdefault(len(text), []).append(place)
    found = []
    for length, places in by_length.items():
        words = np.stack([_words(fingerprints[place]) for place in places])
        most = int(distance * 4 * length)
        for first in range(len(places) - 1):
            bits = np.bitwise_count(words[first + 1 :] ^ words[first]).sum(axis=1, dtype=np.int64)
            found += [(places[first], places[first + 1 + other]) for other in np.flatnonzero(bits <= most)]
    return sorted(found)


def _words(fingerprint: str) -> NDArray[np.uint64]:
    """(k,) the bits of a fingerprint in words of 64."""
    digits = fingerprint.zfill(-(-len(fingerprint) // 16) * 16)
    return np.frombuffer(bytes.fromhex(digits), dtype=np.uint64)
