"""The paper's own procedures and the auditor's arithmetic."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.pipeline import metrics
from analysis.pipeline.as_published import audit, evaluate_as_published, evaluate_by_resampling
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.audit_cells import Printing, cells_of, printing_of
from analysis.pipeline.kernels.audit_counts import auc_ceiling_of_youden, auc_range, infer_counts


def cell(metric, value, low="", high="", row="m", n_pos=28, n_neg=60):
    return {
        "table": "T",
        "row": row,
        "cohort": "test",
        "metric": metric,
        "value": value,
        "low": low,
        "high": high,
        "n_pos": n_pos,
        "n_neg": n_neg,
    }


@pytest.fixture(scope="module")
def best_model():
    """Scores with which 18 of 28 and 55 of 60 are right at the best cut-off, as in the paper's best row."""
    y = np.r_[np.ones(28, int), np.zeros(60, int)]
    score = np.r_[np.linspace(0.6, 0.9, 18), np.linspace(0.1, 0.4, 10)]
    score = np.r_[score, np.linspace(0.62, 0.8, 5), np.linspace(0.0, 0.45, 55)]
    return y, score


def test_the_papers_counts_print_the_papers_numbers(best_model):
    found = evaluate_as_published(*best_model)
    assert (found.counts.tp, found.counts.tn) == (18, 55)
    figures = {m: tuple(round(100 * f, 1) for f in found.figures[m]) for m in ("ACC", "SEN", "SPC", "YI")}
    assert figures["ACC"] == (83.0, 82.6, 83.3)
    assert figures["SEN"] == (64.3, 46.5, 82.0)
    assert figures["SPC"] == (91.7, 84.7, 98.7)
    assert figures["YI"] == (56.0, 31.2, 80.7)
    assert found.figures["AUC"] == metrics.delong_interval(*best_model)
    assert "square root" in found.caveat


def test_choosing_the_cutoff_on_the_judged_patients_flatters():
    """Scores without any signal: the published way reports a Youden index well above zero."""
    rng = np.random.default_rng(0)
    y = np.r_[np.ones(28, int), np.zeros(60, int)]
    youden = [evaluate_as_published(y, rng.normal(size=88)).figures["YI"][0] for _ in range(50)]
    assert np.mean(youden) > 0.1


def test_resampled_rows_reoptimise_their_cutoff(best_model):
    found = evaluate_by_resampling(*best_model, replicates=200, seed=1)
    frozen = metrics.confusion_metrics(found.counts)
    assert found.figures["SEN"][0] == frozen["SEN"].value
    for value, low, high in found.figures.values():
        assert low <= value + 1e-9
        assert value <= high + 1e-9
    assert found == evaluate_by_resampling(*best_model, replicates=200, seed=1)
    assert "every resample" in found.caveat


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 60), st.integers(1, 90), st.data())
def test_a_table_made_from_counts_is_always_consistent(n1, n0, data):
    k1, k0 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n0))
    exact = {"SEN": k1 / n1, "SPC": k0 / n0, "ACC": (k1 + k0) / (n1 + n0), "YI": k1 / n1 + k0 / n0 - 1}
    rows = []
    for metric, value in exact.items():
        low, high = metrics.wilson(k1, n1) if metric == "SEN" else (value, value)
        bounds = (f"{100 * low:.1f}", f"{100 * high:.1f}") if metric == "SEN" else ("", "")
        rows.append(cell(metric, f"{100 * value:.1f}", *bounds, n_pos=n1, n_neg=n0))
    if all(abs(float(r["value"])) <= 1 for r in rows):
        return
    assert [f for f in audit(rows).findings if f.kind == "value"] == []


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 27), st.integers(3, 59), st.sampled_from([-0.4, -0.3, 0.3, 0.4]))
def test_a_shifted_figure_is_found(k1, k0, shift):
    """Figures of 28 and 60 patients are 3.6 and 1.7 apart: a shift of .3 never is another count."""
    rows = [
        cell("SEN", f"{100 * k1 / 28:.1f}"),
        cell("SPC", f"{100 * k0 / 60 + shift:.1f}"),
        cell("ACC", f"{100 * (k1 + k0) / 88:.1f}"),
        cell("YI", f"{100 * (k1 / 28 + k0 / 60 - 1):.1f}"),
    ]
    found = audit(rows)
    assert [(f.metric, f.expected) for f in found.findings] == [("SPC", f"{100 * k0 / 60:.1f}")]


def test_counts_are_inferred_from_what_agrees():
    printing = Printing(1, 100)
    printed = {"SEN": Decimal("64.3"), "SPC": Decimal("91.7"), "PPV": Decimal("78.3"), "NPV": Decimal("84.6")}
    counts = infer_counts(printed, 28, 60, printing)
    assert (counts.k1, counts.k0) == (18, 55)
    assert counts.agreeing == set(printed)
    assert counts.unique


def test_feasible_areas():
    low, high = auc_range(0.5, 0.8)
    assert (low, high) == (0.4, pytest.approx(0.9))
    assert auc_ceiling_of_youden(0.0) == 0.5
    assert auc_ceiling_of_youden(1.0) == 1.0
    # The largest area under a curve whose Youden index never exceeds J, by summing min(1, x + J).
    grid = np.linspace(0, 1, 100_001)
    assert auc_ceiling_of_youden(0.56) == pytest.approx(
        np.trapezoid(np.minimum(1, grid + 0.56), grid), abs=1e-6
    )


def test_an_area_above_the_youden_ceiling_is_noted_not_refused():
    found = audit([cell("AUC", "95.0"), cell("SEN", "64.3"), cell("SPC", "91.7")])
    assert found.findings == ()
    assert "larger Youden index" in found.notes[0]


def test_printing_is_recognised():
    assert printing_of(cells_of([cell("SEN", "0.643"), cell("SPC", "0.917")])) == Printing(3, 1)
    assert printing_of(cells_of([cell("SEN", "64.3", "46.5", "82.0"), cell("SPC", "91.67")])) == Printing(
        1, 100
    )
    assert printing_of(cells_of([cell("SEN", 64.3), cell("YI", "-3.5")])) == Printing(1, 100)


def test_rows_without_cells_are_refused():
    with pytest.raises(InvalidInputError):
        audit([])
    with pytest.raises(InvalidInputError, match="line 2"):
        audit([{"metric": "SEN"}])
