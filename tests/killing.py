"""Kill the real worker while it acts on platforms that answer slowly, again and again; then count.

The worker is the process that the console starts, as console.children starts it.
"""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import cast

from console.children import Part, Supervisor
from console.web import parts
from moderation import actions, calls
from moderation.model import Action, ActionKind
from platforms.capabilities import AccountMuter, AccountSuspender, CommentSource
from store.db import text
from tests import stage
from tests.failing import Desk, Place

PATIENCE = 300.0  # seconds for all to settle: the pauses between tries pass in real time
LONGEST_ACT = 2.5  # seconds from the first call of an action to its receipt, behind the proxy

BEGUN = """
    EXISTS (SELECT 1 FROM moderation_action AS action
            WHERE action.tries > 0 AND action.state IN ('waiting', 'unconfirmed')
              AND lease.name LIKE '% ' || action.connection_id || ' ' || action.external_id)
"""


@dataclass
class Tally:
    kills: int = 0  # while at least one action was under way
    begun: int = 0  # of these after its call had been made possible: the intent was written
    asked: int = 0
    calls: int = 0  # that change something, as the platforms heard them
    again: int = 0  # of these the same call once more: all of them say how it shall stand
    unsettled: int = 0
    refused: int = 0
    lies: int = 0  # receipts that say other than what is so
    changed: int = 0  # comments and accounts that do not stand as they stood before all
    by_place: dict[str, int] = field(default_factory=dict)  # actions


Subject = tuple[str, ActionKind, str]  # place, kind, external id


@dataclass
class Ward:
    """What is acted upon, by which worker."""

    desk: Desk
    part: Part
    size: int  # of each kind on each platform, asked for together

    def subjects(self) -> list[Subject]:
        return [
            (name, kind, self.desk.subject(name, kind))
            for _ in range(self.size)
            for name, place in self.desk.places.items()
            for kind in place.kinds
        ]

    def stand(self, subjects: list[Subject]) -> list[object]:
        """How each stands by the platform's own word, over a way that does not fail."""
        said = {name: _said(place) for name, place in self.desk.places.items()}
        return [
            _stands(self.desk.places[name], said[name], kind, id_) for name, kind, id_ in subjects
        ]

    def under_way(self, pid: int) -> bool:
        """Whether this worker is at an action, or was when it was killed."""
        return self._has("lease.name LIKE 'moderation %'", pid)

    def begun(self, pid: int) -> bool:
        """Whether it had written down how things stood: its call may have been made."""
        return self._has(BEGUN, pid)

    def settled(self, ids: list[str]) -> bool:
        """Whether nothing is open; Ana allows at once what waits for a second person."""
        found = [self.desk.read(id_).receipt for id_ in ids]
        for one in found:
            if one.state == "held":
                with self.desk.db.begin() as tx:
                    actions.allow(tx, self.desk.ana, one.action_id, now=datetime.now(UTC))
        return all(one.state in ("verified", "refused") for one in found)

    def _has(self, what: str, pid: int) -> bool:
        with self.desk.db.read() as tx:
            sql = f"SELECT 1 FROM lease WHERE owner LIKE :pid AND {what}"
            return tx.execute(text(sql), {"pid": f"%/{pid}/%"}).first() is not None


def worker(data: Path) -> Part:
    """The worker of the world in this folder, as the console starts it."""
    environment = {**os.environ, "PULT_DATA": str(data), "PULT_VAULT_KEY": stage.KEY.decode()}
    return Part(("-m", "console", "worker", "--with-parent"), parts.surroundings(environment))


def kill(at: Ward, kills: int, seed: int) -> Tally:
    """Kill it in mid-action until it was so often; let all settle then.

    Everything is done, then all is undone that can be, and so on with others; the last
    thing is the way back.
    """
    dice, tally = Random(seed), Tally()
    for place in at.desk.places.values():
        place.faults.plan = lambda _method, _path: "slow"
    while tally.kills < kills:
        subjects = at.subjects()
        stood = at.stand(subjects)
        at.desk.now = datetime.now(UTC)
        done = [at.desk.ask(name, kind, id_) for name, kind, id_ in subjects]
        through(at, done, kills, dice, tally)
        back = [id_ for id_ in done if _undoable(at.desk, id_)]
        at.desk.now = datetime.now(UTC)
        through(at, [at.desk.undo(id_) for id_ in back], kills, dice, tally)
        stands = at.stand(subjects)
        tally.changed += sum(
            before != now
            for id_, before, now in zip(done, stood, stands, strict=True)
            if id_ in back
        )
    return tally


