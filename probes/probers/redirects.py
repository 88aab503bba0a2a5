"""Follow a web server's redirects, as often and as far as the target's module allows.

Not libcurl's way, since it knows no bounds but their number.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from probes.light import light
from probes.model import ProbeFailed, Target
from probes.probers import conditions
from probes.probers.fetching import Answer, Fetch
from probes.probers.iri import unwrapped, uri
from probes.probers.settable import Condition
from store.words import N_, Words

MOST = 20
REDIRECTS = Condition("redirects", 0, N_("How many redirects to follow"), least=0, most=MOST)
WITHIN = Condition(
    "redirects_within", "web", N_("Where redirects may lead: web, https (never back to http), host")
)
BOUNDS = ("web", "https", "host")
FOLLOWED = (301, 302, 303, 307, 308)
KEPT = (307, 308)
PUBLIC = {"range", "accept", "accept-language", "user-agent"}  # what another server may be told


@light(frozen=True)
class Landed:
    """The last answer, and what the way to it took: `seconds` and `phases` of all hops.

    `days` are the least of all certificates'.
    """

    answer: Answer
    url: str
    hops: int
    seconds: float
    days: float | None
    phases: Mapping[str, float]


def landed(fetch: Fetch, answer: Answer) -> Landed:
    """Where nothing is followed."""
    return Landed(answer, fetch.url, 0, answer.seconds or 0.0, answer.cert_days, answer.phases)


def follow(target: Target, fetch: Fetch, most: int) -> Generator[Fetch, Answer, Landed]:
    """Raises ProbeFailed for a redirect that must not be followed, or one too many."""
    hops, seconds = 0, 0.0
    days: list[float] = []
    phases: dict[str, float] = {}
    while True:
        answer = yield fetch
        seconds += answer.seconds or 0.0
        for name, took in answer.phases.items():
            phases[name] = phases.get(name, 0.0) + took
        days += [] if answer.cert_days is None else [answer.cert_days]
        if most < 1 or answer.status not in FOLLOWED or "location" not in answer.headers:
            return Landed(answer, fetch.url, hops, seconds, min(days, default=None), phases)
        if hops >= min(most, MOST):
            raise ProbeFailed(
                N_("{host} redirects again and again."),
                {"host": urlsplit(fetch.url).hostname or "?"},
            )
        fetch = _next(target, _asked(fetch, answer.status), answer.headers["location"])
        hops += 1


def refuse(target: Target) -> Words | None:
    if conditions.words(target, WITHIN) in BOUNDS:
        return None
    return Words(N_("Write web, https or host for where redirects may lead."))


def _asked(fetch: Fetch, status: int) -> Fetch:
    """How the next is asked for (RFC 9110, 15.4): what was sent is sent again after 307 and 308."""
    if status in KEPT or (fetch.body is None and fetch.method in ("", "HEAD")):
        return fetch
    return replace(fetch, method="", body=None)


def _next(target: Target, fetch: Fetch, place: str) -> Fetch:
    """The next to fetch. Raises ProbeFailed where the module does not let it lead."""
    try:
        url = uri(urljoin(fetch.wire, unwrapped(place)))
        parts, before = urlsplit(url), urlsplit(fetch.wire)
        host, scheme = parts.hostname or "", parts.scheme
    except ValueError:
        host = scheme = ""
    if scheme not in ("http", "https") or not host:
        raise ProbeFailed(N_("It redirects to what is no web address."))
    within = conditions.words(target, WITHIN)
    if within == "host" and host != urlsplit(uri(target.address)).hostname:
        raise ProbeFailed(N_("It redirects to another host, {host}."), {"host": host[:100]})
    if within == "https" and before.scheme == "https" and scheme != "https":
        raise ProbeFailed(N_("It redirects to {host} without encryption."), {"host": host[:100]})
    if parts.netloc == before.netloc and scheme == before.scheme:
        return replace(fetch, url=url)
    if fetch.body is not None:
        raise ProbeFailed(
            N_("It redirects what is sent to another server, {host}."), {"host": host[:100]}
        )
    kept = {name: value for name, value in fetch.headers.items() if name.lower() in PUBLIC}
    return replace(fetch, url=url, headers=kept)
