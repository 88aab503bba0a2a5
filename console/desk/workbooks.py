"""Read the first sheet of an Excel workbook (.xlsx, ECMA-376) as rows of text, bounded in size."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from html import unescape
from typing import Any
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException

SIGNATURE = b"PK\x03\x04"
UNPACKED = 64_000_000  # bytes of all its parts: a small file may unpack to anything
COLUMNS = 200
ROWS = 200_000  # a single cell may stand in the last of a million rows
BROKEN = (BadZipFile, InvalidFileException, ZlibError, KeyError, ValueError, OSError, SyntaxError)
ACROSS = "\0across"  # in place of a cell that is merged with the one before it
PREFIX = rb"<(?:\w+:)?"
# A formula that nobody has calculated: no value follows it, or an empty one that is no text.
FORMULA = re.compile(
    PREFIX + rb"c ([^>]*)>\s*<(?:\w+:)?f(?:[^>]*/>|[^>]*>([^<]*)</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
MERGED = re.compile(PREFIX + rb'mergeCell [^>]*ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


class BadWorkbook(Exception):
    """It cannot be opened, has no sheet, or is too large."""


@dataclass
class _Drawn:
    """What a sheet shows, and its cells do not hold."""

    formulas: dict[int, dict[int, str]] = field(default_factory=dict)  # by row and column
    merged: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)  # by first row


def is_workbook(content: bytes) -> bool:
    return content.startswith(SIGNATURE)


def rows(content: bytes) -> Iterator[list[str]]:
    """Each row from the first on, as it would be typed. Raises BadWorkbook.

    A formula without a value stands as it is written. A cell that is merged over several rows
    stands in each of them; over several columns, in the first, and ACROSS in the others.
    """
    try:
        with ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > UNPACKED:
                raise BadWorkbook
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            sheet: Any = book.worksheets[0]
            with ZipFile(io.BytesIO(content)) as parts:
                drawn = _drawn(parts.read(sheet._worksheet_path))
            yield from _rows(sheet, drawn)
        finally:
            book.close()
    except (*BROKEN, IndexError) as error:
        raise BadWorkbook from error


def _drawn(written: bytes) -> _Drawn:
    drawn = _Drawn()
    for found in _few(FORMULA.finditer(written)):
        place = PLACE.search(found[1])
        if place and b't="str"' not in found[1]:  # an empty text is a value
            formula = unescape((found[2] or b"").decode("utf-8", "replace"))
            row = drawn.formulas.setdefault(int(place[2]), {})
            row[_column(place[1])] = f"={formula}"
    for found in _few(MERGED.finditer(written)):
        left, right = _column(found[1]), _column(found[3])
        if left <= COLUMNS:
            area = (left, min(right, COLUMNS), int(found[4]))
            drawn.merged.setdefault(int(found[2]), []).append(area)
    return drawn


def _few(found: Iterator[re.Match[bytes]]) -> Iterator[re.Match[bytes]]:
    for number, each in enumerate(found):
        if number > ROWS:
            raise BadWorkbook
        yield each


def _column(letters: bytes) -> int:
    return column_index_from_string(letters.decode("ascii"))


def _rows(sheet: Any, drawn: _Drawn) -> Iterator[list[str]]:
    sheet.reset_dimensions()
    open_: dict[int, tuple[int, str]] = {}  # by column: to which row a merged cell reaches
    for number, cells in enumerate(sheet.iter_rows(max_col=COLUMNS, values_only=True), 1):
        if number > ROWS:
            raise BadWorkbook
        said = {place: _typed(cell) for place, cell in enumerate(cells, 1) if cell is not None}
        said |= {at: each for at, each in drawn.formulas.get(number, {}).items() if at <= COLUMNS}
        open_ = {place: each for place, each in open_.items() if each[0] >= number}
        if said:  # a row of nothing but merged cells is none
            said |= {place: words for place, (_last, words) in open_.items()}
        for left, right, last in drawn.merged.get(number, ()):
            open_[left] = (last, said.get(left, ""))
            for place in range(left + 1, right + 1):
                said[place] = ACROSS
                open_[place] = (last, ACROSS)
        yield [said.get(place, "") for place in range(1, max(said, default=0) + 1)]


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
