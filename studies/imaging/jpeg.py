"""JPEG streams: what they say of themselves, what is taken out of them, and the one decoder that reads them.

Segments that may carry text (EXIF, comments, vendor blocks) are dropped; tables and scan data stay byte for
byte. ISO/IEC 10918-1 annex B names the markers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import simplejpeg

from studies.errors import RefusedFileError
from studies.imaging.grey import to_rgb
from studies.imaging.guard import DAMAGED
from studies.imaging.limits import MAX_JPEG_SCANS
from studies.imaging.types import Frame

DECODER = f"simplejpeg {simplejpeg.__version__}"
"""JPEG decoders differ in the last bit, so the name and version are stored beside every result."""

_SOI, _EOI, _SOS, _DQT, _DHT, _DAC, _DRI, _COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xCC, 0xDD, 0xFE
_APP0, _APP14 = 0xE0, 0xEE
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_FRAME_HEADERS = {m for m in range(0xC0, 0xD0) if m not in (_DHT, _DAC, 0xC8)}
_SUPPORTED = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive"}
_OTHER_PROCESS = {0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical"}
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_ADOBE_RGB = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
_BENIGN = "extraneous bytes before marker 0xd9"


@dataclass(frozen=True, slots=True)
class JpegFacts:
    """What the frame header of a JPEG stream says. ``sampling`` is (h, v) for each component."""

    height: int
    width: int
    components: int
    bits: int
    process: str
    sampling: tuple[tuple[int, int], ...]
    component_ids: tuple[int, ...]
    jfif: bool
    adobe_transform: int | None

    @property
    def subsampled(self) -> bool:
        """True when chroma is coarser than luma, which never happens to red, green and blue."""
        return self.components == 3 and len(set(self.sampling)) > 1

    @property
    def says_rgb(self) -> bool:
        """True when a reader of this stream alone takes its three components for red, green and blue."""
        if self.jfif or self.components != 3:
            return False
        if self.adobe_transform is not None:
            return self.adobe_transform == 0
        return self.component_ids == (ord("R"), ord("G"), ord("B"))

    @property
    def mcu(self) -> tuple[int, int]:
        """Width and height in pixels of the blocks in which a region can be wiped without loss."""
        if self.components == 1:
            return 8, 8
        return 8 * max(h for h, _ in self.sampling), 8 * max(v for _, v in self.sampling)


def _segments(data: bytes) -> list[tuple[int, int, int]]:
    """``(marker, start, stop)`` of every part from SOI to EOI; scan data counts to its SOS."""
    if data[:2] != b"\xff\xd8":
        raise RefusedFileError(DAMAGED.format(what="a picture does not begin as a JPEG does"))
    parts, at, scans = [], 2, 0
    while True:
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if at + 2 > len(data) or data[at] != 0xFF:
            raise RefusedFileError(DAMAGED.format(what="a JPEG picture ends early or is garbled"))
        marker = data[at + 1]
        if marker == _EOI:
            parts.append((marker, at, at + 2))
            return parts
        stop = at + 2 if marker in _STANDALONE else at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SOS:
            scans += 1
            found = _NEXT_MARKER.search(data, stop)
            stop = found.start() if found else len(data)
        if scans > MAX_JPEG_SCANS or stop < at + 2:
            raise RefusedFileError(DAMAGED.format(what="a JPEG picture is garbled"))
        parts.append((marker, at, stop))
        at = stop


def _frame_header(marker: int, body: bytes) -> tuple[int, int, int, list[tuple[int, int, int]]]:
    if marker not in _SUPPORTED:
        process = _OTHER_PROCESS.get(marker, "arithmetic-coded")
        raise RefusedFileError(
            f"The pictures are {process} JPEG, which cannot be shown in a browser as they are; "
            "export them as baseline JPEG or uncompressed."
        )
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise RefusedFileError(DAMAGED.format(what="a JPEG picture has a short header"))
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    components = [(body[i], body[i + 1] >> 4, body[i + 1] & 15) for i in range(6, 6 + 3 * body[5], 3)]
    return body[0], height, width, components


def jpeg_facts(data: bytes) -> JpegFacts:
    """Read the headers of one JPEG stream. Raises RefusedFileError for what is not 8-bit grey or colour."""
    header, jfif, adobe = None, False, None
    for marker, start, stop in _segments(data):
        body = data[start + 4 : stop]
        if marker == _APP0 and body[:5] == b"JFIF\x00":
            jfif = True
        elif marker == _APP14 and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        elif marker in _FRAME_HEADERS:
            if header is not None:
                raise RefusedFileError(DAMAGED.format(what="one JPEG picture holds two"))
            header = (_SUPPORTED.get(marker, ""), *_frame_header(marker, body))
    if header is None:
        raise RefusedFileError(DAMAGED.format(what="a JPEG picture has no frame header"))
    process, bits, height, width, components = header
    if bits != 8 or len(components) not in (1, 3) or not all(h and v for _, h, v in components):
        raise RefusedFileError(
            f"The JPEG pictures have {len(components)} channels of {bits} bits, where one or three of 8 bits "
            "are expected; export them as ordinary 8-bit JPEG."
        )
    sampling = tuple((h, v) for _, h, v in components)
    ids = tuple(i for i, _, _ in components)
    return JpegFacts(height, width, len(components), bits, process, sampling, ids, jfif, adobe)


def _kept(marker: int, part: bytes) -> bytes:
    """The part as it stays in a cleaned stream: nothing for segments that may carry text or pictures."""
    if marker == _APP0 and part[4:9] == b"JFIF\x00" and len(part) >= 18:
        return b"\xff\xe0\x00\x10" + part[4:16] + b"\x00\x00"
    if marker == _APP14 and part[4:9] == b"Adobe" and len(part) >= 16:
        return b"\xff\xee\x00\x0eAdobe" + part[9:16]
    return b"" if 0xE0 <= marker <= 0xEF or marker == _COM else part


def clean_jpeg(data: bytes, *, as_rgb: bool = False) -> bytes:
    """The same picture without EXIF, comments, vendor segments and bytes after its end.

    ``as_rgb`` writes down that the components are red, green and blue, for streams that leave it to the
    DICOM header. A stream with nothing to take out comes back byte for byte.
    """
    parts = [_kept(marker, data[start:stop]) for marker, start, stop in _segments(data)]
    return data[:2] + (_ADOBE_RGB if as_rgb else b"") + b"".join(parts)


def decode_jpeg(data: bytes) -> Frame:
    """``(H, W)`` of a one-component stream, else ``(H, W, 3)`` RGB. Raises RefusedFileError when damaged."""
    try:
        grey = simplejpeg.decode_jpeg_header(data)[2].upper() == "GRAY"
    except ValueError as error:
        raise _undecodable() from error
    frame = _decoded(data, "GRAY" if grey else "RGB")
    return frame[..., 0] if grey else frame


def decode_luma(data: bytes) -> Frame:
    """``(H, W)`` of the brightness alone: what the colours of a stream cost is saved.

    Where R = G = B in every pixel this is that channel, bit for bit: the decoder adds rounded multiples of
    both colour differences to the brightness, for blue and red of their own sign and for green of the other,
    so that equal channels mean no difference. Where there is colour it is close to the grey of SCIENCE 1.2,
    which is taken from RGB, but not the same. Raises RefusedFileError when damaged.
    """
    return _decoded(data, "GRAY")[..., 0]


def _decoded(data: bytes, space: str) -> Frame:
    try:
        return simplejpeg.decode_jpeg(data, colorspace=space)
    except ValueError as error:
        if _BENIGN not in str(error):
            raise _undecodable() from error
        return simplejpeg.decode_jpeg(data, colorspace=space, strict=False)


def _undecodable() -> RefusedFileError:
    return RefusedFileError(DAMAGED.format(what="the JPEG data of a frame cannot be decoded"))


def encode_jpeg(frame: Frame, quality: int) -> bytes:
    """One JPEG of a grey or RGB frame; colour is not subsampled."""
    if frame.ndim == 2:
        return simplejpeg.encode_jpeg(frame[..., None].copy(), quality=quality, colorspace="GRAY")
    return simplejpeg.encode_jpeg(
        to_rgb(frame).copy(), quality=quality, colorspace="RGB", colorsubsampling="444"
    )
