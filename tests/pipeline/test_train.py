"""Training: it learns, repeats itself, resumes, stops when asked, and refuses what it cannot use."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from analysis.pipeline.errors import CancelledError, InvalidInputError, LeakageError, ModelFileError
from analysis.pipeline.kernels import training_state, yolo_compat
from analysis.pipeline.kernels.augment import AugmentOptions
from analysis.pipeline.kernels.detection_metrics import figures
from analysis.pipeline.kernels.detector_dataset import CachedStill, LabelledStill, cache_still
from analysis.pipeline.kernels.distillation import Teacher, distillation_loss
from analysis.pipeline.kernels.mask_supervision import MaskSupervision
from analysis.pipeline.kernels.training_batches import Batches, target_rows
from analysis.pipeline.kernels.training_loop import judge_model, run_training
from analysis.pipeline.kernels.training_options import TrainingOptions, learning_rate
from analysis.pipeline.synthesis import draw_pretraining_still
from analysis.pipeline.train import FitOptions, fit_detector

CALM = AugmentOptions(
    mosaic=0.0, paste=0.0, shadow=0.0, speckle=0.0, log_scale=0.1, log_aspect=0.05, shift=0.1
)
TINY = TrainingOptions(
    image_size=96,
    small_sizes=(),
    epochs=2,
    batch=4,
    warmup_steps=4,
    validate_every=1,
    precision="float32",
    augment=CALM,
    ema_decay=0.9,
)


@pytest.fixture(scope="module")
def stills() -> list[CachedStill]:
    """Synthetic stills of 128 px without overlays."""
    return [
        cache_still(
            *draw_pretraining_still(np.random.default_rng((31, i)), long_side=128, overlays=False), 128
        )
        for i in range(240)
    ]


def _weights(path: Path) -> dict[str, torch.Tensor]:
    return load_file(path)


def test_two_epochs_beat_an_untrained_network(tmp_path, stills):
    """On stills that were not trained on: lower loss, and boxes that overlap the lesions more."""
    options = replace(TINY, learning_rate=5e-3, ema_decay=0.5, validate_every=2)
    training, validation = stills[:200], stills[200:]
    trained, anchors = training_state.load_weights(
        run_training(training, validation, options, tmp_path).final
    )
    torch.manual_seed(0)
    untrained = yolo_compat.build_model("n", anchors, channels=1)
    loss_before, before = _outcome(untrained, validation, options)
    loss_after, after = _outcome(trained, validation, options)
    assert loss_after < 0.95 * loss_before
    assert after["mAP50"] > 3 * before["mAP50"]
    assert after["mean_iou"] > before["mean_iou"] + 0.03


def _outcome(
    model: torch.nn.Module, stills: list[CachedStill], options: TrainingOptions
) -> tuple[float, dict[str, float]]:
    """Loss on one batch of the stills, and the figures over all detections."""
    batch = next(Batches(stills, (), replace(options, batch=len(stills))).epoch(0))
    loss = yolo_compat.build_loss(model, yolo_compat.loss_gains(options.image_size))
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0  # the statistics of training stay
    with torch.no_grad():
        value = float(loss(model(batch.pixels), batch.targets)[0])
    return value, figures(judge_model(model, stills, options.image_size), 0.0)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path, stills):
    training, validation = stills[:12], stills[12:16]
    one = run_training(training, validation, TINY, tmp_path / "a")
    two = run_training(training, validation, TINY, tmp_path / "b")
    other = run_training(training, validation, replace(TINY, seed=1), tmp_path / "c")
    first, second, third = (_weights(result.final) for result in (one, two, other))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], third[name]) for name in first)
    without_time = [
        [{k: v for k, v in row.items() if k != "cpu_s"} for row in result.history] for result in (one, two)
    ]
    assert without_time[0] == without_time[1]


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, stills):
    training, validation = stills[:12], stills[12:16]
    options = replace(TINY, epochs=3)
    whole = run_training(training, validation, options, tmp_path / "whole")
    steps = iter(range(1000))
    with pytest.raises(CancelledError):
        run_training(training, validation, options, tmp_path / "cut", cancelled=lambda: next(steps) > 4)
    assert len((tmp_path / "cut/progress.jsonl").read_text().splitlines()) == 1
    resumed = run_training(training, validation, options, tmp_path / "cut", resume=True)
    one, two = _weights(whole.final), _weights(resumed.final)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert [row["epoch"] for row in resumed.history] == [0, 1, 2]
    assert resumed.best_epoch == whole.best_epoch


def test_resuming_needs_such_a_run(tmp_path, stills):
    with pytest.raises(ModelFileError, match="resume"):
        run_training(stills[:12], stills[12:16], TINY, tmp_path, resume=True)
    run_training(stills[:12], stills[12:16], replace(TINY, epochs=1), tmp_path)
    with pytest.raises(ModelFileError, match="options"):
        run_training(stills[:12], stills[12:16], TINY, tmp_path, resume=True)


def test_everything_lies_in_the_run_folder(tmp_path, stills, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    rows: list[dict[str, float]] = []
    result = run_training(stills[:12], stills[12:16], TINY, tmp_path / "run", progress=rows.append)
    names = {
        "options.json",
        "progress.jsonl",
        "last.json",
        "last.safetensors",
        "best.safetensors",
        "final.safetensors",
    }
    assert {path.name for path in (tmp_path / "run").iterdir()} == names
    assert {path.name for path in tmp_path.iterdir()} == {"run"}
    assert rows == result.history
    assert json.loads((tmp_path / "run/options.json").read_text())["seed"] == TINY.seed


def test_patience_stops_a_run_that_does_not_gain(tmp_path, stills):
    options = replace(TINY, epochs=9, learning_rate=0.0, patience=2)
    assert len(run_training(stills[:12], stills[12:16], options, tmp_path).history) == 3


def test_synthetic_images_fill_their_part_of_every_batch(stills):
    black = [cache_still(np.zeros((96, 96), np.uint8), np.empty((0, 4)), 96)] * 3
    bright = [cache_still(np.full((96, 96), 200, np.uint8), np.array([[10.0, 10, 50, 50]]), 96)] * 3
    batches = Batches(black, bright, replace(TINY, batch=8, synthetic=0.25))
    batch = next(batches.epoch(0))
    lit = batch.pixels.amax(dim=(1, 2, 3)) > 0
    assert lit.tolist() == [False] * 6 + [True] * 2
    assert set(batch.targets[:, 0].tolist()) == {6.0, 7.0}
    assert (batch.masks.amax(dim=(1, 2, 3)) > 0).tolist() == lit.tolist()


def test_mask_supervision_learns_where_lesions_are(stills):
    """After some steps of the mask loss alone the finest feature map tells lesion from background."""
    torch.manual_seed(0)
    model = yolo_compat.build_model("n", [[10.0, 10, 20, 20, 30, 30]] * 3, channels=1)
    masks = MaskSupervision(model)
    batch = next(Batches(stills[:16], (), replace(TINY, batch=16)).epoch(0))
    optimiser = torch.optim.AdamW([*model.parameters(), *masks.parameters()], lr=3e-3)
    losses = []
    for _ in range(20):
        model(batch.pixels)
        loss = masks(batch.masks)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    assert not any("heads" in name for name in model.state_dict())


def test_a_learner_comes_closer_to_its_teacher(tmp_path, stills):
    """With the teacher's answers a run of the same steps ends nearer to the teacher than without."""
    anchors = [[10.0, 12, 20, 22, 30, 28], [40.0, 30, 50, 44, 60, 70], [70.0, 60, 80, 90, 96, 96]]
    torch.manual_seed(5)
    teacher, learner = (yolo_compat.build_model(size, anchors, channels=1) for size in ("s", "n"))
    files = tmp_path / "teacher.safetensors", tmp_path / "learner.safetensors"
    training_state.save_weights(files[0], teacher, anchors, "s")
    training_state.save_weights(files[1], learner, anchors, "n")
    options = replace(TINY, epochs=1, teacher_gain=5.0, ema_decay=0.5)
    pixels = next(Batches(stills[:8], (), options).epoch(0)).pixels
    answers = Teacher(files[0], anchors, None).answer(pixels)

    def distance(model: torch.nn.Module) -> float:
        model.train()
        with torch.no_grad():
            return float(distillation_loss(model(pixels), answers, box_gain=1.0, objectness_gain=1.0))

    ends = []
    for name, own_teacher in (("taught", files[0]), ("alone", None)):
        run = run_training(
            stills[:48],
            stills[48:52],
            options,
            tmp_path / name,
            initial_weights=files[1],
            teacher=own_teacher,
        )
        ends.append(distance(training_state.load_weights(run.final)[0]))
    assert ends[0] < ends[1]


