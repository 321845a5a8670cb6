"""A table as an Excel workbook: title and banner on top, a frozen header, numbers as numbers."""

import io
import re
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
FIRST_TABLE_ROW = 4
WIDEST, NARROWEST = 48, 8


def workbook_of(
    title: str, banner: str, header: Sequence[str], rows: Sequence[Sequence[object]], notes: Sequence[str]
) -> bytes:
    """Return the bytes of a workbook with one sheet; no cell is a formula."""
    book = Workbook()
    sheet = book.active
    sheet.title = "table"
    for number, text in enumerate((title, banner), start=1):
        _write(sheet.cell(number, 1), text).font = Font(bold=number == 1, italic=number == 2)
    for column, name in enumerate(header, start=1):
        cell = _write(sheet.cell(FIRST_TABLE_ROW, column), name)
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    for place, row in enumerate(rows, start=FIRST_TABLE_ROW + 1):
        for column, value in enumerate(row, start=1):
            _write(sheet.cell(place, column), value)
    for place, note in enumerate(notes, start=FIRST_TABLE_ROW + len(rows) + 2):
        _write(sheet.cell(place, 1), note)
    sheet.freeze_panes = sheet.cell(FIRST_TABLE_ROW + 1, 1)
    for column, name in enumerate(header, start=1):
        texts = [str(row[column - 1]) for row in rows if row[column - 1] is not None]
        widest = max([len(text) for text in texts] + [min(len(name), 16)])
        sheet.column_dimensions[get_column_letter(column)].width = min(max(widest + 2, NARROWEST), WIDEST)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _write(cell: Cell, value: object) -> Cell:
    """Write a number as a number and anything else as text, never as a formula."""
    if value is None or isinstance(value, bool | int | float):
        cell.value = value
        return cell
    cell.value = ILLEGAL.sub("", str(value))
    cell.data_type = "s"
    return cell
