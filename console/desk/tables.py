"""Read a table from a spreadsheet: a workbook, or CSV of whatever delimiter and encoding."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from console.desk import encodings, workbooks
from store import sheets
from store.sheets import Record
from store.words import N_, Words

WORKBOOK = N_("The workbook cannot be read, or is too large. Save the sheet as CSV in UTF-8.")
UNCALCULATED = N_(
    "The column {column} holds the formula {value}, and no value of it. Open the workbook, save it "
    "and import it again."
)
MISTAKEN = N_(
    "The spreadsheet says {value} in the column {column}: a mistake in a formula. Correct it, or "
    "empty the cell."
)
ACROSS = N_(
    "A cell is merged over the column {column} and the one before it. Take it apart, and write "
    "each column's value."
)
MISTAKES = frozenset({
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!",
    "#ПУСТО!", "#ДЕЛ/0!", "#ЗНАЧ!", "#ССЫЛКА!", "#ИМЯ?", "#ЧИСЛО!", "#Н/Д",
})  # fmt: skip
SHOWN = 60  # letters of a formula
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


def decoded(content: str | bytes, *, encoding: str = "", language: str = "") -> str:
    """The text in the `encoding` that somebody chose, else in the likeliest for the language.

    Raises Unreadable.
    """
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    chosen = encoding or encodings.guess(content, language)
    written = encodings.decoded(content, chosen) if chosen else None
    if written is None:
        words = Words(N_("The file is not text. Save the table as CSV in UTF-8."))
        raise Unreadable(Problem(1, words))
    return written


def lines(
    content: str | bytes,
    columns: Mapping[str, str],
    plan: Plan[Row],
    *,
    encoding: str = "",
    language: str = "",
) -> Iterator[Line]:
    """The table's lines; `columns` maps a header in lower case to a column's name.

    A line that is not whole, or holds what is no value, is refused in the plan. `encoding` and
    `language` as in `decoded`. Raises Unreadable.
    """
    book = isinstance(content, bytes) and workbooks.is_workbook(content)
    if isinstance(content, bytes) and book:
        rows = _sheet(content)
    else:
        rows = _rows(decoded(content, encoding=encoding, language=language))
    first = next(rows, Record(1, 1, []))
    headers = ["" if each == workbooks.ACROSS else each.strip() for each in first.cells]
    while headers and not headers[-1]:
        headers.pop()
    for twice in _twice(headers, columns):
        plan.refuse(1, N_("The column {column} stands here twice. Keep one of them."), column=twice)
    for record in rows:
        number, cells = record.first, record.cells
        if record.swallowed:
            plan.refuse(number, sheets.SWALLOWED, last=record.last)
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
            faults = [*_faults(headers, cells, calculated=not book)]
            plan.problems += [Problem(number, each) for each in faults]
            if not faults:
                yield _line(number, headers, cells, columns)


def _faults(headers: list[str], cells: list[str], *, calculated: bool) -> Iterator[Words]:
    """What stands in a spreadsheet's cell without being its value."""
    for header, cell in zip(headers, cells, strict=False):
        said = {"column": header or "?", "value": cell[:SHOWN]}
        if cell.strip() in MISTAKES:
            yield Words(MISTAKEN, said)
        elif header and cell == workbooks.ACROSS:
            yield Words(ACROSS, {"column": header})
        elif not calculated and cell.startswith("="):
            yield Words(UNCALCULATED, said)


def _sheet(content: bytes) -> Iterator[Record]:
    try:
        for number, cells in enumerate(workbooks.rows(content), 1):
            yield Record(number, number, cells)
    except workbooks.BadWorkbook:
        raise Unreadable(Problem(1, Words(WORKBOOK))) from None


def _rows(written: str) -> Iterator[Record]:
    try:
        yield from sheets.records(written)
    except sheets.Broken as error:
        broken = Words(N_("The table breaks off here. Save it again as CSV in UTF-8."))
        raise Unreadable(Problem(error.line, broken)) from None


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
        elif header and cell.strip() and cell != workbooks.ACROSS:
            more[header] = cell.strip()
    return Line(number, known, more)
