"""Names and versions of the decoders that turned a source into pixels: results depend on them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from studies.imaging.dicom_pixels import PLUGINS
from studies.imaging.dicom_video import is_video
from studies.imaging.jpeg import DECODER as JPEG_DECODER
from studies.imaging.types import CineInfo

_PACKAGES = {"gdcm": "python-gdcm", "pyjpegls": "pyjpegls"}
_RLE = "1.2.840.10008.1.2.5"


def _named(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


def _plugin(transfer_syntax: str) -> str:
    plugin = PLUGINS[transfer_syntax]
    if plugin == "pylibjpeg":
        return "pylibjpeg-rle" if transfer_syntax == _RLE else "pylibjpeg-openjpeg"
    return _PACKAGES[plugin]


def decoders_of(info: CineInfo, *, has_jpeg: bool) -> str:
    """Decoders behind the stored frames of a cine, for instance ``pydicom 3.0.2, pylibjpeg-rle 2.2.0``.

    ``has_jpeg`` says that frames are kept as JPEG and decoded whenever they are analysed.
    """
    names: list[str] = []
    if has_jpeg:
        names.append(JPEG_DECODER)
    elif info.kind == "video" or is_video(info.transfer_syntax or ""):
        names.append(_named("av"))
    elif info.kind == "dicom":
        names.append(_named("pydicom"))
        if info.transfer_syntax in PLUGINS:
            names.append(_named(_plugin(info.transfer_syntax)))
    else:
        names.append(_named("pillow"))
    return ", ".join(names)
