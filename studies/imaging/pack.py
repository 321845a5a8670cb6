"""Frame packs: the de-identified form in which a cine is kept.

JPEG frames that need no blanking are stored as they came (text segments removed) and are both viewed and
analysed. Other frames are stored as PNG for analysis, with one JPEG of quality 95 for viewing. No header
of the source is kept. Measured cost of the viewing copies: docs/ingest.md.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from studies.errors import RefusedFileError
from studies.imaging.cine import source_frames
from studies.imaging.decoders import decoders_of
from studies.imaging.grey import smallest
from studies.imaging.jpeg import decode_jpeg, encode_jpeg
from studies.imaging.pack_format import (
    CONTENT_TYPES,
    FOOTER,
    HEAD,
    JPEG,
    MAGIC,
    PNG,
    VERSION,
    Entry,
    PackCancelledError,
    info_to_json,
    seal,
    to_bytes,
)
from studies.imaging.pack_reader import PackReader
from studies.imaging.png import decode_png, encode_png
from studies.imaging.types import Box, CineInfo, Frame, PackInfo, SourceFrame
from studies.imaging.wipe import blank_pixels, clip_boxes, wipe_jpeg, wiped_boxes

__all__ = ["PackReader", "wipe_pack", "write_pack"]

VIEW_QUALITY = 95
"""JPEG quality of viewing copies: VIEWER B9 asks for at least 95."""


class _Sink:
    """Counts and hashes what goes into the target."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self.position = 0

    def write(self, data: bytes) -> int:
        """Write all of ``data``; returns the offset at which it begins."""
        start = self.position
        self._target.write(data)
        self._digest.update(data)
        self.position += len(data)
        return start

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class _Writer:
    """Frames into a sink, one at a time; remembers only the index."""

    def __init__(self, sink: _Sink, info: CineInfo, blank: tuple[Box, ...]) -> None:
        self._sink = sink
        self._info = info
        self._blank = blank
        self.index: list[Entry] = []
        self.colour = False
        self.passed = 0
        self.codecs: set[int] = set()
        self.blanked: set[Box] = set()

    def add(self, frame: SourceFrame) -> None:
        """Store one frame. Raises RefusedFileError when it is damaged or of another size."""
        if frame.jpeg is not None:
            pixels = decode_jpeg(frame.jpeg)
            self._check(pixels)
            jpeg = wipe_jpeg(frame.jpeg, self._blank) if self._blank else frame.jpeg
            if jpeg is not None:
                self.passed += not self._blank
                self.blanked.update(wiped_boxes(jpeg, self._blank))
                self._store_jpeg(jpeg, pixels)
                return
        else:
            pixels = frame.pixels  # type: ignore[assignment]
            self._check(pixels)
        self._store_pixels(blank_pixels(pixels, self._blank) if self._blank else pixels)
        self.blanked.update(self._blank)

    def _check(self, pixels: Frame) -> None:
        if pixels.shape[:2] != (self._info.height, self._info.width):
            raise RefusedFileError(
                f"Frame {len(self.index) + 1} has another size than the first one; export the cine again."
            )

    def _store_jpeg(self, jpeg: bytes, pixels: Frame) -> None:
        self.colour = self.colour or smallest(pixels).ndim == 3
        offset = self._sink.write(jpeg)
        self._append(Entry(offset, offset, len(jpeg), len(jpeg), JPEG, JPEG, hashlib.sha256(jpeg).digest()))

    def _store_pixels(self, pixels: Frame) -> None:
        pixels = smallest(pixels)
        self.colour = self.colour or pixels.ndim == 3
        png, view = encode_png(pixels), encode_jpeg(pixels, VIEW_QUALITY)
        offset, view_offset = self._sink.write(png), self._sink.write(view)
        digest = hashlib.sha256(png).digest()
        self._append(Entry(offset, view_offset, len(png), len(view), PNG, JPEG, digest))

    def _append(self, entry: Entry) -> None:
        self.index.append(entry)
        self.codecs.add(entry.codec)

    def facts(self) -> dict[str, object]:
        """The tail header."""
        stored_as = {frozenset({JPEG}): "jpeg", frozenset({PNG}): "png"}.get(frozenset(self.codecs), "mixed")
        return {
            "n_frames": len(self.index), "colour": self.colour, "passed_through": self.passed,
            "stored_as": stored_as, "blanked": sorted(self.blanked),
            "decoder": decoders_of(self._info, has_jpeg=JPEG in self.codecs),
            "view_quality": None if stored_as == "jpeg" else VIEW_QUALITY,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of the frames of one cine; ``wiped`` are boxes that were wiped before."""

    frames: Iterable[SourceFrame]
    info: CineInfo
    blank: tuple[Box, ...]
    wiped: tuple[Box, ...] = ()
    progress: Callable[[int, int], None] | None = None
    cancelled: Callable[[], bool] | None = None


def _write(plan: _Plan, sink: _Sink) -> PackInfo:
    info = plan.info
    front = to_bytes(info_to_json(info))
    sink.write(HEAD.pack(MAGIC, VERSION, len(front)) + front)
    writer = _Writer(sink, info, plan.blank)
    for number, frame in enumerate(plan.frames, start=1):
        if plan.cancelled is not None and plan.cancelled():
            raise PackCancelledError("The upload was cancelled; nothing was kept.")
        writer.add(frame)
        if plan.progress is not None:
            plan.progress(number, info.n_frames)
    if len(writer.index) != info.n_frames:
        raise RefusedFileError(
            f"{info.n_frames} frames were expected and {len(writer.index)} read; export the cine again."
        )
    writer.blanked.update(plan.wiped)
    facts = writer.facts()
    index, tail = b"".join(e.pack() for e in writer.index), to_bytes(facts)
    index_offset, tail_offset = sink.write(index), sink.write(tail)
    sink.write(FOOTER.pack(index_offset, tail_offset, len(tail), seal(front, index, tail), MAGIC))
    return PackInfo(
        n_frames=info.n_frames, height=info.height, width=info.width, colour=writer.colour,
        stored_as=str(facts["stored_as"]), passed_through=writer.passed,
        blanked=tuple(sorted(writer.blanked)),
        n_bytes=sink.position, sha256=sink.hexdigest(), decoder=str(facts["decoder"]), format_version=VERSION,
    )  # fmt: skip


def _write_file(plan: _Plan, target: Path) -> PackInfo:
    """The pack at a path, which appears only when it is complete."""
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as handle:
            packed = _write(plan, _Sink(handle))
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return packed


def write_pack(
    source: Path,
    target: BinaryIO | Path,
    *,
    info: CineInfo,
    blank: Sequence[Box] = (),
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PackInfo:
    """Store the frames of ``source`` in ``target``, one frame in memory at a time.

    Args:
        source: the file that ``info`` was made of.
        target: a path, which appears only when the pack is complete, or a binary stream (the caller removes
            what was written to it when this raises).
        info: from :func:`studies.imaging.cine.inspect_file`.
        blank: boxes ``(x1, y1, x2, y2)``, half-open pixels, to be wiped from every frame.
        progress: called with (frames done, frames in all).
        cancelled: asked before every frame.

    Raises:
        RefusedFileError: a frame is damaged, of another size, or missing.
        PackCancelledError: ``cancelled`` said so.
    """
    boxes = clip_boxes(blank, info.height, info.width)
    plan = _Plan(source_frames(Path(source)), info, boxes, progress=progress, cancelled=cancelled)
    return _write_file(plan, target) if isinstance(target, Path) else _write(plan, _Sink(target))


def wipe_pack(source: PackReader, target: Path, blank: Sequence[Box]) -> PackInfo:
    """Store the frames of a pack anew with further boxes wiped; what was wiped before stays so.

    Args:
        source: the pack as it is stored.
        target: a path, which appears only when the new pack is complete.
        blank: boxes ``(x1, y1, x2, y2)``, half-open pixels, to be wiped from every frame.

    Raises:
        PackError: the stored pack is altered or cut short.
    """
    boxes = clip_boxes(blank, source.height, source.width)
    return _write_file(_Plan(_stored_frames(source), source.info, boxes, wiped=source.blanked), target)


def _stored_frames(source: PackReader) -> Iterator[SourceFrame]:
    for frame_index in range(source.n_frames):
        data, content_type = source.lossless(frame_index)
        is_jpeg = content_type == CONTENT_TYPES[JPEG]
        yield SourceFrame(jpeg=data) if is_jpeg else SourceFrame(pixels=decode_png(data))
