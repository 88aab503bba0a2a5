"""Attendance by lesson: counted from readings alone, foreseen only from a past that was counted."""

import json
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from console import rounds
from console.desk import attending
from console.desk import evening as desk_evening
from console.desk.attending import Learnt
from probes import foreseen, lessons
from probes.foreseen import Foreseen
from store import schools
from store.access import Actor
from store.db import Database, text
from store.schools import Clock, School
from tests import stage
from tests.conftest import NOON
from tests.test_desk_board import Evening

MINUTE = timedelta(minutes=1)
WEEK = timedelta(weeks=1)


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    made = Evening(database, school, ana)
    made.server("A")
    return made


def follow(evening: Evening, at: datetime, learnt: Learnt | None = None) -> int:
    actor = evening.actor
    return attending.follow(evening.db, actor, evening.school.id, learnt or Learnt(), now=at)


def evening_of(evening: Evening, at: datetime) -> desk_evening.Evening:
    return desk_evening.read(evening.db, evening.actor, evening.school.id, now=at)


def told(evening: Evening, at: datetime = NOON) -> list[Foreseen]:
    with evening.db.read("metrics") as mtx:
        found = foreseen.newest(mtx, evening.actor, evening.school.id, since=at)
    return list(found.values())


def remember(
    evening: Evening,
    title: str,
    peaks: Sequence[int],
    seats: int | None = 30,
    bound: int | None = None,
) -> None:
    """Past lessons of the same title, as the worker had written them; `bound`: seats then left."""
    with evening.db.begin("metrics") as mtx:
        for week, peak in enumerate(peaks, start=1):
            counts = [round(peak * min(max((m + 5) / 15, 0), 1)) for m in range(-15, 45)]
            mtx.execute(
                text("""
                    INSERT INTO lesson_count (lesson_id, starts_at, ends_at, school_id, course,
                        teacher, day, expected, seats, counts, peak, counted_until, early_p50,
                        early_p80, early_full, early_seats)
                    VALUES (:id, :starts, :ends, :school, :title, '', :day, 30, :seats, :counts,
                        :peak, 0, 20, 24, 0.9, :bound)
                """),
                {
                    "id": f"{title} {week}",
                    "starts": NOON - WEEK * week,
                    "ends": NOON - WEEK * week + 45 * MINUTE,
                    "school": evening.school.id,
                    "title": f"{title}/classroom",
                    "day": f"{NOON - WEEK * week:%Y-%m-%d}",
                    "seats": seats,
                    "bound": bound,
                    "counts": json.dumps(counts),
                    "peak": peak,
                },
            )


def test_a_lesson_is_counted_by_the_minute_and_kept(evening: Evening) -> None:
    evening.lesson("Maths", "A", starts=timedelta(0))
    for minute, people in ((-2, 3), (0, 12), (1, 15)):
        evening.read("A", at=NOON + minute * MINUTE, Maths=(people, int(people > 3)))
        follow(evening, NOON + minute * MINUTE + timedelta(seconds=5))
    evening.read("A", at=NOON + 44 * MINUTE, Maths=(14, 1))
    follow(evening, NOON + 47 * MINUTE)
    with evening.db.read("metrics") as mtx:
        (session,) = lessons.past(mtx, evening.actor, evening.school.id, until=NOON + 50 * MINUTE)
    assert [session.counts[15 + minute] for minute in (-2, -1, 0, 1, 2, 44)] == [
        3, None, 12, 15, None, 14
    ]  # fmt: skip
    assert (session.peak, session.plan.expected, session.plan.course) == (15, 20, "Maths/classroom")
    assert session.teacher_at is not None
    assert 0 <= session.teacher_at < 1


def test_a_worker_that_was_away_loses_no_count(evening: Evening) -> None:
    evening.lesson("Maths", "A", starts=timedelta(0))
    for minute in range(0, 40, 5):
        evening.read("A", at=NOON + minute * MINUTE, Maths=(minute, 1))
    follow(evening, NOON + 41 * MINUTE)
    (one,) = told(evening)
    assert [one.counts[15 + minute] for minute in range(0, 40, 5)] == list(range(0, 40, 5))


def test_what_nobody_could_read_is_not_counted_as_nought(evening: Evening) -> None:
    evening.lesson("Maths", "A", starts=timedelta(0))
    follow(evening, NOON + 10 * MINUTE)
    (one,) = told(evening)
    assert one.counts == ()


def test_a_lesson_that_was_moved_is_counted_anew(evening: Evening) -> None:
    evening.lesson("Maths", "A", starts=timedelta(0))
    evening.read("A", Maths=(12, 1))
    follow(evening, NOON + MINUTE)
    with evening.db.begin() as tx:
        tx.execute(
            text("UPDATE lesson SET starts_at = :at, ends_at = :end"),
            {"at": NOON + 60 * MINUTE, "end": NOON + 90 * MINUTE},
        )
    follow(evening, NOON + 2 * MINUTE)
    assert [one.counts for one in told(evening, NOON + 60 * MINUTE)] == [()]


