"""H.264, HEVC and MPEG-2 streams inside DICOM: the fragments read as one file, decoded like any video."""

from __future__ import annotations

import io

from studies.errors import RefusedFileError
from studies.imaging.dicom import DicomHeader
from studies.imaging.dicom_frames import FrameTable, Span, declared_frames, disagreement, fragments_of
from studies.imaging.guard import GuardedFile
from studies.imaging.video import container_of, count

_MPEG2, _H264, _HEVC = "mpegvideo", "h264", "hevc"
_BARE_STREAMS = {
    **dict.fromkeys(("100", "100.1", "101", "101.1"), _MPEG2),
    **dict.fromkeys((f"{n}{part}" for n in range(102, 107) for part in ("", ".1")), _H264),
    **dict.fromkeys(("107", "108"), _HEVC),
}
_PREFIX = "1.2.840.10008.1.2.4."
_HEAD_BYTES = 1024


def is_video(transfer_syntax: str) -> bool:
    """True for the transfer syntaxes that hold one video stream."""
    return transfer_syntax.removeprefix(_PREFIX) in _BARE_STREAMS


class FragmentFile(io.RawIOBase):
    """Spans of a file as one readable, seekable stream."""

    def __init__(self, fp: GuardedFile, spans: tuple[Span, ...]) -> None:
        super().__init__()
        self._fp = fp
        self._spans = spans
        self._size = sum(length for _, length in spans)
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Offset within the joined spans."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move within the joined spans."""
        self._at = max(0, offset + {0: 0, 1: self._at, 2: self._size}[whence])
        return self._at

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, from one span or several."""
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        parts, skipped = [], 0
        for offset, length in self._spans:
            inside = self._at - skipped
            if wanted > 0 and 0 <= inside < length:
                part = self._fp.read_at(offset + inside, min(wanted, length - inside))
                parts.append(part)
                self._at += len(part)
                wanted -= len(part)
            skipped += length
        return b"".join(parts)


def stream_container(fp: GuardedFile, header: DicomHeader, spans: tuple[Span, ...]) -> str:
    """Name of the demuxer of the stream: a container by its first bytes, else the bare stream."""
    head = FragmentFile(fp, spans).read(_HEAD_BYTES)
    return container_of(head) or _BARE_STREAMS[header.transfer_syntax.removeprefix(_PREFIX)]


def video_table(fp: GuardedFile, header: DicomHeader) -> tuple[FrameTable, str, int]:
    """The stream as one span group, its demuxer and its decoded number of frames.

    Raises RefusedFileError when the header disagrees on frames or size.
    """
    fragments, end = fragments_of(fp, header)
    spans = tuple(fragments)
    container = stream_container(fp, header, spans)
    counted = count(FragmentFile(fp, spans), container)
    declared = declared_frames(header)
    if declared is not None and declared != counted.n_frames:
        raise disagreement(declared, counted.n_frames)
    rows, columns = header.dataset.get("Rows"), header.dataset.get("Columns")
    if (rows, columns) != (counted.height, counted.width):
        raise RefusedFileError(
            f"The header gives {columns} × {rows} pixels and its video {counted.width} × {counted.height}; "
            "export the cine again."
        )
    defects = (
        ()
        if declared
        else (f"The header does not give the number of frames; {counted.n_frames} were counted.",)
    )
    return FrameTable((spans,), end, defects), container, counted.n_frames
