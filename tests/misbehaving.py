"""Relays as they are: what each says at its worst, as scripts for `tests.smtp`."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from tests.smtp import Script

Now = Callable[[], float]  # seconds


def greylisting(now: Now, *, seconds: float = 300) -> Script:
    """Nobody's first mail is taken; the next one is, so many seconds later."""
    first: dict[str, float] = {}

    def grey(verb: str, argument: str) -> str | bool:
        if verb != "RCPT" or now() - first.setdefault(argument, now()) >= seconds:
            return True
        return "451 4.7.1 greylisted, come back"

    return grey


def knowing(**unknown: str) -> Script:
    """Whoever's address holds one of these words gets its answer."""

    def choosy(verb: str, argument: str) -> str | bool:
        said = [answer for word, answer in unknown.items() if word in argument]
        return said[0] if verb == "RCPT" and said else True

    return choosy


def used_up(mails: int, answer: str) -> Script:
    """So many mails, and the answer to whoever comes after them."""
    seen = Counter[str]()

    def limited(verb: str, _argument: str) -> str | bool:
        seen[verb] += 1
        return answer if verb == "RCPT" and seen[verb] > mails else True

    return limited


def strict(verb: str, _argument: str) -> str | bool:
    """No mail from this sender."""
    return "550 5.7.1 sign in first" if verb == "MAIL" else True


def cutting(moment: str, *, every: int = 1) -> Script:
    """The connection ends in each so many'th body (BODY), or behind it (END)."""
    seen = Counter[str]()

    def cut(verb: str, _argument: str) -> bool | None:
        seen[verb] += 1
        return None if verb == moment and seen[verb] % every == 0 else True

    return cut


def slow(seconds: float) -> Script:
    """Each answer takes so long."""

    def late(_verb: str, _argument: str) -> bool:
        time.sleep(seconds)
        return True

    return late


def silent(over: threading.Event, seconds: float) -> Script:
    """What became of a mail is said so much later, or when it is over."""

    def mute(verb: str, _argument: str) -> bool:
        if verb == "END":
            over.wait(seconds)
        return True

    return mute


def hurried(now: Now, *, every: float = 1.0, at: str = "MAIL") -> Script:
    """One mail in so many seconds; who comes sooner is put off, `at` this command."""
    free = [0.0]

    def limited(verb: str, _argument: str) -> str | bool:
        if verb != at:
            return True
        if now() < free[0]:
            return "450 4.7.1 too much mail from you"
        free[0] = now() + every
        return True

    return limited
