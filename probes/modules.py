"""Modules: a prober with its conditions, kept once under a name and used by many targets."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from probes import fitting, rows
from probes.model import NamedModule, Target, TargetError
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.vault import VaultError
from store.words import N_, Words

MODULE_NEEDS = N_("The module {name} needs: {secrets}. Enter it under Admin, Targets.")
TARGET_NEEDS = N_("The target {name} needs: {secrets}. Enter it under Admin, Targets.")

Unseal = Callable[[str], str]  # raises VaultError


def shut(_sealed: str) -> str:
    """For whoever probes without a vault: what is sealed stays so."""
    raise VaultError(VaultError.__doc__)


def add(tx: Connection, actor: Actor, module: NamedModule, *, now: datetime) -> str:
    """Keep a new module in its school; return its id, which is made here.

    Raises TargetError for what no target could use.
    """
    access.require(actor, "steer", module.school_id)
    module = replace(module, id=new_id(), name=module.name.strip())
    _require(tx, module)
    tx.execute(
        text("""
            INSERT INTO module (id, school_id, name, prober, conditions, secrets_sealed, created_at)
            VALUES (:id, :school, :name, :prober, :conditions, :sealed, :now)
        """),
        {**_values(module), "school": module.school_id, "now": now},
    )
    audit.record(tx, actor, "add module", module.id, school_id=module.school_id, now=now)
    return module.id


def change(tx: Connection, actor: Actor, module: NamedModule, *, now: datetime) -> None:
    """Keep the module as given; its targets are probed so within seconds.

    Raises TargetError, also for what one of its targets could not use, and Denied.
    """
    before = get(tx, actor, module.id)
    access.require(actor, "steer", before.school_id)
    module = replace(module, school_id=before.school_id, name=module.name.strip())
    _require(tx, module)
    _guard_secrets(tx, actor, before, module)
    tx.execute(
        text("""
            UPDATE module SET name = :name, prober = :prober, conditions = :conditions,
                secrets_sealed = :sealed
            WHERE id = :id
        """),
        _values(module),
    )
    for target in _users(tx, module):
        _require_use(target, module)
    audit.record(tx, actor, "change module", module.id, school_id=module.school_id, now=now)


def every_sealed(tx: Connection) -> list[str]:
    """All sealed secrets of modules and of targets, of whatever school."""
    kept = tx.execute(
        text("SELECT secrets_sealed FROM module UNION ALL SELECT secrets_sealed FROM target")
    ).scalars()
    return [sealed for secrets in kept for sealed in json.loads(secrets).values()]


def remove(tx: Connection, actor: Actor, module_id: str, *, now: datetime) -> None:
    """Forget the module. Raises TargetError while a target uses it."""
    module = get(tx, actor, module_id)
    access.require(actor, "steer", module.school_id)
    using = [target.name for target in _users(tx, module)]
    if using:
        raise TargetError(
            N_("{names} use this module: give them another one first."),
            {"names": ", ".join(using[:5])},
        )
    tx.execute(text("DELETE FROM module WHERE id = :id"), {"id": module_id})
    audit.record(tx, actor, "remove module", module_id, school_id=module.school_id, now=now)


def of(tx: Connection, actor: Actor, school_id: str) -> list[NamedModule]:
    """The school's modules by name."""
    access.require(actor, "see", school_id)
    return list(rows.modules(tx, school_id).values())


def get(tx: Connection, actor: Actor, module_id: str) -> NamedModule:
    """One module. Raises access.Denied for another school's, and for none."""
    row = tx.execute(text("SELECT * FROM module WHERE id = :id"), {"id": module_id}).first()
    if row is None:
        raise access.Denied
    access.require(actor, "see", row.school_id)
    return rows.module(row)


def called(tx: Connection, actor: Actor, name: str) -> list[NamedModule]:
    """The modules of that name or id in the actor's scope."""
    found = tx.execute(
        text("SELECT * FROM module WHERE id = :name OR name = :name ORDER BY id"), {"name": name}
    )
    return [rows.module(row) for row in found if access.may(actor, "see", row.school_id)]


def ready(tx: Connection, found: Iterable[Target], unseal: Unseal) -> list[Target]:
    """The targets as they are probed: with their modules' conditions, what is sealed opened.

    For Pult's own probing; nobody reads the secrets back.
    """
    kept = {row.id: rows.module(row) for row in tx.execute(text("SELECT * FROM module"))}
    return [as_probed(target, kept.get(target.module_id or ""), unseal) for target in found]


def as_probed(target: Target, module: NamedModule | None, unseal: Unseal) -> Target:
    """The target with the module's conditions, and its secrets opened, or why they are not."""
    whole = fitting.merged(target, module)
    if not whole.sealed:
        return whole
    awaited = [name for name, sealed in whole.sealed.items() if not sealed]
    if awaited:
        words = N_("Not entered yet: {names}. Enter it under Admin, Targets.")
        return replace(whole, unready=Words(words, {"names": ", ".join(awaited)}))
    try:
        opened = {name: unseal(sealed) for name, sealed in whole.sealed.items()}
    except VaultError:
        words = N_("Its secrets cannot be opened: the vault's key is missing, or another one.")
        return replace(whole, unready=Words(words))
    return replace(whole, secrets=opened)


def awaited(kept: Iterable[NamedModule | Target]) -> Iterator[Words]:
    """The secrets that have to be entered before their targets can be probed, in sentences."""
    for each in kept:
        names = ", ".join(name for name, sealed in each.sealed.items() if not sealed)
        if names:
            words = MODULE_NEEDS if isinstance(each, NamedModule) else TARGET_NEEDS
            yield Words(words, {"name": each.name, "secrets": names})


def _users(tx: Connection, module: NamedModule) -> list[Target]:
    found = tx.execute(
        text("SELECT * FROM target WHERE module_id = :id ORDER BY name"), {"id": module.id}
    )
    return rows.targets(tx, found.all(), module.school_id)


def _require(tx: Connection, module: NamedModule) -> None:
    if not module.name:
        raise TargetError(N_("The module needs a name."))
    fitting.require_written(module.name)
    fitting.require_conditions(module.prober, module.conditions, module.sealed)
    fitting.require_sense(module.prober, module.conditions)
    taken = tx.execute(
        text("SELECT 1 FROM module WHERE school_id = :school AND name = :name AND id <> :id"),
        {"school": module.school_id, "name": module.name, "id": module.id},
    ).first()
    if taken:
        raise TargetError(
            N_("A module named {name} is there already; choose another name."),
            {"name": module.name},
        )


def _guard_secrets(tx: Connection, actor: Actor, before: NamedModule, module: NamedModule) -> None:
    """Secrets are entered anew when the certificate would be looked at less strictly.

    Those that its targets have of their own go so only on an administrator's word.
    """
    if not fitting.slackens(before.conditions, module.conditions):
        return
    fitting.require_anew(before.sealed, module.sealed)
    if any(seal for target in _users(tx, module) for seal in target.sealed.values()):
        access.require(actor, "administer", module.school_id)


def _require_use(target: Target, module: NamedModule) -> None:
    """Raise TargetError when a target that uses the module no longer could."""
    if target.prober != module.prober:
        raise TargetError(
            N_("{target} uses this module, and is probed by {prober}."),
            {"target": target.name, "prober": target.prober},
        )
    fitting.require_address(fitting.merged(target, module))


def _values(module: NamedModule) -> dict[str, str]:
    return {
        "id": module.id,
        "name": module.name,
        "prober": module.prober,
        "conditions": rows.as_json(module.conditions),
        "sealed": rows.as_json(module.sealed),
    }
