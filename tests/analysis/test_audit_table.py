"""The auditor names exactly the misprints of the paper, and none in a sound table."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

PAPER = Path(__file__).resolve().parents[2].parent / "shared" / "paper" / "tables2-4.json"
HEADER = "table,row,cohort,metric,value,low,high,n_pos,n_neg\n"
SIZES = {"T": (115, 242), "I-T": (28, 60)}

# SCIENCE 5.3: the six figures, and the four bounds of intervals.
MISPRINTS = {
    ("T2", "LR", "I-T", "ACC", "value", "76.2", "76.1"),
    ("T4", "SVM+SVM", "T", "ACC", "value", "93.5", "93.6"),
    ("T4", "RF+LR", "I-T", "YI", "value", "54.6", "54.5"),
    ("T4", "RF+XGBoost", "I-T", "YI", "value", "49.6", "49.5"),
    ("T4", "XGBoost+SVM", "I-T", "YI", "value", "55.4", "55.5"),
    ("T4", "XGBoost+RF", "I-T", "YI", "value", "49.7", "49.8"),
}
SLIPS = {
    ("T4", "SVM+LR", "I-T", "ACC", "low", "75.5", "75.7"),
    ("T4", "RF+XGBoost", "T", "ACC", "high", "99.9", "99.7 or 100.0"),
    ("T4", "SVM+RF", "T", "ACC", "high", "96.3", "96.1 or 96.4"),
    ("T3", "LR", "I-T", "SPC", "low", "36.34", ""),
}


def run(path, *options):
    """Run the command; return its status and what it printed."""
    out = io.StringIO()
    try:
        call_command("audit_table", str(path), *options, stdout=out)
    except SystemExit as stop:
        return stop.code, out.getvalue()
    return 0, out.getvalue()


def write(folder, text):
    path = folder / "table.csv"
    path.write_text(HEADER + text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def paper_csv(tmp_path_factory):
    if not PAPER.exists():
        pytest.skip("the paper's tables are not beside the repository")
    path = tmp_path_factory.mktemp("paper") / "paper.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(HEADER.strip().split(","))
        for r in json.loads(PAPER.read_text()):
            for metric in ("AUC", "ACC", "SEN", "SPC", "YI"):
                rows.writerow([r["table"], r["model"], r["cohort"], metric, *r[metric], *SIZES[r["cohort"]]])
    return path


@pytest.mark.real_data
def test_the_papers_misprints_are_named_and_nothing_else(paper_csv):
    status, printed = run(paper_csv, "--json")
    found = json.loads(printed)
    assert status == 1
    assert found["rows"] == 48
    assert found["consistent"] is False
    keys = ("table", "row", "cohort", "metric", "figure", "printed", "expected")
    named = {tuple(f[key] for key in keys) for f in found["findings"]}
    assert named == MISPRINTS | SLIPS
    assert not [f for f in found["findings"] if f["kind"] == "auc"]
    sums = [f for f in found["findings"] if f["metric"] == "YI"]
    assert all("sum of the rounded SEN and SPC" in f["reason"] for f in sums)


@pytest.mark.real_data
def test_the_papers_interval_formulas_are_recognised(paper_csv):
    _, printed = run(paper_csv, "--json")
    methods = {(m["table"], m["cohort"], m["metric"]): m for m in json.loads(printed)["methods"]}
    fused = {metric: methods["T4", "I-T", metric] for metric in ("SEN", "SPC", "ACC", "YI", "AUC")}
    assert [fused[m]["method"] for m in ("SEN", "SPC")] == ["Wald", "Wald"]
    assert [fused[m]["fitting"] for m in ("SEN", "SPC", "ACC", "YI")] == [16, 16, 15, 16]
    assert "square root" in fused["ACC"]["method"]
    assert not fused["ACC"]["sound"]
    assert "sum of the rounded bounds" in fused["YI"]["method"]
    assert not fused["YI"]["sound"]
    assert "symmetric" in fused["AUC"]["method"]
    for place in (("T2", "T"), ("T2", "I-T"), ("T3", "T"), ("T3", "I-T"), ("T4", "T")):
        assert "resampling" in methods[*place, "ACC"]["method"]
    unsound = [key for key, m in methods.items() if not m["sound"]]
    assert sorted(unsound) == [("T4", "I-T", "ACC"), ("T4", "I-T", "YI")]


@pytest.mark.real_data
def test_percentages_and_fractions_give_the_same_findings(paper_csv, tmp_path):
    """Divided by 100 in binary some figures get seventeen places; they are still the printed ones."""
    rows = list(csv.DictReader(paper_csv.read_text().splitlines()))
    for row in rows:
        for name in ("value", "low", "high"):
            row[name] = repr(float(row[name]) / 100)
    assert any(len(row["low"]) > 12 for row in rows)
    path = tmp_path / "fractions.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, rows[0])
        table.writeheader()
        table.writerows(rows)
    percentages, fractions = (json.loads(run(p, "--json")[1]) for p in (paper_csv, path))
    places = [
        [(f["table"], f["row"], f["cohort"], f["metric"], f["figure"]) for f in found["findings"]]
        for found in (percentages, fractions)
    ]
    assert places[0] == places[1]
    assert [m["method"] for m in percentages["methods"]] == [m["method"] for m in fractions["methods"]]


@pytest.mark.real_data
def test_the_copied_row_is_noted(paper_csv):
    _, printed = run(paper_csv)
    assert "SVM+RF and SVM+LR agree in all but 96.3 / 96.4" in printed
    assert "93.5: 334/357 gives 93.6" in printed
    assert "WRONG FORMULA" in printed


def test_a_sound_table_passes(tmp_path):
    path = write(
        tmp_path,
        "A,m1,test,SEN,64.3,45.8,79.3,28,60\nA,m1,test,SPC,91.7,81.9,96.4,28,60\n"
        "A,m1,test,ACC,83.0,73.8,89.4,28,60\nA,m1,test,YI,56.0,36.9,75.0,28,60\nA,m1,test,AUC,81.0,,,28,60\n",
    )
    status, printed = run(path, "--json")
    found = json.loads(printed)
    assert status == 0
    assert found["consistent"]
    assert found["findings"] == []
    assert {m["metric"]: m["method"] for m in found["methods"]} == {
        "SEN": "Wilson",
        "SPC": "Wilson",
        "ACC": "Wilson",
        "YI": "Wald, variances added",
    }


def test_fractions_are_read_like_percentages(tmp_path):
    path = write(tmp_path, "A,m,t,SEN,0.643,0.465,0.820,28,60\nA,m,t,ACC,0.835,0.826,0.833,28,60\n")
    status, printed = run(path, "--json")
    found = json.loads(printed)
    assert status == 1
    kinds = {(f["metric"], f["figure"], f["kind"]) for f in found["findings"]}
    assert ("ACC", "value", "value") in kinds
    assert {m["metric"]: m["method"] for m in found["methods"]}["SEN"] == "Wald"


def test_the_misprinted_cell_is_blamed_not_its_neighbours(tmp_path):
    """SEN is wrong here: ACC, SPC and YI agree on 18 of 28."""
    path = write(
        tmp_path,
        "A,m,t,SEN,67.3,,,28,60\nA,m,t,SPC,91.7,,,28,60\nA,m,t,ACC,83.0,,,28,60\nA,m,t,YI,56.0,,,28,60\n",
    )
    status, printed = run(path, "--json")
    findings = json.loads(printed)["findings"]
    assert status == 1
    assert [(f["metric"], f["printed"], f["expected"]) for f in findings] == [("SEN", "67.3", "64.3")]


def test_an_impossible_area_and_a_bound_beyond_its_estimate(tmp_path):
    path = write(tmp_path, "A,m,t,AUC,55.0,50.0,54.0,28,60\nA,m,t,SEN,92.9,,,28,60\nA,m,t,SPC,90.0,,,28,60\n")
    _, printed = run(path, "--json")
    findings = {(f["metric"], f["figure"]): f for f in json.loads(printed)["findings"]}
    assert findings["AUC", "value"]["kind"] == "auc"
    assert findings["AUC", "high"]["kind"] == "interval"


def test_a_large_table_stays_quick(tmp_path):
    path = write(tmp_path, "A,m,t,SEN,64.3,,,100000,300000\nA,m,t,SPC,91.7,,,100000,300000\n")
    assert run(path)[0] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one row"),
        ("A,m,t,SEN,x,1,2,28,60\n", "line 2: value"),
        ("A,m,t,SEN,nan,1,2,28,60\n", "line 2: value"),
        ("A,m,t,F1,50.0,1,2,28,60\n", "line 2: metric"),
        ("A,m,t,SEN,50.0,1,,28,60\n", "both bounds"),
        ("A,m,t,SEN,50.0,,,0,60\n", "n_pos"),
        ("A,m,t,SEN,50.0,,,2.5,60\n", "n_pos"),
        ("A,m,t,SEN,50.0,,,28,60\nA,m,t,SEN,50.0,,,28,60\n", "more than once"),
        ("A,m,t,SEN,50.0,,,28,60\nA,m,t,SPC,50.0,,,29,60\n", "n_pos and n_neg"),
    ],
)
def test_unreadable_tables_are_refused_by_line(tmp_path, text, message):
    with pytest.raises(CommandError, match=message) as refused:
        run(write(tmp_path, text))
    assert refused.value.returncode == 2


def test_missing_columns_and_files_are_misuse(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    for wrong in (path, tmp_path / "absent.csv", tmp_path):
        with pytest.raises(CommandError) as refused:
            run(wrong)
        assert refused.value.returncode == 2
    path.write_bytes(b"\xff\xfe\x00table")
    with pytest.raises(CommandError):
        run(path)
