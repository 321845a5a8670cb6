"""JPEG streams: headers, cleaning, decoding, encoding."""

import numpy as np
import pytest
import simplejpeg

from studies.errors import RefusedFileError
from studies.imaging.jpeg import DECODER, clean_jpeg, decode_jpeg, decode_luma, encode_jpeg, jpeg_facts
from tests.studies.imaging.builders import jpegs_of, picture, speckle

COLOUR = speckle(1, colour=True)
GREY = speckle(1)


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


@pytest.mark.parametrize(("subsampling", "mcu"), [("444", (8, 8)), ("422", (16, 8)), ("420", (16, 16))])
def test_facts(subsampling, mcu):
    facts = jpeg_facts(jpegs_of(COLOUR, subsampling=subsampling)[0])
    assert (facts.height, facts.width, facts.components, facts.bits) == (48, 64, 3, 8)
    assert facts.mcu == mcu
    assert facts.subsampled == (subsampling != "444")
    assert facts.jfif
    assert not facts.says_rgb
    assert jpeg_facts(jpegs_of(GREY)[0]).mcu == (8, 8)


def test_the_decoder_is_named_with_its_version():
    assert f"simplejpeg {simplejpeg.__version__}" == DECODER


@pytest.mark.parametrize("progressive", [False, True])
def test_cleaning_takes_text_and_nothing_else(progressive):
    data = picture(COLOUR[0], "JPEG", progressive=progressive)
    dirty = (
        data[:2]
        + b"".join(segment(m, b"SECRET") for m in (0xE1, 0xE2, 0xED, 0xEF, 0xFE))
        + data[2:]
        + b"SECRET"
    )
    assert clean_jpeg(dirty) == data
    assert clean_jpeg(data) == data


def test_thumbnail_of_the_jfif_segment_goes():
    data = jpegs_of(GREY)[0]
    body = data[6:20]
    fat = data[:2] + segment(0xE0, body[:12] + b"\x01\x01" + b"\xaa\xbb\xcc") + data[20:]
    clean = clean_jpeg(fat)
    assert b"\xaa\xbb\xcc" not in clean[:40]
    assert np.array_equal(decode_jpeg(clean), decode_jpeg(data))


def test_adobe_segment_keeps_its_meaning_only():
    data = jpegs_of(COLOUR)[0]
    adobe = b"Adobe\x00\x64\x00\x00\x00\x00\x00"
    dirty = data[:2] + segment(0xEE, adobe + b"SECRET") + data[20:]
    assert b"SECRET" not in clean_jpeg(dirty)
    assert jpeg_facts(clean_jpeg(dirty)).adobe_transform == 0
    assert jpeg_facts(clean_jpeg(dirty)).says_rgb


def test_decoding_and_luma():
    data = jpegs_of(COLOUR, quality=95, subsampling="444")[0]
    assert np.abs(decode_jpeg(data).astype(int) - COLOUR[0]).mean() < 4
    rgb = decode_jpeg(data).astype(float) @ [0.299, 0.587, 0.114]
    assert np.abs(decode_luma(data) - rgb).max() < 3
    assert decode_jpeg(jpegs_of(GREY)[0]).shape == (48, 64)


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
@pytest.mark.parametrize("quality", [30, 95])
def test_luma_is_the_grey_of_a_picture_without_colour(subsampling, quality):
    noise = np.random.default_rng(5).integers(0, 256, (3, 61, 83), dtype=np.uint8)
    noise[1] = np.where(noise[1] > 128, 255, 0)
    for jpeg in jpegs_of(np.repeat(noise[..., None], 3, axis=3), quality, subsampling):
        rgb = decode_jpeg(jpeg)
        assert (rgb[..., 0] == rgb[..., 1]).all()
        assert (rgb[..., 1] == rgb[..., 2]).all()
        assert np.array_equal(decode_luma(jpeg), rgb[..., 1])


