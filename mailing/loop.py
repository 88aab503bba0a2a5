"""One thread that serves all connections to a relay: no locks, and one wait for all of them."""

import selectors
import time

from mailing.lane import Lane
from mailing.opening import Opening
from mailing.pace import Pace
from mailing.relay import Relay, RelayError, Source
from mailing.transports.smtp import SmtpSession
from mailing.transports.wire import Wire
from mailing.work import Work

LOOK = 0.05  # seconds after which it looks at the clock and at who wants it to stop
GOODBYE = 0.5  # seconds in which relays may answer a QUIT
STOPPED_FACTOR = 2  # times the usual patience with what is on its way when all is to end: a minute


class Loop:
    def __init__(self, relay: Relay, work: Work) -> None:
        self._relay, self._work = relay, work
        self._lanes = relay.connections  # less those that the relay refused
        self._wires: list[Wire] = []
        self._paces: dict[str, Pace] = {}
        self._opening = Opening(relay)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._opening.sock, selectors.EVENT_READ)
        self._looked = time.monotonic()
        self._stopped: float | None = None  # since when it is to end, as of time.monotonic

    def run(self) -> None:
        """Until there is no more to send, or nobody to send it to.

        What is begun is written down before it leaves: mails that conversations have
        begun stand in `out` until the work has noted them.
        """
        try:
            while not self._over():
                self._open_more()
                for key, _ in self._selector.select(self._patience()):
                    if key.data is None:
                        self._take_opened()
                    else:
                        key.data.read()
                self._work.turn()
                self._wake()
                self._work.note()
                self._withhold()
                self._write()
            self._part()
        finally:
            self._drop_all()

    def _over(self) -> bool:
        if any(not wire.talk.idle for wire in self._wires):
            return False
        if not self._work.has_more:
            return True
        return not self._wires and not self._opening.under_way and not self._lanes

    def _patience(self) -> float:
        slots = [pace.away() for pace in self._paces.values()]
        return min([LOOK, *slots])

    def _open_more(self) -> None:
        """A connection for each mail that waits, as many as the relay may have."""
        free = self._lanes - len(self._wires) - self._opening.under_way
        if free <= 0:
            return
        idle = sum(wire.talk.idle for wire in self._wires)
        for _ in range(min(free, self._work.ready - idle - self._opening.under_way)):
            self._opening.ask()

    def _take_opened(self) -> None:
        for opened in self._opening.results():
            if isinstance(opened, RelayError):
                self._work.refusal = opened.words
                self._lanes -= 1
                continue
            if opened.size:
                self._work.sizes[opened.relay.name] = opened.size
            wire = Wire(opened, self._source(opened))
            self._wires.append(wire)
            self._selector.register(wire.sock, selectors.EVENT_READ, wire)

    def _source(self, session: SmtpSession) -> Source:
        relay = session.relay
        if relay.per_second is None:
            return self._work
        if relay.name not in self._paces:
            self._paces[relay.name] = Pace(self._work.db, relay.name, relay.per_second)
        return Lane(self._work, self._paces[relay.name])

    def _wake(self) -> None:
        now = time.monotonic()
        for wire in self._wires:
            if wire.talk.idle and self._work.ready and not wire.talk.closed:
                wire.wake()
        if now - self._looked >= LOOK:
            self._look(now)

    def _look(self, now: float) -> None:
        self._looked = now
        if self._work.stopped and self._stopped is None:
            self._stopped = now
        patience = self._relay.timeout * STOPPED_FACTOR
        hurried = self._stopped is not None and now - self._stopped > patience
        for wire in self._wires:
            wire.look(now, ending=self._work.over, hurried=hurried)

    def _withhold(self) -> None:
        if self._work.unwritten:
            for wire in self._wires:
                wire.talk.withhold(self._work.unwritten)

    def _write(self) -> None:
        for wire in self._wires.copy():
            if not (wire.talk.out or wire.talk.closed or wire.full):
                continue
            wire.write()
            if wire.talk.closed:
                self._lose(wire)
            elif wire.full != wire.watched:
                wire.watched = wire.full
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wire.full else 0)
                self._selector.modify(wire.sock, events, wire)

    def _lose(self, wire: Wire) -> None:
        self._wires.remove(wire)
        self._selector.unregister(wire.sock)
        wire.drop()
        if wire.talk.trouble is not None:
            self._work.halt(wire.talk.trouble.words)
        elif not wire.talk.used:
            self._work.loses()

    def _part(self) -> None:
        for wire in self._wires:
            wire.quit()
        end = time.monotonic() + GOODBYE
        for wire in self._wires:
            wire.drop(patience=end - time.monotonic())

    def _drop_all(self) -> None:
        for wire in self._wires:
            wire.drop()
        self._opening.close()
        self._selector.close()
