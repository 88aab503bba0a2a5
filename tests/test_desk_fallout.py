"""Who is affected: the boards, the letter and the urgent lane name the same lessons."""

from datetime import timedelta

import pytest

from console.desk import affected, incidents, notices
from console.desk.incidents import IncidentError, Source
from mailing import campaigns
from mailing.segments import Segment
from probes import targets
from probes.judge import Standing
from probes.model import Result, State
from probes.recording import Record, write
from probes.resting import BETWEEN
from store.access import Actor
from store.db import Database, new_id, text
from store.schools import School
from store.words import Words
from tests.conftest import NOON
from tests.test_desk_board import EVERY, Evening

SENDER = "School 14 <news@school14.test>"
LMS = "https://lms.school14.test/moodle"


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    """Two servers with a lesson each, of 40 and of 20 people."""
    made = Evening(database, school, ana)
    for server, title, expected in (("A", "Algebra", 40), ("B", "Biology", 20)):
        made.server(server)
        made.lesson(title, server, expected=expected)
        made.read(server, State.OK, at=NOON, **{title: (expected, 1)})
        course = new_id()
        with database.begin() as tx:
            tx.execute(
                text("""
                    INSERT INTO course (id, school_id, external_id, name, gone, updated_at)
                    VALUES (:id, :school, :title, :title, FALSE, :now)
                """),
                {"id": course, "school": school.id, "title": title, "now": NOON},
            )
            tx.execute(
                text("UPDATE lesson SET course_id = :id WHERE title = :title"),
                {"id": course, "title": title},
            )
    return made


def probe(evening: Evening, prober: str, address: str, connection_id: str | None = None) -> str:
    with evening.db.begin() as tx:
        return targets.add(
            tx, evening.actor, evening.school.id, name=address, prober=prober, address=address,
            connection_id=connection_id, interval=EVERY, now=NOON,
        )  # fmt: skip


def fails(
    evening: Evening, target_id: str, state: State = State.DOWN, why: Words | None = None
) -> None:
    with evening.db.read() as tx:
        target = targets.get(tx, evening.actor, target_id)
    with evening.db.begin("metrics") as mtx:
        result = Result(target_id, NOON, state, why=why, since=NOON)
        write(mtx, [Record(target, result, Standing(state, NOON, 2, 0))])


def depends(evening: Evening, child: str, parent: str) -> None:
    with evening.db.begin() as tx:
        tx.execute(
            text("INSERT INTO target_parent VALUES (:child, :parent, :school)"),
            {"child": child, "parent": parent, "school": evening.school.id},
        )


def hit(evening: Evening, target_id: str) -> tuple[int, list[str], int]:
    """People by the board, lessons by the urgent lane, how many courses have the letter."""
    db, actor = evening.db, evening.actor
    (row,) = (each for each in evening.board().services if each.target_id == target_id)
    source = Source("x", Words("It fails"), "down", 0, target_id=target_id)
    with db.begin() as tx:
        incident_id = incidents.raise_(tx, actor, evening.school.id, source, now=NOON)
        incident = incidents.get(tx, actor, incident_id)
        assert incident is not None
        hits = affected.by_incident(tx, evening.school, incident, now=NOON)
        try:
            letter = notices.tell(tx, actor, incident_id, sender=SENDER, now=NOON)
        except IncidentError:
            return row.affected, [], 0
        told = Segment.from_json(campaigns.get(tx, actor, letter).segment).courses
    return row.affected, sorted(each.title for each in hits), len(told)


ALL = (60, ["Algebra", "Biology"], 2)


def test_what_every_call_needs_hits_every_lesson(evening: Evening) -> None:
    turn = probe(evening, "turn", "turn.school14.test:3478")
    fails(evening, turn)
    assert hit(evening, turn) == ALL


@pytest.mark.parametrize("address", ["https://школа.рф/", "https://xn--80atdl2c.xn--p1ai:443"])
def test_a_host_is_the_same_in_any_alphabet(evening: Evening, address: str) -> None:
    with evening.db.begin() as tx:
        tx.execute(text("UPDATE connection SET url = 'https://XN--80ATDL2C.xn--p1ai/moodle'"))
        tx.execute(text("UPDATE connection SET platform = 'moodle'"))
    page = probe(evening, "http", address)
    fails(evening, page)
    assert hit(evening, page) == ALL


