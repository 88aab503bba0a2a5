"""Who may do what: by role and by school, the same for every way in."""

import pytest

from store import access, audit, roster, schools, timetable
from store.access import Actor, Denied
from store.db import Database
from store.schools import Clock, School
from tests.conftest import NOON, NOON_LATER


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        ("viewer", "see", True),
        ("viewer", "see people", False),
        ("viewer", "incident", False),
        ("moderator", "moderate", True),
        ("moderator", "send", False),
        ("technician", "steer", True),
        ("technician", "see people", False),
        ("coordinator", "send", True),
        ("coordinator", "administer", False),
        ("admin", "administer", True),
        (None, "see", False),
    ],
)
def test_a_role_allows_what_it_is_for(
    role: access.Role | None, permission: access.Permission, allowed: bool
) -> None:
    actor = Actor("a", "A", role, frozenset({"here"}))
    assert access.may(actor, permission, "here") is allowed
    assert not access.may(actor, permission, "elsewhere")


def test_a_denial_is_a_sentence_that_says_what_to_do() -> None:
    with pytest.raises(Denied, match="Ask an administrator"):
        access.require(Actor("a", "A", None), "see", "here")


def test_only_an_admin_founds_a_school(database: Database, ana: Actor) -> None:
    with pytest.raises(Denied), database.begin() as tx:
        schools.found(tx, ana, "Mine", time_zone="Europe/Moscow", language="ru", now=NOON)


@pytest.mark.parametrize(
    ("name", "zone", "language", "said"),
    [
        ("A", "Moscow", "ru", "Europe/Moscow"),
        ("A", "Europe/Moscow", "tlh", "zh_Hans"),
        (" ", "Europe/Moscow", "ru", "needs a name"),
    ],
)
def test_a_wrong_school_is_refused_in_words(
    database: Database, name: str, zone: str, language: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said), database.begin() as tx:
        schools.found(tx, access.system(), name, time_zone=zone, language=language, now=NOON)


def test_schools_out_of_scope_are_not_seen(
    database: Database, school: School, elsewhere: School, ana: Actor, eve: Actor
) -> None:
    with database.read() as tx:
        assert [one.id for one in schools.in_scope(tx, ana)] == [school.id]
        assert schools.in_scope(tx, eve) == []
        assert schools.every_id(tx) == {school.id, elsewhere.id}
        with pytest.raises(Denied):
            schools.get(tx, ana, elsewhere.id)


def test_a_simulated_school_runs_by_its_own_clock(database: Database) -> None:
    with database.begin() as tx:
        made = schools.found(
            tx,
            access.system(),
            "Campus",
            time_zone="Europe/Moscow",
            language="en",
            simulated=True,
            now=NOON,
        )
        actor = access.system(made.id)
        schools.set_clock(tx, actor, made.id, Clock(NOON, NOON, 60.0))
        campus = schools.get(tx, actor, made.id)
    assert campus.time(NOON_LATER) - NOON == 60 * (NOON_LATER - NOON)


def test_a_real_school_keeps_real_time(database: Database, school: School) -> None:
    actor = access.system(school.id)
    with database.begin() as tx:
        schools.set_clock(tx, actor, school.id, Clock(NOON, NOON, 60.0))
        assert schools.get(tx, actor, school.id).time(NOON_LATER) == NOON_LATER


def test_the_audit_trail_is_for_admins_of_the_school(
    database: Database, school: School, ana: Actor, ada: Actor, eve: Actor, zoe: Actor
) -> None:
    with database.begin() as tx:
        audit.record(tx, ana, "take incident", "i1", school_id=school.id, now=NOON_LATER)
        newest = audit.entries(tx, ada, school.id)[0]
        assert (newest.account_id, newest.action, newest.subject) == ("ana", "take incident", "i1")
        for actor in (ana, eve, zoe):
            with pytest.raises(Denied):
                audit.entries(tx, actor, school.id)


def test_people_are_one_by_address_and_seen_by_those_who_may(
    database: Database, school: School, ana: Actor, eve: Actor, zoe: Actor
) -> None:
    with database.begin() as tx:
        first = roster.save_person(
            tx, ana, school.id, name="Мария Ёлкина", email="m@school.test", source="csv", now=NOON
        )
        again = roster.save_person(
            tx,
            ana,
            school.id,
            name="",
            email="m@school.test",
            language="ru",
            fields={"room": "12"},
            source="csv",
            now=NOON,
        )
        nameless = [
            roster.save_person(tx, ana, school.id, name="N", email="", source="csv", now=NOON)
            for _ in range(2)
        ]
    assert first == again
    assert len(set(nameless)) == 2
    with database.read() as tx:
        (found,) = roster.people(tx, ana, school.id, search="ёлкина")
        assert (found.name, found.language, found.fields) == ("Мария Ёлкина", "ru", {"room": "12"})
        assert roster.people(tx, ana, school.id, ids=[]) == []
        assert [one.id for one in roster.people(tx, ana, school.id, ids=[first])] == [first]
        for actor in (eve, zoe):
            for search in ("", "ёлкина"):
                with pytest.raises(Denied):
                    roster.people(tx, actor, school.id, search=search)
            with pytest.raises(Denied):
                roster.person(tx, actor, first)
            with pytest.raises(Denied):
                timetable.courses(tx, actor, school.id)
            with pytest.raises(Denied):
                timetable.rooms(tx, actor, school.id)
            with pytest.raises(Denied):
                timetable.lessons(tx, actor, school.id, since=NOON, until=NOON_LATER)


def test_a_search_takes_percent_signs_as_they_are(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        for name in ("100% Anna", "1000 Anna"):
            roster.save_person(tx, ana, school.id, name=name, email="", source="csv", now=NOON)
        assert [one.name for one in roster.people(tx, ana, school.id, search="100%")] == [
            "100% Anna"
        ]
