"""Calls of the probes: targets, results, rooms, alerts, windows, the exposition."""

from dataclasses import replace
from datetime import time, timedelta

from probes import (
    alerts,
    exporting,
    foreseen,
    history,
    importing,
    lessons,
    metrics,
    modules,
    phases,
    promised,
    recurring,
    resting,
    results,
    rooms,
    shares,
    targets,
    windows,
)
from probes.model import NamedModule
from probes.promised import Promise
from probes.recurrence import Weekly
from tests.calls import Calls
from tests.cast import LATER
from tests.conftest import NOON

HOUR = timedelta(hours=1)
SHEET = '[[target]]\nname = "Sheet"\nprober = "http"\naddress = "https://school.example"\n'

CALLS: Calls = {
    alerts.open_: lambda tx, who, on: alerts.open_(tx, who, on.school),
    resting.resting: lambda tx, who, on: resting.resting(
        tx, who, [replace(on.target, room_id=on.roster.room, module={"in_lessons": True})], now=NOON
    ),
    alerts.ended: lambda tx, who, on: alerts.ended(tx, who, on.alert),
    alerts.acknowledge: lambda tx, who, on: alerts.acknowledge(
        tx, who, on.alert, reason="on it", now=NOON
    ),
    promised.lock: lambda tx, who, on: promised.lock(tx, who, on.school),
    promised.of: lambda tx, who, on: promised.of(tx, who, on.school, now=NOON),
    promised.withdraw: lambda tx, who, on: promised.withdraw(
        tx,
        who,
        on.school,
        Promise(on.roster.lesson, on.roster.connection, "room", "elsewhere", 20),
        now=NOON,
    ),
    promised.end: lambda tx, who, on: promised.end(tx, who, on.school, on.roster.lesson),
    promised.make: lambda tx, who, on: promised.make(
        tx,
        who,
        on.school,
        Promise(on.roster.lesson, on.roster.connection, "room", "elsewhere", 20),
        now=NOON,
    ),
    foreseen.write: lambda mtx, who, on: foreseen.write(mtx, who, on.school, []),
    foreseen.newest: lambda mtx, who, on: foreseen.newest(mtx, who, on.school, since=NOON),
    foreseen.record: lambda mtx, who, on: foreseen.record(mtx, who, on.school, until=LATER),
    foreseen.pooled: lambda mtx, who, on: foreseen.pooled(mtx, who, on.school, since=NOON),
    foreseen.reach: lambda mtx, who, on: foreseen.reach(mtx, who, on.school, []),
    foreseen.turning_away: lambda mtx, who, on: foreseen.turning_away(
        mtx, who, on.school, until=LATER
    ),
    history.history: lambda mtx, who, on: history.history(
        mtx, who, on.school, on.target.id, since=NOON, until=LATER
    ),
    phases.history: lambda mtx, who, on: phases.history(
        mtx, who, on.school, on.target.id, since=NOON, until=LATER
    ),
    shares.shares: lambda mtx, who, on: shares.shares(
        mtx, who, on.school, on.target.id, since=NOON, until=LATER, parts=4
    ),
    lessons.running: lambda mtx, who, on: lessons.running(mtx, who, on.school, since=NOON),
    lessons.past: lambda mtx, who, on: lessons.past(mtx, who, on.school, until=LATER),
    lessons.save: lambda mtx, who, on: lessons.save(mtx, who, on.school, []),
    lessons.samples: lambda mtx, who, on: lessons.samples(mtx, who, on.school, since=NOON),
    exporting.toml: lambda tx, who, on: exporting.toml(tx, who, on.school),
    importing.rehearse: lambda tx, who, on: importing.rehearse(tx, who, on.school, SHEET, now=NOON),
    importing.bring_in: lambda db, who, on: importing.bring_in(db, who, on.school, SHEET, now=NOON),
    metrics.exposition: lambda db, who, on: metrics.exposition(db, who, now=NOON),
    modules.add: lambda tx, who, on: modules.add(
        tx, who, NamedModule("", on.school, "Page", "http"), now=NOON
    ),
    modules.change: lambda tx, who, on: modules.change(
        tx, who, replace(on.module, school_id=on.school, name="Page"), now=NOON
    ),
    modules.remove: lambda tx, who, on: modules.remove(tx, who, on.module.id, now=NOON),
    modules.of: lambda tx, who, on: modules.of(tx, who, on.school),
    modules.get: lambda tx, who, on: modules.get(tx, who, on.module.id),
    modules.called: lambda tx, who, on: modules.called(tx, who, on.module.id),
    results.latest: lambda mtx, who, on: results.latest(mtx, who, on.school, [on.target], now=NOON),
    results.recent: lambda mtx, who, on: results.recent(
        mtx, who, on.school, [on.target.id], now=NOON
    ),
    results.availability: lambda mtx, who, on: results.availability(
        mtx, who, on.school, [on.target.id], since=NOON, now=LATER
    ),
    rooms.latest: lambda mtx, who, on: rooms.latest(mtx, who, on.school, now=NOON),
    rooms.history: lambda mtx, who, on: rooms.history(mtx, who, on.school, since=NOON, until=LATER),
    rooms.people: lambda mtx, who, on: rooms.people(mtx, who, on.school, since=NOON, until=LATER),
    targets.add: lambda tx, who, on: targets.add(
        tx, who, on.school, name="Site", prober="http", address="https://school.example", now=NOON
    ),
    targets.change: lambda tx, who, on: targets.change(
        tx, who, replace(on.target, school_id=on.school, enabled=False), now=NOON
    ),
    targets.remove: lambda tx, who, on: targets.remove(tx, who, on.target.id, now=NOON),
    targets.of: lambda tx, who, on: targets.of(tx, who, on.school),
    targets.get: lambda tx, who, on: targets.get(tx, who, on.target.id),
    targets.called: lambda tx, who, on: targets.called(tx, who, on.target.id),
    targets.probed: lambda tx, who, on: targets.probed(tx, who),
    recurring.add: lambda tx, who, on: recurring.add(
        tx, who, on.target.id, days=Weekly((6,)), starts=time(3), length=HOUR, reason="", now=NOON
    ),
    recurring.end: lambda tx, who, on: recurring.end(tx, who, on.rule, now=NOON),
    recurring.of: lambda tx, who, on: recurring.of(tx, who, on.school),
    recurring.running: lambda tx, who, on: recurring.running(tx, who, now=NOON),
    windows.silence: lambda tx, who, on: windows.silence(
        tx, who, on.target.id, since=NOON, until=LATER, reason="", now=NOON
    ),
    windows.maintenance: lambda tx, who, on: windows.maintenance(
        tx, who, on.target.id, since=NOON, until=LATER, reason="", now=NOON
    ),
    windows.end: lambda tx, who, on: windows.end(tx, who, on.window, now=NOON),
    windows.of: lambda tx, who, on: windows.of(tx, who, on.school, now=NOON),
    windows.running: lambda tx, who, on: windows.running(tx, who, now=NOON),
}
