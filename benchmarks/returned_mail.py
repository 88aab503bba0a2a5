"""How soon returned mail has its effect: `python -m benchmarks.returned_mail` (as root).

A campaign through a real Postfix to a mailbox that is not there, one that is full and a
server that is down, read back over IMAP from a real Dovecot as often as the worker looks.
"""

import json
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from console.wiring import PACKAGES
from console.worker import lanes
from mailing import campaigns, releasing, returned, sender, suppression
from mailing.mailbox import Mailbox
from mailing.model import UNDO, Origin
from mailing.segments import Segment
from mailing.transports import Relay
from store import access, db, migrate, roster, schools
from store.access import Actor
from store.db import Database
from tests import dovecot, postfix
from tests.dovecot import PASSWORD

TIMES = 3
BOUNCES = "bounces@school.test"
MEANT = {
    "5.1.1": "gone@school.test",
    "5.2.2": "full@school.test",
    "4.4.1, delayed": "late@slow.test",
}
ORIGIN = Origin(b"k" * 32, "https://pult.school.example")
EVERY = next(lane.every for lane in lanes() if lane.name == "returns")


def send(database: Database, actor: Actor, school_id: str, url: str) -> None:
    now = datetime.now(UTC)
    with database.begin() as tx:
        for email in MEANT.values():
            roster.save_person(tx, actor, school_id, name="P", email=email, source="b", now=now)
        id_ = campaigns.draft(
            tx,
            actor,
            school_id,
            subject={"en": "Lessons"},
            body={"en": "Hello"},
            segment=Segment(everyone=True),
            sender="School <news@school.test>",
            now=now,
        )
        releasing.release(tx, actor, id_, now=now)
    done = sender.deliver(
        database,
        Relay.from_url(url, connections=3),
        ORIGIN,
        owner="benchmark",
        clock=lambda: now + UNDO,
        stop=threading.Event(),
    )
    assert done.sent == len(MEANT), done


def once(folder: Path, url: str, box: Mailbox) -> dict[str, object]:
    """Seconds from the relay's last 250 until all three are taken in, and who gets no more mail."""
    database = db.connect(folder)
    migrate.apply(database, PACKAGES, now=datetime.now(UTC))
    with database.begin() as tx:
        school = schools.found(
            tx, access.system(), "S", time_zone="UTC", language="en", now=datetime.now(UTC)
        )
    send(database, access.system(school.id), school.id, url)
    started, found, stop = time.perf_counter(), [""] * 0, threading.Event()
    while len(found) < len(MEANT) and time.perf_counter() - started < 120:
        time.sleep(EVERY)
        taken = returned.collect(
            database, box, ORIGIN.key, clock=lambda: datetime.now(UTC), stop=stop
        )
        found += taken.elements()
    seconds = time.perf_counter() - started
    with database.read() as tx:
        suppressed = suppression.reasons(tx, school.id, "service")
    database.close()
    return {"seconds": round(seconds, 1), "taken": sorted(found), "suppressed": suppressed}


def main() -> None:
    rounds = []
    with ExitStack() as stack:
        boxes = stack.enter_context(dovecot.running([BOUNCES], full=[MEANT["5.2.2"]]))
        server = postfix.running([BOUNCES], lmtp=boxes.lmtp, slow="slow.test")
        relay = stack.enter_context(server)
        url = f"imap://{quote(BOUNCES)}:{PASSWORD}@127.0.0.1:{boxes.imap}/INBOX"
        for _ in range(TIMES):
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            rounds.append(once(Path(folder), relay.url, Mailbox.from_url(url)))
    took = [float(str(each["seconds"])) for each in rounds]
    print(
        json.dumps(
            {
                "looks_every_s": EVERY,
                "median_s": statistics.median(took),
                "longest_s": max(took),
                "rounds": rounds,
            }
        )
    )


if __name__ == "__main__":
    main()
