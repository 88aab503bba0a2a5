"""A simulated school year, pupil by pupil, for judging the forecast; it knows nothing of Pult.

Every pupil is an agent with habits, friends, a connection that fails and limited patience; the
evening has weather, the platform has hiccups, courses have exams and guests, rooms turn away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from benchmarks.term_lesson import AFTER, FROM, Course, Held, Lesson, Mood, Pupil

MONDAY = date(2026, 1, 5)
SERVERS = 3
BEARS, LICENSED = 0.55, 0.45  # of those enrolled at the fullest moment of the week
HABITS = {  # minutes around the start at which they try the door: earliest, usual, latest
    "early": (-14, -8, -2),
    "on the dot": (-4, -1, 3),
    "late": (0, 4, 14),
    "whenever": (-10, 2, 35),
}


@dataclass(frozen=True)
class Seats:
    """What each server bears, turning nobody away; what the licence for all of them lets in."""

    servers: tuple[int, ...]
    licence: int


def evenings(seed: int, count: int, *, licensed: bool = False) -> Iterator[list[Held]]:
    """School evenings, Monday to Friday, each with the lessons of its weekday.

    `licensed`: beyond the licence's seats nobody gets in anywhere.
    """
    random, courses, pupils = _school(seed)
    licence = _seats(courses).licence if licensed else None
    day = MONDAY
    while count:
        if day.weekday() < 5:
            mood = _mood(random, day)
            held = [c for c in courses if day.weekday() in c.weekdays]
            if licence is None:
                yield [_held(random, course, day, mood) for course in held]
            else:
                yield _held_together(random, held, day, mood, licence)
            _week_goes_by(random, pupils, courses)
            count -= 1
        day += timedelta(days=1)


def seats(seed: int) -> Seats:
    """Those of that school year."""
    return _seats(_school(seed)[1])


def _school(seed: int) -> tuple[Random, list[Course], list[Pupil]]:
    random = Random(seed)
    pupils = _pupils(random)
    return random, _courses(random, pupils), pupils


def _seats(courses: Sequence[Course]) -> Seats:
    of = [[c for c in courses if c.server == server] for server in range(SERVERS)]
    return Seats(
        tuple(round(BEARS * _fullest(each)) for each in of), round(LICENSED * _fullest(courses))
    )


def _fullest(courses: Sequence[Course]) -> int:
    """The most who are enrolled in lessons of the same moment, of all evenings of the week."""
    return max(
        sum(
            len(c.roster)
            for c in courses
            if day in c.weekdays and c.starts <= minute < c.starts + c.minutes
        )
        for day in range(5)
        for minute in range(200)
    )


def _pupils(random: Random) -> list[Pupil]:
    habits = ["early"] * 3 + ["on the dot"] * 4 + ["late"] * 2 + ["whenever"]
    pupils = [
        Pupil(
            n,
            random.choice((random.uniform(0.82, 0.99), random.uniform(0.4, 0.9))),
            random.choice(habits),
            random.choice((0.0005, 0.002, 0.01)),
        )
        for n in range(420)
    ]
    for start in range(0, len(pupils), 4):  # cliques go where their friends go
        clique = [pupil.name for pupil in pupils[start : start + random.randint(2, 4)]]
        for name in clique:
            pupils[name].friends = [other for other in clique if other != name]
    return pupils


def _courses(random: Random, pupils: list[Pupil]) -> list[Course]:
    made = []
    for n in range(26):
        size = random.choice((6, 10, 14, 18, 22, 26, 30, 36, 45, 60))
        first = random.randrange(5)
        made.append(
            Course(
                f"course {n}",
                f"teacher {random.randrange(15)}",
                (first, (first + random.choice((1, 2, 3))) % 5),
                random.choice((0, 0, 15, 50, 70, 120)),
                random.choice((40, 60, 80)),
                max(4, round(size * random.choice((0.65, 0.75, 0.8, 0.9, 1.0, 1.3)))),
                random.uniform(-0.15, 0.08),
                random.sample(pupils, size),
                random.random() < 0.3,
                n % SERVERS,
            )
        )
    return made


def _mood(random: Random, day: date) -> Mood:
    gloom = random.choice((0.0,) * 7 + (0.1, 0.2, -0.06))  # a storm, a match on television, rain
    if day.weekday() == 4:
        gloom += 0.05
    begins = random.randrange(-10, 140)
    hiccup = (begins, begins + random.randint(3, 9)) if random.random() < 0.07 else None
    return Mood(gloom, hiccup, day.isocalendar().week % 9 == 0)


def _week_goes_by(random: Random, pupils: list[Pupil], courses: list[Course]) -> None:
    """Zeal wears off or comes back, people leave and join courses."""
    for pupil in random.sample(pupils, 20):
        pupil.diligence = min(0.99, max(0.2, pupil.diligence + random.uniform(-0.06, 0.05)))
    course = random.choice(courses)
    if random.random() < 0.3 and len(course.roster) > 5:
        course.roster.remove(random.choice(course.roster))
    elif (new := random.choice(pupils)) not in course.roster:
        course.roster.append(new)


def _held(random: Random, course: Course, day: date, mood: Mood) -> Held:
    lesson = _begun(random, course, mood)
    for minute in range(FROM, course.minutes + AFTER):
        lesson.goes_on(random, minute, mood)
    return lesson.held(random, day)


def _held_together(
    random: Random, courses: Sequence[Course], day: date, mood: Mood, licence: int
) -> list[Held]:
    """All lessons of an evening, whose people take their seats of one licence."""
    lessons = [_begun(random, course, mood) for course in courses]
    for evening in range(FROM, 240):
        for lesson in random.sample(lessons, len(lessons)):
            minute = evening - lesson.course.starts
            if FROM <= minute < lesson.course.minutes + AFTER:
                others = sum(other.people for other in lessons if other is not lesson)
                lesson.goes_on(random, minute, mood, licence - others)
    return [lesson.held(random, day) for lesson in lessons]


def _begun(random: Random, course: Course, mood: Mood) -> Lesson:
    opens = _opens(random, course)
    at_door = _intents(random, course, mood)
    if random.random() < 0.04:  # an open lesson, told to parents and to other schools
        for _ in range(random.randint(3, max(4, course.seats // 2))):
            at_door.append((random.triangular(-8, 12, 0), random.uniform(5, 60), 0.003))
    return Lesson(course, opens, [[tries, stays, shaky, 0.0] for tries, stays, shaky in at_door])


def _opens(random: Random, course: Course) -> int:
    """The teacher's minute; a few are habitually late, and everybody waits outside."""
    tardy = int(course.teacher.split()[1]) % 5 == 0
    if random.random() < (0.3 if tardy else 0.04):
        return random.randint(2, 9)
    return random.randint(-12, -3)


def _intents(random: Random, course: Course, mood: Mood) -> list[tuple[float, float, float]]:
    """Of all who come: when they try the door, how long they stay, how shaky they are."""
    coming: set[int] = set()
    intents = []
    for pupil in course.roster:
        zeal = pupil.diligence + course.pull - mood.gloom
        if mood.exam_week:
            zeal += 0.25 if course.exams else -0.12
        known = [friend for friend in pupil.friends if friend in {p.name for p in course.roster}]
        if known:
            zeal += 0.08 if any(friend in coming for friend in known) else -0.04
        if random.random() < min(zeal, 0.995):
            coming.add(pupil.name)
            low, usual, high = HABITS[pupil.habit]
            leaves = random.random() < 0.08
            stays = random.uniform(10, course.minutes) if leaves else course.minutes + 10.0
            intents.append((random.triangular(low, high, usual), stays, pupil.shaky))
    return intents
