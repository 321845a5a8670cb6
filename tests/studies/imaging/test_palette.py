"""Segmented colour tables, against the standard's own rules (PS3.3 C.7.9.2)."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from studies.errors import RefusedFileError
from studies.imaging.cine import inspect_file, iter_frames
from studies.imaging.palette import expand_segments
from tests.studies.imaging.builders import native, speckle


def words(*values):
    return np.array(values, dtype=np.uint16)


def test_discrete_and_linear_segments():
    assert expand_segments(words(0, 3, 7, 8, 9), 3, wide=True) == [7, 8, 9]
    assert expand_segments(words(0, 1, 10, 1, 4, 50), 5, wide=True) == [10, 20, 30, 40, 50]
    assert expand_segments(words(0, 1, 50, 1, 2, 10), 3, wide=True) == [50, 30, 10]


def test_indirect_segments_repeat_earlier_ones():
    table = words(0, 1, 10, 1, 2, 30, 2, 2, 0, 0)
    assert expand_segments(table, 6, wide=True) == [10, 20, 30, 10, 20, 30]


@pytest.mark.parametrize("bad", [
    words(1, 4, 50), words(0, 9, 1, 2), words(5, 1, 1), words(0, 1, 1, 2, 1, 12, 0, 2, 1, 6, 0),
])  # fmt: skip
def test_contradictions_are_refused(bad):
    with pytest.raises(RefusedFileError):
        expand_segments(bad, 4, wide=True)


def colours(**extra):
    ds = Dataset()
    for colour in ("Red", "Green", "Blue"):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"Segmented{colour}PaletteColorLookupTableData", words(0, 1, 0, 1, 255, 0xFF00).tobytes())
    elements = {element.keyword: element.value for element in ds}
    return elements | extra


def test_a_segmented_ramp_is_the_grey_scale(tmp_path):
    frames = speckle()
    path = native(tmp_path / "a", frames, photometric="PALETTE COLOR", **colours())
    assert np.array_equal(np.stack(list(iter_frames(path))), frames)


def test_values_outside_the_table_take_the_nearest_entry(tmp_path):
    short = {f"{c}PaletteColorLookupTableDescriptor": [2, 100, 16] for c in ("Red", "Green", "Blue")}
    data = {f"Segmented{c}PaletteColorLookupTableData": words(0, 2, 0x1000, 0xF000).tobytes()
            for c in ("Red", "Green", "Blue")}  # fmt: skip
    frames = np.array([0, 99, 100, 101, 102, 255] * 512, np.uint8).reshape(1, 48, 64)
    path = native(tmp_path / "a", frames, photometric="PALETTE COLOR", **colours(**short, **data))
    (grey,) = iter_frames(path)
    assert np.array_equal(grey, np.where(frames[0] <= 100, 0x10, 0xF0))


def test_a_table_shorter_than_announced_is_refused(tmp_path):
    data = {"SegmentedBluePaletteColorLookupTableData": words(0, 1, 5).tobytes()}
    path = native(tmp_path / "a", speckle(), photometric="PALETTE COLOR", **colours(**data))
    with pytest.raises(RefusedFileError, match="colour table"):
        inspect_file(path)
