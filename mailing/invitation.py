"""A lesson as calendars read it: one VEVENT (RFC 5545) that asks people in, or calls it off (5546).

REQUEST with the reader as the attendee is what mail programs enter by themselves, and what a
later REQUEST or CANCEL with the same UID and a higher SEQUENCE changes there. Times are UTC.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_time, get_timezone_gmt, get_timezone_location

from mailing.recipients import wire
from store.legibility import legible

LONGEST = 75  # octets of a line (section 3.1)
FIELDS = ("lesson", "lesson_when", "lesson_minutes", "lesson_teacher", "lesson_link")
PLACE = "\0"  # where the reader's own line stands


@dataclass(frozen=True)
class Invitation:
    """`sequence` counts what was sent about the lesson before (section 3.8.7.4)."""

    lesson_id: str
    sequence: int
    method: str  # REQUEST or CANCEL
    title: str
    teacher: str
    link: str
    starts_at: datetime
    ends_at: datetime

    @property
    def uid(self) -> str:
        return f"{self.lesson_id}@pult"

    def fields(self, language: str, zone: ZoneInfo) -> dict[str, str]:
        """What a text may say of the lesson, by the reader's clock."""
        minutes = round((self.ends_at - self.starts_at).total_seconds() / 60)
        title, teacher = (" ".join(legible(each).split()) for each in (self.title, self.teacher))
        said = (title, _when(self.starts_at, language, zone), str(minutes), teacher, self.link)
        return dict(zip(FIELDS, said, strict=True))


def calendar(invitation: Invitation, organizer: tuple[str, str], at: datetime) -> tuple[str, str]:
    """The object before and after the reader's line; LF ends each line."""
    before, _, after = "\n".join(_lines(invitation, organizer, at)).partition(PLACE)
    return before, f"{after.removeprefix(chr(10))}\n"


def attendee(name: str, email: str) -> str:
    kind = "CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE"
    return f"{folded(f'ATTENDEE;{kind}{_named(name)}:{_mailto(email)}')}\n"


def folded(line: str) -> str:
    """Lines of at most 75 octets, no character cut in two (section 3.1)."""
    if len(line) <= LONGEST and line.isascii():
        return line
    lines, size = [""], 0
    for character in line:
        octets = len(character.encode())
        if size + octets > LONGEST:
            lines.append(" ")
            size = 1
        lines[-1] += character
        size += octets
    return "\n".join(lines)


def _lines(invitation: Invitation, organizer: tuple[str, str], at: datetime) -> Iterator[str]:
    called_off = invitation.method == "CANCEL"
    event = {
        "UID": invitation.uid,
        "DTSTAMP": _utc(at),
        "SEQUENCE": str(invitation.sequence),
        "DTSTART": _utc(invitation.starts_at),
        "DTEND": _utc(invitation.ends_at),
        "SUMMARY": _text(invitation.title),
        "DESCRIPTION": _text(invitation.link),
        "LOCATION": _text(invitation.link),
        "STATUS": "CANCELLED" if called_off else "CONFIRMED",
        "TRANSP": "OPAQUE",
    }
    yield from ("BEGIN:VCALENDAR", "PRODID:-//Pult//Pult//EN", "VERSION:2.0", "CALSCALE:GREGORIAN")
    yield from (f"METHOD:{invitation.method}", "BEGIN:VEVENT")
    yield from (
        folded(f"{name}:{value}") for name, value in event.items() if value or name == "SUMMARY"
    )
    yield folded(f"ORGANIZER{_named(organizer[0])}:{_mailto(organizer[1])}")
    yield from (PLACE, "END:VEVENT", "END:VCALENDAR")


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """A TEXT (section 3.3.11)."""
    said = re.sub(r"([\\;,])", r"\\\1", legible(value).replace("\t", " "))
    return "\\n".join(said.splitlines())


def _named(name: str) -> str:
    """The parameter CN; what a parameter cannot carry is written as RFC 6868 says."""
    said = " ".join(legible(name).split()).replace("^", "^^").replace('"', "^'")
    return f';CN="{said}"' if said else ""


def _mailto(email: str) -> str:
    return f"mailto:{quote(wire(email), safe='@+-._!$')}"


@lru_cache(maxsize=10_000)
def _when(at: datetime, language: str, zone: ZoneInfo) -> str:
    locale = Locale.parse(language)
    day = format_skeleton("MMMEd", at, zone, locale=locale)
    clock = format_time(at, "HH:mm", tzinfo=zone, locale=locale)
    place = get_timezone_location(zone, locale=locale, return_city=True)
    offset = get_timezone_gmt(at.astimezone(zone), "long", locale=locale)
    gap = " " if locale.language == "zh" else ", "
    return f"{day}{gap}{clock} ({gap.join(dict.fromkeys((place, offset)))})"
