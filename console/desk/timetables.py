"""Bring a timetable in, from a table or from iCalendar: rooms and the lessons in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from console.desk import calendars, tables
from console.desk.calendars import LessonRow
from console.desk.tables import Line, Plan, Problem, Unreadable
from store import access, addresses, audit, planning
from store import moves as store_moves
from store.access import Actor
from store.db import Connection as Transaction
from store.db import Database, text
from store.moves import Move
from store.planning import PlannedLesson, PlannedRoom
from store.words import N_

FORMS = ("one-to-one", "classroom", "question centre", "micro-lesson")
FORMATS = (
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%d.%m.%Y %H:%M",
    "%Y/%m/%d %H:%M",
)
COLUMNS = {
    name: known
    for known, names in {
        "title": ("title", "lesson", "занятие", "урок", "тема", "课节", "课程名称", "标题"),
        "start": ("start", "starts", "начало", "开始", "开始时间"),
        "end": ("end", "ends", "конец", "окончание", "结束", "结束时间"),
        "room": ("room", "room id", "meeting", "комната", "класс", "教室", "房间"),
        "room name": ("room name", "название комнаты", "教室名称"),
        "server": ("server", "media server", "сервер", "服务器"),
        "course": ("course", "курс", "课程"),
        "teacher": ("teacher", "преподаватель", "учитель", "老师", "教师"),
        "expected": ("expected", "ожидается", "预计人数"),
        "seats": ("seats", "capacity", "мест", "вместимость", "容量"),
        "form": ("form", "форма", "形式"),
        "stream": ("stream", "трансляция", "直播"),
        "id": ("id", "uid"),
    }.items()
    for name in names
}

Found = Plan[tuple[LessonRow, PlannedRoom | None]]  # a lesson and the room it is in


@dataclass(frozen=True)
class Planned:
    """What a timetable brought in; the problems name what it points to and is not known."""

    lessons: int
    rooms: int
    gone: int
    problems: list[Problem]


def timetable(
    content: str | bytes, *, zone: ZoneInfo, encoding: str = "", language: str = "", now: datetime
) -> Plan[LessonRow]:
    """What the file would bring in; nothing is written. `encoding`, `language` as of a table.

    `zone`: the school's, for times that name none. Lessons that repeat are
    planned from yesterday to calendars.AHEAD after `now`.
    """
    plan: Plan[LessonRow] = Plan()
    try:
        decoded = tables.decoded(content, encoding=encoding, language=language)
        if decoded.lstrip().upper().startswith("BEGIN:VCALENDAR"):
            calendars.read(decoded, plan, zone=zone, now=now)
        else:
            _read_table(decoded, plan, zone)
    except Unreadable as error:
        plan.problems.append(error.problem)
    if not plan.rows and not plan.problems:
        plan.refuse(1, N_("The timetable holds no lessons."))
    return plan


def apply_timetable(
    db: Database, actor: Actor, school_id: str, plan: Plan[LessonRow], *, now: datetime
) -> Planned:
    """Bring in all good lessons in one transaction; what they replace in their time is gone.

    A room goes to the connection whose name is its server's, or to the one
    that has it already, or to the school's only media server.
    """
    access.require(actor, "steer", school_id)
    with db.begin() as tx:
        known = _Known(tx, school_id)
        found = _found(plan, known)
        rooms = {(r.connection_id, r.external_id): r for _row, r in found.rows if r}
        ids = planning.rooms(tx, actor, school_id, rooms.values(), now=now)
        lessons = _lessons(found, known, ids)
        gone = planning.lessons(tx, actor, school_id, lessons, now=now)
        audit.record(tx, actor, "import timetable", school_id, school_id=school_id, now=now)
    return Planned(len(lessons), len(rooms), gone, found.problems)


def moves(
    db: Database, actor: Actor, school_id: str, plan: Plan[LessonRow], *, now: datetime
) -> list[Move]:
    """Which known lessons the plan would move to another hour, by their new hours."""
    access.require(actor, "steer", school_id)
    with db.read() as tx:
        known = _Known(tx, school_id)
        ids = planning.rooms(tx, actor, school_id, (), now=now)
        lessons = _lessons(_found(plan, known), known, ids)
        found = store_moves.moves(tx, actor, school_id, lessons, now=now)
    return sorted(found, key=lambda move: (move.after, move.title))


def _found(plan: Plan[LessonRow], known: "_Known") -> Found:
    found = Found()
    for row in plan.rows:
        found.rows.append((row, known.room(row, found)))
    return found


def _lessons(
    found: Found, known: "_Known", rooms: Mapping[tuple[str, str], str]
) -> list[PlannedLesson]:
    return [
        PlannedLesson(
            row.external_id,
            row.title,
            known.course(row, found),
            rooms.get((room.connection_id, room.external_id), "") if room else None,
            known.teacher(row, found),
            row.starts_at,
            row.ends_at,
            row.expected,
        )
        for row, room in found.rows
    ]


class _Known:
    """What a timetable's names mean in this school."""

    def __init__(self, tx: Transaction, school_id: str) -> None:
        values = {"school": school_id}
        servers = tx.execute(
            text("""
                SELECT id, name FROM connection
                WHERE school_id = :school AND platform = 'bigbluebutton' ORDER BY created_at, id
            """),
            values,
        ).all()
        self._servers = {row.name.lower(): row.id for row in servers}
        rows = tx.execute(
            text("SELECT connection_id, external_id FROM room WHERE school_id = :school"), values
        )
        self._rooms = {row.external_id: row.connection_id for row in rows}
        self._courses: dict[str, str] = {}
        for row in tx.execute(
            text("SELECT id, external_id, name FROM course WHERE school_id = :school AND NOT gone"),
            values,
        ):
            self._courses |= {row.name.lower(): row.id, row.external_id.lower(): row.id}
        people = tx.execute(
            text("""
                SELECT id, email FROM person WHERE school_id = :school
                ORDER BY CASE role WHEN 'teacher' THEN 1 ELSE 0 END, id
            """),
            values,
        ).all()  # of those who share an address a teacher is meant
        self._people = {row.email: row.id for row in people if row.email}

    def room(self, row: LessonRow, found: Found) -> PlannedRoom | None:
        if not row.room:
            return None
        server = self._server(row)
        if server is None:
            found.refuse(
                row.line,
                N_("No media server is known for the room {room}. Name its connection as server."),
                room=row.room,
            )
            return None
        course = self._courses.get(row.course.lower())
        return PlannedRoom(
            server, row.room, row.room_name or row.room, row.form, row.seats, course, row.stream
        )

    def course(self, row: LessonRow, found: Found) -> str | None:
        course = self._courses.get(row.course.lower())
        if row.course and not course:
            found.refuse(
                row.line,
                N_("No course is called {course}: the lesson is planned without a course."),
                course=row.course,
            )
        return course

    def teacher(self, row: LessonRow, found: Found) -> str | None:
        teacher = self._people.get(addresses.normal(row.teacher))
        if row.teacher and not teacher:
            found.refuse(
                row.line,
                N_("Nobody has the address {teacher}: the lesson is planned without a teacher."),
                teacher=row.teacher,
            )
        return teacher

    def _server(self, row: LessonRow) -> str | None:
        named = self._servers.get(row.server.lower())
        if named is None and row.server:
            ends = [
                id_ for name, id_ in self._servers.items() if name.split()[-1] == row.server.lower()
            ]
            named = ends[0] if len(ends) == 1 else None
        only = next(iter(self._servers.values())) if len(self._servers) == 1 else None
        return named or self._rooms.get(row.room) or only


