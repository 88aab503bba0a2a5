"""A frozen audience has everybody once, whoever shares an address and however many there are."""

import json
from itertools import chain
from typing import Any

import pytest

from console.desk import people
from mailing import alike, campaigns, releasing, segments, selecting, suppression
from mailing.model import MailingError
from mailing.segments import Segment
from store.access import Actor
from store.db import WINDOW, Connection, Database, execute_many, text
from store.schools import School
from store.words import Words
from tests.conftest import NOON
from tests.test_mailing_campaigns import EVERYONE, SENDER, draft, person

MANY = WINDOW + 200


def frozen(tx: Connection, campaign_id: str) -> dict[str, tuple[str, str]]:
    """State and address by name."""
    rows = tx.execute(
        text("SELECT name, state, email FROM delivery WHERE campaign_id = :id"),
        {"id": campaign_id},
    )
    return {row.name: (row.state, row.email) for row in rows}


def share(tx: Connection, ana: Actor, school: School) -> None:
    """One address in three forms, as no import of ours would keep it, and one that is none."""
    person(tx, ana, school, "Clara", email="class@school.example")
    person(tx, ana, school, "Boris", email="Class@School.example")
    person(tx, ana, school, "Alina", email="class@SCHOOL.example")
    person(tx, ana, school, "Odd", email="nowhere")
    person(tx, ana, school, "Zoya", email="zoya@school.example")


