"""Will the lesson fit its room: three words with the reason, and where it would fit instead."""

from dataclasses import dataclass, replace
from typing import Literal

from console.desk import bounds, larger, occupancy
from console.desk.evening import Evening
from console.desk.larger import Wanted
from probes.capacity import Kind, Limit
from probes.forecasting.model import ENOUGH
from probes.foreseen import Foreseen
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
# The same where other lessons are to be in its room in its time.
SHARED = (
    N_("{p50} people at once with {others} in its room, perhaps {p80}; {seats} seats"),
    N_(
        "{p50} people at once with {others} in its room, perhaps {p80}; {seats} seats. "
        "Free for {lesson}: {room}"
    ),
)
SHARED_UNKNOWN = (
    N_(
        "{expected} expected with {others} in its room, {seats} seats; "
        "not enough history ({known} of {enough} lessons)"
    ),
    N_(
        "{expected} expected with {others} in its room, {seats} seats; "
        "not enough history ({known} of {enough} lessons). Free for {lesson}: {room}"
    ),
)
# The same where more are in a room than anybody expected.
CROWDED = (
    N_("{people} are in, {expected} were expected; {seats} seats"),
    N_("{people} are in, {expected} were expected; {seats} seats. Larger and free: {room}"),
)
SHARED_CROWDED = N_(
    "{people} are in, {expected} were expected; {seats} seats. Free for {lesson}: {room}"
)
NAMING = dict([*REASONS.values(), *UNKNOWN.values(), SHARED, SHARED_UNKNOWN, CROWDED])
OTHERS = 3  # lessons of one room that are named
WONT = 0.5  # chance that more want in than there are seats
TIGHT = 0.15
NEARLY = 0.9  # of the seats taken by a crowd that nobody expected
TWICE = 2  # as many expected as there are seats: too many where only half of them come
WORTH_SAYING = 0.3  # chance from which "will fill" is shown and a lesson asks for a hand


@dataclass(frozen=True)
class Fit:
    """`chance`: that every seat is taken within the hour; None: not enough history.

    `over`: that more people want in than that, so many would then be `outside`. `seats`: of
    what lessons share, all of them where a forecast is told, else what the others leave.
    `needs`: the seats that the lesson should have somewhere else. `sure`: told without history.
    `shared`: the room is too small for several lessons together, so a smaller one may help.
    """

    word: Word
    why: Words
    seats: int
    binds: Kind
    chance: float | None = None
    over: float | None = None
    outside: int = 0
    needs: int = 0
    sure: bool = False
    shared: bool = False
    larger: str | None = None  # a free room in which it would fit

    @property
    def asks(self) -> bool:
        """Enough to be told before it happens."""
        return self.sure or (self.over is not None and self.over >= WORTH_SAYING)


def tonight(evening: Evening) -> dict[str, Fit]:
    """By lesson, of those that run or begin within the hour; no two are sent to one room.

    Without a lesson for which no limit is known, or whose server is not read.
    """
    rooms = {room.id: room for room in evening.rooms}
    held = [
        (lesson, room, found)
        for lesson in evening.lessons
        if (room := rooms.get(lesson.room_id or "")) and (found := _of(evening, lesson, room))
    ]
    wanted = [  # no room of the platform helps against a licence
        (lesson, room, found)
        for lesson, room, found in held
        if found.word != "fits" and found.binds != "licence"
    ]
    wanted.sort(key=lambda one: (one[2].word != "wont_fit", -one[2].outside, one[0].starts_at))
    named = larger.handed_out(
        evening, (_wanted(lesson, room, found) for lesson, room, found in wanted)
    )
    return {
        lesson.id: _naming(found, lesson, named.get(lesson.id)) for lesson, _room, found in held
    }


def _wanted(lesson: timetable.Lesson, room: timetable.Room, found: Fit) -> Wanted:
    alone = found.binds == "room" and not found.shared
    beyond = found.seats if alone else 0
    return Wanted(lesson, room, found.needs, found.binds, beyond)


def _of(evening: Evening, lesson: timetable.Lesson, room: timetable.Room) -> Fit | None:
    ahead = lesson.starts_at - evening.school_now
    if ahead >= occupancy.SOON or evening.school_now >= lesson.ends_at:
        return None
    if not bounds.answers(evening, room.connection_id):
        return None
    found = _found(evening, lesson, room)
    if found and found.word == "fits" and not bounds.counted(evening, room):
        return None  # somebody uncounted may have the seats
    return found


