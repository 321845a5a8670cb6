"""Synthetic cines: truth, motion, planted effect, determinism."""

import dataclasses

import numpy as np
import pytest

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cine_render import lateral_shifts
from analysis.pipeline.kernels.scene import PLANTED_EFFECT, SceneParameters
from analysis.pipeline.synthesis import (
    SyntheticCine,
    draw_scene_parameters,
    simulated_detections,
    synthesise_cine,
)

PLANTED_NAMES = {item.name for item in PLANTED_EFFECT} | {"calcifications"}


def scene_of(
    seed: int = 3, *, positive: bool = False, effect: float = 0.35, **changes: object
) -> SceneParameters:
    """A drawn scene of a 15 mm lesion, with some parameters set by hand."""
    rng = np.random.default_rng(seed)
    scene = draw_scene_parameters(rng, size_mm=15, her2_positive=positive, effect=effect, n_frames=12)
    return dataclasses.replace(scene, **changes)


@pytest.fixture(scope="module")
def cine() -> SyntheticCine:
    """A cine that starts and ends beside its lesion."""
    return synthesise_cine(scene_of(n_frames=24, sweep_radii=2.3, sweep_offset=0.0), 11)


def test_frames_masks_and_boxes_have_the_promised_types(cine: SyntheticCine) -> None:
    assert cine.frames.shape == cine.masks.shape == (24, 224, 256)
    assert (cine.frames.dtype, cine.masks.dtype, cine.boxes.dtype) == (np.uint8, np.bool_, np.float64)
    assert cine.boxes.shape == (24, 4)
    assert cine.fps in {25.0, 30.0}
    assert cine.spacing_mm == (35 / 224, 35 / 224)


def test_boxes_are_tight_and_absent_off_the_lesion(cine: SyntheticCine) -> None:
    for mask, box in zip(cine.masks, cine.boxes, strict=True):
        if np.isnan(box).any():
            assert np.isnan(box).all()
            assert mask.sum() < 60
            continue
        x1, y1, x2, y2 = box.astype(int)
        inside = mask[y1:y2, x1:x2]
        assert inside.sum() == mask.sum()
        assert inside[0].any()
        assert inside[-1].any()
        assert inside[:, 0].any()
        assert inside[:, -1].any()
    absent = np.isnan(cine.boxes).any(axis=1)
    assert absent[0]
    assert absent[-1]
    assert not absent[6:18].any()


def test_lesion_is_darker_than_the_tissue_around_it(cine: SyntheticCine) -> None:
    frame, mask = cine.frames[12].astype(float), cine.masks[12]
    rows = np.flatnonzero(mask.any(axis=1))
    beside = ~mask[rows[0] : rows[-1]]
    assert frame[mask].mean() < frame[rows[0] : rows[-1]][beside].mean() - 25


def test_size_of_the_middle_slice_is_the_ultrasound_size() -> None:
    smooth = synthesise_cine(scene_of(spic=0.0, sweep_radii=1.0, sweep_offset=0.0, n_frames=3), 0)
    width = smooth.boxes[1, 2] - smooth.boxes[1, 0]
    assert width * smooth.spacing_mm[1] == pytest.approx(15, abs=0.35)


def test_same_seed_same_bytes_and_another_seed_differs(cine: SyntheticCine) -> None:
    scene = scene_of(n_frames=24, sweep_radii=2.3, sweep_offset=0.0)
    assert np.array_equal(synthesise_cine(scene, np.random.default_rng(11)).frames, cine.frames)
    assert not np.array_equal(synthesise_cine(scene, 12).frames, cine.frames)


def test_motion_is_in_whole_pixels() -> None:
    """With the plane held still, masks are exact translations and speckle follows by the same pixels."""
    scene = scene_of(sweep_radii=0.0, sweep_offset=0.0, drift_mm=4.0, ell_frames=12.0, pulse_db=0.0)
    shifts = lateral_shifts(np.random.default_rng(5).spawn(7)[0], scene)
    cine = synthesise_cine(scene, 5)
    assert shifts.dtype.kind == "i"
    assert np.ptp(shifts) > 10
    for index, shift in enumerate(shifts - shifts[0]):
        assert np.array_equal(np.roll(cine.masks[0], shift, axis=1), cine.masks[index])
    step = int(shifts[7] - shifts[6])
    match = [
        _correlation(cine.frames[6], np.roll(cine.frames[7], -step + d, axis=1)) for d in (-2, -1, 0, 1, 2)
    ]
    assert int(np.argmax(match)) == 2


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a[:, 20:-20].ravel(), b[:, 20:-20].ravel())[0, 1])


def test_shorter_ell_decorrelates_faster() -> None:
    still = {"sweep_radii": 0.0, "drift_mm": 0.0, "breath_mm": 0.0, "tremor_mm": 0.0, "pulse_db": 0.0}
    quick, slow = (synthesise_cine(scene_of(ell_frames=ell, **still), 4).frames for ell in (1.5, 8.0))
    lags = range(1, 6)
    quick_decay = [_correlation(quick[0], quick[lag]) for lag in lags]
    slow_decay = [_correlation(slow[0], slow[lag]) for lag in lags]
    assert quick_decay[2] < slow_decay[2] - 0.15
    assert np.all(np.diff(slow_decay) < 0)


