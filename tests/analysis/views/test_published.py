"""The as-published page: this study both ways, four counts, the paper's tables, and any table."""

import csv
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from analysis.pipeline.metrics import Confusion
from analysis.reports.audited import finding_text
from analysis.reports.paper import PRINTED, TABLE_ONE, printed_tables, table_one_again
from analysis.reports.published_tables import counts_table
from analysis.views.inputs import AUDIT_BYTES, AUDIT_LINES
from studies.models import AuditEvent
from tests.analysis.judged_study import CHOSEN, csv_rows, judged_study
from tests.factories import logged_in

pytestmark = pytest.mark.django_db
HEADER = "table,row,cohort,metric,value,low,high,n_pos,n_neg\n"
MISPRINT = HEADER + (
    "A,m1,test,SEN,64.3,46.5,82.0,28,60\nA,m1,test,SPC,91.7,84.7,98.7,28,60\n"
    "A,m1,test,ACC,84.1,82.6,83.3,28,60\nA,m1,test,YI,56.0,31.2,80.7,28,60\n"
)


@pytest.fixture
def made():
    return judged_study()


def page(made, **query) -> str:
    address = reverse("results-part", args=[made.study.slug, "as-published"])
    return logged_in(made.clinician).get(address, query).content.decode()


def upload(made, text, htmx=True, **more):
    content = text if isinstance(text, bytes) else text.encode()
    headers = {"HX-Request": "true"} if htmx else {}
    file = SimpleUploadedFile("table.csv", content, content_type="text/csv")
    address = reverse("table-audit", args=[made.study.slug])
    return logged_in(made.clinician).post(address, {"table": file, **more}, headers=headers)


def table(made, name, **query) -> list[dict[str, str]]:
    answer = logged_in(made.clinician).get(reverse("table-csv", args=[made.study.slug, name]), query)
    return csv_rows(answer)


# --- oracles of the paper ---------------------------------------------------------------------------


def test_table_one_prints_the_papers_p_from_its_counts():
    rows = {row[0]: row for row in table_one_again().printed_rows()}
    assert {name: rows[name][3] for name in TABLE_ONE} == {
        "Meno": "0.593", "cN": "0.464", "cT": "0.942", "cTNM": "0.895",
    }  # fmt: skip
    assert all(row[2] == row[3] for row in rows.values())


def printed_rows():
    """(table, row, metric, printed text, counts) of all test rows of the paper, without the areas."""
    for part in printed_tables().tables:
        for row in part.rows:
            for metric, cell in zip(part.metrics, row.cells, strict=True):
                if row.cohort == "I-T" and metric != "AUC":
                    yield part.name, row.row, metric, cell.text, row.counts


def both_ways(c) -> dict[str, tuple[str, str]]:
    """Metric to (as published, supported) of the counts behind a row."""
    found = counts_table(Confusion(tp=c.k1, fp=c.n0 - c.k0, tn=c.k0, fn=c.n1 - c.k1))
    return {name: (published, supported) for name, published, supported, _why in found.printed_rows()}


def test_every_fused_test_row_is_printed_from_its_counts_bit_for_bit():
    """SEN, SPC, ACC and YI with their intervals: 16 rows × 4 figures, one slip of the pen apart."""
    rows = [row for row in printed_rows() if row[0] == "T4"]
    differing = [
        (row, metric, printed, both_ways(counts)[metric][0])
        for _table, row, metric, printed, counts in rows
        if both_ways(counts)[metric][0] != printed
    ]
    assert len(rows) == 64
    assert differing == [("SVM+LR", "ACC", "76.1 [75.5, 76.5]", "76.1 [75.7, 76.5]")]


def test_every_single_test_row_follows_from_its_counts():
    """The values of Tables 2 and 3: 8 rows × 4 figures, one misprint apart. Their Youden index is exact."""
    rows = [row for row in printed_rows() if row[0] != "T4"]
    differing = []
    for table_, row, metric, printed, counts in rows:
        published, supported = both_ways(counts)[metric]
        ours = (supported if metric == "YI" else published).split(" ")[0]
        if ours != printed.split(" ")[0]:
            differing.append((table_, row, metric, printed.split(" ")[0], ours))
    assert len(rows) == 32
    assert differing == [("T2", "LR", "ACC", "76.2", "76.1")]


def test_the_papers_best_model_both_ways(made):
    rows = {row["metric"]: row for row in table(made, "counts")}
    accuracy = [float(rows["ACC"][f"as published (%) {bound}"]) for bound in ("low", "high")]
    corrected = [float(rows["ACC"][f"corrected (%) {bound}"]) for bound in ("low", "high")]
    assert accuracy == [82.6, 83.3]
    assert [round(bound, 1) for bound in corrected] == [73.8, 89.4]
    assert "square root" in rows["ACC"]["caution"]


def test_the_papers_misprints_are_named_on_the_page(made):
    html = page(made)
    assert "48 rows, 720 figures checked. 6 values do not follow from the counts, nor do 4 bounds" in html
    assert "T4/T: SVM+RF and SVM+LR agree in all but 96.3 / 96.4." in html
    rows = table(made, "paper-findings")
    assert len(rows) == 10
    assert ("T2", "LR", "ACC", "76.2", "76.1") in {
        (r["table"], r["row"], r["figure"], r["printed"], r["expected"]) for r in rows
    }
    cells = table(made, "paper-cells")
    assert len(cells) == 240
    assert sum(cell["verdict"] != "follows" for cell in cells) == 10
    unsound = [row for row in table(made, "paper-methods") if row["verdict"]]
    assert [(row["table"], row["cohort"], row["metric"]) for row in unsound] == [
        ("T4", "I-T", "ACC"), ("T4", "I-T", "YI"),
    ]  # fmt: skip


