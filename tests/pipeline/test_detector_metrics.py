"""Detection figures against hand-counted examples and independent oracles."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.box_geometry import Letterbox, iou_matrix, suppress
from analysis.pipeline.kernels.detection_metrics import (
    JudgedImage,
    average_precision,
    best_cutoff,
    bootstrap_intervals,
    figures,
    froc,
    judge_image,
)

TRUTH = np.array([[10.0, 10.0, 30.0, 30.0]])


def _image(scores: list[float], right: list[bool], lesions: int, top_iou: float = 0.0) -> JudgedImage:
    return JudgedImage(np.array(scores), np.array(right, bool), lesions, top_iou)


def test_iou_matrix_counts_half_open_pixels():
    boxes = np.array([[0, 0, 4, 4], [2, 2, 6, 6], [4, 4, 8, 8], [1, 1, 1, 3]], float)
    grid = np.zeros((4, 8, 8), bool)
    for layer, (x1, y1, x2, y2) in zip(grid, boxes.astype(int), strict=True):
        layer[y1:y2, x1:x2] = True
    union = (grid[:, None] | grid[None]).sum((2, 3))
    expected = np.divide(
        (grid[:, None] & grid[None]).sum((2, 3)), union, out=np.zeros((4, 4)), where=union > 0
    )
    np.testing.assert_allclose(iou_matrix(boxes, boxes), expected)


def test_suppress_agrees_with_the_plain_definition():
    rng = np.random.default_rng(3)
    for _ in range(20):
        corner, side = rng.uniform(0, 50, (30, 2)), rng.uniform(5, 30, (30, 2))
        boxes, scores = np.concatenate([corner, corner + side], axis=1), rng.random(30)
        kept: list[int] = []
        for index in sorted(range(30), key=lambda i: -scores[i]):
            if all(iou_matrix(boxes[index][None], boxes[k][None])[0, 0] <= 0.45 for k in kept):
                kept.append(index)
        assert suppress(boxes, scores, 0.45, 100).tolist() == kept
        assert suppress(boxes, scores, 0.45, 3).tolist() == kept[:3]


@pytest.mark.parametrize(("width", "height"), [(800, 600), (301, 517), (50, 40), (320, 320), (1000, 7)])
def test_letterbox_takes_boxes_there_and_back(width, height):
    fit = Letterbox.fit(width, height, 320)
    boxes = np.array([[0, 0, width, height], [width * 0.2, height * 0.3, width * 0.7, height * 0.9]])
    np.testing.assert_allclose(fit.to_frame(fit.to_input(boxes)), boxes, atol=1e-9)
    inside = fit.to_input(boxes)
    assert inside.min() >= 0
    assert inside.max() <= 320
    assert fit.to_frame(np.array([[-50.0, -50, 900, 900]])).tolist() == [[0, 0, width, height]]


@pytest.mark.parametrize(
    ("frame", "shape"),
    [((800, 600), (256, 320)), ((600, 800), (320, 256)), ((256, 224), (288, 320)), ((500, 500), (320, 320)),
     ((1000, 7), (32, 320)), ((1, 1), (320, 320))],
)  # fmt: skip
def test_the_input_is_no_larger_than_the_frame_needs(frame, shape):
    fit = Letterbox.fit(*frame, 320)
    assert fit.input_shape == shape
    assert fit.apply(np.full(frame[::-1], 7, np.uint8)).shape == shape


def test_letterbox_puts_the_pixels_where_it_puts_the_boxes():
    frame = np.zeros((200, 400), np.uint8)
    frame[60:120, 100:300] = 200
    fit = Letterbox.fit(400, 200, 320)
    rows, columns = np.nonzero(fit.apply(frame) > 100)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(fit.to_input(np.array([[100, 60, 300, 120]]))[0], found, atol=1)


def test_a_lesion_is_counted_once():
    boxes = [(10.0, 10.0, 30.0, 30.0, 0.5), (11.0, 10.0, 31.0, 30.0, 0.9), (60.0, 60.0, 70.0, 70.0, 0.7)]
    judged = judge_image(boxes, TRUTH)
    assert judged.scores.tolist() == [0.9, 0.7, 0.5]
    assert judged.right.tolist() == [True, False, False]
    assert judged.top_iou == pytest.approx(19 / 21)


def test_overlap_of_exactly_one_half_is_right():
    assert judge_image([(10.0, 10.0, 30.0, 20.0, 0.4)], TRUTH).right.tolist() == [True]
    assert judge_image([(10.0, 10.0, 30.0, 19.9, 0.4)], TRUTH).right.tolist() == [False]


def test_an_image_without_lesion_or_detection():
    assert judge_image([], TRUTH).n_lesions == 1
    free = judge_image([(1.0, 1.0, 5.0, 5.0, 0.3)], np.empty((0, 4)))
    assert free.right.tolist() == [False]
    assert free.top_iou == 0


def test_average_precision_of_a_counted_example():
    # scores .9 right, .8 wrong, .7 right, .6 wrong; 3 lesions: precision at hits 1/1 and 2/3 -> (1 + 2/3) / 3
    images = [_image([0.9, 0.8], [True, False], 1), _image([0.7, 0.6], [True, False], 2)]
    assert average_precision(images) == pytest.approx((1 + 2 / 3) / 3)


def test_average_precision_envelope_never_falls_below_the_raw_one():
    rng = np.random.default_rng(0)
    scores, right = rng.permutation(200) / 200, rng.random(200) < 0.5
    raw = average_precision_score(right, scores)
    value = average_precision(
        [_image(sorted(scores, reverse=True), right[np.argsort(-scores)].tolist(), int(right.sum()))]
    )
    assert raw <= value <= raw + 0.05


def test_figures_of_a_counted_example():
    images = [
        _image([0.9, 0.4], [True, False], 1, 0.8),
        _image([0.6], [False], 0),
        _image([], [], 1),
        _image([0.2], [True], 1, 0.7),
    ]
    found = figures(images, 0.4)
    assert found["recall"] == pytest.approx(1 / 3)
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["fp_per_image"] == pytest.approx(2 / 4)
    assert found["fp_per_lesion_free_image"] == pytest.approx(1)
    assert found["mean_iou"] == pytest.approx(0.8 / 3)


def test_figures_without_a_lesion_are_undefined_not_zero():
    found = figures([_image([0.6], [False], 0)], 0.1)
    assert np.isnan([found[name] for name in ("mAP50", "recall", "precision", "mean_iou")]).all()
    assert found["fp_per_image"] == 1


def test_froc_and_cutoff_keep_the_promised_rate():
    rng = np.random.default_rng(1)
    images = [
        _image(sorted(rng.random(4), reverse=True), [bool(i == 0), False, False, False], 1) for i in range(40)
    ]
    recalls = froc(images, (0.1, 0.3, 1.0, 4.0))
    assert list(recalls.values()) == sorted(recalls.values())
    assert recalls[4.0] == pytest.approx(1 / 40)
    cutoff = best_cutoff(images, max_fp_per_image=0.3)
    assert figures(images, cutoff)["fp_per_image"] <= 0.3
    below = max(s for image in images for s in image.scores if s < cutoff)
    assert figures(images, below)["fp_per_image"] > 0.3


def test_equal_scores_stand_or_fall_together():
    images = [_image([0.5], [True], 1, 0.9), _image([0.5], [False], 0)]
    assert best_cutoff(images, max_fp_per_image=0.3) == 1.0
    assert froc(images, (0.3,))[0.3] == 0.0


def test_bootstrap_covers_the_point_and_follows_the_groups():
    rng = np.random.default_rng(5)
    images = [_image([0.9], [bool(rng.random() < 0.7)], 1, 0.7) for _ in range(120)]
    alone = bootstrap_intervals(images, [str(i) for i in range(120)], 0.5, repetitions=400)
    blocks = bootstrap_intervals(images, [str(i // 40) for i in range(120)], 0.5, repetitions=400)
    point = figures(images, 0.5)["recall"]
    low, high = alone["recall"]
    assert low <= point <= high
    expected = 1.96 * np.sqrt(point * (1 - point) / 120)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.25)
    assert blocks["mean_iou"][0] == pytest.approx(0.7)


def test_bootstrap_is_seeded_and_refuses_nonsense():
    images = [_image([0.9], [True], 1, 0.7), _image([0.8], [False], 1)]
    first = bootstrap_intervals(images, ["a", "b"], 0.5, repetitions=50, seed=4)
    again = bootstrap_intervals(images, ["a", "b"], 0.5, repetitions=50, seed=4)
    np.testing.assert_array_equal(np.array(list(first.values())), np.array(list(again.values())))
    with pytest.raises(InvalidInputError):
        bootstrap_intervals(images, ["a"], 0.5)
    with pytest.raises(InvalidInputError):
        bootstrap_intervals([], [], 0.5)
