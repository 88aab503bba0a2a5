"""A strict reader of invitations, written from RFC 5545 (form), 5546 (methods) and 6868 (names)."""

import re
from collections.abc import Iterator

NAME = r"[A-Z][A-Z0-9-]*"
VALUE = r'"[^"\x00-\x1f\x7f]*"|[^";:,\x00-\x1f\x7f]*'
LINE = re.compile(rf"({NAME})((?:;{NAME}=(?:{VALUE}))*):([^\x00-\x08\x0a-\x1f\x7f]*)")
UTC = re.compile(r"\d{8}T\d{6}Z")
TEXTS = ("SUMMARY", "DESCRIPTION", "LOCATION")
ONCE = ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS", "ORGANIZER")
ADDRESS = re.compile(r"mailto:(?:[A-Za-z0-9@+._!$-]|%[0-9A-F]{2})+")
METHODS = {"REQUEST": "CONFIRMED", "CANCEL": "CANCELLED"}
Property = tuple[str, str, str]


def faults(data: bytes, kind: str | None) -> list[str]:
    """Everything against an RFC; `kind` is the part's Content-Type, if it has a method."""
    return [*_form(data), *_meaning(_properties(data), kind)]


def _form(data: bytes) -> Iterator[str]:
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data) or not data.endswith(b"\r\n"):
        yield "RFC 5545, 3.1: a line that does not end with CRLF"
    for line in data.split(b"\r\n"):
        if len(line) > 75:
            yield f"RFC 5545, 3.1: a line of {len(line)} octets"
        try:
            line.decode()
        except UnicodeDecodeError:
            yield "RFC 5545, 3.1.4: a line that is no UTF-8"


def _properties(data: bytes) -> list[Property]:
    lines = data.replace(b"\r\n ", b"").decode("utf-8", "replace").split("\r\n")[:-1]
    found = [(line, LINE.fullmatch(line)) for line in lines]
    return [(each[1], each[2], each[3]) if each else ("", "", line) for line, each in found]


def _meaning(found: list[Property], kind: str | None) -> Iterator[str]:
    for _name, _, line in (each for each in found if not each[0]):
        yield f"RFC 5545, 3.1: no content line: {line[:60]!r}"
    frame = [(name, value) for name, _, value in found if name in ("BEGIN", "END")]
    if frame != [
        ("BEGIN", "VCALENDAR"), ("BEGIN", "VEVENT"), ("END", "VEVENT"), ("END", "VCALENDAR")
    ]:  # fmt: skip
        yield f"RFC 5545, 3.6: {frame}"
    known: dict[str, list[str]] = {}
    for name, _, value in found:
        known.setdefault(name, []).append(value)
    for name in (*ONCE, "VERSION", "PRODID", "METHOD", "ATTENDEE"):
        if len(known.get(name, [])) != 1:
            yield f"RFC 5546, 3.2: {name} stands {len(known.get(name, []))} times"
            return
    yield from _values({name: values[0] for name, values in known.items()}, kind)


def _values(known: dict[str, str], kind: str | None) -> Iterator[str]:
    if known["VERSION"] != "2.0":
        yield "RFC 5545, 3.7.4: VERSION is not 2.0"
    if METHODS.get(known["METHOD"]) != known["STATUS"]:
        yield f"RFC 5546, 3.2: {known['METHOD']} of what is {known['STATUS']}"
    if kind is not None and not kind.endswith(f"method={known['METHOD']}"):
        yield "RFC 6047, 2.4: the part's method is another than the object's"
    for name in ("DTSTAMP", "DTSTART", "DTEND"):
        if not UTC.fullmatch(known[name]):
            yield f"RFC 5545, 3.3.5: {name} is {known[name]!r}"
    if known["DTEND"] <= known["DTSTART"]:
        yield "RFC 5545, 3.8.2.2: it ends before it begins"
    if not known["SEQUENCE"].isdecimal():
        yield "RFC 5545, 3.8.7.4: SEQUENCE is no number"
    for name in TEXTS:
        if re.search(r"(?<!\\)(?:\\\\)*(?:[;,]|\\[^\\;,nN])", known.get(name, "")):
            yield f"RFC 5545, 3.3.11: {name} is {known[name]!r}"
    for name in ("ORGANIZER", "ATTENDEE"):
        if not ADDRESS.fullmatch(known[name]):
            yield f"RFC 5545, 3.3.3: {name} is {known[name]!r}"
