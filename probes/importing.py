"""Bring modules and targets in from a TOML file: all of it, or nothing and what is wrong.

What has the name of one that is there changes it; what the file does not name stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from probes import entries, fitting, modules, targets
from probes.entries import Entry, Problem
from probes.exporting import Names
from probes.model import NamedModule, Target, TargetError
from probes.probers import PROBERS
from store import access
from store.access import Actor
from store.db import Connection, Database
from store.words import N_, Words


@dataclass
class Outcome:
    """What became of the entries, by name; with problems, nothing was kept.

    `awaited`: the secrets that have to be entered before their targets can be probed.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    awaited: list[Words] = field(default_factory=list)


def bring_in(
    db: Database,
    actor: Actor,
    school_id: str,
    written: str,
    *,
    now: datetime,
    dry_run: bool = False,
) -> Outcome:
    """Keep what the file says. Raises TargetError when it cannot be read as a whole."""
    with db.begin() as tx:
        outcome = rehearse(tx, actor, school_id, written, now=now)
        if dry_run or outcome.problems:
            tx.rollback()
    return outcome


def rehearse(
    tx: Connection, actor: Actor, school_id: str, written: str, *, now: datetime
) -> Outcome:
    """Keep what the file says in a transaction that the caller rolls back. Raises TargetError."""
    access.require(actor, "steer", school_id)
    found, problems = entries.read(written)
    work = _Work(tx, actor, school_id, now, Outcome(problems=problems))
    work.all(found)
    return work.outcome


