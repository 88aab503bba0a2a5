"""A lesson at another hour in a new timetable is the same lesson, whatever the table calls it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from console.desk import importing, incidents, moved_lessons
from mailing import following, inviting, releasing
from store import access, moves
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_mailing_invitations import drafted, planned

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = "2026-03-11"
ALGEBRA, PHYSICS = "Algebra,10:00,11:00", "Physics,09:00,09:45"


def bring(database: Database, ada: Actor, school: School, *lines: str) -> list[tuple[str, str]]:
    """Import the table; return what the dry run said of it: hours before and after."""
    table = "title,start,end,room\n"
    for line in lines:
        title, start, end, *room = line.split(",")
        day, start = start.split(" ") if " " in start else (DAY, start)
        table += f"{title},{day} {start},{end},{''.join(room)}\n"
    plan = importing.timetable(table, zone=MOSCOW, now=NOON)
    said = importing.moves(database, ada, school.id, plan, now=NOON)
    importing.apply_timetable(database, ada, school.id, plan, now=NOON)
    clock = "%a %H:%M"
    return [
        (f"{each.before.astimezone(MOSCOW):{clock}}", f"{each.after.astimezone(MOSCOW):{clock}}")
        for each in said
    ]


def standing(database: Database) -> dict[str, str]:
    """Ids of the lessons that are to be, by title and hour."""
    with database.read() as tx:
        rows = tx.execute(text("SELECT id, title, starts_at FROM lesson WHERE NOT gone")).all()
    from_noon = NOON.timestamp()
    return {f"{row.title} {(row.starts_at - from_noon) / 3600:+.0f}": row.id for row in rows}


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (["Algebra,15:00,16:00", PHYSICS], [("Wed 10:00", "Wed 15:00")]),
        ([ALGEBRA, "Physics,12:00,12:45"], [("Wed 09:00", "Wed 12:00")]),
        (["Algebra,12:00,13:00", "Physics,13:00,13:45"],
         [("Wed 10:00", "Wed 12:00"), ("Wed 09:00", "Wed 13:00")]),
        (["algebra,2026-03-12 10:00,11:00", PHYSICS], [("Wed 10:00", "Thu 10:00")]),
    ],
    ids=["within", "the first one goes last", "all go", "another day"],
)  # fmt: skip
def test_a_moved_lesson_keeps_its_id_and_the_dry_run_names_it(
    database: Database, school: School, ada: Actor, then: list[str], said: list[tuple[str, str]]
) -> None:
    assert bring(database, ada, school, ALGEBRA, PHYSICS) == []
    before = standing(database)
    assert bring(database, ada, school, *then) == said
    assert sorted(standing(database).values()) == sorted(before.values())
    if "2026-03-12" not in then[0]:
        assert bring(database, ada, school, ALGEBRA, PHYSICS) != []
        assert standing(database) == before, "and back again"


@pytest.mark.parametrize(
    "then",
    ["Chemistry,15:00,16:00", "Algebra,15:00,15:45"],
    ids=["of another name", "of another length"],
)
def test_another_lesson_is_no_move(
    database: Database, school: School, ada: Actor, then: str
) -> None:
    bring(database, ada, school, ALGEBRA, PHYSICS)
    before = standing(database)
    assert bring(database, ada, school, then, PHYSICS) == []
    assert len(set(standing(database).values()) - set(before.values())) == 1


def test_what_the_table_does_not_speak_for_is_left_alone(
    database: Database, school: School, ada: Actor
) -> None:
    """Outside its span: on another day, or in another room, as another class's would be."""
    bring(database, ada, school, ALGEBRA)
    with database.begin() as tx:
        tx.execute(text("UPDATE lesson SET external_id = 'theirs'"))
    assert bring(database, ada, school, "Algebra,2026-03-12 08:00,09:00") == []
    assert len(standing(database)) == 2


def test_two_of_a_name_move_one_to_one_the_nearest_of_the_day_first(
    database: Database, school: School, ada: Actor
) -> None:
    bring(database, ada, school, PHYSICS, "Algebra,10:00,11:00", "Algebra,12:00,13:00")
    first = standing(database)
    said = bring(database, ada, school, PHYSICS, "Algebra,11:00,12:00", "Algebra,13:00,14:00")
    assert said == [("Wed 10:00", "Wed 11:00"), ("Wed 12:00", "Wed 13:00")]
    assert list(standing(database).values()) == list(first.values())


def test_readers_of_an_invitation_are_told_the_new_hour_of_a_table_that_came_anew(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    planned(database, school, NOON - timedelta(days=2))  # brings a reader
    bring(database, ada, school, ALGEBRA, PHYSICS)
    with database.read() as tx:
        lesson = tx.execute(text("SELECT id FROM lesson WHERE title = 'Algebra'")).scalar_one()
    id_ = drafted(database, ana, school, lesson)
    with database.begin() as tx:
        releasing.release(tx, ana, id_, anyway="A trial", now=NOON)
    bring(database, ada, school, "Algebra,15:00,16:00", PHYSICS)
    with database.begin() as tx:
        (found,) = following.untold(tx, ana, school.id, now=NOON)
        assert not found.off
        told = inviting.of(tx, ana, following.tell(tx, ana, id_, now=NOON))
    assert told is not None
    assert (told.method, told.starts_at.astimezone(MOSCOW).hour) == ("REQUEST", 15)


def test_a_lesson_that_may_have_moved_is_asked_about_and_not_called_off(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    """Its length is another one, so the import does not take it for the same."""
    planned(database, school, NOON - timedelta(days=2))
    bring(database, ada, school, ALGEBRA, PHYSICS)
    with database.read() as tx:
        lesson = tx.execute(text("SELECT id FROM lesson WHERE title = 'Algebra'")).scalar_one()
    id_ = drafted(database, ana, school, lesson)
    with database.begin() as tx:
        releasing.release(tx, ana, id_, anyway="A trial", now=NOON)
    bring(database, ada, school, "Algebra,15:00,15:45", PHYSICS)
    with database.read() as tx:
        changed = following.change(tx, ana, id_)
        assert changed is not None
        assert changed.off
        assert changed.perhaps is not None
        other = changed.perhaps.lesson_id
    moved_lessons.follow(database, access.system(school.id), school.id, now=NOON)
    with database.read() as tx:
        (told,) = incidents.open_(tx, ana, school.id)
    assert told.title.template == moved_lessons.PERHAPS
    with database.begin() as tx:
        assert moves.become(tx, ada, lesson, other, now=NOON)
        assert not moves.become(tx, ada, lesson, other, now=NOON)
        changed = following.change(tx, ana, id_)
        assert changed is not None
        assert not changed.off
        assert changed.starts_at.astimezone(MOSCOW).hour == 15
    before = standing(database)
    assert bring(database, ada, school, "Algebra,15:00,15:45", PHYSICS) == []
    assert standing(database) == before
