"""The classrooms board: one row a room with its lesson, judged and explained."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from console.desk import bounds, fit
from console.desk.evening import Evening, Series
from console.desk.fit import Fit
from probes.capacity import Kind, Limit
from probes.model import State
from store import timetable
from store.words import N_, Value, Words

FILLING = 0.85  # of the seats taken while more people are expected
TEACHER_LATE = timedelta(minutes=3)
NOBODY_LATE = timedelta(minutes=5)
SOON = timedelta(minutes=30)
AHEAD = timedelta(minutes=15)  # before the start, when a lesson that will not fit asks for a hand
POINTS = 30  # points of a row's trend

# Who is in, by what binds: while more are expected, and when nobody else is.
TAKEN: dict[Kind, tuple[str, str]] = {
    "room": (
        N_("{taken} of {seats} seats, {coming} still coming"),
        N_("{taken} of {seats} seats taken"),
    ),
    "server": (
        N_("{taken} of {seats} seats that {name} leaves it, {coming} still coming"),
        N_("{taken} of {seats} seats that {name} leaves it"),
    ),
    "licence": (
        N_("{taken} of {seats} seats that the licence leaves it, {coming} still coming"),
        N_("{taken} of {seats} seats that the licence leaves it"),
    ),
}

# Worst first. "full" and "filling" are a room's own states, the rest are the probes'.
ORDER = ("down", "full", "suspect", "filling", "unknown", "maintenance", "ok")


@dataclass(frozen=True)
class LessonRow:
    """`participants` is None when nobody can say; `affected` counts people."""

    lesson_id: str | None
    room_id: str
    title: str
    teacher: str
    form: str
    state: str
    participants: int | None
    expected: int
    seats: int | None
    history: tuple[int | None, ...]
    why: Words | None
    server: str
    connection_id: str
    course_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    running: bool
    affected: int
    source: str  # what an incident about this row is known by
    fit: Fit | None = None  # None: no limit is known, or it begins in more than an hour
    limit: Limit | None = None  # which of room, server and licence binds it now


@dataclass(frozen=True)
class Starting:
    """A lesson that begins soon, and whether all is ready for it."""

    starts_at: datetime
    title: str
    state: str
    why: Words
    more: Words | None = None  # the reason at length


def rows(evening: Evening) -> list[LessonRow]:
    """One row for each room that has a lesson now or later this evening, or people in it."""
    found = [row for room in evening.rooms if (row := _row(evening, room)) is not None]
    return sorted(found, key=_rank)


def starting(evening: Evening) -> list[Starting]:
    """The lessons of the next half hour, the next first."""
    until = evening.school_now + SOON
    by_room = {room.id: room for room in evening.rooms}
    return [
        _preflight(evening, lesson, by_room.get(lesson.room_id or ""))
        for lesson in evening.lessons
        if evening.school_now < lesson.starts_at <= until
    ]


def _rank(row: LessonRow) -> tuple[int, int, bool, str, str]:
    return ORDER.index(row.state), -row.affected, not row.running, row.title, row.room_id


def _row(evening: Evening, room: timetable.Room) -> LessonRow | None:
    lesson = _lesson(evening, room)
    reading = evening.rooms_now.get(evening.key(room))
    people = reading.participants if reading and not reading.stale else None
    if lesson is None and not people:
        return None
    server = evening.servers.get(room.connection_id)
    row = LessonRow(
        lesson_id=lesson.id if lesson else None,
        room_id=room.id,
        title=lesson.title if lesson else room.name,
        teacher=lesson.teacher_name if lesson else "",
        form=room.form,
        state="ok",
        participants=people,
        expected=lesson.expected if lesson else 0,
        seats=(reading.seats if reading else None) or room.seats,
        history=_trend(evening.rooms_past.get(evening.key(room), [])),
        why=None,
        server=server.name if server else "",
        connection_id=room.connection_id,
        course_id=lesson.course_id if lesson else room.course_id,
        starts_at=lesson.starts_at if lesson else None,
        ends_at=lesson.ends_at if lesson else None,
        running=lesson is not None and evening.running(lesson),
        affected=0,
        source=f"room:{room.id}",
        fit=fit.of(evening, lesson, room, people) if lesson else None,
        limit=bounds.now(evening, room),
    )
    return _judged(evening, room, lesson, row)


def _lesson(evening: Evening, room: timetable.Room) -> timetable.Lesson | None:
    """The room's lesson now, else its next one."""
    own = [lesson for lesson in evening.lessons_in(room.id) if lesson.ends_at > evening.school_now]
    return min(own, key=lambda lesson: lesson.starts_at, default=None)


def _judged(
    evening: Evening, room: timetable.Room, lesson: timetable.Lesson | None, row: LessonRow
) -> LessonRow:
    return (
        _by_server(evening, row)
        or _by_stream(evening, room, row)
        or _by_seats(row)
        or (_by_people(evening, lesson, row) if lesson else None)
        or _by_forecast(evening, row)
        or _planned(evening, row)
    )


