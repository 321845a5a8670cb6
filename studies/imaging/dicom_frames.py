"""Where each frame of a DICOM file lies: offsets found without reading pixels (PS3.5 A.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

from studies.errors import RefusedFileError
from studies.imaging.dicom import DicomHeader
from studies.imaging.guard import CUT_SHORT, DAMAGED, GuardedFile
from studies.imaging.limits import MAX_FRAME_BYTES, MAX_FRAMES

Span = tuple[int, int]
"""Offset in the file and length, both in bytes."""

_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_MAX_FRAGMENTS = 64 * MAX_FRAMES
_CODE_STREAM_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0c\x6a\x50")
RLE = "1.2.840.10008.1.2.5"


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Byte spans of every frame (several for a fragmented one), and what was odd about them."""

    frames: tuple[tuple[Span, ...], ...]
    end: int
    defects: tuple[str, ...] = ()


def declared_frames(header: DicomHeader) -> int | None:
    """NumberOfFrames of the header, None when absent. Raises RefusedFileError when it cannot be."""
    value = header.dataset.get("NumberOfFrames")
    if value is None or value == "":
        return None
    try:
        count = int(value)
    except (TypeError, ValueError) as error:
        raise RefusedFileError(DAMAGED.format(what="its number of frames is not a number")) from error
    if not 1 <= count <= MAX_FRAMES:
        raise RefusedFileError(
            f"The header promises {count} frames, which the file cannot hold (1 to {MAX_FRAMES} are taken); "
            "the file is damaged: export it again."
        )
    return count


def disagreement(declared: int, found: int) -> RefusedFileError:
    """The refusal of a file whose header counts other frames than it holds."""
    return RefusedFileError(
        f"The header promises {declared} frames and the file holds {found}, so frames and times cannot be "
        "matched; export the cine again."
    )


def native_table(header: DicomHeader, frame_bytes: int) -> FrameTable:
    """Spans of uncompressed frames of ``frame_bytes`` each."""
    length = header.pixel_length
    if length is None:
        raise RefusedFileError(
            "The header says that the pictures are uncompressed, but they are stored as a compressed stream; "
            "export the cine again."
        )
    start, declared = header.pixel_offset, declared_frames(header)
    if start + length > header.file_size:
        raise RefusedFileError(CUT_SHORT)
    found = length // frame_bytes
    wanted = declared or found
    if found < 1 or found != wanted:
        raise disagreement(max(wanted, 1), found)
    if found > MAX_FRAMES:
        raise RefusedFileError(
            f"The file holds {found} frames and at most {MAX_FRAMES} are taken; export less."
        )
    defects = []
    if length - found * frame_bytes > 1:
        defects.append(f"{length - found * frame_bytes} bytes after the last frame were ignored.")
    frames = tuple(((start + i * frame_bytes, frame_bytes),) for i in range(found))
    return FrameTable(frames, start + length, tuple(defects))


def _items(fp: GuardedFile, start: int) -> tuple[list[Span], int]:
    """Every item of the encapsulated stream at ``start`` and the offset behind its delimiter."""
    items: list[Span] = []
    fp.seek(start)
    while True:
        head = fp.read_exactly(8)
        length = struct.unpack("<L", head[4:])[0]
        if head[:4] == _DELIMITER:
            return items, fp.tell()
        if head[:4] != _ITEM or len(items) > _MAX_FRAGMENTS:
            raise RefusedFileError(
                DAMAGED.format(what="the compressed pictures are not where they should be")
            )
        items.append((fp.tell(), length))
        fp.seek(length, 1)


def _groups_by_offsets(fragments: list[Span], offsets: list[int]) -> list[tuple[Span, ...]] | None:
    """Fragments grouped by a table of offsets from the first fragment's item tag, None when it is wrong."""
    base = fragments[0][0] - 8
    starts = {offset - 8 - base: i for i, (offset, _) in enumerate(fragments)}
    if offsets[0] != 0 or any(o not in starts for o in offsets) or sorted(set(offsets)) != offsets:
        return None
    firsts = [starts[o] for o in offsets] + [len(fragments)]
    return [tuple(fragments[a:b]) for a, b in pairwise(firsts)]


