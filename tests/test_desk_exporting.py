"""Exports: what stands in the tables, and nothing that a spreadsheet would run."""

import csv
from io import StringIO

import pytest

from console import i18n
from console.desk import exporting, incidents
from moderation import review
from moderation.model import Penalty
from store import roster
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.words import Words
from tests import stage
from tests.conftest import NOON


def exported(name: str, database: Database, actor: Actor, school: School) -> list[dict[str, str]]:
    out = StringIO(newline="")
    with database.read() as tx:
        count = exporting.write(name, tx, actor, school, out)
    rows = list(csv.DictReader(StringIO(out.getvalue(), newline="")))
    assert len(rows) == count
    return rows


@pytest.mark.parametrize("name", ["=1+1", "+7", "-3", "@x", "\tq", '=HYPERLINK("http://x","y")'])
def test_no_cell_is_a_formula(database: Database, school: School, ana: Actor, name: str) -> None:
    with database.begin() as tx:
        roster.save_person(tx, ana, school.id, name=name, email="a@b.test", source="test", now=NOON)
    (row,) = exported("people", database, ana, school)
    assert row["name"] == f"'{name}"


def test_commas_quotes_and_lines_come_back_as_they_were(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        roster.save_person(
            tx, ana, school.id, name='Ёж, "Ежи"\nИванович', email="", source="test", now=NOON
        )
    (row,) = exported("people", database, ana, school)
    assert row["name"] == 'Ёж, "Ежи"\nИванович'


def test_incidents_are_told_in_the_schools_time(
    database: Database, school: School, ana: Actor
) -> None:
    source = incidents.Source("x", Words("{name} has stopped", {"name": "B"}), "down", 58)
    with database.begin() as tx:
        incidents.raise_(tx, ana, school.id, source, now=NOON)
    (row,) = exported("incidents", database, ana, school)
    assert (row["opened"], row["title"]) == ("2026-03-10 15:00:00", "B has stopped")
    assert (row["closed"], row["affected"]) == ("", "58")


def test_the_audit_trail_is_whole(database: Database, school: School, ada: Actor) -> None:
    source = incidents.Source("x", Words("B"), "down", 1)
    with database.begin() as tx:
        incident_id = incidents.raise_(tx, ada, school.id, source, now=NOON)
    rows = exported("audit", database, ada, school)
    assert ("open incident", incident_id) in [(row["action"], row["subject"]) for row in rows]


def test_moderation_s_lists_are_exported_and_a_screen_s_in_the_reader_s_words(
    database: Database, school: School, ana: Actor, ben: Actor
) -> None:
    on = stage.console(database)
    shelf = stage.connect(on, school, "http://127.0.0.1:9", "none")
    stage.queue(on, school, shelf, [stage.rude(1), stage.rude(2, "=you idiot")])
    with database.begin() as tx:
        case = next(
            each
            for each in review.waiting(tx, ben, school.id, now=on.now())
            if each.comment.external_id == "p1"
        )
        review.decide(tx, ben, case.id, "approve", penalties=[Penalty("warning")], now=on.now())
    (waits,) = exported("cases", database, ana, school)
    assert (waits["text"], waits["reports"]) == ("'=you idiot", "0")
    (decided,) = exported("decisions", database, ana, school)
    assert (decided["decision"], decided["text"]) == ("approve", "what an idiot")
    (imposed,) = exported("measures", database, ana, school)
    assert (imposed["measure"], imposed["name"], imposed["lifted"]) == ("warning", "Kim Lee", "")
    with database.begin() as tx:
        tx.execute(text("UPDATE decision SET decided_by = 'else'"))
        tx.execute(text("UPDATE measure SET imposed_by = 'else'"))
    for each in ("decisions", "measures"):
        assert exported(each, database, ben, school) == []
        assert len(exported(each, database, ana, school)) == 1
    with i18n.speaking("ru"), database.read() as tx:
        spoken = {"decision": lambda code: f"<{code}>"}
        titles, row = exporting.table("decisions", tx, ana, school, spoken=spoken)
        [listed, *_] = exporting.table("cases", tx, ana, school, spoken={})
    assert listed[1:5] == ("Автор", "Место", "Текст", "Жалоб")
    assert titles[:3] == ("Когда", "Кто", "Решение")
    assert row[2] == "<approve>"
