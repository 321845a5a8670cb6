"""Inference: decoding against YOLOv5's own head, back ends against each other, files that are not what they
should be."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from analysis.pipeline.detector import DEFAULT_WEIGHTS, RAW_CONFIDENCE, load_detector
from analysis.pipeline.errors import CancelledError, InvalidInputError, ModelFileError
from analysis.pipeline.kernels import detector_backends, sealed_file
from analysis.pipeline.kernels.detection_metrics import judge_image
from analysis.pipeline.kernels.yolo_head import Head, decode, decode_mirrored
from analysis.pipeline.synthesis import draw_pretraining_still

HEAD = Head(
    (8, 16, 32),
    (((10, 13), (16, 30), (33, 23)), ((30, 61), (62, 45), (59, 119)), ((116, 90), (156, 198), (373, 326))),
)
SAME_BOX_PX = 1.0


@pytest.fixture(scope="module")
def detector():
    return load_detector(backend="onnxruntime", threads=2)


@pytest.fixture(scope="module")
def stills():
    """Synthetic stills of twelve seeds, none of them used in training."""
    return [draw_pretraining_still(np.random.default_rng((2026, seed))) for seed in range(12)]


def _reference_decode(logits: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """YOLOv5's formulas, cell by cell, in plain loops."""
    rows, start = [], 0
    sigmoid = lambda v: 1 / (1 + np.exp(-float(v)))  # noqa: E731
    for stride, pairs in zip(HEAD.strides, HEAD.anchors, strict=True):
        for width, height in pairs:
            for y in range(shape[0] // stride):
                for x in range(shape[1] // stride):
                    px, py, pw, ph, objectness, kind = logits[start]
                    centre = ((2 * sigmoid(px) - 0.5 + x) * stride, (2 * sigmoid(py) - 0.5 + y) * stride)
                    half = ((2 * sigmoid(pw)) ** 2 * width / 2, (2 * sigmoid(ph)) ** 2 * height / 2)
                    box = [centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1]]
                    rows.append([*box, sigmoid(objectness) * sigmoid(kind)])
                    start += 1
    return np.array(rows)


@pytest.mark.parametrize("shape", [(128, 128), (96, 160), (160, 64)])
def test_decoding_follows_the_formulas(shape):
    logits = np.random.default_rng(0).normal(0, 1.5, (HEAD.anchor_count(shape), 6)).astype(np.float32)
    expected = _reference_decode(logits, shape)
    assert len(expected) == len(logits)
    boxes, scores = decode(logits, shape, HEAD, 0.3)
    chosen = expected[:, 4] >= 0.3
    assert chosen.sum() > 30
    np.testing.assert_allclose(boxes, expected[chosen, :4], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(scores, expected[chosen, 4], rtol=1e-5)


@pytest.mark.parametrize("shape", [(128, 128), (96, 160)])
def test_a_mirrored_view_of_the_same_content_changes_nothing(shape):
    logits = np.random.default_rng(1).normal(0, 1.5, (HEAD.anchor_count(shape), 6)).astype(np.float32)
    mirrored, start = np.empty_like(logits), 0
    for stride, pairs in zip(HEAD.strides, HEAD.anchors, strict=True):
        cells = (len(pairs), shape[0] // stride, shape[1] // stride)
        block = logits[start : start + np.prod(cells)].reshape(*cells, 6)[:, :, ::-1]
        mirrored[start : start + np.prod(cells)] = (block * [-1, 1, 1, 1, 1, 1]).reshape(-1, 6)
        start += int(np.prod(cells))
    plain, averaged = decode(logits, shape, HEAD, 0.2), decode_mirrored(logits, mirrored, shape, HEAD, 0.2)
    np.testing.assert_allclose(plain[0], averaged[0], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(plain[1], averaged[1], rtol=1e-5)


def test_the_shipped_weights_are_small_and_say_what_they_are(detector):
    total = sum(file.stat().st_size for file in DEFAULT_WEIGHTS.parent.iterdir())
    assert total <= 15e6
    assert (detector.name, detector.info.architecture, detector.size) == ("lesion-yolov5n", "yolov5n", 320)
    assert len(detector.digest) == 64
    assert 0.05 < detector.info.confidence < 0.95


@pytest.mark.slow
def test_back_ends_agree_within_a_pixel(detector, stills):
    frames = [image for image, _ in stills]
    expected = detector.detect(frames, conf=0.1)
    assert sum(map(len, expected)) >= 8
    for backend in ("openvino", "torch"):
        found = load_detector(backend=backend, threads=1).detect(frames, conf=0.1)
        assert [len(boxes) for boxes in found] == [len(boxes) for boxes in expected], backend
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(
                np.array(one)[:, :4] if one else [], np.array(other)[:, :4] if other else [], atol=SAME_BOX_PX
            )


def test_the_shipped_weights_find_most_lesions_of_synthetic_stills(detector, stills):
    judged = [
        judge_image(boxes, truth)
        for boxes, (_, truth) in zip(detector.detect([s for s, _ in stills]), stills, strict=True)
    ]
    assert sum(int(image.right.sum()) for image in judged) >= 0.6 * sum(image.n_lesions for image in judged)


def test_boxes_are_in_stored_pixels_whatever_the_frame(detector, stills):
    """A frame enlarged twice, or laid on a larger black screen, gives the same lesion in its own pixels."""
    image, truth = next(
        (image, truth)
        for image, truth in stills
        if len(truth) == 1 and judge_image(detector.detect([image])[0], truth).right.any()
    )
    large = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    screen = np.zeros((image.shape[0], image.shape[1] + 40), np.uint8)
    screen[:, 40:] = image
    plain, doubled, moved = detector.detect([image, large, screen], conf=0.2)
    assert judge_image(plain[:1], truth).right.tolist() == [True]
    assert judge_image(doubled[:1], truth * 2).right.tolist() == [True]
    assert judge_image(moved[:1], truth + np.array([40, 0, 40, 0])).right.tolist() == [True]


def test_boxes_are_ordered_clipped_and_bounded(detector, stills):
    for (image, _), boxes in zip(
        stills, detector.detect([s for s, _ in stills], conf=0.001, max_boxes=7), strict=True
    ):
        scores = [box[4] for box in boxes]
        assert scores == sorted(scores, reverse=True)
        assert len(boxes) <= 7
        for x1, y1, x2, y2, score in boxes:
            assert 0 <= x1 < x2 <= image.shape[1]
            assert 0 <= y1 < y2 <= image.shape[0]
            assert 0.001 <= score <= 1


def test_a_grey_frame_in_three_channels_gives_the_same_boxes(detector, stills):
    image = stills[0][0]
    grey, colour = detector.detect([image, np.repeat(image[..., None], 3, axis=2)])
    np.testing.assert_allclose(np.array(grey), np.array(colour), atol=1e-4)


def test_order_and_result_do_not_depend_on_threads(stills):
    frames = [image for image, _ in stills] * 2
    one, three = (load_detector(backend="onnxruntime", threads=n).detect(frames) for n in (1, 3))
    assert one == three
    assert one[: len(stills)] == one[len(stills) :]


@pytest.mark.parametrize("flip", [False, True])
def test_batches_give_the_boxes_of_single_frames(stills, flip):
    """What a card does, on the processor: frames of one shape go through the network together."""
    frames = [image for image, _ in stills[:5]] + [stills[0][0][:, :-40]] * 2 + [stills[1][0]]
    single, batched = (load_detector(backend="torch", threads=2) for _ in range(2))
    batched._network.batch = 4
    shapes = []
    run = batched._network.run
    batched._network.run = lambda images: (shapes.append(images.shape), run(images))[1]
    expected, found = (d.detect(frames, conf=0.1, flip=flip) for d in (single, batched))
    assert max(shape[0] for shape in shapes) > (2 if flip else 1)
    assert sum(map(len, expected)) >= 4
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(np.array(one), np.array(other), atol=0.01)


def test_the_mirrored_average_runs_the_network_on_two_images_a_frame(stills):
    detector = load_detector(backend="onnxruntime", threads=1)
    run, images_seen = detector._network.run, []
    detector._network.run = lambda images: (images_seen.append(len(images)), run(images))[1]
    detector.detect([image for image, _ in stills[:3]], flip=True)
    assert images_seen == [2, 2, 2]


def test_a_mirrored_frame_gives_mirrored_boxes_on_average(detector, stills):
    image = stills[0][0]
    plain, turned = detector.detect([image, np.ascontiguousarray(image[:, ::-1])], flip=True)
    assert plain
    back = [(image.shape[1] - x2, y1, image.shape[1] - x1, y2, score) for x1, y1, x2, y2, score in turned]
    np.testing.assert_allclose(np.array(plain), np.array(back), atol=0.01)


def test_frames_are_read_as_they_are_needed(detector, stills):
    read = []

    def frames():
        for index in range(40):
            read.append(index)
            yield stills[0][0]

    stream = detector.stream(frames())
    next(stream)
    assert len(read) <= 6
    stream.close()
    assert len(read) <= 6


def test_progress_and_cancelling(detector, stills):
    done: list[int] = []
    detector.detect([stills[0][0]] * 5, progress=done.append)
    assert done == [1, 2, 3, 4, 5]
    with pytest.raises(CancelledError):
        detector.detect([stills[0][0]] * 50, progress=done.append, cancelled=lambda: len(done) > 7)
    assert detector.detect([]) == []


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((20, 20), np.float32),
        np.zeros((20, 20, 4), np.uint8),
        np.zeros((20,), np.uint8),
        np.zeros((0, 5), np.uint8),
    ],
)
def test_a_bad_frame_is_refused(detector, frame):
    with pytest.raises(InvalidInputError, match="uint8"):
        detector.detect([frame])


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 100},
        {"size": 0},
        {"size": 32},
        {"size": 4096},
        {"conf": 0.0},
        {"conf": 1.5},
        {"iou": -0.1},
        {"max_boxes": 0},
    ],
)
def test_a_bad_setting_is_refused(detector, wrong):
    with pytest.raises(InvalidInputError, match="Expected"):
        detector.detect([np.zeros((64, 64), np.uint8)], **wrong)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (700, 3), (2000, 1500)])
