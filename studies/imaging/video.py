"""Video files and video streams inside DICOM: the decoded frames are the truth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import av
import numpy as np

from studies.errors import RefusedFileError
from studies.imaging.guard import DAMAGED, file_facts, quiet
from studies.imaging.limits import MAX_FRAMES
from studies.imaging.sizes import check_size
from studies.imaging.timing import plausible_fps
from studies.imaging.types import NOT_RECORDED, CineInfo, Frame, SourceFrame

DECODER = f"PyAV {av.__version__}"
_JITTER = 0.10
"""Steps that differ by more than this part of their median make a variable frame rate (SCIENCE 2.5)."""
_MPEG_SYNC, _TS_PACKET = 0x47, 188
_MAGICS = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"\x30\x26\xb2\x75", "asf"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x00\x00\x01\xb3", "mpegvideo"),
)
_ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_NAMES = {
    "mov": "MP4 or MOV", "avi": "AVI", "matroska": "Matroska", "asf": "Windows Media", "mpeg": "MPEG",
    "mpegvideo": "MPEG", "mpegts": "MPEG transport stream", "h264": "H.264", "hevc": "HEVC",
}  # fmt: skip


class ByteStream(Protocol):
    """Bytes that can be read and sought: a file, or the fragments of one."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move; returns the new place."""

    def tell(self) -> int:
        """The place of the next byte."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Result of decoding a whole stream once."""

    n_frames: int
    height: int
    width: int
    times_ms: tuple[float, ...] | None
    header_n_frames: int | None
    rate: float | None
    square_pixels: bool
    rotated: bool


def container_of(head: bytes) -> str | None:
    """Name of the demuxer for the first bytes of a file, None when it is no known video.

    The name is handed to the library, which would otherwise also follow playlists to other files.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[4:8] in _ATOMS:
        return "mov"
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    packets = head[:1] + head[_TS_PACKET : _TS_PACKET + 1] + head[2 * _TS_PACKET : 2 * _TS_PACKET + 1]
    return "mpegts" if packets == bytes([_MPEG_SYNC] * 3) else None


@contextmanager
def _opened(stream: ByteStream, container: str) -> Iterator[tuple[Any, Any]]:
    """``(container, video stream)``; every error of the library becomes one sentence."""
    with quiet():
        try:
            with av.open(stream, mode="r", format=container) as opened:
                if not opened.streams.video:
                    raise RefusedFileError("The file holds no moving pictures; choose the ultrasound cine.")
                video = opened.streams.video[0]
                if video.codec_context is None:
                    raise RefusedFileError("The coding of the video is not known here; export it as MP4.")
                check_size(video.codec_context.height, video.codec_context.width)
                video.thread_type = "AUTO"
                yield opened, video
        except (av.FFmpegError, ValueError, EOFError) as error:
            raise RefusedFileError(DAMAGED.format(what="the video cannot be decoded")) from error


def _decoded(opened: Any, video: Any) -> Iterator[Any]:
    shape = None
    for index, frame in enumerate(opened.decode(video)):
        if index >= MAX_FRAMES:
            raise RefusedFileError(f"The video has more than {MAX_FRAMES} frames; export a shorter cine.")
        shape = shape or (frame.height, frame.width)
        if (frame.height, frame.width) != shape:
            raise RefusedFileError(
                "The size of the picture changes within the video; export one cine at a time."
            )
        yield frame


def _header_count(video: Any, container: Any, rate: float | None) -> int | None:
    if video.frames:
        return int(video.frames)
    seconds = None
    if video.duration and video.time_base:
        seconds = float(video.duration * video.time_base)
    elif container.duration:
        seconds = container.duration / av.time_base
    return round(seconds * rate) if seconds and rate else None


def count(stream: ByteStream, container: str) -> Counted:
    """Decode a whole stream and count. Raises RefusedFileError when nothing or not all can be decoded."""
    with _opened(stream, container) as (opened, video):
        rate = float(video.average_rate) if video.average_rate else None
        sar = video.sample_aspect_ratio
        times: list[float | None] = []
        rotated, height, width = False, 0, 0
        for frame in _decoded(opened, video):
            times.append(None if frame.time is None else 1000.0 * frame.time)
            height, width = frame.height, frame.width
            rotated = rotated or bool(getattr(frame, "rotation", 0))
        if not times:
            raise RefusedFileError("No frame of the video can be decoded; export it again.")
        known = [t for t in times if t is not None]
        stamps = tuple(t - known[0] for t in known) if len(known) == len(times) else None
        header = _header_count(video, opened, rate)
        return Counted(len(times), height, width, stamps, header, rate, not sar or sar == 1, rotated)


def _variable(times: tuple[float, ...] | None) -> bool:
    if times is None or len(times) < 3:
        return False
    steps = [b - a for a, b in pairwise(times)]
    usual = median(steps)
    return usual > 0 and min(steps) > 0 and any(abs(s - usual) > _JITTER * usual for s in steps)


def _defects(counted: Counted, *, variable: bool) -> list[str]:
    defects = []
    if counted.header_n_frames is not None and counted.header_n_frames != counted.n_frames:
        defects.append(
            f"The header means {counted.header_n_frames} frames and {counted.n_frames} were decoded; "
            "the decoded ones are counted."
        )
    if variable:
        defects.append("The time between frames varies; the time of every frame is kept.")
    if not counted.square_pixels:
        defects.append("The pixels of the video are not square; the picture is kept as stored.")
    if counted.rotated:
        defects.append("The video asks to be rotated; the picture is kept as stored.")
    return defects


def inspect_video(path: Path, container: str) -> CineInfo:
    """Facts of a video file; every frame is decoded once. Raises RefusedFileError with the reason."""
    size, digest = file_facts(path)
    with path.open("rb") as handle:
        counted = count(handle, container)
    variable = _variable(counted.times_ms)
    defects = _defects(counted, variable=variable)
    fps = counted.rate if counted.n_frames > 1 else None
    if fps is not None and not plausible_fps(fps):
        defects.append(f"The header would mean {fps:.4g} frames a second, so it was not used.")
        fps = None
    return CineInfo(
        kind="video", n_frames=counted.n_frames, header_n_frames=counted.header_n_frames,
        height=counted.height, width=counted.width, colour=True, fps=fps,
        frame_times_ms=counted.times_ms if variable and fps else None,
        timing_source="container" if fps else NOT_RECORDED, spacing_mm=None, spacing_source=NOT_RECORDED,
        source_sha256=digest, source_bytes=size, source_format=f"{_NAMES[container]} video",
        defects=tuple(defects),
    )  # fmt: skip


def stream_frames(
    stream: ByteStream, container: str, start: int = 0, stop: int | None = None
) -> Iterator[SourceFrame]:
    """RGB frames ``start`` to ``stop`` of a video stream, one at a time."""
    with _opened(stream, container) as (opened, video):
        for index, frame in enumerate(_decoded(opened, video)):
            if stop is not None and index >= stop:
                return
            if index >= start:
                yield SourceFrame(pixels=_rgb(frame))


def _rgb(frame: Any) -> Frame:
    if frame.format.name.startswith("gray") and frame.format.components[0].bits == 8:
        return np.ascontiguousarray(frame.to_ndarray(format="gray"))
    return np.ascontiguousarray(frame.to_ndarray(format="rgb24"))


def video_frames(
    path: Path, container: str, start: int = 0, stop: int | None = None
) -> Iterator[SourceFrame]:
    """RGB frames ``start`` to ``stop`` of a video file, one at a time."""
    with path.open("rb") as handle:
        yield from stream_frames(handle, container, start, stop)
