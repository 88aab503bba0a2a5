"""One writer for many connections: their moves wait together and share a commit."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from store.db import Connection, Database

BATCH = 100  # moves in one commit

Move = Callable[[Connection], bool]


class Journal:
    """One thread that writes the moves of many connections, as many as wait in one commit."""

    def __init__(self, db: Database, alive: Move, *, every: float) -> None:
        """`alive` is written every so many seconds, whatever else there is."""
        self._db, self._alive, self._every = db, alive, every
        self._moves: queue.SimpleQueue[tuple[Move, Future[bool]] | None] = queue.SimpleQueue()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="mail-journal")
        self._thread.start()

    def write(self, move: Move) -> Future[bool]:
        """Queue a move; the result comes when it is on the disk, in the order of the calls."""
        done: Future[bool] = Future()
        self._moves.put((move, done))
        return done

    def close(self) -> None:
        """Wait until everything is written. Raises what the database raised on the way."""
        self._moves.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        open_ = True
        beat = time.monotonic() + self._every
        while open_:
            waiting = self._waiting(beat - time.monotonic())
            open_ = None not in waiting
            moves = [each for each in waiting if each is not None]
            if time.monotonic() >= beat:
                moves.append((self._alive, Future()))
                beat = time.monotonic() + self._every
            if moves:
                self._commit(moves)

    def _waiting(self, seconds: float) -> list[tuple[Move, Future[bool]] | None]:
        """What is queued by now, or comes within so many seconds."""
        try:
            waiting = [self._moves.get(timeout=max(seconds, 0.001))]
        except queue.Empty:
            return []
        while len(waiting) < BATCH and not self._moves.empty():
            waiting.append(self._moves.get())
        return waiting

    def _commit(self, waiting: list[tuple[Move, Future[bool]]]) -> None:
        try:
            with self._db.begin() as tx:
                results = [move(tx) for move, _ in waiting]
        except Exception as error:
            self._error = error
            for _, done in waiting:
                done.set_exception(error)
            return
        for (_, done), result in zip(waiting, results, strict=True):
            done.set_result(result)
