"""Lessons out of iCalendar (RFC 5545), repeating ones laid out, one by one.

What the standard has no word for stands in X-PULT- properties: ROOM (the
meeting's id), SERVER, FORM, SEATS, COURSE, TEACHER (an address), EXPECTED, STREAM.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
from dateutil.rrule import rrulestr

from console.desk.tables import Plan, Problem, Unreadable
from store.words import N_, Words

AHEAD = timedelta(days=180)  # how far lessons that repeat are laid out
BEHIND = timedelta(days=1)
MOST = 1000  # occurrences of one lesson
LAST = time(23, 59, 59)


@dataclass(frozen=True)
class LessonRow:
    """A lesson as the file names things; times are aware. `line` counts from 1."""

    line: int
    external_id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    room: str  # the meeting's id
    room_name: str
    server: str
    form: str
    seats: int | None
    stream: str
    course: str  # the platform's id or the name
    teacher: str  # an address
    expected: int | None


def read(content: str, plan: Plan[LessonRow], *, zone: ZoneInfo, now: datetime) -> None:
    """Add the calendar's lessons to the plan; raises Unreadable for what is no calendar."""
    try:
        calendar = icalendar.Calendar.from_ical(content)
    except (ValueError, IndexError, KeyError) as error:
        raise Unreadable(
            Problem(1, Words(N_("The calendar cannot be read. Export it again as iCalendar.")))
        ) from error
    starts = [
        number
        for number, line in enumerate(content.splitlines(), 1)
        if line.strip().upper() == "BEGIN:VEVENT"
    ]
    events: list[tuple[int, Any]] = list(zip(starts, calendar.walk("VEVENT"), strict=False))
    moved = {
        (str(event.get("UID")), _aware(event["RECURRENCE-ID"].dt, zone))
        for _line, event in events
        if "RECURRENCE-ID" in event and isinstance(event["RECURRENCE-ID"].dt, datetime)
    }
    for line, event in events:
        if str(event.get("STATUS", "")).upper() != "CANCELLED":
            plan.rows.extend(_lessons(line, event, plan, moved, zone, now))


def _lessons(
    line: int,
    event: Any,
    plan: Plan[LessonRow],
    moved: set[tuple[str, datetime]],
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[LessonRow]:
    span = _span(line, event, plan, zone)
    if span is None:
        return
    start, length = span
    uid = str(event.get("UID") or f"{event.get('SUMMARY', '')}@{start.isoformat()}")
    if "RRULE" not in event:
        mark = event["RECURRENCE-ID"].dt.isoformat() if "RECURRENCE-ID" in event else ""
        yield _row(line, event, f"{uid} {mark}".strip(), start, length)
        return
    for begins in _occurrences(line, event, plan, start, zone, now):
        if (uid, begins) not in moved:
            yield _row(line, event, f"{uid} {begins.isoformat()}", begins, length)


def _span(
    line: int, event: Any, plan: Plan[LessonRow], zone: ZoneInfo
) -> tuple[datetime, timedelta] | None:
    start = getattr(event.get("DTSTART"), "dt", None)
    end = getattr(event.get("DTEND"), "dt", None)
    length = getattr(event.get("DURATION"), "dt", None)
    if not isinstance(start, datetime):
        plan.refuse(line, N_("The lesson has no time of day. Give it a start and an end."))
        return None
    if isinstance(end, datetime):
        length = _aware(end, zone) - _aware(start, zone)
    if not isinstance(length, timedelta) or length <= timedelta(0):
        plan.refuse(line, N_("The lesson ends before it starts. Correct one of the two."))
        return None
    return _aware(start, zone), length


def _occurrences(
    line: int,
    event: Any,
    plan: Plan[LessonRow],
    start: datetime,
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[datetime]:
    # Laid out in wall time, so that 18:00 stays 18:00 when the clocks change.
    here = start.tzinfo or UTC
    rule = event["RRULE"]
    for until in rule.get("UNTIL", []):
        rule["UNTIL"] = [_naive(until, here)]
    try:
        dates = rrulestr(rule.to_ical().decode(), dtstart=start.replace(tzinfo=None))
        earliest = (now - BEHIND).astimezone(here).replace(tzinfo=None)
        latest = (now + AHEAD).astimezone(here).replace(tzinfo=None)
        left_out = set(_left_out(event, zone))
        for place, naive in enumerate(dates.xafter(earliest, inc=True)):
            begins = naive.replace(tzinfo=here)
            if naive > latest or place >= MOST:
                return
            if begins not in left_out:
                yield begins
    except (ValueError, TypeError):
        plan.refuse(line, N_("How the lesson repeats cannot be read. Enter its days one by one."))


def _left_out(event: Any, zone: ZoneInfo) -> Iterator[datetime]:
    given = event.get("EXDATE", [])
    for part in given if isinstance(given, list) else [given]:
        for day in part.dts:
            if isinstance(day.dt, datetime):
                yield _aware(day.dt, zone)


def _row(line: int, event: Any, external_id: str, start: datetime, length: timedelta) -> LessonRow:
    organizer = str(event.get("ORGANIZER", ""))
    mail = organizer[7:] if organizer.lower().startswith("mailto:") else ""
    room = str(event.get("X-PULT-ROOM", "") or event.get("LOCATION", ""))
    return LessonRow(
        line=line,
        external_id=external_id,
        title=str(event.get("SUMMARY", "")) or room,
        starts_at=start,
        ends_at=start + length,
        room=room,
        room_name=str(event.get("LOCATION", "")),
        server=str(event.get("X-PULT-SERVER", "")),
        form=str(event.get("X-PULT-FORM", "")),
        seats=_number(event.get("X-PULT-SEATS")),
        stream=str(event.get("X-PULT-STREAM", "")),
        course=str(event.get("X-PULT-COURSE", "")),
        teacher=str(event.get("X-PULT-TEACHER", "") or mail),
        expected=_number(event.get("X-PULT-EXPECTED")),
    )


def _aware(given: datetime, zone: ZoneInfo) -> datetime:
    return given if given.tzinfo else given.replace(tzinfo=zone)


def _naive(given: date, here: Any) -> datetime:
    """The end of a repetition in wall time; a day alone counts to its end."""
    if not isinstance(given, datetime):
        return datetime.combine(given, LAST)
    return given.astimezone(here).replace(tzinfo=None) if given.tzinfo else given


def _number(given: object) -> int | None:
    written = str(given or "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else None
