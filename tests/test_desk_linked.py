"""Whoever was nothing but the linked account leaves nothing of hers behind."""

from typing import Any

import pytest

from console.desk import linked, unreached
from console.wiring import Console
from mailing import campaigns, releasing
from mailing.segments import Segment
from store.access import Actor
from store.db import Connection, Database, new_id, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.test_mailing_campaigns import SENDER
from tests.test_mailing_campaigns import person as in_roster
from tests.test_store_linking import account, listed, person, sync


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database, sender=SENDER)


def rows(tx: Connection, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(text(sql), values)]


def hung(tx: Connection, school: School, pupil: str, mother: str) -> None:
    """What a person may have beside her account."""
    for sql in (
        "INSERT INTO guardian (person_id, guardian_id) VALUES (:p, :m)",
        "INSERT INTO guardian (person_id, guardian_id) VALUES (:m, :p)",
        """INSERT INTO reach (person_id, school_id, phone, messenger_sealed, ways, changed_at)
           VALUES (:p, :s, '+79990001122', '', 'sms', 0)""",
        """INSERT INTO age (person_id, school_id, born, minor, changed_at)
           VALUES (:p, :s, '', 'yes', 0)""",
        """INSERT INTO measure (id, school_id, person_id, kind, reason, rule, imposed_by,
                                imposed_at, lift_reason)
           VALUES (:n, :s, :p, 'mute', '', '', 'ana', 0, '')""",
    ):
        tx.execute(text(sql), {"p": pupil, "m": mother, "s": school.id, "n": new_id()})


def mailed(tx: Connection, ana: Actor, school: School) -> str:
    id_ = campaigns.draft(
        tx, ana, school.id, subject={"en": "A"}, body={"en": "B"},
        segment=Segment(everyone=True), sender=SENDER, now=NOON,
    )  # fmt: skip
    releasing.release(tx, ana, id_, now=NOON)
    return id_


def test_the_phone_the_parents_the_mail_and_the_measures_come_along(
    console: Console, school: School, ana: Actor
) -> None:
    with console.db.begin() as tx:
        connect(tx, school, "chat")
        sync(tx, school, "chat", listed("@p:chat.example", "@p:chat.example", "Petya"))
        olga, mother = in_roster(tx, ana, school, "Petya"), in_roster(tx, ana, school, "Mother")
        pupil = person(tx, ana, "@p:chat.example")
        hung(tx, school, pupil, mother)
        id_ = mailed(tx, ana, school)
        linked.link(tx, ana, account(tx, "@p:chat.example"), olga, now=NOON)
        both = {"p": olga}
        assert rows(tx, "SELECT id FROM person WHERE id = :b", b=pupil) == []
        assert rows(tx, "SELECT phone FROM reach WHERE person_id = :p", **both) == [
            ("+79990001122",)
        ]
        for asked in (
            "SELECT guardian_id FROM guardian WHERE person_id = :p",
            "SELECT person_id FROM guardian WHERE guardian_id = :p",
        ):
            assert rows(tx, asked, **both) == [(mother,)]
        assert rows(tx, "SELECT minor FROM age WHERE person_id = :p", **both) == [("yes",)]
        assert rows(tx, "SELECT kind FROM measure WHERE person_id = :p", **both) == [("mute",)]
        of = "SELECT COUNT(*) FROM delivery WHERE campaign_id = :c AND person_id = :p"
        assert rows(tx, of, c=id_, p=olga) == [(2,)]  # her own, and the account's without address
        assert rows(tx, of, c=id_, p=pupil) == [(0,)]


def test_what_the_person_has_already_stands_before_what_comes(
    console: Console, school: School, ana: Actor
) -> None:
    with console.db.begin() as tx:
        connect(tx, school, "chat")
        sync(tx, school, "chat", listed("@p:chat.example", "@p:chat.example", "Petya"))
        olga, mother = in_roster(tx, ana, school, "Petya"), in_roster(tx, ana, school, "Mother")
        for one in (olga, person(tx, ana, "@p:chat.example")):
            hung(tx, school, one, mother)
        tx.execute(text("UPDATE reach SET phone = '+7111' WHERE person_id = :p"), {"p": olga})
        linked.link(tx, ana, account(tx, "@p:chat.example"), olga, now=NOON)
        assert rows(tx, "SELECT phone FROM reach") == [("+7111",)]
        assert sorted(rows(tx, "SELECT person_id, guardian_id FROM guardian")) == sorted(
            [(olga, mother), (mother, olga)]
        )


def test_a_line_of_not_reached_stays_when_its_person_is_gone(
    console: Console, school: School, ana: Actor
) -> None:
    with console.db.begin() as tx:
        in_roster(tx, ana, school, "Alina")
        id_ = mailed(tx, ana, school)
        tx.execute(text("UPDATE delivery SET state = 'failed'"))
        tx.execute(text("DELETE FROM person"))
        assert [row.name for row in unreached._without_it(tx, id_)] == ["Alina"]
