"""Grey conversion and cropping."""

import numpy as np
import pytest

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.frames import Window, crop_window, to_grey


def test_grey_frames_pass_untouched() -> None:
    frames = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert to_grey(frames) is frames


def test_equal_channels_are_read_from_one() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    np.testing.assert_array_equal(to_grey(np.repeat(grey[..., None], 3, axis=3)), grey)


def test_every_colour_becomes_its_rounded_luma() -> None:
    green, blue = np.meshgrid(np.arange(256), np.arange(256))
    for red in range(256):
        frame = np.stack([np.full_like(green, red), green, blue], axis=-1).astype(np.uint8)
        exact = (299 * red + 587 * green + 114 * blue + 500) // 1000
        assert (to_grey(frame[None])[0] == exact).all()


def test_frames_without_pixels_have_no_grey() -> None:
    assert to_grey(np.empty((0, 4, 5, 3), np.uint8)).shape == (0, 4, 5)
    assert to_grey(np.empty((2, 0, 5, 3), np.uint8)).shape == (2, 0, 5)


def test_a_coloured_pixel_does_not_move_its_grey_neighbours() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    frames = np.repeat(grey[..., None], 3, axis=3)
    frames[0, 3, 5] = (255, 0, 0)
    found = to_grey(frames)
    assert found[0, 3, 5] == 76
    found[0, 3, 5] = grey[0, 3, 5]
    np.testing.assert_array_equal(found, grey)


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 3, 4)), np.zeros((3, 4), np.uint8), np.zeros((2, 3, 4, 4), np.uint8), 7]
)
def test_other_arrays_are_refused(bad: object) -> None:
    with pytest.raises(InvalidInputError, match="frames must be uint8"):
        to_grey(bad)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10.0, 20.0, 30.0, 40.0), Window(16, 44, 6, 34)),
        ((10.4, 20.6, 30.1, 39.9), Window(16, 44, 6, 35)),
        ((1.0, 2.0, 99.0, 49.0), Window(0, 50, 0, 100)),
        ((-20.0, -20.0, -10.0, -10.0), Window(0, 0, 0, 0)),
        ((200.0, 200.0, 210.0, 210.0), Window(50, 50, 100, 100)),
    ],
)
def test_window_of_a_box(box: tuple, expected: Window) -> None:
    window = crop_window(np.array(box), (50, 100))
    assert window == expected
    image = np.zeros((50, 100), np.uint8)
    assert window.cut(image).shape == (window.bottom - window.top, window.right - window.left)


@pytest.mark.parametrize("box", [(1.0, 2.0, 3.0), (1.0, 2.0, np.nan, 4.0)])
def test_a_box_that_is_none_is_refused(box: tuple) -> None:
    with pytest.raises(InvalidInputError, match="four finite numbers"):
        crop_window(np.array(box), (50, 100))


def test_a_negative_margin_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="margin"):
        crop_window(np.array([1.0, 2.0, 3.0, 4.0]), (50, 100), margin_px=-1)