def test_what_a_server_stands_on_hits_the_server_s_lessons(evening: Evening) -> None:
    power = probe(evening, "tcp", "power.school14.test:80")
    switch = probe(evening, "tcp", "switch.school14.test:80")
    depends(evening, switch, power)
    depends(evening, evening.meters["A"], switch)
    fails(evening, power)
    assert hit(evening, power) == (40, ["Algebra"], 1)


@pytest.mark.parametrize("address", [LMS, "https://lms.school14.test/login?x=1"])
def test_a_page_of_the_lms_hits_every_lesson_without_a_connection_of_its_own(
    evening: Evening, address: str
) -> None:
    evening.server("LMS")
    with evening.db.begin() as tx:
        tx.execute(
            text("UPDATE connection SET platform = 'moodle', url = :url WHERE name = 'LMS'"),
            {"url": LMS},
        )
    page = probe(evening, "http", address)
    fails(evening, page)
    assert hit(evening, page) == ALL


def test_what_nothing_stands_on_hits_nobody(evening: Evening) -> None:
    other = probe(evening, "http", "https://library.school14.test/")
    fails(evening, other)
    assert hit(evening, other) == (0, [], 0)


@pytest.mark.parametrize("state", [State.SUSPECT, State.UNKNOWN])
def test_the_board_folds_what_is_as_bad_as_what_it_stands_on(
    evening: Evening, state: State
) -> None:
    parent, child = probe(evening, "tcp", "a.test:80"), probe(evening, "tls", "a.test:443")
    depends(evening, child, parent)
    fails(evening, parent, state)
    for told, folded in ((state, True), (State.DOWN, False)):
        fails(evening, child, told)
        rows = {row.target_id: row for row in evening.board().services}
        assert (rows[parent].behind, rows[child].folded) == (int(folded), folded)


def test_the_board_folds_under_a_maintenance_but_not_under_what_rests(evening: Evening) -> None:
    parent, child = probe(evening, "tcp", "a.test:80"), probe(evening, "tls", "a.test:443")
    depends(evening, child, parent)
    fails(evening, child)
    for why, folded in ((Words("Under maintenance"), True), (Words(BETWEEN), False)):
        fails(evening, parent, State.MAINTENANCE, why)
        rows = {row.target_id: row for row in evening.board().services}
        assert (rows[parent].behind, rows[child].folded) == (int(folded), folded)


def test_an_outage_of_the_lms_hits_lessons_without_a_room_too(evening: Evening) -> None:
    turn = probe(evening, "turn", "turn.school14.test:3478")
    fails(evening, turn)
    with evening.db.begin() as tx:
        tx.execute(text("UPDATE lesson SET room_id = NULL WHERE title = 'Biology'"))
    assert hit(evening, turn) == ALL
    later = evening.board(at=NOON + timedelta(hours=12))
    assert {row.affected for row in later.services} == {0}


def test_what_is_switched_off_in_the_middle_cuts_no_line(evening: Evening) -> None:
    top, middle, below = (probe(evening, "tcp", f"{name}.test:80") for name in "abc")
    depends(evening, middle, top)
    depends(evening, below, middle)
    switch(evening, middle, on=False)
    fails(evening, top)
    fails(evening, below)
    rows = {row.target_id: row for row in evening.board().services}
    assert (rows[top].behind, rows[below].folded) == (1, True)
    with evening.db.read() as tx:
        probed = {each.id: each for each in targets.probed(tx, evening.actor)}
    assert probed[below].parent_ids == (top,)
    switch(evening, top, on=False)
    with evening.db.read() as tx:
        probed = {each.id: each for each in targets.probed(tx, evening.actor)}
    assert probed[below].parent_ids == ()


def switch(evening: Evening, target_id: str, *, on: bool) -> None:
    with evening.db.begin() as tx:
        tx.execute(
            text("UPDATE target SET enabled = :on WHERE id = :id"), {"id": target_id, "on": on}
        )
