"""Will the lesson fit its room: three words with the reason, and where it would fit instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from console.desk import bounds
from console.desk.evening import Evening
from probes.capacity import Kind, Limit
from probes.forecasting.model import ENOUGH
from probes.foreseen import Foreseen
from probes.model import State
from store import timetable
from store.words import N_, Value, Words

Word = Literal["fits", "tight", "wont_fit"]

WORDS: dict[Word, str] = {
    "fits": N_("fits"),
    "tight": N_("tight"),
    "wont_fit": N_("won't fit"),
}
# The reason, alone and with a larger room that is free.
REASONS: dict[Kind, tuple[str, str]] = {
    "room": (
        N_("{p50} will want in, perhaps {p80}; {seats} seats"),
        N_("{p50} will want in, perhaps {p80}; {seats} seats. Larger and free: {room}"),
    ),
    "server": (
        N_("{p50} people at once on {name}, perhaps {p80}; it bears {seats}"),
        N_("{p50} people at once on {name}, perhaps {p80}; it bears {seats}. Free: {room}"),
    ),
    "licence": (
        N_("{p50} people at once under the licence, perhaps {p80}; it allows {seats}"),
        N_("{p50} people at once under the licence, perhaps {p80}; it allows {seats}"),
    ),
}
# The same where a course has no past to foresee from.
UNKNOWN: dict[Kind, tuple[str, str]] = {
    "room": (
        N_("{expected} expected, {seats} seats; not enough history ({known} of {enough} lessons)"),
        N_(
            "{expected} expected, {seats} seats; not enough history ({known} of {enough} lessons). "
            "Larger and free: {room}"
        ),
    ),
    "server": (
        N_(
            "{expected} expected, {name} has {seats} seats left; "
            "not enough history ({known} of {enough} lessons)"
        ),
        N_(
            "{expected} expected, {name} has {seats} seats left; "
            "not enough history ({known} of {enough} lessons). Free: {room}"
        ),
    ),
    "licence": (
        N_(
            "{expected} expected, the licence leaves {seats} seats; "
            "not enough history ({known} of {enough} lessons)"
        ),
    )
    * 2,
}
SOON = timedelta(minutes=60)  # a lesson further ahead is not foreseen
WONT = 0.5  # chance that more want in than there are seats
TIGHT = 0.15
NEARLY = 0.9  # of the seats taken by a crowd that nobody expected
WORTH_SAYING = 0.3  # chance from which "will fill" is shown and a lesson asks for a hand


@dataclass(frozen=True)
class Fit:
    """`chance`: that every seat is taken within the hour; None: not enough history.

    `over`: that more people want in than that, so many would then be `outside`. `seats`: of
    what lessons share, all of them where a forecast is told, else what the others leave.
    """

    word: Word
    why: Words
    seats: int
    binds: Kind
    chance: float | None = None
    over: float | None = None
    outside: int = 0
    larger: str | None = None  # a free room in which it would fit

    @property
    def asks(self) -> bool:
        """Enough to be told before it happens."""
        return self.over is not None and self.over >= WORTH_SAYING


def of(
    evening: Evening, lesson: timetable.Lesson, room: timetable.Room, people: int | None
) -> Fit | None:
    """None: no limit is known, its server is not read, or the lesson is too far ahead or over."""
    if lesson.starts_at - evening.school_now >= SOON or evening.school_now >= lesson.ends_at:
        return None
    if not bounds.answers(evening, room.connection_id):
        return None
    found = _found(evening, lesson, room, people)
    if found and found.word == "fits" and not bounds.counted(evening, room):
        return None  # somebody uncounted may have the seats
    return found


def _found(
    evening: Evening, lesson: timetable.Lesson, room: timetable.Room, people: int | None
) -> Fit | None:
    told = evening.told(lesson)
    if told and told.forecast.enough and told.limit:
        return _foreseen(evening, lesson, room, told, told.limit)
    limit = (told.limit if told else None) or bounds.now(evening, room)
    return _planned(evening, lesson, room, limit, people, told) if limit else None


def _foreseen(
    evening: Evening, lesson: timetable.Lesson, room: timetable.Room, told: Foreseen, limit: Limit
) -> Fit:
    forecast = told.forecast
    over = forecast.over or 0.0
    word: Word = "wont_fit" if over >= WONT else "tight" if over >= TIGHT else "fits"
    larger = None
    if word != "fits" and limit.kind != "licence":  # no room of the platform helps against that
        larger = _larger(evening, lesson, room, forecast.wanted.p80, limit.kind)
    crowd = forecast.together if forecast.together and limit.kind != "room" else forecast.wanted
    params: dict[str, Value] = {
        "p50": crowd.p50,
        "p80": crowd.p80,
        "seats": limit.seats,
        "name": limit.name,
    }
    why = _with_room(REASONS[limit.kind], params, larger)
    outside = min(max(crowd.p80 - limit.seats, 1), max(forecast.wanted.p80, 1))
    return Fit(word, why, limit.seats, limit.kind, forecast.full, over, outside, larger)


def _planned(
    evening: Evening,
    lesson: timetable.Lesson,
    room: timetable.Room,
    limit: Limit,
    people: int | None,
    told: Foreseen | None,
) -> Fit:
    """From enrolment and the live count alone: what a course will do nobody knows yet."""
    known = told.forecast.sessions if told else 0
    word, coming = _counted(lesson.expected, people or 0, limit.free)
    larger = None
    if word != "fits" and limit.kind != "licence":
        larger = _larger(evening, lesson, room, coming, limit.kind)
    params: dict[str, Value] = {
        "expected": lesson.expected,
        "seats": limit.free,
        "name": limit.name,
        "known": known,
        "enough": ENOUGH,
    }
    why = _with_room(UNKNOWN[limit.kind], params, larger)
    return Fit(word, why, limit.free, limit.kind, larger=larger)


def _counted(expected: int, people: int, seats: int) -> tuple[Word, int]:
    """The word, and how many the room should hold; a crowd beyond the enrolled may still grow."""
    crowd = people > expected
    if expected > seats or (crowd and people >= seats):
        return "wont_fit", max(expected, people + 1)
    return ("tight" if crowd and people >= NEARLY * seats else "fits"), max(expected, people)


def _with_room(said: tuple[str, str], params: dict[str, Value], larger: str | None) -> Words:
    return Words(said[1], params | {"room": larger}) if larger else Words(said[0], params)


def _larger(
    evening: Evening,
    lesson: timetable.Lesson,
    room: timetable.Room,
    people: int,
    binds: Kind,
) -> str | None:
    """The smallest room that holds so many, its server too, and is free for the whole lesson."""
    found = [
        other
        for other in evening.rooms
        if other.id != room.id
        and (other.seats or 0) >= people
        and (binds == "room" or other.connection_id != room.connection_id)
        and _bears(evening, other, room, people)
        and _answers(evening, other)
        and _free(evening, other, lesson)
    ]
    best = min(found, key=lambda other: (other.seats or 0, other.name), default=None)
    return best.name if best else None


def _bears(evening: Evening, room: timetable.Room, instead_of: timetable.Room, people: int) -> bool:
    limit = bounds.now(evening, room, instead_of)
    return limit is None or limit.free >= people


def _answers(evening: Evening, room: timetable.Room) -> bool:
    target = evening.server_target(room.connection_id)
    result = evening.latest.get(target.id) if target else None
    return result is not None and result.state is State.OK


def _free(evening: Evening, room: timetable.Room, lesson: timetable.Lesson) -> bool:
    reading = evening.rooms_now.get(evening.key(room))
    if reading and reading.participants:
        return False
    return not _overlap(evening.lessons_in(room.id), lesson)


def _overlap(others: Iterable[timetable.Lesson], lesson: timetable.Lesson) -> bool:
    return any(
        other.starts_at < lesson.ends_at and other.ends_at > lesson.starts_at for other in others
    )
