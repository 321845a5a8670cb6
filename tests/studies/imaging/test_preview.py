"""Thumbnails, and fingerprints that survive recoding and tell clips apart."""

import csv
import io

import numpy as np
import pytest
from PIL import Image

from studies.imaging.cine import inspect_file
from studies.imaging.pack import write_pack
from studies.imaging.pack_reader import PackReader
from studies.imaging.preview import (
    NEAR_DUPLICATE,
    frame_hash,
    hash_distance,
    perceptual_hash,
    thumbnail,
    thumbnails,
)
from tests.studies.imaging.builders import SHARED, calibrated, jpeg_cine, native, region, speckle


def pack_of(tmp_path, name, source, **options):
    write_pack(source, tmp_path / name, info=inspect_file(source), **options)
    return tmp_path / name


@pytest.mark.parametrize(
    ("kind", "colour"), [("JPEG", False), ("WEBP", False), ("JPEG", True), ("WEBP", True)]
)
def test_thumbnail_has_the_width_and_the_proportions(tmp_path, kind, colour):
    pack = pack_of(tmp_path, "p", native(tmp_path / "a", speckle(5, 96, 128, colour=colour)))
    image = Image.open(io.BytesIO(thumbnail(pack, width=64, kind=kind)))
    assert (image.format, image.size, image.mode) == (
        kind,
        (64, 48),
        "RGB" if colour or kind == "WEBP" else "L",
    )
    assert Image.open(io.BytesIO(thumbnail(pack, width=9999))).size == (128, 96)


def test_thumbnail_shows_the_frame_asked_for(tmp_path):
    frames = np.stack([np.full((48, 64), v, np.uint8) for v in (10, 120, 240)])
    with PackReader(pack_of(tmp_path, "p", native(tmp_path / "a", frames))) as pack:
        for index, value in ((0, 10), (None, 120), (2, 240)):
            shown = np.asarray(Image.open(io.BytesIO(thumbnail(pack, frame_index=index))))
            assert abs(int(shown.mean()) - value) <= 2


def test_several_thumbnails(tmp_path):
    pack = pack_of(tmp_path, "p", native(tmp_path / "a", speckle(7)))
    assert len(thumbnails(pack, 5)) == 5
    assert len(thumbnails(pack, 50)) == 7


def test_fingerprint_survives_recoding_blanking_and_brightness(tmp_path):
    frames = speckle(9, 96, 128)
    box = calibrated(region(0, 16, 127, 95))
    plain = perceptual_hash(pack_of(tmp_path, "p", native(tmp_path / "a", frames, **box)))
    jpeg = perceptual_hash(pack_of(tmp_path, "q", jpeg_cine(tmp_path / "b", frames, **box)))
    wiped = perceptual_hash(
        pack_of(tmp_path, "r", native(tmp_path / "c", frames, **box), blank=[(0, 0, 128, 16)])
    )
    dark = perceptual_hash(
        pack_of(tmp_path, "s", native(tmp_path / "d", (frames * 0.7).astype(np.uint8), **box))
    )
    assert len(plain) == 80
    assert wiped == plain
    assert hash_distance(plain, jpeg) <= NEAR_DUPLICATE
    assert hash_distance(plain, dark) <= NEAR_DUPLICATE


def test_fingerprint_tells_clips_apart(tmp_path):
    hashes = [
        perceptual_hash(pack_of(tmp_path, f"p{i}", native(tmp_path / f"a{i}", speckle(9, 96, 128, seed=i))))
        for i in range(4)
    ]
    for i in range(4):
        for j in range(i):
            assert hash_distance(hashes[i], hashes[j]) > 2 * NEAR_DUPLICATE


def test_distance():
    assert hash_distance("00", "00") == 0
    assert hash_distance("00", "ff") == 1
    assert hash_distance("0f", "0e") == 1 / 8
    for pair in (("00", "0"), ("", "")):
        with pytest.raises(ValueError, match="length"):
            hash_distance(*pair)


@pytest.mark.real_data
def test_fingerprint_finds_the_known_near_duplicates():
    folder = SHARED / "breast_us"
    if not folder.is_dir():
        pytest.skip("the real pictures of breast_us are not here")
    with (folder / "manifest.csv").open(newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["near_duplicate_group"]]
    groups = {}
    for row in rows:
        groups.setdefault(row["near_duplicate_group"], []).append(row["file"])
    pairs = [names[:2] for names in groups.values() if len(names) > 1][:25]
    assert pairs

    def fingerprint(name):
        return frame_hash(np.asarray(Image.open(folder / "images" / name).convert("L")))

    first, second = ([fingerprint(pair[side]) for pair in pairs] for side in (0, 1))
    same = [hash_distance(a, b) for a, b in zip(first, second, strict=True)]
    other = [hash_distance(a, b) for i, a in enumerate(first) for j, b in enumerate(second) if i != j]
    assert max(same) <= NEAR_DUPLICATE
    assert np.mean(np.array(other) <= NEAR_DUPLICATE) < 0.01
