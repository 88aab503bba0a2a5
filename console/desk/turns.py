"""Turns for what may be slow: each a thread of its own, so that none waits for another's end."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from sqlalchemy.exc import SQLAlchemyError

LOG = logging.getLogger("pult.worker")
AT_ONCE = 12  # turns; the next ones begin as soon as one ends
GLANCE = 0.2  # seconds between two looks at who is to make way
LOOK = 1.0  # seconds between two looks for what has become due meanwhile

Key = tuple[str, ...]  # what is slow or dead by itself
Turn = Callable[[threading.Event], int]  # ends soon once the event is set; how much it moved


def nobody(_keys: Collection[Key]) -> Collection[Key]:
    return ()


class Turns:
    """One round: `due` says who has something to do, `makes_way` who of these is to do nothing now.

    Who is done and due again gets another turn, at the end of the line; who moved nothing
    rests until the next round.
    """

    def __init__(
        self,
        due: Callable[[], Mapping[Key, Turn]],
        *,
        makes_way: Callable[[Collection[Key]], Collection[Key]] = nobody,
    ) -> None:
        self._due, self._makes_way = due, makes_way
        self._under_way: dict[Key, tuple[Future[int], threading.Event]] = {}
        self._resting: set[Key] = set()
        self._looked: float | None = None
        self._moved = 0
        self._failure: Exception | None = None

    def run(self, stop: threading.Event) -> int:
        """Until nothing is under way; return how much was moved. Raises what the first raised."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="turn") as pool:
            try:
                while not stop.is_set():
                    self._look(pool)
                    if not self._under_way:
                        break
                    futures = [future for future, _ in self._under_way.values()]
                    wait(futures, timeout=GLANCE, return_when=FIRST_COMPLETED)
                    self._hear()
            finally:
                for _, halted in self._under_way.values():
                    halted.set()
        self._hear()
        if self._failure is not None:
            raise self._failure
        return self._moved

    def _look(self, pool: ThreadPoolExecutor) -> None:
        """What the database fails to tell is asked again, while turns are under way."""
        try:
            due = self._asked()
            yielding = set(self._makes_way({*due, *self._under_way}))
        except SQLAlchemyError as error:
            if not self._under_way:
                raise
            LOG.error("no look at what is due: %s", type(error).__name__)
            return
        for key in yielding & set(self._under_way):
            self._under_way[key][1].set()
        for key, turn in due.items():
            if key not in self._under_way and key not in self._resting | yielding:
                halted = threading.Event()
                self._under_way[key] = (pool.submit(_unless, halted, turn), halted)

    def _asked(self) -> Mapping[Key, Turn]:
        if self._looked is not None and time.monotonic() - self._looked < LOOK:
            return {}
        found = self._due()
        self._looked = time.monotonic()
        return found

    def _hear(self) -> None:
        for key, (future, _) in list(self._under_way.items()):
            if not future.done():
                continue
            del self._under_way[key]
            self._looked = None  # another turn may be due
            try:
                moved = future.result()
            except Exception as error:  # the others have their turns all the same
                LOG.error("a turn: %s", type(error).__name__)
                self._failure, moved = self._failure or error, 0
            self._moved += moved
            if not moved:
                self._resting.add(key)


def _unless(halted: threading.Event, turn: Turn) -> int:
    return 0 if halted.is_set() else turn(halted)
