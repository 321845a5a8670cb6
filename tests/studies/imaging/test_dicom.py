"""DICOM cines made on the spot: pixels against what went in, counts, traps and refusals."""

import struct

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_frames, source_frames
from tests.studies.imaging.builders import (
    US_MULTIFRAME,
    calibrated,
    header,
    jpeg_cine,
    jpegs_of,
    native,
    region,
    speckle,
)


def stack(path, **options):
    return np.stack(list(iter_frames(path, **options)))


def refused(path, *words):
    with pytest.raises(RefusedFileError) as caught:
        inspect_file(path)
    text = str(caught.value)
    assert text.endswith(".")
    assert all(word.lower() in text.lower() for word in words), text
    return text


class TestPixels:
    def test_grey(self, tmp_path):
        frames = speckle()
        path = native(tmp_path / "a", frames)
        assert np.array_equal(stack(path), frames)
        assert np.array_equal(stack(path, colour=True), np.repeat(frames[..., None], 3, axis=3))
        assert np.array_equal(stack(path, start=2, stop=4), frames[2:4])

    def test_monochrome1_is_turned_over(self, tmp_path):
        frames = speckle()
        path = native(tmp_path / "a", frames, photometric="MONOCHROME1")
        assert np.array_equal(stack(path), 255 - frames)

    def test_monochrome1_jpeg_is_turned_over_and_not_passed_through(self, tmp_path):
        frames = speckle()
        path = jpeg_cine(tmp_path / "a", frames, photometric="MONOCHROME1")
        assert all(f.jpeg is None for f in source_frames(path))
        assert np.abs(stack(path).astype(int) - (255 - frames)).max() < 30

    @pytest.mark.parametrize("planar", [0, 1])
    def test_rgb(self, tmp_path, planar):
        frames = speckle(colour=True)
        data = np.moveaxis(frames, 3, 1).tobytes() if planar else frames.tobytes()
        path = native(tmp_path / "a", frames, data=data, PlanarConfiguration=planar)
        assert np.array_equal(stack(path, colour=True), frames)

    def test_grey_of_colour_is_the_luma_rule(self, tmp_path):
        frames = speckle(colour=True)
        exact = frames.astype(float) @ [0.299, 0.587, 0.114]
        grey = stack(native(tmp_path / "a", frames))
        assert np.abs(grey - exact).max() <= 0.5 + 1e-9

    def test_neutral_colour_keeps_its_channel(self, tmp_path):
        frames = np.repeat(speckle()[..., None], 3, axis=3)
        assert np.array_equal(stack(native(tmp_path / "a", frames)), frames[..., 0])

    def test_ybr_full(self, tmp_path):
        frames = speckle(colour=True)
        path = native(tmp_path / "a", frames, photometric="YBR_FULL")
        expected = np.stack([convert_color_space(f, "YBR_FULL", "RGB") for f in frames])
        assert np.array_equal(stack(path, colour=True), expected)

    def test_ybr_full_422_shares_chroma_between_two_pixels(self, tmp_path):
        ybr = speckle(colour=True)
        ybr[:, :, 1::2, 1:] = ybr[:, :, ::2, 1:]
        packed = np.empty((*ybr.shape[:2], 32, 4), np.uint8)
        packed[..., 0], packed[..., 1] = ybr[:, :, ::2, 0], ybr[:, :, 1::2, 0]
        packed[..., 2], packed[..., 3] = ybr[:, :, ::2, 1], ybr[:, :, ::2, 2]
        path = native(tmp_path / "a", ybr, data=packed.tobytes(), photometric="YBR_FULL_422")
        expected = np.stack([convert_color_space(f, "YBR_FULL", "RGB") for f in ybr])
        assert np.array_equal(stack(path, colour=True), expected)

    def test_ybr_full_422_stored_in_full_is_named(self, tmp_path):
        ybr = speckle(colour=True)
        path = native(tmp_path / "a", ybr, photometric="YBR_FULL_422")
        assert any("YBR_FULL" in d for d in inspect_file(path).defects)
        expected = np.stack([convert_color_space(f, "YBR_FULL", "RGB") for f in ybr])
        assert np.array_equal(stack(path, colour=True), expected)

    @pytest.mark.parametrize(("stored", "high", "shift"), [(16, 15, 8), (12, 11, 4), (12, 15, 8), (10, 9, 2)])
    def test_more_than_eight_bits_keep_the_upper_eight(self, tmp_path, stored, high, shift):
        words = np.random.default_rng(0).integers(0, 1 << 16, (3, 48, 64), dtype=np.uint16)
        path = native(tmp_path / "a", words, BitsStored=stored, HighBit=high)
        assert np.array_equal(stack(path), (words >> shift).astype(np.uint8))

    def test_signed_values_start_at_zero(self, tmp_path):
        words = np.random.default_rng(0).integers(-2048, 2048, (2, 48, 64), dtype=np.int16)
        path = native(tmp_path / "a", words, BitsStored=12, HighBit=11, PixelRepresentation=1)
        assert np.array_equal(stack(path), ((words.astype(int) + 2048) >> 4).astype(np.uint8))

    @pytest.mark.parametrize("wide", [False, True])
    def test_palette(self, tmp_path, wide):
        indices = speckle()
        table = np.random.default_rng(3).integers(0, 256, (3, 256)).astype(np.uint16)
        table[0, 0] = 255
        entries = table << 8 if wide else table
        lut = {}
        for colour, row in zip(("Red", "Green", "Blue"), entries, strict=True):
            lut[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16 if wide else 8]
            lut[f"{colour}PaletteColorLookupTableData"] = row.astype("<u2").tobytes()
        path = native(tmp_path / "a", indices, photometric="PALETTE COLOR", **lut)
        assert np.array_equal(stack(path, colour=True), np.moveaxis(table[:, indices], 0, 3))

    def test_big_endian_words_with_eight_bit_pixels(self, tmp_path):
        frames = speckle()
        ds = header(frames, syntax=ExplicitVRBigEndian)
        ds.PixelData = frames.reshape(-1, 2)[:, ::-1].tobytes()
        ds["PixelData"].VR = "OW"
        ds.save_as(tmp_path / "a", enforce_file_format=True)
        assert np.array_equal(stack(tmp_path / "a"), frames)

    def test_implicit_little_endian(self, tmp_path):
        frames = speckle()
        path = native(tmp_path / "a", frames, syntax=ImplicitVRLittleEndian)
        assert np.array_equal(stack(path), frames)

    def test_rle(self, tmp_path):
        frames = speckle(colour=True)
        ds = header(frames)
        ds.PixelData = frames.tobytes()
        ds.compress(RLELossless)
        ds.save_as(tmp_path / "a", enforce_file_format=True)
        assert np.array_equal(stack(tmp_path / "a", colour=True), frames)


