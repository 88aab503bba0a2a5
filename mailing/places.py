"""Where readers' values stand in a letter that is parsed, and what is shown there for each."""

import re
import secrets
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlsplit

from mailing import fields
from mailing.fields import Field

SCHEMES = ("http", "https", "mailto")
PLAIN_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[!-~]*)?")


@dataclass(frozen=True)
class Place:
    """A field in HTML: in the text, at the head of a link, or further on in one.

    In the text part `address` is the head of a link that is written out, `address part` the rest.
    """

    name: str
    kind: str  # text, title (no elements may stand there), link, part


@dataclass(frozen=True)
class Fragment:
    """A part of a letter by itself: what it adds to the HTML and to the text."""

    html: tuple[str | Place, ...]
    text: tuple[str | Field | Place, ...]


class Tokens(dict[str, str]):
    """By field, letters that stand in its place while the text is read; no author writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.in_addresses: dict[str, Place] = {}  # by mark

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, _mark())

    def marked(self, body: str) -> str:
        return "".join(p if isinstance(p, str) else self[p.name] for p in fields.parse(body))

    def address(self, href: str) -> str:
        """A link as the text part writes it out: its fields, marked anew, are not mere words."""
        for name, mark in self.items():
            if mark in href:
                own = _mark()
                kind = "address" if href.startswith(mark) else "address part"
                self.in_addresses[own] = Place(name, kind)
                href = href.replace(mark, own)
        return href


def _mark() -> str:
    return f"z{secrets.token_hex(8)}z"


def gapped(html: str, text: str, tokens: Tokens) -> Fragment:
    places = {mark: name for name, mark in tokens.items()}
    written: dict[str, Field | Place] = {mark: Field(name) for mark, name in places.items()}
    written |= tokens.in_addresses
    return Fragment(
        tuple(_placed(piece, places) for piece in _cut(html, places)),
        tuple(written.get(piece, piece) for piece, _ in _cut(text, written)),
    )


def _cut(written: str, places: Collection[str]) -> list[tuple[str, str]]:
    """The pieces between and at the marks, each with what stands before it."""
    pieces: list[tuple[str, str]] = []
    start = 0
    while True:
        found = [(written.find(mark, start), mark) for mark in places]
        at, mark = min(((a, m) for a, m in found if a >= 0), default=(len(written), ""))
        if at > start:
            pieces.append((written[start:at], ""))
        if not mark:
            return pieces
        pieces.append((mark, written[:at]))
        start = at + len(mark)


def _placed(piece: tuple[str, str], places: Mapping[str, str]) -> str | Place:
    words, before = piece
    if words not in places:
        return words
    opened = before[before.rfind("<") :]
    inside = opened.startswith("<") and ">" not in opened
    if not inside:
        titled = before.rfind("<title>") > before.rfind("</title>")
        return Place(places[words], "title" if titled else "text")
    if opened.endswith(('href="', 'src="')):
        return Place(places[words], "link")
    return Place(places[words], "part")


def shown(place: Place, values: Mapping[str, str]) -> str:
    """What stands at a place for one person: HTML, in the text part's links plain text."""
    value = values.get(place.name, "").strip()
    if place.kind == "address":
        return value if _links(value) else "#"
    if place.kind == "address part":
        return quote(value, safe="")
    if place.kind == "text":
        return f"<bdi>{escape(value)}</bdi>" if _from_the_right(value) else escape(value)
    if place.kind == "title":
        return escape(value)
    if place.kind == "part":
        return escape(quote(value, safe=""))
    return escape(value) if _links(value) else "#"


def _from_the_right(value: str) -> bool:
    """Whether it would draw the words beside it into its own order."""
    if value.isascii():
        return False
    return any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in value)


def _links(value: str) -> bool:
    if PLAIN_LINK.fullmatch(value):
        return True
    try:
        return urlsplit(value).scheme in SCHEMES
    except ValueError:
        return False
