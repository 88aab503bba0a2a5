"""The 640 people of the school: pupils, teachers and a few staff, the same for the same seed."""

from dataclasses import dataclass
from random import Random

from platforms.campus import names

STUDENTS = 560
TEACHERS = 64
STAFF = 16
DOMAIN = "school14.test"
GUEST, ADMIN, CONSOLE = 1, 2, 3  # Moodle's own ids, and the account that the console's token has
FIRST_ID = 101

LANGUAGES, LANGUAGE_WEIGHTS = ("ru", "en", "zh"), (50, 25, 25)
LEVELS, LEVEL_WEIGHTS = ("school", "district", "city"), (60, 28, 12)
MAILBOXES = {"student": "pupils", "teacher": "teachers", "staff": "office"}

GONE, FULL, LATE = "gone", "full", "late"
TROUBLES = (GONE,) * 4 + (FULL,) * 3 + (LATE,) * 3  # what happens to mail for the first few pupils


@dataclass(frozen=True)
class Person:
    """`trouble` says how mail to this person fails: gone, full, late (accepted first) or ''."""

    id: int
    username: str
    first: str
    last: str
    name: str
    email: str
    role: str  # student, teacher or staff
    language: str
    level: str  # city, district or school
    group: str
    trouble: str = ""

    @property
    def password(self) -> str:
        return f"campus-{self.username}"


def everyone(seed: int) -> tuple[Person, ...]:
    """Staff and teachers first, then the pupils."""
    random = Random(f"{seed}:people")  # noqa: S311 - a play, not a secret
    roles = ["staff"] * STAFF + ["teacher"] * TEACHERS + ["student"] * STUDENTS
    troubled = dict(
        zip(random.sample(range(STAFF + TEACHERS, len(roles)), 10), TROUBLES, strict=True)
    )
    taken: set[str] = set()
    return tuple(
        _person(random, FIRST_ID + index, role, troubled.get(index, ""), taken)
        for index, role in enumerate(roles)
    )


def _person(random: Random, number: int, role: str, trouble: str, taken: set[str]) -> Person:
    language = random.choices(LANGUAGES, LANGUAGE_WEIGHTS)[0]
    level = random.choices(LEVELS, LEVEL_WEIGHTS)[0]
    name = names.draw(random, language)
    username = _unique(name.login, taken)
    group = f"{random.randint(7, 11)}{random.choice('ABC')}" if role == "student" else ""
    email = f"{username}@{_domain(role, level, trouble)}"
    return Person(
        number,
        username,
        name.first,
        name.last,
        name.full,
        email,
        role,
        language,
        level,
        group,
        trouble,
    )


def _unique(login: str, taken: set[str]) -> str:
    username, number = login, 1
    while username in taken:
        number += 1
        username = f"{login}{number}"
    taken.add(username)
    return username


def _domain(role: str, level: str, trouble: str) -> str:
    if trouble in (FULL, LATE):
        return f"{trouble}.{DOMAIN}"
    return f"{MAILBOXES[role]}.{'' if level == 'school' else level + '.'}{DOMAIN}"
