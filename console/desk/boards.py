"""Keep one picture a school for all its screens, and build the next one behind their backs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock, Thread

from console.desk import board, evening
from console.desk.board import Board
from console.desk.evening import Past
from store import access
from store.access import Actor
from store.db import Database

FRESH = timedelta(seconds=1)  # a picture serves so long before the next one is begun
OLD = timedelta(seconds=1.6)  # an older one is shown to nobody: the reader waits for the next
SLOW = 4  # times what the last one took to build, it may be older still, and nobody waits
SLOWEST = timedelta(seconds=2)  # but no more than that
PAST = timedelta(seconds=10)  # how long the trends and the share of time up hold

log = logging.getLogger(__name__)


@dataclass
class _Kept:
    """One school's picture. `changes` tells a picture begun before somebody acted."""

    board: Board | None = None
    took: timedelta = timedelta()
    past: tuple[datetime, Past] | None = None
    changes: int = 0
    building: Lock = field(default_factory=Lock)
    behind: Lock = field(default_factory=Lock)
    changing: Lock = field(default_factory=Lock)


class Boards:
    """Many screens look every two seconds; only one of them, if any, waits for a picture."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db, self._clock = db, clock
        self._kept: dict[str, _Kept] = {}

    def of(self, actor: Actor, school_id: str) -> Board:
        """The school's picture, at most `OLD` where it is quickly built.

        Raises Denied unless the actor may see it.
        """
        access.require(actor, "see", school_id)
        kept = self._school(school_id)
        found = kept.board
        age = self._clock() - found.at if found else OLD
        if found is None or age >= OLD + min(SLOW * kept.took, SLOWEST):
            return self._next(school_id, kept)
        if age >= FRESH and kept.behind.acquire(blocking=False):
            Thread(target=self._behind, args=(school_id, kept), daemon=True).start()
        return found

    def changed(self, school_id: str) -> None:
        """Somebody acted: the next look shows it, whatever is being built now."""
        kept = self._school(school_id)
        with kept.changing:
            kept.changes += 1
            kept.board = None

    def _school(self, school_id: str) -> _Kept:
        return self._kept.setdefault(school_id, _Kept())

    def _behind(self, school_id: str, kept: _Kept) -> None:
        try:
            self._next(school_id, kept)
        except Exception:  # the next reader builds it herself, and is told
            log.exception("the picture of school %s could not be built", school_id)
        finally:
            kept.behind.release()

    def _next(self, school_id: str, kept: _Kept) -> Board:
        """Build the next picture, unless another thread has done so meanwhile."""
        with kept.building:
            changes, found, now = kept.changes, kept.board, self._clock()
            if found is not None and now - found.at < FRESH:
                return found
            actor, past = access.system(school_id), self._past(school_id, kept, now)
            built = board.build(self._db, actor, school_id, now=now, past=past)
            kept.took = self._clock() - now
            with kept.changing:
                if kept.changes == changes:
                    kept.board = built
            return built

    def _past(self, school_id: str, kept: _Kept, now: datetime) -> Past:
        if kept.past is None or now - kept.past[0] >= PAST:
            read = evening.read_past(self._db, access.system(school_id), school_id, now=now)
            kept.past = (now, read)
        return kept.past[1]
