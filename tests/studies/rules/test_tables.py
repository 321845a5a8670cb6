"""Tables that cannot be read are refused whole, with row and column, before anything is done with them."""

import io
import time
import tracemalloc

import pytest
from openpyxl import Workbook

from studies.rules.tables import MAX_ROWS, TableError, read_table, safe_cell, without_guard


def excel(*rows) -> bytes:
    book, target = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "encoding", "row", "column", "says"),
    [
        ("code,age\nP1,5\nP2,岁\n".encode("gb18030"), "utf-8", 3, "age", "not UTF-8 here"),
        (b"code,age\nP1,\x81\n", "cp1252", 2, "age", "not Windows-1252 here"),
        (b"code,age\nP1\n", "utf-8", 2, None, "has 1 cells, the header 2"),
        (b"code,age\nP1,5,6\n", "utf-8", 2, None, "has 3 cells, the header 2"),
        (b'code,age\nP1,5\nP2,"5"x\n', "utf-8", 3, None, "stray quote"),
        (b"code,code\nP1,5\n", "utf-8", 1, "code", "Two columns are called"),
        (b"code,,age\nP1,5,6\n", "utf-8", 1, "2", "Column 2 has no name"),
        (b"code,age\nP1," + b"x" * 2001 + b"\n", "utf-8", 2, "age", "holds 2001 characters"),
        (b"code,age\n", "utf-8", None, None, "no rows"),
        (b" \n", "utf-8", None, None, "is empty"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "utf-8", None, None, "old Excel file"),
        (b"%PDF-1.7", "utf-8", None, None, "a PDF document"),
        (b"code\0age\nP1\0", "utf-8", None, None, "no text file"),
        (b"PK\x03\x04broken", "utf-8", None, None, "damaged or no workbook"),
        (excel(["code", "age"], ["P1", "=1+1"]), "utf-8", 2, "age", "holds a formula (=1+1)"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(content, encoding, row, column, says):
    with pytest.raises(TableError) as caught:
        read_table(content, encoding=encoding)
    assert says in str(caught.value)
    assert (caught.value.row, caught.value.column) == (row, column)


@pytest.mark.parametrize("quoted", [False, True])
def test_a_million_rows_are_refused_at_once_and_without_taking_them_apart(quoted):
    line = b'"P1","5"\n' if quoted else b"P1,5\n"
    content = b"code,age\n" + line * 1_000_000
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(TableError, match="more than 50000 rows; split it into several files") as caught:
        read_table(content)
    assert time.process_time() - started < 2.0
    assert tracemalloc.get_traced_memory()[1] < 50 * 1024**2
    tracemalloc.stop()
    assert caught.value.row == MAX_ROWS + 2


def test_the_last_row_that_is_read_and_the_first_that_is_not():
    content = b"code\n" + b"P1\n" * MAX_ROWS
    assert len(read_table(content).rows) == MAX_ROWS
    with pytest.raises(TableError) as caught:
        read_table(content + b"P1\n")
    assert caught.value.row == MAX_ROWS + 2


def test_line_breaks_inside_quotes_are_no_rows():
    content = b'code,note\nP1,"a\nb\nc"\nP2,d\n'
    assert [(row.number, row.texts[1]) for row in read_table(content).rows] == [(2, "a\nb\nc"), (5, "d")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "＝1"])
def test_what_a_spreadsheet_would_run_goes_out_guarded_and_comes_back_as_it_was(text):
    guarded = safe_cell(text)
    assert guarded == "'" + text
    assert without_guard(guarded) == text
    assert safe_cell(-1.5) == -1.5
