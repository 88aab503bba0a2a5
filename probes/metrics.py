"""What Prometheus scrapes: https://prometheus.io/docs/instrumenting/writing_exporters/.

Labels are stable ids, never names, so that a renamed target keeps its past; its name stands in
pult_target_info alone, to be joined where people look. What could not be read has no series,
never zero.
"""

from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from probes import results, rooms, targets
from probes.model import Result, State
from probes.scraping import CERTIFICATE, certificate_ends
from store import access
from store.access import Actor
from store.db import Connection, Database

LABELS = ("school", "target", "prober")
ROOM_LABELS = ("school", "connection", "room")


def exposition(db: Database, actor: Actor, *, now: datetime) -> bytes:
    """The text of every school in the actor's scope, on a registry of its own."""
    registry = CollectorRegistry()
    gauges = _gauges(registry)
    with db.read() as tx, db.read("metrics") as mtx:
        for school_id in sorted(actor.schools):
            access.require(actor, "see", school_id)
            _targets(tx, mtx, actor, school_id, gauges, now=now)
            _rooms(mtx, actor, school_id, gauges, now=now)
    return generate_latest(registry)


def _gauges(registry: CollectorRegistry) -> dict[str, Gauge]:
    return {
        gauge: Gauge(gauge, words, labels, registry=registry)
        for gauge, words, labels in (
            ("probe_success", "1 if the last probe was OK, 0 if not", LABELS),
            ("probe_duration_seconds", "How long the last probe's answer took", LABELS),
            ("pult_target_state", "1 for the state of the target", (*LABELS, "state")),
            ("pult_target_info", "1 for each target, with its name", (*LABELS, "name")),
            (CERTIFICATE, "When the target's certificate expires, Unix time", LABELS),
            ("pult_room_participants", "People in the room at its last reading", ROOM_LABELS),
            ("pult_room_seats", "Seats of the room, where it has a limit", ROOM_LABELS),
        )
    }


def _targets(
    tx: Connection,
    mtx: Connection,
    actor: Actor,
    school_id: str,
    gauges: dict[str, Gauge],
    *,
    now: datetime,
) -> None:
    known = targets.of(tx, actor, school_id)
    newest = results.latest(mtx, actor, school_id, known, now=now)
    for target in known:
        labels = (school_id, target.id, target.prober)
        if target.enabled:
            gauges["pult_target_info"].labels(*labels, target.name).set(1)
        _target(newest[target.id], labels, gauges)


def _target(result: Result, labels: tuple[str, ...], gauges: dict[str, Gauge]) -> None:
    if result.state is not State.UNKNOWN:
        gauges["pult_target_state"].labels(*labels, result.state.value).set(1)
    for reading in result.readings:
        ends = certificate_ends(reading, result.at)
        if ends is not None:
            gauges[CERTIFICATE].labels(*labels).set(ends)
    if result.state in (State.UNKNOWN, State.MAINTENANCE):
        return
    gauges["probe_success"].labels(*labels).set(result.state is State.OK)
    if result.seconds is not None:
        gauges["probe_duration_seconds"].labels(*labels).set(result.seconds)


def _rooms(
    mtx: Connection, actor: Actor, school_id: str, gauges: dict[str, Gauge], *, now: datetime
) -> None:
    for (connection_id, external_id), room in rooms.latest(mtx, actor, school_id, now=now).items():
        labels = (school_id, connection_id, external_id)
        if room.participants is not None:
            gauges["pult_room_participants"].labels(*labels).set(room.participants)
        if room.seats is not None and not room.stale:
            gauges["pult_room_seats"].labels(*labels).set(room.seats)
