"""Whose account it is: suggested by what is shared, said by somebody, kept by every sync."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from store import access, enrolling, linking, roster
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.enrolling import Listed
from store.linking import LinkError
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.patience import PATIENCE, until

LATER = NOON + timedelta(hours=1)


def listed(external_id: str, username: str, name: str = "", email: str = "") -> Listed:
    return Listed(
        external_id, username, name or username, email, "student", "en", "", "",
        suspended=False, last_seen=None,
    )  # fmt: skip


def sync(tx: Connection, school: School, connection: str, *accounts: Listed) -> None:
    enrolling.people(tx, access.system(school.id), school.id, connection, accounts, now=NOON)


@pytest.fixture
def people(database: Database, school: School) -> Database:
    """Olga has an account on the LMS; one in the chat may be hers, another is Ivan's."""
    with database.begin() as tx:
        for name in ("lms", "chat"):
            connect(tx, school, name)
        sync(tx, school, "lms", listed("1", "olga", "Olga K", "olga@school.example"))
        sync(
            tx, school, "chat",
            listed("@olga:chat.example", "@olga:chat.example", "Olya"),
            listed("@ivan:chat.example", "@ivan:chat.example", "Ivan", "ivan@school.example"),
        )  # fmt: skip
    return database


def person(tx: Connection, actor: Actor, external_id: str) -> str:
    row = tx.execute(
        text("SELECT person_id FROM platform_account WHERE external_id = :id"), {"id": external_id}
    ).one()
    return str(row.person_id)


def account(tx: Connection, external_id: str) -> str:
    row = tx.execute(
        text("SELECT id FROM platform_account WHERE external_id = :id"), {"id": external_id}
    ).one()
    return str(row.id)


def hers(tx: Connection, actor: Actor) -> list[str]:
    found = roster.accounts_of(tx, actor, person(tx, actor, "1"))
    return sorted(each.external_id for each in found)


def test_the_same_user_name_is_suggested_and_nothing_is_linked_unasked(
    people: Database, ben: Actor
) -> None:
    with people.begin() as tx:
        (found,) = linking.suggested(tx, ben, person(tx, ben, "1"))
        assert hers(tx, ben) == ["1"]
    assert (found.account.external_id, found.why) == ("@olga:chat.example", linking.USERNAME)


def test_what_somebody_linked_no_sync_takes_apart(
    people: Database, school: School, ben: Actor
) -> None:
    with people.begin() as tx:
        olga = person(tx, ben, "1")
        before = person(tx, ben, "@olga:chat.example")
        linking.link(tx, ben, account(tx, "@olga:chat.example"), olga, now=NOON)
        chat = listed("@olga:chat.example", "@olga:chat.example", "Olya", "elsewhere@x.example")
        sync(tx, school, "chat", chat)
        assert hers(tx, ben) == ["1", "@olga:chat.example"]
        kept = roster.person(tx, ben, olga)
        assert kept is not None
        assert (kept.name, kept.email) == ("Olga K", "olga@school.example")
        assert roster.person(tx, ben, before) is None  # they were nothing but this account
        assert linking.suggested(tx, ben, olga) == []
        with pytest.raises(LinkError):
            linking.link(tx, ben, account(tx, "@olga:chat.example"), olga, now=NOON)


def test_whoever_is_known_by_an_address_stays_when_their_account_is_linked_elsewhere(
    people: Database, ben: Actor
) -> None:
    with people.begin() as tx:
        ivan = person(tx, ben, "@ivan:chat.example")
        linking.link(tx, ben, account(tx, "@ivan:chat.example"), person(tx, ben, "1"), now=NOON)
        assert roster.person(tx, ben, ivan) is not None