def through(at: Ward, waiting: list[str], kills: int, dice: Random, tally: Tally) -> None:
    """Kill the worker again and again while it does these, then let it do the rest."""
    heard = {name: len(place.faults.heard) for name, place in at.desk.places.items()}
    tally.asked += len(waiting)
    while not at.settled(waiting) and tally.kills < kills:
        hit, deep = _one(at, waiting, dice)
        tally.kills, tally.begun = tally.kills + hit, tally.begun + deep
    _settle(at, waiting)
    for action in map(at.desk.read, waiting):
        tally.by_place[action.connection_id] = tally.by_place.get(action.connection_id, 0) + 1
        tally.unsettled += action.receipt.state not in ("verified", "refused")
        tally.refused += action.receipt.state == "refused"
        tally.lies += _lies(at.desk, action)
    for name, place in at.desk.places.items():
        made = [one for one in place.faults.heard[heard[name] :] if _changes(place, one)]
        tally.calls += len(made)
        tally.again += len(made) - len(set(made))


def _one(at: Ward, waiting: list[str], dice: Random) -> tuple[bool, bool]:
    """Run the worker once until it is killed: whether it was at something, and had begun it."""
    supervisor = Supervisor()  # not started: it brings nothing back by itself
    supervisor.keep("worker", at.part)
    pid = supervisor.pids()["worker"]
    until = time.monotonic() + PATIENCE
    while not at.under_way(pid) and not at.settled(waiting) and time.monotonic() < until:
        assert supervisor.pids(), "the worker ended by itself"
        time.sleep(0.01)
    time.sleep(dice.uniform(0, LONGEST_ACT))
    os.kill(pid, signal.SIGKILL)
    supervisor.close()
    return at.under_way(pid), at.begun(pid)


def _settle(at: Ward, waiting: list[str]) -> None:
    if at.settled(waiting):
        return
    supervisor = Supervisor()
    supervisor.keep("worker", at.part)
    until = time.monotonic() + PATIENCE
    while not at.settled(waiting) and time.monotonic() < until:
        time.sleep(0.1)
    supervisor.close()


def _undoable(desk: Desk, action_id: str) -> bool:
    """Whether it was done, and the platform takes it back."""
    action = desk.read(action_id)
    clean = desk.places[action.connection_id].clean
    return action.receipt.state == "verified" and calls.undoable(clean, action.kind)


def _lies(desk: Desk, action: Action) -> bool:
    clean, wanted = desk.places[action.connection_id].clean, calls.KINDS[action.kind].wanted
    so = calls.read(clean, action) == wanted
    return so != (action.receipt.state == "verified") or (so and action.receipt.after != wanted)


def _said(place: Place) -> Mapping[str, tuple[str, str]]:
    """Subject and wording of every comment there is."""
    source = cast(CommentSource, place.clean)
    if "comments" not in place.clean.can:
        return {}
    return {one.external_id: (one.subject, one.html) for one in source.comments(None)}


def _stands(
    place: Place, said: Mapping[str, tuple[str, str]], kind: ActionKind, id_: str
) -> object:
    match calls.KINDS[kind].aspect:
        case "comment":
            return said.get(id_)
        case "access":
            there = cast(AccountSuspender, place.clean)
            return there.suspended(id_), there.standing(id_)
    muter = cast(AccountMuter, place.clean)
    return muter.muted(id_), muter.mute_standing(id_)


def _changes(place: Place, one: tuple[str, str, bytes]) -> bool:
    method, path, body = one
    return place.changes(method, path) and b"_get_" not in body  # Moodle's are all POST
