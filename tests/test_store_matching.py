"""Who is one person: address and name together across platforms, never two of one platform."""

from typing import Any

import pytest

from console.desk import linked
from console.views import blocking
from console.wiring import Console
from moderation.model import Subject
from store import access, enrolling, linking, names, roster, suggesting
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.enrolling import Listed
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.stage import dialog, press, said, screen

MAMA = "mama@mail.ru"


@pytest.mark.parametrize(
    ("one", "other", "agrees"),
    [
        ("Olga Kuznetsova", "Kuznetsova  OLGA", True),
        ("Olga K", "Olga Kuznetsova", True),
        ("Olga", "Olga Kuznetsova", True),
        ("Алёна Ёлкина", "алена елкина", True),
        ("Jörg Müller", "Jorg Muller", True),
        ("李明", "李明", True),
        ("Petya Müller", "Olya Müller", False),
        ("O K", "Olga Kuznetsova", False),
        ("Olga Kuznetsova", "Olga Petrova", False),
        ("Анна", "Anna", False),
        ("李明", "李红", False),
        ("", "Olga", False),
        ("12345", "12345", False),
    ],
)
def test_names_agree_whatever_their_order_case_and_initials(
    one: str, other: str, agrees: bool
) -> None:
    assert names.agree(one, other) is names.agree(other, one) is agrees


def listed(id_: str, name: str, email: str = MAMA, **values: Any) -> Listed:
    known = {"username": id_, "role": "student", "language": "ru", "level": "", "group": ""}
    return Listed(
        external_id=id_, name=name, email=email, suspended=False, last_seen=None,
        **{**known, **values},
    )  # fmt: skip


def sync(db: Database, school: School, place: str, *accounts: Listed) -> enrolling.Kept:
    with db.begin() as tx:
        system = access.system(school.id)
        return enrolling.people(tx, system, school.id, place, accounts, now=NOON)


@pytest.fixture
def two(database: Database, school: School) -> Database:
    """An LMS and a chat."""
    with database.begin() as tx:
        for name in ("lms", "chat"):
            connect(tx, school, name)
    return database


def people(db: Database, school: School) -> dict[str, list[str]]:
    """Accounts by their person's name."""
    with db.read() as tx:
        system = access.system(school.id)
        return {
            one.name: sorted(each.external_id for each in roster.accounts_of(tx, system, one.id))
            for one in roster.people(tx, system, school.id)
        }


def waiting(db: Database, school: School, actor: Actor) -> list[suggesting.Doubt]:
    with db.read() as tx:
        return suggesting.doubts(tx, actor, school.id)


def pairs(found: list[suggesting.Doubt]) -> list[tuple[str, str, bool]]:
    return [(each.person, each.called, each.agrees) for each in found]


def test_each_of_the_siblings_gets_their_own_chat_account(
    two: Database, school: School, ben: Actor
) -> None:
    sync(two, school, "lms", listed("1", "Petya Ivanov"), listed("2", "Olya Ivanova"))
    kept = sync(two, school, "chat", listed("@o", "Olya"), listed("@p", "Petya I"))
    assert kept.sharing == (("Olya", "Petya I"),)
    assert people(two, school) == {"Petya Ivanov": ["1", "@p"], "Olya Ivanova": ["2", "@o"]}
    assert waiting(two, school, ben) == []


def test_another_name_with_the_address_is_asked_about_and_renames_nobody(
    two: Database, school: School, ben: Actor
) -> None:
    sync(two, school, "lms", listed("1", "Olga Kuznetsova"))
    sync(two, school, "chat", listed("@d", "Dark Dragon", role=""))
    assert people(two, school) == {"Olga Kuznetsova": ["1"], "Dark Dragon": ["@d"]}
    (doubt,) = waiting(two, school, ben)
    assert (doubt.person, doubt.called, doubt.agrees, doubt.joined) == (
        "Olga Kuznetsova", "Dark Dragon", False, False,
    )  # fmt: skip


@pytest.mark.parametrize("first", ["lms", "chat"])
def test_nobody_becomes_a_teacher_unasked_whichever_comes_first(
    two: Database, school: School, ben: Actor, first: str
) -> None:
    lists = {
        "lms": listed("1", "Ben Orlov", "ben@school.example", role="teacher"),
        "chat": listed("@b", "Ben Orlov", "ben@school.example", role=""),
    }
    for place in (first, *({"lms", "chat"} - {first})):
        sync(two, school, place, lists[place])
    with two.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM person")).scalar_one() == 2
    (doubt,) = waiting(two, school, ben)
    assert (doubt.agrees, doubt.role, doubt.connection) == (True, "teacher", "CHAT")
    with two.begin() as tx:
        assert linked.confirm(tx, ben, [doubt], NOON) == 1
    assert people(two, school) == {"Ben Orlov": ["1", "@b"]}
    for place, one in lists.items():
        sync(two, school, place, one)
    assert people(two, school) == {"Ben Orlov": ["1", "@b"]}
    assert waiting(two, school, ben) == []


