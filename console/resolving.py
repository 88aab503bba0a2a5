"""The worker's round of actions on platforms: end what is over, try what is not verified yet."""

import threading

from console.wiring import Console
from moderation import due_actions


class Unresolved:
    """A platform has a thread of its own while something is due there.

    One that answers slowly, or never, holds up no other, and no round.
    """

    def __init__(self) -> None:
        self._threads: dict[str, threading.Thread] = {}
        self._failed: list[Exception] = []

    def __call__(self, console: Console, stop: threading.Event) -> None:
        for connection_id, waiting in due_actions.find(console.db, clock=console.now).items():
            running = self._threads.get(connection_id)
            if stop.is_set() or (running is not None and running.is_alive()):
                continue
            thread = threading.Thread(
                target=self._run, args=(console, waiting), name="actions", daemon=True
            )
            self._threads[connection_id] = thread
            thread.start()
        if self._failed:
            raise self._failed.pop()

    def _run(self, console: Console, waiting: list[tuple[str, str]]) -> None:
        try:
            due_actions.carry_out(console.db, waiting, console.adapters, clock=console.now)
        except Exception as error:  # the lane tells it, and waits longer
            self._failed.append(error)