def _by_server(evening: Evening, row: LessonRow) -> LessonRow | None:
    target = evening.server_target(row.connection_id)
    result = evening.latest.get(target.id) if target else None
    hit = max(row.expected, row.participants or 0) if row.running else 0
    if target is None or result is None:
        return replace(row, state="unknown", why=Words(N_("No probe reads this server yet")))
    source = f"target:{target.id}"
    if result.state in (State.DOWN, State.UNKNOWN, State.MAINTENANCE):
        said = {
            State.DOWN: Words(N_("{server} does not answer"), {"server": row.server}),
            State.UNKNOWN: Words(N_("No reading from {server}"), {"server": row.server}),
            State.MAINTENANCE: Words(N_("Maintenance of {server}"), {"server": row.server}),
        }[result.state]
        affected = 0 if result.state is State.MAINTENANCE else hit
        return replace(
            row,
            state=result.state.value,
            participants=None,
            why=said,
            affected=affected,
            source=source,
        )
    return None


def _by_stream(evening: Evening, room: timetable.Room, row: LessonRow) -> LessonRow | None:
    """The lesson's live picture, where one is probed."""
    for target in evening.targets_in(room.id):
        result = evening.latest.get(target.id)
        if result is None or not row.running:
            continue
        if result.state in (State.DOWN, State.SUSPECT):
            why = result.why or Words(N_("The picture is in doubt"))
            return replace(
                row,
                state=result.state.value,
                why=why,
                affected=max(row.participants or 0, 1),
                source=f"target:{target.id}",
            )
    return None


def _by_seats(row: LessonRow) -> LessonRow | None:
    """Full or nearly so, while more people are expected or more came than were.

    Two of two seats taken in a one-to-one lesson are as it should be.
    """
    if row.limit is None or row.participants is None:
        return None
    seats = row.limit.free
    coming = max(row.expected - row.participants, 0)
    crowded = coming > 0 or row.participants > row.expected
    params: dict[str, Value] = {
        "taken": row.participants,
        "seats": seats,
        "coming": coming,
        "name": row.limit.name,
    }
    why = Words(TAKEN[row.limit.kind][0 if coming else 1], params)
    if row.participants >= seats and crowded:
        return replace(row, state="full", why=why, affected=coming)
    if row.participants >= FILLING * seats and row.expected > seats:
        return replace(row, state="filling", why=why, affected=coming)
    return None


def _by_people(evening: Evening, lesson: timetable.Lesson, row: LessonRow) -> LessonRow | None:
    """The teacher is not there, or nobody is, minutes after the start."""
    if not row.running or row.participants is None:
        return None
    reading = evening.rooms_now[
        next(evening.key(room) for room in evening.rooms if room.id == row.room_id)
    ]
    late = evening.school_now - lesson.starts_at
    if late >= NOBODY_LATE and row.participants == 0 and row.expected > 0:
        why = Words(N_("Nobody has joined"))
        return replace(row, state="suspect", why=why, affected=row.expected)
    if late >= TEACHER_LATE and reading.moderators == 0 and row.participants > 0:
        why = Words(N_("Teacher has not joined"))
        return replace(
            row,
            state="suspect",
            why=why,
            affected=row.participants,
            source=f"teacher:{lesson.id}",
        )
    return None


def _by_forecast(evening: Evening, row: LessonRow) -> LessonRow | None:
    """More will want in than there are seats, told before it happens."""
    if not row.fit or not row.fit.asks or not row.fit.wanted or row.starts_at is None:
        return None
    if row.starts_at - evening.school_now > AHEAD:
        return None
    outside = max(row.fit.wanted.p50 - row.fit.seats, row.fit.wanted.p80 - row.fit.seats, 1)
    return replace(row, state="filling", why=row.fit.why, affected=outside)


def _planned(evening: Evening, row: LessonRow) -> LessonRow:
    if row.running or row.starts_at is None:
        return row
    begins = row.starts_at.astimezone(evening.school.zone)
    return replace(row, why=Words(N_("Begins at {time}"), {"time": f"{begins:%H:%M}"}))


def _preflight(evening: Evening, lesson: timetable.Lesson, room: timetable.Room | None) -> Starting:
    if room is None:
        return Starting(lesson.starts_at, lesson.title, "suspect", Words(N_("no room")))
    target = evening.server_target(room.connection_id)
    result = evening.latest.get(target.id) if target else None
    if result is None or result.state is State.UNKNOWN:
        return Starting(lesson.starts_at, lesson.title, "unknown", Words(N_("not checked")))
    if result.state is State.DOWN:
        return Starting(lesson.starts_at, lesson.title, "down", Words(N_("server down")))
    if result.state is State.MAINTENANCE:
        said = Words(N_("under maintenance"))
        return Starting(lesson.starts_at, lesson.title, "maintenance", said)
    found = fit.of(evening, lesson, room, None)
    if found and found.word != "fits":
        return Starting(
            lesson.starts_at, lesson.title, "filling", Words(fit.WORDS[found.word]), found.why
        )
    return Starting(lesson.starts_at, lesson.title, "ok", Words(N_("ready")))


def _trend(series: list[tuple[datetime, int]]) -> tuple[int | None, ...]:
    return tuple(value for _, value in series[-POINTS:])


def running_over_time(evening: Evening) -> Series:
    """How many rooms had people in them, by the minute."""
    busy: list[tuple[datetime, str]] = [
        (at.replace(second=0, microsecond=0), "".join(key))
        for key, series in evening.rooms_past.items()
        for at, people in series
        if people > 0
    ]
    busy.sort()
    return [
        (minute, len({room for _, room in group}))
        for minute, group in groupby(busy, key=lambda pair: pair[0])
    ]
