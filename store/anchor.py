"""How far the audit reaches, written down outside the database, so that no end is cut unseen.

One file that only grows, a line for each mark: the last entry's place, its seal, when and
how it came to be. Who can change the database's rows alone cannot change it.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from store import chain, restores
from store.db import Connection

How = Literal["sealed", "restored", "accepted"]  # by the worker, by a restore, by a person's word
HOWS: dict[str, How] = {how: how for how in get_args(How)}
TAIL = 1 << 16  # bytes read of the file's end: hundreds of marks


@dataclass(frozen=True)
class Mark:
    """`made_at` is when the backup was made that a restore put in place."""

    place: int
    seal: str
    at: datetime
    how: How = "sealed"
    made_at: datetime | None = None


@dataclass(frozen=True)
class Known:
    """`last` is how far the audit must reach; `turned` the last restore, if there was any.

    `before` is how far it had come before that.
    """

    last: Mark
    turned: Mark | None = None
    before: Mark | None = None


def known(path: Path) -> Known | None:
    """What the file says; None where there is none yet. Raises OSError."""
    found = _marks(path)
    if not found:
        return None
    begins = [number for number, mark in enumerate(found) if mark.how != "sealed"]
    first = begins[-1] if begins else 0
    last = max(found[first:], key=lambda mark: mark.place)
    if not begins:
        return Known(last)
    before = max(found[:first], key=lambda mark: mark.place, default=None)
    return Known(last, found[first], before)


def followed(tx: Connection, path: Path, key: bytes) -> Known | None:
    """What the file says, or the restore that another machine did since. Raises OSError."""
    found = known(path)
    if found is None or stands(tx, found.last):
        return found
    turned = restores.since(tx, key, found.last.at)
    if turned is None:
        return found
    mark = Mark(turned.place, turned.seal, turned.at, "restored", turned.made_at)
    return Known(mark, mark, found.last)


def follow(tx: Connection, path: Path, key: bytes, *, now: datetime) -> bool:
    """Write down how far the audit has come; False where it no longer holds the last mark.

    Then nothing is written: a new mark would hide that the old end is gone. Raises OSError.
    """
    before, head = followed(tx, path, key), chain.head(tx)
    if before and before != known(path):
        _append(path, before.last)
    if head is None or (before and head.place <= before.last.place):
        return True
    if before and not stands(tx, before.last):
        return False
    _append(path, Mark(head.place, head.seal, now))
    return True


def turn(
    tx: Connection, path: Path, how: How, *, made_at: datetime | None = None, now: datetime
) -> None:
    """From here on the audit as it stands is the true one. Raises OSError."""
    head = chain.head(tx) or chain.Head(0, "")
    _append(path, Mark(head.place, head.seal, now, how, made_at))


def stands(tx: Connection, mark: Mark) -> bool:
    """Whether the entry is there that the mark names, under the same seal."""
    return mark.place == 0 or chain.seal_of(tx, mark.place) == mark.seal


def _append(path: Path, mark: Mark) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    words = [str(mark.place), mark.seal or "-", mark.at.isoformat(), mark.how]
    words += [mark.made_at.isoformat()] if mark.made_at else []
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{' '.join(words)}\n".encode())  # in one go, beside other workers
    finally:
        os.close(descriptor)


def _marks(path: Path) -> list[Mark]:
    """The file's last marks, the oldest first; a line that is none of ours is passed over."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    return [mark for mark in map(_mark, lines) if mark]


def _mark(line: str) -> Mark | None:
    try:
        place, seal, at, said, *made = line.split(" ")
        how = HOWS[said]
        made_at = datetime.fromisoformat(made[0]) if made else None
        return Mark(int(place), seal.strip("-"), datetime.fromisoformat(at), how, made_at)
    except (ValueError, KeyError):  # half a line, after a crash
        return None
