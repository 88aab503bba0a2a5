"""From Markdown with fields to the HTML and the text that one person gets.

A text is parsed once; each person's values are put in after the parsing, so
that no value can act as Markdown or HTML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt

from mailing import conditions, fields, frame
from mailing.fields import Field, Pieces
from mailing.model import MailingError
from mailing.places import Fragment, Place, Tokens, gapped, shown
from mailing.plain import plain
from mailing.wording import wording
from store.legibility import ordered

UNSUBSCRIBE = "unsubscribe link"  # no identifier, so no author can write it


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
    tokens = Tokens()
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
    made = gapped(html, f"{words}\n\n-- \n{school}\n{foot}\n", tokens)
    return Template(language, titled, made.html, made.text)


def fragment(body: str) -> Fragment:
    """A part that looks the same wherever it stands, read by itself. Raises MailingError."""
    tokens = Tokens()
    html, words = _read(body, tokens)
    return gapped(html, f"\n\n{words}", tokens)


def _read(body: str, tokens: Tokens) -> tuple[str, str]:
    """The Markdown as HTML and as text, with marks in the place of its fields."""
    markdown = reader()
    for kind in ("fence", "code_block"):
        markdown.add_render_rule(kind, frame.code)
    parsed = markdown.parse(tokens.marked(body))
    words = plain(parsed, tokens.address)
    frame.dress(parsed)
    return markdown.renderer.render(parsed, markdown.options, {}), words


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
