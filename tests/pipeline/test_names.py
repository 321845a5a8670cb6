"""The names of the features: literal, ordered, and pyradiomics' own."""

import subprocess
import sys

from radiomics import firstorder, glcm, shape2D

from analysis.pipeline import names


def _emitted(prefix: str, feature_class: type) -> list[str]:
    return [
        f"{prefix}_{name}" for name, deprecated in feature_class.getFeatureNames().items() if not deprecated
    ]


def test_the_first_51_are_those_pyradiomics_emits_in_its_order() -> None:
    expected = (
        _emitted("firstorder", firstorder.RadiomicsFirstOrder)
        + _emitted("shape2D", shape2D.RadiomicsShape2D)
        + _emitted("glcm", glcm.RadiomicsGLCM)
    )
    assert list(names.STATIC_FEATURES[:51]) == expected


def test_the_last_40_run_by_radius_then_bin() -> None:
    expected = [f"lbp_R{radius}_bin{b}" for radius in (1, 2, 3, 4) for b in range(10)]
    assert list(names.STATIC_FEATURES[51:]) == expected


def test_counts() -> None:
    assert len(names.STATIC_FEATURES) == len(set(names.STATIC_FEATURES)) == 91
    assert len(names.DYNAMIC_DESCRIPTORS) == len(set(names.DYNAMIC_DESCRIPTORS)) == 24
    assert len(names.DYNAMIC_FEATURES) == len(set(names.DYNAMIC_FEATURES)) == 2184


def test_descriptors_are_14_of_time_then_10_of_frequency() -> None:
    assert [name[:2] for name in names.DYNAMIC_DESCRIPTORS] == ["t_"] * 14 + ["f_"] * 10


def test_dynamic_features_are_static_major() -> None:
    assert names.DYNAMIC_FEATURES[0] == "firstorder_10Percentile__t_max"
    assert names.DYNAMIC_FEATURES[23] == "firstorder_10Percentile__f_se"
    assert names.DYNAMIC_FEATURES[24] == "firstorder_90Percentile__t_max"
    assert names.DYNAMIC_FEATURES[-1] == "lbp_R4_bin9__f_se"


def test_every_name_has_label_unit_and_source() -> None:
    assert tuple(names.STATIC_INFO) == names.STATIC_FEATURES
    assert tuple(names.DESCRIPTOR_INFO) == names.DYNAMIC_DESCRIPTORS
    for info in [*names.STATIC_INFO.values(), *names.DESCRIPTOR_INFO.values()]:
        assert all(info)


def test_labels_of_one_family_differ() -> None:
    for prefix in ("firstorder_", "shape2D_", "glcm_", "lbp_"):
        labels = [info.label for name, info in names.STATIC_INFO.items() if name.startswith(prefix)]
        assert len(labels) == len(set(labels))


def test_ablations_keep_order_and_drop_one_class() -> None:
    assert names.static_subset() == names.STATIC_FEATURES
    assert names.static_subset(shape=False) == names.STATIC_FEATURES[:18] + names.STATIC_FEATURES[27:]
    assert names.static_subset(lbp=False) == names.STATIC_FEATURES[:51]
    assert names.dynamic_subset() == names.DYNAMIC_FEATURES
    assert len(names.dynamic_subset(shape=False)) == 82 * 24
    assert len(names.dynamic_subset(shape=False, lbp=False)) == 42 * 24


def test_names_need_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import analysis.pipeline.names;"
        "new = {m.split('.')[0] for m in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'analysis'}))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
