"""Which notices are owed: written as rows before anything is sent, each thing to each one once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from console.desk import alarms, alerting, channels, incidents, notice_words, unheard
from console.desk.channels import Channel
from console.desk.incidents import Incident
from console.desk.notice_words import Cause, Told
from probes import alerts, recurring, targets, windows
from store import access, schools
from store.access import Actor
from store.db import Connection, Database, new_id, text
from store.schools import School
from store.words import Words

Kind = Literal["trouble", "recovery"]
GRAVE, BLIND, DOUBTFUL = "down", "unknown", "suspect"  # severities of incidents that are told
UNSENT = ("due", "claimed")
AT_ONCE = 1_000  # notices that are forgotten in one transaction


@dataclass(frozen=True)
class Row:
    """A notice of before."""

    id: str
    channel_id: str
    incident_id: str
    kind: str
    severity: str  # of what was told as trouble
    state: str
    attempt: int
    at: datetime


@dataclass(frozen=True)
class Scene:
    """What is wrong, whom it concerns, what has been said."""

    school: School
    channels: list[Channel]
    incidents: list[Incident]
    said: dict[tuple[str, str], list[Row]]  # by channel and incident, the oldest first
    hushed: frozenset[str]  # incidents that somebody has, or of what is silenced or maintained
    causes: dict[str, Cause]  # by incident
    now: datetime


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> int:
    """Write the notices that are owed, withdraw those that came too late; return how many rows.

    Safe to repeat, and with several workers: a notice is unique by what it is about.
    """
    access.require(actor, "incident", school_id)
    with db.read() as tx:
        told = channels.of(tx, actor, school_id)
        scene = _scene(tx, actor, school_id, told, now) if told else None
    changes = list(_changes(scene)) if scene else []
    if changes:
        with db.begin() as tx:
            for statement, values in changes:
                tx.execute(text(statement), values)
    return len(changes)


def forget(tx: Connection, *, before: datetime) -> int:
    """Delete notices of incidents that were over before then, at most AT_ONCE; return how many."""
    gone = tx.execute(
        text(f"""
            DELETE FROM notice WHERE id IN (
                SELECT notice.id FROM notice JOIN incident ON incident.id = notice.incident_id
                WHERE incident.closed_at < :before AND notice.updated_at < :before
                LIMIT {AT_ONCE}
            )
        """),
        {"before": before},
    )
    return gone.rowcount


Change = tuple[str, dict[str, object]]

OWE = """
    INSERT INTO notice (id, school_id, channel_id, incident_id, kind, number, subject, body,
        severity, state, attempt, next_at, created_at, updated_at)
    VALUES (:id, :school, :channel, :incident, :kind, :number, :subject, :body, :severity,
        'due', 0, :now, :now, :now)
    ON CONFLICT DO NOTHING
"""
WITHDRAW = """
    UPDATE notice SET state = 'withdrawn', updated_at = :now WHERE id = :id AND state = 'due'
