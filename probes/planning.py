"""What is to be probed now: targets, adapters, maintenance, witnesses, read from the database."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from platforms.base import Adapter
from probes import beats, line, modules, recurring, resting, targets, windows
from probes.line import Witnesses
from probes.model import Beat, Target
from probes.modules import Unseal
from store import access, schools
from store.access import Actor
from store.db import Connection, Database, text
from store.words import N_, Words

REREAD = 10.0  # seconds: all targets are read again, whether or not somebody changed one

LOG = logging.getLogger("pult.probes")
AdaptersFor = Callable[[str], Adapter]


@dataclass(frozen=True)
class Plan:
    """What is to be probed now; an adapter that cannot be made stands as the reason."""

    targets: dict[str, Target] = field(default_factory=dict)
    adapters: dict[str, Adapter | Words] = field(default_factory=dict)
    maintenance: dict[str, windows.Window] = field(default_factory=dict)
    silenced: frozenset[str] = frozenset()
    witnesses: Witnesses = field(default_factory=Witnesses)
    heard: dict[str, Beat] = field(default_factory=dict)
    resting: frozenset[str] = frozenset()


class Planner:
    """Reads the plan again and again."""

    def __init__(self, db: Database, adapters_for: AdaptersFor, unseal: Unseal) -> None:
        self._db = db
        self._adapters_for = adapters_for
        self._unseal = unseal
        self._made: dict[str, tuple[str, Adapter | Words]] = {}
        self._mark: tuple[object, ...] = ()
        self._read = 0.0  # when all targets were, in monotonic seconds
        self._urls: dict[str, str] = {}
        self.plan = Plan()

    def read(self, *, now: datetime) -> Plan:
        """What is to be probed by now; parts that did not change are those of the plan before."""
        with self._db.read() as tx:
            actor = access.system(*schools.every_id(tx))
            found = self._targets(tx, actor)
            running = [*windows.running(tx, actor, now=now), *recurring.running(tx, actor, now=now)]
            marks, urls = _connections(tx)
            heard = beats.heard(tx, now=now)
            rest = resting.resting(tx, actor, found.values(), now=now)
        wanted = {target.connection_id for target in found.values()}
        self._made = {
            connection_id: self._adapter(connection_id, mark)
            for connection_id, mark in marks.items()
            if connection_id in wanted
        }
        self.plan = Plan(
            found,
            {connection_id: adapter for connection_id, (_, adapter) in self._made.items()},
            {w.target_id: w for w in running if w.kind == "maintenance"},
            frozenset(w.target_id for w in running if w.kind == "silence"),
            self._witnesses(found, urls),
            heard,
            rest,
        )
        return self.plan

    def _targets(self, tx: Connection, actor: Actor) -> dict[str, Target]:
        """All targets; as they were, while nobody did anything that could have changed them."""
        mark = _mark(tx, actor)
        if mark == self._mark and monotonic() - self._read < REREAD:
            return self.plan.targets
        ready = modules.ready(tx, targets.probed(tx, actor), self._unseal)
        found = {target.id: target for target in ready}
        self._mark, self._read = mark, monotonic()
        return self.plan.targets if found == self.plan.targets else found

    def _witnesses(self, found: dict[str, Target], urls: dict[str, str]) -> Witnesses:
        """Those of the plan before, unless its targets have changed."""
        if self._urls == urls and self.plan.targets is found:
            return self.plan.witnesses
        self._urls = urls
        return line.witnesses(found.values(), urls)

    def _adapter(self, connection_id: str, mark: str) -> tuple[str, Adapter | Words]:
        """The adapter, made anew only when its connection changed: it may have learnt things."""
        known = self._made.get(connection_id)
        if known and known[0] == mark and not isinstance(known[1], Words):
            return known
        try:
            return mark, self._adapters_for(connection_id)
        except Exception as error:
            LOG.warning("connection %s: %s", connection_id, type(error).__name__)
            return mark, Words(
                getattr(error, "template", N_("The connection's settings cannot be used.")),
                getattr(error, "params", {}),
            )


def _mark(tx: Connection, actor: Actor) -> tuple[object, ...]:
    """Differs after each change: whoever changes a target notes it in the audit."""
    last = "SELECT MAX(at) FROM audit WHERE school_id = :school"
    return (
        tx.execute(text("SELECT COUNT(*) FROM target")).scalar_one(),
        *(
            (school_id, tx.execute(text(last), {"school": school_id}).scalar_one())
            for school_id in sorted(actor.schools)
        ),
    )


def _connections(tx: Connection) -> tuple[dict[str, str], dict[str, str]]:
    """By connection, a mark that changes when anything an adapter is made of does; and its URL."""
    found = tx.execute(text("SELECT id, platform, url, secret_sealed, options FROM connection"))
    rows = found.all()
    return {row.id: repr(tuple(row)) for row in rows}, {row.id: row.url for row in rows}
