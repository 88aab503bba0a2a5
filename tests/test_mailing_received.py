"""What one person got of all that was sent, and why some of it did not come."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from mailing import campaigns, inviting, reached, releasing
from mailing.invitation import Invitation
from mailing.inviting import CANCEL
from mailing.segments import Segment
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_mailing_campaigns import SENDER, draft, person

ODD = 'Аня "Б" \\ C\tД'


def told(tx: Connection, ana: Actor, who: str, **values: int) -> list[str]:
    return [each.campaign_id for each in reached.received(tx, ana, who, **values)]


def test_a_person_got_what_was_sent_to_her_the_newest_first(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina", group="7B")
        boris = person(tx, ana, school, "Boris", group="9A")
        everybody = [draft(tx, ana, school) for _ in range(3)]
        boris_alone = draft(tx, ana, school, Segment(groups=("9A",)))
        never = draft(tx, ana, school)
        for n, id_ in enumerate((*everybody, boris_alone)):
            releasing.release(tx, ana, id_, now=NOON + timedelta(minutes=n))
        assert told(tx, ana, alina) == everybody[::-1]
        assert told(tx, ana, boris) == [boris_alone, *everybody[::-1]]
        assert told(tx, ana, boris, limit=2) == [boris_alone, everybody[2]]
        assert never not in told(tx, ana, boris)
        tx.execute(
            text("UPDATE delivery SET updated_at = :at WHERE campaign_id = :id"),
            {"at": NOON + timedelta(hours=1), "id": everybody[0]},
        )
        assert told(tx, ana, boris)[0] == everybody[0], "it moved last"


def test_who_needs_a_hand_is_listed_first_and_each_by_name(
    database: Database, school: School, ana: Actor
) -> None:
    states = ("suppressed", "due", "sending", "failed", "held", "sent")
    with database.begin() as tx:
        for n, state in enumerate(states):
            for letter in "BA":
                person(tx, ana, school, f"{letter} {state}", email=f"{letter}{n}@school.example")
        id_ = draft(tx, ana, school)
        releasing.release(tx, ana, id_, now=NOON)
        for state in states:
            tx.execute(
                text("UPDATE delivery SET state = :state WHERE name LIKE :named"),
                {"state": state, "named": f"% {state}"},
            )
        tx.execute(text("UPDATE delivery SET next_at = 5 WHERE name = 'B due'"))
        tx.execute(text("UPDATE delivery SET next_at = 6 WHERE name = 'A due'"))
        found = [each.name for each in reached.undelivered(tx, ana, id_)]
        few = [each.name for each in reached.undelivered(tx, ana, id_, limit=3)]
    assert found[:4] == ["A held", "B held", "A failed", "B failed"]
    assert sorted(found[4:6]) == ["A sending", "B sending"]
    assert found[6:] == ["B due", "A due", "A suppressed", "B suppressed"]
    assert few == found[:3]


def test_who_may_not_see_people_is_refused_also_where_there_is_no_mail(
    database: Database, school: School, ana: Actor, eve: Actor
) -> None:
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina")
        assert reached.received(tx, ana, alina) == []
        with pytest.raises(Denied):
            reached.received(tx, eve, alina)


def test_fields_stand_in_the_ledger_as_they_are(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, ODD, email="odd@school.example", level='"', group="{7}")
        person(tx, ana, school, "Boris", fields={"room": ODD})
        releasing.release(tx, ana, draft(tx, ana, school), now=NOON)
        found = tx.execute(text("SELECT name, fields FROM delivery")).all()
    fields = {row.name: json.loads(row.fields) for row in found}
    assert fields[ODD]["name"] == ODD
    assert fields[ODD]["group"] == "{7}"
    assert fields[ODD]["level"] == '"'
    assert list(fields[ODD]) == ["name", "email", "role", "language", "level", "group"]
    assert fields["Boris"]["room"] == ODD


def titled(tx: Connection, ana: Actor, school: School, subject: dict[str, str]) -> str:
    return campaigns.draft(
        tx, ana, school.id, subject=subject, body=dict.fromkeys(subject, "Words"),
        segment=Segment(everyone=True), sender=SENDER, now=NOON,
    )  # fmt: skip


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """The statements of the block."""
    told: list[str] = []

    def listen(*values: Any) -> None:
        told.append(values[2])

    event.listen(database.operations, "before_cursor_execute", listen)
    try:
        yield told
    finally:
        event.remove(database.operations, "before_cursor_execute", listen)


def test_each_subject_is_told_as_it_was_for_this_reader(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina", group="7B", language="en")
        boris = person(tx, ana, school, "Boris", language="ru")
        own = {"en": "{{ name }}, {% if group = 7B %}room 9{% else %}hall{% end %}", "ru": "Класс"}
        lesson = titled(tx, ana, school, {"en": "{{ lesson }}: {{ lesson_when }}"})
        start = NOON + timedelta(days=1)
        called_off = Invitation("l1", 0, CANCEL, "Physics", "", "", start, start)
        inviting.keep(tx, lesson, school.id, called_off, now=NOON)
        for n, id_ in enumerate((titled(tx, ana, school, own), lesson)):
            releasing.release(tx, ana, id_, anyway="A trial", now=NOON + timedelta(minutes=n))
        of_alina = [each.subject for each in reached.received(tx, ana, alina)]
        of_boris = [each.subject for each in reached.received(tx, ana, boris)]
        assert of_alina[0].startswith("Physics: ")
        assert "15:00" in of_alina[0], "by the school's clock"
        assert of_alina[1] == "Alina, room 9"
        assert of_boris[1] == "Класс"
        letter = reached.received(tx, ana, alina)[1].delivery_id
        named = tx.execute(text("SELECT name FROM delivery WHERE id = :id"), {"id": letter})
        assert named.scalar_one() == "Alina"


def test_a_long_history_asks_no_more_of_the_database_than_a_short_one(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina")
        releasing.release(tx, ana, draft(tx, ana, school), now=NOON)
    with database.read() as tx, asked(database) as short:
        assert len(told(tx, ana, alina)) == 1
    with database.begin() as tx:
        for _ in range(9):
            releasing.release(tx, ana, draft(tx, ana, school), now=NOON)
    with database.read() as tx, asked(database) as long:
        assert len(told(tx, ana, alina)) == 10
    assert len(long) == len(short)
