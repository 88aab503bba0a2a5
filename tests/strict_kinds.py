"""Every kind of mail that Pult sends to readers, by language, as bytes for the strict checker."""

from base64 import encodebytes
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from console.desk import issue_text
from console.desk.issue_contents import Change, News, Part
from mailing import campaigns, courses, notice, personal, sender
from mailing.attachments import Encoded
from mailing.enclosing import NOTHING, Enclosed
from mailing.invitation import Invitation
from mailing.message import Addressee, Builder
from mailing.model import SERVICE, Campaign
from mailing.personal import Letter
from mailing.relay import Relay
from mailing.segments import Segment
from mailing.starters import CALLED_OFF, MOVED, STARTERS, Starter
from mailing.urgent_starters import BEGUN
from platforms.base import Material
from store import access, schools
from store.db import Database
from store.schools import School
from store.timetable import Course, Lesson
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_invitations import LESSON, LINK, MOSCOW
from tests.test_mailing_message import ORIGIN, campaign

Mails = Iterator[bytes]
SENDER = "Школа № 14 <news@школа.рф>"
READERS = {
    "en": ("Ana Petrova", "ana@school.example"),
    "ru": ("Алина Ветрова", "alina@школа.рф"),
    "zh_Hans": ("王小明", "wang@school.example"),
}
CONCERNED = "; ".join(courses.mark(each) for each in ("c", "d"))
FACTS = {
    "what": "Algebra: нет связи 中断", "lesson": "Алгебра 7 Б", "begins": "18:00", "since": "17:52",
    "link": LINK, "note": "Room 12, комната 12, 12 号教室.", "group": "7 Б",
}  # fmt: skip
FILES = (
    Encoded("plan.pdf", "application/pdf", ""),
    Encoded("Расписание на осень, 2-я четверть.pdf", "application/pdf", ""),
    Encoded("课程表" * 20 + ".txt", "text/plain; charset=utf-8", ""),
)
NEWS = News(
    tuple(
        Lesson(
            "l", title, "c", "r", "t", "Ms *Petrova* <b>", NOON + timedelta(hours=hours),
            NOON + timedelta(hours=hours + 1), 20,
        )
        for hours, title in ((4, "Алгебра"), (6, "物理 [B]"), (28, "Chess `7`"))
    ),
    (Change("moved", {"at": 1.77e9, "title": "Физика", "room": "12"},
            {"at": 1.77e9 + 3600, "title": "Физика", "room": "12"}, "l"),),
    (Material("m", "Конспект 1", "https://lms.school.example/m?a=1&b=2"),),
)  # fmt: skip
DRAWN = [
    Part(Course("c", "Алгебра", "2", "lms"), NEWS, NEWS),
    Part(Course("d", "<b>物理</b>", "3", "lms"), NEWS),
    Part(Course("e", "Not the reader's", "4", "lms"), NEWS),
]
FACTS |= {courses.TAKES: courses.mark("c"), courses.CONCERNS: CONCERNED}


def built(
    language: str, subject: str, body: str, *, topic: str = "announcements",
    enclosed: Enclosed = NOTHING,
) -> bytes:  # fmt: skip
    """One mail of a campaign, to this language's reader."""
    about: Campaign = replace(
        campaign(topic), subject={language: subject}, body={language: body}, sender=SENDER
    )
    name, email = READERS[language]
    values = FACTS | {"name": name, "email": email}
    person = Addressee("d" * 32, "c.d@school.example", name, email, language, values)
    return Builder(about, "Школа № 14 · 第十四学校", language, ORIGIN, enclosed).build(
        person, now=NOON
    ).data  # fmt: skip


def starters(language: str, *, topic: str = "announcements", enclosed: Enclosed = NOTHING) -> Mails:
    for starter in STARTERS.values():
        yield _starter(language, starter, topic, enclosed)


def one(key: str) -> Callable[[str], Mails]:
    """A ready text by its name; the invitation with its lesson."""
    enclosed = Enclosed(MOSCOW, LESSON) if key == "invitation" else NOTHING
    return lambda language: iter([_starter(language, STARTERS[key], "announcements", enclosed)])


def lesson(starter: Starter, invitation: Invitation) -> Callable[[str], Mails]:
    enclosed = Enclosed(MOSCOW, invitation)
    return lambda language: iter([_starter(language, starter, SERVICE, enclosed)])


def with_files(language: str) -> Mails:
    content = encodebytes(b"%PDF-1.7 " + bytes(range(256)) * 20).decode().replace("\n", "\r\n")
    files = tuple(replace(each, content=content) for each in FILES)
    yield from starters(language, enclosed=Enclosed(MOSCOW, None, files))
    yield _starter(language, STARTERS["invitation"], SERVICE, Enclosed(MOSCOW, LESSON, files))


def digest(language: str) -> Mails:
    about = School("s", "School", "Europe/Moscow", language, simulated=False)
    pages = {"c": "https://lms.school.example/course/view.php?id=2"}
    body = issue_text.body(DRAWN, about, lambda id_: f"{LINK}{id_}", pages, language, NOON)
    yield built(language, "Неделя · 周报", body, topic="digest")


def emergencies(language: str) -> Mails:
    for each in BEGUN:
        yield built(language, each.subject[language], each.body[language], topic=SERVICE)


def notices(language: str) -> Mails:
    for each in BEGUN:
        yield notice.envelope(
            sender=SENDER, recipient=READERS[language][1], subject=each.subject[language],
            body=each.body[language], notice_id="n" * 32, now=NOON,
        ).data  # fmt: skip


def personal_letters(language: str) -> Mails:
    for each in BEGUN:
        letter = Letter(
            each.subject[language], f"{each.body[language]}\n\n{LINK}x", language, "Школа № 14",
            "Лично.", home=LINK,
        )  # fmt: skip
        yield personal.envelope(
            letter, sender=SENDER, recipient=READERS[language][1], letter_id="n" * 32, now=NOON
        ).data


KINDS: dict[str, Callable[[str], Mails]] = {
    **{key: one(key) for key in STARTERS},
    "lesson moved": lesson(MOVED, LESSON),
    "lesson called off": lesson(CALLED_OFF, replace(LESSON, method="CANCEL")),
    "all ready texts as service mail": lambda language: starters(language, topic=SERVICE),
    "all ready texts with files": with_files,
    "digest by rule": digest,
    "emergency": emergencies,
    "notice to staff": notices,
    "letter to one person": personal_letters,
}


def trial_letters(database: Database, language: str) -> Mails:
    """The test that a writer sends herself of each ready text, as a relay gets it."""
    with database.begin() as tx:
        system = access.system()
        school = schools.found(
            tx, system, f"School {language}", time_zone="Europe/Moscow", language=language, now=NOON
        )
    pult = access.system(school.id)
    with smtp.relay() as relay:
        for starter in STARTERS.values():
            with database.begin() as tx:
                id_ = campaigns.draft(
                    tx, pult, school.id, subject={language: starter.subject[language]},
                    body={language: starter.body[language]}, segment=Segment(everyone=True),
                    sender=SENDER, now=NOON,
                )  # fmt: skip
            outcome = sender.send_test(
                database, pult, id_, READERS[language][1], Relay.from_url(relay.url), ORIGIN,
                language=language, now=NOON,
            )  # fmt: skip
            assert outcome.kind == "sent", outcome
        yield from (mail.data for mail in relay.mails)


def _starter(language: str, starter: Starter, topic: str, enclosed: Enclosed) -> bytes:
    subject, body = starter.subject[language], starter.body[language]
    return built(language, subject, body, topic=topic, enclosed=enclosed)
