"""A platform's people, courses and rooms come into the roster, whole or not at all."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from console.desk import connections, sync
from platforms.base import (
    Account,
    Adapter,
    Capability,
    Course,
    Enrolment,
    Health,
    PlatformError,
    Room,
)
from platforms.bigbluebutton import BigBlueButton
from platforms.metering import Ask, Metered, Reading
from platforms.moodle import Moodle
from store import access, planning, roster, timetable
from store.access import Actor, Denied
from store.db import Database, text
from store.planning import PlannedLesson
from store.schools import School
from store.vault import Vault
from tests.conftest import NOON
from tests.stand_in import StandIn, open_campus

VAULT = Vault(b"uXzmAm2cYvSbKJQlHxK6sE0lAGkT6OuAYrXTWjhAHlw=")
MARIA = Account("1", "maria", "Maria Ivanova", "Maria@School14.example", "ru", level="city")
PETR = Account("2", "petr", "Petr", "petr@school14.example", "zh_cn")
ANON = Account("3", "anon", "No Address")


@dataclass
class Lms:
    """A platform that lists what a test gives it, and may break off in the middle."""

    people: list[Account] = field(default_factory=list)
    places: list[Enrolment] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=lambda: {"10": "Algebra"})
    breaks: bool = False
    can: frozenset[Capability] = frozenset({"roster"})

    def check(self) -> Health:
        return Health()

    def accounts(self) -> Iterable[Account]:
        return self.people

    def courses(self) -> Iterable[Course]:
        return [Course(id_, name) for id_, name in self.names.items()]

    def enrolments(self, course_external_id: str) -> Iterable[Enrolment]:
        if self.breaks:
            raise PlatformError("The line broke.", permanent=False)
        return [one for one in self.places if one.course_external_id == course_external_id]


@dataclass
class Media:
    """A media server with the meetings that a test gives it."""

    meetings: list[Room]
    can: frozenset[Capability] = frozenset({"meter rooms"})

    def check(self) -> Health:
        return Health()

    def reading(self) -> Reading:
        yield Ask("http://127.0.0.1/")
        return Metered(tuple(self.meetings))

    def rooms(self) -> list[Room]:
        return self.meetings


@pytest.fixture
def pult(school: School) -> Actor:
    return access.system(school.id)


@pytest.fixture
def connection(database: Database, pult: Actor, school: School) -> str:
    return add(database, pult, school, "moodle", "LMS")


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


def add(db: Database, actor: Actor, school: School, platform: str, name: str) -> str:
    with db.begin() as tx:
        return connections.add(
            tx,
            actor,
            school.id,
            VAULT,
            platform=platform,
            name=name,
            url="http://127.0.0.1:9",
            secret="x",
            now=NOON,
        )


def run(db: Database, actor: Actor, connection_id: str, adapter: Adapter) -> sync.Synced:
    return sync.sync(db, actor, connection_id, lambda _id: adapter, now=NOON)


def people_of(db: Database, actor: Actor, school: School) -> dict[str, roster.Person]:
    with db.read() as tx:
        return {one.name: one for one in roster.people(tx, actor, school.id)}


def test_people_courses_and_enrolments_come_in(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    lms = Lms(
        [MARIA, PETR, ANON], [Enrolment("10", "1", "teacher"), Enrolment("10", "2", "student")]
    )
    synced = run(database, pult, connection, lms)
    assert (synced.people, synced.courses, synced.enrolments, synced.gone) == (3, 1, 2, 0)
    people = people_of(database, pult, school)
    assert people["Maria Ivanova"].email == "maria@school14.example"
    assert (people["Maria Ivanova"].role, people["Maria Ivanova"].level) == ("teacher", "city")
    assert (people["Petr"].role, people["Petr"].language) == ("student", "zh_Hans")
    assert (people["No Address"].role, people["No Address"].email) == ("staff", "")
    with database.read() as tx:
        course = timetable.courses(tx, pult, school.id)[0]
        assert [one.name for one in roster.enrolled(tx, pult, course.id)] == ["Petr"]
        assert connections.get(tx, pult, connection).synced_at == NOON


def test_the_same_again_changes_nothing(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    lms = Lms([MARIA, PETR, ANON], [Enrolment("10", "1", "student")])
    run(database, pult, connection, lms)
    before = people_of(database, pult, school)
    assert run(database, pult, connection, lms).gone == 0
    assert people_of(database, pult, school) == before


HALF = json.loads('"Ann \\ud83d"')  # as a platform's JSON may cut a name


def test_a_name_that_no_database_keeps_keeps_back_nobody(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    bad = [
        Account("8", HALF, HALF, "ann@school14.example", level=HALF, group="7\0B"),
        Account("9", "bob\0", "Bob\0by", "bob\0@school14.example"),
        Account(HALF, "cy", "Cy", HALF),
    ]
    lms = Lms(
        [MARIA, *bad, PETR],
        [Enrolment("10", "8", "student"), Enrolment("10", HALF, "student")],
        {"10": "Algebra\0", "11": HALF},
    )
    synced = run(database, pult, connection, lms)
    assert (synced.people, synced.courses, synced.enrolments) == (5, 2, 2)
    people = people_of(database, pult, school)
    assert set(people) == {"Maria Ivanova", "Ann \ufffd", "Bob\ufffdby", "Cy", "Petr"}
    assert people["Ann \ufffd"].email == "ann@school14.example"
    assert people["Bob\ufffdby"].email == people["Cy"].email == ""
    told = [problem.params["name"] for problem in synced.problems]
    assert told == ["Bob\ufffdby", "Cy"]
    assert run(database, pult, connection, lms).gone == 0
    media = add(database, pult, school, "bigbluebutton", "Media")
    assert run(database, pult, media, Media([Room("r\0", HALF)])).rooms == 1


def test_one_person_by_address_across_platforms(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    other = add(database, pult, school, "moodle", "Second LMS")
    run(database, pult, connection, Lms([MARIA]))
    run(
        database,
        pult,
        other,
        Lms([replace(MARIA, external_id="77", email="MARIA@school14.example")]),
    )
    people = people_of(database, pult, school)
    assert len(people) == 1
    with database.read() as tx:
        assert len(roster.accounts_of(tx, pult, people["Maria Ivanova"].id)) == 2


def test_the_same_address_in_another_school_is_another_person(
    database: Database, pult: Actor, school: School, elsewhere: School, connection: str
) -> None:
    there = access.system(elsewhere.id)
    other = add(database, there, elsewhere, "moodle", "LMS")
    run(database, pult, connection, Lms([MARIA]))
    run(database, there, other, Lms([MARIA]))
    here = people_of(database, pult, school)["Maria Ivanova"]
    assert here.id != people_of(database, there, elsewhere)["Maria Ivanova"].id


def test_a_changed_address_stays_with_its_person(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    run(database, pult, connection, Lms([MARIA]))
    before = people_of(database, pult, school)["Maria Ivanova"]
    run(database, pult, connection, Lms([replace(MARIA, email="m.petrova@school14.example")]))
    after = people_of(database, pult, school)
    assert len(after) == 1
    assert after["Maria Ivanova"] == replace(before, email="m.petrova@school14.example")


def test_two_platforms_that_disagree_about_an_address_do_not_take_turns(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    other = add(database, pult, school, "moodle", "Second LMS")
    run(database, pult, connection, Lms([MARIA]))
    run(database, pult, other, Lms([MARIA]))
    moved = Lms([replace(MARIA, email="m.petrova@school14.example")])
    run(database, pult, connection, moved)
    with database.read() as tx:
        before = {one.id: one.email for one in roster.people(tx, pult, school.id)}
    run(database, pult, other, Lms([MARIA]))
    run(database, pult, connection, moved)
    with database.read() as tx:
        assert {one.id: one.email for one in roster.people(tx, pult, school.id)} == before


def test_two_who_swap_addresses_swap_persons_and_nobody_is_lost(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    run(database, pult, connection, Lms([MARIA, PETR]))
    swapped = [replace(MARIA, email=PETR.email), replace(PETR, email=MARIA.email)]
    run(database, pult, connection, Lms(swapped))
    assert {one.email for one in people_of(database, pult, school).values()} == {
        "maria@school14.example",
        "petr@school14.example",
    }


def test_an_address_found_later_joins_the_person_who_has_it_elsewhere(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    other = add(database, pult, school, "moodle", "Second LMS")
    run(database, pult, connection, Lms([PETR]))
    bare = replace(PETR, external_id="3", email="")
    run(database, pult, other, Lms([bare]))
    with database.read() as tx:
        before = roster.account(tx, pult, other, "3")
    run(database, pult, other, Lms([replace(bare, email=PETR.email)]))
    with database.read() as tx:
        after, petr = (
            roster.account(tx, pult, other, "3"),
            roster.account(tx, pult, connection, "2"),
        )
    assert before is not None
    assert after is not None
    assert petr is not None
    assert before.person_id != after.person_id == petr.person_id


PETYA = Account("4", "petya", "Petya Ivanov", "mama@mail.ru", group="7A")
OLYA = Account("5", "olya", "Olya Ivanova", "mama@mail.ru", group="5B")


def test_brothers_and_sisters_with_one_address_stay_two_and_are_named(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    lms = Lms(
        [PETYA, OLYA],
        [Enrolment("10", "4", "student"), Enrolment("11", "5", "student")],
        {"10": "Algebra", "11": "Art"},
    )
    for _ in range(2):
        synced = run(database, pult, connection, lms)
        assert [str(each) for each in synced.problems] == [
            "One e-mail address, several people: Petya Ivanov, Olya Ivanova. Each stays a person "
            "of their own."
        ]
    people = people_of(database, pult, school)
    assert {name: (one.group, one.email) for name, one in people.items()} == {
        "Petya Ivanov": ("7A", "mama@mail.ru"), "Olya Ivanova": ("5B", "mama@mail.ru"),
    }  # fmt: skip
    with database.read() as tx:
        courses = {each.name: each.id for each in timetable.courses(tx, pult, school.id)}
        assert [one.name for one in roster.enrolled(tx, pult, courses["Algebra"])] == [
            "Petya Ivanov"
        ]
        assert [one.name for one in roster.enrolled(tx, pult, courses["Art"])] == ["Olya Ivanova"]


def as_it_was(db: Database, linked: str = "roster") -> None:
    """One person for both accounts, as an older Pult kept them, with a block of each."""
    with db.begin() as tx:
        rows = {
            row.external_id: row.person_id
            for row in tx.execute(text("SELECT external_id, person_id FROM platform_account"))
        }
        values = {"one": rows["5"], "two": rows["4"], "how": linked}
        for sql in (
            "UPDATE platform_account SET person_id = :one",
            "UPDATE platform_account SET linked = :how WHERE external_id = '4'",
            "DELETE FROM enrolment WHERE person_id = :two",
            "INSERT INTO enrolment SELECT id, :one, school_id, 'student' FROM course"
            " WHERE external_id = '10' ON CONFLICT DO NOTHING",
            "INSERT INTO person SELECT 'father', school_id, 'Father', '', 'guardian', '', '', '',"
            " '{}', 'import', 0 FROM person WHERE id = :one",
            "INSERT INTO guardian (person_id, guardian_id) VALUES (:one, 'father')",
            "INSERT INTO reach SELECT id, school_id, '+7900', '', 'sms', 0 FROM person"
            " WHERE id = :one",
            "DELETE FROM person WHERE id = :two",
        ):
            tx.execute(text(sql), values)
        for external in "45":
            tx.execute(
                text("""
                    INSERT INTO measure (id, school_id, person_id, kind, reason, rule, imposed_by,
                                         imposed_at, lift_reason)
                    SELECT :id, school_id, id, 'mute', '', '', 'ana', 0, '' FROM person
                    WHERE id = :one
                """),
                values | {"id": f"of {external}"},
            )
            tx.execute(
                text("""
                    INSERT INTO measure_account (measure_id, school_id, connection_id, external_id)
                    SELECT :id, school_id, connection_id, external_id FROM platform_account
                    WHERE external_id = :external
                """),
                {"id": f"of {external}", "external": external},
            )


def test_whom_an_older_pult_made_one_is_two_after_the_next_sync(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    lms = Lms([PETYA, OLYA], [Enrolment("10", "4", "student"), Enrolment("10", "5", "student")])
    run(database, pult, connection, lms)
    olya = people_of(database, pult, school)["Olya Ivanova"]
    as_it_was(database)
    synced = run(database, pult, connection, lms)
    assert "people of their own now: 1." in str(synced.problems[-1])
    people = people_of(database, pult, school)
    assert people["Olya Ivanova"] == olya
    petya = people["Petya Ivanov"]
    assert petya.group == "7A"
    with database.read() as tx:
        found = {
            table: set(tx.execute(text(f"SELECT {column} FROM {table}")).scalars())
            for table, column in (
                ("enrolment", "person_id"), ("guardian", "person_id"), ("reach", "person_id"),
            )
        }  # fmt: skip
        whose = {
            row.id: row.person_id for row in tx.execute(text("SELECT id, person_id FROM measure"))
        }
        noted = tx.execute(
            text("SELECT COUNT(*) FROM audit WHERE action = 'part account'")
        ).scalar_one()
    assert set(map(frozenset, found.values())) == {frozenset({olya.id, petya.id})}
    assert whose == {"of 4": petya.id, "of 5": olya.id}
    assert noted == 1
    assert len(run(database, pult, connection, lms).problems) == 1  # who shares, and nothing new


def test_whom_somebody_linked_no_sync_parts(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    lms = Lms([PETYA, OLYA], [Enrolment("10", "4", "student"), Enrolment("10", "5", "student")])
    run(database, pult, connection, lms)
    as_it_was(database, linked="hand")
    run(database, pult, connection, lms)
    assert set(people_of(database, pult, school)) == {"Olya Ivanova", "Father"}


def test_a_broken_address_is_told_and_the_account_is_kept(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    synced = run(database, pult, connection, Lms([replace(PETR, email="petr@@x"), MARIA]))
    assert "The e-mail address of Petr cannot be right" in str(synced.problems[0])
    assert people_of(database, pult, school)["Petr"].email == ""
    assert "petr@@x" not in repr(synced)


def test_what_is_no_longer_listed_is_gone_and_comes_back(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    full = Lms([MARIA, PETR], [Enrolment("10", "2", "student")], {"10": "Algebra", "11": "Art"})
    run(database, pult, connection, full)
    stays = [Enrolment("10", "1", "student")]
    synced = run(database, pult, connection, Lms([MARIA], stays, {"10": "Algebra"}))
    assert synced.gone == 2
    with database.read() as tx:
        assert [one.name for one in timetable.courses(tx, pult, school.id)] == ["Algebra"]
        course = timetable.courses(tx, pult, school.id)[0]
        assert [one.name for one in roster.enrolled(tx, pult, course.id)] == ["Maria Ivanova"]
        gone = roster.account(tx, pult, connection, "2")
        assert gone is not None
        assert gone.person_id is not None
        assert roster.accounts_of(tx, pult, gone.person_id) == []
    assert run(database, pult, connection, full).gone == 0
    with database.read() as tx:
        assert len(timetable.courses(tx, pult, school.id)) == 2


def test_a_fetch_that_breaks_off_changes_nothing_and_is_told(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    run(database, pult, connection, Lms([MARIA]))
    broken = Lms([PETR], [], {"12": "Chemistry"}, breaks=True)
    with pytest.raises(PlatformError, match="The line broke"):
        run(database, pult, connection, broken)
    assert set(people_of(database, pult, school)) == {"Maria Ivanova"}
    with database.read() as tx:
        assert [one.name for one in timetable.courses(tx, pult, school.id)] == ["Algebra"]
        kept = connections.get(tx, pult, connection)
    assert (kept.state, str(kept.detail)) == ("failing", "The line broke.")


def test_everybody_leaving_at_once_is_not_believed(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    run(database, pult, connection, Lms([MARIA], [Enrolment("10", "1", "student")]))
    with pytest.raises(PlatformError, match="the permission to see participants"):
        run(database, pult, connection, Lms([MARIA], []))
    with database.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM enrolment")).scalar_one() == 1
        assert connections.get(tx, pult, connection).state == "failing"


def test_what_was_imported_is_not_overwritten_by_nothing(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    with database.begin() as tx:
        roster.save_person(
            tx,
            pult,
            school.id,
            name="Maria",
            email="maria@school14.example",
            role="guardian",
            language="en",
            group="8B",
            source="import",
            now=NOON,
        )
    run(database, pult, connection, Lms([replace(MARIA, language="", level="")]))
    person = people_of(database, pult, school)["Maria Ivanova"]
    assert (person.role, person.language, person.group) == ("guardian", "en", "8B")


def test_the_zone_that_somebody_chose_there_comes_in_and_an_imported_one_stays(
    database: Database, pult: Actor, school: School, connection: str
) -> None:
    def zones(*chosen: str) -> list[str | None]:
        who = [
            replace(one, time_zone=zone) for one, zone in zip((MARIA, PETR), chosen, strict=True)
        ]
        run(database, pult, connection, Lms(who))
        found = people_of(database, pult, school)
        return [found[one.name].fields.get("time_zone") for one in who]

    with database.begin() as tx:
        roster.save_person(
            tx, pult, school.id, name=PETR.name, email=PETR.email, source="import", now=NOON,
            fields={"time_zone": "Asia/Omsk", "shift": "2"},
        )  # fmt: skip
    assert zones("99", "Asia/Tokyo") == [None, "Asia/Omsk"]
    assert zones("Asia/Novosibirsk", "5.5") == ["Asia/Novosibirsk", "Asia/Omsk"]
    assert zones("Asia/Tomsk", "99") == ["Asia/Tomsk", "Asia/Omsk"]
    assert zones("99", "99") == ["Asia/Tomsk", "Asia/Omsk"]
    assert people_of(database, pult, school)[PETR.name].fields["shift"] == "2"


def test_rooms_stay_while_a_lesson_is_planned_in_them(
    database: Database, pult: Actor, school: School
) -> None:
    server = add(database, pult, school, "bigbluebutton", "Media a")
    both = Media([Room("a-1", "Algebra", 12, 1, seats=30), Room("a-2", "Open hour", 0, 0)])
    assert run(database, pult, server, both).rooms == 2
    with database.begin() as tx:
        rooms = {one.external_id: one for one in timetable.rooms(tx, pult, school.id)}
        assert (rooms["a-1"].name, rooms["a-1"].seats) == ("Algebra", 30)
        lesson = PlannedLesson(
            "l", "Algebra", None, rooms["a-1"].id, None, NOON, NOON + timedelta(hours=1), None
        )
        planning.lessons(tx, pult, school.id, [lesson], now=NOON)
    assert run(database, pult, server, Media([])).gone == 1
    with database.read() as tx:
        assert [one.external_id for one in timetable.rooms(tx, pult, school.id)] == ["a-1"]


@pytest.mark.parametrize("who", ["zoe", "eve", "ana"])
def test_only_who_administers_the_school_syncs_it(
    database: Database,
    school: School,
    connection: str,
    who: str,
    request: pytest.FixtureRequest,
) -> None:
    with pytest.raises(Denied):
        run(database, request.getfixturevalue(who), connection, Lms([MARIA]))
    with database.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM person")).scalar_one() == 0


def test_the_whole_campus_comes_in_and_a_second_time_changes_nothing(
    database: Database, pult: Actor, school: School, connection: str, campus: StandIn
) -> None:
    moodle = Moodle(campus.moodle["url"], campus.moodle["token"], {})
    synced = run(database, pult, connection, moodle)
    assert synced.people >= 640
    assert synced.courses == 16
    assert synced.enrolments > 1000
    assert synced.problems == ()
    zones = {one.fields.get("time_zone") for one in people_of(database, pult, school).values()}
    assert zones == {None, "Asia/Novosibirsk"}
    again = run(database, pult, connection, moodle)
    assert (again.people, again.enrolments, again.gone) == (synced.people, synced.enrolments, 0)
    for number, server in enumerate(campus.bigbluebutton):
        media = add(database, pult, school, "bigbluebutton", f"Media {number}")
        adapter = BigBlueButton(server["url"], server["secret"], {})
        assert run(database, pult, media, adapter).rooms > 0
