"""A letter to the affected: the right people, in their languages, and not sent by itself."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from console.desk import incidents, notices
from mailing import campaigns, segments
from mailing.segments import Segment
from store.access import Actor, Denied
from store.db import Connection, Database, new_id, text
from store.roster import save_person
from store.schools import School
from store.words import Words
from tests.conftest import NOON

SENDER = "School 14 <news@school14.test>"


@pytest.fixture
def tx(database: Database, school: School, elsewhere: School) -> Iterator[Connection]:
    with database.begin() as connection:
        yield connection


def lesson(
    tx: Connection, school: School, title: str, people: list[str], *, runs: bool = True
) -> tuple[str, str]:
    """A lesson with its room and its course; return the ids of the room and the course."""
    ids = {name: new_id() for name in ("connection", "course", "room", "lesson")}
    starts = NOON - timedelta(minutes=10) if runs else NOON + timedelta(hours=1)
    values = ids | {"school": school.id, "title": title, "now": NOON, "starts": starts}
    for statement in (
        """INSERT INTO connection (id, school_id, platform, name, url, secret_sealed, options,
                                   state, detail, created_at)
           VALUES (:connection, :school, 'bigbluebutton', :title, '', '', '{}', 'ok', '', :now)""",
        """INSERT INTO course (id, school_id, external_id, name, gone, updated_at)
           VALUES (:course, :school, :title, :title, FALSE, :now)""",
        """INSERT INTO room (id, school_id, connection_id, external_id, name, form, course_id,
                             stream_url, gone, updated_at)
           VALUES (:room, :school, :connection, 'm', :title, 'classroom', :course, '', FALSE,
                   :now)""",
        """INSERT INTO lesson (id, school_id, external_id, title, course_id, room_id, starts_at,
                               ends_at, gone, updated_at)
           VALUES (:lesson, :school, :title, :title, :course, :room, :starts, :starts + 2700,
                   FALSE, :now)""",
    ):
        tx.execute(text(statement), values)
    system = Actor("system", "Pult", "admin", frozenset({school.id}))
    for person in people:
        person_id = save_person(
            tx, system, school.id, name=person, email=f"{person}@pupils.test", source="t", now=NOON
        )
        tx.execute(
            text("INSERT INTO enrolment VALUES (:course, :person, :school, 'student')"),
            {"course": ids["course"], "person": person_id, "school": school.id},
        )
    return ids["room"], ids["course"]


def incident(tx: Connection, actor: Actor, school: School, room_id: str | None) -> str:
    source = incidents.Source(
        "x", Words("{name} has stopped", {"name": "Algebra"}), "down", 2, room_id=room_id
    )
    return incidents.raise_(tx, actor, school.id, source, now=NOON)


def test_the_letter_goes_to_the_lesson_that_is_hit(
    tx: Connection, school: School, ana: Actor
) -> None:
    room_id, course_id = lesson(tx, school, "Algebra", ["lena", "oleg"])
    lesson(tx, school, "Physics", ["wei"])
    incident_id = incident(tx, ana, school, room_id)
    campaign = campaigns.get(tx, ana, notices.tell(tx, ana, incident_id, sender=SENDER, now=NOON))
    segment = Segment.from_json(campaign.segment)
    assert segment.courses == (course_id,)
    people = segments.audience(tx, ana, school.id, segment, now=NOON).people
    assert sorted(person.name for person in people) == ["lena", "oleg"]
    assert set(campaign.body) == {"en", "ru", "zh_Hans"}
    assert campaign.body["ru"] != campaign.body["en"]
    assert "{{ name }}" in campaign.body["zh_Hans"]
    assert campaign.state == "draft"
    assert incidents.timeline(tx, ana, incident_id)[-1].kind == "told"


def test_a_room_s_name_is_letters_in_the_letter(tx: Connection, school: School, ana: Actor) -> None:
    room_id, _course = lesson(tx, school, "Algebra", ["lena"])
    name = "[Algebra](http://evil.test/) ![x](http://evil.test/x.png) <b>8B</b> {{{ fees }} `"
    source = incidents.Source(
        "x", Words("{name} has stopped", {"name": name}), "down", 2, room_id=room_id
    )
    incident_id = incidents.raise_(tx, ana, school.id, source, now=NOON)
    campaign_id = notices.tell(tx, ana, incident_id, sender=SENDER, now=NOON)
    segment = Segment.from_json(campaigns.get(tx, ana, campaign_id).segment)
    (lena,) = segments.audience(tx, ana, school.id, segment, now=NOON).people
    letter = campaigns.preview(tx, ana, campaign_id, lena.id, language="en")
    assert "evil.test/" in letter.text
    assert 'href="http://evil.test' not in letter.html
    assert "<img" not in letter.html
    assert "[Algebra](" in letter.text
    assert "{ { { fees }}" in letter.subject


@pytest.mark.parametrize("runs", [True, False])
def test_nobody_is_told_of_a_lesson_that_does_not_run(
    tx: Connection, school: School, ana: Actor, runs: bool
) -> None:
    room_id, _course = lesson(tx, school, "Algebra", ["lena"], runs=runs)
    incident_id = incident(tx, ana, school, room_id)
    if runs:
        assert notices.tell(tx, ana, incident_id, sender=SENDER, now=NOON)
    else:
        with pytest.raises(incidents.IncidentError, match="Choose the people"):
            notices.tell(tx, ana, incident_id, sender=SENDER, now=NOON)


def test_only_those_who_write_may_draft(
    tx: Connection, school: School, ana: Actor, ben: Actor, eve: Actor, zoe: Actor
) -> None:
    room_id, _course = lesson(tx, school, "Algebra", ["lena"])
    incident_id = incident(tx, ana, school, room_id)
    for actor in (ben, eve, zoe):
        with pytest.raises(Denied):
            notices.tell(tx, actor, incident_id, sender=SENDER, now=NOON)
