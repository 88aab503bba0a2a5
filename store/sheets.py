"""What CSV files of strangers have in common, whoever reads them: RFC 4180, and its neighbours."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from store.words import N_

DELIMITERS = ",;\t"
SWALLOWED = N_(
    "A quotation mark takes in all lines from here to line {last}. Delete it, or close it in its "
    "cell."
)


@dataclass(frozen=True)
class Record:
    """One row with its first and last line.

    `swallowed`: a stray quotation mark made one cell of several rows.
    """

    first: int
    last: int
    cells: list[str]
    swallowed: bool = False


class Broken(Exception):
    """A cell has no end, or is longer than any is."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def records(written: str) -> Iterator[Record]:
    """The rows; the first line tells the delimiter. Raises Broken.

    Lines end with LF or CR alone: a vertical tab or U+2028 may stand in a name.
    """
    delimiter = max(DELIMITERS, key=written.partition("\n")[0].count)
    taken: list[str] = []
    reader = csv.reader(_noted(io.StringIO(written, newline=""), taken), delimiter=delimiter)
    first = 1
    try:
        for cells in reader:
            last = reader.line_num
            yield Record(first, last, cells, last > first and _swallowed(cells, taken, delimiter))
            first = last + 1
            taken.clear()
    except csv.Error as error:
        raise Broken(reader.line_num) from error


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _swallowed(cells: Sequence[str], taken: Sequence[str], delimiter: str) -> bool:
    """A cell of several lines is whole where its mark is closed as the standard has it.

    Unless rows of people stand in it: then two stray marks closed one another.
    """
    held = [cell for cell in cells if "\n" in cell and delimiter in cell]
    if not held:
        return False
    try:
        list(csv.reader(taken, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    inner = (line for cell in held for line in cell.split("\n"))
    return any(delimiter in line and "@" in line for line in inner)
