"""The forecast: what the past and the live count say together, and when they say nothing."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks import forecast as benchmark
from benchmarks import shared_seats
from benchmarks.scoring import report
from probes.forecasting.forecast import School, learn
from probes.forecasting.model import LEAD, Live, Plan, Session
from probes.forecasting.together import Shared, by_minute

TODAY = date(2026, 3, 2)
PLAN = Plan("next", "algebra", "ivanova", TODAY, expected=30, length=45, seats=25)


def held(weeks_ago: int, peak: int, *, late: int = 0, plan: Plan = PLAN) -> Session:
    """A lesson that filled evenly from five minutes before its start to ten after."""
    counts = tuple(
        round(peak * min(max((minute - late + 5) / 15, 0), 1)) for minute in range(-LEAD, 45)
    )
    before = replace(plan, id=f"{plan.course} {weeks_ago}", day=TODAY - timedelta(weeks=weeks_ago))
    return Session(before, counts, teacher_at=late - 4.0)


def school(*peaks: int) -> School:
    return learn([held(week, peak) for week, peak in enumerate(peaks, start=1)], today=TODAY)


@pytest.mark.parametrize(
    ("peaks", "low", "high"),
    [((28, 27, 29, 28, 30, 28, 29, 27), 0.8, 1.0), ((15, 16, 14, 15, 13, 15, 14, 16), 0.0, 0.05)],
)
def test_a_room_fills_as_it_used_to(peaks: tuple[int, ...], low: float, high: float) -> None:
    chance = school(*peaks).forecast(PLAN, Live(-10, 0)).full
    assert chance is not None
    assert low <= chance <= high


def test_under_four_lessons_there_is_not_enough_history() -> None:
    assert not school(20, 20, 20).forecast(PLAN, Live(-10)).enough
    assert school(20, 20, 20, 20).forecast(PLAN, Live(-10)).enough
    assert not learn([], today=TODAY).forecast(PLAN, Live(-10)).enough


def test_without_any_past_it_still_tells_a_wide_number() -> None:
    first = learn([], today=TODAY).forecast(PLAN, Live(-10)).wanted
    known = school(22, 23, 22, 21, 22, 23, 22, 22).forecast(PLAN, Live(-10)).wanted
    assert first.p95 - first.p50 > known.p95 - known.p50


def test_what_is_counted_now_moves_the_forecast() -> None:
    past = school(14, 26, 18, 22, 12, 28, 20, 16)
    few, many = (past.forecast(PLAN, Live(2, people)).wanted for people in (6, 14))
    assert few.p80 < many.p50


def test_nobody_can_say_is_wider_than_a_count() -> None:
    past = school(14, 26, 18, 22, 12, 28, 20, 16)
    counted, unread = (past.forecast(PLAN, Live(3, people)).wanted for people in (11, None))
    assert counted.p95 - counted.p50 < unread.p95 - unread.p50


def test_while_the_teacher_is_missing_people_are_expected_later() -> None:
    sessions = [held(week, 20, late=7 * (week % 2)) for week in range(1, 13)]
    past = learn(sessions, today=TODAY)
    there, missing = (past.forecast(PLAN, Live(-1, teacher_in=here)) for here in (True, False))
    assert missing.points[1].p50 < there.points[1].p50


def test_a_room_that_turned_people_away_tells_only_that_more_wanted_in() -> None:
    past = school(25, 25, 22, 25, 25, 24, 25, 25)
    foreseen = past.forecast(PLAN, Live(-10, 0))
    assert foreseen.wanted.p80 > 25
    assert max(point.p95 for point in foreseen.points) == 25


def test_a_lesson_held_back_by_what_it_shares_tells_only_that_more_wanted_in() -> None:
    sessions = [held(week, 18) for week in range(1, 9)]
    free, back = (
        learn([replace(each, held_back=cut) for each in sessions], today=TODAY)
        .forecast(PLAN, Live(-10, 0))
        .wanted
        for cut in (False, True)
    )
    assert back.p80 > free.p80 + 2


def test_a_limit_that_did_not_hold_is_not_believed() -> None:
    past = school(25, 31, 25, 30, 25, 33, 29, 25)
    assert max(p.p95 for p in past.forecast(PLAN, Live(-10, 0)).points) > 25


def test_an_evening_when_few_come_anywhere_is_noticed() -> None:
    sessions = []
    for week in range(1, 13):
        for course in ("algebra", "physics", "history", "music"):
            plan = replace(PLAN, course=course)
            sessions.append(held(week, 12 if week % 3 == 0 else 22, plan=plan))
    past = learn(sessions, today=TODAY)
    running = [(replace(PLAN, course=c), Live(15, 12)) for c in ("physics", "history", "music")]
    plain = past.forecast(PLAN, Live(-10, 0))
    tonight = past.forecast(PLAN, Live(-10, 0), past.tonight(running))
    assert tonight.wanted.p50 < plain.wanted.p50


def test_the_same_evening_is_foreseen_the_same() -> None:
    past = school(20, 22, 21, 23)
    assert past.forecast(PLAN, Live(0, 9)) == past.forecast(PLAN, Live(0, 9))


def test_the_forecast_ends_with_the_lesson() -> None:
    foreseen = school(20, 22, 21, 23).forecast(PLAN, Live(30, 20))
    assert [point.ahead for point in foreseen.points] == [0, 5, 10, 15]


def test_without_a_limit_nothing_fills() -> None:
    foreseen = school(20, 22, 21, 23).forecast(replace(PLAN, seats=None), Live(0, 9))
    assert (foreseen.full, foreseen.over) == (None, None)


def test_it_beats_the_simple_guesses_on_evenings_it_has_not_seen() -> None:
    brier = report(benchmark.run(seed=5, learned=25, evenings=8))["brier"]
    assert isinstance(brier, dict)
    ours = brier.pop("forecast")
    assert all(ours < theirs for theirs in brier.values())


def test_it_beats_them_too_where_lessons_share_a_server() -> None:
    brier = report(shared_seats.run(seed=5, learned=25, evenings=8, kind="server"))["brier"]
    ours = brier.pop("forecast")
    assert all(ours < theirs for theirs in brier.values())


def test_two_lessons_of_one_evening_are_many_or_few_together() -> None:
    """The spread of their sum is wider than if each went its own way."""
    sessions = []
    for week in range(1, 13):
        for course in ("algebra", "physics", "history", "music"):
            plan = replace(PLAN, course=course)
            sessions.append(held(week, 10 if week % 2 else 22, plan=plan))
    past = learn(sessions, today=TODAY)
    lessons = [
        past.draw(replace(PLAN, id=course, course=course), Live(-10, 0))
        for course in ("algebra", "physics", "history")
    ]
    people = [by_minute(lesson)[:, 30] for lesson in lessons]
    alone = sum(float(each.var()) for each in people)
    assert float(np.sum(people, axis=0).var()) > 1.5 * alone


def test_lessons_in_turn_do_not_add_up() -> None:
    past = school(20, 22, 21, 23)
    lessons = [past.draw(replace(PLAN, id=str(n)), Live(-n * 20.0)) for n in (0, 1, 2)]
    lessons = [replace(each, plan=replace(each.plan, length=15)) for each in lessons]
    shared = Shared(30, 0, {each.plan.id: by_minute(each) for each in lessons})
    for lesson in lessons:
        told, others = shared.forecast(lesson, lesson.forecast())
        assert told.full == 0
        assert others < 5


def test_of_a_server_that_turns_away_each_gets_a_share_of_what_is_left() -> None:
    past = school(20, 22, 21, 23)
    lessons = [
        past.draw(replace(PLAN, id=str(n)), Live(2, people)) for n, people in enumerate((6, 6, 0))
    ]
    people = {each.plan.id: by_minute(each) for each in lessons}
    told = [
        Shared(30, 6, people, turns_away=True).forecast(each, each.forecast())[0]
        for each in lessons
    ]
    last = [forecast.points[4] for forecast in told]
    assert sum(point.p50 for point in last) == pytest.approx(24, abs=3)
    assert last[0].p50 > last[2].p50  # who is in stays
    assert [forecast.full for forecast in told] == [1.0] * 3