def _groups_by_content(fp: GuardedFile, fragments: list[Span]) -> list[tuple[Span, ...]]:
    """Fragments grouped where a fragment begins as a code stream does."""
    groups: list[list[Span]] = []
    for offset, length in fragments:
        starts = fp.read_at(offset, min(length, 8)).startswith(_CODE_STREAM_STARTS)
        if starts or not groups:
            groups.append([])
        groups[-1].append((offset, length))
    return [tuple(g) for g in groups]


def _offset_table(fp: GuardedFile, header: DicomHeader, basic: Span) -> list[int]:
    extended = header.dataset.get("ExtendedOffsetTable")
    if extended:
        count = len(extended) // 8
        return list(struct.unpack(f"<{count}Q", extended[: count * 8]))
    count = basic[1] // 4
    return list(struct.unpack(f"<{count}L", fp.read_at(basic[0], count * 4)))


def _encapsulated(fp: GuardedFile, header: DicomHeader) -> tuple[Span, list[Span], int]:
    """The offset table item, the fragments, and the offset behind them."""
    if header.pixel_length is not None:
        raise RefusedFileError(
            "The header says that the pictures are compressed, but they are stored uncompressed; "
            "export the cine again."
        )
    items, end = _items(fp, header.pixel_offset)
    fragments = [span for span in items[1:] if span[1] > 0]
    if not fragments:
        raise RefusedFileError(
            "The DICOM file holds no pictures (its pixel data are empty); export it again."
        )
    return items[0], fragments, end


def fragments_of(fp: GuardedFile, header: DicomHeader) -> tuple[list[Span], int]:
    """Fragments of an encapsulated stream in order, and the offset behind them."""
    _, fragments, end = _encapsulated(fp, header)
    return fragments, end


def _fragment_groups(
    fp: GuardedFile, header: DicomHeader, fragments: list[Span], declared: int | None
) -> list[tuple[Span, ...]]:
    """Fragments of each frame without an offset table."""
    rle = header.transfer_syntax == RLE
    if rle or len(fragments) == declared:
        return [(f,) for f in fragments]
    return _groups_by_content(fp, fragments)


def encapsulated_table(fp: GuardedFile, header: DicomHeader) -> FrameTable:
    """Spans of compressed frames: by offset table where it is right, else by the standard's own rules."""
    basic, fragments, end = _encapsulated(fp, header)
    declared, defects = declared_frames(header), []
    offsets = _offset_table(fp, header, basic)
    groups = _groups_by_offsets(fragments, offsets) if offsets else None
    if offsets and groups is None:
        defects.append("The table of frame offsets is wrong; frames were found by their own beginnings.")
    if groups is None:
        groups = _fragment_groups(fp, header, fragments, declared)
    if declared is not None and len(groups) != declared:
        raise disagreement(declared, len(groups))
    if declared is None and len(groups) > 1:
        defects.append(f"The header does not give the number of frames; {len(groups)} were counted.")
    if max(sum(length for _, length in group) for group in groups) > MAX_FRAME_BYTES:
        raise RefusedFileError(DAMAGED.format(what="one compressed frame is larger than any picture"))
    return FrameTable(tuple(groups), end, tuple(defects))


def read_frame(fp: GuardedFile, spans: tuple[Span, ...]) -> bytes:
    """Bytes of one frame, its fragments joined."""
    return b"".join(fp.read_at(offset, length) for offset, length in spans)


def tail_defect(fp: GuardedFile, end: int, *, little_endian: bool) -> str | None:
    """A sentence when what follows the pixel data is not DICOM (PS3.5: only groups above 7FE0 may follow)."""
    left = fp.size - end
    if left == 0:
        return None
    head = fp.read_at(end, min(left, 8))
    group = struct.unpack("<H" if little_endian else ">H", head[:2])[0] if len(head) == 8 else 0
    if group >= 0x7FE0 and ((head[4:6].isalpha() and head[4:6].isupper()) or group in (0xFFFC, 0xFFFA)):
        return None
    return f"{left} bytes after the last frame are not part of the recording and were ignored."
