"""Run one probe of any kind to its verdict: HTTP on the carrier, sockets in a few threads."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from time import monotonic

from platforms.base import PlatformError
from probes import files
from probes.carrier import Carrier
from probes.model import ProbeFailed, State, Target
from probes.probers import PROBERS
from probes.probers.base import Context, SocketProber, Talk, Verdict
from probes.probers.fetching import Answer
from store.words import N_, Words

THREADS = 128  # made when needed: each may have to wait out its target's timeout
MANY_THREADS = 512  # where enough files may be open
FILES_A_THREAD = 32  # so that fetches have far more
NEARLY = 0.95  # of the timeout: what failed after that failed because time was up
LOG = logging.getLogger("pult.probes")

Done = Callable[[Verdict], None]


class Runner:
    """`start` probes, `turn` until their verdicts come, all in the caller's thread."""

    def __init__(self, *, loopback_only: bool = False) -> None:
        self._carrier = Carrier(loopback_only=loopback_only)
        many = min(files.allowed() // FILES_A_THREAD, MANY_THREADS)
        self._threads = ThreadPoolExecutor(max(THREADS, many), "probe")
        self._ended: SimpleQueue[tuple[Future[Verdict], float, Done]] = SimpleQueue()
        self.wake = self._carrier.wake
        self.pace = self._carrier.pace

    def start(self, target: Target, context: Context, done: Done) -> None:
        if target.unready is not None:
            done(Verdict(state=State.UNKNOWN, why=target.unready))
            return
        prober = PROBERS[target.prober]
        if isinstance(prober, SocketProber):
            self._ask(prober, target, context, done)
        else:
            _Talking(self._carrier, target, prober.talk(target, context), context, done).go_on(None)

    def turn(self, wait: float) -> None:
        """Let everything go on, waiting at most so many seconds for something to happen."""
        self._carrier.turn(wait)
        while not self._ended.empty():
            future, waited, done = self._ended.get()
            self.pace.late(waited)
            done(future.result())

    def close(self) -> None:
        """Drop what is under way; a blocking socket keeps its thread until its timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._carrier.close()

    def _ask(self, prober: SocketProber, target: Target, context: Context, done: Done) -> None:
        asked = began = monotonic()

        def ask() -> Verdict:
            nonlocal began
            began = monotonic()  # all threads may have been busy until now
            verdict = _guarded(target, lambda: prober.ask(target, context))
            return _timed(verdict, monotonic() - began, context.timeout)

        def ended(future: Future[Verdict]) -> None:
            if not future.cancelled():
                self._ended.put((future, began - asked, done))
                self._carrier.wake()

        self._threads.submit(ask).add_done_callback(ended)


class _Talking:
    """An HTTP prober at work: its generator is given each answer, until it has a verdict."""

    __slots__ = ("_began", "_carrier", "_done", "_talk", "_target", "_timeout")

    def __init__(
        self, carrier: Carrier, target: Target, talk: Talk, context: Context, done: Done
    ) -> None:
        self._carrier = carrier
        self._target = target
        self._talk = talk
        self._timeout = context.timeout
        self._done = done
        self._began = monotonic()

    def go_on(self, answer: Answer | None) -> None:
        """Fetch what the prober asks for next, or end with its verdict."""
        try:
            fetch = next(self._talk) if answer is None else self._talk.send(answer)
        except StopIteration as end:
            self._end(end.value)
        except Exception as error:
            self._end(_failed(self._target, error))
        else:
            left = self._timeout * fetch.share
            if answer is not None:
                left = min(left, max(self._timeout - (monotonic() - self._began), 0.001))
            self._carrier.start(fetch, left, self.go_on)

    def _end(self, verdict: Verdict) -> None:
        if verdict.state is not State.OK:
            verdict = _timed(verdict, monotonic() - self._began, self._timeout)
        self._done(verdict)


def _guarded(target: Target, probe: Callable[[], Verdict]) -> Verdict:
    try:
        return probe()
    except Exception as error:
        return _failed(target, error)


def _failed(target: Target, error: Exception) -> Verdict:
    """The verdict of a probe that raised; one broken probe must not stop the others."""
    if isinstance(error, ProbeFailed):
        return Verdict(None, error.readings, error.state, error.why, slow=error.slow)
    if isinstance(error, PlatformError):
        return Verdict(state=State.UNKNOWN, why=Words(error.template, error.params))
    LOG.error("the probe of target %s broke", target.id, exc_info=error)
    return Verdict(state=State.UNKNOWN, why=Words(N_("This probe broke; its log says where.")))


def _timed(verdict: Verdict, took: float, timeout: float) -> Verdict:
    """Mark a failure for which the time was up as one of slowness."""
    if verdict.state is State.OK or verdict.slow or took < NEARLY * timeout:
        return verdict
    return replace(verdict, slow=True)
