"""Regions and spacing: which is taken, which is refused, and never a guess."""

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from studies.imaging.calibration import calibrate
from tests.studies.imaging.builders import region


def header(*regions, **elements):
    ds = Dataset()
    if regions:
        ds.SequenceOfUltrasoundRegions = Sequence(regions)
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def of(*regions, **elements):
    return calibrate(header(*regions, **elements), 48, 64)


def test_physical_delta_in_cm_becomes_mm_row_first():
    found = of(region(PhysicalDeltaY=0.02))
    assert found.spacing_mm == pytest.approx((0.2, 0.1))
    assert found.source == "PhysicalDelta"
    assert found.depth_mm == pytest.approx(48 * 0.2)
    assert found.defects == ()


def test_physical_delta_before_pixel_spacing():
    found = of(region(), PixelSpacing=[0.3, 0.3])
    assert (found.source, found.spacing_mm) == ("PhysicalDelta", pytest.approx((0.1, 0.1)))
    assert any("differ" in d for d in found.defects)


def test_pixel_spacing_when_there_is_no_region():
    found = of(PixelSpacing=[0.3, 0.4])
    assert (found.source, found.spacing_mm) == ("PixelSpacing", (0.3, 0.4))


@pytest.mark.parametrize(
    "bad", [region(delta=0), region(units=4), region(units=0), region(delta=99), region(delta=1e-7)]
)
def test_unusable_delta_is_not_recorded_and_named(bad):
    found = of(bad)
    assert (found.source, found.spacing_mm, found.depth_mm) == ("not recorded", None, None)
    assert found.defects


def test_negative_delta_is_a_direction():
    found = of(region(PhysicalDeltaX=-0.01))
    assert found.spacing_mm == pytest.approx((0.1, 0.1))
    assert any("negative" in d for d in found.defects)


@pytest.mark.parametrize(
    "other", [region(spatial=2, delta=0.5), region(data_type=3, delta=0.5), region(spatial=4, units=4)]
)
def test_only_two_dimensional_tissue_or_flow_counts(other):
    assert of(other).spacing_mm is None
    assert of(other, region()).spacing_mm == pytest.approx((0.1, 0.1))


def test_colour_flow_region_serves_when_there_is_no_tissue():
    assert of(region(data_type=2)).spacing_mm == pytest.approx((0.1, 0.1))
    assert of(region(data_type=2, delta=0.5), region()).spacing_mm == pytest.approx((0.1, 0.1))


def test_regions_that_contradict_each_other_give_no_spacing():
    found = of(region(), region(delta=0.02))
    assert found.spacing_mm is None
    assert found.defects


def test_dual_picture_with_equal_regions():
    assert of(region(x1=31), region(x0=32)).spacing_mm == pytest.approx((0.1, 0.1))


def test_region_is_half_open_and_clipped():
    found = of(region(x0=10, y0=5, x1=700, y1=47))
    assert found.regions[0].box == (10, 5, 64, 48)
    assert found.regions[0].outside
    assert any("outside" in d for d in found.defects)


def test_exclusive_corners_of_some_makers_are_no_defect():
    found = of(region(x1=64, y1=48))
    assert found.regions[0].box == (0, 0, 64, 48)
    assert found.defects == ()


def test_region_without_corners_is_skipped():
    item = region()
    del item.RegionLocationMaxX1
    assert of(item).regions == ()


def test_frequency_and_depth_use_the_unclipped_height():
    found = of(region(y1=95, TransducerFrequency=12000))
    assert found.regions[0].frequency_khz == 12000
    assert found.depth_mm == pytest.approx(9.6)
