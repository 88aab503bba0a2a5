"""Courses, the 24 rooms on three media servers, and the lessons of the evening."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from platforms.campus.people import Person

COURSES = (  # name, short name, language
    ("Алгебра, 8 класс", "ALG8", "ru"),
    ("Физика, 9 класс", "PHYS9", "ru"),
    ("История города", "HIST", "ru"),
    ("Русская литература", "LIT", "ru"),
    ("Химия, 9 класс", "CHEM9", "ru"),
    ("Информатика: Python", "PY", "ru"),
    ("Астрономия", "ASTRO", "ru"),
    ("Английский язык", "ENG-RU", "ru"),
    ("English B1", "ENG-B1", "en"),
    ("Creative Writing", "WRITE", "en"),
    ("Biology 8", "BIO8", "en"),
    ("World Geography", "GEO", "en"),
    ("中文阅读", "READ-ZH", "zh"),
    ("数学思维", "MATH-ZH", "zh"),
    ("书法与文化", "CALL-ZH", "zh"),
    ("物理实验", "LAB-ZH", "zh"),
)
FIRST_COURSE = 11  # Moodle's site itself is course 1
TEACHERS_PER_COURSE = 4

FORMS = {  # form: seats, most pupils expected, minutes of a lesson
    "one-to-one": (2, 1, 45),
    "classroom": (30, 25, 45),
    "question centre": (60, 42, 90),
    "micro-lesson": (40, 30, 20),
}
PLAN = (  # form, minutes from the start of the campus to the room's first lesson, course's place
    ("classroom", -25, 0),
    ("question centre", -25, 1),
    ("one-to-one", -10, 2),
    ("classroom", -20, 8),
    ("question centre", -15, 12),
    ("one-to-one", -20, 9),
    ("micro-lesson", -5, 4),
    ("classroom", -15, 13),
    ("one-to-one", 2, 5),
    ("classroom", 2, 3),
    ("micro-lesson", 2, 10),
    ("classroom", 5, 5),
    ("question centre", 5, 0),
    ("classroom", 5, 11),
    ("one-to-one", 5, 14),
    ("micro-lesson", 10, 15),
    ("classroom", 10, 6),
    ("classroom", 10, 14),
    ("one-to-one", 15, 7),
    ("classroom", 20, 7),
    ("question centre", 20, 9),
    ("micro-lesson", 20, 2),
    ("one-to-one", 30, 12),
    ("classroom", 40, 4),
)
SERVERS = "abc"
STREAMED = ("hall", "lecture")  # the first two question centres are streamed as well
BREAK = 10  # minutes between two lessons of a room
EVENING = 150  # minutes: no lesson starts later
OPENS, CLOSES = 300, 120  # seconds: a meeting lives from before its lesson until after it


@dataclass(frozen=True)
class Course:
    id: int
    name: str
    short: str
    language: str
    teachers: tuple[Person, ...]
    students: tuple[Person, ...]


@dataclass(frozen=True)
class Room:
    id: str  # the meetingID: "a-01"
    number: int
    name: str
    form: str
    server: str
    seats: int
    course: Course
    stream: str = ""


@dataclass(frozen=True)
class Lesson:
    """`start` and `end` in campus seconds from the start of the campus; negative is before."""

    uid: str
    room: Room
    title: str
    teacher: Person
    students: tuple[Person, ...]
    start: int
    end: int

    @property
    def expected(self) -> int:
        """People, the teacher among them."""
        return len(self.students) + 1

    def open(self, seconds: float) -> bool:
        return self.start - OPENS <= seconds < self.end + CLOSES


def courses(seed: int, people: Iterable[Person]) -> tuple[Course, ...]:
    """Every pupil is in two to four courses, most of them in the pupil's language."""
    random = Random(f"{seed}:courses")  # noqa: S311 - a play, not a secret
    everyone = list(people)
    teachers = [person for person in everyone if person.role == "teacher"]
    members: dict[int, list[Person]] = defaultdict(list)
    for person in everyone:
        if person.role == "student":
            for index in _choice(random, person.language):
                members[index].append(person)
    return tuple(
        Course(
            FIRST_COURSE + index,
            name,
            short,
            language,
            tuple(teachers[index * TEACHERS_PER_COURSE : (index + 1) * TEACHERS_PER_COURSE]),
            tuple(members[index]),
        )
        for index, (name, short, language) in enumerate(COURSES)
    )


def rooms(all_courses: Sequence[Course]) -> tuple[Room, ...]:
    streams = iter(STREAMED)
    made = []
    for index, (form, _, place) in enumerate(PLAN):
        number, server = index + 1, SERVERS[index % len(SERVERS)]
        stream = next(streams, "") if form == "question centre" else ""
        course, seats = all_courses[place], FORMS[form][0]
        name = f"{course.name} · {number}"
        made.append(
            Room(f"{server}-{number:02}", number, name, form, server, seats, course, stream)
        )
    return tuple(made)


def lessons(seed: int, all_rooms: Sequence[Room]) -> tuple[Lesson, ...]:
    """By start; a pupil or a teacher is never expected in two lessons at once."""
    random = Random(f"{seed}:lessons")  # noqa: S311 - a play, not a secret
    busy: dict[int, float] = {}
    planned: list[Lesson] = []
    for start, room in sorted(_starts(all_rooms), key=lambda slot: (slot[0], slot[1].number)):
        end = start + FORMS[room.form][2] * 60
        teacher = _free(room.course.teachers, busy, start)[:1] or list(room.course.teachers[:1])
        free = _free(room.course.students, busy, start)
        random.shuffle(free)
        students = free[: FORMS[room.form][1]]
        busy.update(dict.fromkeys((person.id for person in (*teacher, *students)), end + CLOSES))
        uid = f"{seed}-{room.id}-{start // 60:+d}@timetable.school14.test"
        planned.append(Lesson(uid, room, room.course.name, teacher[0], tuple(students), start, end))
    return tuple(planned)


def _choice(random: Random, language: str) -> set[int]:
    own = [index for index, course in enumerate(COURSES) if course[2] == language]
    chosen = set(random.sample(own, random.randint(2, 3)))
    if random.random() < 0.3:
        chosen.add(random.randrange(len(COURSES)))
    return chosen


def _starts(all_rooms: Sequence[Room]) -> Iterable[tuple[int, Room]]:
    for room, (form, first, _) in zip(all_rooms, PLAN, strict=True):
        for minute in range(first, EVENING, FORMS[form][2] + BREAK):
            yield minute * 60, room


def _free(people: Iterable[Person], busy: dict[int, float], start: int) -> list[Person]:
    return [person for person in people if busy.get(person.id, float("-inf")) <= start - OPENS]