def test_luma_of_a_stream_that_holds_red_green_and_blue():
    grey = np.random.default_rng(6).integers(0, 256, (40, 50), dtype=np.uint8)
    jpeg = picture(
        np.repeat(grey[..., None], 3, axis=2), "JPEG", qtables=[[3] * 64] * 3, keep_rgb=True, subsampling=0
    )
    assert jpeg_facts(jpeg).says_rgb
    rgb = decode_jpeg(jpeg)
    assert (rgb == rgb[..., :1]).all()
    assert np.array_equal(decode_luma(jpeg), rgb[..., 1])


def test_equal_channels_mean_that_there_was_no_colour_in_the_stream():
    """libjpeg's colour conversion over every brightness and both colour differences."""
    difference = np.arange(-128, 128)
    to_red, to_blue = ((round(f * 65536) * difference + 32768 >> 16) for f in (1.402, 1.772))
    blue_part, red_part = -round(0.34414 * 65536) * difference, -round(0.71414 * 65536) * difference + 32768
    to_green = blue_part[:, None] + red_part[None, :] >> 16
    for brightness in range(256):
        red = np.clip(brightness + to_red, 0, 255)[None, :]
        blue = np.clip(brightness + to_blue, 0, 255)[:, None]
        green = np.clip(brightness + to_green, 0, 255)
        equal = (red == green) & (green == blue)
        assert (np.broadcast_to(green, equal.shape)[equal] == brightness).all()
        assert equal[128, 128]


def test_a_damaged_stream_has_no_luma():
    for data in (b"", b"not a picture", jpegs_of(COLOUR)[0][:200]):
        for decode in (decode_jpeg, decode_luma):
            with pytest.raises(RefusedFileError, match="decoded"):
                decode(data)


def test_encoding():
    for frame in (GREY[0], COLOUR[0]):
        data = encode_jpeg(frame, 95)
        assert decode_jpeg(data).shape == frame.shape
        assert not jpeg_facts(data).subsampled
        assert clean_jpeg(data) == data


def test_fill_bytes_before_the_end_are_forgiven_and_damage_is_not():
    data = jpegs_of(GREY)[0]
    padded = data[:-2] + b"\x11\x22" + data[-2:]
    assert np.array_equal(decode_jpeg(padded), decode_jpeg(data))
    for bad in (data[: len(data) // 2], data[:-2], b"", b"\xff\xd8\xff\xd9", data[2:]):
        with pytest.raises(RefusedFileError):
            decode_jpeg(bad)


@pytest.mark.parametrize("cut", [0, 2, 3, 4, 20, 100, 200, -40, -2])
def test_headers_of_cut_streams(cut):
    with pytest.raises(RefusedFileError):
        jpeg_facts(jpegs_of(COLOUR)[0][:cut])


@pytest.mark.parametrize(
    ("marker", "word"), [(0xC3, "lossless"), (0xC9, "arithmetic"), (0xC5, "hierarchical")]
)
def test_other_processes_are_refused_by_name(marker, word):
    data = jpegs_of(GREY)[0]
    at = data.index(b"\xff\xc0")
    with pytest.raises(RefusedFileError, match=word):
        jpeg_facts(data[: at + 1] + bytes([marker]) + data[at + 2 :])


def test_twelve_bits_and_four_channels_are_refused():
    data = jpegs_of(GREY)[0]
    at = data.index(b"\xff\xc0") + 4
    with pytest.raises(RefusedFileError, match="12 bits"):
        jpeg_facts(data[:at] + b"\x0c" + data[at + 1 :])
    cmyk = simplejpeg.encode_jpeg(np.zeros((16, 16, 4), np.uint8), colorspace="CMYK")
    with pytest.raises(RefusedFileError, match="4 channels"):
        jpeg_facts(cmyk)


def test_many_scans_are_refused(monkeypatch):
    monkeypatch.setattr("studies.imaging.jpeg.MAX_JPEG_SCANS", 2)
    with pytest.raises(RefusedFileError):
        jpeg_facts(picture(COLOUR[0], "JPEG", progressive=True))
