"""Several people with one address: what is done for one of them leaves the others as they are."""

import pytest

from console.desk import erasure, importing
from mailing import campaigns, releasing, segments, suppression
from mailing.model import SERVICE
from mailing.segments import Segment
from store import linking, roster
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.test_store_matching import MAMA, listed, sync


@pytest.fixture
def two(database: Database, school: School) -> Database:
    """An LMS and a chat."""
    with database.begin() as tx:
        for name in ("lms", "chat"):
            connect(tx, school, name)
    return database


def everybody(db: Database, actor: Actor, school: School, topic: str = SERVICE) -> list[str]:
    with db.read() as tx:
        meant = segments.audience(
            tx, actor, school.id, Segment(everyone=True), topic=topic,
            letters=lambda people: [each.name for each in people], now=NOON,
        )  # fmt: skip
    return sorted(each.name for each in meant.people)


def told(db: Database, actor: Actor, school: School, body: str) -> dict[str, str]:
    """A letter to everybody: what became of it, by name."""
    with db.begin() as tx:
        id_ = campaigns.draft(
            tx, actor, school.id, subject={"ru": "s"}, body={"ru": body},
            segment=Segment(everyone=True), sender="a <news@school.example>", topic=SERVICE,
            now=NOON,
        )  # fmt: skip
        releasing.release(tx, actor, id_, now=NOON)
        asked = text("SELECT name, state FROM delivery WHERE campaign_id = :id")
        return {row.name: row.state for row in tx.execute(asked, {"id": id_})}


def ids(db: Database) -> dict[str, str]:
    with db.read() as tx:
        return {row.name: row.id for row in tx.execute(text("SELECT id, name FROM person"))}


def test_who_is_erased_takes_no_mail_from_who_has_the_address_too(
    two: Database, school: School, ana: Actor, ada: Actor
) -> None:
    sync(two, school, "lms", listed("1", "Petya"), listed("2", "Olya"))
    told(two, ana, school, "Hello {{ name }}")
    with two.begin() as tx:
        gone = erasure.mail(tx, ada, school.id, ids(two)["Petya"], now=NOON)
        kept = set(tx.execute(text("SELECT name FROM delivery WHERE state = 'due'")).scalars())
        assert (gone.mails, kept) == (1, {"Olya"})
        assert suppression.reasons(tx, school.id, SERVICE, [MAMA]) == {}
    assert "Olya" in everybody(two, ana, school)
    with two.begin() as tx:
        erasure.mail(tx, ada, school.id, ids(two)["Olya"], now=NOON)
        assert suppression.reasons(tx, school.id, SERVICE, [MAMA]) == {}  # Petya is listed still
        tx.execute(text("UPDATE platform_account SET gone = TRUE WHERE external_id = '1'"))
        erasure.mail(tx, ada, school.id, ids(two)["Petya"], now=NOON)
        erasure.mail(tx, ada, school.id, ids(two)["Olya"], now=NOON)
        assert MAMA in suppression.reasons(tx, school.id, SERVICE, [MAMA])


def test_an_address_of_several_people_does_not_say_whom_to_erase(
    two: Database, school: School, ana: Actor, ada: Actor
) -> None:
    sync(two, school, "lms", listed("1", "Petya"), listed("2", "Olya"))
    told(two, ana, school, "Hello {{ name }}")
    with two.begin() as tx, pytest.raises(erasure.Shared, match="Olya, Petya"):
        erasure.address(tx, ada, school.id, MAMA, now=NOON)
    assert everybody(two, ana, school) == ["Olya", "Petya"]


LETTER = (
    "Hi {{ name }}\n\n{% if role = teacher %}\nMeet at 9.\n{% else %}\nYou are free.\n{% end %}\n"
)