def test_odd_frames_do_not_break(detector, shape):
    (boxes,) = detector.detect([np.full(shape, 80, np.uint8)])
    assert all(0 <= x1 < x2 <= shape[1] and 0 <= y1 < y2 <= shape[0] for x1, y1, x2, y2, _ in boxes)


def _damaged(tmp_path: Path, change) -> Path:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(change(DEFAULT_WEIGHTS.read_bytes()))
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:3_000_000] + bytes([content[3_000_000] ^ 1]) + content[3_000_001:],
        lambda content: content + b"\0",
        lambda content: b"",
        lambda content: b"not a model at all",
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change):
    with pytest.raises(ModelFileError):
        load_detector(_damaged(tmp_path, change), backend="onnxruntime")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_detector(tmp_path / "none.onnx", backend="onnxruntime")
    with pytest.raises(InvalidInputError, match="back end"):
        load_detector(backend="tensorflow")
    with pytest.raises(InvalidInputError, match="thread"):
        load_detector(threads=0)


def _resealed(tmp_path: Path, properties: dict[str, str], keep_graph: bool = True) -> Path:
    """The shipped graph with other metadata, or another graph with the shipped metadata; sealed again."""
    model = onnx.load_from_string(DEFAULT_WEIGHTS.read_bytes())
    metadata = (
        {entry.key: entry.value for entry in model.metadata_props}
        | properties
        | {"digest": sealed_file.BLANK}
    )
    if not keep_graph:
        pixels = onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, [1, 1, "h", "w"])
        logits = onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [1, 1, "h", "w"])
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node("Identity", ["pixels"], ["logits"])], "other", [pixels], [logits]
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata)
    path = tmp_path / "other.onnx"
    onnx.save(model, str(path))
    sealed_file.seal(path)
    return path


