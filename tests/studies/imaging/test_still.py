"""Single pictures: accepted, one frame, no timing; and files of other kinds refused by name."""

import numpy as np
import pytest
from PIL import Image

from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_frames, source_frames
from tests.studies.imaging.builders import picture, speckle

GREY = speckle(1)[0]
COLOUR = speckle(1, colour=True)[0]


def test_png_and_bmp(tmp_path):
    for kind in ("PNG", "BMP"):
        for pixels in (GREY, COLOUR):
            (tmp_path / "a").write_bytes(picture(pixels, kind))
            info = inspect_file(tmp_path / "a")
            assert (info.kind, info.n_frames, info.is_still) == ("still", 1, True)
            assert (info.height, info.width, info.colour) == (48, 64, pixels.ndim == 3)
            assert info.timing_source == info.spacing_source == "not recorded"
            (frame,) = iter_frames(tmp_path / "a", colour=pixels.ndim == 3)
            assert np.array_equal(frame, pixels)


def test_jpeg_loses_its_exif_only(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "SECRETNAME"
    (tmp_path / "a").write_bytes(picture(COLOUR, "JPEG", exif=exif, comment=b"SECRETTOO"))
    (tmp_path / "b").write_bytes(picture(COLOUR, "JPEG"))
    (frame,) = source_frames(tmp_path / "a")
    assert b"SECRET" in (tmp_path / "a").read_bytes()
    assert frame.jpeg == (tmp_path / "b").read_bytes()


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    words = np.random.default_rng(0).integers(0, 1 << 16, (48, 64), dtype=np.uint16)
    (tmp_path / "a").write_bytes(picture(words))
    (frame,) = iter_frames(tmp_path / "a")
    assert np.array_equal(frame, words >> 8)


def test_slices_of_a_still(tmp_path):
    (tmp_path / "a").write_bytes(picture(GREY))
    assert list(iter_frames(tmp_path / "a", start=1)) == []


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
        (b"Rar!\x1a", "RAR"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"<html>", "web page"),
        (b"\0\0\0\x20ftypheic", "HEIC"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"\xff\x0a", "JPEG XL"),
        (b"\xd0\xcf\x11\xe0", "office"),
        (b"name,age\n", "neither"),
        (b"\0" * 64, "ends before"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"BM", "damaged"),
        (b"\xff\xd8\xff\xe0", "damaged"),
    ],
)
def test_other_kinds_are_refused_by_name(tmp_path, head, word):
    (tmp_path / "a").write_bytes(head)
    with pytest.raises(RefusedFileError, match=word) as caught:
        inspect_file(tmp_path / "a")
    assert str(caught.value).count(".") >= 1


def test_empty_missing_and_folder(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    for path, word in ((tmp_path / "a", "empty"), (tmp_path / "b", "no file"), (tmp_path, "folder")):
        with pytest.raises(RefusedFileError, match=word):
            inspect_file(path)


def test_too_large_a_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(picture(GREY))
    monkeypatch.setattr("studies.imaging.guard.MAX_FILE_BYTES", 100)
    with pytest.raises(RefusedFileError, match="at most"):
        inspect_file(tmp_path / "a")
