"""Notices that did not arrive: whom of the staff an incident has not reached, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from console.desk import incidents
from console.desk.incident_rows import school_of
from console.desk.incidents import Incident, Source
from store import access
from store.access import Actor
from store.db import Connection, Database, text
from store.words import N_, Words

SOURCE = "line:notices"  # as of all that is no service's
IN_VAIN = 3  # tries from which it is told: about a minute
WAITING = ("due", "claimed")
IN_DOUBT = (*WAITING, "failed")  # any other state may have been heard
NOTICES = """
    SELECT notice.incident_id, notice.channel_id, notice.kind, notice.state, notice.attempt,
           notice.why, channel.name
    FROM notice JOIN channel ON channel.id = notice.channel_id
"""
ORDER = """
    AND notice.state <> 'withdrawn'
    ORDER BY notice.created_at, notice.number, notice.kind DESC
"""
TITLE = Words(N_("Nobody can be told of failures: the notices do not arrive"))
BACK = Words(N_("A notice has arrived again."))
ADVICE = N_(
    "See under Admin, Who is told, why the notices do not arrive, and send a test. Until then call "
    "one another, and keep the overview open."
)


@dataclass(frozen=True)
class Unheard:
    """Who has not heard of an incident, by name. `nobody`: nor has anybody else.

    `again`: it is still tried. `why` is the newest reason.
    """

    names: tuple[str, ...]
    why: Words | None
    nobody: bool
    again: bool


@dataclass(frozen=True)
class _Notice:
    """A notice of trouble to one channel, by its name."""

    channel: str
    state: str
    attempt: int
    why: str | None

    @property
    def failed(self) -> bool:
        return self.state == "failed" or (self.state in WAITING and self.attempt >= IN_VAIN)


Said = dict[str, list[_Notice]]  # what was said to each channel, the oldest first


def of(tx: Connection, actor: Actor, incident_id: str) -> Unheard | None:
    """Whom it did not reach; None while nothing is known to have failed."""
    access.require(actor, "see", school_of(tx, incident_id))
    rows = tx.execute(
        text(f"{NOTICES} WHERE notice.incident_id = :incident {ORDER}"), {"incident": incident_id}
    )
    return _unheard(_by_incident(rows).get(incident_id, {}))


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> int:
    """Open an incident once something stands that nobody could be told, end it once one arrives.

    Return how many changed. It has no notices of its own: they would go the same way.
    """
    access.require(actor, "incident", school_id)
    with db.read() as tx:
        standing = [each for each in incidents.open_(tx, actor, school_id) if not each.recovered_at]
        own = [each for each in standing if each.source == SOURCE]
        deaf = _deaf(tx, school_id, standing)
        over = [each for each in own if not deaf and _arrived(tx, school_id, each.opened_at)]
    fresh = deaf and not own
    if fresh or over:
        with db.begin() as tx:
            if fresh:
                source = Source(SOURCE, TITLE, "down", affected=0)
                incidents.raise_(tx, actor, school_id, source, now=now)
            for each in over:
                incidents.recovered(tx, actor, each.id, said=BACK, now=now)
    return len(over) + fresh


def mended(tx: Connection, actor: Actor, channel_id: str, *, arrived: bool, now: datetime) -> None:
    """The channel is worth a new try: what it did not take is owed as if it had not been said.

    `arrived`: something got through, and nobody need be told that nothing does.
    """
    school_id = _school_of(tx, channel_id)
    access.require(actor, "administer", school_id)
    tx.execute(
        text("""
            UPDATE notice SET state = 'withdrawn', attempt = 0, why = NULL, updated_at = :now
            WHERE channel_id = :channel AND kind = 'trouble' AND incident_id IN (
                    SELECT id FROM incident WHERE closed_at IS NULL AND recovered_at IS NULL
                ) AND (state = 'failed' OR state = 'due' AND attempt > 0)
        """),
        {"channel": channel_id, "now": now},
    )
    standing = incidents.open_(tx, actor, school_id)
    if arrived and not _deaf(tx, school_id, standing):
        for each in standing:
            if each.source == SOURCE:
                incidents.recovered(tx, actor, each.id, said=BACK, now=now)


def _school_of(tx: Connection, channel_id: str) -> str:
    row = tx.execute(
        text("SELECT school_id FROM channel WHERE id = :id"), {"id": channel_id}
    ).first()
    return str(row.school_id) if row else ""


def _deaf(tx: Connection, school_id: str, standing: Sequence[Incident]) -> bool:
    """Whether something stands of which nobody could be told, and nobody knows by themselves."""
    rows = tx.execute(
        text(f"""
            {NOTICES} JOIN incident ON incident.id = notice.incident_id
            WHERE notice.school_id = :school AND incident.closed_at IS NULL {ORDER}
        """),
        {"school": school_id},
    )
    said = _by_incident(rows)
    unowned = [each for each in standing if not each.recovered_at and not each.owner_id]
    found = [_unheard(said.get(each.id, {})) for each in unowned]
    return any(each.nobody for each in found if each is not None)


def _unheard(said: Said) -> Unheard | None:
    told = [notices for notices in said.values() if notices]
    failed = [
        notices[-1]
        for notices in told
        if notices[-1].failed and all(each.state in IN_DOUBT for each in notices)
    ]
    if not failed:
        return None
    why = next((each.why for each in failed if each.why), None)
    return Unheard(
        tuple(sorted(each.channel for each in failed)),
        Words.from_json(why) if why else None,
        nobody=len(failed) == len(told),
        again=any(each.state in WAITING for each in failed),
    )


def _by_incident(rows: Iterable[Row[Any]]) -> dict[str, Said]:
    """The notices of trouble by incident and channel, since it was last said to be over."""
    found: dict[str, Said] = {}
    for row in rows:
        said = found.setdefault(row.incident_id, {})
        if row.kind == "recovery":
            said[row.channel_id] = []
        else:
            notice = _Notice(row.name, row.state, row.attempt, row.why)
            said.setdefault(row.channel_id, []).append(notice)
    return found


def _arrived(tx: Connection, school_id: str, since: datetime) -> bool:
    """Whether any notice of the school has left since then."""
    found = tx.execute(
        text("""
            SELECT 1 FROM notice
            WHERE school_id = :school AND state = 'sent' AND updated_at >= :since LIMIT 1
        """),
        {"school": school_id, "since": since},
    )
    return found.first() is not None
