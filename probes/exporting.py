"""Modules and targets as a TOML file, to keep, to compare and to bring in elsewhere.

Parents, modules and connections stand by their names; of secrets there are only the names.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w

from probes import modules, targets
from probes.model import NamedModule, Target
from store.access import Actor
from store.db import Connection, text


def toml(tx: Connection, actor: Actor, school_id: str) -> str:
    """All of the school's modules and targets, by name."""
    known, found = modules.of(tx, actor, school_id), targets.of(tx, actor, school_id)
    names = Names(tx, school_id, known, found)
    tree = {
        "module": [_module(module) for module in known],
        "target": [_target(target, names) for target in found],
    }
    written = {kind: entries for kind, entries in tree.items() if entries}
    readable = tomli_w.dumps(written, multiline_strings=True)
    return readable if tomllib.loads(readable) == written else tomli_w.dumps(written)


class Names:
    """What a target names, by id."""

    def __init__(
        self, tx: Connection, school_id: str, known: list[NamedModule], found: list[Target]
    ) -> None:
        school = {"school": school_id}
        self.modules = {module.id: module.name for module in known}
        self.targets = {target.id: target.name for target in found}
        rows = tx.execute(text("SELECT id, name FROM connection WHERE school_id = :school"), school)
        self.connections: dict[str, str] = {row.id: row.name for row in rows}
        rows = tx.execute(
            text("SELECT id, connection_id, external_id FROM room WHERE school_id = :school"),
            school,
        )
        self.rooms: dict[str, tuple[str, str]] = {
            row.id: (row.connection_id, row.external_id) for row in rows
        }


def _module(module: NamedModule) -> dict[str, Any]:
    return {
        "name": module.name,
        "prober": module.prober,
        **_set("secrets", sorted(module.sealed)),
        **_set("conditions", dict(module.conditions)),
    }


def _target(target: Target, names: Names) -> dict[str, Any]:
    return {
        "name": target.name,
        "prober": target.prober,
        **_set("module", names.modules.get(target.module_id or "")),
        **_set("address", target.address),
        "interval_seconds": target.interval.total_seconds(),
        **_set("depends_on", sorted(names.targets[parent] for parent in target.parent_ids)),
        **_set("connection", names.connections.get(target.connection_id or "")),
        **_set("room", _room(target, names)),
        **_set("runbook", target.runbook),
        **({} if target.enabled else {"enabled": False}),
        **_set("secrets", sorted(target.sealed)),
        **_set("conditions", dict(target.module)),
    }


def _room(target: Target, names: Names) -> Mapping[str, str]:
    connection_id, external_id = names.rooms.get(target.room_id or "", ("", ""))
    return (
        {"connection": names.connections[connection_id], "id": external_id} if external_id else {}
    )


def _set(key: str, value: Any) -> dict[str, Any]:
    """The key where there is something to say."""
    return {key: value} if value else {}