def _found(evening: Evening, lesson: timetable.Lesson, room: timetable.Room) -> Fit | None:
    told = evening.told(lesson)
    if told and told.forecast.enough and told.limit:
        return _foreseen(evening, lesson, told, told.limit)
    gone = bounds.over_by(evening, lesson.starts_at)
    limit = bounds.now(evening, room, *gone) or (told.limit if told else None)
    return _planned(evening, lesson, room, limit, told) if limit else None


def _foreseen(evening: Evening, lesson: timetable.Lesson, told: Foreseen, limit: Limit) -> Fit:
    forecast = told.forecast
    over = forecast.over or 0.0
    word: Word = "wont_fit" if over >= WONT else "tight" if over >= TIGHT else "fits"
    crowd = forecast.together or forecast.wanted
    params: dict[str, Value] = {
        "p50": crowd.p50,
        "p80": crowd.p80,
        "seats": limit.seats,
        "name": limit.name,
    }
    alone = REASONS[limit.kind][0]
    others = occupancy.together(evening, lesson) if limit.kind == "room" else []
    shared = bool(others and forecast.together)
    if shared:
        alone = SHARED[0]
        params["others"] = _titles(others)
    own = forecast.wanted.p80
    outside = min(max(crowd.p80 - limit.seats, 1), max(own, 1))
    why = Words(alone, params)
    full, seats = forecast.full, limit.seats
    return Fit(word, why, seats, limit.kind, full, over, outside, own, shared=shared)


def _planned(
    evening: Evening,
    lesson: timetable.Lesson,
    room: timetable.Room,
    limit: Limit,
    told: Foreseen | None,
) -> Fit:
    """From enrolment and the live count alone: what a course will do nobody knows yet."""
    others = occupancy.together(evening, lesson) if limit.kind == "room" else []
    expected = lesson.expected + sum(other.expected for other in others)
    seats = limit.seats if limit.kind == "room" else limit.free
    people = _inside(evening, lesson, room)
    word, coming = _counted(expected, people, seats)
    params: dict[str, Value] = {
        "people": people,
        "expected": expected,
        "seats": seats,
        "name": limit.name,
        "known": told.forecast.sessions if told else 0,
        "enough": ENOUGH,
    }
    alone = UNKNOWN[limit.kind][0]
    if people > expected and limit.kind == "room":
        alone = CROWDED[0]
    elif others:
        alone = SHARED_UNKNOWN[0]
        params["others"] = _titles(others)
    needs = lesson.expected if others else coming
    outside = max(coming - seats, 0)
    begun = evening.running(lesson)
    sure = limit.kind == "room" and not begun and expected > TWICE * seats
    why = Words(alone, params)
    return Fit(
        word, why, seats, limit.kind, outside=outside, needs=needs, sure=sure, shared=bool(others)
    )


def _inside(evening: Evening, lesson: timetable.Lesson, room: timetable.Room) -> int:
    """Who is in the room, unless another lesson has it still."""
    if lesson not in occupancy.holding(evening, room.id):
        return 0
    reading = evening.rooms_now.get(evening.key(room))
    return (reading.participants or 0) if reading and not reading.stale else 0


def _counted(expected: int, people: int, seats: int) -> tuple[Word, int]:
    """The word, and how many the room should hold; a crowd beyond the enrolled may still grow."""
    crowd = people > expected
    if expected > seats or (crowd and people >= seats):
        return "wont_fit", max(expected, people + 1)
    return ("tight" if crowd and people >= NEARLY * seats else "fits"), max(expected, people)


def _titles(lessons: list[timetable.Lesson]) -> str:
    return ", ".join(lesson.title for lesson in lessons[:OTHERS])


def _naming(found: Fit, lesson: timetable.Lesson, room: str | None) -> Fit:
    if room is None:
        return found
    said = NAMING[found.why.template]
    if found.shared and found.why.template == CROWDED[0]:
        said = SHARED_CROWDED
    why = Words(said, {**found.why.params, "lesson": lesson.title, "room": room})
    return replace(found, why=why, larger=room)