def test_cardiac_modulation_is_at_the_heart_rate() -> None:
    still = {"sweep_radii": 0.0, "drift_mm": 0.0, "breath_mm": 0.0, "tremor_mm": 0.0}
    scene = scene_of(pulse_db=3.0, heart_hz=1.25, fps=25.0, n_frames=60, **still)
    cine = synthesise_cine(scene, 2)
    curve = np.array([frame[mask].mean() for frame, mask in zip(cine.frames, cine.masks, strict=True)])
    spectrum = np.abs(np.fft.rfft(curve - curve.mean()))
    assert int(spectrum.argmax()) == 3  # 1.25 Hz x 60 frames / 25 Hz


def test_effect_zero_gives_the_same_scene_for_either_status() -> None:
    for seed in range(20):
        assert scene_of(seed, positive=True, effect=0) == scene_of(seed, positive=False, effect=0)
    assert scene_of(1, positive=False, effect=0) == scene_of(1, positive=False, effect=1)


def test_an_effect_moves_the_planted_parameters_only() -> None:
    negative, positive = (scene_of(8, positive=status, effect=0.5) for status in (False, True))
    moved = {
        field.name
        for field in dataclasses.fields(negative)
        if getattr(negative, field.name) != getattr(positive, field.name)
    }
    assert moved == PLANTED_NAMES
    for item in PLANTED_EFFECT:
        difference = getattr(positive, item.name) - getattr(negative, item.name)
        assert difference == pytest.approx(0.5 * item.shift)


def test_planted_distributions_have_the_stated_moments() -> None:
    drawn = [scene_of(seed, positive=True, effect=0.35) for seed in range(800)]
    for item in PLANTED_EFFECT:
        values = np.array([getattr(scene, item.name) for scene in drawn])
        assert values.mean() == pytest.approx(item.mean + 0.35 * item.shift, abs=5 * item.sd / np.sqrt(800))
        assert values.std() == pytest.approx(item.sd, rel=0.12)
    counts = np.array([scene.calcifications for scene in drawn])
    assert counts.mean() == pytest.approx(2 + 5 * 0.35, abs=0.35)
    assert counts.var() == pytest.approx(2 + 5 * 0.35, rel=0.2)


def test_large_lesions_are_drawn_inside_the_frame() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        scene = draw_scene_parameters(rng, size_mm=70, her2_positive=True, effect=1)
        assert scene.size_mm == 27
        assert scene.centre_y_mm + scene.aspect * scene.size_mm / 2 < 35
        assert scene.centre_y_mm - scene.aspect * scene.size_mm / 2 > 0
        assert 0 < scene.centre_x_mm - 13.5 < scene.centre_x_mm + 13.5 < 40


@pytest.mark.parametrize(
    "wrong",
    [{"effect": -0.1}, {"effect": np.nan}, {"size_mm": 0}, {"size_mm": np.inf}, {"n_frames": 0}],
)
def test_senseless_scenes_are_refused(wrong: dict[str, float]) -> None:
    arguments = {"size_mm": 15.0, "her2_positive": True, "effect": 0.35, "n_frames": 8} | wrong
    with pytest.raises(InvalidInputError, match="expected"):
        draw_scene_parameters(np.random.default_rng(0), **arguments)


def test_simulated_detector_errs_at_the_stated_rates() -> None:
    n = 6000
    boxes = np.tile([80.0, 60.0, 180.0, 130.0], (n, 1))
    boxes[n // 2 :] = np.nan
    empty = np.zeros((n, 224, 256), dtype=bool)
    cine = SyntheticCine(empty.view(np.uint8), empty, boxes, 25.0, (0.15625, 0.15625))
    found = simulated_detections(cine, 1)
    there, absent = found[: n // 2], found[n // 2 :]
    assert np.mean([len(d) == 0 for d in there]) == pytest.approx(0.07, abs=0.015)
    assert np.mean([len(d) for d in absent]) == pytest.approx(0.10, abs=0.02)
    hits = np.concatenate([d for d in there if len(d)])
    assert hits.shape[1] == 5
    assert ((hits[:, 4] > 0) & (hits[:, 4] < 1)).all()
    assert (hits[:, :4] >= 0).all()
    assert (hits[:, [0, 2]] <= 256).all()
    assert (hits[:, [1, 3]] <= 224).all()
    error = np.abs(hits[:, :4] - boxes[0]) / [100, 70, 100, 70]
    near = (error < 5 * 0.03).all(axis=1)
    assert 1 - near.mean() == pytest.approx(0.06 / 0.93, abs=0.015)
    assert (hits[near, 0] - 80).std() == pytest.approx(3.0, rel=0.1)