def test_who_signs_in_here_or_administers_there_is_asked_about(
    two: Database, school: School, ben: Actor
) -> None:
    with two.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO account (id, name, email, role, every_school, password_hash, disabled,
                                     created_at)
                VALUES ('ben', 'Ben', 'Ben@School.example', 'moderator', TRUE, '', FALSE, 0)
            """)
        )
    sync(
        two, school, "lms", listed("1", "Ben O", "ben@school.example"),
        listed("2", "Root R", "root@school.example", administers=True),
        listed("3", "Kim L", "k@x.y"),
    )  # fmt: skip
    sync(
        two, school, "chat", listed("@b", "Ben O", "ben@school.example"),
        listed("@r", "Root R", "root@school.example"), listed("@k", "Kim L", "k@x.y"),
    )  # fmt: skip
    assert sorted(each.called for each in waiting(two, school, ben)) == ["Ben O", "Root R"]
    assert people(two, school)["Kim L"] == ["3", "@k"]


def test_who_came_by_a_table_gets_their_first_account_unasked_and_keeps_their_name(
    two: Database, school: School, ada: Actor, ben: Actor
) -> None:
    with two.begin() as tx:
        roster.save_person(
            tx, ada, school.id, name="Orlova Vera", email="v@school.example", role="teacher",
            source="import", now=NOON,
        )  # fmt: skip
    sync(two, school, "lms", listed("1", "Vera Orlova", "v@school.example", role="teacher"))
    assert people(two, school) == {"Vera Orlova": ["1"]}
    sync(two, school, "chat", listed("@v", "V. Orlova", "v@school.example"))
    assert len(waiting(two, school, ben)) == 1
    with two.begin() as tx:
        linked.confirm(tx, ben, suggesting.doubts(tx, ben, school.id), NOON)
    sync(two, school, "lms", listed("1", "Vera Orlova", "v@school.example", role="teacher"))
    assert people(two, school) == {"Vera Orlova": ["1", "@v"]}


def test_two_people_once_said_are_not_asked_about_again(
    two: Database, school: School, ben: Actor
) -> None:
    sync(two, school, "lms", listed("1", "Olga Kuznetsova"))
    chat = listed("@d", "Dark Dragon")
    sync(two, school, "chat", chat)
    with two.begin() as tx:
        assert linked.keep_apart(tx, ben, suggesting.doubts(tx, ben, school.id), NOON) == 1
    sync(two, school, "chat", listed("@d", "Olga Kuznetsova"))  # whatever it is called then
    assert len(people(two, school)) == 1  # of one name, and two persons
    with two.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM person")).scalar_one() == 2
    assert waiting(two, school, ben) == []


def test_what_an_older_pult_joined_under_another_name_is_asked_about(
    two: Database, school: School, ben: Actor
) -> None:
    sync(two, school, "lms", listed("1", "Olga Kuznetsova"))
    sync(two, school, "chat", listed("@d", "Olga Kuznetsova"))
    sync(two, school, "chat", listed("@d", "Dark Dragon"))  # joined is joined
    assert people(two, school) == {"Olga Kuznetsova": ["1", "@d"]}
    (doubt,) = waiting(two, school, ben)
    assert doubt.joined
    with two.begin() as tx:
        linked.keep_apart(tx, ben, [doubt], NOON)
    sync(two, school, "chat", listed("@d", "Dark Dragon"))
    assert people(two, school) == {"Olga Kuznetsova": ["1"], "Dark Dragon": ["@d"]}
    with two.read() as tx:
        (dragon,) = roster.people(tx, ben, school.id, search="dragon")
    assert dragon.email == MAMA  # nobody is missed
    assert waiting(two, school, ben) == []


def test_a_parent_with_the_child_s_address_is_nobody_s_double(
    two: Database, school: School, ada: Actor, ben: Actor
) -> None:
    with two.begin() as tx:
        for name, role in (("Maria Ivanova", "guardian"), ("Igor Ivanov", "student")):
            roster.save_person(
                tx, ada, school.id, name=name, email=MAMA, role=role, source="import", now=NOON
            )
    sync(two, school, "lms", listed("1", "Petya Ivanov"))
    assert pairs(waiting(two, school, ben)) == [("Igor Ivanov", "Petya Ivanov", False)]


def test_a_deleted_account_s_person_gets_the_new_one(two: Database, school: School) -> None:
    sync(two, school, "lms", listed("1", "Olga Kuznetsova"), listed("9", "Kim Lee", "k@x.y"))
    sync(two, school, "lms", listed("2", "Olga Kuznetsova"), listed("9", "Kim Lee", "k@x.y"))
    assert people(two, school) == {"Olga Kuznetsova": ["2"], "Kim Lee": ["9"]}


def test_who_shares_an_address_is_named_and_no_stranger_reads_it(
    two: Database, school: School, ben: Actor, zoe: Actor
) -> None:
    sync(two, school, "lms", listed("1", "Petya Ivanov"), listed("2", "Olya Ivanova"))
    with two.read() as tx:
        (petya,) = roster.people(tx, ben, school.id, search="petya")
        assert [name for _, name in suggesting.sharing(tx, ben, petya.id)] == ["Olya Ivanova"]
        with pytest.raises(Denied):
            suggesting.sharing(tx, zoe, petya.id)


@pytest.fixture
def console(two: Database, school: School) -> Console:
    """A teacher whose chat account nobody has confirmed, and somebody else with her address."""
    sync(two, school, "lms", listed("1", "*Vera* Orlova", "v@school.example", role="teacher"))
    sync(
        two, school, "chat", listed("@v", "Vera Orlova", "v@school.example"),
        listed("@d", "Dark Dragon", "v@school.example"),
    )  # fmt: skip
    return stage.console(two)


def test_the_screen_says_of_many_at_once_with_a_key_each(
    console: Console, school: School, ben: Actor
) -> None:
    at = screen("confirming", console, ben, school)
    assert [(box.value, "Dragon" in box.label) for box in at.checkbox] == [
        (True, False), (False, True),
    ]  # fmt: skip
    assert "*Vera*" not in said(at)
    keys = {button.label: button.proto.shortcut for button in at.button}
    assert (keys["One person: 1"], keys["Two people: 1"]) == ("a", "z")
    at.checkbox[0].uncheck()
    at = press(at.checkbox[1].check().run(), "Two people: 1")
    assert "Said of 1 account." in said(at)
    assert ["Dragon" in box.label for box in at.checkbox] == [False]
    at = press(at.checkbox[0].check().run(), "One person: 1")
    assert "No address waits for anybody's word." in said(at)
    accounts = people(console.db, school)
    assert accounts == {"*Vera* Orlova": ["1", "@v"], "Dark Dragon": ["@d"]}


def test_a_block_s_plan_names_what_is_only_suggested(
    console: Console, school: School, ben: Actor
) -> None:
    with console.db.read() as tx:
        (vera,) = roster.people(tx, ben, school.id, search="*vera*")
    at = dialog(lambda: blocking.ask(console, ben, school, "Vera", Subject(vera.id)))
    assert "@d: only suggested" in said(at)
    assert said(at).count("only suggested") == 2
    assert str(linking.SAME) in said(at)
    assert "Block 1 account" in {button.label for button in at.button}


def test_the_person_s_page_asks_too_and_names_who_shares_the_address(
    console: Console, school: School, ben: Actor
) -> None:
    with console.db.read() as tx:
        (vera,) = roster.people(tx, ben, school.id, search="*vera*")
    at = screen("person", console, ben, school, id=vera.id)
    assert "One address with" in said(at)
    assert "The same e-mail address; the names differ." in said(at)


def test_a_link_by_hand_is_no_account_that_joins_others(
    two: Database, school: School, ben: Actor
) -> None:
    sync(two, school, "lms", listed("1", "Olga Kuznetsova"))
    sync(two, school, "chat", listed("@x", "Nick", ""))
    with two.begin() as tx:
        olga, nick = (whose(tx, id_) for id_ in ("1", "@x"))
        linked.link(tx, ben, nick[0], olga[1], now=NOON)
    sync(two, school, "chat", listed("@x", "Nick", ""), listed("@o", "Olga Kuznetsova"))
    with two.read() as tx:
        assert whose(tx, "@x")[1] == olga[1] != whose(tx, "@o")[1]


def whose(tx: Connection, external_id: str) -> tuple[str, str]:
    row = tx.execute(
        text("SELECT id, person_id FROM platform_account WHERE external_id = :id"),
        {"id": external_id},
    ).one()
    return row.id, row.person_id
