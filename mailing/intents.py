"""What a sender is about this moment, in a file that outlives its kill: begun, and how it ended.

A mail is written down before its body leaves, and again when the relay has
answered; so of all the rows that a killed sender had taken, one for each
connection is uncertain. Its lock, which the system frees, tells dead from living.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from store import lock
from store.db import Database, new_id
from store.words import N_, Words

BEGUN, SENT, OVER = "B", "S", "O"  # OVER: it did not leave, and may be tried again
UNWRITABLE = N_(
    "No mail leaves, because Pult cannot write down what it sends: {reason}. "
    "Is there room on the disk?"
)
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass
class Left:
    """What a dead sender left behind."""

    owner: str
    whole: bool  # nothing of it can be missing: no power was lost since
    ends: dict[str, str] = field(default_factory=dict)  # the last that was said of each mail

    def end(self, delivery_id: str) -> str:
        """BEGUN is uncertain: the relay alone knows. OVER: the mail never left."""
        return self.ends.get(delivery_id, OVER if self.whole else BEGUN)


class Intents:
    """The file of one sender. The mail's state in it is older than any answer of the relay."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._path = folder / f"{new_id()}.log"
        held = lock.take(self._path.with_suffix(".lock"))
        if held is None:
            raise FileExistsError(str(self._path))
        self._lock = held
        self._length = 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            self._file = os.open(self._path, flags, 0o600)
        except OSError:
            held.close()
            raise
        try:
            self.note(json.dumps([owner, _boot()]) + "\n")
        except OSError:
            self.close(settled=True)
            raise

    def note(self, lines: str) -> None:
        """Append lines of `line`, all or none. Raises OSError; a full disk writes half of them."""
        left = lines.encode()
        length = self._length + len(left)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            with suppress(OSError):  # what stays may call a mail uncertain, and never unbegun
                os.ftruncate(self._file, self._length)
            raise
        self._length = length

    def close(self, *, settled: bool) -> None:
        """`settled`: all of it stands in the ledger, and the file is of no more use."""
        os.close(self._file)
        if settled:
            self._path.unlink(missing_ok=True)
        self._lock.close()
        if settled:
            self._path.with_suffix(".lock").unlink(missing_ok=True)


def unwritable(error: OSError) -> Words:
    """Why nothing leaves, for whoever looks after the mail."""
    return Words(UNWRITABLE, {"reason": error.strerror or type(error).__name__})


def line(end: str, delivery_id: str) -> str:
    return f"{end} {delivery_id}\n"


def folder(db: Database) -> Path:
    """In the data folder, else where this account keeps what may go; for this database alone."""
    place = db.folder or Path(tempfile.gettempdir()) / f"pult-{_account()}"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.stat().st_uid != _account():
        raise PermissionError(f"{place} is another account's")
    address = db.operations.url.render_as_string(hide_password=True)
    found = place / f"sending-{hashlib.sha256(address.encode()).hexdigest()[:16]}"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def living(place: Path) -> list[str]:
    """The owners here that are alive, whatever their leases say."""
    found = []
    for path in place.glob("*.log"):
        with _taken(path) as dead:
            if not dead:
                found += [left.owner for left in [_read(path)] if left is not None]
    return found


def left_behind(place: Path) -> Iterator[Left]:
    """What dead senders left, one after another; each file is gone when the next is asked for."""
    for path in place.glob("*.log"):
        with _taken(path) as dead:
            left = _read(path) if dead else None
            if left is not None:
                yield left
            if dead:
                path.unlink(missing_ok=True)
                path.with_suffix(".lock").unlink(missing_ok=True)


@contextmanager
def _taken(path: Path) -> Iterator[bool]:
    held = lock.take(path.with_suffix(".lock"))
    try:
        yield held is not None
    finally:
        if held is not None:
            held.close()


def _read(path: Path) -> Left | None:
    try:
        head, *lines = path.read_text(errors="replace").split("\n")
        owner, boot = json.loads(head)
    except (OSError, ValueError):
        return None  # another took it up, or it died before it took any mail
    left = Left(owner, boot != "" and boot == _boot())
    for each in lines[:-1]:  # the last is empty, or was not written to its end
        end, _, delivery_id = each.partition(" ")
        left.ends[delivery_id] = end
    return left


def _boot() -> str:
    """Which start of the machine this is; after a loss of power the file may lack its end."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""


def _account() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
