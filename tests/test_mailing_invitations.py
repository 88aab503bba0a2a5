"""A lesson comes into calendars, moves there when it moves, and goes when it is called off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from mailing import campaigns, following, inviting, releasing, segments
from mailing.enclosing import Enclosed
from mailing.invitation import Invitation
from mailing.message import Addressee, Builder, Envelope
from mailing.model import MailingError
from mailing.segments import Segment
from mailing.starters import CALLED_OFF, MOVED, STARTERS, Starter
from store import access, planning, roster
from store.access import Actor
from store.db import Database, text
from store.planning import PlannedLesson
from store.schools import LANGUAGES, School
from tests.cast import SENDER
from tests.conftest import NOON
from tests.strict_calendar import faults as calendar_faults
from tests.strict_mail import faults
from tests.test_mailing_message import ORIGIN, campaign, parsed, part

LINK = "https://pult.school.example/lesson/" + "x" * 90
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
LESSON = Invitation(
    "l" * 32, 3, "REQUEST", "Algebra; limits, part 2", "Ms Petrova", LINK, AT,
    AT + timedelta(hours=1),
)  # fmt: skip
HOSTILE = [
    "Ana\u202eevil", 'quote " and ^ caret', "semi; comma, colon: back\\slash", "Ж" * 200, "王" * 90,
    "a\u0301" * 60, "", "BEGIN:VEVENT",
]  # fmt: skip


def invited(
    starter: Starter, language: str, invitation: Invitation = LESSON, name: str = "Ana", **own: str
) -> bytes:
    about = replace(
        campaign(), subject={language: starter.subject[language]},
        body={language: starter.body[language]}, sender="Школа № 14 <news@школа.рф>",
    )  # fmt: skip
    builder = Builder(about, "Школа № 14", language, ORIGIN, Enclosed(MOSCOW, invitation))
    person = Addressee(
        "d" * 32, "c.d@school.example", name, "ana@школа.рф", language, {"name": name, **own}
    )
    return builder.build(person, now=NOON).data


def event(data: bytes) -> tuple[str, Any]:
    """The method and the VEVENT, by a reader that is not ours; the part and the file are one."""
    read: EmailMessage = parsed_bytes(data)
    parts = [each for each in read.walk() if each.get_content_type() == "text/calendar"]
    files = list(read.iter_attachments())
    assert [each.get_filename() for each in files] == ["invite.ics"]
    raw = parts[0].get_payload(decode=True)
    assert raw == files[0].get_payload(decode=True)
    assert isinstance(raw, bytes)
    whole = icalendar.Calendar.from_ical(raw)
    return str(whole["METHOD"]), whole.walk("VEVENT")[0]


def parsed_bytes(data: bytes) -> EmailMessage:
    return parsed(Envelope("", "", data, utf8=False))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("starter", [*STARTERS.values(), MOVED, CALLED_OFF], ids=lambda s: s.name)
def test_every_ready_text_is_in_order_in_every_language(starter: Starter, language: str) -> None:
    for invitation in (LESSON, replace(LESSON, method="CANCEL")):
        assert faults(invited(starter, language, invitation)) == []


def test_a_calendar_reads_what_was_meant() -> None:
    method, lesson = event(invited(STARTERS["invitation"], "en"))
    assert method == "REQUEST"
    assert str(lesson["SUMMARY"]) == LESSON.title
    assert lesson["DTSTART"].dt == AT
    assert lesson["DTEND"].dt == AT + timedelta(hours=1)
    assert (str(lesson["UID"]), lesson["SEQUENCE"]) == (f"{'l' * 32}@pult", 3)
    assert str(lesson["LOCATION"]) == LINK
    assert str(lesson["ATTENDEE"]) == "mailto:ana@xn--80atdl2c.xn--p1ai"
    assert lesson["ATTENDEE"].params["CN"] == "Ana"
    assert str(lesson["ORGANIZER"]) == "mailto:news@xn--80atdl2c.xn--p1ai"
    assert lesson["ORGANIZER"].params["CN"] == "Школа № 14"
    method, lesson = event(invited(CALLED_OFF, "en", replace(LESSON, method="CANCEL", sequence=4)))
    assert (method, str(lesson["STATUS"])) == ("CANCEL", "CANCELLED")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_and_titles_stay_what_they_are(hostile: str) -> None:
    data = invited(STARTERS["invitation"], "ru", replace(LESSON, title=hostile), name=hostile)
    assert faults(data) == []
    _method, lesson = event(data)
    assert str(lesson.get("SUMMARY", "")) == hostile.replace("\u202e", "\ufffd")


def test_a_title_never_breaks_out_of_its_line() -> None:
    title = "x\r\nATTENDEE:mailto:evil@evil.example\nEND:VEVENT"
    data = invited(CALLED_OFF, "en", replace(LESSON, title=title))
    assert faults(data) == []
    _method, lesson = event(data)
    assert str(lesson["ATTENDEE"]) == "mailto:ana@xn--80atdl2c.xn--p1ai"


def test_everybody_reads_the_time_by_her_own_clock() -> None:
    body = Starter("", {"en": "x"}, {"en": "{{ lesson_when }}"})
    for zone, said in (
        ("", "Mon, Nov 23, 18:00 (Moscow, GMT+03:00)"),
        ("Asia/Novosibirsk", "Mon, Nov 23, 22:00 (Novosibirsk, GMT+07:00)"),
        ("No/Where", "Mon, Nov 23, 18:00 (Moscow, GMT+03:00)"),
    ):
        read = parsed_bytes(invited(body, "en", time_zone=zone))
        assert part(read, "plain").partition("\r\n")[0].partition("\n")[0] == said


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (("METHOD:REQUEST", "METHOD:CANCEL"), "CANCEL of what is CONFIRMED"),
        (("DTSTART:20261123T150000Z", "DTSTART:20261123T180000"), "DTSTART is"),
        (("UID:", "X-UID:"), "UID stands 0 times"),
        (("\\;", ";"), "SUMMARY is"),
        (("LOCATION:h", "LOCATION:" + "h" * 70), "octets"),
        (("mailto:ana", "ana"), "ATTENDEE is"),
    ],
)
def test_the_strict_reader_of_calendars_finds_what_is_wrong(
    spoil: tuple[str, str], said: str
) -> None:
    read = parsed_bytes(invited(STARTERS["invitation"], "en"))
    raw = next(iter(read.iter_attachments())).get_payload(decode=True)
    assert isinstance(raw, bytes)
    assert calendar_faults(raw, None) == []
    spoilt = raw.replace(spoil[0].encode(), spoil[1].encode(), 1)
    assert any(said in fault for fault in calendar_faults(spoilt, None))


def planned(database: Database, school: School, starts: datetime, *, lessons: int = 1) -> list[str]:
    pult = access.system(school.id)
    with database.begin() as tx:
        roster.save_person(
            tx, pult, school.id, name="Ana", email="ana@school.test", source="t", now=NOON
        )
        planning.lessons(
            tx, pult, school.id,
            [
                PlannedLesson(f"L{n}", f"Algebra {n}", None, None, None, starts,
                              starts + timedelta(hours=1), None)
                for n in range(lessons)
            ],
            now=NOON,
        )  # fmt: skip
        return [
            row.id
            for row in tx.execute(text("SELECT id FROM lesson WHERE NOT gone ORDER BY external_id"))
        ]


def drafted(database: Database, actor: Actor, school: School, lesson: str) -> str:
    ready = STARTERS["invitation"]
    with database.begin() as tx:
        id_ = campaigns.draft(
            tx, actor, school.id, subject={"en": ready.subject["en"]},
            body={"en": ready.body["en"]}, segment=Segment(everyone=True), sender=SENDER, now=NOON,
        )  # fmt: skip
        inviting.invite(tx, actor, id_, lesson, link=LINK, now=NOON)
    return id_


def release(database: Database, actor: Actor, id_: str) -> Invitation | None:
    with database.begin() as tx:
        releasing.release(tx, actor, id_, anyway="A trial", now=NOON)
        tx.execute(text("UPDATE delivery SET state = 'sent' WHERE state = 'due'"))
        return inviting.of(tx, actor, id_)


def test_an_invitation_follows_its_lesson_to_its_new_time_and_out_of_the_calendar(
    database: Database, ana: Actor, school: School
) -> None:
    starts = NOON + timedelta(days=1)
    lesson, _other = planned(database, school, starts, lessons=2)
    first = drafted(database, ana, school, lesson)
    told = release(database, ana, first)
    assert told is not None
    assert (told.sequence, told.method, told.starts_at) == (0, "REQUEST", starts)
    with database.read() as tx:
        assert following.change(tx, ana, first) is None
    planned(database, school, starts + timedelta(hours=2), lessons=2)
    with database.begin() as tx:
        moved = following.follow(tx, ana, first, now=NOON)
        draft = campaigns.get(tx, ana, moved)
    assert draft.segment == Segment(had=(first,)).to_json()
    assert draft.subject == {"en": MOVED.subject["en"]}
    told = release(database, ana, moved)
    assert told is not None
    assert (told.sequence, told.starts_at) == (1, starts + timedelta(hours=2))
    with database.begin() as tx:
        tx.execute(text("UPDATE lesson SET gone = TRUE WHERE id = :id"), {"id": lesson})
        assert following.change(tx, ana, first) == following.Change(
            off=True, starts_at=starts + timedelta(hours=2)
        )
        off = following.follow(tx, ana, first, now=NOON)
    told = release(database, ana, off)
    assert told is not None
    assert (told.sequence, told.method) == (2, "CANCEL")
    with database.begin() as tx:
        assert following.change(tx, ana, first) is None
        with pytest.raises(MailingError, match="nothing to tell"):
            following.follow(tx, ana, first, now=NOON)


def test_a_change_goes_to_whoever_has_the_invitation_or_may_have_it(
    database: Database, ana: Actor, school: School
) -> None:
    lesson, _other = planned(database, school, NOON + timedelta(days=1), lessons=2)
    first = drafted(database, ana, school, lesson)
    with database.begin() as tx:
        for name in ("Held", "Failed"):
            roster.save_person(
                tx, ana, school.id, name=name, email=f"{name}@x.example", language="en",
                source="t", now=NOON,
            )  # fmt: skip
    release(database, ana, first)
    with database.begin() as tx:
        for state in ("held", "failed"):
            tx.execute(
                text("UPDATE delivery SET state = :state WHERE LOWER(name) = :state"),
                {"state": state},
            )
        found = segments.audience(tx, ana, school.id, Segment(had=(first,)), now=NOON)
        named = {each.name for each in found.people}
    assert "Held" in named
    assert "Failed" not in named
    assert len(named) > 1


def test_a_lesson_that_moved_since_it_was_chosen_is_not_released(
    database: Database, ana: Actor, school: School
) -> None:
    (lesson,) = planned(database, school, NOON + timedelta(days=1))
    id_ = drafted(database, ana, school, lesson)
    planned(database, school, NOON + timedelta(days=1, hours=1))
    with pytest.raises(MailingError, match="has changed since it was chosen"):
        release(database, ana, id_)


def test_a_lesson_that_is_over_or_a_released_letter_invites_nobody(
    database: Database, ana: Actor, school: School
) -> None:
    (lesson,) = planned(database, school, NOON - timedelta(hours=3))
    with pytest.raises(MailingError, match="over"):
        drafted(database, ana, school, lesson)
    (lesson,) = planned(database, school, NOON + timedelta(days=1))
    id_ = drafted(database, ana, school, lesson)
    release(database, ana, id_)
    with database.begin() as tx:
        with pytest.raises(MailingError, match="released"):
            inviting.invite(tx, ana, id_, lesson, link=LINK, now=NOON)
        with pytest.raises(MailingError, match="released"):
            inviting.uninvite(tx, ana, id_, now=NOON)


def test_the_preview_knows_the_lesson_and_an_ordinary_letter_does_not(
    database: Database, ana: Actor, school: School
) -> None:
    (lesson,) = planned(database, school, NOON + timedelta(days=1))
    id_ = drafted(database, ana, school, lesson)
    with database.begin() as tx:
        person = roster.people(tx, ana, school.id)[0]
        seen = campaigns.preview(tx, ana, id_, person.id)
        assert "Algebra 0" in seen.text
        assert seen.missing == ["group"] or not seen.missing
        inviting.uninvite(tx, ana, id_, now=NOON)
        assert "lesson" in campaigns.preview(tx, ana, id_, person.id).missing
