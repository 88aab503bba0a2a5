"""What a text would do to its readers or to spam filters, told before it goes out.

The limits: Gmail cuts a mail at 102 KB of HTML; RFC 5322, 2.1.1 asks for lines of
at most 78 characters, which a subject keeps to be read on a phone.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from markdown_it.token import Token

from mailing import conditions, recipients, sections, starters, templates
from mailing.model import SERVICE, MailingError, Origin
from mailing.places import Place
from store.words import N_, Value, Words

HEAVY = 100_000  # bytes of HTML
TOGETHER = 8  # sections, the heaviest, with which a letter is weighed; no reader gets them all
KEPT = 16  # texts of which it is known what is to be said of them
LONG_SUBJECT = 78  # characters
SHORTENERS = frozenset(
    {"bit.ly", "t.co", "goo.gl", "tinyurl.com", "ow.ly", "is.gd", "clck.ru", "vk.cc", "t.cn"}
)
LETTERS = re.compile(r"[^\W\d_]")
IN_TEXT = N_("Line {line}: nobody who is meant has a field “{name}”. There are: {known}.")
IN_SUBJECT = N_("Subject: nobody who is meant has a field “{name}”. There are: {known}.")
FIELD = re.compile(r"\{\{\s*(\w+)\s*\}\}")
SPY = N_("A picture's address is made of a reader's field: it would tell a stranger who reads it.")
NO_WAY_OUT = N_(
    "The link to unsubscribe leads to this machine alone: readers elsewhere cannot leave, and mail "
    "systems take such mail for spam. An administrator sets public.url."
)
UNCHECKED = N_("{address} was not checked: only public addresses are.")
SHOUTED = 8  # letters in capitals before it counts as shouting
ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)+/?\S*")


@dataclass(frozen=True)
class Finding:
    """`stops`: it goes out like this only if somebody says why; `forbids`: not even then."""

    words: Words
    stops: bool
    forbids: bool = False
    who: tuple[str, ...] = ()  # the first of the readers whom it is about
    field: str = ""  # that these lack


@dataclass(frozen=True)
class Link:
    address: str
    says: str


def findings(subject: Mapping[str, str], body: Mapping[str, str]) -> list[Finding]:
    """By language, what stops first; the caller says what is missing for whom."""
    found: list[Finding] = []
    for language in recipients.written(body):
        try:
            found += _known(language, subject.get(language, ""), body[language])
        except MailingError as error:
            found.append(Finding(error.words, stops=True, forbids=True))
    once = {str(finding.words): finding for finding in found}
    return sorted(once.values(), key=lambda finding: not finding.stops)


def links(body: Mapping[str, str]) -> list[str]:
    """The addresses of sites in the texts, each once; those made of a field are not known yet."""
    try:
        found = [link.address for text in body.values() for link in _links(_everything(text))]
    except MailingError:
        return []  # `findings` says what is wrong with it
    whole = [each for each in found if not _asks(each)]
    return list(dict.fromkeys(each for each in whole if each.startswith(("http://", "https://"))))


def unleavable(origin: Origin, topic: str) -> list[Finding]:
    """Mail that can be left, with a link to leave that works on this machine alone."""
    if origin.reachable or topic == SERVICE:
        return []
    return [Finding(Words(NO_WAY_OUT), stops=True)]


def unknown(
    subject: Mapping[str, str], body: Mapping[str, str], known: Collection[str]
) -> list[Words]:
    """The fields that nobody who is meant has, each with its line. Raises MailingError."""
    found: list[Words] = []
    for language in recipients.written(body):
        titled = conditions.asked(subject.get(language, ""))
        texts = ((IN_SUBJECT, titled), (IN_TEXT, conditions.asked(body[language])))
        for words, asked in texts:
            for name, line in asked.items():
                if name not in known:
                    said: dict[str, Value] = {"name": name, "line": line, "known": ", ".join(known)}
                    found.append(Words(words, said))
    return found


def _everything(written: str) -> str:
    """The text with the parts for everybody and for some."""
    return conditions.whole(conditions.parse(written))


@lru_cache(KEPT)
def _known(language: str, subject: str, body: str) -> tuple[Finding, ...]:
    """A screen asks at every press of a key, and a letter to a whole school is long."""
    return tuple(_of(language, subject, body))


def _of(language: str, subject: str, body: str) -> Iterator[Finding]:
    weight = _weight(language, subject, body)
    subject, body = _everything(subject), _everything(body)
    yield from _subject(subject)
    blanks = ", ".join(starters.blanks(f"{subject}\n{body}"))
    if blanks:
        yield Finding(Words(N_("Still to be filled in: {blanks}."), {"blanks": blanks}), stops=True)
    if weight > HEAVY:
        words = Words(
            N_("The text weighs {kb} KB; many mailboxes cut it off at 100."),
            {"kb": round(weight / 1000)},
        )
        yield Finding(words, stops=True)
    for link in _links(body):
        yield from _link(link)
    tight = FIELD.sub(r"{{\1}}", body)  # with blanks in it, Markdown alone sees no picture
    if any(token.type == "image" and _asks(str(token.attrGet("src"))) for token in _inline(tight)):
        yield Finding(Words(SPY), stops=True, forbids=True)
    if any(token.type == "image" and not token.content.strip() for token in _inline(body)):
        yield Finding(Words(N_("A picture has no words for those who do not see it.")), stops=False)


def _weight(language: str, subject: str, body: str) -> int:
    """Bytes of HTML, of a letter with all that one reader may get."""
    split = sections.split(conditions.parse(body))
    text = split.unmarked(conditions.whole(split.base))
    html = templates.compile_(_everything(subject), text, language=language, school="").html
    own = (templates.fragment(conditions.whole(each.then)).html for each in split.sections)
    parts = sorted((_bytes(each) for each in own), reverse=True)
    return _bytes(html) + sum(parts[:TOGETHER])


def _bytes(html: Sequence[str | Place]) -> int:
    return sum(len(each.encode()) for each in html if isinstance(each, str))


def _asks(address: str) -> bool:
    """Whether the address is made of a reader's field."""
    return "{{" in address or "%7B%7B" in address


