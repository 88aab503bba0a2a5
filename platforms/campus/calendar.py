"""The timetable as iCalendar (RFC 5545), with what the school knows as X-PULT- properties.

Besides UID, DTSTART, DTEND, SUMMARY, LOCATION (the room's name) and ORGANIZER (the teacher):
X-PULT-ROOM (meetingID), X-PULT-SERVER (a, b or c), X-PULT-FORM, X-PULT-SEATS, X-PULT-COURSE
(Moodle's course id), X-PULT-TEACHER (e-mail address), X-PULT-EXPECTED (people, the teacher
among them) and, for the two rooms that are streamed, X-PULT-STREAM (the HLS address).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from platforms.campus.timetable import Lesson

LINE = 75  # octets


def icalendar(lessons: Iterable[Lesson], started: datetime, streams: Mapping[str, str]) -> str:
    """`streams` maps a stream's name to its address."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//School 14//Timetable//EN"]
    for lesson in lessons:
        lines += _event(lesson, started, streams)
    lines.append("END:VCALENDAR")
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _event(lesson: Lesson, started: datetime, streams: Mapping[str, str]) -> list[str]:
    room, teacher = lesson.room, lesson.teacher
    lines = [
        "BEGIN:VEVENT",
        f"UID:{lesson.uid}",
        f"DTSTAMP:{_stamp(started)}",
        f"DTSTART:{_stamp(started + timedelta(seconds=lesson.start))}",
        f"DTEND:{_stamp(started + timedelta(seconds=lesson.end))}",
        f"SUMMARY:{_text(lesson.title)}",
        f"LOCATION:{_text(room.name)}",
        f'ORGANIZER;CN="{teacher.name}":mailto:{teacher.email}',
        f"X-PULT-ROOM:{room.id}",
        f"X-PULT-SERVER:{room.server}",
        f"X-PULT-FORM:{room.form}",
        f"X-PULT-SEATS:{room.seats}",
        f"X-PULT-COURSE:{room.course.id}",
        f"X-PULT-TEACHER:{teacher.email}",
        f"X-PULT-EXPECTED:{lesson.expected}",
    ]
    if room.stream in streams:
        lines.append(f"X-PULT-STREAM:{streams[room.stream]}")
    return [*lines, "END:VEVENT"]


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    for plain in ("\\", ";", ","):
        value = value.replace(plain, "\\" + plain)
    return value.replace("\n", "\\n")


def _fold(line: str) -> str:
    """Fold at 75 octets without cutting a character (section 3.1)."""
    folded, width = "", 0
    for character in line:
        size = len(character.encode())
        if width + size > LINE - 1:
            folded, width = folded + "\r\n ", 1
        folded, width = folded + character, width + size
    return folded
