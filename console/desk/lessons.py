"""How a lesson in its room stands, worst first: by its server, picture, seats and people."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from console.desk.evening import Evening
from console.desk.fit import Fit
from probes.capacity import Kind, Limit
from probes.model import State
from store import timetable
from store.words import N_, Value, Words

FILLING = 0.85  # of the seats taken while more people are expected
TEACHER_LATE = timedelta(minutes=3)
NOBODY_LATE = timedelta(minutes=5)
AHEAD = timedelta(minutes=15)  # before the start, when a lesson that will not fit asks for a hand

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
    """One lesson in its room, or people in a room without any.

    `participants`: who is in the room; None when nobody can say, and while the lesson waits there.
    `affected` counts people.
    """

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
    after: str | None = None  # the lesson before it in its room, which is not its own until then
    others: tuple[timetable.Lesson, ...] = ()  # that have the room together with it

    @property
    def id(self) -> str:
        return self.lesson_id or self.room_id

    @property
    def sources(self) -> frozenset[str]:
        """What incidents about this row are known by: one of before a lesson had the room too."""
        if self.lesson_id is None or not self.source.startswith("room:"):
            return frozenset({self.source})
        lessons = [self.lesson_id, *(other.id for other in self.others)]
        return frozenset({self.source, *(f"lesson:{lesson}" for lesson in lessons)})

    @property
    def crowd(self) -> int:
        """All who are expected in the room."""
        return self.expected + sum(other.expected for other in self.others)

    @property
    def people(self) -> int:
        """Its own, in the room or expected there; who of several lessons came nobody can say."""
        return self.expected if self.others else max(self.expected, self.participants or 0)

    @property
    def titles(self) -> str:
        """Of all the lessons that have the room, the same whichever of them the row is of."""
        return ", ".join(sorted([self.title, *(other.title for other in self.others)]))

    @property
    def taken(self) -> float | None:
        """The share of the seats that what binds leaves the room; None where it is not known."""
        if self.participants is None or self.limit is None:
            return None
        return self.participants / self.limit.free if self.limit.free else 1.0


def judged(
    evening: Evening, room: timetable.Room, lesson: timetable.Lesson | None, row: LessonRow
) -> LessonRow:
    """The row with its state, why, and how many it hits."""
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
    hit = row.people if row.running else 0
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
                affected=max(row.people, 1),
                source=f"target:{target.id}",
            )
    return None


def seats_taken(row: LessonRow) -> Words | None:
    """Of what binds, by its name; None where nobody knows."""
    if row.limit is None or row.participants is None:
        return None
    coming = max(row.crowd - row.participants, 0)
    params: dict[str, Value] = {
        "taken": row.participants,
        "seats": row.limit.free,
        "coming": coming,
        "name": row.limit.name,
    }
    return Words(TAKEN[row.limit.kind][0 if coming else 1], params)


def _by_seats(row: LessonRow) -> LessonRow | None:
    """Full or nearly so, while more people are expected or more came than were.

    Two of two seats taken in a one-to-one lesson are as it should be.
    """
    if row.limit is None or row.participants is None:
        return None
    seats, why = row.limit.free, seats_taken(row)
    coming = max(row.crowd - row.participants, 0)
    crowded = coming > 0 or row.participants > row.crowd
    if row.participants >= seats and crowded:
        return replace(row, state="full", why=why, affected=part(row, coming))
    if row.participants >= FILLING * seats and row.crowd > seats:
        return replace(row, state="filling", why=why, affected=part(row, coming))
    return None


def part(row: LessonRow, people: int) -> int:
    """Its own of all the room's, as many are expected of each lesson there."""
    if not row.crowd:
        return round(people / (1 + len(row.others)))
    return round(people * row.expected / row.crowd) if row.others else people


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
            affected=part(row, row.participants),
            source=f"teacher:{lesson.id}",
        )
    return None


def _by_forecast(evening: Evening, row: LessonRow) -> LessonRow | None:
    """More will want in than there are seats, told before it happens."""
    if not row.fit or not row.fit.asks or row.starts_at is None:
        return None
    if row.starts_at - evening.school_now > AHEAD:
        return None
    outside = part(row, row.fit.outside)
    return replace(row, state="filling", why=row.fit.why, affected=outside)


def _planned(evening: Evening, row: LessonRow) -> LessonRow:
    if row.running or row.starts_at is None:
        together = Words(N_("In one room: {lessons}"), {"lessons": row.titles})
        return replace(row, why=together) if row.others else row
    begins = f"{row.starts_at.astimezone(evening.school.zone):%H:%M}"
    if row.after is None:
        return replace(row, why=Words(N_("Begins at {time}"), {"time": begins}))
    said = N_("Begins at {time}; before it in this room: {lesson}")
    return replace(row, why=Words(said, {"time": begins, "lesson": row.after}))
