"""Frame packs: what is stored, what passes, what is wiped, and what a damaged pack does."""

import gc
import hashlib
import io
import subprocess

import numpy as np
import pytest
from PIL import Image

from studies.errors import RefusedFileError
from studies.imaging import wipe
from studies.imaging.cine import inspect_file, iter_frames, iter_luma
from studies.imaging.jpeg import clean_jpeg, decode_jpeg, decode_luma
from studies.imaging.pack import wipe_pack, write_pack
from studies.imaging.pack_format import FOOTER, PackCancelledError, PackError
from studies.imaging.pack_reader import PackReader
from tests.studies.imaging.builders import (
    archive,
    calibrated,
    jpeg_cine,
    jpegs_of,
    native,
    picture,
    region,
    speckle,
    video,
)

BOX = (3, 5, 20, 12)


def packed(source, target, **options):
    info = inspect_file(source)
    return write_pack(source, target, info=info, **options)


@pytest.fixture
def cines(tmp_path):
    """One source of every kind."""
    grey, colour = speckle(), speckle(colour=True)
    return {
        "native": native(tmp_path / "n", grey, **calibrated(region(TransducerFrequency=9000))),
        "vector": native(tmp_path / "t", grey, FrameTimeVector=[0, 40, 50, 40, 40, 40]),
        "rgb": native(tmp_path / "c", colour),
        "jpeg": jpeg_cine(tmp_path / "j", grey),
        "colour jpeg": jpeg_cine(tmp_path / "k", colour),
        "video": video(tmp_path / "v.avi", colour),
        "zip": archive(tmp_path / "z", {f"{i}.png": picture(f) for i, f in enumerate(grey)}),
    }


def test_every_kind_comes_back_as_it_went_in(cines, tmp_path):
    for name, source in cines.items():
        info = inspect_file(source, key=b"key")
        write_pack(source, tmp_path / "p", info=info)
        with PackReader(tmp_path / "p") as pack:
            assert pack.n_frames == info.n_frames == 6, name
            assert (pack.height, pack.width) == (48, 64)
            for i, (grey, rgb) in enumerate(
                zip(iter_frames(source), iter_frames(source, colour=True), strict=True)
            ):
                assert np.array_equal(pack.grey(i), grey), name
                assert np.array_equal(pack.rgb(i), rgb), name
            without = {k: getattr(info, k) for k in info.__slots__ if k != "identifier_digests"}
            assert {k: getattr(pack.info, k) for k in without} == without
            assert not pack.info.identifier_digests


def test_slices(cines, tmp_path):
    packed(cines["native"], tmp_path / "p")
    with PackReader(tmp_path / "p") as pack:
        assert len(list(pack.iter_grey(2, 5))) == 3
        assert np.array_equal(next(pack.iter_grey(4)), pack.grey(4))
        assert next(pack.iter_rgb(1)).shape == (48, 64, 3)
        for index in (-1, 6):
            with pytest.raises(IndexError):
                pack.grey(index)


def test_jpeg_frames_are_stored_and_viewed_byte_for_byte(tmp_path):
    frames = speckle(colour=True)
    jpegs = jpegs_of(frames)
    done = packed(jpeg_cine(tmp_path / "a", frames, jpegs=jpegs), tmp_path / "p")
    assert (done.stored_as, done.passed_through, done.blanked) == ("jpeg", 6, ())
    with PackReader(tmp_path / "p") as pack:
        for i, jpeg in enumerate(jpegs):
            assert pack.view(i) == (jpeg, "image/jpeg")
            assert pack.lossless(i)[0] == jpeg
            assert pack.frame_digest(i) == hashlib.sha256(jpeg).hexdigest()


def test_other_frames_are_png_with_one_jpeg_for_viewing(cines, tmp_path):
    done = packed(cines["rgb"], tmp_path / "p")
    assert (done.stored_as, done.passed_through) == ("png", 0)
    with PackReader(tmp_path / "p") as pack:
        data, kind = pack.view(2)
        assert kind == "image/jpeg"
        assert np.abs(decode_jpeg(data).astype(int) - pack.rgb(2)).mean() < 3
        stored, kind = pack.lossless(2)
        assert kind == "image/png"
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(stored))), pack.rgb(2))


def test_neutral_colour_is_stored_grey(tmp_path):
    frames = np.repeat(speckle()[..., None], 3, axis=3)
    source = native(tmp_path / "a", frames)
    assert inspect_file(source).colour
    assert not packed(source, tmp_path / "p").colour
    with PackReader(tmp_path / "p") as pack:
        assert np.array_equal(pack.rgb(0), frames[0])


