"""A welfare alarm is heard by the safeguarding lead, again and again, until a lead has it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console.desk import alarms, channels, incidents, owed
from moderation import comments, judging, rules, welfare, wordings
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.vault import Vault
from tests.conftest import NOON
from tests.moderation_platform import _comment, connect
from tests.stage import KEY

SAID = "I want to die"
POST = _comment({"id": "p1", "html": SAID, "author": "u1", "at": NOON.timestamp()})


@pytest.fixture(autouse=True)
def _alarmed(database: Database, school: School) -> None:
    pult = access.system(school.id)
    with database.begin() as tx:
        connect(tx, school)
        merged = wordings.merge(tx, pult, school.id, "lms", replace(POST), now=NOON)
        kept = comments.get(tx, pult, merged.id)
        assert kept is not None
        judging.judge(tx, pult, rules.of(tx, pult, school.id), kept, now=NOON)


def tell(database: Database, ada: Actor, school: School, name: str, *, welfare: bool) -> None:
    with database.begin() as tx:
        channels.add(
            tx, ada, school.id, Vault(KEY), name=name, transport="smtp",
            address=f"{name}@school.example", language="en", welfare=welfare, now=NOON,
        )  # fmt: skip


def told(database: Database, school: School, late: timedelta) -> list[tuple[str, str, str]]:
    """Who was told what, when the desk looks so much later; what was due has left."""
    pult = access.system(school.id)
    alarms.follow(database, pult, school.id, now=NOON + late)
    owed.follow(database, pult, school.id, now=NOON + late)
    with database.begin() as tx:
        rows = tx.execute(
            text("""
                SELECT channel.name, notice.kind, notice.subject || notice.body AS said
                FROM notice JOIN channel ON channel.id = notice.channel_id
                WHERE notice.state = 'due' ORDER BY channel.name
            """)
        ).all()
        tx.execute(text("UPDATE notice SET state = 'sent', attempt = 1 WHERE state = 'due'"))
    return [(row.name, row.kind, row.said) for row in rows]


def test_only_the_lead_s_channel_hears_of_it_and_reads_nothing_of_the_child(
    database: Database, school: School, ada: Actor
) -> None:
    tell(database, ada, school, "technicians", welfare=False)
    tell(database, ada, school, "lead", welfare=True)
    [(who, kind, said)] = told(database, school, timedelta(0))
    assert (who, kind) == ("lead", "trouble")
    assert "a child may need help" in said
    assert SAID not in said
    assert "Joe" not in said
    assert "lesson" not in said


def test_where_no_channel_is_the_lead_s_all_hear_of_it(
    database: Database, school: School, ada: Actor
) -> None:
    tell(database, ada, school, "technicians", welfare=False)
    assert [who for who, _kind, _said in told(database, school, timedelta(0))] == ["technicians"]


def test_where_the_lead_s_channel_failed_all_hear_of_it(
    database: Database, school: School, ada: Actor
) -> None:
    tell(database, ada, school, "technicians", welfare=False)
    tell(database, ada, school, "lead", welfare=True)
    assert [who for who, _kind, _said in told(database, school, timedelta(0))] == ["lead"]
    with database.begin() as tx:
        tx.execute(text("UPDATE notice SET state = 'failed'"))
    late = told(database, school, timedelta(minutes=1))
    assert [who for who, _kind, _said in late] == ["technicians"]


def test_it_is_repeated_though_somebody_took_the_incident_until_a_lead_acknowledges(
    database: Database, school: School, ada: Actor, ana: Actor
) -> None:
    tell(database, ada, school, "lead", welfare=True)
    assert len(told(database, school, timedelta(0))) == 1
    with database.begin() as tx:
        [incident] = incidents.open_(tx, ana, school.id)
        incidents.take(tx, ana, incident.id, now=NOON)
    assert told(database, school, timedelta(minutes=10)) == []
    assert [kind for _who, kind, _said in told(database, school, timedelta(minutes=31))] == [
        "trouble"
    ]
    with database.begin() as tx:
        [alarm] = welfare.open_(tx, ana, school.id)
        welfare.acknowledge(tx, ana, alarm.id, "called the parents", now=NOON)
    assert [kind for _who, kind, _said in told(database, school, timedelta(minutes=32))] == [
        "recovery"
    ]
    assert told(database, school, timedelta(hours=9)) == []


def test_an_incident_that_somebody_closes_is_opened_again_while_nobody_has_the_alarm(
    database: Database, school: School, ada: Actor, ana: Actor
) -> None:
    tell(database, ada, school, "lead", welfare=True)
    told(database, school, timedelta(0))
    with database.begin() as tx:
        [incident] = incidents.open_(tx, ana, school.id)
        incidents.close(tx, ana, incident.id, "nothing", now=NOON)
    assert "trouble" in {kind for _who, kind, _said in told(database, school, timedelta(0))}
    with database.begin() as tx:
        assert len(incidents.open_(tx, ana, school.id)) == 1