def test_another_architecture_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="format"):
        load_detector(_resealed(tmp_path, {"format": "something"}), backend="onnxruntime")
    with pytest.raises(ModelFileError, match="YOLOv5"):
        load_detector(_resealed(tmp_path, {"family": "ssd"}), backend="onnxruntime")
    with pytest.raises(ModelFileError, match="metadata"):
        load_detector(_resealed(tmp_path, {"anchors": "[[1, 2, 3]]"}), backend="onnxruntime")
    with pytest.raises(ModelFileError, match="another architecture"):
        load_detector(_resealed(tmp_path, {}, keep_graph=False), backend="onnxruntime")
    assert load_detector(_resealed(tmp_path, {}), backend="onnxruntime").size == 320


def test_torch_weights_of_another_size_are_refused(tmp_path):
    from analysis.pipeline.kernels import training_state  # noqa: PLC0415 - torch takes seconds to import

    tensors, metadata = training_state.read_tensors(DEFAULT_WEIGHTS.with_suffix(".safetensors"))
    path = tmp_path / "w.safetensors"
    training_state._write(path, tensors, {**metadata, "size": "s", "digest": sealed_file.BLANK})
    sealed_file.seal(path)
    with pytest.raises(ModelFileError, match="do not fit"):
        load_detector(path)
    with pytest.raises(ModelFileError, match="YOLOv5n"):
        training_state.load_weights(path, expected_size="n")
    shutil.copy(DEFAULT_WEIGHTS.with_suffix(".safetensors"), path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ModelFileError):
        load_detector(path)


def test_the_default_confidence_is_below_the_operating_point(detector):
    assert detector.info.confidence >= RAW_CONFIDENCE
    assert set(detector_backends.BACKENDS) == {"auto", "onnxruntime", "openvino", "torch"}
