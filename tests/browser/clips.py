"""Cines whose frame numbers are burned into the pixels, so that a test can read which frame is on screen."""

import io
import zipfile
from pathlib import Path

import numpy as np
from django.core.files import File
from PIL import Image, ImageFilter

from studies.imaging.cine import inspect_file
from studies.imaging.pack import write_pack
from studies.models import Clip, Exam, Patient

BITS = 12
CELL_PX = 8
LESION_DARKER = 5
JPEG_QUALITY = 95
SPECKLE_PX = 1.5
"""Makes an 800 x 600 JPEG of quality 95 about 106 kB; real stills of that size have a median of 110 kB."""


def numbered_frame(number: int, width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """(height, width) uint8: speckle, a dark moving lesion, and the number as black and white cells."""
    grains = rng.rayleigh(60, size=(height, width)).clip(0, 255).astype(np.uint8)
    speckle = np.asarray(Image.fromarray(grains).filter(ImageFilter.GaussianBlur(SPECKLE_PX))).copy()
    x1, y1, x2, y2 = lesion_box(number, width, height)
    speckle[int(y1) : int(y2), int(x1) : int(x2)] //= LESION_DARKER
    for bit in range(BITS):
        value = 255 if number >> bit & 1 else 0
        speckle[:CELL_PX, bit * CELL_PX : (bit + 1) * CELL_PX] = value
    return speckle


def lesion_box(number: int, width: int, height: int) -> tuple[float, float, float, float]:
    """Where the lesion is on a frame: it swings from side to side."""
    left = width * (0.3 + 0.2 * np.sin(number / 15))
    return (float(left), height * 0.35, float(left + width * 0.25), height * 0.65)


def write_numbered(path: Path, n_frames: int, width: int, height: int, *, as_jpeg: bool = False) -> None:
    """A ZIP of numbered pictures: the simplest cine that ingest takes; it keeps the bytes of JPEGs."""
    rng = np.random.default_rng(7)
    ending, options = (".jpg", {"quality": JPEG_QUALITY}) if as_jpeg else (".png", {"compress_level": 1})
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(n_frames):
            picture = io.BytesIO()
            image = Image.fromarray(numbered_frame(number, width, height, rng))
            image.save(picture, Image.registered_extensions()[ending], **options)
            archive.writestr(f"{number:05d}{ending}", picture.getvalue())


def numbered_clip(
    patient: Patient,
    folder: Path,
    n_frames: int = 60,
    size: tuple[int, int] = (320, 240),
    *,
    as_jpeg: bool = False,
) -> Clip:
    """A stored clip of numbered frames at 20 frames per second."""
    width, height = size
    source, target = folder / "numbered.zip", folder / "numbered.pack"
    if not target.exists():
        write_numbered(source, n_frames, width, height, as_jpeg=as_jpeg)
        write_pack(source, target, info=inspect_file(source))
    exam = Exam.objects.create(patient=patient, number=patient.exams.count() + 1)
    digest = f"{exam.pk.int:064x}"
    clip = Clip(
        exam=exam,
        kind=Clip.Kind.ARCHIVE,
        n_frames=n_frames,
        width_px=width,
        height_px=height,
        fps=20.0,
        timing_source="FrameTime",
        spacing_row_mm=0.1,
        spacing_column_mm=0.1,
        spacing_source="PhysicalDelta",
        pack_sha256=digest,
        source_sha256=digest,
    )
    with target.open("rb") as pack:
        clip.pack.save("frames.pack", File(pack), save=False)
    clip.save()
    return clip


READ_FRAME_JS = f"""() => {{
  const canvas = document.querySelector("#picture");
  const row = canvas.getContext("2d").getImageData(0, {CELL_PX // 2}, {BITS * CELL_PX}, 1).data;
  let number = 0;
  for (let bit = 0; bit < {BITS}; bit += 1) {{
    if (row[(bit * {CELL_PX} + {CELL_PX // 2}) * 4] > 127) number |= 1 << bit;
  }}
  return number;
}}"""
"""Reads the frame number out of the pixels on screen."""
