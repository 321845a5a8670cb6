"""Pixels of one DICOM frame to 8-bit grey or RGB (PS3.3 C.7.6.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import UID

from studies.errors import RefusedFileError
from studies.imaging.dicom import DicomHeader
from studies.imaging.guard import DAMAGED, quiet
from studies.imaging.sizes import check_size
from studies.imaging.types import Frame

_PHOTOMETRICS = {
    "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT",
    "YBR_PARTIAL_420",
}  # fmt: skip
_ONE_SAMPLE = {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"}
PLUGINS = {
    "1.2.840.10008.1.2.5": "pylibjpeg",  # RLE
    "1.2.840.10008.1.2.4.57": "gdcm",  # JPEG lossless
    "1.2.840.10008.1.2.4.70": "gdcm",  # JPEG lossless, first-order prediction
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",  # JPEG 2000
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
    "1.2.840.10008.1.2.4.201": "pylibjpeg",  # high-throughput JPEG 2000
    "1.2.840.10008.1.2.4.202": "pylibjpeg",
    "1.2.840.10008.1.2.4.203": "pylibjpeg",
}
"""The decoder of each compressed transfer syntax by name, so that an installed extra never changes pixels."""


@dataclass(frozen=True, slots=True)
class PixelModel:
    """The image pixel module of a header, checked."""

    rows: int
    columns: int
    samples: int
    photometric: str
    planar: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool

    @property
    def native_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        if self.photometric == "YBR_FULL_422":
            return self.rows * self.columns * 2
        return self.rows * self.columns * self.samples * (self.allocated // 8)

    @property
    def colour(self) -> bool:
        """True when frames come out with three channels."""
        return self.samples == 3 or self.photometric == "PALETTE COLOR"


def _integer(header: DicomHeader, keyword: str, default: int | None = None) -> int:
    value = header.dataset.get(keyword)
    try:
        if value is None:
            value = default
        return int(value)
    except (TypeError, ValueError) as error:
        raise RefusedFileError(
            f"The DICOM header does not give {keyword}, so its pictures cannot be read; export it again."
        ) from error


def pixel_model(header: DicomHeader, *, photometric: str | None = None) -> PixelModel:
    """Check the image pixel module. Raises RefusedFileError for what no ultrasound picture has.

    ``photometric`` is used instead of the header's PhotometricInterpretation, where the pictures know better.
    """
    rows, columns = _integer(header, "Rows"), _integer(header, "Columns")
    check_size(rows, columns)
    samples, allocated = _integer(header, "SamplesPerPixel"), _integer(header, "BitsAllocated")
    photometric = photometric or str(header.dataset.get("PhotometricInterpretation") or "").strip()
    if photometric not in _PHOTOMETRICS:
        said = (
            f"a kind of colour that is not known ({photometric[:20]})" if photometric else "no kind of colour"
        )
        raise RefusedFileError(f"The DICOM header gives {said} for its pictures; export the cine again.")
    stored = _integer(header, "BitsStored", allocated)
    high = _integer(header, "HighBit", stored - 1)
    if (
        samples != (1 if photometric in _ONE_SAMPLE else 3)
        or allocated not in (8, 16)
        or (samples == 3 and allocated != 8)
        or not 0 < stored <= allocated
        or not stored - 1 <= high < allocated
    ):
        raise RefusedFileError(
            f"The pictures have {samples} channels of {allocated} bits as {photometric}, which no ultrasound "
            "machine makes; the header is damaged: export the cine again."
        )
    planar = _integer(header, "PlanarConfiguration", 0) if samples == 3 else 0
    signed = _integer(header, "PixelRepresentation", 0) == 1
    return PixelModel(rows, columns, samples, photometric, planar, allocated, stored, high, signed)


def native_samples(data: bytes, model: PixelModel, header: DicomHeader) -> NDArray[Any]:
    """``(H, W)`` or ``(H, W, 3)`` stored values of one uncompressed frame, byte order resolved."""
    if model.allocated == 16:
        order = "<" if header.little_endian else ">"
        return np.frombuffer(data, dtype=f"{order}u2").reshape(model.rows, model.columns)
    values = np.frombuffer(data, dtype=np.uint8)
    if not header.little_endian and header.pixel_vr == "OW":
        values = _unswap(values)
    if model.photometric == "YBR_FULL_422":
        return _expand_422(values, model)
    if model.samples == 1:
        return values.reshape(model.rows, model.columns)
    if model.planar == 1:
        return np.moveaxis(values.reshape(3, model.rows, model.columns), 0, 2)
    return values.reshape(model.rows, model.columns, 3)


def _unswap(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Big-endian words hold two 8-bit pixels each, the second one first."""
    even = values[: values.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)
    return np.concatenate([even, values[even.size :]])