def test_what_the_paper_leaves_out(made):
    rows = {row["figure"]: row for row in table(made, "paper-missing")}
    majority = rows["Calling every patient negative"]
    figures = [float(majority[f"estimate (%){bound}"]) for bound in ("", " low", " high")]
    assert [round(figure, 1) for figure in figures] == [68.2, 57.9, 77.0]
    assert rows["Events per candidate feature (115 / 2,184)"]["estimate (%)"] == "0.0527"


# --- this study -------------------------------------------------------------------------------------


def test_every_model_is_printed_twice(made):
    rows = table(made, "as-published", cohort="test")
    assert len(rows) == 48
    ours = [row for row in rows if row["model"] == "fused XGBoost + LR"]
    published, supported = ours
    stored = made.version.evaluations.get(cohort="test").results["evaluations"][CHOSEN]
    assert published["procedure"] == "as published"
    assert supported["procedure"] == "test"
    assert float(supported["cut-off"]) == stored["cutoff"] != float(published["cut-off"])
    # the cut-off chosen on the judged patients is never worse on them
    assert float(published["YI (%)"]) >= float(supported["YI (%)"]) - 0.1
    width = [float(r["ACC (%) high"]) - float(r["ACC (%) low"]) for r in ours]
    assert width[0] < width[1] / 5


def test_beside_the_training_rows_stand_the_out_of_fold_ones(made):
    rows = table(made, "as-published", cohort="apparent")
    assert {row["procedure"] for row in rows} == {"as published", "training, out of fold"}


def test_four_counts_are_printed_both_ways(made):
    address = reverse("published-counts", args=[made.study.slug])
    client = logged_in(made.clinician)
    html = client.get(address, {"tp": 14, "n1": 28, "tn": 50, "n0": 60}).content.decode()
    assert "50.0 [31.5, 68.5]" in html  # Table 4, SVM + RF, SEN
    assert "14 of 28 positives and 50 of 60 negatives called rightly" in html
    assert "tp=14&amp;n1=28&amp;tn=50&amp;n0=60" in html  # the files are of these counts
    wrong = client.get(address, {"tp": 30, "n1": 28, "tn": 50, "n0": 60}).content.decode()
    assert "No more can be called rightly than there are." in wrong
    assert 'value="30"' in wrong
    assert "<table" not in wrong
    assert "<table" not in client.get(address, {"tp": "x"}).content.decode()


# --- a table that somebody brings -------------------------------------------------------------------


def test_an_uploaded_table_is_audited_and_forgotten(made):
    html = upload(made, MISPRINT).content.decode()
    assert "1 rows, 12 figures checked. 1 value does not follow" in html
    assert re.search(r"84\.1.*?83\.0", html, re.DOTALL)
    assert "73/88 gives 83.0" in html
    event = AuditEvent.objects.get(action="table.audit")
    assert event.changes == {"rows": [None, 1]}


def test_the_verdict_can_be_saved(made):
    answer = upload(made, MISPRINT, htmx=False, save="csv")
    rows = csv_rows(answer)
    assert [row["metric"] for row in rows if row["verdict"] != "follows"] == ["ACC"]
    assert answer["Content-Disposition"].endswith('-audit.csv"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "expected the columns"),
        (HEADER, "expected at least one row"),
        (HEADER + "A,m,t,XYZ,1,,,28,60\n", "line 2: metric"),
        ("\xff\xfe\x00".encode("latin-1"), "not UTF-8"),
        (HEADER + "x" * AUDIT_BYTES, "bytes; at most"),
        (HEADER + "A,m,t,SEN,1,,,28,60\n" * (AUDIT_LINES + 1), "more than 1500 lines"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(made, text, said):
    answer = upload(made, text)
    assert said in answer.content.decode()
    assert not AuditEvent.objects.filter(action="table.audit").exists()


def test_without_htmx_the_answer_is_a_whole_page(made):
    good, bad = upload(made, MISPRINT, htmx=False), upload(made, "a,b\n", htmx=False)
    assert (good.status_code, bad.status_code) == (200, 400)
    assert b"<h1>" in good.content
    assert b"<h1>" in bad.content


def test_no_file_is_said(made):
    answer = logged_in(made.clinician).post(reverse("table-audit", args=[made.study.slug]), {})
    assert answer.status_code == 400


def test_the_auditor_speaks_chinese(made):
    file = SimpleUploadedFile("t.csv", MISPRINT.encode())
    headers = {"HX-Request": "true", "Accept-Language": "zh-CN"}
    answer = logged_in(made.clinician).post(
        reverse("table-audit", args=[made.study.slug]), {"table": file}, headers=headers
    )
    assert "73/88 得 83.0" in answer.content.decode()
    with translation.override("zh-hans"):
        for finding in printed_tables().audit.findings:
            assert re.search("[\u4e00-\u9fff]", finding_text(finding)), finding.reason


@pytest.mark.real_data
def test_the_papers_figures_are_those_of_the_paper(shared_data):
    """The CSV in the package equals the tables beside the repository."""
    printed = json.loads((shared_data.parent / "paper" / "tables2-4.json").read_text())
    expected = {
        (row["table"], row["model"], row["cohort"], metric): [str(number) for number in row[metric]]
        for row in printed
        for metric in ("AUC", "ACC", "SEN", "SPC", "YI")
    }
    found = {
        (row["table"], row["row"], row["cohort"], row["metric"]): [row["value"], row["low"], row["high"]]
        for row in csv.DictReader(PRINTED.read_text().splitlines())
    }
    assert found == expected