@pytest.mark.parametrize("moved", [15 * MINUTE, -30 * MINUTE])
def test_a_moved_lesson_has_its_own_count_and_forecast(evening: Evening, moved: timedelta) -> None:
    evening.lesson("Maths", "A", starts=40 * MINUTE)
    follow(evening, NOON)
    with evening.db.begin() as tx:
        tx.execute(
            text("UPDATE lesson SET starts_at = starts_at + :by, ends_at = ends_at + :by"),
            {"by": moved.total_seconds()},
        )
    for minute, people in ((1, 5), (2, 7)):
        evening.read("A", at=NOON + minute * MINUTE, Maths=(people, 1))
        follow(evening, NOON + minute * MINUTE + timedelta(seconds=10))
    starts = NOON + 40 * MINUTE + moved
    with evening.db.read("metrics") as mtx:
        counted = lessons.running(mtx, evening.actor, evening.school.id, since=NOON)
    assert {key[1] for key in counted} == {NOON + 40 * MINUTE, starts}
    ((lesson_id, _), *_) = counted
    seen = evening_of(evening, NOON + 3 * MINUTE)
    (told,) = filter(None, map(seen.told, seen.lessons))
    assert (told.lesson_id, told.starts_at) == (lesson_id, starts)
    if moved < timedelta(0):
        assert [told.counts[15 + minute - 10] for minute in (1, 2)] == [5, 7]


def test_a_course_with_a_past_is_foreseen_and_one_without_says_so(evening: Evening) -> None:
    evening.lesson("Maths", "A", seats=25, expected=30, starts=5 * MINUTE)
    evening.lesson("New", "A", seats=25, expected=30, starts=5 * MINUTE)
    remember(evening, "Maths", (28, 29, 27, 30, 28, 29))
    assert follow(evening, NOON) == 2
    by_sessions = {one.forecast.sessions: one.forecast for one in told(evening)}
    assert by_sessions[6].enough
    assert (by_sessions[6].full or 0) > 0.6
    assert not by_sessions[0].enough
    assert [one.minute for one in told(evening)] == [-5, -5]


def test_the_smallest_limit_binds(evening: Evening) -> None:
    evening.server("B", seats=35)
    evening.lesson("Maths", "B", seats=30, expected=20, starts=5 * MINUTE)
    evening.lesson("Physics", "B", seats=30, expected=20, starts=5 * MINUTE)
    remember(evening, "Maths", (20, 20, 20, 20))
    remember(evening, "Physics", (20, 20, 20, 20))
    follow(evening, NOON)
    limits = [one.limit for one in told(evening)]
    assert [(limit.kind, limit.name) for limit in limits if limit] == [("server", "B")] * 2
    assert all(limit and limit.free < 30 for limit in limits)


def test_a_licence_counts_over_all_servers_of_its_platform(evening: Evening) -> None:
    evening.server("B")
    with evening.db.begin() as tx:
        tx.execute(text("""UPDATE connection SET options = '{"licence": "30"}' WHERE name = 'B'"""))
    evening.lesson("Maths", "A", seats=30, expected=20, starts=5 * MINUTE)
    evening.lesson("Physics", "B", seats=30, expected=20, starts=5 * MINUTE)
    follow(evening, NOON)
    assert [one.limit.kind for one in told(evening) if one.limit] == ["licence", "licence"]


def test_how_true_forecasts_were_is_told_from_what_was_said_before(evening: Evening) -> None:
    remember(evening, "Maths", (20, 22, 25, 40), bound=25)
    with evening.db.read("metrics") as mtx:
        found = foreseen.record(mtx, evening.actor, evening.school.id, until=NOON)
    assert found is not None
    assert (found.lessons, found.within) == (4, 0.5)
    assert found.miss == pytest.approx((0 + 2 / 22 + 5 / 25 + 20 / 40) / 4)
    assert found.brier == pytest.approx((0.9**2 * 2 + 0.1**2 * 2) / 4)


def test_a_chance_is_judged_by_what_bound_when_it_was_told(evening: Evening) -> None:
    evening.server("B", seats=35)
    evening.lesson("Maths", "B", seats=100, expected=20, starts=11 * MINUTE)
    remember(evening, "Maths", (20, 20, 20, 20), seats=None)
    with evening.db.read("metrics") as mtx:
        found = foreseen.record(mtx, evening.actor, evening.school.id, until=NOON)
    assert found is not None
    assert found.brier is None  # whether seats ran out is not known of them
    follow(evening, NOON)
    with evening.db.read("metrics") as mtx:
        kept = mtx.execute(text("SELECT early_seats FROM lesson_count WHERE early_seats > 0"))
        assert kept.scalars().all() == [35]


def test_last_year_is_forgotten(evening: Evening) -> None:
    remember(evening, "Maths", [20] * 60)
    with evening.db.begin("metrics") as mtx:
        lessons.forget(mtx, now=NOON)
        kept = mtx.execute(text("SELECT COUNT(*) FROM lesson_count")).scalar_one()
    assert 20 < kept < 40


def test_the_worker_s_round_counts_every_school(evening: Evening) -> None:
    console = stage.console(evening.db)
    evening.lesson("Maths", "A", starts=console.now() - NOON)
    rounds.Attendance()(console, threading.Event())
    assert len(told(evening, console.now())) == 1


def test_a_school_whose_clock_runs_faster_is_counted_by_its_own_minutes(
    evening: Evening, ada: Actor
) -> None:
    with evening.db.begin() as tx:
        tx.execute(text("UPDATE school SET simulated = TRUE"))
        schools.set_clock(tx, ada, evening.school.id, Clock(NOON, NOON + 60 * MINUTE, 10.0))
    evening.lesson("Maths", "A", starts=60 * MINUTE)
    for seconds, people in ((0, 4), (6, 9), (30, 15)):
        evening.read("A", at=NOON + timedelta(seconds=seconds), Maths=(people, 1))
    follow(evening, NOON + timedelta(seconds=31))
    (one,) = told(evening, NOON + 65 * MINUTE)
    assert [one.counts[15 + minute] for minute in range(6)] == [4, 9, None, None, None, 15]
