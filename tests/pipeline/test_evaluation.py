"""Judging stored scores: one model, pairs, subgroups, other label rules."""

import json

import numpy as np
import pytest

from analysis.pipeline import metrics
from analysis.pipeline.errors import InvalidInputError


@pytest.fixture(scope="module")
def stored():
    rng = np.random.default_rng(5)
    y = (rng.random(90) < 0.35).astype(int)
    good = 1 / (1 + np.exp(-(1.5 * y - 1 + rng.normal(size=90))))
    return y, good, rng.random(90)


def test_one_evaluation_holds_what_the_tables_need(stored):
    y, good, _ = stored
    found = metrics.evaluate("m", "test", y, good, 0.4, replicates=50)
    assert (found.auc, found.auc_low, found.auc_high) == metrics.delong_interval(y, good)
    assert found.counts == metrics.confusion_at(y, good, 0.4)
    assert found.calibration == metrics.calibration(y, good)
    assert found.bootstrap.replicates == 50
    assert metrics.evaluate("m", "test", y, good, 0.4, replicates=0).bootstrap is None
    assert metrics.evaluate("m", "test", y, 10 * good, 4, replicates=0).calibration is None
    json.dumps(metrics.jsonable(found), allow_nan=False)


def test_comparisons_carry_raw_and_adjusted_p(stored):
    y, good, noise = stored
    scores = {"good": good, "noise": noise, "twin": good}
    cutoffs = dict.fromkeys(scores, 0.5)
    found = metrics.compare(y, scores, cutoffs, [("good", "noise"), ("good", "twin")], replicates=50)
    first, second = found
    assert first.p == metrics.delong_paired(y, good, noise).p
    assert first.p_holm == pytest.approx(min(1.0, 2 * first.p))
    assert second.p_holm == 1.0
    assert second.discordant == {"ACC": (0, 0), "SEN": (0, 0), "SPC": (0, 0)}
    b, c = first.discordant["ACC"]
    assert first.mcnemar["ACC"] == metrics.mcnemar_exact(b, c)
    right = ((good >= 0.5) == y) & ((noise >= 0.5) != y)
    assert b == right.sum()
    assert tuple(np.add(first.discordant["SEN"], first.discordant["SPC"])) == (b, c)
    with pytest.raises(InvalidInputError, match="absent"):
        metrics.compare(y, scores, cutoffs, [("good", "absent")])


def test_subgroups_are_judged_at_the_same_cutoff_and_small_ones_marked(stored):
    y, good, _ = stored
    masks = {"first": np.arange(90) < 60, "few": np.arange(90) < 12, "negatives": y == 0}
    found = {s.name: s for s in metrics.evaluate_subgroups("m", y, good, 0.4, masks)}
    assert found["first"].evaluation.auc == metrics.auc(y[:60], good[:60])
    assert found["first"].evaluation.cutoff == 0.4
    assert not found["first"].small
    assert found["few"].small
    assert found["negatives"].evaluation is None
    assert "too few to judge" in found["negatives"].reason
    with pytest.raises(InvalidInputError, match="mask"):
        metrics.evaluate_subgroups("m", y, good, 0.4, {"x": np.arange(90)})


def test_other_label_rules_leave_undefined_patients_out(stored):
    y, good, _ = stored
    strict = y.astype(float)
    strict[:10] = np.nan
    found = metrics.evaluate_label_rules(
        "m", good, 0.4, {"own": y, "strict": strict, "empty": np.full(90, np.nan)}
    )
    assert [s.n for s in found] == [90, 80, 0]
    assert found[1].evaluation.auc == metrics.auc(y[10:], good[10:])
    assert found[2].evaluation is None
    with pytest.raises(InvalidInputError):
        metrics.evaluate_label_rules("m", good, 0.4, {"odd": y + 1})


def test_json_knows_no_infinity():
    counts = metrics.Confusion(tp=5, fp=0, tn=10, fn=5)
    found = metrics.jsonable(metrics.confusion_metrics(counts))
    assert found["LR+"]["value"] is None
    assert 0.5 < found["LR+"]["low"] < found["LR+"]["high"]
    assert metrics.jsonable({"a": np.float64("nan"), "b": (np.int64(3), {1.5})}) == {
        "a": None,
        "b": [3, [1.5]],
    }
