"""The worker's rounds: what is wrong with one connection is told, and keeps no other waiting."""

import threading
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet

from console import rounds
from console.desk import connections, incidents
from console.wiring import Console
from probes import targets
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.vault import Vault
from tests import stage
from tests.conftest import NOON


@pytest.mark.parametrize("work", [rounds.comments, rounds.rosters])
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
        if work is rounds.comments:
            tx.execute(text("UPDATE connection SET synced_at = :now"), {"now": NOON})
    work(console, threading.Event())
    with database.read() as tx:
        lost, away = connections.of(tx, ada, school.id)
    assert (lost.state, away.state) == ("failing", "failing")
    assert "vault" in str(lost.detail)
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
