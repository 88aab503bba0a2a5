"""A CSV of recipients: email, name, language; every other column is a field."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from mailing import headers
from mailing.model import MailingError
from store import addresses, sheets
from store.sheets import Record
from store.words import N_, Words

LONGEST_NAME = 1000  # characters


@dataclass(frozen=True)
class Row:
    """One row, by the line it begins in; with a `problem` it can get no mail: it says why."""

    line: int
    name: str
    email: str  # normal form; '' with a problem
    language: str
    fields: dict[str, str]
    problem: Words | None = None
    repeated: bool = False  # another line has the address already


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MailingError(
            N_("The file {file} cannot be read: {reason}."),
            file=path.name,
            reason=error.strerror or "",
        ) from error


def columns(content: bytes, *, file: str) -> list[str]:
    """The names in the first line. Raises MailingError if there is no `email` among them."""
    with _whole():
        named = [name.strip() for name in next(_records(content, file), Record(1, 1, [])).cells]
    if "email" not in named:
        raise MailingError(
            N_("The file {file} has no column “email” in its first line."), file=file
        )
    return named


def rows(content: bytes, *, file: str) -> Iterator[Row]:
    """Every line that holds something, good or not. Raises MailingError as `columns` does."""
    named = columns(content, file=file)
    records = _records(content, file)
    next(records, None)
    seen: set[str] = set()
    with _whole():
        for record in records:
            cells = [cell.strip() for cell in record.cells]
            fields = dict(zip_longest(named, cells[: len(named)], fillvalue=""))
            if record.swallowed:
                said = Words(sheets.SWALLOWED, {"last": record.last})
                yield Row(record.first, _shown(fields), "", "", {}, said)
            elif any(fields.values()):
                row = _row(record.first, fields, surplus=len(cells) > len(named))
                repeated = bool(row.email) and row.email in seen
                seen.add(row.email)
                yield Row(**{**vars(row), "repeated": repeated})


def _row(line: int, fields: dict[str, str], *, surplus: bool) -> Row:
    name, language = fields.get("name", ""), fields.get("language", "")
    email = addresses.normal(fields.get("email", ""))
    problem = _problem(name, fields, email, surplus=surplus)
    if problem is not None:
        return Row(line, _shown(fields), "", language, {}, problem)
    return Row(line, name, email, language, {**fields, "email": email})


def _shown(fields: dict[str, str]) -> str:
    """What a refused line is called by."""
    written = fields.get("name", "") or fields.get("email", "")
    return headers.FORBIDDEN.sub("·", written)[:LONGEST_NAME]


def _problem(name: str, fields: dict[str, str], email: str, *, surplus: bool) -> Words | None:
    if surplus:
        return Words(N_("The line has more cells than the first one has names."))
    if not email:
        written = headers.FORBIDDEN.sub("·", fields.get("email", ""))[:100]
        if not written:
            return Words(N_("The line has no address."))
        return Words(N_("“{address}” is not an address that mail can reach."), {"address": written})
    return unwritable(name, email, fields.values())


def unwritable(name: str, email: str, values: Iterable[str]) -> Words | None:
    """Why no letter can be addressed so, or the line's values not be kept."""
    if len(name) > LONGEST_NAME or any("\0" in value for value in values):
        return Words(N_("The name is too long, or the line holds a NUL character."))
    try:
        headers.checked(name)
        headers.address(name, email)
    except MailingError as error:
        return error.words
    return None


@contextmanager
def _whole() -> Iterator[None]:
    """A quotation mark that is never closed swallows the rest, until csv gives up."""
    try:
        yield
    except sheets.Broken as error:
        raise MailingError(
            N_("The table breaks off here. Save it again as CSV in UTF-8.")
        ) from error


def _records(content: bytes, file: str) -> Iterator[Record]:
    try:
        written = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MailingError(
            N_("The file {file} is not in UTF-8. Save it as “CSV UTF-8”."), file=file
        ) from error
    return sheets.records(written)