"""


def _changes(scene: Scene) -> Iterator[Change]:
    for channel in scene.channels:
        for incident in scene.incidents:
            if not _concerns(scene, channel, incident):
                continue
            said = scene.said.get((channel.id, incident.id), [])
            if incident.recovered_at or incident.closed_at:
                yield from _over(scene, channel, incident, said)
            elif _is_owed(scene, channel, incident, said):
                cause = scene.causes.get(incident.id, Cause())
                words = notice_words.trouble(
                    scene.school,
                    incident,
                    cause,
                    channel.language,
                    again=bool(_told(said)),
                    now=scene.now,
                )
                yield OWE, _owe(scene, channel, incident, "trouble", said, words)


def _concerns(scene: Scene, channel: Channel, incident: Incident) -> bool:
    """Welfare alarms are the safeguarding lead's; where that reaches nobody, all are told.

    That notices do not arrive is no notice: it would go the same way.
    """
    if incident.source == unheard.SOURCE:
        return False
    if alarms.is_welfare(incident):
        theirs = [each for each in scene.channels if each.welfare]
        heard = (channel.id, incident.id) in scene.said
        return (
            channel.welfare
            or heard
            or not any(_may_reach(scene, each, incident) for each in theirs)
        )
    return not channel.welfare


def _may_reach(scene: Scene, channel: Channel, incident: Incident) -> bool:
    said = scene.said.get((channel.id, incident.id), [])
    return not said or said[-1].state != "failed"


def _is_owed(scene: Scene, channel: Channel, incident: Incident, said: list[Row]) -> bool:
    wanted = (GRAVE, BLIND, DOUBTFUL) if channel.suspects else (GRAVE, BLIND)
    if incident.severity not in wanted or incident.id in scene.hushed:
        return False
    told = _told(said)
    if not told:
        return True
    if incident.severity == GRAVE and all(row.severity != GRAVE for row in told):
        return True  # worse than anybody was told
    last = told[-1]
    return (
        bool(channel.repeat) and last.state not in UNSENT and scene.now - last.at >= channel.repeat
    )


def _this_time(said: list[Row]) -> list[Row]:
    """What was said since the incident was last said to be over: it may come back while open."""
    ends = [place for place, row in enumerate(said, 1) if row.kind == "recovery"]
    return said[ends[-1] if ends else 0 :]


def _told(said: list[Row]) -> list[Row]:
    """What of this time was not withdrawn before anybody can have heard it."""
    return [row for row in _this_time(said) if row.state != "withdrawn" or row.attempt]


def _over(scene: Scene, channel: Channel, incident: Incident, said: list[Row]) -> Iterator[Change]:
    """One word that it is over, to those who may have heard of it."""
    for row in said:
        if row.kind == "trouble" and row.state == "due":
            yield WITHDRAW, {"id": row.id, "now": scene.now}
    if any(row.state != "due" or row.attempt for row in _told(said)):
        cause = scene.causes.get(incident.id, Cause())
        words = notice_words.recovery(
            scene.school, incident, cause, channel.language, now=scene.now
        )
        yield OWE, _owe(scene, channel, incident, "recovery", said, words)


def _owe(
    scene: Scene, channel: Channel, incident: Incident, kind: Kind, said: list[Row], words: Told
) -> dict[str, object]:
    return {
        "id": new_id(),
        "school": scene.school.id,
        "channel": channel.id,
        "incident": incident.id,
        "kind": kind,
        "number": sum(row.kind == kind for row in said),
        "subject": words.subject,
        "body": words.body,
        "severity": incident.severity,
        "now": scene.now,
    }


def _scene(
    tx: Connection, actor: Actor, school_id: str, told: list[Channel], now: datetime
) -> Scene:
    said = _said(tx, school_id)
    standing = incidents.open_(tx, actor, school_id)
    known = {incident.id for incident in standing}
    ended = {row.incident_id for row in said} - known
    standing += [
        incident
        for incident_id in sorted(ended)
        if (incident := incidents.get(tx, actor, incident_id)) is not None
    ]
    by_target = {alert.target_id: alert for alert in alerts.open_(tx, actor, school_id)}
    runbooks = {target.id: target.runbook for target in targets.of(tx, actor, school_id)}
    expected = [*windows.running(tx, actor, now=now), *recurring.running(tx, actor, now=now)]
    quiet = {window.target_id for window in expected if window.school_id == school_id}
    hushed, causes = set(), {}
    for incident in standing:
        alert = by_target.get(incident.target_id or "")
        acknowledged = alert is not None and alert.acknowledged_by is not None
        taken = incident.owner_id and not alarms.is_welfare(incident)  # that is acknowledged
        if taken or acknowledged or incident.target_id in quiet:
            hushed.add(incident.id)
        runbook = runbooks.get(incident.target_id or "", "")
        advice = _advice(incident)
        end = None if alert else alerts.ended(tx, actor, incident.alert_id or "")
        causes[incident.id] = Cause(alert.why if alert else None, runbook, advice, end)
    return Scene(
        schools.get(tx, actor, school_id),
        told,
        standing,
        _grouped(said),
        frozenset(hushed),
        causes,
        now,
    )


def _advice(incident: Incident) -> Words | None:
    """Ours, where nobody can have written a runbook."""
    if alarms.is_welfare(incident):
        return Words(alarms.ADVICE)
    ours = alerting.advice(incident)
    return Words(ours) if ours else None


def _said(tx: Connection, school_id: str) -> list[Row]:
    """The notices of what is not over, or of whose end not everybody has been told."""
    rows = tx.execute(
        text("""
            SELECT notice.* FROM notice JOIN incident ON incident.id = notice.incident_id
            WHERE notice.school_id = :school
              AND (incident.closed_at IS NULL OR EXISTS (
                  SELECT 1 FROM notice AS loose WHERE loose.channel_id = notice.channel_id
                    AND loose.incident_id = notice.incident_id
                    AND (loose.state IN ('due', 'claimed', 'handing')
                         OR loose.kind = 'trouble' AND loose.state <> 'withdrawn' AND NOT EXISTS (
                             SELECT 1 FROM notice AS later
                             WHERE later.channel_id = loose.channel_id
                               AND later.incident_id = loose.incident_id
                               AND later.kind = 'recovery'
                               AND later.created_at >= loose.created_at))))
            ORDER BY notice.created_at, notice.number, notice.kind DESC
        """),
        {"school": school_id},
    )
    return [
        Row(
            row.id, row.channel_id, row.incident_id, row.kind, row.severity, row.state,
            row.attempt, datetime.fromtimestamp(row.created_at, UTC),
        )
        for row in rows
    ]  # fmt: skip


def _grouped(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.channel_id, row.incident_id), []).append(row)
    return groups
