"""A sender that cannot write down what leaves lets nothing leave, and nobody gets it twice."""

import json
import os
import resource
import signal
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mailing.model import Totals
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import real, smtp
from tests.sending_child import child
from tests.test_mailing_killed import finish
from tests.test_mailing_sender import released, totals

NAMES = tuple(f"Person{n}" for n in range(120))
AMID = 20  # mails that arrive before the disk is full
LINE = len("B " + "0" * 32 + "\n")
UNWRITABLE = "cannot write down what it sends: File too large"


@pytest.mark.parametrize("room", [LINE // 2, 3 * LINE])
def test_what_could_not_be_written_down_does_not_leave(
    database: Database, school: School, ana: Actor, tmp_path: Path, room: int
) -> None:
    """The limit hits SQLite's files too, so there the sender learns nothing of its own end."""
    id_ = unending(database, ana, school)
    full, pids = threading.Event(), list[int]()

    def fill(verb: str, _argument: str) -> bool:
        if verb == "END" and len(relay.mails) >= AMID and pids and not full.is_set():
            full.set()
            leave_room(pids[0], tmp_path, room)
        return True

    with smtp.relay(fill, offers=("PIPELINING", "CHUNKING")) as relay:
        with child(database, relay, tmp_path) as sender:
            pids.append(sender.pid)
            said, _ = sender.communicate(timeout=60)
        assert full.is_set()
        if database.dialect == "postgresql":
            assert UNWRITABLE in json.loads(said)["problem"]
            assert totals(database, ana, id_).held == 0
        assert len(relay.mails) < len(NAMES)
        finish(replace(database, folder=tmp_path), relay.url)
    got, found = Counter(relay.recipients), totals(database, ana, id_)
    assert max(got.values()) == 1
    assert found.sent + found.held == len(NAMES)
    assert found.sent <= len(got)
    assert found.held == 0 or database.dialect == "sqlite"


def test_nothing_is_taken_where_nothing_can_be_written(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    id_ = unending(database, ana, school)
    with smtp.relay() as relay, child(database, relay, tmp_path, longest_file=10) as sender:
        said, _ = sender.communicate(timeout=60)
    assert UNWRITABLE in json.loads(said)["problem"]
    assert relay.mails == []
    assert totals(database, ana, id_) == Totals(waiting=len(NAMES))
    assert not [path for path in tmp_path.glob("sending-*/*") if path.is_file()]


def unending(database: Database, ana: Actor, school: School) -> str:
    """Released long ago, by the child's clock, and not over."""
    id_ = released(database, ana, school, *NAMES)
    with database.begin() as tx:
        tx.execute(text("UPDATE campaign SET expires_at = NULL"))
    return id_


def leave_room(pid: int, folder: Path, room: int) -> None:
    """From now on the sender's file may grow by so many bytes."""
    os.kill(pid, signal.SIGSTOP)
    real.until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    (written,) = folder.glob("sending-*/*.log")
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (written.stat().st_size + room, most))
    os.kill(pid, signal.SIGCONT)
