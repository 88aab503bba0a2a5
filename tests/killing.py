"""Kill a worker while it acts on a Moodle that answers slowly, again and again; then count."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from moderation import actions, intake
from moderation.model import Action, ActionKind
from moderation.together import run_due
from platforms.moodle import Moodle
from store import db
from store.access import Actor
from store.db import Database, text
from store.schools import School

PATIENCE = 120.0  # seconds for all to settle after the last kill
LONGEST_ACT = 1.2  # seconds from the first call of an action to its receipt, behind the proxy

BEGUN = """
    EXISTS (SELECT 1 FROM moderation_action AS action
            WHERE action.tries > 0 AND action.state IN ('waiting', 'unconfirmed')
              AND lease.name LIKE '% ' || action.connection_id || ' ' || action.external_id)
"""


@dataclass(frozen=True)
class Tally:
    kills: int  # while an action was under way
    begun: int  # kills after its call had been made possible: the intent was written
    asked: int
    unsettled: int
    lies: int  # receipts that say other than what is so
    changed: int  # comments and accounts that do not stand as they stood before all


@dataclass
class Ward:
    """What is acted upon, and how it stood."""

    db: Database
    school: School
    actor: Actor
    site: Moodle  # not behind the proxy
    posts: Mapping[str, tuple[str, str]]  # external id: subject and wording
    accounts: Sequence[str]

    def ask_all(self, back: Sequence[Action], now: datetime) -> list[str]:
        """Ask for everything, or for the way back of what was done."""
        with self.db.begin() as tx:
            if back:
                return [actions.undo(tx, self.actor, one.id, now=now) for one in back]
            wanted: list[tuple[ActionKind, str]] = [("remove comment", id_) for id_ in self.posts]
            wanted += [("suspend account", id_) for id_ in self.accounts]
            return [
                actions.request(
                    tx, self.actor, kind, school_id=self.school.id, connection_id="lms",
                    external_id=id_, now=now,
                )
                for kind, id_ in wanted
            ]  # fmt: skip

    def read(self, action_ids: Sequence[str]) -> list[Action]:
        with self.db.read() as tx:
            found = [actions.get(tx, self.actor, id_) for id_ in action_ids]
        return [one for one in found if one is not None]

    def under_way(self, pid: int) -> bool:
        """Whether this worker is at an action, or was when it was killed."""
        return self._has("lease.name LIKE 'moderation %'", pid)

    def begun(self, pid: int) -> bool:
        """Whether it had written down how things stood: its call may have been made."""
        return self._has(BEGUN, pid)

    def _has(self, what: str, pid: int) -> bool:
        with self.db.read() as tx:
            sql = f"SELECT 1 FROM lease WHERE owner LIKE :pid AND {what}"
            return tx.execute(text(sql), {"pid": f"%/{pid}/%"}).first() is not None

    def lies(self, done: Sequence[Action]) -> int:
        """Receipts that do not say what is so there, or what had stood before."""
        wrong = 0
        for one in done:
            about = one.kind.partition(" ")[2]
            if about == "comment":
                so = "removed" if self.site.removed(one.external_id) else "visible"
            else:
                so = "suspended" if self.site.suspended(one.external_id) else "active"
            told = one.receipt
            wrong += (told.state, told.after) != ("verified", so) or told.before == told.after
        return wrong

    def changed(self) -> int:
        stand = written(self.site)
        moved = sum(stand.get(id_) != said for id_, said in self.posts.items())
        return moved + sum(self.site.suspended(id_) for id_ in self.accounts)


def written(site: Moodle) -> dict[str, tuple[str, str]]:
    """Subject and wording, as the platform holds them, of each comment that answers another."""
    return {
        one.external_id: (one.subject, one.html) for one in site.comments(None) if one.parent_id
    }


def ward(database: Database, school: School, actor: Actor, site: Moodle, size: int) -> Ward:
    """So many comments that answer another, and as many accounts of those who wrote some.

    All comments are taken in first, as a worker does before anybody can act on one.
    """
    intake.pull(database, actor, "lms", lambda _: site, now=datetime.now(UTC))
    authors = dict.fromkeys(one.author_external_id for one in site.comments(None))
    able = [id_ for id_ in authors if not site.protected(id_) and not site.suspended(id_)]
    posts = dict(list(written(site).items())[:size])
    return Ward(database, school, actor, site, posts, able[:size])


def kill(at: Ward, command: Sequence[str], kills: int, seed: int) -> Tally:
    """Start the worker and kill it in mid-action, until it was so often; let all settle then.

    All is done, then all is undone, and so on; the last thing is the way back.
    """
    dice = Random(seed)
    killed = begun = asked = lies = 0
    back: list[Action] = []
    while True:
        waiting = at.ask_all(back, datetime.now(UTC))
        asked += len(waiting)
        while not _settled(at, waiting) and killed < kills:
            hit, deep = _one(at, command, dice)
            killed, begun = killed + hit, begun + deep
        _settle(at, command, waiting)
        done = at.read(waiting)
        lies += at.lies(done)
        if back and killed >= kills:
            open_ = sum(one.receipt.state == "unconfirmed" for one in done)
            return Tally(killed, begun, asked, open_, lies, at.changed())
        back = [] if back else done


def _one(at: Ward, command: Sequence[str], dice: Random) -> tuple[bool, bool]:
    """Run the worker once until it is killed: whether it was at something, and had begun it."""
    with subprocess.Popen(command, stdin=subprocess.PIPE) as worker:
        until = time.monotonic() + PATIENCE
        while not at.under_way(worker.pid) and time.monotonic() < until:
            assert worker.poll() is None, "the worker ended by itself"
            time.sleep(0.01)
        time.sleep(dice.uniform(0, LONGEST_ACT))
        worker.kill()
        worker.wait()
        return at.under_way(worker.pid), at.begun(worker.pid)


def _settle(at: Ward, command: Sequence[str], waiting: Sequence[str]) -> None:
    with subprocess.Popen(command, stdin=subprocess.PIPE) as worker:
        until = time.monotonic() + PATIENCE
        while not _settled(at, waiting) and time.monotonic() < until:
            time.sleep(0.1)
        worker.kill()


def _settled(at: Ward, waiting: Sequence[str]) -> bool:
    return all(one.receipt.state != "unconfirmed" for one in at.read(waiting))


def worker(data: Path, url: str, token: str, speed: float) -> list[str]:
    """The command of a process that does what the worker does about actions.

    `speed`: how much faster than time the pauses between tries pass.
    """
    what = {"data": str(data), "url": url, "token": token, "speed": speed, "began": time.time()}
    return [sys.executable, "-m", "tests.killing", json.dumps(what)]


def _work(data: str, url: str, token: str, speed: float, began: float) -> None:
    opened, site = db.connect(Path(data)), Moodle(url, token, {"loopback_only": "1"})

    def clock() -> datetime:
        return datetime.fromtimestamp(began + (time.time() - began) * speed, UTC)

    while True:
        run_due(opened, lambda _: site, clock=clock)
        time.sleep(0.05)


if __name__ == "__main__":
    _work(**json.loads(sys.argv[1]))
