"""The compiled features against pyradiomics and the definition of LBP, on stored and on random regions."""

import csv

import numpy as np
import pytest

from analysis.pipeline.kernels.cuda import count_on_torch
from analysis.pipeline.kernels.feature_backends import (
    Settings,
    count_on_cpu,
    describe_on_cpu,
    features_of_counts,
)
from analysis.pipeline.kernels.packing import pack_clip, pack_crops
from analysis.pipeline.kernels.runs import find_runs
from analysis.pipeline.names import STATIC_FEATURES
from analysis.pipeline.static_features import extract
from tests.baselines.write_static_baselines import BASELINES, cases, lbp_by_fractions
from tests.pipeline.static_rois import Roi, rois

RTOL, ATOL = 1e-9, 1e-7
N_RADIOMICS = 51


def _stored() -> dict[str, dict[str, float]]:
    """Baselines by case, then feature."""
    with BASELINES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {case: {row["feature"]: float(row[case]) for row in rows} for case in rows[0] if case != "feature"}


def _describe(roi: Roi, backend: str) -> tuple[np.ndarray, bool, str]:
    found = extract(
        roi.image[None],
        roi.mask[None],
        roi.spacing_mm,
        backend=backend,
        min_pixels=1,
        min_side_px=1,
        threads=1,
        **roi.binning,
    )
    return found.values[0], bool(found.valid[0]), str(found.reasons[0])


def _assert_equal(roi: Roi) -> bool:
    """Compare both back ends on one region; returns whether it could be described."""
    expected, valid, _ = _describe(roi, "pyradiomics")
    found, found_valid, reason = _describe(roi, "cpu")
    assert found_valid == valid, f"{roi.label}: {reason}"
    if valid:
        np.testing.assert_allclose(found[:N_RADIOMICS], expected[:N_RADIOMICS], RTOL, ATOL, err_msg=roi.label)
        np.testing.assert_array_equal(found[N_RADIOMICS:], expected[N_RADIOMICS:], err_msg=roi.label)
    return valid


def test_every_feature_has_a_baseline_and_every_baseline_a_feature() -> None:
    stored = _stored()
    assert set(stored) == set(cases())
    for case, features in stored.items():
        assert set(features) == set(STATIC_FEATURES), case
        assert np.isfinite(list(features.values())).all(), case


@pytest.mark.parametrize("name", cases())
def test_baselines(name: str) -> None:
    case = cases()[name]
    stored = _stored()[name]
    packed = pack_clip(case.image[None], case.mask[None])
    found = describe_on_cpu(packed, find_runs(*_layout(packed)), case.settings)[0]
    for feature, value in zip(STATIC_FEATURES, found, strict=True):
        tolerance = 0.0 if feature.startswith("lbp_") else ATOL + RTOL * abs(stored[feature])
        assert abs(value - stored[feature]) <= tolerance, feature


def _layout(packed):
    return packed.mask, packed.starts, packed.heights, packed.widths


def test_random_regions_equal_the_reference() -> None:
    described = [_assert_equal(roi) for roi in rois(105, seed=1, largest=30)]
    assert sum(described) > 90


@pytest.mark.slow
def test_a_thousand_random_regions_equal_the_reference() -> None:
    described = [_assert_equal(roi) for roi in rois(1000, seed=2, largest=24)]
    assert sum(described) > 900


@pytest.mark.parametrize("k", range(7))
def test_patterns_equal_exact_fractions(k: int) -> None:
    roi = rois(35, seed=3, largest=16)[5 * k]
    found, valid, reason = _describe(roi, "cpu")
    assert valid, reason
    expected = lbp_by_fractions(roi.image, roi.mask)
    assert dict(zip(STATIC_FEATURES[N_RADIOMICS:], found[N_RADIOMICS:], strict=True)) == expected


def test_torch_counts_the_same_pixels() -> None:
    chosen = [roi for roi in rois(70, seed=4) if roi.mask.any()]
    packed = pack_crops([roi.image for roi in chosen], [roi.mask for roi in chosen])
    runs = find_runs(*_layout(packed))
    for settings in (Settings((0.2, 0.3), 25.0, None), Settings((1.0, 1.0), 25.0, 32)):
        ours, theirs = (
            count_on_cpu(packed, runs, settings),
            count_on_torch(packed, runs, settings, device="cpu"),
        )
        np.testing.assert_array_equal(ours.histograms, theirs.histograms)
        np.testing.assert_array_equal(ours.pairs[:, :, 1:, 1:], theirs.pairs[:, :, 1:, 1:])
        np.testing.assert_array_equal(ours.patterns, theirs.patterns)
        np.testing.assert_allclose(
            features_of_counts(theirs, runs, settings), features_of_counts(ours, runs, settings), rtol=1e-6
        )
