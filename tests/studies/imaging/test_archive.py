"""ZIPs of numbered pictures: order, gaps, bombs and everything that is not one cine."""

import struct
import zipfile
import zlib

import numpy as np
import pytest

from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_frames, source_frames
from tests.studies.imaging.builders import archive, jpegs_of, picture, speckle

FRAMES = speckle(12)
PNGS = [picture(f) for f in FRAMES]


def inspect_and_read(path):
    inspect_file(path)
    return list(iter_frames(path))


def refused(path, *words):
    with pytest.raises(RefusedFileError) as caught:
        inspect_and_read(path)
    assert all(word.lower() in str(caught.value).lower() for word in words), str(caught.value)


@pytest.mark.parametrize(
    "pattern", ["{}.png", "frame_{}.png", "case7/img ({}).png", "{:05d}.PNG", "a1_b2_{}.png"]
)
def test_natural_order_by_the_last_number(tmp_path, pattern):
    order = np.random.default_rng(0).permutation(12)
    path = archive(tmp_path / "a", {pattern.format(i + 1): PNGS[i] for i in order})
    info = inspect_file(path)
    assert (info.kind, info.n_frames, info.timing_source, info.fps) == ("archive", 12, "not recorded", None)
    assert (info.height, info.width, info.colour, info.spacing_mm) == (48, 64, False, None)
    assert info.defects == ()
    assert np.array_equal(np.stack(list(iter_frames(path))), FRAMES)
    assert np.array_equal(np.stack(list(iter_frames(path, start=9, stop=11))), FRAMES[9:11])


def test_missing_numbers_are_named(tmp_path):
    path = archive(tmp_path / "a", {f"{i}.png": PNGS[i] for i in (1, 2, 5, 9)})
    info = inspect_file(path)
    assert info.n_frames == 4
    assert any("5 numbers" in d for d in info.defects)


def test_jpegs_pass_but_for_their_text(tmp_path):
    jpegs = jpegs_of(FRAMES)
    secret = b"\xff\xfe\x00\x0cSECRETNAME"
    path = archive(tmp_path / "a", {f"{i}.jpg": j[:2] + secret + j[2:] for i, j in enumerate(jpegs)})
    assert [f.jpeg for f in source_frames(path)] == jpegs


def test_companions_of_operating_systems_are_ignored(tmp_path):
    extra = {"__MACOSX/._1.png": b"x", "Thumbs.db": b"x", ".DS_Store": b"x"}
    path = archive(tmp_path / "a", {f"{i}.png": p for i, p in enumerate(PNGS)} | extra)
    assert inspect_file(path).n_frames == 12


def test_a_single_picture_needs_no_number(tmp_path):
    assert inspect_file(archive(tmp_path / "a", {"picture.png": PNGS[0]})).n_frames == 1


@pytest.mark.parametrize(
    ("named", "word"),
    [
        ({}, "no pictures"),
        ({"a/": b""}, "no pictures"),
        ({"1.png": PNGS[0], "b.png": PNGS[1]}, "no number"),
        ({"1.png": PNGS[0], "01.png": PNGS[1]}, "same number"),
        ({"a/1.png": PNGS[0], "b/2.png": PNGS[1]}, "folders"),
        ({"../1.png": PNGS[0]}, "outside"),
        ({"/etc/1.png": PNGS[0]}, "outside"),
        ({"C:\\1.png": PNGS[0]}, "outside"),
        ({"a\\..\\..\\1.png": PNGS[0]}, "outside"),
        ({"1.png": PNGS[0], "inner.zip": b"PK"}, "another ZIP"),
        ({"1.png": PNGS[0], "notes.txt": b"x"}, ".txt"),
        ({"1.png": PNGS[0], "2.png": picture(speckle(1, 32, 32)[0])}, "sizes"),
        ({"1.png": b"no picture"}, "damaged"),
        ({"1.png": PNGS[0][:200], "2.png": PNGS[1]}, "damaged"),
        ({"1.jpg": jpegs_of(FRAMES)[0][:300]}, "damaged"),
        ({"[Content_Types].xml": b"<a/>", "1.png": PNGS[0]}, "office"),
        ({"1.png": PNGS[0], "9" * 20 + ".png": PNGS[1]}, "no number"),
    ],
)
def test_refusals(tmp_path, named, word):
    refused(archive(tmp_path / "a", named), word)


def test_bomb_is_refused_by_its_ratio(tmp_path):
    refused(archive(tmp_path / "a", {"1.png": bytes(40 * 1024**2)}), "unpacks")


def test_bomb_that_lies_about_its_size(tmp_path):
    path = archive(tmp_path / "a", {"1.png": PNGS[0] + bytes(8 * 1024**2)})
    data = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        where = data.index(signature) + at
        data[where : where + 4] = struct.pack("<L", 9000)
    path.write_bytes(data)
    refused(path, "damaged")


def test_picture_bomb_inside(tmp_path):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    huge = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))
    huge += chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    refused(archive(tmp_path / "a", {"1.png": huge}, zipfile.ZIP_STORED), "9000")


def test_password(tmp_path):
    path = archive(tmp_path / "a", {"1.png": PNGS[0]})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refused(path, "password")


def test_cut_zip(tmp_path):
    whole = archive(tmp_path / "a", {f"{i}.png": p for i, p in enumerate(PNGS)}).read_bytes()
    for keep in (5, 30, len(whole) // 2, len(whole) - 10):
        (tmp_path / "cut").write_bytes(whole[:keep])
        refused(tmp_path / "cut", "damaged")


def test_too_many_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr("studies.imaging.archive.MAX_FRAMES", 5)
    refused(archive(tmp_path / "a", {f"{i}.png": p for i, p in enumerate(PNGS)}), "12", "5")