def test_what_an_address_joined_somebody_takes_apart_for_good(
    people: Database, school: School, ben: Actor
) -> None:
    taken = listed("@eve:chat.example", "@eve:chat.example", "Olga", "olga@school.example")
    with people.begin() as tx:
        sync(tx, school, "chat", taken)
        assert hers(tx, ben) == ["1", "@eve:chat.example"]
        alone = linking.unlink(tx, ben, account(tx, "@eve:chat.example"), now=NOON)
        sync(tx, school, "chat", taken)
        assert hers(tx, ben) == ["1"]
        assert person(tx, ben, "@eve:chat.example") == alone
        assert linking.suggested(tx, ben, person(tx, ben, "1")) == []
        with pytest.raises(LinkError, match="only account"):
            linking.unlink(tx, ben, account(tx, "1"), now=NOON)


def test_a_refused_suggestion_does_not_come_again(people: Database, ben: Actor) -> None:
    with people.begin() as tx:
        olga = person(tx, ben, "1")
        linking.refuse(tx, ben, account(tx, "@olga:chat.example"), olga, now=NOON)
        assert linking.suggested(tx, ben, olga) == []


def test_the_roster_names_an_account_and_an_address(
    people: Database, school: School, ada: Actor
) -> None:
    with people.begin() as tx:
        roster.save_person(
            tx, ada, school.id, name="Pyotr", email="pyotr@school.example",
            fields={"chat": "@ivan:chat.example", "second": "olga@school.example"},
            source="csv", now=NOON,
        )  # fmt: skip
        (pyotr,) = roster.people(tx, ada, school.id, search="pyotr")
        found = linking.suggested(tx, ada, pyotr.id)
    assert [(each.account.external_id, each.why) for each in found] == [
        ("@ivan:chat.example", linking.ROSTER),
        ("1", linking.EMAIL),
    ]


def test_the_same_name_is_enough_only_where_no_address_says_otherwise(
    people: Database, school: School, ben: Actor
) -> None:
    with people.begin() as tx:
        sync(
            tx, school, "chat",
            listed("@a:x", "a", "Olga K"), listed("@b:x", "b", "Olga K", "b@school.example"),
        )  # fmt: skip
        found = linking.suggested(tx, ben, person(tx, ben, "1"))
    assert [(each.account.external_id, each.why) for each in found] == [("@a:x", linking.NAME)]


def test_another_schools_account_is_out_of_reach(
    people: Database, ben: Actor, zoe: Actor, elsewhere: School
) -> None:
    both = Actor("zoe", "Zoe", "admin", ben.schools | {elsewhere.id})
    with people.begin() as tx:
        olga, chat = person(tx, ben, "1"), account(tx, "@olga:chat.example")
        theirs = roster.save_person(
            tx, both, elsewhere.id, name="P", email="p@x.example", source="csv", now=NOON
        )
        with pytest.raises(Denied):
            linking.link(tx, zoe, chat, olga, now=NOON)
        with pytest.raises(Denied):
            linking.link(tx, both, chat, theirs, now=NOON)


def test_a_sync_does_not_undo_what_somebody_says_while_it_reads(
    people: Database, school: School, ben: Actor
) -> None:
    """On PostgreSQL the sync reads before the link is kept, and writes after."""
    changed = listed("@olga:chat.example", "@olga:chat.example", "Olya K")
    with people.begin() as tx:
        olga, before = person(tx, ben, "1"), person(tx, ben, "@olga:chat.example")

    def read_and_write() -> None:
        with people.begin() as other:
            sync(other, school, "chat", changed)

    with ThreadPoolExecutor(1) as pool:
        with people.begin() as tx:
            linking.link(tx, ben, account(tx, "@olga:chat.example"), olga, now=NOON)
            syncing = pool.submit(read_and_write)
            if people.dialect == "postgresql":
                until(lambda: waits(tx))
        syncing.result(PATIENCE)
    with people.read() as tx:
        assert hers(tx, ben) == ["1", "@olga:chat.example"]
        assert roster.person(tx, ben, before) is None


def waits(tx: Connection) -> bool:
    """Whether somebody stands at what this transaction holds."""
    return tx.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).first() is not None
