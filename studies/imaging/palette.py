"""Palette colour look-up tables to one table of RGB bytes (PS3.3 C.7.6.3.1.5, C.7.9)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from studies.errors import RefusedFileError
from studies.imaging.dicom import DicomHeader
from studies.imaging.guard import DAMAGED

_COLOURS = ("Red", "Green", "Blue")
_MAX_ENTRIES = 65536
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
_SHORT = "its colour table is shorter than announced"


def _descriptor(header: DicomHeader, colour: str) -> tuple[int, int, int]:
    value = header.dataset.get(f"{colour}PaletteColorLookupTableDescriptor")
    try:
        entries, first, bits = (int(v) for v in value)
    except (TypeError, ValueError) as error:
        raise RefusedFileError(
            "The colour table of the DICOM file is missing; export the cine again."
        ) from error
    return (entries & 0xFFFF) or _MAX_ENTRIES, first, bits


def _words(header: DicomHeader, data: bytes, *, narrow: bool) -> NDArray[Any]:
    if narrow:
        return np.frombuffer(data, dtype=np.uint8)
    return np.frombuffer(data[: len(data) // 2 * 2], dtype="<u2" if header.little_endian else ">u2")


def _linear(start: int, stop: int, length: int) -> list[int]:
    """``length`` entries from just after ``start`` up to ``stop``."""
    return [round(start + (stop - start) * i / length) for i in range(1, length + 1)]


def expand_segments(words: NDArray[Any], limit: int, *, wide: bool) -> list[int]:
    """Entries of a segmented table (PS3.3 C.7.9.2): discrete, linear and indirect segments.

    ``wide`` says that an offset takes two 16-bit words. Raises RefusedFileError when segments contradict the
    announced number ``limit`` of entries.
    """
    out: list[int] = []

    def segment(at: int, *, nested: bool) -> int:
        kind, length = int(words[at]), int(words[at + 1])
        if len(out) + length > limit and kind != _INDIRECT:
            raise RefusedFileError(DAMAGED.format(what="its colour table is longer than announced"))
        if kind == _DISCRETE:
            out.extend(int(v) for v in words[at + 2 : at + 2 + length])
            return at + 2 + length
        if kind == _LINEAR and out:
            out.extend(_linear(out[-1], int(words[at + 2]), length))
            return at + 3
        if kind == _INDIRECT and not nested and wide:
            target = (int(words[at + 2]) | int(words[at + 3]) << 16) // 2
            for _ in range(length):
                target = segment(target, nested=True)
            return at + 4
        raise RefusedFileError(DAMAGED.format(what="its colour table is garbled"))

    position = 0
    while position + 1 < len(words) and len(out) < limit:
        position = segment(position, nested=False)
    return out


def _segmented(header: DicomHeader, colour: str, entries: int) -> NDArray[Any] | None:
    data = header.dataset.get(f"Segmented{colour}PaletteColorLookupTableData")
    if data is None:
        return None
    words = _words(header, bytes(data), narrow=False)
    try:
        return np.array(expand_segments(words, entries, wide=True), dtype=np.uint16)
    except IndexError as error:
        raise RefusedFileError(DAMAGED.format(what=_SHORT)) from error


def _channel(header: DicomHeader, colour: str) -> tuple[NDArray[Any], int]:
    """Entries of one channel and its first mapped value."""
    entries, first, bits = _descriptor(header, colour)
    table = _segmented(header, colour, entries)
    if table is None:
        data = bytes(header.dataset.get(f"{colour}PaletteColorLookupTableData") or b"")
        narrow = bits == 8 and entries <= len(data) < 2 * entries
        table = _words(header, data, narrow=narrow)
    if len(table) < entries:
        raise RefusedFileError(DAMAGED.format(what=_SHORT))
    return table[:entries].astype(np.uint16), first


def palette_table(header: DicomHeader, stored_bits: int) -> NDArray[np.uint8]:
    """``(2**stored_bits, 3)`` uint8: the colour of every stored value; values outside take the nearest entry.

    16-bit entries keep their upper byte, unless the whole table stays below 256 (some makers write 8-bit
    colours into 16-bit entries).
    """
    channels = [_channel(header, colour) for colour in _COLOURS]
    small = max(int(table.max()) for table, _ in channels) <= 0xFF
    out = np.empty((1 << stored_bits, 3), dtype=np.uint8)
    for i, (table, first) in enumerate(channels):
        index = np.clip(np.arange(1 << stored_bits) - first, 0, len(table) - 1)
        out[:, i] = (table if small else table >> 8)[index]
    return out
