"""The report on a table of a hospital: rows in, agreement, each contradiction with its reasons."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from studies.rules.her2_report import her2_report
from studies.rules.her2_text import TCGA_COLUMNS
from studies.rules.tables import TableError, read_table
from tests.studies.rules.test_her2_text import AGREEMENT, QUERIES, TABLE

COLUMNS = ("bcr_patient_barcode", *TCGA_COLUMNS.values())
ROWS = (
    # code, score, IHC status, percent, FISH status, copies, CEP17, ratio, cells
    ("X-1", "3+", "Positive", "60-69%", "[Not Evaluated]", "", "", "", ""),
    ("X-2", "1+", "Positive", "", "", "", "", "", ""),
    ("X-3", "2+", "Equivocal", "", "Negative", "2.9", "2.4", "1.21", "40"),
    ("X-4", "3+", "Positive", "", "Negative", "", "", "1.1", ""),
    ("X-5", "0", "[Not Available]", "<10%", "[Not Evaluated]", "", "", "", ""),
    ("X-6", "[Not Available]", "Negative", "", "", "", "", "", ""),
    ("X-7", "2+", "Equivocal", "", "", "", "", "", ""),
)
"""Made up, in the shape of `tcga_brca_her2.csv`."""


def content(rows=ROWS, columns=COLUMNS) -> bytes:
    return "\n".join(",".join(row) for row in (columns, *rows)).encode()


def report(rows=ROWS):
    return her2_report(read_table(content(rows)))


def test_the_columns_stand_in_the_order_of_the_rows_here():
    assert list(TCGA_COLUMNS) == [
        "ihc_score", "ihc_status", "ihc_percent", "fish_status", "her2_copies", "cep17_copies", "ratio",
        "cells",
    ]  # fmt: skip


def test_every_row_is_counted_once_and_compared_where_both_sides_decide():
    found = report()
    assert [(row.number, row.code, row.entered, row.call) for row in found.rows] == [
        (2, "X-1", "positive", "POSITIVE"),
        (3, "X-2", "positive", "NEGATIVE"),
        (4, "X-3", "negative", "NEGATIVE"),
        (5, "X-4", "negative", "POSITIVE"),
        (6, "X-5", "none", "NEGATIVE"),
        (7, "X-6", "negative", "INDETERMINATE"),
        (8, "X-7", "equivocal", "PENDING_ISH"),
    ]
    assert (found.comparable, found.agreeing) == (4, 2)
    assert found.table.total == len(ROWS)


def test_a_contradiction_comes_with_the_steps_and_the_questions():
    first, second = report().contradictions
    assert (first.code, second.code) == ("X-2", "X-4")
    assert "IHC 1+, as entered." in first.path
    assert dict(first.queries)["ihc_status_contradicts_score"].startswith("IHC 1+ was entered")
    assert {"fish_status_contradicts_score", "copies_missing"} <= dict(second.queries).keys()


def test_a_query_counts_once_a_row():
    twice = report([("X-9", "[Not Available]", "Negative", "", "", "", "", "", "")] * 2)
    assert (twice.questioned, twice.queries) == (2, {"ihc_status_without_score": 2})


def test_a_table_without_any_result_is_refused():
    with pytest.raises(TableError, match="No column holds an IHC score"):
        her2_report(read_table(b"code,age\nP1,50\n"))


def test_the_command_says_it_in_words_and_in_json(tmp_path):
    path, words, data = tmp_path / "table.csv", io.StringIO(), io.StringIO()
    path.write_bytes(content())
    call_command("her2_report", path, stdout=words)
    assert "7 rows; ASCO/CAP 2018" in words.getvalue()
    assert "positive or negative on both sides: 4, of them 2 agree" in words.getvalue()
    assert "row      5 X-4              entered negative, engine POSITIVE" in words.getvalue()
    call_command("her2_report", path, json=True, stdout=data)
    found = json.loads(data.getvalue())
    assert (found["rows"], found["comparable"], found["agreeing"]) == (7, 4, 2)
    assert [row["code"] for row in found["contradictions"]] == ["X-2", "X-4"]


@pytest.mark.parametrize(
    ("made", "said"),
    [(None, "There is no file"), ("编号,x\n1,2".encode("gb18030"), "row 1: .*The file is not UTF-8")],
)
def test_a_table_that_cannot_be_read_says_where(tmp_path, made, said):
    path = tmp_path / "table.csv"
    if made is not None:
        path.write_bytes(made)
    with pytest.raises(CommandError, match=said):
        call_command("her2_report", path)


@pytest.mark.real_data
def test_the_700_real_rows():
    """The numbers of docs/her2-rules.md."""
    if not TABLE.exists():
        pytest.skip(f"{TABLE} is absent; the 700 real rows were not read.")
    found = her2_report(read_table(TABLE.read_bytes()))
    assert dict(found.table.counts) == AGREEMENT
    assert (len(found.rows), found.comparable, found.agreeing) == (700, 269, 259)
    assert found.queries == QUERIES
    assert found.questioned == 426
