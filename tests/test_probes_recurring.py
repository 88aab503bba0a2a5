"""Maintenance that comes back: on the days meant, and until the hour that the clock shows."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from probes import recurrence, recurring
from probes.recurrence import LAST, Daily, OnDate, OnNth, Recurrence, RuleError, Weekly
from probes.recurring import Rule
from store import migrate
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_probes_results import add

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
YEAR = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


def rule(days: Recurrence, starts: time, length: timedelta, last: date | None = None) -> Rule:
    return Rule("r", "s", "t", days, starts, length, "", BERLIN, last)


def runs(made: Rule, local: str) -> bool:
    now = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    return made.window(now.astimezone(UTC)) is not None


def test_a_month_has_its_first_and_its_last_sunday() -> None:
    first = [day for day in YEAR if OnNth(1, 6).holds(day)]
    last = [day for day in YEAR if OnNth(LAST, 6).holds(day)]
    assert len(first) == len(last) == 12
    assert first[:3] == [date(2026, 1, 4), date(2026, 2, 1), date(2026, 3, 1)]
    assert last[:3] == [date(2026, 1, 25), date(2026, 2, 22), date(2026, 3, 29)]
    assert next(day for day in YEAR if OnNth(2, 0).holds(day)) == date(2026, 1, 12)


def test_a_month_has_its_date_and_its_last_day() -> None:
    assert [day.day for day in YEAR if OnDate(28).holds(day)] == [28] * 12
    assert [day.day for day in YEAR if OnDate(LAST).holds(day)][:4] == [31, 28, 31, 30]


@pytest.mark.parametrize(
    "days",
    [Daily(), Weekly((0,)), Weekly((5, 6)), OnDate(1), OnDate(LAST), OnNth(1, 6), OnNth(LAST, 4)],
)
def test_what_is_written_is_read_back(days: Recurrence) -> None:
    assert recurrence.read(str(days)) == days


@pytest.mark.parametrize(
    "said",
    [
        "",
        "FREQ=YEARLY",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=DAILY;COUNT=3",
    ],
)
def test_what_no_rule_may_say_is_refused(said: str) -> None:
    with pytest.raises(RuleError):
        recurrence.read(said)


def test_a_day_and_night_of_a_weekend_leave_no_hour_when_the_clocks_change() -> None:
    weekend = rule(Weekly((5, 6)), time(), 24 * HOUR)
    long_sunday = datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN).astimezone(UTC)  # of 25 hours
    assert all(weekend.window(long_sunday + n * HOUR / 2) for n in range(50))
    assert weekend.window(long_sunday + 25 * HOUR) is None


def test_it_ends_at_the_hour_that_the_clock_shows() -> None:
    night = rule(Daily(), time(1), 4 * HOUR)  # to 05:00, of a night in which 02:00 is 03:00
    assert runs(night, "2026-03-29 04:59")
    assert not runs(night, "2026-03-29 05:00")
    assert runs(rule(Daily(), time(1), 1.5 * HOUR), "2026-10-25 02:29")


def test_a_rule_of_several_days_runs_until_they_are_over() -> None:
    first = rule(OnNth(1, 5), time(20), 36 * HOUR)  # Saturday 20:00 to Monday 08:00
    assert runs(first, "2026-03-07 20:00")
    assert runs(first, "2026-03-09 07:59")
    assert not runs(first, "2026-03-09 08:00")
    assert not runs(first, "2026-03-14 21:00")


def test_what_began_on_the_last_day_runs_to_its_end_and_never_again() -> None:
    night = rule(Daily(), time(22), 8 * HOUR, last=date(2026, 3, 10))
    assert runs(night, "2026-03-11 05:59")
    assert not runs(night, "2026-03-11 22:30")
    morning = datetime(2026, 3, 11, 6, tzinfo=BERLIN)
    assert [night.over(morning + n * HOUR / 60) for n in (-1, 0)] == [False, True]


CHANGES = [
    ("Europe/Berlin", date(2027, 3, 28), HOUR),
    ("Europe/Berlin", date(2027, 10, 31), -HOUR),
    ("America/New_York", date(2027, 3, 14), HOUR),
    ("America/New_York", date(2027, 11, 7), -HOUR),
]


@pytest.mark.parametrize(("name", "day", "skipped"), CHANGES)
def test_it_runs_whenever_it_begins_in_a_night_in_which_the_clocks_change(
    name: str, day: date, skipped: timedelta
) -> None:
    zone = ZoneInfo(name)
    for half, halves in product(range(12), range(1, 7)):
        begin = datetime.combine(day, time(half // 2, half % 2 * 30))
        made = Rule("r", "s", "t", Daily(), begin.time(), halves * HOUR / 2, "", zone)
        since = begin.replace(tzinfo=zone).astimezone(UTC)
        window = made.window(since)
        assert window is not None, (begin, made.length)
        lasts = window.until - window.since
        assert window.since == since
        assert lasts >= max(HOUR / 2, made.length - max(skipped, timedelta()))
        assert made.window(since + lasts / 2) == window
        last = (begin + made.length - HOUR / 60).replace(fold=1, tzinfo=zone)  # in autumn, the 2nd
        assert skipped > timedelta() or made.window(last.astimezone(UTC)) == window


@pytest.mark.parametrize(
    ("days", "starts", "last"),
    [
        (OnNth(1, 6), time(2), date(2026, 3, 12)),  # no first Sunday until then
        (Daily(), time(2), date(2026, 3, 10)),  # over today
        (Daily(), time(2), date(2026, 2, 1)),
    ],
)
def test_a_rule_that_never_begins_is_refused(
    database: Database, school: School, ana: Actor, days: Recurrence, starts: time, last: date
) -> None:
    target = add(database, ana, school)
    with database.begin() as tx, pytest.raises(RuleError, match="never begins"):
        recurring.add(
            tx, ana, target.id, days=days, starts=starts, length=HOUR, last=last,
            reason="", now=NOON,
        )  # fmt: skip


def test_a_rule_is_kept_with_its_days_and_its_end(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    with database.begin() as tx:
        recurring.add(
            tx, ana, target.id, days=OnNth(LAST, 6), starts=time(2, 30), length=48 * HOUR,
            last=date(2027, 6, 30), reason="upgrade", now=NOON,
        )  # fmt: skip
        (kept,) = recurring.of(tx, ana, school.id)
    assert (kept.days, kept.starts, kept.length) == (OnNth(LAST, 6), time(2, 30), 48 * HOUR)
    assert (kept.last, kept.reason) == (date(2027, 6, 30), "upgrade")


def test_rules_of_an_older_version_come_back_on_the_same_weekdays(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    steps = {each.number: each for each in migrate.steps("probes", "operations", database.dialect)}
    with database.begin() as tx:
        recurring.add(
            tx, ana, target.id, days=Daily(), starts=time(2), length=HOUR, reason="", now=NOON
        )
        tx.execute(text("ALTER TABLE maintenance_rule DROP COLUMN recurrence"))
        tx.execute(text("ALTER TABLE maintenance_rule DROP COLUMN last_day"))
        tx.execute(text("ALTER TABLE maintenance_rule ADD COLUMN weekdays TEXT"))
        tx.execute(text("UPDATE maintenance_rule SET weekdays = '056'"))
        tx.execute(text("DELETE FROM migration WHERE package = 'probes' AND number = 11"))
        migrate.run(tx, steps[11], NOON)
        (kept,) = recurring.of(tx, ana, school.id)
    assert (kept.days, kept.last) == (Weekly((0, 5, 6)), None)
