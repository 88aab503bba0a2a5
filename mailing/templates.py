"""From Markdown with fields to the HTML and the text that one person gets.

A text is parsed once; each person's values are put in after the parsing, so
that no value can act as Markdown or HTML.
"""

import re
import secrets
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlsplit

from markdown_it import MarkdownIt

from mailing import conditions, fields, frame
from mailing.fields import Field, Pieces
from mailing.model import MailingError
from mailing.plain import plain
from mailing.wording import wording
from store.legibility import ordered

UNSUBSCRIBE = "unsubscribe link"  # no identifier, so no author can write it
SCHEMES = ("http", "https", "mailto")
PLAIN_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[!-~]*)?")


@dataclass(frozen=True)
class Message:
    """Subject and Markdown body by language."""

    subject: Mapping[str, str]
    body: Mapping[str, str]


@dataclass(frozen=True)
class Rendered:
    subject: str
    html: str
    text: str
    missing: list[str]  # fields that are empty for this person


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


@dataclass(frozen=True)
class Around:
    """What stands beside an author's words: `links` under them, `above` is HTML."""

    why: str
    links: Sequence[tuple[str, str | Field]] = ()  # word and address
    above: str = ""


@dataclass(frozen=True)
class Template:
    """One language of a message, parsed; filling it costs a join."""

    language: str
    subject: Pieces
    html: tuple[str | Place, ...]
    text: tuple[str | Field | Place, ...]

    @property
    def names(self) -> list[str]:
        asked = [p.name for p in (*self.subject, *self.html, *self.text) if not isinstance(p, str)]
        return [name for name in dict.fromkeys(asked) if name != UNSUBSCRIBE]

    def title(self, values: Mapping[str, str]) -> str:
        """One person's subject; control characters stay, for the header's own check to refuse."""
        return _titled(self.subject, values)

    def render(self, values: Mapping[str, str], *, unsubscribe: str = "") -> Rendered:
        known = {name: fields.clean(value) for name, value in values.items()}
        missing = [name for name in self.names if not known.get(name, "").strip()]
        known[UNSUBSCRIBE] = unsubscribe
        return Rendered(
            self.title(values),
            "".join(p if isinstance(p, str) else shown(p, known) for p in self.html),
            "".join(_written_out(p, known) for p in self.text),
            missing,
        )


def reader() -> MarkdownIt:
    """Markdown as letters know it: with tables, without HTML.

    No link definitions either: "[Monday]: the hall is closed" would vanish as one.
    """
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("reference")


def compile_(
    subject: str,
    body: str,
    *,
    language: str,
    school: str,
    mandatory: bool = False,
    linked: bool = True,
    archive: str = "",
) -> Template:
    """Parse one language, its conditions decided. Raises MailingError for a field that is none.

    `archive`: where all of its readers can read it in the browser, if they can.
    """
    said = wording(language)
    why = said.why.format(school=school) + (f" {said.service}" if mandatory else "")
    links: list[tuple[str, str | Field]] = [(said.view, archive)] if archive else []
    if linked and not mandatory:
        links.append((said.unsubscribe, Field(UNSUBSCRIBE)))
    return within(subject, body, Around(why, links), language=language, school=school)


def within(subject: str, body: str, around: Around, *, language: str, school: str) -> Template:
    """The same with other words around it."""
    tokens = _Tokens()
    content, words = _read(body, tokens)
    titled = fields.parse(subject)
    title = "".join(escape(p) if isinstance(p, str) else tokens[p.name] for p in titled)
    links = [(word, to if isinstance(to, str) else tokens[to.name]) for word, to in around.links]
    html = frame.page(
        language=language,
        subject=title,
        body=content,
        school=school,
        why=around.why,
        links=[(word, escape(to)) for word, to in links],
        above=around.above,
    )
    foot = around.why + "".join(f"\n{word}: {to}" for word, to in links)
    made = _gapped(html, f"{words}\n\n-- \n{school}\n{foot}\n", tokens)
    return Template(language, titled, made.html, made.text)


def fragment(body: str) -> Fragment:
    """A part that looks the same wherever it stands, read by itself. Raises MailingError."""
    tokens = _Tokens()
    html, words = _read(body, tokens)
    return _gapped(html, f"\n\n{words}", tokens)


class _Tokens(dict[str, str]):
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


def _read(body: str, tokens: _Tokens) -> tuple[str, str]:
    """The Markdown as HTML and as text, with marks in the place of its fields."""
    markdown = reader()
    for kind in ("fence", "code_block"):
        markdown.add_render_rule(kind, frame.code)
    parsed = markdown.parse(tokens.marked(body))
    words = plain(parsed, tokens.address)
    frame.dress(parsed)
    return markdown.renderer.render(parsed, markdown.options, {}), words


def _gapped(html: str, text: str, tokens: _Tokens) -> Fragment:
    places = {mark: name for name, mark in tokens.items()}
    written: dict[str, Field | Place] = {mark: Field(name) for mark, name in places.items()}
    written |= tokens.in_addresses
    return Fragment(
        tuple(_placed(piece, places) for piece in _cut(html, places)),
        tuple(written.get(piece, piece) for piece, _ in _cut(text, written)),
    )


def render(
    message: Message,
    values: Mapping[str, str],
    *,
    language: str,
    school: str,
    mandatory: bool = False,
    unsubscribe: str = "",
    archive: str = "",
) -> Rendered:
    """One person's mail, for a preview; many of them are filled from one `compile_`."""
    template = compile_(
        conditions.fitted(message.subject.get(language, ""), values),
        conditions.fitted(message.body.get(language, ""), values),
        language=language,
        school=school,
        mandatory=mandatory,
        archive=archive,
    )
    return template.render(values, unsubscribe=unsubscribe)


def titled(subject: str, values: Mapping[str, str]) -> str:
    """One person's subject alone; as it was written where something in it is none of ours."""
    try:
        return _titled(fields.parse(conditions.fitted(subject, values)), values)
    except MailingError:
        return subject


def _titled(pieces: Pieces, values: Mapping[str, str]) -> str:
    return "".join(p if isinstance(p, str) else ordered(values.get(p.name, "")) for p in pieces)


def _written_out(piece: str | Field | Place, values: Mapping[str, str]) -> str:
    if isinstance(piece, str):
        return piece
    return shown(piece, values) if isinstance(piece, Place) else values.get(piece.name, "")


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
