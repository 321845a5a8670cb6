"""The grey rule, and the lossless writer."""

import io

import numpy as np
import pytest
from PIL import Image

from studies.errors import RefusedFileError
from studies.imaging.grey import smallest, to_grey, to_rgb
from studies.imaging.png import decode_png, encode_png

RNG = np.random.default_rng(5)


def test_luma_of_known_colours():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 20, 30]]], np.uint8)
    assert to_grey(colours).tolist() == [[76, 150, 29, 255, 18]]


@pytest.mark.parametrize("red", [0, 1, 63, 127, 128, 200, 254, 255])
def test_luma_is_exact_for_every_green_and_blue(red):
    green, blue = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
    colours = np.stack([np.full_like(green, red), green, blue], axis=2)
    exact = (colours @ [299, 587, 114] + 500) // 1000
    assert np.array_equal(to_grey(colours.astype(np.uint8)), exact)


def test_neutral_frames_are_never_rounded():
    grey = RNG.integers(0, 256, (30, 40), dtype=np.uint8)
    assert np.array_equal(to_grey(to_rgb(grey)), grey)
    assert smallest(to_rgb(grey)).ndim == 2
    colour = to_rgb(grey)
    colour[29, 39, 0] ^= 1
    assert smallest(colour).ndim == 3


@pytest.mark.parametrize("shape", [(16, 16), (17, 33), (16, 16, 3), (31, 20, 3)])
def test_png_round_trip_and_a_second_reader(shape):
    frame = RNG.integers(0, 256, shape, dtype=np.uint8)
    data = encode_png(frame)
    assert np.array_equal(decode_png(data), frame)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), frame)


def test_png_of_a_view_that_is_not_contiguous():
    frame = RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)[::2, ::-1, ::-1]
    assert np.array_equal(decode_png(encode_png(frame)), frame)


def test_damaged_png():
    data = encode_png(RNG.integers(0, 256, (16, 16), dtype=np.uint8))
    for bad in (data[:20], data[: len(data) // 2], b"", b"x" * 99):
        with pytest.raises(RefusedFileError):
            decode_png(bad)
