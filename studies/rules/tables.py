"""Tables as hospitals send them: CSV in several codings, or Excel; read whole, or refused at a place.

Rows are numbered as the person sees them: the first line of a file, or row of a sheet, is 1.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from studies.errors import StudiesError
from studies.rules.sentences import Sentence, gettext_noop

MAX_ROWS = 50_000
MAX_COLUMNS = 300
MAX_CELL_LENGTH = 2_000
MAX_UNPACKED_BYTES = 400 * 1024**2
"""An Excel file is a ZIP: what it unpacks to is asked before it is unpacked."""
ENCODINGS = {
    "utf-8": "UTF-8",
    "gb18030": "GB18030 / GBK",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
}
_DELIMITERS = ",;\t|"
_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"


class TableError(StudiesError):
    """The table cannot be read. `sentence` says why, `row` and `column` where, as far as that is known."""

    def __init__(self, sentence: Sentence, *, row: int | None = None, column: str | None = None) -> None:
        super().__init__(str(sentence))
        self.sentence, self.row, self.column = sentence, row, column


@dataclass(frozen=True, slots=True)
class TableRow:
    """The texts of one row, in the order of the columns."""

    number: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with unique column names; rows that are all blank are left out."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]


def read_table(content: bytes, *, encoding: str = "utf-8", max_rows: int = MAX_ROWS) -> Table:
    """Read a CSV or Excel table.

    Args:
        content: the whole file.
        encoding: one of ENCODINGS, for a CSV; a byte order mark goes before it.

    Raises:
        TableError: empty, too large, no table, another coding, a row with too many or too few cells, a
            formula, two columns of one name. Nothing is guessed.
    """
    if not content.strip():
        raise TableError(Sentence(gettext_noop("The file is empty; export the table again.")))
    if content.startswith(_ZIP):
        lines = _excel_lines(content, max_rows)
    else:
        lines = _csv_lines(content, encoding, max_rows)
    numbered = [(number, cells) for number, cells in lines if any(cells)]
    if len(numbered) < 2:
        raise TableError(Sentence(gettext_noop("The table has a header but no rows, or no header at all.")))
    (header_row, header), *body = numbered
    columns = _columns(header, header_row)
    return Table(columns, tuple(_row(number, cells, columns) for number, cells in body))


def _columns(header: Sequence[str], row: int) -> tuple[str, ...]:
    width = max((place for place, name in enumerate(header, start=1) if name), default=0)
    names = [name.strip() for name in header[:width]]
    if width > MAX_COLUMNS:
        template = gettext_noop("The table has %(n)d columns; at most %(most)d are read.")
        raise TableError(Sentence(template, n=width, most=MAX_COLUMNS), row=row)
    for place, name in enumerate(names, start=1):
        if not name:
            template = gettext_noop("Column %(n)d has no name; name it in the header or delete it.")
            raise TableError(Sentence(template, n=place), row=row, column=str(place))
        if names.index(name) != place - 1:
            template = gettext_noop("Two columns are called “%(name)s”; rename one of them.")
            raise TableError(Sentence(template, name=name), row=row, column=name)
    return tuple(names)


def _row(number: int, cells: Sequence[str], columns: tuple[str, ...]) -> TableRow:
    texts = [cell.strip() for cell in cells]
    if (len(texts) != len(columns) and any(texts[len(columns) :])) or len(texts) < len(columns):
        template = gettext_noop(
            "The row has %(n)d cells, the header %(expected)d; a comma or quote is missing or too much."
        )
        raise TableError(Sentence(template, n=len(texts), expected=len(columns)), row=number)
    for text, column in zip(texts, columns, strict=False):
        if len(text) > MAX_CELL_LENGTH:
            template = gettext_noop("The cell holds %(n)d characters; at most %(most)d are taken.")
            raise TableError(Sentence(template, n=len(text), most=MAX_CELL_LENGTH), row=number, column=column)
    return TableRow(number, tuple(texts[: len(columns)]))


def _too_many_rows(max_rows: int) -> TableError:
    template = gettext_noop("The table has more than %(most)d rows; split it into several files.")
    return TableError(Sentence(template, most=max_rows), row=max_rows + 2)


def _csv_lines(content: bytes, encoding: str, max_rows: int) -> Iterator[tuple[int, list[str]]]:
    _refuse_other_files(content)
    if content.count(b"\n") > 2 * max_rows:  # some may be inside quotes; the exact count follows
        raise _too_many_rows(max_rows)
    text = _decoded(content, encoding)
    delimiter = max(_DELIMITERS, key=text.split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count, number = 0, 1
    try:
        for cells in reader:
            yield number, cells
            number = reader.line_num + 1
            count += bool(cells)
            if count > max_rows + 1:
                raise _too_many_rows(max_rows)
    except csv.Error as error:
        template = gettext_noop("The row cannot be taken apart (%(what)s); look for a stray quote.")
        raise TableError(Sentence(template, what=str(error)), row=number) from error


def _refuse_other_files(content: bytes) -> None:
    if content.startswith(_OLE):
        template = gettext_noop("This is an old Excel file (.xls); save it as .xlsx or CSV.")
    elif content.startswith(_PDF):
        template = gettext_noop("This is a PDF document, not a table; export CSV or Excel.")
    elif b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        template = gettext_noop("This is no text file; export the table as CSV or Excel.")
    else:
        return
    raise TableError(Sentence(template))


def _decoded(content: bytes, encoding: str) -> str:
    """Decode strictly: a wrong coding is an error with its place, never a guess that garbles names."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        row, column = _place(content, error.start)
        template = gettext_noop(
            "The file is not %(coding)s here. Save it as “CSV UTF-8”, or choose the coding it was saved in."
        )
        name = ENCODINGS.get(encoding.removesuffix("-sig"), encoding)
        raise TableError(Sentence(template, coding=name), row=row, column=column) from error


