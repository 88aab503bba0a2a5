"""Run one probe of any kind to its verdict: HTTP on the carrier, sockets in a few threads."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from platforms.base import PlatformError
from probes.carrier import Carrier
from probes.model import ProbeFailed, State, Target
from probes.probers import PROBERS
from probes.probers.base import Answer, Context, SocketProber, Talk, Verdict
from store.words import N_, Words

THREADS = 16
LOG = logging.getLogger("pult.probes")

Done = Callable[[Verdict], None]


class Runner:
    """`start` probes, `turn` until their verdicts come, all in the caller's thread."""

    def __init__(self, *, loopback_only: bool = False) -> None:
        self._carrier = Carrier(loopback_only=loopback_only)
        self._threads = ThreadPoolExecutor(THREADS, "probe")
        self._ended: SimpleQueue[tuple[Future[Verdict], Done]] = SimpleQueue()
        self.wake = self._carrier.wake

    def start(self, target: Target, context: Context, done: Done) -> None:
        if target.unready is not None:
            done(Verdict(state=State.UNKNOWN, why=target.unready))
            return
        prober = PROBERS[target.prober]
        if isinstance(prober, SocketProber):
            self._ask(prober, target, context, done)
            return
        deadline = time.monotonic() + context.timeout
        self._step(target, prober.talk(target, context), None, deadline, done)

    def turn(self, wait: float) -> None:
        """Let everything go on, waiting at most so many seconds for something to happen."""
        self._carrier.turn(wait)
        while not self._ended.empty():
            future, done = self._ended.get()
            done(future.result())

    def close(self) -> None:
        """Drop what is under way; a blocking socket keeps its thread until its timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._carrier.close()

    def _ask(self, prober: SocketProber, target: Target, context: Context, done: Done) -> None:
        def ended(future: Future[Verdict]) -> None:
            if not future.cancelled():
                self._ended.put((future, done))
                self._carrier.wake()

        future = self._threads.submit(_guarded, target, lambda: prober.ask(target, context))
        future.add_done_callback(ended)

    def _step(
        self, target: Target, talk: Talk, answer: Answer | None, deadline: float, done: Done
    ) -> None:
        """Give the generator its answer and fetch what it asks for next, or end with it."""
        fetch = None

        def advance() -> Verdict:
            nonlocal fetch
            try:
                fetch = next(talk) if answer is None else talk.send(answer)
            except StopIteration as end:
                verdict: Verdict = end.value
                return verdict
            return Verdict()

        verdict = _guarded(target, advance)
        if fetch is None:
            done(verdict)
            return
        left = max(deadline - time.monotonic(), 0.001)
        self._carrier.start(fetch, left, lambda got: self._step(target, talk, got, deadline, done))


def _guarded(target: Target, probe: Callable[[], Verdict]) -> Verdict:
    """The probe's verdict, also when it fails; one broken probe must not stop the others."""
    try:
        return probe()
    except ProbeFailed as failed:
        return Verdict(None, failed.readings, failed.state, failed.why)
    except PlatformError as error:
        return Verdict(state=State.UNKNOWN, why=Words(error.template, error.params))
    except Exception:
        LOG.exception("the probe of target %s broke", target.id)
        return Verdict(state=State.UNKNOWN, why=Words(N_("This probe broke; its log says where.")))