def test_of_those_who_share_an_address_the_first_by_name_gets_the_mail(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        share(tx, ana, school)
        id_ = written(tx, ana, school, "The canteen is shut tomorrow.")
        releasing.release(tx, ana, id_, now=NOON)
        assert frozen(tx, id_) == {
            "Alina": ("due", "class@school.example"),
            "Boris": ("suppressed", ""),
            "Clara": ("suppressed", ""),
            "Odd": ("suppressed", ""),
            "Zoya": ("due", "zoya@school.example"),
        }
        why = tx.execute(text("SELECT reply FROM delivery WHERE name = 'Clara'")).scalar_one()
    assert json.loads(why)[1] == {"name": "Alina"}


def written(tx: Connection, ana: Actor, school: School, body: str, **segment: Any) -> str:
    """The draft of a letter."""
    return campaigns.draft(
        tx, ana, school.id, subject={"en": "From school"}, body={"en": body},
        segment=Segment(**(segment or {"everyone": True})), sender=SENDER, now=NOON,
    )  # fmt: skip


def siblings(tx: Connection, ana: Actor, school: School) -> None:
    """Petya and Olya have their mother's address; so has Petya's namesake, of no import of ours."""
    for name, group in (("Petya", "7A"), ("Olya", "5B")):
        person(tx, ana, school, name, email="mama@mail.ru", group=group)
    person(tx, ana, school, "Petya", email="Mama@Mail.ru", group="7A")


def left_out(tx: Connection, campaign_id: str) -> list[tuple[str, str]]:
    rows = tx.execute(
        text("""
            SELECT name, reply FROM delivery WHERE campaign_id = :id AND state = 'suppressed'
            ORDER BY name
        """),
        {"id": campaign_id},
    )
    return [(row.name, str(Words.from_json(row.reply))) for row in rows]


@pytest.mark.parametrize(
    "shown", ["Dear {{ name }}, well done.", "{% if group = 7A %}Well{% end %}d"]
)
def test_brothers_and_sisters_get_a_letter_each_where_it_would_differ(
    database: Database, school: School, ana: Actor, shown: str
) -> None:
    with database.begin() as tx:
        siblings(tx, ana, school)
        id_ = written(tx, ana, school, shown)
        campaign = campaigns.get(tx, ana, id_)
        seen = segments.audience(
            tx, ana, school.id, EVERYONE, letters=alike.letters(tx, ana, campaign), now=NOON
        )
        releasing.release(tx, ana, id_, now=NOON)
        due = tx.execute(text("SELECT name, email FROM delivery WHERE state = 'due'")).all()
        assert left_out(tx, id_) == [("Petya", "Shares the address with Petya, who gets it.")]
    assert sorted(map(tuple, due)) == [("Olya", "mama@mail.ru"), ("Petya", "mama@mail.ru")]
    assert sorted(each.name for each in seen.people) == ["Olya", "Petya"]


def test_what_concerns_one_class_alone_reaches_its_pupil_s_address(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        siblings(tx, ana, school)
        for group, name in (("7A", "Petya"), ("5B", "Olya")):
            id_ = written(tx, ana, school, "The canteen is shut.", groups=(group,))
            releasing.release(tx, ana, id_, now=NOON)
            due = tx.execute(
                text("SELECT name FROM delivery WHERE campaign_id = :id AND state = 'due'"),
                {"id": id_},
            )
            assert due.scalars().all() == [name]


def test_who_shared_a_letter_has_it_and_has_not_missed_it(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        for name in ("Olya", "Petya"):
            person(tx, ana, school, name, email="mama@mail.ru")
        id_ = written(tx, ana, school, "The canteen is shut tomorrow.")
        releasing.release(tx, ana, id_, now=NOON)

        def among(segment: Segment) -> list[str]:
            found = selecting.matching(tx, school.id, segment, now=NOON)
            return [each.name for each in chain.from_iterable(found)]

        assert among(Segment(missed=(id_,))) == ["Olya", "Petya"]  # it waits
        tx.execute(text("UPDATE delivery SET state = 'sent' WHERE state = 'due'"))
        assert among(Segment(missed=(id_,))) == []
        assert among(Segment(got=(id_,))) == ["Olya", "Petya"]


def test_those_who_left_and_share_an_address_are_frozen_too(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        siblings(tx, ana, school)
        person(tx, ana, school, "Zoya")
        suppression.add(tx, ana, school.id, "mama@mail.ru", now=NOON)
        id_ = written(tx, ana, school, "Dear {{ name }}")
        releasing.release(tx, ana, id_, now=NOON)
        assert len(left_out(tx, id_)) == 3


@pytest.mark.parametrize(
    ("search", "found"),
    [("anna_k", ["anna_k"]), ("_", ["anna_k"]), ("100%", ["100%"]), ("STRAUß", ["Strauß"])],
)
def test_a_search_takes_every_letter_as_it_is(
    database: Database, school: School, ana: Actor, search: str, found: list[str]
) -> None:
    with database.begin() as tx:
        for name in ("anna_k", "annabk", "100%", "Strauß", "Strausz"):
            person(tx, ana, school, name, email=f"p{abs(hash(name))}@school.example")
        meant = segments.audience(tx, ana, school.id, Segment(search=search), now=NOON)
        assert [each.name for each in meant.people] == found
        assert [
            each.person.name for each in people.find(tx, ana, school.id, search=search)
        ] == found


def test_a_shared_address_that_is_suppressed_stands_once(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        share(tx, ana, school)
        suppression.add(tx, ana, school.id, "class@school.example", now=NOON)
        id_ = draft(tx, ana, school)
        releasing.release(tx, ana, id_, now=NOON)
        found = frozen(tx, id_)
        whys = tx.execute(
            text("SELECT reply FROM delivery WHERE name IN ('Alina', 'Boris', 'Clara')")
        ).scalars()
    assert {state for name, (state, _) in found.items() if name != "Zoya"} == {"suppressed"}
    assert [email for _, email in found.values()].count("class@school.example") == 1
    assert {json.loads(why)[0] for why in whys} == {"Taken off the list by a coordinator."}


def test_what_is_shown_is_what_is_frozen(database: Database, school: School, ana: Actor) -> None:
    with database.begin() as tx:
        share(tx, ana, school)
        shown = segments.audience(tx, ana, school.id, EVERYONE, topic="", now=NOON)
        windows = segments.windows(tx, ana, school.id, EVERYONE, topic="", now=NOON)
        written = {meant.person.name: meant.why for meant in chain.from_iterable(windows)}
    assert written == {each.name: None for each in shown.people} | {
        each.name: why for each, why in shown.left_out
    }


def test_an_audience_of_several_windows_is_frozen_whole_with_its_courses(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        many(tx, school)
        id_ = campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"en": "Hello"},
            body={"en": "Your courses: {{ course }}"},
            segment=Segment(everyone=True),
            sender=SENDER,
            now=NOON,
        )
        releasing.release(tx, ana, id_, anyway="A trial", now=NOON)
        rows = tx.execute(text("SELECT person_id, email, fields, message_id FROM delivery")).all()
    assert len(rows) == MANY
    assert {row.email for row in rows} == {f"pupil{n}@school.example" for n in range(MANY)}
    assert len({row.message_id for row in rows}) == MANY
    taking = {row.person_id for row in rows if json.loads(row.fields).get("course") == "Algebra"}
    assert taking == {f"p{n:05}" for n in range(0, MANY, 2)}


def test_a_campaign_to_nobody_who_can_get_it_is_refused_and_leaves_no_rows(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Nomail", email="")
        id_ = draft(tx, ana, school)
    with pytest.raises(MailingError, match="Nobody"), database.begin() as tx:
        releasing.release(tx, ana, id_, now=NOON)
    with database.read() as tx:
        assert frozen(tx, id_) == {}


def many(tx: Connection, school: School) -> None:
    """People of more than one window; every other one takes Algebra."""
    at = NOON.timestamp()
    execute_many(
        tx,
        """
            INSERT INTO person (id, school_id, email, name, role, language, level, grp, fields,
                                source, updated_at)
            VALUES (?, ?, ?, ?, 'student', 'en', '', '', '{}', 'test', ?)
        """,
        [
            (f"p{n:05}", school.id, f"pupil{n}@school.example", f"Pupil {n}", at)
            for n in range(MANY)
        ],
    )
    tx.execute(
        text("""
            INSERT INTO course (id, school_id, external_id, name, gone, updated_at)
            VALUES ('algebra', :school, 'algebra', 'Algebra', FALSE, 0)
        """),
        {"school": school.id},
    )
    execute_many(
        tx,
        """
            INSERT INTO enrolment (course_id, person_id, school_id, role)
            VALUES ('algebra', ?, ?, 'student')
        """,
        [(f"p{n:05}", school.id) for n in range(0, MANY, 2)],
    )
