"""Follow a web server's redirects, as often and as far as the target's module allows.

Not libcurl's way, since it knows no bounds but their number.
"""

from collections.abc import Generator
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from probes.light import light
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
PRIVATE = "Authorization"  # never told to another server


@light(frozen=True)
class Landed:
    """The last answer, and what the way to it took; `days` are the least of all certificates'."""

    answer: Answer
    url: str
    hops: int
    seconds: float
    days: float | None


def landed(fetch: Fetch, answer: Answer) -> Landed:
    """Where nothing is followed."""
    return Landed(answer, fetch.url, 0, answer.seconds or 0.0, answer.cert_days)


def follow(target: Target, fetch: Fetch, most: int) -> Generator[Fetch, Answer, Landed]:
    """Raises ProbeFailed for a redirect that must not be followed, or one too many."""
    hops, seconds = 0, 0.0
    days: list[float] = []
    while True:
        answer = yield fetch
        seconds += answer.seconds or 0.0
        days += [] if answer.cert_days is None else [answer.cert_days]
        if most < 1 or answer.status not in FOLLOWED or "location" not in answer.headers:
            return Landed(answer, fetch.url, hops, seconds, min(days, default=None))
        if hops >= min(most, MOST):
            raise ProbeFailed(
                N_("{host} redirects again and again."),
                {"host": urlsplit(fetch.url).hostname or "?"},
            )
        fetch, hops = _next(target, fetch, answer.headers["location"]), hops + 1


def refuse(target: Target) -> Words | None:
    if conditions.words(target, WITHIN) in BOUNDS:
        return None
    return Words(N_("Write web, https or host for where redirects may lead."))


def _next(target: Target, fetch: Fetch, place: str) -> Fetch:
    """The next to fetch. Raises ProbeFailed where the module does not let it lead."""
    try:
        url = urljoin(fetch.url, place)
        parts, before = urlsplit(url), urlsplit(fetch.url)
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
    if parts.netloc == before.netloc and scheme == before.scheme:
        return replace(fetch, url=url)
    kept = {name: value for name, value in fetch.headers.items() if name != PRIVATE}
    return replace(fetch, url=url, headers=kept)
