"""Feed a server's XML to its reader: document types are refused, so no entity is expanded."""

from typing import Protocol
from xml.parsers import expat

ATTRIBUTES = 20_000  # of one answer; real ones have few, and they are the dearest to read


class Unreadable(Exception):
    """The answer is not what this server writes."""


class Reader(Protocol):
    """Told of each element as it opens and closes, and of the text between, in pieces."""

    def start(self, name: str, attributes: dict[str, str], /) -> None: ...
    def end(self, name: str, /) -> None: ...
    def text(self, piece: str, /) -> None: ...


def feed(reader: Reader, body: bytes) -> None:
    """Raises Unreadable for HTML, for a broken or cut answer and for a document type."""
    if body.count(b"=") > ATTRIBUTES:
        raise Unreadable
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable from error


def _refuse_doctype(*_declaration: object) -> None:
    raise Unreadable