class _Work:
    """One file, in one transaction."""

    def __init__(
        self, tx: Connection, actor: Actor, school_id: str, now: datetime, outcome: Outcome
    ) -> None:
        self.tx, self.actor, self.school_id, self.now = tx, actor, school_id, now
        self.outcome = outcome
        self.modules = {each.name: each for each in modules.of(tx, actor, school_id)}
        self.targets = {each.name: each for each in targets.of(tx, actor, school_id)}
        self.names = Names(tx, school_id, list(self.modules.values()), [])
        self.new: set[str] = set()

    def all(self, found: list[Entry]) -> None:
        """Modules first, then targets, then what those depend on, where it was not there yet."""
        wrong = {id(problem.entry) for problem in self.outcome.problems}
        good = [entry for entry in found if id(entry) not in wrong]
        named = {entry.name.strip() for entry in found if entry.kind == "target"}
        for entry in good:
            if entry.kind == "module":
                self._guarded(entry, self._module)
        ordered = _parents_first([entry for entry in good if entry.kind == "target"])
        for entry in ordered:
            self._guarded(entry, self._target)
        for entry in ordered:
            if entry.name.strip() in self.targets:
                self._guarded(entry, lambda entry: self._finish(entry, named))

    def _guarded(self, entry: Entry, keep: Callable[[Entry], None]) -> None:
        try:
            keep(entry)
        except TargetError as error:
            words = Words(error.template, error.params)
            self.outcome.problems.append(Problem(entry, words))

    def _module(self, entry: Entry) -> None:
        fields, name = entry.fields, entry.name.strip()
        before = self.modules.get(name)
        conditions = fields.get("conditions", {})
        stays = before is not None and not fitting.slackens(before.conditions, conditions)
        wanted = NamedModule(
            before.id if before else "",
            self.school_id,
            name,
            fields.get("prober", ""),
            conditions,
            _sealed(entry, before.sealed if before and stays else {}),
        )
        if before is None:
            new_id = modules.add(self.tx, self.actor, wanted, now=self.now)
            wanted = replace(wanted, id=new_id)
        elif wanted != before:
            modules.change(self.tx, self.actor, wanted, now=self.now)
        self.modules[name] = wanted
        self._note(name, new=before is None, changed=wanted != before)
        self.outcome.awaited.extend(modules.awaited([wanted]))

    def _target(self, entry: Entry) -> None:
        """Add the target, if there is none of its name."""
        name = entry.name.strip()
        if name in self.targets:
            return
        wanted = self._wanted(entry, Target("", self.school_id, name, "", ""))
        added = targets.add(
            self.tx,
            self.actor,
            self.school_id,
            name=name,
            prober=wanted.prober,
            address=wanted.address,
            module=wanted.module,
            interval=wanted.interval,
            parent_ids=self._known(entry),
            connection_id=wanted.connection_id,
            room_id=wanted.room_id,
            runbook=wanted.runbook,
            enabled=wanted.enabled,
            module_id=wanted.module_id,
            sealed=wanted.sealed,
            now=self.now,
        )
        self.targets[name] = targets.get(self.tx, self.actor, added)
        self.new.add(name)

    def _finish(self, entry: Entry, named: set[str]) -> None:
        before = self.targets[entry.name.strip()]
        parents = self._parents(entry, named)
        wanted = replace(self._wanted(entry, before), parent_ids=parents)
        if set(wanted.parent_ids) == set(before.parent_ids):
            wanted = replace(wanted, parent_ids=before.parent_ids)
        if wanted != before:
            targets.change(self.tx, self.actor, wanted, now=self.now)
        self._note(before.name, new=before.name in self.new, changed=wanted != before)
        self.outcome.awaited.extend(modules.awaited([wanted]))

    def _wanted(self, entry: Entry, before: Target) -> Target:
        fields = entry.fields
        module = self._named_module(fields.get("module"))
        prober = fields.get("prober", module.prober if module else "")
        address = fields.get("address", "").strip()
        usual = PROBERS[prober].interval if prober in PROBERS else fitting.SHORTEST
        seconds = fields.get("interval_seconds", usual.total_seconds())
        wanted = replace(
            before,
            prober=prober,
            address=address,
            module=fields.get("conditions", {}),
            interval=timedelta(seconds=seconds),
            connection_id=self._connection(fields.get("connection")),
            room_id=self._room(fields.get("room")),
            runbook=fields.get("runbook", ""),
            enabled=fields.get("enabled", True),
            module_id=module.id if module else None,
        )
        used = {each.id: each for each in self.modules.values()}
        former = fitting.merged(before, used.get(before.module_id or ""))
        stays = not fitting.strays(former, fitting.merged(wanted, module))
        return replace(wanted, sealed=_sealed(entry, before.sealed if stays else {}))

    def _named_module(self, name: str | None) -> NamedModule | None:
        if name is None:
            return None
        if name.strip() not in self.modules:
            raise TargetError(N_("There is no module {name}."), {"name": name})
        return self.modules[name.strip()]

    def _parents(self, entry: Entry, named: set[str]) -> tuple[str, ...]:
        """The ids of those it depends on, without those whose own entry is wrong."""
        found = []
        for name in entry.fields.get("depends_on", []):
            parent = self.targets.get(name.strip())
            if parent is not None:
                found.append(parent.id)
            elif name.strip() not in named:
                raise TargetError(
                    N_("It depends on {name}, and there is no such target."), {"name": name}
                )
        return tuple(sorted(found))

    def _known(self, entry: Entry) -> list[str]:
        named = [name.strip() for name in entry.fields.get("depends_on", [])]
        return [self.targets[name].id for name in named if name in self.targets]

    def _connection(self, name: str | None) -> str | None:
        if name is None:
            return None
        found = [id_ for id_, known in self.names.connections.items() if known == name.strip()]
        if not found:
            raise TargetError(
                N_("There is no connection {name}: connect that platform first."), {"name": name}
            )
        return found[0]

    def _room(self, room: Mapping[str, Any] | None) -> str | None:
        if room is None:
            return None
        place = (self._connection(str(room.get("connection", ""))), str(room.get("id", "")))
        found = [id_ for id_, known in self.names.rooms.items() if known == place]
        if not found:
            raise TargetError(
                N_("There is no room {name}: bring in what that platform has first."),
                {"name": place[1] or ""},
            )
        return found[0]

    def _note(self, name: str, *, new: bool, changed: bool) -> None:
        outcome = self.outcome
        kept = outcome.added if new else outcome.changed if changed else outcome.unchanged
        kept.append(name)


def _parents_first(found: list[Entry]) -> list[Entry]:
    """Each after those that it depends on; in a circle somebody has to begin."""
    named = {entry.name.strip(): entry for entry in found}
    ordered: dict[str, Entry] = {}
    waiting = list(reversed(named))
    begun: set[str] = set()
    while waiting:
        name = waiting[-1]
        parents = [each.strip() for each in named[name].fields.get("depends_on", [])]
        ahead = [each for each in parents if each in named and each not in begun]
        if ahead and name not in begun:
            begun.add(name)
            waiting.extend(ahead)
            continue
        begun.add(name)
        ordered.setdefault(name, named[waiting.pop()])
    return list(ordered.values())


def _sealed(entry: Entry, kept: Mapping[str, str]) -> dict[str, str]:
    """The secrets that the file names: as they are sealed here, else yet to be entered."""
    return {name: kept.get(name, "") for name in entry.fields.get("secrets", [])}
