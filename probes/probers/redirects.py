"""Follow a web server's redirects, as often and as far as the target's module allows.

Not libcurl's way, since it knows no bounds but their number.
"""

from collections.abc import Generator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from probes.model import ProbeFailed, Target
from probes.probers import conditions
from probes.probers.base import Answer, Condition, Fetch
from store.words import N_, Words

REDIRECTS = Condition("redirects", 0, N_("How many redirects to follow"))
WITHIN = Condition(
    "redirects_within", "web", N_("Where redirects may lead: web, https (never back to http), host")
)
BOUNDS = ("web", "https", "host")
FOLLOWED = (301, 302, 303, 307, 308)
MOST = 20


@dataclass(frozen=True)
class Landed:
    """The last answer, and what the way to it took; `days` are the least of all certificates'."""

    answer: Answer
    hops: int
    seconds: float
    days: float | None


def follow(
    target: Target, headers: dict[str, str], *, verify: bool, cold: bool
) -> Generator[Fetch, Answer, Landed]:
    """Raises ProbeFailed for a redirect that must not be followed, or one too many."""
    url, hops, seconds = target.address, 0, 0.0
    days: list[float] = []
    most = min(int(conditions.number(target, REDIRECTS)), MOST)
    while True:
        answer = yield Fetch(url, verify=verify, cold=cold, headers=headers)
        seconds += answer.seconds or 0.0
        days += [] if answer.cert_days is None else [answer.cert_days]
        if not most or answer.status not in FOLLOWED or "location" not in answer.headers:
            return Landed(answer, hops, seconds, min(days, default=None))
        if hops == most:
            raise ProbeFailed(
                N_("{host} redirects again and again."), {"host": urlsplit(url).hostname or "?"}
            )
        url, hops = _next(target, url, answer.headers["location"]), hops + 1
        if urlsplit(url).netloc != urlsplit(target.address).netloc:
            headers = {}  # not even when it comes back


def refuse(target: Target) -> Words | None:
    if conditions.words(target, WITHIN) in BOUNDS:
        return None
    return Words(N_("Write web, https or host for where redirects may lead."))


def _next(target: Target, url: str, place: str) -> str:
    """The next address. Raises ProbeFailed where the module does not let it lead."""
    try:
        found = urljoin(url, place)
        parts, before = urlsplit(found), urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
    except ValueError:
        host = scheme = ""
    if scheme not in ("http", "https") or not host:
        raise ProbeFailed(N_("It redirects to what is no web address."))
    within = conditions.words(target, WITHIN)
    if within == "host" and host != urlsplit(target.address).hostname:
        raise ProbeFailed(N_("It redirects to another host, {host}."), {"host": host[:100]})
    if within == "https" and before.scheme == "https" and scheme != "https":
        raise ProbeFailed(N_("It redirects to {host} without encryption."), {"host": host[:100]})
    return found
