"""A simulated school year, pupil by pupil, for judging the forecast; it knows nothing of Pult.

Every pupil is an agent with habits, friends, a connection that fails and limited patience; the
evening has weather, the platform has hiccups, courses have exams and guests, rooms turn away.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

FROM, AFTER = -15, 5  # minutes from a lesson's start, and after its end, that are counted
MONDAY = date(2026, 1, 5)
HABITS = {  # minutes around the start at which they try the door: earliest, usual, latest
    "early": (-14, -8, -2),
    "on the dot": (-4, -1, 3),
    "late": (0, 4, 14),
    "whenever": (-10, 2, 35),
}


@dataclass
class Pupil:
    name: int
    diligence: float
    habit: str
    shaky: float  # chance of falling out in any minute
    friends: list[int] = field(default_factory=list)


@dataclass
class Course:
    name: str
    teacher: str
    weekdays: tuple[int, int]
    starts: int  # minutes after the evening's first lesson
    minutes: int
    seats: int
    pull: float  # how much it is liked
    roster: list[Pupil]
    exams: bool


@dataclass(frozen=True)
class Held:
    """A lesson that was held: the head count by minute from FROM, and the teacher's minute."""

    course: str
    teacher: str
    day: date
    enrolled: int
    seats: int
    starts: int
    minutes: int
    counts: tuple[int | None, ...]
    opened: int


@dataclass(frozen=True)
class Mood:
    """What is the same for everybody this evening."""

    gloom: float  # keeps people away where positive
    hiccup: tuple[int, int] | None  # minutes of the evening in which nobody gets in
    exam_week: bool


def evenings(seed: int, count: int) -> Iterator[list[Held]]:
    """School evenings, Monday to Friday, each with the lessons of its weekday."""
    random = Random(seed)
    pupils = _pupils(random)
    courses = _courses(random, pupils)
    day = MONDAY
    while count:
        if day.weekday() < 5:
            mood = _mood(random, day)
            held = [c for c in courses if day.weekday() in c.weekdays]
            yield [_held(random, course, day, mood) for course in held]
            _week_goes_by(random, pupils, courses)
            count -= 1
        day += timedelta(days=1)


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
    opens = _opens(random, course)
    at_door = _intents(random, course, mood)
    if random.random() < 0.04:  # an open lesson, told to parents and to other schools
        for _ in range(random.randint(3, max(4, course.seats // 2))):
            at_door.append((random.triangular(-8, 12, 0), random.uniform(5, 60), 0.003))
    counts = _play(random, course, mood, opens, at_door)
    return Held(
        course.name, course.teacher, day, len(course.roster), course.seats,
        course.starts, course.minutes,
        tuple(None if random.random() < 0.02 else count for count in counts), opens,
    )  # fmt: skip


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


def _play(
    random: Random,
    course: Course,
    mood: Mood,
    opens: int,
    at_door: list[tuple[float, float, float]],
) -> list[int]:
    outside = [[tries, stays, shaky, 0.0] for tries, stays, shaky in at_door]
    inside: list[list[float]] = []
    counts = []
    for minute in range(FROM, course.minutes + AFTER):
        evening = minute + course.starts
        down = mood.hiccup is not None and mood.hiccup[0] <= evening < mood.hiccup[1]
        teacher = opens <= minute < course.minutes + 2
        still = []
        for agent in inside:
            falls = random.random() < (agent[2] + (0.25 if down else 0.0))
            if falls:
                agent[0] = minute + random.uniform(1, 4)
                outside.append(agent)
            elif minute < agent[0] + agent[1] and minute < course.minutes + random.randint(-3, 2):
                still.append(agent)
        inside = still
        waiting = []
        for agent in sorted(outside):
            if agent[0] > minute or minute >= course.minutes - 3:
                waiting.append(agent)
            elif down or not teacher or len(inside) + teacher >= course.seats:
                agent[3] += 1
                agent[0] = minute + random.choice((1, 1, 2, 4))
                if agent[3] < 8 or not teacher:  # then they give up
                    waiting.append(agent)
            else:
                inside.append(agent)
        outside = waiting
        counts.append(len(inside) + teacher)
    return counts