def _read_table(content: str, plan: Plan[LessonRow], zone: ZoneInfo) -> None:
    for line in tables.lines(content, COLUMNS, plan):
        if "start" not in line.cells or "end" not in line.cells:
            plan.refuse(1, N_("The table needs the columns start and end."))
            return
        row = _lesson(line, plan, zone)
        if row:
            plan.rows.append(row)


def _lesson(line: Line, plan: Plan[LessonRow], zone: ZoneInfo) -> LessonRow | None:
    before = len(plan.problems)
    starts = _time(line, "start", plan, zone)
    ends = _time(line, "end", plan, zone, day=line["start"])
    expected, seats = _count(line, "expected", plan), _count(line, "seats", plan)
    form = line["form"].lower()
    if form and form not in FORMS:
        plan.refuse(
            line.number,
            N_("{value} is not a form of lesson. Write one of: {known}."),
            value=line["form"],
            known=", ".join(FORMS),
        )
    if starts and ends and ends <= starts:
        plan.refuse(line.number, N_("The lesson ends before it starts. Correct one of the two."))
    if len(plan.problems) > before or starts is None or ends is None:
        return None
    title = line["title"] or line["course"] or line["room name"] or line["room"]
    return LessonRow(
        line=line.number,
        external_id=line["id"] or f"{line['room'] or title}@{starts.isoformat()}",
        title=title,
        starts_at=starts,
        ends_at=ends,
        room=line["room"],
        room_name=line["room name"],
        server=line["server"],
        form=form,
        seats=seats,
        stream=line["stream"],
        course=line["course"],
        teacher=line["teacher"],
        expected=expected,
    )


def _time(
    line: Line, column: str, plan: Plan[LessonRow], zone: ZoneInfo, *, day: str = ""
) -> datetime | None:
    """A time in the school's zone; an end may be HH:MM alone, on the day of the start."""
    given = line[column]
    if day and len(given) <= 5:
        given = f"{day[:10]} {given}"
    for form in FORMATS:
        try:
            return datetime.strptime(given, form).replace(tzinfo=zone)
        except ValueError:
            continue
    plan.refuse(
        line.number,
        N_("{value} is not a time. Write it like 2026-03-10 18:00."),
        value=line[column],
    )
    return None


def _count(line: Line, column: str, plan: Plan[LessonRow]) -> int | None:
    given = line[column]
    if given and not (given.isascii() and given.isdigit() and len(given) < 7):
        plan.refuse(line.number, N_("{value} is not a number of people."), value=given)
    return int(given) if given.isascii() and given.isdigit() and len(given) < 7 else None