def test_a_jpeg_without_colour_is_read_from_its_luma_alone(tmp_path, monkeypatch):
    frames = np.repeat(np.random.default_rng(3).integers(0, 256, (3, 48, 64, 1), dtype=np.uint8), 3, axis=3)
    source = jpeg_cine(tmp_path / "a", frames)
    assert not packed(source, tmp_path / "p").colour
    expected = list(iter_frames(source))
    monkeypatch.setattr("studies.imaging.pack_reader.decode_jpeg", None)
    with PackReader(tmp_path / "p") as pack:
        assert all(np.array_equal(a, b) for a, b in zip(pack.iter_grey(), expected, strict=True))


def test_luma_is_near_the_grey_and_the_same_without_colour(cines, tmp_path):
    for name, source in cines.items():
        packed(source, tmp_path / "p")
        with PackReader(tmp_path / "p") as pack:
            luma, grey = np.stack(list(pack.iter_luma())), np.stack(list(pack.iter_grey()))
        assert np.array_equal(luma, np.stack(list(iter_luma(source)))), name
        if name == "colour jpeg":
            assert 0 < np.abs(luma.astype(int) - grey).mean() < 2
        else:
            assert np.array_equal(luma, grey), name


def test_text_segments_of_jpeg_frames_are_gone(tmp_path):
    frames = speckle(2)
    secret = b"SECRETNAME"
    jpegs = []
    for jpeg in jpegs_of(frames):
        exif = b"\xff\xe1" + (2 + 6 + len(secret)).to_bytes(2, "big") + b"Exif\0\0" + secret
        comment = b"\xff\xfe" + (2 + len(secret)).to_bytes(2, "big") + secret
        jpegs.append(jpeg[:2] + exif + comment + jpeg[2:] + secret)
    packed(jpeg_cine(tmp_path / "a", frames, jpegs=jpegs), tmp_path / "p")
    assert secret not in (tmp_path / "p").read_bytes()
    with PackReader(tmp_path / "p") as pack:
        assert [pack.view(i)[0] for i in range(2)] == jpegs_of(frames)


def test_nothing_of_the_header_is_in_the_pack(tmp_path):
    source = native(tmp_path / "a", speckle(), PatientComments="SECRETCOMMENT")
    info = inspect_file(source, key=b"key")
    write_pack(source, tmp_path / "p", info=info)
    data = (tmp_path / "p").read_bytes()
    for secret in (
        b"SECRET",
        b"DOE",
        b"19510829",
        b"20170302",
        *map(str.encode, info.identifier_digests.values()),
    ):
        assert secret not in data


