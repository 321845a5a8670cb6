"""Feature sets: once per digest, never with a hole, back as they went in."""

import numpy as np
import pytest
from django.core.files.storage import default_storage

from analysis.models import FeatureSet
from analysis.pipeline.names import DYNAMIC_FEATURES, STATIC_FEATURES
from analysis.services import features
from analysis.services.features import StoredStatic, dynamic_of, feature_set_store, static_of
from tests.factories import make_clip, make_model_track, make_patient, make_site, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def revision():
    return make_model_track(make_clip(make_patient(make_site(make_study())))).revisions.get()


def store(revision, **changes) -> FeatureSet:
    rng = np.random.default_rng(1)
    values = {
        "clip": revision.track.clip, "revision": revision, "box_source": "model", "digest": "d" * 64,
        "pipeline_version": "1", "parameters": {"bin_width": 25.0},
        "static": StoredStatic(np.array([1, 3]), rng.normal(size=(2, len(STATIC_FEATURES))), np.ones((2, 4))),
        "dynamic": rng.normal(size=len(DYNAMIC_FEATURES)), "window": (0, 6), "time_base": "hz", "fps": 20.0,
        "qc": {"reused": 0}, "reasons": [], "excluded": {2: "blurred"},
    }  # fmt: skip
    return feature_set_store(**{**values, **changes})


def test_what_comes_back_is_what_went_in_bit_for_bit(revision):
    rng = np.random.default_rng(1)
    expected = rng.normal(size=(2, len(STATIC_FEATURES))), rng.normal(size=len(DYNAMIC_FEATURES))
    row = FeatureSet.objects.get(pk=store(revision).pk)
    np.testing.assert_array_equal(static_of(row).values, expected[0])
    np.testing.assert_array_equal(static_of(row).frame_indices, [1, 3])
    np.testing.assert_array_equal(dynamic_of(row), expected[1])
    assert (row.n_used, row.n_frames, row.excluded) == (2, 6, {"2": "blurred"})
    assert row.compliant


def test_the_same_digest_is_stored_once(revision):
    first = store(revision)
    assert store(revision, dynamic=np.zeros(len(DYNAMIC_FEATURES))) == first
    assert FeatureSet.objects.count() == 1


def test_two_workers_with_the_same_digest_leave_one_row_and_one_file(revision, monkeypatch):
    first = store(revision)
    monkeypatch.setattr(type(FeatureSet.objects.all()), "first", lambda _rows: None)
    assert store(revision) == first
    assert _files() == 1


def _files() -> int:
    folders = default_storage.listdir("features")[0]
    return sum(len(default_storage.listdir(f"features/{folder}")[1]) for folder in folders)


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_table_with_a_hole_is_refused(revision, hole):
    dynamic = np.zeros(len(DYNAMIC_FEATURES))
    dynamic[7] = hole
    with pytest.raises(ValueError, match="never holds NaN"):
        store(revision, dynamic=dynamic)
    assert not FeatureSet.objects.exists()
    assert np.dtype("<f8") == features.DYNAMIC_DTYPE