def test_distillation_asks_nothing_of_a_learner_that_agrees():
    torch.manual_seed(0)
    answers = [torch.randn(1, 3, side, side, 6) * 4 for side in (8, 4, 2)]
    same = [layer.clone().requires_grad_() for layer in answers]
    distillation_loss(same, answers, box_gain=1.0, objectness_gain=1.0).backward()
    assert max(float(layer.grad.abs().max()) for layer in same) < 1e-6
    other = [torch.zeros_like(layer, requires_grad=True) for layer in answers]
    distillation_loss(other, answers, box_gain=1.0, objectness_gain=1.0).backward()
    assert min(float(layer.grad[..., :5].abs().max()) for layer in other) > 1e-3


def test_a_teacher_of_other_anchors_is_refused(tmp_path, stills):
    file = run_training(stills[:12], stills[12:16], replace(TINY, epochs=1), tmp_path / "a").final
    with pytest.raises(ModelFileError, match="anchors"):
        run_training(stills[20:40], stills[12:16], replace(TINY, seed=3), tmp_path / "b", teacher=file)


def test_mask_loss_is_lowest_for_the_truth():
    class Maps(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.m = torch.nn.ModuleList([torch.nn.Conv2d(1, 18, 1)])

        def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
            return maps

    network = torch.nn.Module()
    network.model = torch.nn.ModuleList([Maps()])
    masks = MaskSupervision(network)
    masks.heads[0].weight.data.fill_(20.0)
    masks.heads[0].bias.data.fill_(-10.0)
    truth = torch.zeros(1, 1, 64, 64)
    truth[..., 16:40, 24:48] = 1
    small = torch.nn.functional.adaptive_avg_pool2d(truth, 8)

    def loss(maps: torch.Tensor) -> float:
        network.model[0]([maps])
        return float(masks(truth).detach())

    assert loss(small) < 0.01
    assert loss(small.roll(1, 3)) > 0.3
    assert loss(1 - small) > 2
    assert loss(torch.zeros_like(small)) > 0.9


def test_targets_are_centres_and_sides():
    rows = target_rows(3, np.array([[10.0, 20, 50, 40]]), 100)
    np.testing.assert_allclose(rows, [[3, 0, 0.3, 0.3, 0.4, 0.2]], rtol=1e-6)


def test_the_rate_warms_up_and_falls():
    options = replace(TINY, warmup_steps=10, learning_rate=1.0, final_learning_rate=0.1)
    rates = [learning_rate(step, 110, options) for step in range(110)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert (np.diff(rates[10:]) <= 0).all()
    assert rates[-1] == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image_size": 100}, "divisible"),
        ({"epochs": 0}, "epochs"),
        ({"synthetic": 1.0}, "synthetic"),
        ({"precision": "int8"}, "precision"),
    ],
)
def test_bad_options_are_refused(tmp_path, stills, change, words):
    with pytest.raises(InvalidInputError, match=words):
        run_training(stills[:12], stills[12:16], replace(TINY, **change), tmp_path)


