"""Read a table from a spreadsheet: a workbook, or CSV of whatever delimiter and encoding."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from console.desk import workbooks
from store import sheets
from store.words import N_, Words

WORKBOOK = N_("The workbook cannot be read, or is too large. Save the sheet as CSV in UTF-8.")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Problem:
    """What is wrong with one line of a file, counted from 1, and what to do."""

    line: int
    what: Words


@dataclass
class Plan(Generic[Row]):
    """What a file would bring in: the good rows, and every bad line by its number."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, line: int, template: str, **params: str | int) -> None:
        self.problems.append(Problem(line, Words(template, params)))


@dataclass(frozen=True)
class Line:
    """`cells` by the column's known name; `more` by the header as it stands in the file."""

    number: int
    cells: Mapping[str, str]
    more: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


class Unreadable(Exception):
    """The file is no table; the problem says what to save it as."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem.what))
        self.problem = problem


def decoded(content: str | bytes) -> str:
    """UTF-8 or UTF-16 with its mark, plain UTF-8, else the Windows encoding of Russian."""
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    for choice in (encoding, "cp1251"):
        try:
            return content.decode(choice)
        except UnicodeDecodeError:
            continue
    raise Unreadable(Problem(1, Words(N_("The file is not text. Save the table as CSV in UTF-8."))))


def lines(content: str | bytes, columns: Mapping[str, str], plan: Plan[Row]) -> Iterator[Line]:
    """The table's lines; `columns` maps a header in lower case to a column's name.

    A line with more cells than the header is refused in the plan. Raises Unreadable.
    """
    rows = _rows(content)
    headers = [header.strip() for header in next(rows, (1, 1, []))[2]]
    while headers and not headers[-1]:
        headers.pop()
    for twice in _twice(headers, columns):
        plan.refuse(1, N_("The column {column} stands here twice. Keep one of them."), column=twice)
    for number, last, cells in rows:
        if last > number and sheets.swallowed(cells):
            plan.refuse(number, sheets.SWALLOWED, last=last)
        elif len(cells) > len(headers) and any(cell.strip() for cell in cells[len(headers) :]):
            plan.refuse(
                number,
                N_(
                    "There are {cells} cells, but {columns} columns. Put quotation marks "
                    "around a value that holds the delimiter."
                ),
                cells=len(cells),
                columns=len(headers),
            )
        elif any(cell.strip() for cell in cells):
            yield _line(number, headers, cells, columns)


def _rows(content: str | bytes) -> Iterator[tuple[int, int, list[str]]]:
    """Each row with its first and last line, of CSV or of a workbook's first sheet."""
    if isinstance(content, bytes) and workbooks.is_workbook(content):
        try:
            for number, cells in enumerate(workbooks.rows(content), 1):
                yield number, number, cells
        except workbooks.BadWorkbook:
            raise Unreadable(Problem(1, Words(WORKBOOK))) from None
        return
    written = decoded(content)
    first = written.split("\n", 1)[0]
    delimiter = max(sheets.DELIMITERS, key=first.count)
    reader = csv.reader(written.splitlines(keepends=True), delimiter=delimiter)
    start = 1
    try:
        for cells in reader:
            yield start, reader.line_num, cells
            start = reader.line_num + 1
    except csv.Error:
        broken = Words(N_("The table breaks off here. Save it again as CSV in UTF-8."))
        raise Unreadable(Problem(reader.line_num, broken)) from None


def _twice(headers: Iterable[str], columns: Mapping[str, str]) -> list[str]:
    """The headers that mean the same as one before them."""
    seen: set[str] = set()
    again = []
    for header in headers:
        column = columns.get(header.lower())
        if column in seen:
            again.append(header)
        elif column:
            seen.add(column)
    return again


def _line(number: int, headers: list[str], cells: list[str], columns: Mapping[str, str]) -> Line:
    known: dict[str, str] = {}
    more: dict[str, str] = {}
    for header, cell in zip(headers, cells, strict=False):
        column = columns.get(header.lower())
        if column:
            known[column] = known.get(column) or cell.strip()
        elif header and cell.strip():
            more[header] = cell.strip()
    return Line(number, known, more)
