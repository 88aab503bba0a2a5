"""The worker's rounds: what is wrong with one connection is told, and keeps no other waiting."""

import threading
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from cryptography.fernet import Fernet

from console import rounds
from console.desk import connections, incidents, owed, relays
from console.desk.incidents import Source
from console.wiring import Console
from probes import targets
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.vault import Vault
from store.words import Words
from tests import smtp, stage
from tests.conftest import NOON
from tests.test_desk_notices_to_staff import SENDER, Desk


@pytest.mark.parametrize("work", [rounds.Comments(), rounds.rosters])
def test_a_secret_of_another_key_is_told_and_the_next_connection_is_asked(
    database: Database, school: School, ada: Actor, work: Callable[[Console, threading.Event], None]
) -> None:
    console = stage.console(database)
    other = Vault(Fernet.generate_key())
    with database.begin() as tx:
        for name, vault in (("A", other), ("B", console.vault)):
            connections.add(
                tx, ada, school.id, vault, platform="moodle", name=name,
                url="http://127.0.0.1:9", secret="t0ken", now=NOON,
            )  # fmt: skip
        if isinstance(work, rounds.Comments):
            tx.execute(text("UPDATE connection SET synced_at = :now"), {"now": NOON})
    work(console, threading.Event())
    with database.read() as tx:
        lost, away = connections.of(tx, ada, school.id)
    assert (lost.state, away.state) == ("failing", "failing")
    assert "vault" in str(lost.detail)
    assert "127.0.0.1:9 does not answer" in str(away.detail)


def test_what_nobody_foresaw_of_one_connection_keeps_no_other_from_its_intake(
    database: Database, school: School, ada: Actor
) -> None:
    console = stage.console(database)
    with database.begin() as tx:
        for name in "AB":
            connections.add(
                tx, ada, school.id, console.vault, platform="moodle", name=name,
                url="http://127.0.0.1:9", secret="t0ken", now=NOON,
            )  # fmt: skip
        tx.execute(text("UPDATE connection SET synced_at = :now"), {"now": NOON})
        tx.execute(text("UPDATE connection SET platform = 'of a later version' WHERE name = 'A'"))
    rounds.Comments()(console, threading.Event())
    with database.read() as tx:
        _later, away = connections.of(tx, ada, school.id)
    assert "127.0.0.1:9 does not answer" in str(away.detail)


def alerted(database: Database, school_id: str, state: str) -> None:
    with database.begin() as tx:
        target = targets.add(
            tx, access.system(school_id), school_id, name="Moodle", prober="http",
            address="http://127.0.0.1:9/", now=NOON,
        )  # fmt: skip
        tx.execute(
            text("""
                INSERT INTO alert (id, school_id, target_id, target_name, state, since)
                VALUES (:target, :school, :target, 'Moodle', :state, :now)
            """),
            {"target": target, "school": school_id, "state": state, "now": NOON},
        )


def test_one_school_s_broken_alerts_keep_no_other_school_waiting(
    database: Database, school: School, elsewhere: School
) -> None:
    broken, well = sorted((school.id, elsewhere.id))
    alerted(database, broken, "of another version")
    alerted(database, well, "down")
    rounds.alerts(stage.console(database), threading.Event())
    with database.read() as tx:
        (found,) = incidents.open_(tx, access.system(well), well)
    assert str(found.title) == "Moodle does not answer"


def test_alerts_that_fail_for_every_school_fail_the_round(
    database: Database, school: School
) -> None:
    alerted(database, school.id, "of another version")
    with pytest.raises(ValueError, match="of another version"):
        rounds.alerts(stage.console(database), threading.Event())


@pytest.mark.parametrize("others_fail_too", [False, True])
def test_one_school_s_broken_rows_keep_no_other_school_s_notices_waiting(
    database: Database, school: School, elsewhere: School, others_fail_too: bool
) -> None:
    """What is due leaves, whichever schools' rows cannot be read."""
    broken, well = sorted((school.id, elsewhere.id))
    with smtp.relay() as relay:
        desks = {id_: Desk(database, one) for id_, one in ((s.id, s) for s in (school, elsewhere))}
        console = desks[well].console
        for desk in desks.values():
            with database.begin() as tx:
                relays.save(
                    tx, desk.pult, desk.school.id, console.vault, url=relay.url, sender=SENDER,
                    now=NOON,
                )  # fmt: skip
            desk.tell("duty@school.example", "smtp")
            incident(desk)
        unreadable = (broken, well) if others_fail_too else (broken,)
        if others_fail_too:
            for desk in desks.values():
                owed.follow(database, desk.pult, desk.school.id, now=NOON)
        with database.begin() as tx:
            for id_ in unreadable:
                tx.execute(
                    text("UPDATE incident SET title = 'no words' WHERE school_id = :school"),
                    {"school": id_},
                )
        with (
            pytest.raises(ValueError, match="Expecting value") if others_fail_too else nullcontext()
        ):
            rounds.notices(console, threading.Event())
    assert len(relay.mails) == (2 if others_fail_too else 1)


def test_one_school_s_broken_lessons_keep_no_other_school_s_uncounted(
    database: Database, school: School, elsewhere: School, caplog: pytest.LogCaptureFixture
) -> None:
    broken, well = sorted((school.id, elsewhere.id))
    console, attendance = stage.console(database), rounds.Attendance()

    def breaks(school_id: str) -> None:
        with database.begin() as tx:
            added = connections.add(
                tx, access.system(school_id), school_id, console.vault, platform="bigbluebutton",
                name="Media", url="http://127.0.0.1:9", secret="t0ken", now=NOON,
            )  # fmt: skip
            tx.execute(text("UPDATE connection SET options = 'none' WHERE id = :id"), {"id": added})

    breaks(broken)
    attendance(console, threading.Event())
    assert f"attendance of school {broken}" in caplog.text
    assert f"attendance of school {well}" not in caplog.text
    breaks(well)
    with pytest.raises(ValueError, match="Expecting value"):
        attendance(console, threading.Event())


def incident(desk: Desk) -> str:
    source = Source("room:r", Words("{name} does not answer", {"name": "Media A"}), "down", 34)
    with desk.database.begin() as tx:
        return incidents.raise_(tx, desk.pult, desk.school.id, source, now=NOON)
