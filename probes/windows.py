"""Windows of time in which a failure is expected (maintenance) or must not alert (silence)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store import access, audit
from store.access import Actor
from store.db import Connection, moment, new_id, text
from store.words import N_, Value

Kind = Literal["silence", "maintenance"]


class WindowError(Exception):
    """A window must end after it begins, and not lie in the past."""

    permanent = True

    def __init__(self) -> None:
        self.template = N_("The window must end after it begins, and not in the past.")
        self.params: dict[str, Value] = {}
        super().__init__(self.template)


@dataclass(frozen=True)
class Window:
    id: str
    school_id: str
    target_id: str
    kind: Kind
    since: datetime
    until: datetime
    reason: str
    account_id: str


def silence(
    tx: Connection,
    actor: Actor,
    target_id: str,
    *,
    since: datetime,
    until: datetime,
    reason: str,
    now: datetime,
) -> str:
    """Open no alert for the target in that time; its state stays to be seen."""
    return _add(tx, actor, target_id, "silence", since=since, until=until, reason=reason, now=now)


def maintenance(
    tx: Connection,
    actor: Actor,
    target_id: str,
    *,
    since: datetime,
    until: datetime,
    reason: str,
    now: datetime,
) -> str:
    """Show the target as under maintenance in that time, whatever its probes say."""
    return _add(
        tx, actor, target_id, "maintenance", since=since, until=until, reason=reason, now=now
    )


def end(tx: Connection, actor: Actor, window_id: str, *, now: datetime) -> None:
    """End a window now; one that has ended stays as it is."""
    row = tx.execute(
        text("SELECT school_id FROM probe_window WHERE id = :id"), {"id": window_id}
    ).first()
    school_id = row.school_id if row else ""
    access.require(actor, "steer", school_id)
    tx.execute(
        text("UPDATE probe_window SET until = :now WHERE id = :id AND until > :now"),
        {"id": window_id, "now": now},
    )
    audit.record(tx, actor, "end window", window_id, school_id=school_id, now=now)


def of(tx: Connection, actor: Actor, school_id: str, *, now: datetime) -> list[Window]:
    """The school's windows that run or are to come, by their start."""
    access.require(actor, "see", school_id)
    return [window for window in _unended(tx, now) if window.school_id == school_id]


def running(tx: Connection, actor: Actor, *, now: datetime) -> list[Window]:
    """The windows that run now, in every school of the actor's scope."""
    return [
        window
        for window in _unended(tx, now)
        if window.since <= now and access.may(actor, "see", window.school_id)
    ]


def _add(
    tx: Connection,
    actor: Actor,
    target_id: str,
    kind: Kind,
    *,
    since: datetime,
    until: datetime,
    reason: str,
    now: datetime,
) -> str:
    row = tx.execute(text("SELECT school_id FROM target WHERE id = :id"), {"id": target_id}).first()
    school_id = row.school_id if row else ""
    access.require(actor, "steer", school_id)
    if until <= max(since, now):
        raise WindowError
    window_id = new_id()
    tx.execute(
        text("""
            INSERT INTO probe_window
                (id, school_id, target_id, kind, since, until, reason, account_id)
            VALUES (:id, :school, :target, :kind, :since, :until, :reason, :account)
        """),
        {
            "id": window_id,
            "school": school_id,
            "target": target_id,
            "kind": kind,
            "since": since,
            "until": until,
            "reason": reason,
            "account": actor.account_id,
        },
    )
    audit.record(tx, actor, f"{kind} target", target_id, school_id=school_id, now=now)
    return window_id


def _unended(tx: Connection, now: datetime) -> list[Window]:
    rows = tx.execute(
        text("SELECT * FROM probe_window WHERE until > :now ORDER BY since, id"), {"now": now}
    )
    return [
        Window(
            row.id,
            row.school_id,
            row.target_id,
            row.kind,
            since,
            until,
            row.reason,
            row.account_id,
        )
        for row in rows
        if (since := moment(row.since)) is not None and (until := moment(row.until)) is not None
    ]