class TestBlanking:
    def test_pixels_are_black_inside_and_untouched_outside(self, cines, tmp_path):
        done = packed(cines["native"], tmp_path / "p", blank=[BOX])
        assert done.blanked == (BOX,)
        expected = np.stack(list(iter_frames(cines["native"])))
        expected[:, 5:12, 3:20] = 0
        with PackReader(tmp_path / "p") as pack:
            assert pack.blanked == (BOX,)
            assert np.array_equal(np.stack(list(pack.iter_grey())), expected)
            assert decode_jpeg(pack.view(0)[0])[6:11, 4:19].max() < 60

    def test_boxes_are_clipped_and_empty_ones_dropped(self, cines, tmp_path):
        done = packed(cines["native"], tmp_path / "p", blank=[(-9, -9, 4, 4), (90, 0, 99, 9), (5, 5, 5, 9)])
        assert done.blanked == ((0, 0, 4, 4),)

    @pytest.mark.skipif(wipe.jpegtran_path() is None, reason="jpegtran is not installed")
    @pytest.mark.parametrize("subsampling", ["444", "422", "420"])
    def test_jpeg_blocks_outside_keep_their_coefficients(self, tmp_path, subsampling):
        frames = speckle(2, 96, 96, colour=True)
        jpegs = jpegs_of(frames, subsampling=subsampling)
        source = jpeg_cine(tmp_path / "a", frames, jpegs=jpegs)
        done = packed(source, tmp_path / "p", blank=[(20, 20, 40, 40)])
        across, down = {"444": (8, 8), "422": (16, 8), "420": (16, 16)}[subsampling]
        x1, y1, x2, y2 = box = done.blanked[0]
        assert box == (
            20 // across * across,
            20 // down * down,
            -(-40 // across) * across,
            -(-40 // down) * down,
        )
        assert done.stored_as == "jpeg"
        assert done.passed_through == 0
        with PackReader(tmp_path / "p") as pack:
            wiped = pack.lossless(1)[0]
            assert np.ptp(decode_luma(wiped)[y1:y2, x1:x2]) == 0
            rim = 2  # smoothed colour of the neighbours
            inside = pack.rgb(1)[y1 + rim : y2 - rim, x1 + rim : x2 - rim]
            assert np.ptp(inside.reshape(-1, 3), axis=0).max() == 0
        for crop in (f"96x{y1}+0+0", f"96x{96 - y2}+0+{y2}", f"{x1}x96+0+0", f"{96 - x2}x96+{x2}+0"):
            assert coefficients(wiped, crop) == coefficients(jpegs[1], crop)
        assert coefficients(wiped, "96x96+0+0") != coefficients(jpegs[1], "96x96+0+0")

    @pytest.mark.skipif(wipe.jpegtran_path() is None, reason="jpegtran is not installed")
    def test_several_boxes_up_to_the_border(self, tmp_path):
        frames = speckle(2, 56, 72, colour=True)
        boxes = [(0, 0, 72, 9), (60, 30, 72, 56)]
        done = packed(jpeg_cine(tmp_path / "a", frames), tmp_path / "p", blank=boxes)
        assert done.blanked == ((0, 0, 72, 16), (48, 16, 72, 56))
        with PackReader(tmp_path / "p") as pack:
            for x1, y1, x2, y2 in done.blanked:
                assert np.ptp(decode_luma(pack.lossless(0)[0])[y1:y2, x1:x2]) == 0

    def test_without_jpegtran_frames_become_png(self, tmp_path, monkeypatch):
        monkeypatch.setattr(wipe, "jpegtran_path", lambda: None)
        source = jpeg_cine(tmp_path / "a", speckle(colour=True))
        done = packed(source, tmp_path / "p", blank=[BOX])
        assert (done.stored_as, done.blanked) == ("png", (BOX,))
        expected = np.stack(list(iter_frames(source, colour=True)))
        expected[:, 5:12, 3:20] = 0
        with PackReader(tmp_path / "p") as pack:
            assert np.array_equal(np.stack(list(pack.iter_rgb())), expected)

    def test_a_failing_jpegtran_is_not_trusted(self, tmp_path, monkeypatch):
        monkeypatch.setattr(wipe, "_wipe_one", lambda program, data, box: data)
        done = packed(jpeg_cine(tmp_path / "a", speckle(colour=True)), tmp_path / "p", blank=[BOX])
        assert done.stored_as == "png"
        with PackReader(tmp_path / "p") as pack:
            assert pack.rgb(0)[5:12, 3:20].max() == 0


def coefficients(jpeg, crop):
    """Quantised coefficients of a crop along block borders, in one canonical coding."""
    args = ["jpegtran", "-copy", "none", "-crop", crop]
    cropped = subprocess.run(args, input=jpeg, capture_output=True, check=True).stdout
    return clean_jpeg(cropped)


class TestWhole:
    def test_target_appears_only_when_complete(self, tmp_path):
        jpegs = jpegs_of(speckle())
        jpegs[4] = jpegs[4][:-60]
        source = jpeg_cine(tmp_path / "a", speckle(), jpegs=jpegs)
        with pytest.raises(RefusedFileError):
            packed(source, tmp_path / "p")
        assert [p.name for p in tmp_path.iterdir()] == ["a"]

    def test_cancel_leaves_nothing(self, cines, tmp_path):
        asked = []
        with pytest.raises(PackCancelledError):
            packed(cines["native"], tmp_path / "p", cancelled=lambda: asked.append(1) or len(asked) > 3)
        assert not (tmp_path / "p").exists()
        assert not (tmp_path / "p.part").exists()

    def test_progress_counts_every_frame(self, cines, tmp_path):
        seen = []
        packed(cines["native"], tmp_path / "p", progress=lambda done, total: seen.append((done, total)))
        assert seen == [(i, 6) for i in range(1, 7)]

    def test_a_stream_gets_the_same_bytes(self, cines, tmp_path):
        out = io.BytesIO()
        done = packed(cines["jpeg"], out)
        again = packed(cines["jpeg"], tmp_path / "p")
        assert out.getvalue() == (tmp_path / "p").read_bytes()
        assert done == again
        assert done.sha256 == hashlib.sha256(out.getvalue()).hexdigest()
        assert done.n_bytes == len(out.getvalue())

    def test_count_that_changed_since_inspection(self, cines, tmp_path):
        info = inspect_file(cines["native"])
        shorter = native(tmp_path / "s", speckle(4))
        with pytest.raises(RefusedFileError, match="6 frames"):
            write_pack(shorter, tmp_path / "p", info=info)


class TestDamage:
    @pytest.fixture
    def whole(self, cines, tmp_path):
        packed(cines["rgb"], tmp_path / "p")
        return (tmp_path / "p").read_bytes()

    def test_every_truncation_is_told(self, whole, tmp_path):
        for keep in [*range(0, len(whole), max(len(whole) // 60, 1)), len(whole) - 1]:
            (tmp_path / "q").write_bytes(whole[:keep])
            with pytest.raises(PackError):
                PackReader(tmp_path / "q")

    def test_altered_header_or_index_is_told(self, whole, tmp_path):
        index_at = FOOTER.unpack(whole[-FOOTER.size :])[0]
        for at in (40, index_at + 3, len(whole) - FOOTER.size - 4, len(whole) - 3):
            data = bytearray(whole)
            data[at] ^= 1
            (tmp_path / "q").write_bytes(data)
            with pytest.raises(PackError):
                PackReader(tmp_path / "q")

    def test_altered_frame_is_told_when_read(self, whole, tmp_path):
        data = bytearray(whole)
        index_at = FOOTER.unpack(whole[-FOOTER.size :])[0]
        first = int.from_bytes(whole[index_at : index_at + 8], "little")
        data[first + 60] ^= 1
        (tmp_path / "q").write_bytes(data)
        with PackReader(tmp_path / "q") as pack, pytest.raises(PackError, match="altered"):
            pack.grey(0)

    def test_other_files_are_no_packs(self, tmp_path):
        (tmp_path / "q").write_bytes(b"x" * 500)
        with pytest.raises(PackError):
            PackReader(tmp_path / "q")

    def test_digest_of_the_clip_follows_its_frames(self, cines, tmp_path):
        packed(cines["rgb"], tmp_path / "p")
        packed(cines["rgb"], tmp_path / "q", blank=[BOX])
        with PackReader(tmp_path / "p") as a, PackReader(tmp_path / "q") as b:
            assert a.digest() != b.digest()


def test_a_pack_that_is_not_there_is_one_error_and_no_more(tmp_path):
    """Warnings are errors here: closing what was never opened would be one more."""
    with pytest.raises(FileNotFoundError):
        PackReader(tmp_path / "gone.pack")
    gc.collect()


def test_a_stored_pack_is_wiped_again_and_nothing_else_changes(cines, tmp_path):
    first, second = (0, 0, 16, 8), (32, 16, 48, 32)
    for name, source in cines.items():
        packed(source, tmp_path / "p", blank=[first])
        with PackReader(tmp_path / "p") as pack:
            found = wipe_pack(pack, tmp_path / "q", [second])
            before = [pack.rgb(i) for i in range(pack.n_frames)]
            was_wiped = set(pack.blanked)
        with PackReader(tmp_path / "q") as pack:
            after = [pack.rgb(i) for i in range(pack.n_frames)]
            assert set(pack.blanked) == set(found.blanked) > was_wiped, name
        for old, new in zip(before, after, strict=True):
            changed = np.argwhere(np.any(old != new, axis=-1))
            assert np.ptp(new[18:30, 34:46].reshape(-1, 3), axis=0).max() <= 2, name  # flat, but for its rim
            assert changed.size, name
            assert (changed.max(axis=0) <= [33, 49]).all(), name
            assert (changed.min(axis=0) >= [14, 30]).all(), name


def test_wiping_an_altered_pack_is_refused(cines, tmp_path):
    packed(cines["native"], tmp_path / "p")
    data = bytearray((tmp_path / "p").read_bytes())
    with PackReader(tmp_path / "p") as pack:
        offset = pack._index[3].offset
    data[offset + 40] ^= 1
    (tmp_path / "p").write_bytes(data)
    with PackReader(tmp_path / "p") as pack, pytest.raises(PackError, match="altered"):
        wipe_pack(pack, tmp_path / "q", [BOX])
    assert not (tmp_path / "q").exists()
