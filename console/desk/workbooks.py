"""Read the first sheet of an Excel workbook (.xlsx, ECMA-376) as rows of text, bounded in size."""

import io
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

SIGNATURE = b"PK\x03\x04"
UNPACKED = 64_000_000  # bytes of all its parts: a small file may unpack to anything
COLUMNS = 200
ROWS = 200_000  # a single cell may stand in the last of a million rows
BROKEN = (BadZipFile, InvalidFileException, ZlibError, KeyError, ValueError, OSError, SyntaxError)


class BadWorkbook(Exception):
    """It cannot be opened, has no sheet, or is too large."""


def is_workbook(content: bytes) -> bool:
    return content.startswith(SIGNATURE)


def rows(content: bytes) -> Iterator[list[str]]:
    """Each row from the first on, as it would be typed. Raises BadWorkbook."""
    try:
        with ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > UNPACKED:
                raise BadWorkbook
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            yield from _rows(book.worksheets[0])
        finally:
            book.close()
    except (*BROKEN, IndexError) as error:
        raise BadWorkbook from error


def _rows(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(max_col=COLUMNS, values_only=True), 1):
        if number > ROWS:
            raise BadWorkbook
        width = max((place for place, cell in enumerate(cells, 1) if cell is not None), default=0)
        yield [_typed(cell) for cell in cells[:width]]


def _typed(cell: object) -> str:
    """What stands in a cell, as a person would write it: 7 for 7.0, 2026-01-02 18:30."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M" if cell.time() != time() else "%Y-%m-%d")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.strftime("%H:%M")
    return str(cell)
