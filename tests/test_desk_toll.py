"""Whom an incident affects changes while it stands, and a dead prober is one itself."""

import threading
from datetime import datetime, timedelta

import pytest

from console import rounds
from console.desk import alerting, incidents, notice_words, owed, toll, watchdog
from console.desk.incidents import Incident
from console.desk.notice_words import Cause
from probes import targets
from probes.model import State
from store import access, heartbeats
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.test_desk_board import EVERY, Evening

MINUTE = timedelta(minutes=1)


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    """A server that fails at noon; a lesson of 300 begins on it in ten minutes."""
    made = Evening(database, school, ana)
    made.server("BBB 1")
    made.lesson("Lecture", "BBB 1", seats=400, expected=300, starts=10 * MINUTE)
    made.alert("BBB 1")
    follow(made, NOON)
    return made


def follow(evening: Evening, now: datetime) -> None:
    evening.read("BBB 1", State.DOWN, at=now)
    alerting.follow(evening.db, evening.actor, evening.school.id, now=now)
    toll.count(evening.db, evening.actor, evening.school.id, now=now)


def only(evening: Evening) -> Incident:
    with evening.db.read() as tx:
        (found,) = incidents.open_(tx, evening.actor, evening.school.id)
    return found


def told(evening: Evening, now: datetime) -> str:
    return notice_words.trouble(
        evening.school, only(evening), Cause(), "en", again=True, now=now
    ).body


def test_who_is_affected_is_counted_anew_while_the_incident_stands(evening: Evening) -> None:
    assert only(evening).affected == 0
    assert "no lesson runs on it now" in told(evening, NOON)
    during = NOON + 30 * MINUTE
    follow(evening, during)
    assert only(evening).affected == 300
    assert "About 300 people" in told(evening, during)
    (card,) = evening.board(at=during).cards
    assert card.affected == 300
    after = NOON + 120 * MINUTE
    follow(evening, after)
    assert only(evening).affected == 0
    assert evening.board(at=after).cards[0].affected == 0


def test_a_card_counts_by_the_board_s_own_picture(evening: Evening) -> None:
    """Not by what was counted a moment ago."""
    during = NOON + 30 * MINUTE
    evening.read("BBB 1", State.DOWN, at=during)
    board = evening.board(at=during)
    assert board.cards[0].affected == 300
    assert {row.affected for row in board.services} == {300}


def test_what_is_over_is_told_with_the_most_that_were_affected_at_once(evening: Evening) -> None:
    follow(evening, NOON + 30 * MINUTE)
    follow(evening, NOON + 120 * MINUTE)
    with evening.db.begin() as tx:
        incident_id = only(evening).id
        incidents.take(tx, evening.actor, incident_id, now=NOON + 121 * MINUTE)
        incidents.recovered(tx, evening.actor, incident_id, now=NOON + 122 * MINUTE)
    assert only(evening).affected == 300
    assert toll.count(evening.db, evening.actor, evening.school.id, now=NOON + 123 * MINUTE) == 0


def test_the_worker_counts_each_school(evening: Evening) -> None:
    with evening.db.begin() as tx:
        tx.execute(text("UPDATE incident SET affected = 7"))
    rounds.affected(stage.console(evening.db), threading.Event())
    assert only(evening).affected == 0


class Steady:
    """A clock that nobody sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class House:
    """A school whose prober beats, or does not, and a worker that hears it."""

    def __init__(self, database: Database, school: School) -> None:
        self.db, self.school = database, school
        self.actor = access.system(school.id)
        self.steady = Steady()
        self.hearing = watchdog.Hearing(self.steady)
        with database.begin() as tx:
            targets.add(
                tx, self.actor, school.id, name="LMS", prober="http",
                address="http://127.0.0.1:9/", interval=EVERY, now=NOON,
            )  # fmt: skip

    def beat(self, at: datetime) -> None:
        with self.db.begin() as tx:
            heartbeats.beat(tx, "prober", 1, now=at)

    def after(self, seconds: float) -> list[str]:
        """What stands so much later; the wall clock is of no matter."""
        self.steady.seconds += seconds
        watchdog.follow(self.db, self.actor, self.school.id, self.hearing, now=NOON)
        with self.db.read() as tx:
            standing = incidents.open_(tx, self.actor, self.school.id)
        return [each.source for each in standing if not each.recovered_at]


@pytest.fixture
def house(database: Database, school: School) -> House:
    return House(database, school)


def test_a_prober_that_falls_silent_is_an_incident_until_it_is_heard(house: House) -> None:
    house.beat(NOON)
    assert house.after(0) == house.after(59) == []
    assert house.after(1) == house.after(600) == [watchdog.SOURCE]
    house.beat(NOON + MINUTE)
    assert house.after(1) == []
    assert house.after(60) == [watchdog.SOURCE]


@pytest.mark.parametrize("last", [-400 * 24 * 60 * MINUTE, timedelta(0), 60 * MINUTE])
def test_a_worker_that_begins_gives_the_prober_time_whatever_the_clock_says(
    house: House, last: timedelta
) -> None:
    """As after a start of the machine, a sleep, or a clock that was ahead."""
    house.beat(NOON + last)
    assert house.after(5) == house.after(50) == []
    assert house.after(20) == [watchdog.SOURCE]


def test_another_worker_s_start_does_not_end_what_stands(house: House) -> None:
    house.beat(NOON)
    house.after(0)
    assert house.after(60) == [watchdog.SOURCE]
    house.hearing = watchdog.Hearing(house.steady)
    assert house.after(0) == house.after(100) == [watchdog.SOURCE]


def test_nothing_is_said_where_nothing_is_probed(house: House) -> None:
    house.after(0)
    assert house.after(600) == []  # no prober ever was
    house.beat(NOON)
    with house.db.begin() as tx:
        tx.execute(text("UPDATE target SET enabled = FALSE"))
    house.after(0)
    assert house.after(600) == []


def test_a_silent_prober_is_told_with_what_to_do(house: House) -> None:
    house.beat(NOON)
    house.after(0)
    house.after(60)
    with house.db.read() as tx:
        (found,) = incidents.open_(tx, house.actor, house.school.id)
    assert alerting.advice(found) == watchdog.ADVICE
    assert found.severity in (owed.GRAVE, owed.BLIND)
    with pytest.raises(incidents.IncidentError, match="still fails"), house.db.begin() as tx:
        incidents.close(tx, house.actor, found.id, "no matter", now=NOON)


def test_the_worker_watches_the_prober(house: House) -> None:
    console, watching = stage.console(house.db), rounds.Watching(house.hearing)
    house.beat(NOON)
    watching(console, threading.Event())
    house.steady.seconds += 60
    watching(console, threading.Event())
    with house.db.read() as tx:
        (found,) = incidents.open_(tx, house.actor, house.school.id)
    assert found.source == watchdog.SOURCE
    with house.db.read() as tx:
        said = notice_words.trouble(house.school, found, Cause(), "en", again=False, now=NOON)
    assert "no lesson runs" not in said.body  # nobody knows
