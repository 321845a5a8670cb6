"""Stills for teaching the detector."""

import numpy as np
import pytest

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.pretraining_still import boxes_of
from analysis.pipeline.synthesis import draw_pretraining_still


@pytest.fixture(scope="module")
def stills() -> list[tuple[np.ndarray, np.ndarray]]:
    """Forty small stills of one seed."""
    rng = np.random.default_rng(0)
    return [draw_pretraining_still(rng, long_side=192) for _ in range(40)]


def test_stills_have_the_promised_types_and_boxes_inside(stills: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for image, boxes in stills:
        assert image.dtype == np.uint8
        assert max(image.shape) == 192
        assert boxes.dtype == np.float64
        assert boxes.shape[1] == 4
        height, width = image.shape
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2] <= width).all()
        assert (boxes[:, 3] <= height).all()
        assert (boxes[:, 2:] - boxes[:, :2] >= 8).all()


def test_stills_vary_in_number_of_lesions_frame_and_brightness(
    stills: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    numbers = np.bincount([len(boxes) for _, boxes in stills], minlength=2)
    assert numbers[0] >= 2
    assert numbers[1] >= 15
    assert len({image.shape for image, _ in stills}) > 20
    assert np.std([image.mean() for image, _ in stills]) > 10


def test_lesions_are_mostly_darker_than_the_rest_of_the_picture() -> None:
    rng = np.random.default_rng(1)
    darker = []
    for _ in range(30):
        image, boxes = draw_pretraining_still(rng, long_side=192, overlays=False)
        for x1, y1, x2, y2 in boxes.astype(int):
            quarter_x, quarter_y = (x2 - x1) // 4, (y2 - y1) // 4
            inner = image[y1 + quarter_y : y2 - quarter_y, x1 + quarter_x : x2 - quarter_x]
            ring = image[max(y1 - 12, 0) : y2 + 12, max(x1 - 12, 0) : x2 + 12]
            darker.append(inner.mean() < ring.mean())
    assert np.mean(darker) > 0.8


def test_same_seed_same_still() -> None:
    first, second = (draw_pretraining_still(np.random.default_rng(7), long_side=160) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_boxes_are_tight_and_leave_out_what_is_cut_away_or_tiny() -> None:
    whole = np.zeros((60, 80), dtype=bool)
    whole[10:30, 20:50] = True
    tiny = np.zeros((60, 80), dtype=bool)
    tiny[5:10, 5:60] = True
    boxes = boxes_of([whole, whole, tiny], [600, 4000, 275])
    assert boxes.tolist() == [[20, 10, 50, 30]]


def test_a_still_too_small_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="long_side"):
        draw_pretraining_still(np.random.default_rng(0), long_side=64)