class TestJpeg:
    def test_streams_pass_byte_for_byte(self, tmp_path):
        frames = speckle(colour=True)
        jpegs = jpegs_of(frames)
        path = jpeg_cine(tmp_path / "a", frames, jpegs=jpegs)
        assert [f.jpeg for f in source_frames(path)] == jpegs

    @pytest.mark.parametrize(
        ("fragments", "offsets"), [(1, True), (1, False), (3, True), (3, False), (2, False)]
    )
    def test_fragments_with_and_without_offset_table(self, tmp_path, fragments, offsets):
        frames = speckle(colour=True)
        jpegs = jpegs_of(frames)
        path = jpeg_cine(tmp_path / "a", frames, jpegs=jpegs, fragments=fragments, offsets=offsets)
        assert [f.jpeg for f in source_frames(path)] == jpegs

    def test_one_frame_in_several_fragments(self, tmp_path):
        frames = speckle(1)
        path = jpeg_cine(tmp_path / "a", frames, fragments=4, offsets=False)
        assert inspect_file(path).n_frames == 1

    def test_wrong_offset_table_is_named_and_not_needed(self, tmp_path):
        frames = speckle()
        jpegs = jpegs_of(frames)
        path = jpeg_cine(tmp_path / "a", frames, jpegs=jpegs)
        data = bytearray(path.read_bytes())
        table = data.index(b"\xfe\xff\x00\xe0", data.index(b"\xe0\x7f\x10\x00")) + 8
        data[table + 4 : table + 8] = struct.pack("<L", 3)
        path.write_bytes(data)
        assert any("offset" in d for d in inspect_file(path).defects)
        assert [f.jpeg for f in source_frames(path)] == jpegs

    def test_rgb_components_are_marked_for_every_reader(self, tmp_path):
        frames = speckle(colour=True)
        bare = []
        for jpeg in jpegs_of(convert_stack(frames), quality=100, subsampling="444"):
            bare.append(jpeg[:2] + jpeg[20:])  # without its JFIF segment nothing says YBR
        path = jpeg_cine(tmp_path / "a", frames, jpegs=bare, photometric="RGB")
        assert all(b"Adobe" in f.jpeg for f in source_frames(path))
        plain = jpeg_cine(tmp_path / "b", frames, jpegs=bare, photometric="YBR_FULL")
        assert [f.jpeg for f in source_frames(plain)] == bare
        assert not np.array_equal(stack(path, colour=True), stack(plain, colour=True))

    def test_rgb_said_of_a_jfif_stream_is_named_and_the_stream_followed(self, tmp_path):
        frames = speckle(colour=True)
        path = jpeg_cine(tmp_path / "a", frames, photometric="RGB")
        right = jpeg_cine(tmp_path / "b", frames)
        assert any("RGB" in d for d in inspect_file(path).defects)
        assert np.array_equal(stack(path, colour=True), stack(right, colour=True))

    def test_damaged_frame_in_the_middle_is_refused_when_read(self, tmp_path):
        jpegs = jpegs_of(speckle())
        jpegs[3] = jpegs[3][: len(jpegs[3]) // 2]
        path = jpeg_cine(tmp_path / "a", speckle(), jpegs=jpegs)
        with pytest.raises(RefusedFileError):
            stack(path)

    def test_frame_of_another_size_is_refused(self, tmp_path):
        jpegs = jpegs_of(speckle())
        jpegs[2] = jpegs_of(speckle(1, 32, 32))[0]
        with pytest.raises(RefusedFileError):
            stack(jpeg_cine(tmp_path / "a", speckle(), jpegs=jpegs))


def convert_stack(frames):
    return np.stack([convert_color_space(f, "RGB", "YBR_FULL") for f in frames])


class TestCounts:
    @pytest.mark.parametrize("claimed", [1, 5, 7, 60])
    def test_jpeg_count_that_disagrees_is_refused_with_both_numbers(self, tmp_path, claimed):
        path = jpeg_cine(tmp_path / "a", speckle(6), NumberOfFrames=claimed)
        refused(path, str(claimed), "6")

    @pytest.mark.parametrize("claimed", [1, 3, 7, 60])
    def test_native_count_that_disagrees_is_refused_with_both_numbers(self, tmp_path, claimed):
        path = native(tmp_path / "a", speckle(6), NumberOfFrames=claimed)
        refused(path, str(claimed), "6")

    @pytest.mark.parametrize("build", [native, jpeg_cine])
    def test_missing_count_is_counted_and_named(self, tmp_path, build):
        info = inspect_file(build(tmp_path / "a", speckle(6), NumberOfFrames=None))
        assert (info.n_frames, info.header_n_frames) == (6, None)
        if build is jpeg_cine:
            assert any("number of frames" in d for d in info.defects)

    @pytest.mark.parametrize("claimed", [0, -4, 2_000_000_000])
    def test_impossible_count(self, tmp_path, claimed):
        refused(native(tmp_path / "a", speckle(6), NumberOfFrames=claimed), "frames")

    def test_padding_after_the_last_frame_is_named(self, tmp_path):
        frames = speckle(3)
        path = native(tmp_path / "a", frames, data=frames.tobytes() + bytes(100))
        assert any("100 bytes" in d for d in inspect_file(path).defects)

    def test_short_pixels_are_refused(self, tmp_path):
        frames = speckle(3)
        refused(native(tmp_path / "a", frames, data=frames.tobytes()[:-500]), "3", "2")


class TestRefusals:
    def test_other_modality(self, tmp_path):
        mr = "1.2.840.10008.5.1.4.1.1.4"
        refused(native(tmp_path / "a", speckle(), SOPClassUID=mr, Modality="MR"), "MR")

    def test_secondary_capture_needs_the_ultrasound_modality(self, tmp_path):
        capture = "1.2.840.10008.5.1.4.1.1.7.2"
        assert inspect_file(native(tmp_path / "a", speckle(), SOPClassUID=capture)).n_frames == 6
        refused(native(tmp_path / "b", speckle(), SOPClassUID=capture, Modality="XA"), "not an ultrasound")

    def test_volume(self, tmp_path):
        refused(
            native(tmp_path / "a", speckle(), SOPClassUID="1.2.840.10008.5.1.4.1.1.6.2"), "three-dimensional"
        )

    def test_deflated(self, tmp_path):
        refused(native(tmp_path / "a", speckle(), syntax=DeflatedExplicitVRLittleEndian), "deflated")

    def test_unknown_colour(self, tmp_path):
        refused(native(tmp_path / "a", speckle(), photometric="HSV"), "HSV")

    @pytest.mark.parametrize("elements", [
        {"BitsAllocated": 1}, {"BitsAllocated": 32}, {"SamplesPerPixel": 3}, {"Rows": 4}, {"BitsStored": 12},
        {"Rows": 65535, "Columns": 65535}, {"Columns": 60000}, {"Rows": None}, {"SamplesPerPixel": None},
        {"photometric": "PALETTE COLOR"}, {"HighBit": 3},
    ])  # fmt: skip
    def test_headers_that_cannot_be(self, tmp_path, elements):
        refused(native(tmp_path / "a", speckle(), **elements))

    def test_compressed_stream_called_uncompressed(self, tmp_path):
        path = jpeg_cine(tmp_path / "a", speckle())
        data = path.read_bytes().replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.1\0\0\0", 1)
        path.write_bytes(data)
        refused(path, "uncompressed")

    def test_uncompressed_pixels_called_compressed(self, tmp_path):
        frames = speckle()
        ds = header(frames, syntax=JPEGBaseline8Bit, photometric="MONOCHROME2")
        ds.PixelData = encapsulate(jpegs_of(frames))
        ds.save_as(tmp_path / "a", enforce_file_format=True)
        data = (tmp_path / "a").read_bytes()
        at = data.index(b"\xe0\x7f\x10\x00OB") + 8
        (tmp_path / "a").write_bytes(data[:at] + struct.pack("<L", 100) + data[at + 4 :])
        refused(tmp_path / "a", "compressed")

    def test_every_cut_is_refused(self, tmp_path):
        whole = jpeg_cine(tmp_path / "a", speckle(3), **calibrated()).read_bytes()
        for keep in range(0, len(whole) - 8, 97):
            (tmp_path / "cut").write_bytes(whole[:keep])
            with pytest.raises(RefusedFileError):
                inspect_file(tmp_path / "cut")


class TestFacts:
    def test_whitelisted_facts_only(self, tmp_path):
        path = native(tmp_path / "a", speckle(), **calibrated(region(TransducerFrequency=12000)),
                      ManufacturerModelName="U-1", TransducerData=["L12", "77"], ImageLaterality="L",
                      BurnedInAnnotation="NO")  # fmt: skip
        info = inspect_file(path)
        assert dict(info.acquisition) == {
            "manufacturer": "Acme", "model": "U-1", "transducer": "L12", "depth_mm": pytest.approx(4.8),
            "frequency_khz": 12000.0,
        }  # fmt: skip
        assert (info.laterality, info.burned_in_annotation) == ("L", "NO")
        assert info.spacing_mm == pytest.approx((0.1, 0.1))
        for secret in ("SECRET", "DOE", "19510829", "20170302"):
            assert secret not in repr(info)

    def test_raw_identifiers_never_leave(self, tmp_path):
        path = native(tmp_path / "a", speckle())
        ds = pydicom.dcmread(path)
        info = inspect_file(path, key=b"k" * 32)
        assert set(info.identifier_digests) == {
            "sop_instance_uid", "series_instance_uid", "study_instance_uid", "patient_id",
        }  # fmt: skip
        for raw in (ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID):
            assert raw not in repr(info)
        assert inspect_file(path, key=b"k" * 32).identifier_digests == info.identifier_digests
        other = inspect_file(path, key=b"j" * 32).identifier_digests
        assert not set(other.values()) & set(info.identifier_digests.values())
        assert not inspect_file(path).identifier_digests

    def test_same_examination_same_digest(self, tmp_path):
        study = pydicom.uid.generate_uid()
        a, b = (inspect_file(native(tmp_path / n, speckle(), StudyInstanceUID=study), key=b"k") for n in "ab")
        assert a.identifier_digests["study_instance_uid"] == b.identifier_digests["study_instance_uid"]
        assert a.identifier_digests["sop_instance_uid"] != b.identifier_digests["sop_instance_uid"]

    def test_a_garbled_value_is_ignored_and_named(self, tmp_path):
        path = native(tmp_path / "a", speckle())
        data = path.read_bytes()
        at = data.index(b"\x18\x00\x63\x10DS") + 8
        path.write_bytes(data[:at] + b"\xff!" + data[at + 2 :])
        info = inspect_file(path)
        assert (info.n_frames, info.timing_source) == (6, "not recorded")
        assert any("FrameTime" in d for d in info.defects)

    def test_header_values_never_reach_the_log(self, tmp_path, caplog):
        path = native(tmp_path / "a", speckle())
        path.write_bytes(
            path.read_bytes().replace(
                US_MULTIFRAME.encode(), b"1.2.840.SECRETVALUE#".ljust(len(US_MULTIFRAME), b"^")
            )
        )
        with pytest.raises(RefusedFileError):
            inspect_file(path)
        assert "SECRET" not in caplog.text

    def test_equal_uids_are_named(self, tmp_path):
        uid = pydicom.uid.generate_uid()
        info = inspect_file(native(tmp_path / "a", speckle(), SOPInstanceUID=uid, StudyInstanceUID=uid))
        assert any("identifier" in d for d in info.defects)

    def test_unknown_character_set_is_named(self, tmp_path):
        path = native(tmp_path / "a", speckle())
        data = path.read_bytes()
        at = data.index(b"\x08\x00\x16\x00UI")
        element = b"\x08\x00\x05\x00CS" + struct.pack("<H", 10) + b"ISO_IR 999"
        path.write_bytes(data[:at] + element + data[at:])
        assert any("character set" in d for d in inspect_file(path).defects)

    def test_garbage_behind_the_pixels_is_named(self, tmp_path):
        path = native(tmp_path / "a", speckle())
        path.write_bytes(path.read_bytes() + np.random.default_rng(1).bytes(5000))
        assert any("5000 bytes" in d for d in inspect_file(path).defects)

    def test_trailing_padding_of_the_standard_is_no_defect(self, tmp_path):
        path = native(tmp_path / "a", speckle())
        path.write_bytes(path.read_bytes() + b"\xfc\xff\xfc\xffOB\0\0" + struct.pack("<L", 4) + bytes(4))
        assert not inspect_file(path).defects

    def test_wrong_ending_is_named(self, tmp_path):
        path = native(tmp_path / "a", speckle())
        assert any(".mp4" in d for d in inspect_file(path, original_name="NAME.mp4").defects)
        assert not inspect_file(path, original_name="NAME.dcm").defects
        assert "NAME" not in repr(inspect_file(path, original_name="NAME.mp4"))

    def test_large_private_blocks_are_not_read(self, tmp_path):
        path = native(tmp_path / "a", speckle(2))
        ds = pydicom.dcmread(path)
        block = ds.private_block(0x0029, "ACME", create=True)
        block.add_new(1, "OB", bytes(1 << 20))
        ds.save_as(path, enforce_file_format=True)
        assert inspect_file(path).n_frames == 2
