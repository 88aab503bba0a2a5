"""Targets, windows and alerts: who may change them, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from probes import alerts, recurring, targets, windows
from probes.model import Target
from probes.recurrence import Daily, OnDate, OnNth, Recurrence, RuleError, Weekly
from probes.targets import TargetError
from probes.windows import WindowError
from store import access, audit, migrate, schools
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.alerts_ever import alerts_ever
from tests.conftest import NOON
from tests.test_probes_results import add

HOUR = timedelta(hours=1)


def alert(database: Database, target: Target, alert_id: str = "a") -> str:
    with database.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO alert (id, school_id, target_id, target_name, state, since)
                VALUES (:id, :school, :target, 'LMS', 'down', :now)
            """),
            {"id": alert_id, "school": target.school_id, "target": target.id, "now": NOON},
        )
    return alert_id


def test_a_target_is_read_back_as_it_was_added(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        target_id = targets.add(
            tx,
            ana,
            school.id,
            name=" LMS ",
            prober="http",
            address="https://lms.example.org/",
            module={"contains": "добро", "slow": 1.5, "verify": True},
            interval=timedelta(seconds=15),
            runbook="Call Ivan.",
            now=NOON,
        )
        found = targets.of(tx, ana, school.id)
    assert found == [
        Target(
            target_id,
            school.id,
            "LMS",
            "http",
            "https://lms.example.org/",
            {"contains": "добро", "slow": 1.5, "verify": True},
            timedelta(seconds=15),
            runbook="Call Ivan.",
        )
    ]


@pytest.mark.parametrize(
    ("name", "prober", "address", "sentence"),
    [
        ("", "tcp", "a:1", "needs a name"),
        ("LMS", "tcp", "a:1", "is there already"),
        ("x", "gopher", "a:1", "There is no probe named gopher"),
        ("x", "http", "lms.example.org", "is not a web address"),
        ("x", "tcp", "lms.example.org", "is not a host and a port"),
        ("x", "tcp", "lms.example.org:99999", "is not a host and a port"),
        ("x", "classroom", "", "Choose the media server's connection"),
    ],
)
def test_what_cannot_be_probed_is_refused_with_advice(
    database: Database,
    school: School,
    ana: Actor,
    name: str,
    prober: str,
    address: str,
    sentence: str,
) -> None:
    add(database, ana, school)
    with database.begin() as tx, pytest.raises(TargetError, match=sentence):
        targets.add(tx, ana, school.id, name=name, prober=prober, address=address, now=NOON)


def test_a_target_cannot_depend_on_itself_by_a_detour(
    database: Database, school: School, ana: Actor
) -> None:
    first, second = add(database, ana, school, "one"), add(database, ana, school, "two")
    with database.begin() as tx:
        targets.change(tx, ana, replace(second, parent_ids=(first.id,)), now=NOON)
        with pytest.raises(TargetError, match="depend on itself"):
            targets.change(tx, ana, replace(first, parent_ids=(second.id,)), now=NOON)


def test_a_target_depends_on_several_and_a_removed_one_is_forgotten(
    database: Database, school: School, ana: Actor
) -> None:
    media, turn = add(database, ana, school, "media"), add(database, ana, school, "turn")
    room = add(database, ana, school, "room")
    both = tuple(sorted((media.id, turn.id)))
    with database.begin() as tx:
        targets.change(tx, ana, replace(room, parent_ids=(turn.id, media.id, turn.id)), now=NOON)
        assert targets.get(tx, ana, room.id).parent_ids == both
        targets.remove(tx, ana, turn.id, now=NOON)
        known = {target.id: target.parent_ids for target in targets.of(tx, ana, school.id)}
    assert known == {media.id: (), room.id: (media.id,)}


def test_the_one_parent_of_an_older_database_is_kept(
    database: Database, school: School, ana: Actor
) -> None:
    parent, child = add(database, ana, school, "server"), add(database, ana, school, "page")
    with database.begin() as tx:
        for statement in (
            "DROP TABLE target_parent",
            "ALTER TABLE target ADD COLUMN parent_id TEXT REFERENCES target (id)",
            "DELETE FROM migration WHERE package = 'probes' AND number = 2",
        ):
            tx.exec_driver_sql(statement)
        tx.execute(
            text("UPDATE target SET parent_id = :parent WHERE id = :child"),
            {"parent": parent.id, "child": child.id},
        )
    migrate.apply(database, ["store", "probes"], now=NOON)
    with database.read() as tx:
        assert targets.get(tx, ana, child.id).parent_ids == (parent.id,)


def test_a_target_names_no_row_of_another_school(
    database: Database, school: School, ana: Actor, zoe: Actor, elsewhere: School
) -> None:
    foreign, own = add(database, zoe, elsewhere), add(database, ana, school)
    with database.begin() as tx, pytest.raises(TargetError, match="does not have"):
        targets.change(tx, ana, replace(own, parent_ids=(foreign.id,)), now=NOON)


def test_a_removed_target_closes_its_alert_and_leaves_it_in_the_record(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    target = add(database, ana, school)
    alert(database, target)
    with database.begin() as tx:
        targets.remove(tx, ana, target.id, now=NOON + HOUR)
        assert targets.of(tx, ana, school.id) == []
        assert alerts.open_(tx, ana, school.id) == []
        assert alerts_ever(tx, school.id)[0].closed_at == NOON + HOUR
        actions = {entry.action for entry in audit.entries(tx, ada, school.id)}
    assert {"add target", "remove target"} <= actions


def test_an_alert_is_acknowledged_once(database: Database, school: School, ana: Actor) -> None:
    alert(database, add(database, ana, school))
    with database.begin() as tx:
        assert alerts.acknowledge(tx, ana, "a", reason="rebooting", now=NOON)
        assert not alerts.acknowledge(tx, ana, "a", reason="me too", now=NOON)
        (found,) = alerts.open_(tx, ana, school.id)
    assert (found.acknowledged_by, found.acknowledged_reason) == ("ana", "rebooting")


def test_a_window_runs_from_its_beginning_to_its_end(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    with database.begin() as tx:
        window_id = windows.silence(
            tx, ana, target.id, since=NOON + HOUR, until=NOON + 3 * HOUR, reason="", now=NOON
        )
        assert windows.running(tx, ana, now=NOON) == []
        assert [w.id for w in windows.of(tx, ana, school.id, now=NOON)] == [window_id]
        assert len(windows.running(tx, ana, now=NOON + HOUR)) == 1
        windows.end(tx, ana, window_id, now=NOON + 2 * HOUR)
        assert windows.running(tx, ana, now=NOON + 2 * HOUR) == []


def test_a_window_that_is_over_before_it_begins_is_refused(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    with database.begin() as tx, pytest.raises(WindowError):
        windows.maintenance(tx, ana, target.id, since=NOON - HOUR, until=NOON, reason="", now=NOON)


@pytest.mark.parametrize("who", ["zoe", "eve", "ben"])
def test_nobody_else_changes_targets_and_windows(
    database: Database, school: School, ana: Actor, request: pytest.FixtureRequest, who: str
) -> None:
    stranger: Actor = request.getfixturevalue(who)
    target = add(database, ana, school)
    with database.begin() as tx:
        span = {"since": NOON, "until": NOON + HOUR}
        window_id = windows.silence(tx, ana, target.id, **span, reason="", now=NOON)
        for change in (
            lambda: targets.add(
                tx, stranger, school.id, name="x", prober="tcp", address="a:1", now=NOON
            ),
            lambda: targets.change(tx, stranger, replace(target, name="x"), now=NOON),
            lambda: targets.change(
                tx, stranger, replace(target, school_id=next(iter(stranger.schools))), now=NOON
            ),
            lambda: targets.remove(tx, stranger, target.id, now=NOON),
            lambda: windows.silence(tx, stranger, target.id, **span, reason="", now=NOON),
            lambda: windows.maintenance(tx, stranger, target.id, **span, reason="", now=NOON),
            lambda: windows.end(tx, stranger, window_id, now=NOON),
        ):
            with pytest.raises(access.Denied):
                change()
        assert targets.of(tx, ana, school.id) == [target]


@pytest.mark.parametrize("who", ["zoe", "eve"])
def test_nobody_else_reads_targets_windows_and_alerts(
    database: Database, school: School, ana: Actor, request: pytest.FixtureRequest, who: str
) -> None:
    stranger: Actor = request.getfixturevalue(who)
    target = add(database, ana, school)
    alert(database, target)
    with database.begin() as tx:
        windows.silence(tx, ana, target.id, since=NOON, until=NOON + HOUR, reason="", now=NOON)
        for read in (
            lambda: targets.of(tx, stranger, school.id),
            lambda: targets.get(tx, stranger, target.id),
            lambda: windows.of(tx, stranger, school.id, now=NOON),
            lambda: alerts.open_(tx, stranger, school.id),
            lambda: alerts.acknowledge(tx, stranger, "a", reason="", now=NOON),
        ):
            with pytest.raises(access.Denied):
                read()
        assert targets.probed(tx, stranger) == []
        assert windows.running(tx, stranger, now=NOON) == []


@pytest.mark.parametrize(
    ("local", "runs"),
    [
        ("2026-03-15 02:59", False),  # a Sunday; the rule is Sunday 03:00 for 22 hours
        ("2026-03-15 03:00", True),
        ("2026-03-16 00:59", True),  # past midnight it is still Sunday's
        ("2026-03-16 01:00", False),
        ("2026-03-16 03:00", False),
    ],
)
def test_weekly_maintenance_runs_by_the_school_s_clock(
    database: Database, school: School, ana: Actor, local: str, runs: bool
) -> None:
    target, now = add(database, ana, school), datetime.fromisoformat(local)
    now = now.replace(tzinfo=school.zone)
    with database.begin() as tx:
        rule = recurring.add(
            tx, ana, target.id, days=Weekly((6,)), starts=time(3), length=22 * HOUR,
            reason="", now=NOON,
        )  # fmt: skip
        found = recurring.running(tx, ana, now=now)
        assert [(each.id, each.target_id, each.kind) for each in found] == (
            [(rule, target.id, "maintenance")] if runs else []
        )
        recurring.end(tx, ana, rule, now=NOON)
        assert recurring.of(tx, ana, school.id) == []


def test_weekly_maintenance_keeps_its_hour_when_the_clocks_change(
    database: Database, ada: Actor
) -> None:
    with database.begin() as tx:
        berlin = schools.found(tx, ada, "B", time_zone="Europe/Berlin", language="en", now=NOON)
    actor = Actor("max", "Max", "coordinator", frozenset({berlin.id}))
    target = add(database, actor, berlin)
    with database.begin() as tx:
        recurring.add(
            tx,
            actor,
            target.id,
            days=Weekly((0,)),
            starts=time(3),
            length=HOUR,
            reason="",
            now=NOON,
        )
        winter, summer = (
            datetime(2026, 3, 23, 2, 30, tzinfo=UTC),
            datetime(2026, 3, 30, 1, 30, tzinfo=UTC),
        )
        for now in (winter, summer):  # 03:30 in Berlin, both
            assert len(recurring.running(tx, actor, now=now)) == 1


@pytest.mark.parametrize(
    ("days", "hours", "said"),
    [
        (Weekly(()), 1, "at least one day"),
        (OnDate(31), 1, "at least one day"),
        (OnNth(5, 0), 1, "at least one day"),
        (Daily(), 0, "at most seven days"),
        (Weekly((0,)), 7 * 24 + 1, "at most seven days"),
    ],
)
def test_a_rule_that_describes_no_time_is_refused(
    database: Database, school: School, ana: Actor, days: Recurrence, hours: int, said: str
) -> None:
    target = add(database, ana, school)
    with database.begin() as tx, pytest.raises(RuleError, match=said):
        recurring.add(
            tx, ana, target.id, days=days, starts=time(3), length=hours * HOUR,
            reason="", now=NOON,
        )  # fmt: skip