def _expand_422(values: NDArray[np.uint8], model: PixelModel) -> NDArray[np.uint8]:
    """Y1 Y2 Cb Cr quadruples to ``(H, W, 3)`` YBR, chroma repeated."""
    if model.columns % 2:
        raise RefusedFileError(DAMAGED.format(what="its colours need an even width"))
    pairs = values.reshape(model.rows, model.columns // 2, 4)
    out = np.empty((model.rows, model.columns // 2, 2, 3), dtype=np.uint8)
    out[..., 0] = pairs[..., :2]
    out[..., 1] = pairs[..., 2:3]
    out[..., 2] = pairs[..., 3:4]
    return out.reshape(model.rows, model.columns, 3)


def compressed_samples(data: bytes, model: PixelModel, header: DicomHeader) -> NDArray[Any]:
    """Stored values of one compressed frame; YBR comes out as RGB. Raises RefusedFileError when damaged."""
    decoder = get_decoder(UID(header.transfer_syntax))
    options: dict[str, Any] = {
        "rows": model.rows, "columns": model.columns, "samples_per_pixel": model.samples,
        "photometric_interpretation": model.photometric, "bits_allocated": model.allocated,
        "bits_stored": model.stored, "pixel_representation": int(model.signed), "number_of_frames": 1,
        "planar_configuration": model.planar, "pixel_keyword": "PixelData",
    }  # fmt: skip
    with quiet():
        try:
            array, _ = decoder.as_array(
                encapsulate([data]), index=0, decoding_plugin=PLUGINS[header.transfer_syntax], **options
            )
        except Exception as error:  # every codec raises kinds of its own
            raise RefusedFileError(DAMAGED.format(what="a compressed frame cannot be decoded")) from error
    return array


class FrameConverter:
    """Stored values of a frame to 8-bit grey or RGB; the palette is looked up once."""

    def __init__(self, model: PixelModel, palette: NDArray[np.uint8] | None) -> None:
        self.model = model
        self._palette = palette

    def __call__(self, values: NDArray[Any], *, is_rgb: bool = False) -> Frame:
        """``is_rgb`` says that a decoder has converted YBR already."""
        if self._palette is not None:
            return self._palette[self._index(values)]
        if self.model.samples == 3:
            ybr = not is_rgb and self.model.photometric.startswith("YBR")
            rgb = convert_color_space(values, "YBR_FULL", "RGB") if ybr else values
            return np.ascontiguousarray(rgb, dtype=np.uint8)
        grey = self._to_eight_bits(values)
        return 255 - grey if self.model.photometric == "MONOCHROME1" else grey

    def _index(self, values: NDArray[Any]) -> NDArray[Any]:
        shift = self.model.high_bit + 1 - self.model.stored
        return (values >> shift) & ((1 << self.model.stored) - 1) if self.model.allocated == 16 else values

    def _to_eight_bits(self, values: NDArray[Any]) -> Frame:
        """The 8 most significant of the stored bits; signed values are moved up to start at zero."""
        model = self.model
        unsigned = values.view(f"u{values.dtype.itemsize}") if values.dtype.kind == "i" else values
        bits = (unsigned.astype(np.uint16) >> (model.high_bit + 1 - model.stored)) & ((1 << model.stored) - 1)
        if model.signed:
            bits = bits ^ (1 << (model.stored - 1))
        shift = model.stored - 8
        return (bits >> shift if shift >= 0 else bits << -shift).astype(np.uint8)