def _place(content: bytes, offset: int) -> tuple[int, str | None]:
    """Row and column name of a byte; the name as far as the header can be read."""
    before = content[:offset]
    row = before.count(b"\n") + 1
    header = content.split(b"\n", 1)[0].decode("ascii", "replace")
    delimiter = max(_DELIMITERS, key=header.count)
    cell = before.rsplit(b"\n", 1)[-1].count(delimiter.encode())
    names = header.strip().split(delimiter)
    readable = cell < len(names) and "\ufffd" not in names[cell]
    return row, names[cell].strip('" ') if readable else str(cell + 1)


def _excel_lines(content: bytes, max_rows: int) -> Iterator[tuple[int, list[str]]]:
    book = _workbook(content)
    try:
        sheet = next(iter(book.worksheets), None)
        if sheet is None:
            raise TableError(Sentence(gettext_noop("The workbook has no sheet with a table.")))
        header: Sequence[str] = ()
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            texts = [_excel_text(cell, number, header) for cell in cells]
            if number > max_rows + 1 and any(texts):
                raise _too_many_rows(max_rows)
            if number > 2 * max_rows:
                return
            header = header or (texts if any(texts) else ())
            yield number, texts + [""] * (len(header) - len(texts))
    finally:
        book.close()


def _workbook(content: bytes) -> Any:
    broken = Sentence(gettext_noop("The Excel file is damaged or no workbook; save it again as .xlsx."))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
                template = gettext_noop("The workbook unpacks to more than %(n)d MB; split it.")
                raise TableError(Sentence(template, n=MAX_UNPACKED_BYTES // 1024**2))
        return load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise TableError(broken) from error


def _excel_text(cell: Any, row: int, header: Sequence[str]) -> str:
    """A cell as the text that a CSV would hold: whole numbers without ".0", dates as ISO."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f" or cell.data_type == "e":
        column = header[cell.column - 1] if cell.column <= len(header) else str(cell.column)
        template = (
            gettext_noop("The cell holds a formula (%(text)s); paste its value instead.")
            if cell.data_type == "f"
            else gettext_noop("The cell holds an error of Excel (%(text)s); enter the value.")
        )
        raise TableError(Sentence(template, text=str(value)[:40]), row=row, column=column)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RUNS) else value


def without_guard(text: str) -> str:
    """The text without the apostrophe that `safe_cell` put before it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_RUNS) else text
