"""Kill sender, console or PostgreSQL, again and again: `python -m benchmarks.killing`.

A campaign goes through a real Postfix into mailboxes. Every campaign has so many random
kill -9 while mail is on its way, each as soon as what was killed sends again: of a sender
by itself (each fourth while it may still clear up after the one before), of a console with
all its processes, of PostgreSQL with all of its own under a console that lives on. After
each the ledger must sum to the audience; in the end nobody may be lost, nobody mailed twice
while in-doubt mails are held, and at most one a connection for each kill where they are
sent again.
"""

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass

from benchmarks import asked, victims
from benchmarks.victims import Scene
from mailing import campaigns
from mailing.model import Totals
from mailing.relay import MAX_CONNECTIONS
from store import access
from store.db import text
from tests import postfix
from tests.postfix import Postfix

SETTLE = 180.0  # seconds for the mailboxes to hold all that Postfix took
START = 120.0  # seconds for mail to leave again
MOMENT = 0.8  # seconds after the first mail has left within which the kill comes
CLEARING = 0.1  # seconds after a sender's start within which it clears up
KINDS = {"sqlite": ("sender", "console"), "postgresql": ("sender", "console", "postgresql")}


@dataclass
class Run:
    """What the campaigns of one kind showed."""

    campaigns: int = 0
    kills: int = 0
    sums_wrong: int = 0
    lost: int = 0
    in_doubt: int = 0
    beyond: int = 0  # times that more were in doubt than one a connection each kill
    held: int = 0
    twice: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="shared by the ten kinds of run")
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--only", default="", help="kinds that begin so, as they are printed")
    chosen = parser.parse_args()
    dice, began = random.Random(chosen.seed), time.monotonic()
    kinds = [
        (kind, victim, uncertain)
        for kind, victims_ in KINDS.items()
        for victim in victims_
        for uncertain in ("hold", "resend")
    ]
    told: dict[tuple[str, str, str], Run] = {}
    with postfix.running([f"pupil{n}@school.example" for n in range(chosen.messages)]) as relay:
        for each in kinds:
            if " ".join(each).startswith(chosen.only):
                told[each] = _run(each, relay, chosen.messages, chosen.kills // len(kinds), dice)
                print(*each, json.dumps(asdict(told[each])), file=sys.stderr, flush=True)
    seconds = round(time.monotonic() - began)
    runs = {", ".join(each): asdict(run) for each, run in told.items()}
    print(json.dumps(vars(chosen) | {"runs": runs, "seconds": seconds, "load": os.getloadavg()}))
    asked.end(_limits(told))


def _limits(told: dict[tuple[str, str, str], Run]) -> dict[str, bool]:
    runs = [*told.values()]
    held = [run for (_, _, uncertain), run in told.items() if uncertain == "hold"]
    return {
        "nobody lost": not any(run.lost for run in runs),
        "the ledger sums to the audience after each kill": not any(run.sums_wrong for run in runs),
        "nobody twice while in-doubt mails are held": not any(run.twice for run in held),
        "at most one a connection in doubt each kill": not any(run.beyond for run in runs),
        "nobody twice who was not in doubt": all(run.twice <= run.in_doubt for run in runs),
    }


def _run(
    kind: tuple[str, str, str], relay: Postfix, messages: int, kills: int, dice: random.Random
) -> Run:
    database, victim, uncertain = kind
    total = Run()
    while total.kills < kills:
        relay.empty()
        with victims.scene(database, relay, messages, uncertain) as scene:
            total.campaigns += 1
            if victim == "postgresql":
                _under_a_console(scene, kills, dice, total)
            else:
                _started_anew(scene, victim, kills, dice, total)
            _count(scene, total)
    return total


def _started_anew(scene: Scene, victim: str, kills: int, dice: random.Random, total: Run) -> None:
    """Up to so many kills of what sends, which is started again each time; then to the end."""
    start = victims.sender if victim == "sender" else victims.console
    here = 0
    while total.kills < kills:
        before = _totals(scene)
        process = start(scene)
        if process.stdout is not None and here % 4 == 3:
            process.stdout.readline()
            time.sleep(dice.random() * CLEARING)
        else:
            _until_moved(scene, before)
            _look(scene, here, total)
            time.sleep(dice.random() * MOMENT)
        if not _totals(scene).waiting:
            victims.kill(process)
            break
        victims.kill(process)
        here, total.kills = here + 1, total.kills + 1
        total.sums_wrong += _totals(scene).audience != scene.messages
    while _totals(scene).waiting:
        _hurry(scene)
        victims.sender(scene).wait()
    _look(scene, here, total)
    total.in_doubt += _in_doubt(scene)


def _under_a_console(scene: Scene, kills: int, dice: random.Random, total: Run) -> None:
    """Up to so many kills of PostgreSQL; the console, which nobody starts again, goes on."""
    here, process = 0, victims.console(scene)
    while total.kills < kills:
        _until_moved(scene, _totals(scene))
        _look(scene, here, total)
        time.sleep(dice.random() * MOMENT)
        if not _totals(scene).waiting:
            break
        victims.kill_postgresql(scene)
        here, total.kills = here + 1, total.kills + 1
        total.sums_wrong += _totals(scene).audience != scene.messages
    while (before := _totals(scene)).waiting:
        _hurry(scene)
        _until_moved(scene, before)
    _look(scene, here, total)
    total.in_doubt += _in_doubt(scene)
    victims.kill(process)


def _totals(scene: Scene) -> Totals:
    with scene.ledger.read() as tx:
        school = tx.execute(text("SELECT id FROM school")).scalar_one()
        (campaign,) = campaigns.of(tx, access.system(school), school)
    return campaign.totals


def _until_moved(scene: Scene, before: Totals) -> None:
    until = time.monotonic() + START
    while (now := _totals(scene)) == before and now.waiting:
        if time.monotonic() > until:
            raise TimeoutError(f"no mail leaves: {now}")
        time.sleep(0.02)


def _in_doubt(scene: Scene) -> int:
    """So many were tried without a word of the relay that they are sent."""
    with scene.ledger.read() as tx:
        counted = text(
            "SELECT SUM(attempt) - SUM(CASE state WHEN 'sent' THEN 1 ELSE 0 END) FROM delivery"
        )
        return int(tx.execute(counted).scalar_one())


def _look(scene: Scene, kills: int, total: Run) -> None:
    """After what died was cleared up behind."""
    total.beyond += _in_doubt(scene) > kills * MAX_CONNECTIONS


def _hurry(scene: Scene) -> None:
    """What a broken connection left in doubt waits a minute: its time has come."""
    with scene.ledger.begin() as tx:
        tx.execute(text("UPDATE delivery SET next_at = 0 WHERE state = 'due'"))


def _count(scene: Scene, total: Run) -> None:
    with scene.ledger.read() as tx:
        rows = tx.execute(text("SELECT state, message_id FROM delivery")).all()
    states = {row.message_id: row.state for row in rows}
    got = _arrived(scene.relay, sum(state == "sent" for state in states.values()))
    total.sums_wrong += len(rows) != scene.messages
    total.held += sum(state == "held" for state in states.values())
    total.lost += sum(state == "sent" and not got[id_] for id_, state in states.items())
    total.lost += sum(state not in ("sent", "held") for state in states.values())
    total.twice += sum(count - 1 for count in got.values())


def _arrived(relay: Postfix, least: int) -> Counter[str]:
    """How often each Message-ID stands in the mailboxes, once Postfix is done."""
    until, before = time.monotonic() + SETTLE, -1
    while time.monotonic() < until:
        found = list(relay.mail.glob("*/new/*"))
        if len(found) >= least and len(found) == before:
            break
        before = len(found)
        time.sleep(1.0)
    ids: Counter[str] = Counter()
    for path in found:
        head = path.read_bytes().partition(b"\n\n")[0].decode()
        line = next(one for one in head.splitlines() if one.startswith("Message-ID: "))
        ids[line.partition("<")[2].rstrip(">")] += 1
    return ids


if __name__ == "__main__":
    main()
