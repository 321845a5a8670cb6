"""A DICOM file as a source of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studies.errors import RefusedFileError
from studies.imaging import header_facts
from studies.imaging.calibration import Calibration, calibrate
from studies.imaging.dicom import DicomHeader, read_header, uid_name
from studies.imaging.dicom_frames import (
    FrameTable,
    encapsulated_table,
    native_table,
    read_frame,
    tail_defect,
)
from studies.imaging.dicom_pixels import (
    PLUGINS,
    FrameConverter,
    PixelModel,
    compressed_samples,
    native_samples,
    pixel_model,
)
from studies.imaging.dicom_video import FragmentFile, is_video, video_table
from studies.imaging.guard import GuardedFile, file_facts, open_guarded, quiet
from studies.imaging.jpeg import JpegFacts, clean_jpeg, decode_jpeg, jpeg_facts
from studies.imaging.palette import palette_table
from studies.imaging.timing import dicom_timing
from studies.imaging.types import CineInfo, SourceFrame
from studies.imaging.video import stream_frames

_NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}
_JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}
_COLOUR_UNSAID = "The header does not give the kind of colour; that of the JPEG was used."
_COLOUR_WRONG = "The header says RGB, the JPEG is stored as YBR; the JPEG was followed."
_NOT_SUBSAMPLED = "The header says YBR_FULL_422, the pixels are stored as YBR_FULL; the pixels were followed."
_JPEG_XL = {f"1.2.840.10008.1.2.4.{n}" for n in (110, 111, 112)}


@dataclass(frozen=True, slots=True)
class DicomSource:
    """An opened and checked DICOM cine.

    ``as_rgb`` marks JPEG streams whose components are R, G and B; ``container`` names the demuxer of a video
    stream.
    """

    path: Path
    header: DicomHeader
    model: PixelModel
    table: FrameTable
    n_frames: int
    defects: tuple[str, ...]
    as_rgb: bool = False
    container: str | None = None

    @property
    def is_jpeg(self) -> bool:
        """True when frames are JPEG pictures that a browser can show."""
        return self.header.transfer_syntax in _JPEG


def _refuse_syntax(syntax: str) -> RefusedFileError:
    name = "JPEG XL" if syntax in _JPEG_XL else uid_name(syntax) or "a way that is not known"
    return RefusedFileError(
        f"The pictures are coded as {name}, which cannot be read here; "
        "export the cine as JPEG baseline, RLE or uncompressed."
    )


def _jpeg_colour(facts: JpegFacts, said: str | None) -> tuple[str, bool, list[str]]:
    """``(photometric, as_rgb, defects)``: whether three components are RGB, by stream before header."""
    if facts.components == 1:
        return said or "", False, []
    if not said:
        return "YBR_FULL_422", False, [_COLOUR_UNSAID]
    header_rgb = said == "RGB"
    marked = facts.jfif or facts.adobe_transform is not None
    if header_rgb and not facts.says_rgb and (marked or facts.subsampled):
        return "YBR_FULL_422", False, [_COLOUR_WRONG]
    if not header_rgb and facts.says_rgb:
        return "RGB", False, [f"The header says {said}, the JPEG is stored as RGB; the JPEG was followed."]
    return said, header_rgb and not facts.says_rgb, []


def _check_jpeg_size(facts: JpegFacts, header: DicomHeader) -> None:
    rows, columns = header.dataset.get("Rows"), header.dataset.get("Columns")
    if (facts.height, facts.width) != (rows, columns):
        raise RefusedFileError(
            f"The header gives {columns} × {rows} pixels and the pictures have "
            f"{facts.width} × {facts.height}; export the cine again."
        )
    if facts.components != header.dataset.get("SamplesPerPixel"):
        raise RefusedFileError(
            "The header and the pictures disagree on colour; the file is damaged: export the cine again."
        )


def _open_jpeg(path: Path, header: DicomHeader, fp: GuardedFile) -> DicomSource:
    table = encapsulated_table(fp, header)
    facts = jpeg_facts(read_frame(fp, table.frames[0]))
    said = str(header.dataset.get("PhotometricInterpretation") or "").strip() or None
    photometric, as_rgb, defects = _jpeg_colour(facts, said)
    _check_jpeg_size(facts, header)
    model = pixel_model(header, photometric=photometric)
    return _source(path, header, model, table, defects, as_rgb=as_rgb)


def _source(
    path: Path,
    header: DicomHeader,
    model: PixelModel,
    table: FrameTable,
    defects: Sequence[str] = (),
    *,
    as_rgb: bool = False,
) -> DicomSource:
    return DicomSource(path, header, model, table, len(table.frames), (*table.defects, *defects), as_rgb)


def _native_model(header: DicomHeader) -> tuple[PixelModel, list[str]]:
    """YBR_FULL_422 stored at full resolution is a known mistake of exporters: told by the length."""
    model = pixel_model(header)
    if model.photometric != "YBR_FULL_422":
        return model, []
    full = pixel_model(header, photometric="YBR_FULL")
    frames = int(header.dataset.get("NumberOfFrames") or 1)
    if header.pixel_length is not None and header.pixel_length // max(full.native_bytes, 1) == frames:
        return full, [_NOT_SUBSAMPLED]
    return model, []


def open_dicom(path: Path) -> DicomSource:
    """Open and check a DICOM file without reading its pixels. Raises RefusedFileError with the reason."""
    header = read_header(path)
    syntax = header.transfer_syntax
    with open_guarded(path) as fp:
        if syntax in _JPEG:
            source = _open_jpeg(path, header, fp)
        elif syntax in _NATIVE:
            model, defects = _native_model(header)
            table = native_table(header, model.native_bytes)
            source = _source(path, header, model, table, defects)
        elif syntax in PLUGINS:
            table = encapsulated_table(fp, header)
            source = _source(path, header, pixel_model(header), table)
        elif is_video(syntax):
            table, container, n = video_table(fp, header)
            model = replace(pixel_model(header), photometric="RGB")
            source = DicomSource(path, header, model, table, n, table.defects, container=container)
        else:
            raise _refuse_syntax(syntax)
        tail = tail_defect(fp, source.table.end, little_endian=header.little_endian)
    return source if tail is None else replace(source, defects=(*source.defects, tail))


def _converter(source: DicomSource) -> FrameConverter:
    palette = None
    if source.model.photometric == "PALETTE COLOR":
        palette = palette_table(source.header, source.model.stored)
    return FrameConverter(source.model, palette)


def dicom_frames(source: DicomSource, start: int = 0, stop: int | None = None) -> Iterator[SourceFrame]:
    """Frames ``start`` to ``stop``, one at a time."""
    with open_guarded(source.path) as fp:
        if source.container is not None:
            stream = FragmentFile(fp, source.table.frames[0])
            yield from stream_frames(stream, source.container, start, stop)
            return
        convert = _converter(source)
        for spans in source.table.frames[start:stop]:
            data = read_frame(fp, spans)
            if source.is_jpeg:
                yield _jpeg_frame(data, source)
            elif source.header.transfer_syntax in _NATIVE:
                yield SourceFrame(pixels=convert(native_samples(data, source.model, source.header)))
            else:
                yield SourceFrame(
                    pixels=convert(compressed_samples(data, source.model, source.header), is_rgb=True)
                )


def _jpeg_frame(data: bytes, source: DicomSource) -> SourceFrame:
    facts = jpeg_facts(data)
    _check_jpeg_size(facts, source.header)
    clean = clean_jpeg(data, as_rgb=source.as_rgb)
    if source.model.photometric == "MONOCHROME1":
        return SourceFrame(pixels=255 - decode_jpeg(clean))
    return SourceFrame(jpeg=clean)


def _frequency_khz(calibration: Calibration) -> float | None:
    found = [r.frequency_khz for r in calibration.regions if r.is_2d_image and r.frequency_khz]
    return found[0] if found else None


def inspect_dicom(path: Path, key: bytes | None = None) -> CineInfo:
    """Facts of a DICOM cine; its first frame is decoded. Raises RefusedFileError with the reason."""
    size, digest = file_facts(path)
    source = open_dicom(path)
    next(iter(dicom_frames(source, 0, 1)))
    header, model, n = source.header.dataset, source.model, source.n_frames
    with quiet():
        timing, calibration = dicom_timing(header, n), calibrate(header, model.rows, model.columns)
        facts = header_facts.acquisition_facts(
            header, depth_mm=calibration.depth_mm, frequency_khz=_frequency_khz(calibration)
        )
    declared = header.get("NumberOfFrames")
    defects = (*source.header.defects, *source.defects, *header_facts.identity_defects(header))
    return CineInfo(
        kind="dicom", n_frames=n, header_n_frames=int(declared) if declared else None,
        height=model.rows, width=model.columns, colour=model.colour,
        fps=timing.fps, frame_times_ms=timing.frame_times_ms, timing_source=timing.source,
        spacing_mm=calibration.spacing_mm, spacing_source=calibration.source,
        source_sha256=digest, source_bytes=size,
        source_format=f"DICOM, {uid_name(source.header.transfer_syntax)}",
        regions=calibration.regions, defects=(*defects, *timing.defects, *calibration.defects),
        transfer_syntax=source.header.transfer_syntax, sop_class=source.header.sop_class,
        photometric=model.photometric, burned_in_annotation=header_facts.burned_in_annotation(header),
        laterality=header_facts.laterality(header), acquisition=facts,
        identifier_digests=header_facts.identifier_digests(header, key),
    )  # fmt: skip
