"""Targets and modules as their rows hold them."""

import json
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from probes.model import NamedModule, Target
from store.db import Connection, text


@lru_cache(maxsize=16_384)  # boards and the prober read all rows every second; few change
def target(row: Row[Any], parent_ids: tuple[str, ...]) -> Target:
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
        module_id=row.module_id,
        sealed=json.loads(row.secrets_sealed),
    )


def values(of: Target) -> dict[str, Any]:
    return {
        "id": of.id,
        "school_id": of.school_id,
        "name": of.name,
        "prober": of.prober,
        "address": of.address,
        "module": as_json(of.module),
        "interval": of.interval.total_seconds(),
        "connection_id": of.connection_id,
        "room_id": of.room_id,
        "runbook": of.runbook,
        "enabled": of.enabled,
        "module_id": of.module_id,
        "sealed": as_json(of.sealed),
    }


def as_json(conditions: object) -> str:
    return json.dumps(conditions, ensure_ascii=False, default=dict)


def one(tx: Connection, row: Row[Any]) -> Target:
    """The row as a target, with its parents."""
    found = tx.execute(
        text("SELECT parent_id FROM target_parent WHERE target_id = :id ORDER BY parent_id"),
        {"id": row.id},
    )
    return target(row, tuple(found.scalars()))


def targets(tx: Connection, found: Iterable[Row[Any]], school_id: str | None) -> list[Target]:
    """The rows as targets, each with its parents; `school_id` where all are of one school."""
    depending = _parents(tx, school_id)
    return [target(row, depending.get(row.id, ())) for row in found]


def depends(tx: Connection, on: str, target_id: str) -> bool:
    """Whether the target depends on the other one, directly or by a detour."""
    found = tx.execute(
        text("""
            WITH RECURSIVE above(id) AS (
                SELECT parent_id FROM target_parent WHERE target_id = :target
                UNION
                SELECT p.parent_id FROM target_parent p JOIN above ON p.target_id = above.id
            )
            SELECT 1 FROM above WHERE id = :on
        """),
        {"target": target_id, "on": on},
    )
    return found.first() is not None


def _parents(tx: Connection, school_id: str | None) -> dict[str, tuple[str, ...]]:
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


def module(row: Row[Any]) -> NamedModule:
    return NamedModule(
        row.id,
        row.school_id,
        row.name,
        row.prober,
        json.loads(row.conditions),
        json.loads(row.secrets_sealed),
    )


def modules(tx: Connection, school_id: str) -> dict[str, NamedModule]:
    """The school's modules by id, in the order of their names."""
    rows = tx.execute(
        text("SELECT * FROM module WHERE school_id = :school ORDER BY name, id"),
        {"school": school_id},
    )
    return {row.id: module(row) for row in rows}
