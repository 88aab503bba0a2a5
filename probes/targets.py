"""What is probed: the school's targets, added and changed by those who may steer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from probes.model import Module, Target
from probes.probers import PROBERS
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_, Value

SHORTEST = timedelta(seconds=1)


class TargetError(Exception):
    """A target cannot be kept as it was given; the sentence says what to change."""

    permanent = True

    def __init__(self, template: str, params: Mapping[str, Value] | None = None) -> None:
        self.template = template
        self.params = dict(params or {})
        super().__init__(template.format(**self.params))


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
    )
    _check(tx, target)
    tx.execute(
        text("""
            INSERT INTO target (id, school_id, name, prober, address, module, interval_seconds,
                connection_id, room_id, runbook, enabled, created_at)
            VALUES (:id, :school_id, :name, :prober, :address, :module, :interval,
                :connection_id, :room_id, :runbook, :enabled, :now)
        """),
        {**_values(target), "now": now},
    )
    _depend(tx, target)
    audit.record(tx, actor, "add target", target.id, school_id=school_id, now=now)
    return target.id


def change(tx: Connection, actor: Actor, target: Target, *, now: datetime) -> None:
    """Keep the target as given; it stays in its school. Raises TargetError as `add` does."""
    school_id = _school_of(tx, target.id)
    access.require(actor, "steer", school_id)
    target = replace(
        target, school_id=school_id, name=target.name.strip(), address=target.address.strip()
    )
    _check(tx, target)
    tx.execute(
        text("""
            UPDATE target SET name = :name, prober = :prober, address = :address,
                module = :module, interval_seconds = :interval,
                connection_id = :connection_id, room_id = :room_id, runbook = :runbook,
                enabled = :enabled
            WHERE id = :id
        """),
        _values(target),
    )
    _depend(tx, target)
    audit.record(tx, actor, "change target", target.id, school_id=school_id, now=now)


def remove(tx: Connection, actor: Actor, target_id: str, *, now: datetime) -> None:
    """Stop probing for good; the open alert closes, the history goes with the next tidying."""
    school_id = _school_of(tx, target_id)
    access.require(actor, "steer", school_id)
    tx.execute(
        text("UPDATE alert SET closed_at = :now WHERE target_id = :id AND closed_at IS NULL"),
        {"id": target_id, "now": now},
    )
    tx.execute(text("DELETE FROM target WHERE id = :id"), {"id": target_id})
    audit.record(tx, actor, "remove target", target_id, school_id=school_id, now=now)


def of(tx: Connection, actor: Actor, school_id: str) -> list[Target]:
    """The school's targets by name, also those that are switched off."""
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("SELECT * FROM target WHERE school_id = :school ORDER BY name, id"),
        {"school": school_id},
    )
    parents = _parents(tx, school_id)
    return [_target(row, parents.get(row.id, ())) for row in rows]


def get(tx: Connection, actor: Actor, target_id: str) -> Target:
    """One target. Raises access.Denied for another school's, and for none."""
    school_id = _school_of(tx, target_id)
    access.require(actor, "see", school_id)
    row = tx.execute(text("SELECT * FROM target WHERE id = :id"), {"id": target_id}).one()
    return _target(row, _parents(tx, school_id).get(target_id, ()))


def probed(tx: Connection, actor: Actor) -> list[Target]:
    """All targets that are switched on, in every school of the actor's scope."""
    rows = tx.execute(text("SELECT * FROM target WHERE enabled ORDER BY id"))
    parents = _parents(tx)
    return [
        _target(row, parents.get(row.id, ()))
        for row in rows
        if access.may(actor, "see", row.school_id)
    ]


def called(tx: Connection, actor: Actor, name: str) -> list[Target]:
    """The targets of that name or id that are switched on, in the actor's scope."""
    rows = tx.execute(
        text("SELECT * FROM target WHERE (id = :name OR name = :name) AND enabled ORDER BY id"),
        {"name": name},
    )
    return [
        _target(row, _parents(tx, row.school_id).get(row.id, ()))
        for row in rows.all()
        if access.may(actor, "see", row.school_id)
    ]


def _school_of(tx: Connection, target_id: str) -> str:
    row = tx.execute(text("SELECT school_id FROM target WHERE id = :id"), {"id": target_id}).first()
    return str(row.school_id) if row else ""


def _check(tx: Connection, target: Target) -> None:
    if not target.name:
        raise TargetError(N_("The target needs a name."))
    if target.prober not in PROBERS:
        raise TargetError(
            N_("There is no probe named {prober}. Use one of {known}."),
            {"prober": target.prober, "known": ", ".join(PROBERS)},
        )
    if target.interval < SHORTEST:
        raise TargetError(N_("Probe at most once a second."))
    problem = PROBERS[target.prober].refuse(target)
    if problem is not None:
        raise TargetError(problem.template, problem.params)
    _check_rows(tx, target)


def _check_rows(tx: Connection, target: Target) -> None:
    taken = tx.execute(
        text("SELECT id FROM target WHERE school_id = :school AND name = :name AND id <> :id"),
        {"school": target.school_id, "name": target.name, "id": target.id},
    ).first()
    if taken:
        raise TargetError(
            N_("A target named {name} is there already; choose another name."),
            {"name": target.name},
        )
    for table, row_id in (
        *(("target", parent_id) for parent_id in target.parent_ids),
        ("connection", target.connection_id),
        ("room", target.room_id),
    ):
        if row_id is not None and not _ours(tx, table, row_id, target.school_id):
            raise TargetError(N_("The target names something that this school does not have."))
    if target.id in _ancestors(_parents(tx, target.school_id), target.parent_ids):
        raise TargetError(N_("A target cannot depend on itself, not even by a detour."))


def _ours(tx: Connection, table: str, row_id: str, school_id: str) -> bool:
    row = tx.execute(
        text(f"SELECT 1 FROM {table} WHERE id = :id AND school_id = :school"),
        {"id": row_id, "school": school_id},
    ).first()
    return row is not None


def _ancestors(parents: Mapping[str, Sequence[str]], start: Sequence[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        target_id = waiting.pop()
        if target_id not in found:
            found.add(target_id)
            waiting.extend(parents.get(target_id, ()))
    return found


def _parents(tx: Connection, school_id: str | None = None) -> dict[str, tuple[str, ...]]:
    """By target what it depends on without a detour: one school's, or every school's."""
    rows = tx.execute(
        text("""
            SELECT target_id, parent_id FROM target_parent
            WHERE CAST(:school AS TEXT) IS NULL OR school_id = :school
            ORDER BY parent_id
        """),
        {"school": school_id},
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        found[row.target_id] = (*found.get(row.target_id, ()), row.parent_id)
    return found


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


def _values(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "school_id": target.school_id,
        "name": target.name,
        "prober": target.prober,
        "address": target.address,
        "module": json.dumps(dict(target.module), ensure_ascii=False),
        "interval": target.interval.total_seconds(),
        "connection_id": target.connection_id,
        "room_id": target.room_id,
        "runbook": target.runbook,
        "enabled": target.enabled,
    }


def _target(row: Row[Any], parent_ids: tuple[str, ...]) -> Target:
    return Target(
        row.id,
        row.school_id,
        row.name,
        row.prober,
        row.address,
        json.loads(row.module),
        timedelta(seconds=row.interval_seconds),
        parent_ids,
        row.connection_id,
        row.room_id,
        row.runbook,
        bool(row.enabled),
    )
