"""What is probed: the school's targets, added and changed by those who may steer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from probes import alerts, fitting, graph, rows
from probes.fitting import SHORTEST
from probes.model import Module, Target, TargetError
from probes.probers import PROBERS
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import Words

__all__ = ["TargetError", "add", "called", "change", "get", "of", "probed", "remove"]


ADD = """
    INSERT INTO target (id, school_id, name, prober, address, module, interval_seconds,
        connection_id, room_id, runbook, enabled, module_id, secrets_sealed, created_at)
    VALUES (:id, :school_id, :name, :prober, :address, :module, :interval,
        :connection_id, :room_id, :runbook, :enabled, :module_id, :sealed, :now)
"""


def add(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    name: str,
    prober: str,
    address: str,
    module: Module | None = None,
    interval: timedelta | None = None,
    parent_ids: Sequence[str] = (),
    connection_id: str | None = None,
    room_id: str | None = None,
    runbook: str = "",
    enabled: bool = True,
    module_id: str | None = None,
    sealed: Mapping[str, str] | None = None,
    now: datetime,
) -> str:
    """Add a target and return its id; the prober takes it up within seconds.

    Raises TargetError for what cannot be probed or names another school's rows.
    """
    access.require(actor, "steer", school_id)
    target = Target(
        new_id(),
        school_id,
        name.strip(),
        prober,
        address.strip(),
        dict(module or {}),
        interval or (PROBERS[prober].interval if prober in PROBERS else SHORTEST),
        tuple(parent_ids),
        connection_id,
        room_id,
        runbook,
        enabled,
        module_id=module_id,
        sealed=dict(sealed or {}),
    )
    fitting.require(tx, target)
    _guard_secrets(tx, actor, None, target)
    tx.execute(
        text(ADD),
        {**rows.values(target), "now": now},
    )
    _depend(tx, target)
    audit.record(tx, actor, "add target", target.id, school_id=school_id, now=now)
    return target.id


def change(tx: Connection, actor: Actor, target: Target, *, now: datetime) -> None:
    """Keep the target as given; it stays in its school. Raises TargetError as `add` does."""
    school_id = _school_of(tx, target.id)
    access.require(actor, "steer", school_id)
    before = get(tx, actor, target.id)
    target = replace(
        target, school_id=school_id, name=target.name.strip(), address=target.address.strip()
    )
    fitting.require(tx, target)
    _guard_secrets(tx, actor, before, target)
    tx.execute(
        text("""
            UPDATE target SET name = :name, prober = :prober, address = :address,
                module = :module, interval_seconds = :interval,
                connection_id = :connection_id, room_id = :room_id, runbook = :runbook,
                enabled = :enabled, module_id = :module_id, secrets_sealed = :sealed
            WHERE id = :id
        """),
        rows.values(target),
    )
    _depend(tx, target)
    audit.record(tx, actor, "change target", target.id, school_id=school_id, now=now)


def remove(tx: Connection, actor: Actor, target_id: str, *, now: datetime) -> None:
    """Stop probing for good; the open alert closes, the history goes with the next tidying."""
    school_id = _school_of(tx, target_id)
    access.require(actor, "steer", school_id)
    tx.execute(
        text("""
            UPDATE alert SET closed_at = :now, ended = :why
            WHERE target_id = :id AND closed_at IS NULL
        """),
        {"id": target_id, "now": now, "why": Words(alerts.REMOVED).to_json()},
    )
    tx.execute(text("DELETE FROM target WHERE id = :id"), {"id": target_id})
    audit.record(tx, actor, "remove target", target_id, school_id=school_id, now=now)


def of(tx: Connection, actor: Actor, school_id: str) -> list[Target]:
    """The school's targets by name, also those that are switched off."""
    access.require(actor, "see", school_id)
    found = tx.execute(
        text("SELECT * FROM target WHERE school_id = :school ORDER BY name, id"),
        {"school": school_id},
    )
    return rows.targets(tx, found.all(), school_id)


def get(tx: Connection, actor: Actor, target_id: str) -> Target:
    """One target. Raises access.Denied for another school's, and for none."""
    school_id = _school_of(tx, target_id)
    access.require(actor, "see", school_id)
    return rows.one(
        tx, tx.execute(text("SELECT * FROM target WHERE id = :id"), {"id": target_id}).one()
    )


def probed(tx: Connection, actor: Actor) -> list[Target]:
    """All targets that are switched on, in every school of the actor's scope, as `bridged`."""
    found = tx.execute(text("SELECT * FROM target ORDER BY id"))
    seen = [row for row in found if access.may(actor, "see", row.school_id)]
    return list(graph.bridged(rows.targets(tx, seen, None)))


def called(tx: Connection, actor: Actor, name: str) -> list[Target]:
    """The targets of that name or id that are switched on, in the actor's scope."""
    found = tx.execute(
        text("SELECT * FROM target WHERE (id = :name OR name = :name) AND enabled ORDER BY id"),
        {"name": name},
    ).all()
    return [rows.one(tx, row) for row in found if access.may(actor, "see", row.school_id)]


def _school_of(tx: Connection, target_id: str) -> str:
    row = tx.execute(text("SELECT school_id FROM target WHERE id = :id"), {"id": target_id}).first()
    return str(row.school_id) if row else ""


def _guard_secrets(tx: Connection, actor: Actor, before: Target | None, target: Target) -> None:
    """Sealed conditions go to no other server than the one that they were entered for.

    A target's own are entered anew when they would go elsewhere or less safely; a module's are
    sent wherever an administrator points it. Raises TargetError, Denied.
    """
    known = rows.modules(tx, target.school_id)
    module = known.get(target.module_id or "")
    if before is not None:
        former = fitting.merged(before, known.get(before.module_id or ""))
        if fitting.strays(former, fitting.merged(target, module)):
            fitting.require_anew(before.sealed, target.sealed)
        elif before.module_id == target.module_id:
            return
    if module is not None and any(module.sealed.values()):
        access.require(actor, "administer", target.school_id)


def _depend(tx: Connection, target: Target) -> None:
    tx.execute(text("DELETE FROM target_parent WHERE target_id = :id"), {"id": target.id})
    for parent_id in dict.fromkeys(target.parent_ids):
        tx.execute(
            text("""
                INSERT INTO target_parent (target_id, parent_id, school_id)
                VALUES (:target, :parent, :school)
            """),
            {"target": target.id, "parent": parent_id, "school": target.school_id},
        )
