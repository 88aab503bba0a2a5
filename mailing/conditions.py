"""Parts of a text for some readers: `{% if role = teacher %}` … `{% else %}` … `{% end %}`.

A condition compares, and computes nothing. The parts are chosen before Markdown
is read, so that any piece of it may be conditional: an item, a row, half a line.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mailing import fields
from mailing.model import MailingError
from store.words import N_

INNER = r"((?:(?!%\}).)*)"
TAG = re.compile(rf"(?m)^[ \t]*\{{%{INNER}%\}}[ \t]*(?:\n|\Z)|\{{%{INNER}%\}}")  # alone: its line
IF = re.compile(r"if\s+(not\s+)?([^\W\d]\w*)\s*(?:(!=|==?)\s*(.+?))?", re.DOTALL)
WORDS = {
    "если": "if", "не": "not", "иначе": "else", "конец": "end",
    "如果": "if", "不是": "not", "否则": "else", "结束": "end", "endif": "end",
}  # fmt: skip
EXAMPLE = "{% if role = teacher %}"
END = "{% end %}"
LISTED = ";"  # between the values of a field that has several
MOST = 60  # conditions of one text, but for those of parts under headings of their own
KEPT = 1_000  # values that were looked at last
SECTIONS = 2_000  # such parts, each for some readers
HEADING = re.compile(r"#{1,6} ")
Outcomes = tuple[bool, ...]


@dataclass(frozen=True)
class Test:
    """Whether a field has one of the values; without values: whether it has any."""

    field: str
    values: frozenset[str]
    wanted: bool

    def holds(self, known: Mapping[str, str]) -> bool:
        own = values(known.get(self.field, ""))
        return bool(own & self.values if self.values else own) == self.wanted


@dataclass(frozen=True)
class Block:
    test: Test
    line: int
    then: "Parts"
    otherwise: "Parts"


Parts = tuple[str | Block, ...]


@dataclass(frozen=True)
class _Tag:
    words: str
    line: int
    place: str  # as it is written


def parse(written: str) -> Parts:
    """The text cut at its conditions. Raises MailingError, naming the line, for what is none."""
    pieces = list(_pieces(written))
    parts, rest = _parts(pieces, None)
    if rest:
        raise _wrong(N_("Line {line}: “{place}” stands without an “if” before it."), rest[0])
    others = [part for part in parts if not (isinstance(part, Block) and by_itself(part))]
    if len(tests(others)) > MOST:
        raise MailingError(N_("A text may hold at most {n} different conditions."), n=MOST)
    if len(parts) - len(others) > SECTIONS:
        raise MailingError(N_("A text may hold at most {n} parts for some readers."), n=SECTIONS)
    return parts


def by_itself(block: Block) -> bool:
    """Whether it is a part under a heading of its own, with nothing in its place for others."""
    first = block.then[0] if block.then else ""
    return not block.otherwise and isinstance(first, str) and HEADING.match(first) is not None


@lru_cache(KEPT)
def values(said: str) -> frozenset[str]:
    """What a field holds, as conditions compare it; many of them ask the same in turn."""
    return frozenset([_folded(each) for each in (said, *said.split(LISTED))]) - {""}


def tests(parts: Sequence[str | Block]) -> tuple[Test, ...]:
    """The conditions asked, each once."""
    return tuple(dict.fromkeys(block.test for block in blocks(parts)))


def blocks(parts: Sequence[str | Block]) -> Iterator[Block]:
    for part in parts:
        if isinstance(part, Block):
            yield part
            yield from blocks((*part.then, *part.otherwise))


def outcomes(asked: Sequence[Test], known: Mapping[str, str]) -> Outcomes:
    return tuple([test.holds(known) for test in asked])


def chosen(parts: Parts, held: Mapping[Test, bool]) -> str:
    """The text for whom the conditions came out so."""
    return "".join(
        part
        if isinstance(part, str)
        else chosen(part.then if held[part.test] else part.otherwise, held)
        for part in parts
    )


def fitted(written: str, known: Mapping[str, str]) -> str:
    """The text as one person gets it, her fields not yet filled in. Raises MailingError."""
    parts = parse(written)
    return chosen(parts, {test: test.holds(known) for test in tests(parts)})


def whole(parts: Parts) -> str:
    """Every part, whoever it is for."""
    return "".join(
        part if isinstance(part, str) else whole((*part.then, *part.otherwise)) for part in parts
    )


def shared(written: str, instead: str) -> str:
    """What everybody reads, with `instead` of each part for some; a text that is none as it is."""
    try:
        parts = parse(written)
    except MailingError:
        return written
    return "".join(part if isinstance(part, str) else instead for part in parts)


def asked(written: str) -> dict[str, int]:
    """Every field that the text shows or asks about, and its first line. Raises MailingError."""
    parts = parse(written)
    fields.parse(written)
    found = [(block.test.field, block.line) for block in blocks(parts)]
    for place in fields.PLACE.finditer(written):
        found.append((place[1].strip(), written.count("\n", 0, place.start()) + 1))
    first: dict[str, int] = {}
    for name, line in sorted(found, key=lambda each: each[1]):
        first.setdefault(name, line)
    return first


def _pieces(written: str) -> Iterator[str | _Tag]:
    end, line, counted = 0, 1, 0
    for found in TAG.finditer(written):
        yield from _plain(written, end, found.start())
        line += written.count("\n", counted, found.start())
        counted = found.start()
        words = (found[1] if found[1] is not None else found[2]).strip()
        first, _, rest = words.partition(" ")
        words = f"{WORDS.get(first.lower(), first.lower())} {rest}".strip()
        yield _Tag(words, line, found[0].strip()[:60])
        end = found.end()
    yield from _plain(written, end, len(written))


def _plain(written: str, start: int, end: int) -> Iterator[str]:
    opened = written.find("{%", start, end)
    if opened >= 0:
        line = written.count("\n", 0, opened) + 1
        raise MailingError(
            N_("Line {line}: a condition is opened with {braces} and not closed."),
            line=line,
            braces="{%",
        )
    if end > start:
        yield written[start:end]


def _parts(pieces: list[str | _Tag], opened: _Tag | None) -> tuple[Parts, list[_Tag]]:
    """The parts up to the tag that ends them; takes them off the pieces."""
    parts: list[str | Block] = []
    while pieces:
        piece = pieces.pop(0)
        if isinstance(piece, str):
            parts.append(piece)
        elif piece.words in ("else", "end"):
            return tuple(parts), [piece]
        else:
            parts.append(_block(piece, pieces))
    if opened is not None:
        words = N_("Line {line}: “{place}” is never closed. Write {end} where it ends.")
        raise _wrong(words, opened, end=END)
    return tuple(parts), []


def _block(tag: _Tag, pieces: list[str | _Tag]) -> Block:
    test = _test(tag)
    then, ended = _parts(pieces, tag)
    otherwise: Parts = ()
    if ended[0].words == "else":
        otherwise, ended = _parts(pieces, tag)
        if ended[0].words == "else":
            raise _wrong(N_("Line {line}: there is an “else” already."), ended[0])
    return Block(test, tag.line, then, otherwise)


def _test(tag: _Tag) -> Test:
    for theirs in ("не", "不是"):
        tag = _Tag(re.sub(rf"^if\s+{theirs}\s", "if not ", tag.words), tag.line, tag.place)
    found = IF.fullmatch(tag.words)
    if found is None:
        words = N_("Line {line}: “{place}” is no condition. Write it like {example}.")
        raise _wrong(words, tag, example=EXAMPLE)
    values = frozenset(_folded(each.strip().strip("\"'“”«»")) for each in _listed(found[4]))
    return Test(found[2], values, wanted=bool(found[1]) == (found[3] == "!="))


def _listed(written: str | None) -> list[str]:
    return re.split(r"[,，、;]", written) if written else []


def _folded(value: str) -> str:
    return " ".join(value.split()).casefold()


def _wrong(words: str, tag: _Tag, **more: str) -> MailingError:
    return MailingError(words, line=tag.line, place=tag.place, **more)
