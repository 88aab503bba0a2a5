"""From the probers' alert rows to incidents, and back to calm."""

from datetime import datetime

from console.desk import (
    classrooms,
    evening,
    incidents,
    services,
    titles,
    unheard,
    unread,
    watchdog,
)
from console.desk.titles import FLAPPING, RESTLESS
from probes import alerts
from probes.alerts import Alert
from probes.model import Target
from store.access import Actor
from store.db import Database
from store.words import N_, Words

LINE = "line:"  # begins the source of what is no service's: Pult's own line is cut
ADVICE = N_(
    "See whether this machine reaches anything outside: its cable, the router, the provider. "
    "Lessons may go on as ever; ask in one of them."
)
OFFLINE = "offline"  # the kind of an alert that is no target's


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> int:
    """Open an incident for each open alert, and note which ones are over; return how many changed.

    Safe to repeat and to run twice at once: incidents are unique by their source.
    """
    with db.read() as tx:
        standing = alerts.open_(tx, actor, school_id)
        current = incidents.open_(tx, actor, school_id)
    seen = {(each.alert_id, each.severity, _restless(each)) for each in current}
    fresh = [
        alert
        for alert in standing
        if (alert.id, alert.state.value, alert.kind == FLAPPING) not in seen
    ]
    alive = {alert.id for alert in standing}
    over = [
        incident
        for incident in current
        if incident.alert_id and incident.alert_id not in alive and not incident.recovered_at
    ]
    sources = _sources(db, actor, school_id, fresh, now) if fresh else []
    if sources or over:
        with db.begin() as tx:
            for source in sources:
                incidents.raise_(tx, actor, school_id, source, now=now)
            for incident in over:
                said = alerts.ended(tx, actor, incident.alert_id or "") or incidents.WORKS
                incidents.recovered(tx, actor, incident.id, said=said, now=now)
    return len(sources) + len(over)


def _sources(
    db: Database, actor: Actor, school_id: str, fresh: list[Alert], now: datetime
) -> list[incidents.Source]:
    seen = evening.read(db, actor, school_id, now=now)
    rows = classrooms.rows(seen)
    known = {target.id: target for target in seen.targets}
    sources = []
    for alert in fresh:
        target = known.get(alert.target_id)
        if alert.kind == OFFLINE:
            sources.append(_offline(alert))
        elif target is not None:
            sources.append(_source(alert, target, services.affected(seen, target, rows)))
    return sources


def advice(incident: incidents.Incident) -> str | None:
    """Ours, where what is wrong is Pult's own, and no service's."""
    if incident.source == watchdog.SOURCE:
        return watchdog.ADVICE
    if unread.is_ours(incident):
        return unread.ADVICE
    if incident.source == unheard.SOURCE:
        return unheard.ADVICE
    return ADVICE if incident.source.startswith(LINE) else None


def _offline(alert: Alert) -> incidents.Source:
    """Nobody is known to be affected: lessons may go on as ever, unseen."""
    return incidents.Source(
        key=alert.target_id,
        title=Words(N_("Pult itself is offline; what it says of services is not known")),
        severity=alert.state.value,
        affected=0,
        target_id=alert.target_id,
        alert_id=alert.id,
    )


def _source(alert: Alert, target: Target, affected: int) -> incidents.Source:
    return incidents.Source(
        key=f"target:{alert.target_id}",
        title=titles.of(alert, target),
        severity=alert.state.value,
        affected=affected,
        target_id=alert.target_id,
        alert_id=alert.id,
        room_id=target.room_id,
    )


def _restless(incident: incidents.Incident) -> bool:
    return incident.title.template == RESTLESS
