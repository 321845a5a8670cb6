"""Reading a frame pack by offset; safe to share between threads."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from studies.errors import RefusedFileError
from studies.imaging.grey import to_grey, to_rgb
from studies.imaging.jpeg import decode_jpeg, decode_luma
from studies.imaging.pack_format import (
    CONTENT_TYPES,
    ENTRY,
    FOOTER,
    HEAD,
    JPEG,
    MAGIC,
    MAX_JSON_BYTES,
    PNG,
    VERSION,
    Entry,
    PackError,
    info_from_json,
    seal,
)
from studies.imaging.png import decode_png
from studies.imaging.types import Box, CineInfo, Frame

_BROKEN = "The stored frames cannot be used ({what}); restore them from the backup or ingest the cine again."


class PackReader:
    """Frames of one pack.

    ``n_frames``, ``height`` and ``width`` describe the frames, ``info`` the cine, ``blanked`` the wiped
    boxes, ``colour`` says whether any frame shows colour, ``decoder`` which decoder checked the frames.
    """

    def __init__(self, path: Path) -> None:
        """Open the pack at ``path``. Raises PackError when it is cut short, altered or not a pack."""
        self._fd = -1  # what closes the file runs also where it could not be opened
        self._fd = os.open(path, os.O_RDONLY)
        try:
            self._size = os.fstat(self._fd).st_size
            self._open()
        except PackError:
            self.close()
            raise
        except (ValueError, KeyError, TypeError) as error:
            self.close()
            raise PackError(_BROKEN.format(what="its header is garbled")) from error

    def _at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > self._size:
            raise PackError(_BROKEN.format(what="the file is cut short"))
        data = os.pread(self._fd, length, offset)
        if len(data) != length:
            raise PackError(_BROKEN.format(what="the file is cut short"))
        return data

    def _open(self) -> None:
        if self._size < HEAD.size + FOOTER.size:
            raise PackError(_BROKEN.format(what="the file is cut short"))
        magic, version, front_length = HEAD.unpack(self._at(0, HEAD.size))
        if magic != MAGIC:
            raise PackError(_BROKEN.format(what="it is not a frame pack"))
        if version != VERSION:
            raise PackError(_BROKEN.format(what=f"format {version} is not known, expected {VERSION}"))
        footer_at = self._size - FOOTER.size
        index_at, tail_at, tail_length, digest, end = FOOTER.unpack(self._at(footer_at, FOOTER.size))
        if end != MAGIC or tail_at + tail_length != footer_at or not HEAD.size <= index_at <= tail_at:
            raise PackError(_BROKEN.format(what="the file is cut short"))
        if max(front_length, tail_length) > MAX_JSON_BYTES:
            raise PackError(_BROKEN.format(what="its header is garbled"))
        front, index = self._at(HEAD.size, front_length), self._at(index_at, tail_at - index_at)
        tail = self._at(tail_at, tail_length)
        if seal(front, index, tail) != digest:
            raise PackError(_BROKEN.format(what="its header was altered"))
        self._describe(json.loads(front), index, json.loads(tail))

    def _describe(self, front: dict[str, Any], index: bytes, tail: dict[str, Any]) -> None:
        self.info: CineInfo = info_from_json(front)
        self._index = [Entry(*values) for values in ENTRY.iter_unpack(index)]
        if len(self._index) != self.info.n_frames:
            raise PackError(_BROKEN.format(what="its number of frames is wrong"))
        self.n_frames = self.info.n_frames
        self.height, self.width = self.info.height, self.info.width
        self.colour = bool(tail["colour"])
        self.stored_as = str(tail["stored_as"])
        self.decoder = str(tail["decoder"])
        self.blanked: tuple[Box, ...] = tuple((x[0], x[1], x[2], x[3]) for x in tail["blanked"])

    def _entry(self, frame_index: int) -> Entry:
        if not 0 <= frame_index < self.n_frames:
            raise IndexError(f"frame_index {frame_index} is outside 0..{self.n_frames - 1}")
        return self._index[frame_index]

    def view(self, frame_index: int) -> tuple[bytes, str]:
        """Picture for a browser and its content type (always JPEG)."""
        entry = self._entry(frame_index)
        return self._at(entry.view_offset, entry.view_length), CONTENT_TYPES[entry.view_codec]

    def lossless(self, frame_index: int) -> tuple[bytes, str]:
        """The stored picture that analysis decodes, and its content type (JPEG as it came, or PNG)."""
        entry = self._entry(frame_index)
        return self._stored(entry), CONTENT_TYPES[entry.codec]

    def _stored(self, entry: Entry) -> bytes:
        data = self._at(entry.offset, entry.length)
        if hashlib.sha256(data).digest() != entry.digest:
            raise PackError(_BROKEN.format(what="a frame was altered"))
        return data

    def _pixels(self, frame_index: int, *, luma: bool = False) -> Frame:
        entry = self._entry(frame_index)
        data = self._stored(entry)
        try:
            return {JPEG: decode_luma if luma else decode_jpeg, PNG: decode_png}[entry.codec](data)
        except (RefusedFileError, KeyError) as error:
            raise PackError(_BROKEN.format(what="a frame cannot be decoded")) from error

    def grey(self, frame_index: int) -> Frame:
        """``(H, W)`` uint8 grey by the rule of SCIENCE 1.2. Raises PackError when the frame was altered."""
        # Without colour anywhere the luma is the grey, bit for bit, at half the price.
        return to_grey(self._pixels(frame_index, luma=not self.colour))

    def luma(self, frame_index: int) -> Frame:
        """``(H, W)`` uint8: the brightness as stored, cheaper than grey and close to it; for finding, not for
        measuring. The same as grey where the picture has no colour. Raises PackError as grey does."""
        return to_grey(self._pixels(frame_index, luma=True))

    def rgb(self, frame_index: int) -> Frame:
        """``(H, W, 3)`` uint8."""
        return to_rgb(self._pixels(frame_index))

    def iter_grey(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Grey frames ``start`` to ``stop`` (half-open), one at a time."""
        return (self.grey(i) for i in range(*slice(start, stop).indices(self.n_frames)))

    def iter_luma(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames ``start`` to ``stop`` (half-open) as `luma` gives them, one at a time."""
        return (self.luma(i) for i in range(*slice(start, stop).indices(self.n_frames)))

    def iter_rgb(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """RGB frames ``start`` to ``stop`` (half-open), one at a time."""
        return (self.rgb(i) for i in range(*slice(start, stop).indices(self.n_frames)))

    def frame_digest(self, frame_index: int) -> str:
        """SHA-256 (hex) of the stored picture of one frame."""
        return self._entry(frame_index).digest.hex()

    def digest(self) -> str:
        """SHA-256 (hex) of all stored pictures in order: what analysis results depend on."""
        return hashlib.sha256(b"".join(e.digest for e in self._index)).hexdigest()

    def close(self) -> None:
        """Close the file; further reads raise OSError."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