def test_empty_sets_are_refused(tmp_path, stills):
    free = [cache_still(still.image, np.empty((0, 4)), 128) for still in stills[:12]]
    for training, validation in (
        ([], stills[:4]),
        (stills[:12], []),
        (free, stills[:4]),
        (stills[:12], free),
    ):
        with pytest.raises(InvalidInputError, match=r"empty data set|none"):
            run_training(training, validation, TINY, tmp_path)


def test_weights_of_another_kind_are_refused(tmp_path, stills):
    file = run_training(stills[:12], stills[12:16], replace(TINY, epochs=1), tmp_path).final
    with pytest.raises(ModelFileError, match="YOLOv5s"):
        run_training(
            stills[:12], stills[12:16], replace(TINY, size="s"), tmp_path / "s", initial_weights=file
        )
    with pytest.raises(ModelFileError):
        run_training(
            stills[:12], stills[12:16], TINY, tmp_path / "s", initial_weights=tmp_path / "none.safetensors"
        )
    pickled = tmp_path / "w.safetensors"
    torch.save({"model": 1}, pickled)
    with pytest.raises(ModelFileError):
        training_state.load_weights(pickled)
    with pytest.raises(ModelFileError, match="size"):
        yolo_compat.build_model("x", [[1.0] * 6] * 3)


def test_the_network_is_yolov5_nano():
    model = yolo_compat.build_model(
        "n", [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]]
    )
    # 1,765,270 parameters: the count that YOLOv5n has with one class
    assert sum(p.numel() for p in model.parameters()) == 1_765_270
    assert model.stride.tolist() == [8, 16, 32]


def test_a_group_on_both_sides_is_refused(tmp_path):
    still = LabelledStill(tmp_path / "a.png", np.empty((0, 4)), "g1", "", "", 10, 10)
    with pytest.raises(LeakageError):
        fit_detector([still], [still], tmp_path, FitOptions(TINY))