def test_who_may_be_one_person_gets_one_letter_as_the_best_known_of_them(
    two: Database, school: School, ana: Actor, ben: Actor
) -> None:
    sync(
        two, school, "lms",
        listed("1", "Boris Orlov", "b@x.example", role="teacher"),
        listed("2", "Petya"), listed("3", "Olya"),
    )  # fmt: skip
    sync(
        two, school, "chat",
        listed("@b", "Boris Orlov", "b@x.example", role=""), listed("@d", "anon", role=""),
    )  # fmt: skip
    with two.begin() as tx:
        roster.save_person(
            tx, ana, school.id, name="Mama", email=MAMA, role="guardian", source="import", now=NOON
        )
        told_apart = "SELECT id, role FROM person WHERE name = 'Boris Orlov'"
        people = {row.role: row.id for row in tx.execute(text(told_apart))}
    told(two, ana, school, LETTER)
    assert sent(two) == ["Boris Orlov", "Mama", "Olya", "Petya"]
    with two.begin() as tx:
        asked = text("SELECT person_id FROM delivery WHERE name = 'Boris Orlov' AND state = 'due'")
        assert list(tx.execute(asked).scalars()) == [people["teacher"]]
        asked = text("SELECT COUNT(*) FROM delivery WHERE state = 'due' AND shares")
        assert tx.execute(asked).scalar_one() == 2  # beside the first of three with one address
        (account,) = tx.execute(
            text("SELECT id FROM platform_account WHERE external_id = '@b'")
        ).scalars()
        linking.refuse(tx, ben, account, people["teacher"], now=NOON)
        tx.execute(text("DELETE FROM delivery"))
    told(two, ana, school, LETTER)
    assert sent(two).count("Boris Orlov") == 2  # somebody said that they are two


def sent(db: Database) -> list[str]:
    with db.read() as tx:
        return sorted(tx.execute(text("SELECT name FROM delivery WHERE state = 'due'")).scalars())


def roles(db: Database) -> dict[str, str]:
    with db.read() as tx:
        return {row.name: row.role for row in tx.execute(text("SELECT name, role FROM person"))}


@pytest.mark.parametrize("order", [("lms", "chat"), ("chat", "lms")])
def test_nobody_is_staff_for_want_of_a_role_with_a_pupils_address(
    two: Database, school: School, ana: Actor, order: tuple[str, str]
) -> None:
    lists = {
        "lms": [listed("1", "Анна Петрова")],
        "chat": [listed("@a", "anna", role=""), listed("@j", "Janitor", "j@x.example", role="")],
    }
    for place in (*order, *order):
        sync(two, school, place, *lists[place])
    assert roles(two) == {"Анна Петрова": "student", "anna": "", "Janitor": "staff"}
    with two.read() as tx:
        meant = segments.audience(tx, ana, school.id, Segment(roles=("staff",)), now=NOON)
    assert [each.name for each in meant.people] == ["Janitor"]


def test_an_account_that_staff_confirmed_as_theirs_is_joined_by_no_list(
    two: Database, school: School
) -> None:
    sync(two, school, "lms", listed("1", "Ben Orlov", "ben@x.example"))
    with two.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO own_account VALUES ('ben', 'lms', '1', :school, :now, 'ada', :now)
            """),
            {"school": school.id, "now": NOON.timestamp()},
        )
    sync(two, school, "chat", listed("@b", "Ben Orlov", "ben@x.example", role=""))
    with two.read() as tx:
        owners = tx.execute(text("SELECT DISTINCT person_id FROM platform_account")).scalars()
        assert len(set(owners)) == 2


def table(db: Database, actor: Actor, school: School, written: str) -> importing.Brought:
    plan = importing.people_table(written, language="en")
    return importing.apply(db, actor, school.id, plan, now=NOON)


def test_who_comes_in_with_a_known_address_is_a_student_too(
    database: Database, school: School, ana: Actor
) -> None:
    table(database, ana, school, f"name,email\nPetya Orlov,{MAMA}\n")
    table(database, ana, school, f"name,email\nPetya Orlov,{MAMA}\nOlya Orlova,{MAMA}\n")
    assert roles(database) == {"Petya Orlov": "student", "Olya Orlova": "student"}


def test_a_line_without_a_name_changes_none_of_several_with_the_address(
    database: Database, school: School, ana: Actor
) -> None:
    table(database, ana, school, f"name,email,group\nPetya Orlov,{MAMA},7A\nOlya Li,{MAMA},5B\n")
    brought = table(database, ana, school, f"email,group\n{MAMA},9C\nnew@x.example,9C\n")
    assert brought.people == 1
    (problem,) = brought.problems
    assert (problem.line, "Olya Li, Petya Orlov" in str(problem.what)) == (2, True)
    with database.read() as tx:
        groups = {each.name: each.group for each in roster.people(tx, ana, school.id)}
    assert groups == {"Petya Orlov": "7A", "Olya Li": "5B", "new@x.example": "9C"}
