"""The only thing that a text may ask for: `{{ identifier }}`, no expressions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailing.model import MailingError
from store.legibility import legible
from store.words import N_

PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
IDENTIFIER = re.compile(r"\s*([^\W\d]\w*)\s*")


@dataclass(frozen=True)
class Field:
    name: str


Pieces = tuple[str | Field, ...]


def parse(written: str) -> Pieces:
    """The text cut at its fields. Raises MailingError for anything else between braces."""
    pieces: list[str | Field] = []
    end = 0
    for place in PLACE.finditer(written):
        named = IDENTIFIER.fullmatch(place[1])
        if named is None:
            raise MailingError(
                N_("Line {line}: “{place}” is not a field. Write {example}, with its name in it."),
                line=written.count("\n", 0, place.start()) + 1,
                place=place[0][:60],
                example="{{ name }}",
            )
        pieces += [written[end : place.start()], Field(named[1])]
        end = place.end()
    rest = written[end:]
    if "{{" in rest:
        line = written.count("\n", 0, end + rest.index("{{")) + 1
        raise MailingError(
            N_("Line {line}: a field is opened with {braces} and not closed."),
            line=line,
            braces="{{",
        )
    return tuple(piece for piece in (*pieces, rest) if piece != "")


def names(pieces: Pieces) -> list[str]:
    """The fields asked for, each once, in order."""
    return list(dict.fromkeys(piece.name for piece in pieces if isinstance(piece, Field)))


def fill(pieces: Pieces, values: Mapping[str, str]) -> str:
    """The text for one person; a field without a value becomes nothing."""
    return "".join(p if isinstance(p, str) else values.get(p.name, "") for p in pieces)


def clean(value: str) -> str:
    """A value without what no mail may carry: control characters, letters that hide or reorder."""
    return legible(value)
