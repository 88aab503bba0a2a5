"""A strict reader of mail, written from the RFCs: what it says is wrong with a message.

RFC 5322 (form), 2045-2047 and 2231 (MIME), 2183 (files), 2369 and 2919 (lists), 8058 (one click),
3834 (automatic), 5064 (archive), 5545-5546 and 6047 (calendars).
It shares nothing with the code that builds messages, nor with Python's parser.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator

from tests import strict_calendar

ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ATOM = rf"{ATEXT}(?:\.{ATEXT})*"
QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
WORD = r"=\?utf-8\?b\?[A-Za-z0-9+/]+={0,2}\?="
PHRASE = rf"(?:{QUOTED}|{WORD}(?: {WORD})*|{ATEXT}(?: {ATEXT})*)"
ADDRESS = rf"(?:{ATOM}|{QUOTED})@{ATOM}"
MAILBOX = re.compile(rf"{ADDRESS}|{PHRASE} <{ADDRESS}>")
LIST_ID = re.compile(rf"(?:{PHRASE} )?<{ATOM}>")
MESSAGE_ID = re.compile(rf"<{ATOM}@{ATOM}>")
DATE = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d(?::\d\d)? [+-]\d{4}"
)
ONCE = (
    "date",
    "from",
    "to",
    "subject",
    "message-id",
    "mime-version",
    "content-type",
    "list-id",
    "archived-at",
)
NEEDED = ("date", "from", "message-id", "mime-version", "content-type")  # by RFC, or by any filter
QUOTABLE = re.compile(rb"(?:[!-<>-~ \t]|=[0-9A-F]{2})*(?:=|(?<![ \t]))")
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
EXTENDED = r"filename\*0\*=utf-8''(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*"
FURTHER = r"filename\*\d+\*=(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+"
Header = tuple[str, str]


def faults(data: bytes) -> list[str]:
    """Everything that is against an RFC; [] for a message that is in order."""
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap:
        return ["RFC 5322, 2.1: no empty line after the header"]
    named = _headers(head)
    found = [*_lines(data), *_unfolded(head), *_fields(named), *_words(head), *_lists(named)]
    found += _archived(named)
    try:
        return found + list(_entity(named, body))
    except AssertionError as error:
        return [*found, f"RFC 2046, 5.1.1: {error}"]


def _lines(data: bytes) -> Iterator[str]:
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        yield "RFC 5322, 2.3: a bare CR or LF"
    if b"\0" in data or not data.isascii():
        yield "RFC 5321, 2.4: not seven bits"
    if any(len(line) > 998 for line in data.split(b"\r\n")):
        yield "RFC 5322, 2.1.1: a line above 998"
    if not data.endswith(b"\r\n"):
        yield "RFC 5321, 2.3.8: the last line has no end"


def _unfolded(head: bytes) -> Iterator[str]:
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            if not line.strip():
                yield "RFC 5322, 3.2.2: a folded line of spaces alone"
        elif not re.match(rb"[!-9;-~]+: ", line):
            yield f"RFC 5322, 2.2: no field: {line[:40]!r}"
        if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", line):
            yield f"RFC 5322, 2.2: a control character in {line[:40]!r}"


def _headers(head: bytes) -> list[Header]:
    text = re.sub(rb"\r\n(?=[ \t])", b"", head).decode("latin-1")
    pairs = (line.partition(":") for line in text.split("\r\n"))
    return [(name.lower(), value.strip()) for name, _, value in pairs]


def _values(named: list[Header], name: str) -> list[str]:
    return [value for each, value in named if each == name]


def _fields(named: list[Header]) -> Iterator[str]:
    for name in ONCE:
        if len(_values(named, name)) > 1:
            yield f"RFC 5322, 3.6: {name} twice"
    for name in NEEDED:
        if not _values(named, name):
            yield f"RFC 5322, 3.6: no {name}"
    forms = {"from": MAILBOX, "to": MAILBOX, "date": DATE, "message-id": MESSAGE_ID}
    for name, form in forms.items():
        for value in _values(named, name):
            if not form.fullmatch(value):
                yield f"RFC 5322: {name} is {value[:80]!r}"
    for value in _values(named, "auto-submitted"):
        if value not in ("no", "auto-generated", "auto-replied"):
            yield f"RFC 3834, 5: Auto-Submitted is {value!r}"


def _words(head: bytes) -> Iterator[str]:
    """RFC 2047, sections 2 and 5."""
    for line in head.split(b"\r\n"):
        words = re.findall(rb"(?<= )=\?[^ ]*", line)
        if words and len(line) > 76:
            yield "RFC 2047, 2: a line with an encoded word above 76"
        for word in words:
            whole = re.fullmatch(rb"=\?utf-8\?b\?([A-Za-z0-9+/=]*)\?=", word)
            if whole is None or len(word) > 75:
                yield f"RFC 2047, 2: {word[:80]!r} is no encoded word"
                continue
            try:
                b64decode(whole[1], validate=True).decode()
            except (Error, UnicodeDecodeError):
                yield "RFC 2047, 5: a word that is not whole characters"


def _lists(named: list[Header]) -> Iterator[str]:
    for value in _values(named, "list-id"):
        if not LIST_ID.fullmatch(value):
            yield f"RFC 2919, 3: List-ID is {value!r}"
    ways = _values(named, "list-unsubscribe")
    for value in ways:
        if not re.fullmatch(
            r"<(?:https|mailto):[!-;=?-~]+>(?:, <(?:https|mailto):[!-;=?-~]+>)*", value
        ):
            yield f"RFC 2369, 2: List-Unsubscribe is {value!r}"
    for value in _values(named, "list-unsubscribe-post"):
        if value != "List-Unsubscribe=One-Click" or not any("<https:" in way for way in ways):
            yield "RFC 8058, 3.1: one click without its HTTPS address"
    if ways and not _values(named, "list-unsubscribe-post"):
        yield "RFC 8058, 3.1: a way out that needs more than one click"


def _archived(named: list[Header]) -> Iterator[str]:
    """RFC 5064, sections 2 and 3: one address in brackets, whole."""
    for value in _values(named, "archived-at"):
        if not re.fullmatch(
            r"<https?://[A-Za-z0-9.:-]+/(?:[A-Za-z0-9._~/=-]|%[0-9A-F]{2})+>", value
        ):
            yield f"RFC 5064, 2: Archived-At is {value!r}"


def _entity(named: list[Header], body: bytes) -> Iterator[str]:
    if _values(named, "mime-version") not in (["1.0"], []):
        yield "RFC 2045, 4: MIME-Version is not 1.0"
    kind = "".join(_values(named, "content-type"))
    if kind.startswith("multipart/mixed"):
        whole: list[tuple[list[Header], bytes]] = []
        files: list[tuple[list[Header], bytes]] = []
        for own, words in _parts(kind, body):
            (files if _values(own, "content-disposition") else whole).append((own, words))
        if len(whole) != 1 or not _kind(whole[0][0]).startswith("multipart/alternative"):
            yield "RFC 2046, 5.1.3: not one letter with its files"
        for own, words in whole:
            yield from _alternative(_kind(own), words + b"\r\n")
        for own, words in files:
            yield from _file(own, words)
    elif kind.startswith("multipart/alternative"):
        yield from _alternative(kind, body)
    else:
        yield from _leaf(named, kind, body)


def _alternative(kind: str, body: bytes) -> Iterator[str]:
    kinds = []
    for own, words in _parts(kind, body):
        kinds.append(_kind(own).partition(";")[0])
        yield from _leaf(own, _kind(own), words)
        if kinds[-1] == "text/calendar":
            yield from strict_calendar.faults(_decoded(words), _kind(own))
    if kinds not in (["text/plain", "text/html"], ["text/plain", "text/html", "text/calendar"]):
        yield f"RFC 2046, 5.1.4: the plainest comes first, not {kinds}"


def _parts(kind: str, body: bytes) -> list[tuple[list[Header], bytes]]:
    """Raises AssertionError for parts that are not enclosed as RFC 2046, 5.1.1 says."""
    multipart = re.fullmatch(r'multipart/(?:alternative|mixed); boundary="([^"]+)"', kind)
    assert multipart, f"no parts in {kind!r}"
    assert BOUNDARY.fullmatch(multipart[1]), f"the boundary is {kind!r}"
    mark = f"--{multipart[1]}".encode()
    lines = body.split(b"\r\n")
    assert lines.count(mark + b"--") == 1, "the parts do not end once"
    assert lines[0] == mark, "the first part does not begin at once"
    assert lines[-2:] == [mark + b"--", b""], "something stands after the last part"
    inner = body[len(mark) + 2 : body.rindex(b"\r\n" + mark + b"--")]
    found = [part.partition(b"\r\n\r\n") for part in inner.split(b"\r\n" + mark + b"\r\n")]
    return [(_headers(head), words) for head, _, words in found]


def _kind(named: list[Header]) -> str:
    return "".join(_values(named, "content-type"))


def _file(named: list[Header], body: bytes) -> Iterator[str]:
    if not re.fullmatch(rf"{ATEXT}/{ATEXT}(?:; charset=utf-8)?", _kind(named)):
        yield f"RFC 2045, 5.1: a file of type {_kind(named)!r}"
    said = "".join(_values(named, "content-disposition"))
    if not re.fullmatch(rf"attachment; (?:filename={QUOTED}|{EXTENDED}(?:; {FURTHER})*)", said):
        yield f"RFC 2183 or 2231: Content-Disposition is {said!r}"
    if [int(n) for n in re.findall(r"filename\*(\d+)\*=", said)] != [
        *range(said.count("filename*"))
    ]:
        yield "RFC 2231, 3: the pieces of a name are not counted from 0"
    if _values(named, "content-transfer-encoding") != ["base64"]:
        yield "RFC 2045, 6.8: a file that is not in base64"
    lines = body.removesuffix(b"\r\n").split(b"\r\n")
    if any(len(line) > 76 for line in lines):
        yield "RFC 2045, 6.8: a line of base64 above 76"
    try:
        content = b64decode(b"".join(lines), validate=True)
    except Error:
        yield "RFC 2045, 6.8: no base64"
        return
    if _kind(named) == "application/ics":
        yield from strict_calendar.faults(content, None)


def _decoded(body: bytes) -> bytes:
    soft = body.replace(b"=\r\n", b"")
    return re.sub(rb"=([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), soft)


def _leaf(named: list[Header], kind: str, body: bytes) -> Iterator[str]:
    if not re.fullmatch(
        r"text/(?:(?:plain|html); charset=utf-8|calendar; charset=utf-8; method=[A-Z]+)", kind
    ):
        yield f"RFC 2045, 5: Content-Type is {kind!r}"
    if _values(named, "content-transfer-encoding") != ["quoted-printable"]:
        yield "RFC 2045, 6: the transfer encoding is not quoted-printable"
    for line in body.split(b"\r\n"):
        if len(line) > 76:
            yield f"RFC 2045, 6.7 (5): a line of {len(line)}"
        if not QUOTABLE.fullmatch(line):
            yield f"RFC 2045, 6.7: {line[:80]!r}"
        if line.startswith((b".", b"From ")):
            yield f"a line that SMTP or a mailbox file changes: {line[:20]!r}"
