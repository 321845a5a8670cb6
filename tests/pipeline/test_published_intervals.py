"""What the paper did, reproduced: its intervals, and its t tests over resamples."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError

PAPER = Path(__file__).resolve().parents[2].parent / "shared" / "paper" / "tables2-4.json"
TEST_POSITIVES, TEST_NEGATIVES = 28, 60

# Cells of Table 4 (test rows) whose printed bound does not follow from any arithmetic: a slip of the pen.
NAMED_SLIPS = {("SVM+LR", "ACC", 0)}


def test_published_interval_of_the_best_model():
    assert metrics.as_published_interval("ACC", 18, 28, 55, 60) == (0.826, 0.833)
    assert metrics.as_published_interval("SEN", 18, 28, 55, 60) == (0.465, 0.820)
    assert metrics.as_published_interval("SPC", 18, 28, 55, 60) == (0.847, 0.987)
    assert metrics.as_published_interval("YI", 18, 28, 55, 60) == (0.312, 0.807)


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's tables are not beside the repository")
@pytest.mark.real_data
def test_published_intervals_of_all_sixteen_fused_test_rows():
    rows = [r for r in json.loads(PAPER.read_text()) if (r["table"], r["cohort"]) == ("T4", "I-T")]
    assert len(rows) == 16
    differing = set()
    for row, metric in product(rows, ("SEN", "SPC", "ACC", "YI")):
        k1 = round(row["SEN"][0] * TEST_POSITIVES / 100)
        k0 = round(row["SPC"][0] * TEST_NEGATIVES / 100)
        found = metrics.as_published_interval(metric, k1, TEST_POSITIVES, k0, TEST_NEGATIVES)
        for side, (bound, printed) in enumerate(zip(found, row[metric][1:], strict=True)):
            if round(100 * bound, 1) != printed:
                differing.add((row["model"], metric, side))
    assert differing == NAMED_SLIPS


@pytest.mark.parametrize(
    "arguments", [("F1", 1, 2, 1, 2), ("SEN", 3, 2, 1, 2), ("ACC", 1, 2, 1, 0), (None, 1, 2, 1, 2)]
)
def test_published_interval_refuses(arguments):
    with pytest.raises(InvalidInputError):
        metrics.as_published_interval(*arguments)


def test_resample_ttest_finds_significance_in_noise_and_says_so(scored):
    """Two scores that DeLong cannot tell apart: the paper's test is certain, and its caveat says why."""
    y, a, _ = scored
    b = a + np.random.default_rng(3).normal(scale=0.5, size=a.size)
    assert metrics.delong_paired(y, a, b).p > 0.05
    found = metrics.paper_resample_ttest(y, a, b)
    assert found.p < 1e-6
    assert "not a valid test" in found.caveat.lower()
    assert "32-fold" in found.caveat
    assert found == metrics.paper_resample_ttest(y, a, b)


def test_resample_ttest_at_cutoffs(scored):
    y, a, b = scored
    for metric in ("ACC", "YI"):
        found = metrics.paper_resample_ttest(y, a, b, metric, cutoffs=(0.5, 0.5), repetitions=300)
        counts = [metrics.confusion_metrics(metrics.confusion_at(y, s, 0.5)) for s in (a, b)]
        assert found.difference == pytest.approx(counts[0][metric].value - counts[1][metric].value, abs=0.02)
        with pytest.raises(InvalidInputError, match="cut-offs"):
            metrics.paper_resample_ttest(y, a, b, metric)