def _subject(subject: str) -> Iterator[Finding]:
    letters = LETTERS.findall(subject)
    shouted = len(letters) >= SHOUTED and "".join(letters).isupper()
    if shouted or subject.count("!") > 1:
        words = N_("Capitals and exclamation marks in the subject look like spam.")
        yield Finding(Words(words), stops=False)
    if len(subject) > LONG_SUBJECT:
        words = N_("The subject is longer than {n} characters: a phone cuts it off.")
        yield Finding(Words(words, {"n": LONG_SUBJECT}), stops=False)


def _link(link: Link) -> Iterator[Finding]:
    host = _host(link.address)
    if host in SHORTENERS:
        words = N_("{host} hides where a link leads; mail with it is often taken for spam.")
        yield Finding(Words(words, {"host": host}), stops=True)
    if ADDRESS.fullmatch(link.says.strip()):
        said = _host(link.says.strip())
        if said and host and said != host:
            words = N_("A link says {said} and leads to {host}: that is how frauds look.")
            yield Finding(Words(words, {"said": said, "host": host}), stops=True)
    if not link.says.strip():
        yield Finding(Words(N_("A link has no words to press on.")), stops=True)


def _links(body: str) -> Iterator[Link]:
    tokens = _inline(body)
    for at, token in enumerate(tokens):
        if token.type == "link_open":
            end = next(n for n in range(at, len(tokens)) if tokens[n].type == "link_close")
            says = "".join(each.content for each in tokens[at + 1 : end])
            yield Link(str(token.attrGet("href") or ""), says)


def _inline(body: str) -> list[Token]:
    parsed = templates.reader().parse(body)
    return [child for token in parsed for child in token.children or []]


def _host(address: str) -> str:
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        return (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
