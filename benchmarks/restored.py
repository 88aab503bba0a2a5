"""Restore a backup in mid-campaign, before a real Postfix: `python -m benchmarks.restored`.

A backup is made while a campaign leaves; the campaign goes on for a while, then the backup comes
back. Prints what reached mailboxes before, while sending is paused, once it is resumed, and after
what is held was told apart by Postfix's own log; a mail too many or too few ends it with 1.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import asked
from console import mail_rounds
from console.desk import restoring
from console.sections import Mail, Settings
from console.wiring import PACKAGES, Console
from mailing import campaigns, relay_log, releasing
from mailing.model import UNDO
from mailing.segments import Segment
from store import access, backup, db, migrate, roster, schools
from store.access import Actor
from store.db import Connection
from store.vault import Vault
from tests import postfix
from tests.postfix import Postfix
from tests.stage import KEY


class Enough(threading.Event):
    """A stop once so many mails arrived: the worker is ended in mid-campaign."""

    def __init__(self, server: Postfix, count: int) -> None:
        super().__init__()
        self._server, self._count = server, count

    def is_set(self) -> bool:
        return super().is_set() or arrived(self._server) >= self._count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=60)
    chosen = parser.parse_args()
    people = [f"pupil{n:04}@school.test" for n in range(chosen.people)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, postfix.running(people) as server:
        told = _restored(Path(name), server, people)
    told |= {"seconds": round(time.monotonic() - began), "load": os.getloadavg()[0]}
    print(json.dumps(vars(chosen) | told))
    asked.end(
        {
            "the backup is of mid-campaign": 0 < told["at backup"] < told["at restore"],
            "nothing leaves until somebody says so": told["paused"] == told["at restore"],
            "nor then what may have arrived": told["resumed"] == told["at restore"],
            "everybody has it once": told["at the end"] == told["once"] == chosen.people,
        }
    )


def arrived(server: Postfix) -> int:
    return len(list(server.mail.glob("*/new/*")))


def _restored(folder: Path, server: Postfix, people: list[str]) -> dict[str, float]:
    opened = db.connect(folder / "data")
    migrate.apply(opened, PACKAGES, now=datetime.now(UTC))
    settings = Settings(mail=Mail(relay=f"{server.url}?per_second=20"))
    console = Console(settings, opened, Vault(KEY))
    ana, id_ = _released(console, people)
    told: dict[str, float] = {}
    mail_rounds.mail(console, Enough(server, len(people) // 3))
    told["at backup"] = _sent(console, ana, id_)
    backup.save(opened, folder / "b.zip", now=datetime.now(UTC))
    mail_rounds.mail(console, Enough(server, len(people) * 2 // 3))
    gone = _sent(console, ana, id_)
    told["at restore"] = len(server.messages(gone))
    backup.load(opened, folder / "b.zip", packages=PACKAGES, force=True, now=datetime.now(UTC),
                unseen=_hold)  # fmt: skip
    mail_rounds.mail(console, threading.Event())
    told["paused"] = arrived(server)
    with opened.begin() as tx:
        restoring.resume(tx, Actor("ada", "Ada", "admin", ana.schools), now=datetime.now(UTC))
    mail_rounds.mail(console, threading.Event())
    told["resumed"] = arrived(server)
    with server.log.open(errors="replace") as lines, opened.begin() as tx:
        named = relay_log.taken(lines, console.origin.key)
        told["by the log"] = relay_log.settle(tx, ana, named, now=datetime.now(UTC))
        told["again"] = releasing.decide_held(tx, ana, id_, resend=True, now=datetime.now(UTC))
    mail_rounds.mail(console, threading.Event())
    got = Counter(str(mail["To"]) for mail in server.messages(len(people)))
    told |= {"at the end": got.total(), "once": sum(count == 1 for count in got.values())}
    opened.close()
    return told


def _released(console: Console, people: list[str]) -> tuple[Actor, str]:
    now = datetime.now(UTC) - UNDO
    with console.db.begin() as tx:
        school = schools.found(
            tx, access.system(), "School", time_zone="Europe/Moscow", language="ru", now=now
        )
        ana = Actor("ana", "Ana", "coordinator", frozenset({school.id}))
        for email in people:
            roster.save_person(tx, ana, school.id, name="P", email=email, source="t", now=now)
        id_ = campaigns.draft(
            tx, ana, school.id, subject={"ru": "Уроки"}, body={"ru": "Здравствуйте!"},
            segment=Segment(everyone=True), sender="School <news@school.test>", now=now,
        )  # fmt: skip
        releasing.release(tx, ana, id_, now=now)
    return ana, id_


def _sent(console: Console, ana: Actor, id_: str) -> int:
    with console.db.read() as tx:
        return campaigns.totals(tx, ana, id_).sent


def _hold(tx: Connection) -> None:
    restoring.hold(tx, now=datetime.now(UTC))


if __name__ == "__main__":
    main()
